"""What every event has, and the names of their kinds."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

import attrs

from polymarket_realtime._model.values import utc_from_seconds

__all__ = ["MARKET_FEED", "USER_FEED", "Event", "EventType"]

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
    ORDER = "order"
    TRADE = "trade"
    UNKNOWN = "unknown"
    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    OUT_OF_SYNC = "out_of_sync"
    RESYNCED = "resynced"
    INCOMPLETE = "incomplete"
    RECONCILED = "reconciled"
    DROPPED = "dropped"


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
