"""Tokens that went silent, and who hears them again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import attrs

from .connection import MarketConnection

__all__ = ["Cure", "Freezes"]

Cure = Literal["heal", "resubscribe", "reconnect"]
"""What ends a freeze, besides `heal`, which ends them all."""


@attrs.define
class _Freeze:
    """One silent token.

    Attributes:
        cure: What brings it back.
        newest: Number of the newest connection at the time.
        left: Connections that have unsubscribed it since.
        cured: Connections that have subscribed it anew after that.
    """

    cure: Cure
    newest: int
    left: set[int] = attrs.field(factory=set)
    cured: set[int] = attrs.field(factory=set)

    def hides(self, connection: MarketConnection) -> bool:
        if self.cure == "reconnect" and connection.number > self.newest:
            return False
        return connection.number not in self.cured


@attrs.define(eq=False)
class Freezes:
    """All silent tokens."""

    _by_token: dict[str, _Freeze] = attrs.field(factory=dict, init=False)

    def begin(self, token: str, cure: Cure, newest: int) -> None:
        """A token falls silent for all; `newest` is the number of the newest connection."""
        self._by_token[token] = _Freeze(cure, newest)

    def clear(self) -> None:
        """Everybody hears everything again."""
        self._by_token.clear()

    def hears(self, connection: MarketConnection, token: str) -> bool:
        """Whether a client is told anything of a token."""
        freeze = self._by_token.get(token)
        return freeze is None or not freeze.hides(connection)

    def unsubscribed(self, connection: MarketConnection, tokens: Collection[str]) -> None:
        """A client does not want these any more."""
        for freeze in self._of(tokens):
            freeze.left.add(connection.number)

    def subscribed(self, connection: MarketConnection, tokens: Collection[str]) -> None:
        """A client wants these by an operation, not by its first frame."""
        for freeze in self._of(tokens):
            if freeze.cure == "resubscribe" and connection.number in freeze.left:
                freeze.cured.add(connection.number)

    def _of(self, tokens: Collection[str]) -> list[_Freeze]:
        return [self._by_token[token] for token in tokens if token in self._by_token]
