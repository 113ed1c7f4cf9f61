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
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.feed import (
    Connected,
    Dropped,
    FeedEvent,
    Interrupted,
    OutOfSync,
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
)
from polymarket_realtime._model.values import Level, LevelChange, Side
from polymarket_realtime.service import Service, open_service
from polymarket_realtime.settings import Settings
from polymarket_realtime.status import Status
from polymarket_realtime.websocket_manager import WebSocketManager, open_websocket_manager

__version__ = "0.1.0"

__all__ = [
    "AssetId",
    "AssetTopic",
    "BestBidAsk",
    "BookDelta",
    "BookSnapshot",
    "BookTopic",
    "ConditionId",
    "Connected",
    "DeltaTopic",
    "Dropped",
    "Event",
    "EventType",
    "FeedEvent",
    "Interrupted",
    "LastTradePrice",
    "Level",
    "LevelChange",
    "MarketCreated",
    "MarketEvent",
    "MarketResolved",
    "NewMarketTopic",
    "OrderbookUpdate",
    "OutOfSync",
    "Overflow",
    "PriceChangeEvent",
    "PriceSource",
    "PriceTopic",
    "ResolutionTopic",
    "ResolvedAsset",
    "Resynced",
    "Service",
    "Settings",
    "Side",
    "Status",
    "Subscription",
    "SubscriptionNote",
    "SubscriptionStatistics",
    "TickSizeChange",
    "Topic",
    "TradeTopic",
    "UnknownEvent",
    "WebSocketManager",
    "describe",
    "errors",
    "event_to_dict",
    "open_service",
    "open_websocket_manager",
]
