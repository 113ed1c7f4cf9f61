"""Polymarket's real-time feeds under Trio, with data that says when not to trust it.

Start with `open_service`. Importing this package imports neither MCP nor any server.
"""

from __future__ import annotations

from polymarket_realtime import errors
from polymarket_realtime._codec.converter import event_to_dict
from polymarket_realtime._codec.describe import describe
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.subscription import (
    Subscription,
    SubscriptionNote,
    SubscriptionStatistics,
)
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.feed import (
    Connected,
    Dropped,
    FeedEvent,
    Incomplete,
    Interrupted,
    OutOfSync,
    Reconciled,
    Resynced,
)
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.market import (
    BestBidAsk,
    BookDelta,
    BookSnapshot,
    LastTradePrice,
    MarketCreated,
    MarketEvent,
    MarketResolved,
    OrderbookUpdate,
    PriceChangeEvent,
    PriceSource,
    TickSizeChange,
    UnknownEvent,
)
from polymarket_realtime._model.topics import (
    AssetTopic,
    BookTopic,
    DeltaTopic,
    NewMarketTopic,
    PriceTopic,
    ResolutionTopic,
    Topic,
    TradeTopic,
    UserOrderTopic,
    UserTradeTopic,
)
from polymarket_realtime._model.user import (
    OrderUpdate,
    TradeRole,
    TradeUpdate,
    UpdateSource,
    UserEvent,
)
from polymarket_realtime._model.values import Level, LevelChange, Side
from polymarket_realtime.account import Account
from polymarket_realtime.service import Service, open_service
from polymarket_realtime.settings import Settings
from polymarket_realtime.status import AuthenticationStatus, Status
from polymarket_realtime.websocket_manager import WebSocketManager, open_websocket_manager

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AssetId",
    "AssetTopic",
    "AuthenticationStatus",
    "BestBidAsk",
    "BookDelta",
    "BookSnapshot",
    "BookTopic",
    "ConditionId",
    "Connected",
    "Credentials",
    "DeltaTopic",
    "Dropped",
    "Event",
    "EventType",
    "FeedEvent",
    "Incomplete",
    "Interrupted",
    "LastTradePrice",
    "Level",
    "LevelChange",
    "MarketCreated",
    "MarketEvent",
    "MarketResolved",
    "NewMarketTopic",
    "OrderUpdate",
    "OrderbookUpdate",
    "OutOfSync",
    "Overflow",
    "PriceChangeEvent",
    "PriceSource",
    "PriceTopic",
    "Reconciled",
    "ResolutionTopic",
    "ResolvedAsset",
    "Resynced",
    "Secret",
    "Service",
    "Settings",
    "Side",
    "Status",
    "Subscription",
    "SubscriptionNote",
    "SubscriptionStatistics",
    "TickSizeChange",
    "Topic",
    "TradeRole",
    "TradeTopic",
    "TradeUpdate",
    "UnknownEvent",
    "UpdateSource",
    "UserEvent",
    "UserOrderTopic",
    "UserTradeTopic",
    "Wallet",
    "WebSocketManager",
    "describe",
    "errors",
    "event_to_dict",
    "open_service",
    "open_websocket_manager",
]
