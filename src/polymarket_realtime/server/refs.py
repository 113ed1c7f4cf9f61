"""Short names of tokens: their ids have 77 digits, which cost a model some thirty tokens each."""

from __future__ import annotations

import attrs

from polymarket_realtime._model.ids import AssetId

__all__ = ["Refs"]


@attrs.define(eq=False)
class Refs:
    """The names `t1`, `t2`, … of the tokens that one client has heard of.

    A name is given once and never to another token.
    """

    _names: dict[AssetId, str] = attrs.field(factory=dict, init=False)
    _tokens: dict[str, AssetId] = attrs.field(factory=dict, init=False)

    def of(self, asset_id: AssetId) -> str:
        """The name of a token; a new one if it has none yet."""
        name = self._names.get(asset_id)
        if name is None:
            name = self._names[asset_id] = f"t{len(self._names) + 1}"
            self._tokens[name] = asset_id
        return name

    def meant(self, text: str) -> str:
        """The token id that a name stands for; any other text as it is."""
        return self._tokens.get(text, text)
