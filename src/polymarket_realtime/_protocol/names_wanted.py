"""Tokens whose name somebody needs, though nobody subscribed to them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.inquiry import Inquiry, Rhythm

__all__ = ["NamesWanted"]

_MOST: Final = 2_000
_AT_ONCE: Final = 40
"""Tokens that the catalogue asks about in one request."""


@attrs.define(eq=False)
class NamesWanted:
    """Each token is asked about once, and if it is wanted again much later, again.

    The catalogue writes the names where they are read, so the answers do not come here. Times are
    seconds on the caller's clock. Of the tokens, and of those asked about, the latest 2,000 are
    remembered.

    Attributes:
        rhythm: The waits while the catalogue cannot be asked; its `longest` is also the time
            after which a token may be asked about again.
    """

    rhythm: Rhythm = attrs.field(factory=Rhythm)
    _waiting: OrderedDict[AssetId, None] = attrs.field(factory=OrderedDict, init=False)
    _asked: OrderedDict[AssetId, float] = attrs.field(factory=OrderedDict, init=False)
    _failing: Inquiry | None = attrs.field(default=None, init=False)

    def want(self, asset_id: AssetId, now: float) -> bool:
        """Have the name of a token looked up; whether that was not done, or asked for, lately."""
        asked_at = self._asked.get(asset_id, -math.inf)
        if asset_id in self._waiting or now < asked_at + self.rhythm.longest:
            return False
        self._waiting[asset_id] = None
        _limit(self._waiting)
        return True

    def due(self, now: float) -> tuple[AssetId, ...]:
        """Tokens to ask about now, at most one request's worth, the first wanted first."""
        return tuple(self._waiting)[:_AT_ONCE] if now >= self.next_deadline() else ()

    def next_deadline(self) -> float:
        """When `due` will give something; infinity if never, as things stand."""
        if not self._waiting:
            return math.inf
        return -math.inf if self._failing is None else self._failing.at

    def asked(self, assets: Iterable[AssetId], now: float) -> None:
        """The catalogue has answered about these tokens of `due`, whatever it knew."""
        self._failing = None
        for asset_id in assets:
            self._waiting.pop(asset_id, None)
            self._asked[asset_id] = now
            self._asked.move_to_end(asset_id)
        _limit(self._asked)

    def failed(self, now: float, *, retry_after: float = 0.0) -> None:
        """The catalogue could not be asked."""
        if self._failing is None:
            self._failing = Inquiry(self.rhythm, now)
        self._failing.fail(now, wait_at_least=retry_after)


def _limit(table: OrderedDict[AssetId, float] | OrderedDict[AssetId, None]) -> None:
    while len(table) > _MOST:
        table.popitem(last=False)
