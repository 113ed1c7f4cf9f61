"""What all subscriptions together want: a level, not a sequence of commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from polymarket_realtime._venue.wakeup import Wakeup

__all__ = ["Interest"]


class Interest:
    """The wanted keys (asset ids, streams), counted by how many subscriptions hold them.

    Attributes:
        changed: Rings when `wanted`, `broadcasts` or `suspended` is another than before; for the
            pool.
        watched, witnessed: Ring at the same times, for those who follow the interest beside the
            pool.
    """

    def __init__(self) -> None:
        self.changed, self.watched, self.witnessed = Wakeup(), Wakeup(), Wakeup()
        self._holders: Counter[str] = Counter()
        self._wanted: frozenset[str] | None = frozenset()
        self._broadcast_holders = 0
        self._suspended = False

    @property
    def wanted(self) -> frozenset[str]:
        """The keys of at least one holder, each once."""
        # Made when somebody asks, not for each of a thousand subscriptions that come together.
        if self._wanted is None:
            self._wanted = frozenset(self._holders)
        return self._wanted

    def in_order(self) -> tuple[str, ...]:
        """The same in the order in which they came to be wanted."""
        return tuple(self._holders)

    @property
    def broadcasts(self) -> bool:
        """Whether somebody wants what the venue tells to everybody."""
        return self._broadcast_holders > 0

    @property
    def suspended(self) -> bool:
        """Whether no connection may be held, whatever is wanted."""
        return self._suspended

    def suspend(self, *, suspended: bool) -> None:
        """Hold no connection from now on, or hold them again."""
        self._suspended = suspended
        self._ring()

    def acquire(self, keys: Iterable[str], *, broadcasts: bool = False) -> None:
        """Want these, once more."""
        for key in keys:
            self._holders[key] += 1
            self._wanted = None
        self._broadcast_holders += broadcasts
        self._ring()

    def release(self, keys: Iterable[str], *, broadcasts: bool = False) -> None:
        """Take one `acquire` of the same arguments back."""
        for key in keys:
            self._holders[key] -= 1
            if self._holders[key] <= 0:
                del self._holders[key]
            self._wanted = None
        self._broadcast_holders -= broadcasts
        self._ring()

    def _ring(self) -> None:
        self.changed.ring()
        self.watched.ring()
        self.witnessed.ring()
