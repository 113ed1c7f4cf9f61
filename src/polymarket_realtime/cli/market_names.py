"""The names of the markets that one's orders are in, looked up while they are shown already."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Never

import attrs

from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.ids import AssetId, ConditionId, is_condition_id
from polymarket_realtime._model.user import UserEvent
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.errors import LookupFailed, MarketNotFound

__all__ = ["MarketNames"]

log = logging.getLogger("polymarket_realtime.cli")

_MOST: Final = 1000
"""Markets that are asked about; the others keep their ids."""

_AT_ONCE: Final = 20

Resolve = Callable[
    [Sequence[str]], Awaitable[tuple[tuple[ConditionId, ...], tuple[ResolvedAsset, ...]]]
]


@attrs.define(eq=False)
class MarketNames:
    """Questions and outcomes, as far as they are known."""

    _questions: dict[ConditionId, str] = attrs.field(factory=dict, init=False)
    _outcomes: dict[AssetId, str] = attrs.field(factory=dict, init=False)
    _wanted: dict[ConditionId, None] = attrs.field(factory=dict, init=False)
    _asked: set[ConditionId] = attrs.field(factory=set, init=False)
    _more: Wakeup = attrs.field(factory=Wakeup, init=False)

    def take(self, assets: Iterable[ResolvedAsset]) -> None:
        """Learn the names that came with these."""
        for asset in assets:
            if asset.condition_id is not None and asset.question is not None:
                self._questions[asset.condition_id] = asset.question
                self._asked.add(asset.condition_id)
            if asset.outcome is not None:
                self._outcomes[asset.asset_id] = asset.outcome

    def question(self, market: ConditionId) -> str:
        """The market's question, or its short id."""
        return self._questions.get(market) or short_id(market)

    def outcome(self, event: UserEvent) -> str:
        """The name of the outcome that an order or a trade is of."""
        return event.outcome or self._outcomes.get(event.asset_id) or "-"

    def want(self, market: ConditionId) -> None:
        """Have this market asked about, unless it was before."""
        if market in self._asked or len(self._asked) >= _MOST:
            return
        if is_condition_id(market):
            self._asked.add(market)
            self._wanted[market] = None
            self._more.ring()

    async def run(self, resolve: Resolve, changed: Wakeup) -> Never:
        """Ask about what is wanted, until cancelled; ring `changed` after each answer."""
        while True:
            await self._more.wait()
            while self._wanted:
                for market in await self._ask(resolve, list(self._wanted)[:_AT_ONCE]):
                    del self._wanted[market]
                changed.ring()

    async def _ask(self, resolve: Resolve, wanted: list[ConditionId]) -> list[ConditionId]:
        """Learn the names of these; gives those that need not be asked about again."""
        try:
            _, assets = await resolve(wanted)
        except MarketNotFound as error:
            # One that is not known costs the others nothing but another question.
            return [market for market in wanted if market == error.value] or wanted
        except LookupFailed as error:
            log.info("markets are shown without their names: %s", error)
        else:
            self.take(assets)
        return wanted
