"""Where events wait for one reader. Never makes the writer wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from enum import Enum
from typing import Generic, TypeVar

import attrs

__all__ = ["Mailbox", "Overflow"]

T = TypeVar("T")


class Overflow(Enum):
    """What happens when a reader is slower than its events."""

    CONFLATE = "conflate"
    """Of each price, book and hint only the newest is kept; of the rest the oldest are dropped
    beyond the capacity. What is left is always in the order of what happened."""
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
    _kept: set[Hashable] = attrs.field(factory=set, init=False)
    _counts: dict[Hashable, int] = attrs.field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._pending)

    def keep(self, item: T, key: Hashable) -> None:
        """Add an item that is not to be dropped; a pending one with `key` gives way to it."""
        self.received += 1
        if self._pending.pop(key, None) is not None:
            self._replaced(key)
        self._kept.add(key)
        self._pending[key] = item

    def is_keeping(self, key: Hashable) -> bool:
        """Whether an item with this key was kept and is pending."""
        return key in self._kept

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
        key, item = self._pending.popitem(last=False)
        while key in self._kept:
            # It stands for what is newest when it is read, so it may as well stand last.
            self._pending[key] = item
            key, item = self._pending.popitem(last=False)
        self._counts.pop(key, None)

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
