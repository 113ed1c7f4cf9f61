"""Short names of tokens: their ids have 77 digits, which cost a model some thirty tokens each."""

from __future__ import annotations

from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId

__all__ = ["Refs"]

_MOST: Final = 20_000


@attrs.define(eq=False)
class Refs:
    """The names `t1`, `t2`, … of the tokens that one client has heard of.

    A name is given once and never to another token. Of very many the first are forgotten.
    """

    _names: dict[AssetId, str] = attrs.field(factory=dict, init=False)
    _tokens: dict[str, AssetId] = attrs.field(factory=dict, init=False)
    _given: int = attrs.field(default=0, init=False)

    def of(self, asset_id: AssetId) -> str:
        """The name of a token; a new one if it has none yet."""
        name = self._names.get(asset_id)
        if name is None:
            self._given += 1
            name = self._names[asset_id] = f"t{self._given}"
            self._tokens[name] = asset_id
            if len(self._names) > _MOST:
                oldest = next(iter(self._names))
                del self._tokens[self._names.pop(oldest)]
        return name

    def meant(self, text: str) -> str:
        """The token id that a name stands for; any other text as it is."""
        return self._tokens.get(text, text)
