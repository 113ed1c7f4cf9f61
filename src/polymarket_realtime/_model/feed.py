"""Events about the feed itself: when its data began, stopped and began again to be the truth.

They travel in order with the market events, so a reader can act on nothing but the truth:
distrust an asset from `Interrupted` or `OutOfSync` until its `Resynced`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import utc_from_seconds

__all__ = ["Connected", "Dropped", "FeedEvent", "Interrupted", "OutOfSync", "Resynced"]


@attrs.frozen(kw_only=True)
class FeedEvent(Event):
    """Base of the events that are about the feed and not about a market."""


@attrs.frozen(kw_only=True)
class _ConnectionEvent(FeedEvent):
    connection: str
    asset_ids: tuple[AssetId, ...] = attrs.field(repr=lambda ids: f"<{len(ids)} assets>")

    @property
    def routes(self) -> tuple[str, ...]:
        # Broadcasts come on every connection, so their readers hear of each.
        return (*self.asset_ids, "")


@attrs.frozen(kw_only=True)
class Connected(_ConnectionEvent):
    """A connection is open. Its books are the truth once their snapshots have come.

    Attributes:
        connection: Its name, for example `market#0`.
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
class _AssetFeedEvent(FeedEvent):
    asset_id: AssetId

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.asset_id,)


@attrs.frozen(kw_only=True)
class OutOfSync(_AssetFeedEvent):
    """One book must not be trusted until its `Resynced`, while its connection lives on."""

    type: ClassVar = EventType.OUT_OF_SYNC
    shown: ClassVar = ("type", "asset_id", "reason", "received_at")

    reason: str


@attrs.frozen(kw_only=True)
class Resynced(_AssetFeedEvent):
    """One book is the truth again; its snapshot, and its price if that moved, came just before.

    Nothing is replayed by the venue: what happened between `out_of_sync_at` and now is only
    visible in its result.
    """

    type: ClassVar = EventType.RESYNCED
    shown: ClassVar = (
        *("type", "asset_id", "market", "epoch", "out_of_sync_at", "gap_seconds", "received_at"),
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
class Dropped(FeedEvent):
    """The reader was too slow: `count` events before this one were thrown away."""

    type: ClassVar = EventType.DROPPED
    shown: ClassVar = ("type", "count", "received_at")

    count: int

    @property
    def routes(self) -> tuple[str, ...]:
        return ()
