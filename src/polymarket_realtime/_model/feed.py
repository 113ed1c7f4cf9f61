"""Events about the feed itself: when its data began, stopped and began again to be the truth.

They travel in order with the market events, so a reader can act on nothing but the truth: on a
token while its latest `StateChanged` says `live`, and on a live stream except from `Interrupted`
until its `Gap` says that it flows again and what may be missing.

A `reason` may repeat words of the venue, so each is made plain here, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from datetime import datetime
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import Event, EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.trust import AssetState, Proof
from polymarket_realtime._model.values import utc_from_seconds

__all__ = [
    "Connected",
    "Dropped",
    "FeedEvent",
    "Gap",
    "Interrupted",
    "Resynced",
    "StateChanged",
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

    reason: str = attrs.field(converter=plain_text)
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
class StateChanged(_AssetFeedEvent):
    """What may be believed of one token has changed.

    `live` comes after the book that made it so, everything else as soon as it is known.

    Attributes:
        state: From now on.
        before: Until now; None if a reader is only told how it is when it joins.
        reason: Why, one sentence; empty if there is nothing to explain.
    """

    type: ClassVar = EventType.STATE_CHANGED
    shown: ClassVar = (
        *("type", "asset_id", "question", "outcome", "state", "before", "reason"),
        *("since_at", "received_at"),
    )

    state: AssetState
    before: AssetState | None
    reason: str = attrs.field(converter=plain_text)
    since: float = attrs.field()

    @since.default
    def _now(self) -> float:
        return self.received

    @property
    def since_at(self) -> datetime:
        """When the state began, aware UTC."""
        return utc_from_seconds(self.since)

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.STATE_CHANGED, self.asset_id)


@attrs.frozen(kw_only=True)
class Resynced(_AssetFeedEvent):
    """One book is the truth again; its snapshot, and its price if that moved, came just before.

    Nothing is replayed by the venue: what happened between `out_of_sync_at` and now is only
    visible in its result.

    Attributes:
        epoch: Number of the run of gapless updates that begins.
        verified_by: What says that it is the truth.
        out_of_sync_since: When readers were told that it was not, in seconds since the epoch.
    """

    type: ClassVar = EventType.RESYNCED
    shown: ClassVar = (
        *("type", "asset_id", "market", "question", "outcome"),
        *("epoch", "verified_by", "out_of_sync_at", "gap_seconds", "received_at"),
    )

    market: ConditionId
    epoch: int
    verified_by: Proof = Proof.SNAPSHOT
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
class Gap(FeedEvent):
    """Data comes again; what there was between `gap_from` and `gap_to` may be missing.

    Of books the result of it is in the snapshots that follow; of a live stream it is lost.

    Attributes:
        feed: The endpoint.
        stream: Of a live feed, its stream: `activity`, `crypto:btcusd`; None of books.
        asset_ids: Of books, whose; a subscription is told of its own.
        reason: Why, one sentence.
        missed: How many events are missing, where the venue counts them; None if nobody knows.
        filled: Whether what the venue keeps of the last minutes has closed the gap: nothing is
            missing then.
        gap_since: The last moment at which nothing was missing, in seconds since the epoch.
    """

    type: ClassVar = EventType.GAP
    shown: ClassVar = (
        *("type", "feed", "stream", "assets", "asset_ids", "reason", "missed", "filled"),
        *("gap_from", "gap_to", "gap_seconds", "received_at"),
    )

    feed: str
    stream: str | None = None
    asset_ids: tuple[AssetId, ...] = ()
    reason: str = attrs.field(converter=plain_text)
    gap_since: float
    missed: int | None = None
    filled: bool = False

    @property
    def routes(self) -> tuple[str, ...]:
        return self.asset_ids if self.stream is None else (self.stream,)

    def among(self, asset_ids: Collection[AssetId]) -> Gap:
        """The same of some books only."""
        own = frozenset(asset_ids)
        ids = tuple(each for each in self.asset_ids if each in own)
        return self if ids == self.asset_ids else attrs.evolve(self, asset_ids=ids)

    @property
    def assets(self) -> int:
        """How many books have it."""
        return len(self.asset_ids)

    @property
    def gap_from(self) -> datetime:
        """The last moment at which nothing was missing, aware UTC."""
        return utc_from_seconds(self.gap_since)

    @property
    def gap_to(self) -> datetime:
        """The first moment from which nothing is missing, aware UTC."""
        return self.received_at

    @property
    def gap_seconds(self) -> float:
        """How long it was, in seconds."""
        return round(max(0.0, self.received - self.gap_since), 3)


@attrs.frozen(kw_only=True)
class StreamGone(FeedEvent):
    """The venue does not serve this stream, or does so no more: nothing will come of it.

    Attributes:
        feed: The endpoint.
        stream: The stream of it: `activity`, `comments`, `sports`, `crypto:btcusd`.
        reason: What the venue said, one sentence.
        instead: What serves its purpose now, one sentence; None if nothing does.
    """

    type: ClassVar = EventType.STREAM_GONE
    shown: ClassVar = ("type", "feed", "stream", "reason", "instead", "received_at")

    feed: str
    stream: str
    reason: str = attrs.field(converter=plain_text)
    instead: str | None

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.stream,)


@attrs.frozen(kw_only=True)
class Dropped(FeedEvent):
    """The reader was too slow: `count` events before this one were thrown away."""

    type: ClassVar = EventType.DROPPED
    shown: ClassVar = ("type", "count", "received_at")

    count: int

    @property
    def routes(self) -> tuple[str, ...]:
        return ()
