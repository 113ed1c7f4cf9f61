"""Texts that wait until others have been sent."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import attrs

from .connection import MarketConnection

__all__ = ["Late", "Latecomers"]


@attrs.define
class Late:
    """A text that waits until so many frames have been sent: of one token or, if None, any."""

    text: str
    left: int
    token: str | None = None


@attrs.define(eq=False)
class Latecomers:
    """What waits, for each client; it is forgotten with the client."""

    _waiting: WeakKeyDictionary[MarketConnection, list[Late]] = attrs.field(
        factory=WeakKeyDictionary, init=False
    )

    def add(self, connection: MarketConnection, late: Late) -> None:
        """Let a text wait behind those that wait already."""
        self._waiting.setdefault(connection, []).append(late)

    def release(self, connection: MarketConnection, sent: str) -> None:
        """A frame has been queued: queue what has waited for it."""
        for late in self._waiting.pop(connection, ()):
            if late.token is None or late.token in sent:
                late.left -= 1
            if late.left:
                self.add(connection, late)
            else:
                connection.offer(late.text)

    def clear(self) -> None:
        """Lose all of it."""
        self._waiting.clear()
