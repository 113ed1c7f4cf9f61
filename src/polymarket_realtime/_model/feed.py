"""Events about the feed itself: when its data began, stopped and began again to be the truth.

They travel in order with the market events, so a reader can act on nothing but the truth:
distrust an asset from `Interrupted` or `OutOfSync` until its `Resynced`, what is known of the
account from `Interrupted` or `Incomplete` until `Reconciled`, and a live stream from
`Interrupted` until its `Gap` says that it flows again and what may be missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import USER_FEED, Event, EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import utc_from_seconds

__all__ = [
    "Connected",
    "Dropped",
    "FeedEvent",
    "Gap",
    "Incomplete",
    "Interrupted",
    "OutOfSync",
    "Reconciled",
    "Resynced",
    "StreamGone",
]


@attrs.frozen(kw_only=True)
class FeedEvent(Event):
    """Base of the events that are about the feed and not about a market."""


@attrs.frozen(kw_only=True)
class _ConnectionEvent(FeedEvent):
    connection: str
    asset_ids: tuple[AssetId, ...] = attrs.field(repr=lambda ids: f"<{len(ids)} assets>")

    @property
    def routes(self) -> tuple[str, ...]:
        # What an endpoint tells to everybody comes on each of its connections, so its readers
        # hear of them all.
        return (*self.asset_ids, self.connection.partition("#")[0])


@attrs.frozen(kw_only=True)
class Connected(_ConnectionEvent):
    """A connection is open. Its books are the truth once their snapshots have come.

    Attributes:
        connection: Its name, for example `market#0`: the endpoint and a number.
        asset_ids: The assets that it carries.
        attempt: 1 when the first dial succeeded.
    """

    type: ClassVar = EventType.CONNECTED
    shown: ClassVar = ("type", "connection", "attempt", "received_at")

    attempt: int


@attrs.frozen(kw_only=True)
class Interrupted(_ConnectionEvent):
    """A connection was lost or could not be opened: its books must not be trusted.

    Attributes:
        reason: What happened, one sentence.
        retry_in: Seconds until the next dial; None if there will be none by itself.
    """

    type: ClassVar = EventType.INTERRUPTED
    shown: ClassVar = ("type", "connection", "reason", "retry_in", "received_at")

    reason: str
    retry_in: float | None


@attrs.frozen(kw_only=True)
class _AssetFeedEvent(NamedEvent, FeedEvent):
    asset_id: AssetId

    @property
    def outcome(self) -> str | None:
        """The outcome that the token pays for."""
        return None if self.about is None else self.about.outcome

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.asset_id,)


@attrs.frozen(kw_only=True)
class OutOfSync(_AssetFeedEvent):
    """One book must not be trusted until its `Resynced`, while its connection lives on."""

    type: ClassVar = EventType.OUT_OF_SYNC
    shown: ClassVar = ("type", "asset_id", "question", "outcome", "reason", "received_at")

    reason: str


@attrs.frozen(kw_only=True)
class Resynced(_AssetFeedEvent):
    """One book is the truth again; its snapshot, and its price if that moved, came just before.

    Nothing is replayed by the venue: what happened between `out_of_sync_at` and now is only
    visible in its result.
    """

    type: ClassVar = EventType.RESYNCED
    shown: ClassVar = (
        *("type", "asset_id", "market", "question", "outcome"),
        *("epoch", "out_of_sync_at", "gap_seconds", "received_at"),
    )

    market: ConditionId
    epoch: int
    out_of_sync_since: float

    @property
    def out_of_sync_at(self) -> datetime:
        """When the book stopped being the truth, aware UTC."""
        return utc_from_seconds(self.out_of_sync_since)

    @property
    def gap_seconds(self) -> float:
        """How long it was not the truth, in seconds."""
        return round(max(0.0, self.received - self.out_of_sync_since), 3)


@attrs.frozen(kw_only=True)
class Incomplete(FeedEvent):
    """Something of the account may be unknown until `Reconciled`, while its connection lives on.

    Attributes:
        reason: Why, one sentence.
    """

    type: ClassVar = EventType.INCOMPLETE
    shown: ClassVar = ("type", "reason", "received_at")

    reason: str

    @property
    def routes(self) -> tuple[str, ...]:
        return (USER_FEED,)


@attrs.frozen(kw_only=True)
class Reconciled(FeedEvent):
    """What is known of the account's orders and trades is complete again, and stays it.

    Whatever the user channel did not say while it was down has been asked for by REST and came
    just before, as updates with `source` "reconciled".

    Attributes:
        connection: The connection that keeps it complete from now on.
        open_orders: How many orders are open.
        found_orders: Updates of orders that only REST told.
        found_trades: The same of trades.
        incomplete_since: When the account's state stopped being complete, in seconds since the
            epoch.
    """

    type: ClassVar = EventType.RECONCILED
    shown: ClassVar = (
        *("type", "connection", "open_orders", "found_orders", "found_trades"),
        *("incomplete_at", "gap_seconds", "received_at"),
    )

    connection: str
    open_orders: int
    found_orders: int
    found_trades: int
    incomplete_since: float

    @property
    def routes(self) -> tuple[str, ...]:
        return (USER_FEED,)

    @property
    def incomplete_at(self) -> datetime:
        """When the account's state stopped being complete, aware UTC."""
        return utc_from_seconds(self.incomplete_since)

    @property
    def gap_seconds(self) -> float:
        """How long it was not complete, in seconds."""
        return round(max(0.0, self.received - self.incomplete_since), 3)


@attrs.frozen(kw_only=True)
class _StreamEvent(FeedEvent):
    """About one stream of a live feed: `activity`, `comments`, `sports`, `crypto:btcusd`."""

    feed: str
    stream: str

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.stream,)


@attrs.frozen(kw_only=True)
class Gap(_StreamEvent):
    """A live stream flows again; what it said since `gap_since` may be missing.

    Attributes:
        reason: Why, one sentence.
        missed: How many events are missing, where the venue counts them; None if nobody knows.
        filled: Whether what the venue keeps of the last minutes has closed the gap: nothing is
            missing then.
        gap_since: When the stream was last heard before, in seconds since the epoch.
    """

    type: ClassVar = EventType.GAP
    shown: ClassVar = (
        *("type", "feed", "stream", "reason", "missed", "filled"),
        *("gap_at", "gap_seconds", "received_at"),
    )

    reason: str
    gap_since: float
    missed: int | None = None
    filled: bool = False

    @property
    def gap_at(self) -> datetime:
        """When the stream was last heard before, aware UTC."""
        return utc_from_seconds(self.gap_since)

    @property
    def gap_seconds(self) -> float:
        """How long it was not heard, in seconds."""
        return round(max(0.0, self.received - self.gap_since), 3)


@attrs.frozen(kw_only=True)
class StreamGone(_StreamEvent):
    """The venue does not serve this stream, or does so no more: nothing will come of it.

    Attributes:
        reason: What the venue said, one sentence.
        instead: What serves its purpose now, one sentence; None if nothing does.
    """

    type: ClassVar = EventType.STREAM_GONE
    shown: ClassVar = ("type", "feed", "stream", "reason", "instead", "received_at")

    reason: str
    instead: str | None


@attrs.frozen(kw_only=True)
class Dropped(FeedEvent):
    """The reader was too slow: `count` events before this one were thrown away."""

    type: ClassVar = EventType.DROPPED
    shown: ClassVar = ("type", "count", "received_at")

    count: int

    @property
    def routes(self) -> tuple[str, ...]:
        return ()
