"""What tokens are called, as far as the catalogue has said it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import attrs

from polymarket_realtime._model.catalog import AssetName, Market
from polymarket_realtime._model.ids import AssetId

__all__ = ["Names"]

_MOST: Final = 20_000


@attrs.define(eq=False)
class Names:
    """Names by token; the catalogue writes them, whoever makes events reads.

    The names learned first are forgotten first.
    """

    _names: OrderedDict[AssetId, AssetName] = attrs.field(factory=OrderedDict, init=False)
    get: Callable[[AssetId], AssetName | None] = attrs.field(init=False, repr=False)
    """What a token is called; None if that is not known yet. Every event asks."""

    @get.default
    def _look_up(self) -> Callable[[AssetId], AssetName | None]:
        return self._names.get

    def learn(self, market: Market) -> None:
        """Note what the tokens of a market are called."""
        for outcome in market.outcomes:
            self._names[outcome.asset_id] = market.name_of(outcome)
            self._names.move_to_end(outcome.asset_id)
        while len(self._names) > _MOST:
            self._names.popitem(last=False)
