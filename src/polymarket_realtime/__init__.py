"""Polymarket's real-time feeds under Trio, with data that says when not to trust it.

Start with `open_service`. Importing this package imports nothing else: each name below brings its
own module along when it is first used, so nobody waits for, or keeps in memory, what they do not
use. Type checkers see plain imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from polymarket_realtime import errors
    from polymarket_realtime._codec.converter import event_to_dict
    from polymarket_realtime._codec.describe import describe
    from polymarket_realtime._hub.mailbox import Overflow
    from polymarket_realtime._hub.note import SubscriptionNote, SubscriptionStatistics
    from polymarket_realtime._hub.subscription import Subscription
    from polymarket_realtime._lookup.resolving import Found
    from polymarket_realtime._model.account_feed import Incomplete, Reconciled
    from polymarket_realtime._model.catalog import (
        AssetName,
        EventRef,
        Market,
        MarketGroup,
        Outcome,
        ResolvedAsset,
    )
    from polymarket_realtime._model.condition import (
        Condition,
        ConditionMet,
        ConditionSide,
        Direction,
        Unit,
        When,
        parse_condition,
    )
    from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
    from polymarket_realtime._model.events import Event, EventType, UnknownEvent
    from polymarket_realtime._model.feed import (
        Connected,
        Dropped,
        FeedEvent,
        Gap,
        Interrupted,
        Resynced,
        StateChanged,
        StreamGone,
    )
    from polymarket_realtime._model.ids import AssetId, ConditionId
    from polymarket_realtime._model.lifecycle import (
        EventPrice,
        EventPrices,
        MarketCreated,
        MarketResolved,
        ResolutionSource,
        ResolutionStage,
        ResolutionStatus,
    )
    from polymarket_realtime._model.live import (
        ActivityTrade,
        ChangeAction,
        Comment,
        LiveEvent,
        PriceKind,
        PriceStream,
        Reaction,
        ReferencePrice,
        SportResult,
    )
    from polymarket_realtime._model.live_topics import (
        ActivityTopic,
        CommentTopic,
        LiveTopic,
        ReferencePriceTopic,
        SportsTopic,
    )
    from polymarket_realtime._model.market import (
        BestBidAsk,
        BookDelta,
        BookSnapshot,
        LastTradePrice,
        MarketEvent,
        OrderbookUpdate,
        PriceChangeEvent,
        PriceSource,
        TickSizeChange,
    )
    from polymarket_realtime._model.topics import (
        AssetTopic,
        BookTopic,
        DeltaTopic,
        EventTopic,
        NewMarketTopic,
        PriceTopic,
        ResolutionTopic,
        Topic,
        TradeTopic,
        UserOrderTopic,
        UserTradeTopic,
    )
    from polymarket_realtime._model.trust import AssetState, Proof, Standing, Verification
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
    from polymarket_realtime.snapshot import MarketSnapshot, SnapshotSource
    from polymarket_realtime.status import AuthenticationStatus, Status
    from polymarket_realtime.websocket_manager import WebSocketManager, open_websocket_manager

__version__ = "0.1.0"

__all__ = [
    "Account",
    "ActivityTopic",
    "ActivityTrade",
    "AssetId",
    "AssetName",
    "AssetState",
    "AssetTopic",
    "AuthenticationStatus",
    "BestBidAsk",
    "BookDelta",
    "BookSnapshot",
    "BookTopic",
    "ChangeAction",
    "Comment",
    "CommentTopic",
    "Condition",
    "ConditionId",
    "ConditionMet",
    "ConditionSide",
    "Connected",
    "Credentials",
    "DeltaTopic",
    "Direction",
    "Dropped",
    "Event",
    "EventPrice",
    "EventPrices",
    "EventRef",
    "EventTopic",
    "EventType",
    "FeedEvent",
    "Found",
    "Gap",
    "Incomplete",
    "Interrupted",
    "LastTradePrice",
    "Level",
    "LevelChange",
    "LiveEvent",
    "LiveTopic",
    "Market",
    "MarketCreated",
    "MarketEvent",
    "MarketGroup",
    "MarketResolved",
    "MarketSnapshot",
    "NewMarketTopic",
    "OrderUpdate",
    "OrderbookUpdate",
    "Outcome",
    "Overflow",
    "PriceChangeEvent",
    "PriceKind",
    "PriceSource",
    "PriceStream",
    "PriceTopic",
    "Proof",
    "Reaction",
    "Reconciled",
    "ReferencePrice",
    "ReferencePriceTopic",
    "ResolutionSource",
    "ResolutionStage",
    "ResolutionStatus",
    "ResolutionTopic",
    "ResolvedAsset",
    "Resynced",
    "Secret",
    "Service",
    "Settings",
    "Side",
    "SnapshotSource",
    "SportResult",
    "SportsTopic",
    "Standing",
    "StateChanged",
    "Status",
    "StreamGone",
    "Subscription",
    "SubscriptionNote",
    "SubscriptionStatistics",
    "TickSizeChange",
    "Topic",
    "TradeRole",
    "TradeTopic",
    "TradeUpdate",
    "Unit",
    "UnknownEvent",
    "UpdateSource",
    "UserEvent",
    "UserOrderTopic",
    "UserTradeTopic",
    "Verification",
    "Wallet",
    "WebSocketManager",
    "When",
    "describe",
    "errors",
    "event_to_dict",
    "open_service",
    "open_websocket_manager",
    "parse_condition",
]

_NAMES_OF: Final = {
    "_codec.converter": "event_to_dict",
    "_codec.describe": "describe",
    "_hub.mailbox": "Overflow",
    "_hub.note": "SubscriptionNote SubscriptionStatistics",
    "_hub.subscription": "Subscription",
    "_lookup.resolving": "Found",
    "_model.account_feed": "Incomplete Reconciled",
    "_model.catalog": "AssetName EventRef Market MarketGroup Outcome ResolvedAsset",
    "_model.condition": "Condition ConditionMet ConditionSide Direction Unit When parse_condition",
    "_model.credentials": "Credentials Secret Wallet",
    "_model.events": "Event EventType UnknownEvent",
    "_model.feed": "Connected Dropped FeedEvent Gap Interrupted Resynced StateChanged StreamGone",
    "_model.ids": "AssetId ConditionId",
    "_model.lifecycle": (
        "EventPrice EventPrices MarketCreated MarketResolved ResolutionSource ResolutionStage "
        "ResolutionStatus"
    ),
    "_model.live": (
        "ActivityTrade ChangeAction Comment LiveEvent PriceKind PriceStream Reaction "
        "ReferencePrice SportResult"
    ),
    "_model.live_topics": "ActivityTopic CommentTopic LiveTopic ReferencePriceTopic SportsTopic",
    "_model.market": (
        "BestBidAsk BookDelta BookSnapshot LastTradePrice MarketEvent OrderbookUpdate "
        "PriceChangeEvent PriceSource TickSizeChange"
    ),
    "_model.topics": (
        "AssetTopic BookTopic DeltaTopic EventTopic NewMarketTopic PriceTopic ResolutionTopic "
        "Topic TradeTopic UserOrderTopic UserTradeTopic"
    ),
    "_model.trust": "AssetState Proof Standing Verification",
    "_model.user": "OrderUpdate TradeRole TradeUpdate UpdateSource UserEvent",
    "_model.values": "Level LevelChange Side",
    "account": "Account",
    "service": "Service open_service",
    "settings": "Settings",
    "snapshot": "MarketSnapshot SnapshotSource",
    "status": "AuthenticationStatus Status",
    "websocket_manager": "WebSocketManager open_websocket_manager",
}
"""By module: what the package offers of it, and imports when somebody first asks for it."""

_HOME: Final = {name: module for module, names in _NAMES_OF.items() for name in names.split()}

if not TYPE_CHECKING:  # which would take every name there is for one of ours

    def __getattr__(name: str) -> object:
        """Import a public name (PEP 562); from then on it is found without this."""
        if name == "errors":  # a module itself
            return import_module(f"{__name__}.errors")
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
