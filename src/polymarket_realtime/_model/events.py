"""What every event has, and the names of their kinds."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

import attrs

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.values import utc_from_seconds

__all__ = ["MARKET_FEED", "USER_FEED", "Event", "EventType", "NamedEvent", "UnknownEvent"]

MARKET_FEED: Final = "market"
"""Endpoint of the market channel, and the route of what it tells to everybody."""

USER_FEED: Final = "user"
"""Endpoint of the user channel, and the route of all that it tells."""


class EventType(StrEnum):
    """The public name of each kind of event."""

    PRICE_CHANGE = "price_change"
    """What a trader calls the price has moved."""
    AGG_ORDERBOOK = "agg_orderbook"
    """A view of an order book, best level first."""
    BOOK_SNAPSHOT = "book_snapshot"
    BOOK_DELTA = "book_delta"
    LAST_TRADE_PRICE = "last_trade_price"
    TICK_SIZE_CHANGE = "tick_size_change"
    BEST_BID_ASK = "best_bid_ask"
    MARKET_CREATED = "market_created"
    MARKET_RESOLVED = "market_resolved"
    EVENT_PRICES = "event_prices"
    """The prices of all outcomes of an event, and their sum."""
    RESOLUTION_STATUS = "resolution_status"
    """A market has ended, or its outcome was proposed or disputed."""
    ORDER = "order"
    TRADE = "trade"
    ACTIVITY_TRADE = "activity_trade"
    COMMENT = "comment"
    REACTION = "reaction"
    SPORT_RESULT = "sport_result"
    REFERENCE_PRICE = "reference_price"
    UNKNOWN = "unknown"
    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    STATE_CHANGED = "state_changed"
    RESYNCED = "resynced"
    INCOMPLETE = "incomplete"
    RECONCILED = "reconciled"
    GAP = "gap"
    STREAM_GONE = "stream_gone"
    DROPPED = "dropped"
    CONDITION_MET = "condition_met"
    """What a subscription waits for has come true."""


@attrs.frozen(kw_only=True)
class Event:
    """Base of everything that a subscription delivers.

    Attributes:
        received: When it reached this process, in seconds since the epoch.
    """

    type: ClassVar[EventType]
    shown: ClassVar[tuple[str, ...]] = ()
    """The public attributes, in the order in which they are rendered."""

    received: float

    @property
    def received_at(self) -> datetime:
        """When it reached this process, aware UTC."""
        return utc_from_seconds(self.received)

    @property
    def routes(self) -> tuple[str, ...]:
        """The keys by which the hub finds its readers: asset ids, condition ids, endpoints."""
        raise NotImplementedError

    @property
    def conflation_key(self) -> Hashable | None:
        """Events with equal keys may replace each other for a slow reader; None: never."""
        return None


@attrs.frozen(kw_only=True)
class NamedEvent(Event):
    """Base of the events about one token.

    Attributes:
        about: What the token is called; None until the catalogue has said it.
    """

    about: AssetName | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def question(self) -> str | None:
        """The market's question: text of the venue, to be taken as data."""
        return None if self.about is None else self.about.question


@attrs.frozen(kw_only=True)
class UnknownEvent(Event):
    """Something that this package does not know.

    Attributes:
        event_type: What the venue calls it; like all of `fields` text of the venue, as data.
        fields: What it says: plain texts, at most 500 values. Only `raw` is as it came.
    """

    type: ClassVar = EventType.UNKNOWN
    shown: ClassVar = ("type", "event_type", "asset_id", "fields", "received_at")

    event_type: str
    asset_id: AssetId | None
    fields: dict[str, Any]
    raw: bytes = attrs.field(default=b"", repr=False, eq=False)

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.asset_id or MARKET_FEED,)
