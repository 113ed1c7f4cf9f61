"""The streams of a live feed: which flow, where each has a gap, and what was told before.

A `Streams` outlives the connections of its endpoint. Several may carry a stream at once, while
one of them takes over from another; a gap begins when the last of them is lost, and ends when
the stream flows again. The venue replays nothing, so what was said meanwhile is missing, unless
it is a price that the venue's backfill brings.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from enum import StrEnum
from typing import Final

import attrs

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Gap, StreamGone
from polymarket_realtime._protocol.counters import FeedCounters

__all__ = ["StreamState", "Streams"]

_MOST_KEPT: Final = 2_000


class StreamState(StrEnum):
    """How a stream is doing."""

    WAITING = "waiting"
    """Asked for, and nothing has come yet."""
    FLOWING = "flowing"
    INTERRUPTED = "interrupted"
    """Its connection was lost, or went silent."""
    GONE = "gone"
    """The venue does not serve it."""


@attrs.define
class _Stream:
    """One stream.

    Attributes:
        carriers: How many open connections have asked for it.
        heard: When it was last known to flow, in seconds since the epoch; None before.
        lost_since: Since when something may be missing; None if nothing is.
        problem: Why, one sentence.
        gone: What the venue said; None while it may serve it.
    """

    carriers: int = 0
    heard: float | None = None
    lost_since: float | None = None
    problem: str = ""
    gone: StreamGone | None = None

    @property
    def state(self) -> StreamState:
        if self.gone is not None:
            return StreamState.GONE
        if self.lost_since is not None:
            return StreamState.INTERRUPTED
        return StreamState.WAITING if self.heard is None else StreamState.FLOWING


@attrs.define(eq=False)
class Streams:
    """All streams of one endpoint, by key.

    Attributes:
        feed: The endpoint.
        counters: Where its connections count.
        remembered: How many of the latest events are remembered, so as to tell each once.
        valid_from: What was kept before, in seconds since the epoch, may be over by now.
    """

    feed: str
    counters: FeedCounters = attrs.field(factory=FeedCounters)
    remembered: int = 20_000
    valid_from: float = 0.0
    _streams: dict[str, _Stream] = attrs.field(factory=dict, init=False)
    _told: OrderedDict[Hashable, None] = attrs.field(factory=OrderedDict, init=False)
    _latest: OrderedDict[Hashable, Event] = attrs.field(factory=OrderedDict, init=False)

    # What connections note

    def carry(self, key: str) -> None:
        """An open connection has asked for this stream."""
        self._ensure(key).carriers += 1

    def leave(self, key: str) -> None:
        """A connection has stopped to carry it, because nobody there wants it any more."""
        if (stream := self._streams.get(key)) is not None:
            stream.carriers = max(0, stream.carriers - 1)

    def lose(self, key: str, since: float, problem: str = "the connection was lost") -> None:
        """A connection that carried it has ended; if it was the last one, a gap begins.

        Args:
            key: The stream.
            since: When the connection was last heard, in seconds since the epoch.
            problem: Why, one sentence.
        """
        self.leave(key)
        stream = self._streams.get(key)
        if stream is not None and not stream.carriers:
            self._interrupt(stream, since, problem)

    def interrupt(self, keys: Iterable[str], wall: float) -> list[str]:
        """A connection that was to carry these was lost, or could not be had.

        Returns:
            Those that no other connection carries: their readers are to be told, and then of
            the end of it too.
        """
        lost = [key for key in keys if not self._ensure(key).carriers]
        for key in lost:
            self._interrupt(self._ensure(key), wall, "the connection was lost")
        return lost

    def damage(self, key: str, wall: float, problem: str) -> None:
        """Something of it has come and could not be used: a gap, although it flows on.

        Args:
            key: The stream.
            wall: Now, in seconds since the epoch.
            problem: Why, one sentence.
        """
        self._interrupt(self._ensure(key), wall, problem)

    def flow(
        self,
        key: str,
        wall: float,
        *,
        missed: int = 0,
        filled: bool = False,
        brought: bool = True,
    ) -> Gap | None:
        """The stream has brought something, or is known to be served: gives the gap before it.

        Args:
            key: The stream.
            wall: Now, in seconds since the epoch.
            missed: How many events the venue itself says are missing just before this.
            filled: Whether nothing is missing, because what came reaches back far enough.
            brought: Whether something came; otherwise it is only known to be served.
        """
        stream = self._ensure(key)
        heard, since, problem = stream.heard, stream.lost_since, stream.problem
        if stream.gone is not None and since is None:
            since, problem = stream.gone.received, stream.gone.reason
        stream.heard = wall if brought else heard
        stream.lost_since, stream.problem, stream.gone = None, "", None
        if since is None and not missed:
            return None
        # Whoever lost a connection does not know how much it lost, whatever is counted later.
        counted = missed if since is None else None
        return Gap(
            received=wall,
            feed=self.feed,
            stream=key,
            reason=problem if since is not None else "the venue left out events",
            gap_since=since if since is not None else heard or wall,
            missed=0 if filled else counted,
            filled=filled,
        )

    def end(self, key: str, reason: str, instead: str | None, wall: float) -> StreamGone | None:
        """The venue does not serve this stream; gives the event if that is news."""
        stream = self._ensure(key)
        if stream.gone is not None:
            return None
        stream.gone = StreamGone(
            received=wall, feed=self.feed, stream=key, reason=reason, instead=instead
        )
        return stream.gone

    def knows(self, key: str) -> bool:
        """Whether anything was noted of this stream since somebody wants it."""
        return key in self._streams

    def is_gone(self, key: str) -> bool:
        """Whether the venue is known not to serve this stream."""
        return (stream := self._streams.get(key)) is not None and stream.gone is not None

    def is_interrupted(self, key: str) -> bool:
        """Whether something of it may be missing just now."""
        return (stream := self._streams.get(key)) is not None and stream.lost_since is not None

    def is_news(self, identity: Hashable) -> bool:
        """Whether an event of this identity was not told before; notes that it is told now."""
        if identity in self._told:
            self.counters.duplicates += 1
            return False
        self._told[identity] = None
        if len(self._told) > self.remembered:
            self._told.popitem(last=False)
        return True

    def was_told(self, identity: Hashable) -> bool:
        """Whether an event of this identity was told before; notes nothing."""
        return identity in self._told

    def keep(self, identity: Hashable, event: Event) -> None:
        """Keep the latest event of this identity for those who join later."""
        self._latest[identity] = event
        self._latest.move_to_end(identity)
        if len(self._latest) > _MOST_KEPT:
            self._latest.popitem(last=False)

    def latest(self, identity: Hashable) -> Event | None:
        """What was kept under this identity."""
        return self._latest.get(identity)

    def discard(self, identity: Hashable) -> None:
        """Keep it no longer."""
        self._latest.pop(identity, None)

    def count(self, name: str, wall: float) -> None:
        """Count an event of the venue by its public name."""
        self.counters.events[name] += 1
        self.counters.last_event = wall

    # What readers ask

    def known(self) -> tuple[Event, ...]:
        """What a new reader begins with: the latest events that still hold, and what is gone."""
        gone = [stream.gone for stream in self._streams.values() if stream.gone is not None]
        current = [
            event
            for event in self._latest.values()
            if event.received >= self.valid_from
            and not any(self.is_interrupted(key) or self.is_gone(key) for key in event.routes)
        ]
        return (*gone, *current)

    def states(self) -> dict[str, tuple[StreamState, float | None, str | None]]:
        """Each stream's state, when it was last heard, and what is wrong with it."""
        return {
            key: (
                stream.state,
                stream.heard,
                stream.gone.reason if stream.gone is not None else stream.problem or None,
            )
            for key, stream in sorted(self._streams.items())
        }

    def retain(self, wanted: Iterable[str]) -> None:
        """Forget all streams but these: what happens while nobody listens is no gap."""
        kept = frozenset(wanted)
        for key in self._streams.keys() - kept:
            del self._streams[key]
        for identity in [i for i, e in self._latest.items() if kept.isdisjoint(e.routes)]:
            del self._latest[identity]

    def _ensure(self, key: str) -> _Stream:
        return self._streams.setdefault(key, _Stream())

    def _interrupt(self, stream: _Stream, since: float, problem: str) -> None:
        if stream.lost_since is None:
            stream.lost_since = since if stream.heard is None else max(stream.heard, since)
            stream.problem = problem
