"""What all subscriptions together want: a level, not a sequence of commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from polymarket_realtime._venue.wakeup import Wakeup

__all__ = ["Interest"]


class Interest:
    """The wanted keys (asset ids, streams), counted by how many subscriptions hold them.

    Attributes:
        wanted: The keys of at least one holder, each once.
        changed: Rings when `wanted`, `broadcasts` or `suspended` is another than before; for the
            pool.
        watched, witnessed: Ring at the same times, for those who follow the interest beside the
            pool.
    """

    def __init__(self) -> None:
        self.wanted: frozenset[str] = frozenset()
        self.changed, self.watched, self.witnessed = Wakeup(), Wakeup(), Wakeup()
        self._holders: Counter[str] = Counter()
        self._broadcast_holders = 0
        self._suspended = False

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
        self._holders.update(keys)
        self._broadcast_holders += broadcasts
        self._refresh()

    def release(self, keys: Iterable[str], *, broadcasts: bool = False) -> None:
        """Take one `acquire` of the same arguments back."""
        self._holders.subtract(keys)
        self._broadcast_holders -= broadcasts
        self._refresh()

    def _refresh(self) -> None:
        self._holders = +self._holders
        self.wanted = frozenset(self._holders)
        self._ring()

    def _ring(self) -> None:
        self.changed.ring()
        self.watched.ring()
        self.witnessed.ring()
