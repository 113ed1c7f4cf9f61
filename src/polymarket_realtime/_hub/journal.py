"""What has happened to one subscription, for readers who come when they like.

A subscription iterated over has one reader, who takes each event away. A journal has any number,
each with a position of its own: a model that asks now and then, a stream that was cut, a log.

Of what conflates (prices, books, states: `Event.conflation_key`) only the newest is kept, and
says how many it stands for. Everything else is kept up to a capacity, and what had to go is
counted: nothing is lost silently.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Hashable, Iterator
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

import attrs

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped

__all__ = ["BEGINNING", "Entry", "Journal", "Position"]

_RUNS: Final = 16
"""How many positions are told apart when counting what an event stands for."""

_number: Final = attrgetter("seq")


class Position(NamedTuple):
    """How far a reader has come.

    Attributes:
        seq: Number of the last event that it has seen, or that was there when it came.
        singles: How many events that are kept one by one there had been until then.
    """

    seq: int
    singles: int


BEGINNING: Final = Position(0, 0)
"""That of a reader who has seen nothing."""


@attrs.frozen
class Entry:
    """One event, as a reader gets it.

    Attributes:
        seq: Its number; numbers only grow, and some are left out.
        stands_for: How many events of its kind and subject came since the reader's position,
            itself included.
    """

    seq: int
    event: Event
    stands_for: int = 1


@attrs.frozen
class _Single:
    seq: int
    event: Event
    singles: int
    """How many there had been with this one; a `Dropped` counts for what it tells of."""
    lost: int
    """How many of them were told of by `Dropped`."""


@attrs.define
class _Newest:
    """The newest event of a kind and subject, and how many there were, in runs.

    A run ends where a reader has been, so that what it has seen is not counted once more.
    """

    seq: int
    event: Event
    runs: list[tuple[int, int]]
    """Number of the last event, and how many they were; the oldest run first."""

    def follow(self, seq: int, event: Event, count: int, seen: int) -> None:
        last, so_far = self.runs[-1]
        if last > seen:
            self.runs[-1] = (seq, so_far + count)
        else:
            self.runs.append((seq, count))
        if len(self.runs) > _RUNS:
            (_, oldest), (end, next_oldest), *rest = self.runs
            self.runs = [(end, oldest + next_oldest), *rest]
        self.seq, self.event = seq, event

    def since(self, seq: int) -> int:
        return sum(count for last, count in self.runs if last > seq)


@attrs.define(eq=False)
class Journal:
    """The log of one subscription.

    Attributes:
        capacity: Most events that are kept one by one, at least 1.
        head: Number of the latest event; 0 before the first.
    """

    capacity: int = attrs.field(validator=attrs.validators.ge(1))
    head: int = attrs.field(default=0, init=False)
    _singles: deque[_Single] = attrs.field(factory=deque, init=False)
    _newest: dict[Hashable, _Newest] = attrs.field(factory=dict, init=False)
    _gone: _Single | None = attrs.field(default=None, init=False)
    _seen: int = attrs.field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._singles) + len(self._newest)

    def write(self, seq: int, event: Event, count: int = 1) -> None:
        """Add an event.

        Args:
            seq: Its number, higher than all before.
            event: What happened.
            count: How many events it stands for by itself.
        """
        self.head = seq
        key = event.conflation_key
        if key is None:
            self._write_single(seq, event)
        elif (newest := self._newest.get(key)) is None:
            self._newest[key] = _Newest(seq, event, [(seq, count)])
        else:
            newest.follow(seq, event, count, self._seen)

    def _write_single(self, seq: int, event: Event) -> None:
        singles, lost = _counts(self._singles[-1] if self._singles else None)
        if isinstance(event, Dropped):
            singles, lost = singles + event.count, lost + event.count
        else:
            singles += 1
        self._singles.append(_Single(seq, event, singles, lost))
        if len(self._singles) > self.capacity:
            self._gone = self._singles.popleft()

    def after(self, seq: int) -> Iterator[Entry]:
        """What a reader at `seq` has not seen, in order, as far as it is kept.

        `Dropped` is no entry: `missed` counts what it tells of. Whoever takes only a few does not
        pay for the rest; nothing may be written before all that is wanted was taken.
        """
        if seq >= self.head:
            return iter(())
        singles = (
            Entry(each.seq, each.event)
            for each in islice(self._singles, self._place(seq), None)
            if not isinstance(each.event, Dropped)
        )
        newest = sorted((each for each in self._newest.values() if each.seq > seq), key=_number)
        conflated = (Entry(each.seq, each.event, each.since(seq)) for each in newest)
        return merge(singles, conflated, key=_number)

    def pending(self, seq: int) -> int:
        """How many entries there are after `seq`, and one for each `Dropped`."""
        if seq >= self.head:
            return 0
        newest = sum(each.seq > seq for each in self._newest.values())
        return len(self._singles) - self._place(seq) + newest

    def singles_until(self, seq: int) -> int:
        """How many events kept one by one there had been up to `seq`.

        Of a number before the oldest that is kept it is the count up to that one, so that the
        difference to what a reader knows is what the reader has missed.
        """
        return _counts(self._latest_until(seq))[0]

    def dropped_between(self, after: int, until: int) -> int:
        """How many events in this range were lost before they could be written.

        As far as is kept: what is older is in the difference of `singles_until`.
        """
        return _counts(self._latest_until(until))[1] - _counts(self._latest_until(after))[1]

    def _place(self, seq: int) -> int:
        """Where in the deque the first one after `seq` is."""
        return bisect_right(self._singles, seq, key=_number)

    def _latest_until(self, seq: int) -> _Single | None:
        """The last one up to `seq`; of a number before all that are kept, the one before those."""
        place = self._place(seq)
        return self._singles[place - 1] if place else self._gone

    def mark(self, seq: int) -> None:
        """Note that a reader has come as far as this."""
        self._seen = max(self._seen, seq)


def _counts(single: _Single | None) -> tuple[int, int]:
    return (0, 0) if single is None else (single.singles, single.lost)
