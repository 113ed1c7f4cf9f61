"""Where events wait for one reader. Never makes the writer wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from enum import Enum
from typing import Final, Generic, TypeVar

import attrs

__all__ = ["Mailbox", "Overflow"]

T = TypeVar("T", bound=Hashable)

_FEW: Final = 8
"""Changes of a book that wait as they are. A whole book costs more to make and to take than these;
on the other hand each of them holds the text that it came in."""


class Overflow(Enum):
    """What happens when a reader is slower than its events."""

    CONFLATE = "conflate"
    """Of each price and hint only the newest is kept, and of each book eight changes or else one
    snapshot; of the rest the oldest are dropped beyond the capacity. What is left is always in the
    order of what happened."""
    DROP_OLDEST = "drop_oldest"
    """Beyond the capacity the oldest event is dropped, whatever it is."""
    RAISE = "raise"
    """Beyond the capacity the reader gets `SubscriptionLagged`, and the subscription ends."""


# The validator is for the constructor: attrs would look for one at every assignment.
@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP)
class Mailbox(Generic[T]):
    """Pending items in order.

    At most `capacity` of them wait, beside those that are kept: a kept item is never dropped, so
    its keys must be bounded by whoever puts it.

    Attributes:
        received: Items put in.
        conflated: Items replaced by a newer one with the same key before they were read.
        dropped: Items thrown away.
        lagged: Whether an item was refused under `Overflow.RAISE`.
    """

    capacity: int = attrs.field(validator=attrs.validators.ge(1))
    overflow: Overflow
    received: int = 0
    conflated: int = 0
    dropped: int = 0
    lagged: bool = False
    _pending: OrderedDict[Hashable, T] = attrs.field(factory=OrderedDict, init=False)
    # By key; of an item of a run its summary, of any other None.
    _kept: dict[Hashable, T | None] = attrs.field(factory=dict, init=False)
    _counts: dict[Hashable, int] = attrs.field(factory=dict, init=False)
    _runs: dict[T, list[int]] = attrs.field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._pending)

    def keep(self, item: T, key: Hashable) -> None:
        """Add an item that is not to be dropped; a pending one with `key` gives way to it."""
        self.received += 1
        if self._pending.pop(key, None) is not None:
            self._replaced(key)
        self._kept[key] = None
        self._pending[key] = item

    def keep_few(self, item: T, summary: T) -> None:
        """Add one of a run of items, none of which is dropped while they are few.

        Args:
            item: What has happened.
            summary: Of the whole run, which it names too; kept in place of all its items, and of
                those that follow, once they are many.
        """
        run = self._runs.get(summary)
        if run is None:
            if summary in self._kept:
                self.keep(summary, summary)
                return
            self._runs[summary] = run = []
        elif len(run) == _FEW:
            self._sum_up(summary)
            self.keep(summary, summary)
            return
        self.received = number = self.received + 1
        run.append(number)
        self._kept[number] = summary
        self._pending[number] = item

    def _sum_up(self, summary: T) -> None:
        run = self._runs.pop(summary)
        for number in run:
            del self._kept[number], self._pending[number]
        self.conflated += len(run) - 1
        self._counts[summary] = len(run)
        self._kept[summary] = None
        self._pending[summary] = summary

    def put(self, item: T, key: Hashable | None = None) -> None:
        """Add an item at the end; a pending one with the same `key` gives way to it."""
        pending = self._pending
        self.received = number = self.received + 1
        if key is not None and pending.pop(key, None) is not None:
            self._replaced(key)
        elif len(pending) - len(self._kept) >= self.capacity:
            self.dropped += 1
            if self.overflow is Overflow.RAISE:
                self.lagged = True
                return
            self._drop_oldest()
        # The running number is a key that nothing else has.
        pending[number if key is None else key] = item

    def _replaced(self, key: Hashable) -> None:
        self.conflated += 1
        self._counts[key] = self._counts.get(key, 1) + 1

    def _drop_oldest(self) -> None:
        # What was kept stands for what is newest when it is read, so it may as well stand last.
        while (oldest := next(iter(self._pending))) in self._kept:
            if (summary := self._kept[oldest]) is None:
                self._pending.move_to_end(oldest)
            else:
                self._sum_up(summary)
        del self._pending[oldest]
        self._counts.pop(oldest, None)

    def take(self) -> list[T]:
        """Everything pending, in order."""
        items = list(self._pending.values())
        self._clear()
        return items

    def take_counted(self) -> list[tuple[T, int]]:
        """Everything pending, in order, each with how many items it stands for."""
        items = [(item, self._counts.get(key, 1)) for key, item in self._pending.items()]
        self._clear()
        return items

    def _clear(self) -> None:
        self._pending.clear()
        self._kept.clear()
        self._counts.clear()
        self._runs.clear()
