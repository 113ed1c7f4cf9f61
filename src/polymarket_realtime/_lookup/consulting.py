"""What the catalogue says to many identifiers at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import attrs
import trio

from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.identifiers import (
    ConditionRef,
    EventSlug,
    GammaId,
    Identifier,
    MarketSlug,
    Slug,
    TokenId,
)
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime.errors import LookupFailed

__all__ = ["Told", "consult"]

_AT_ONCE: Final = 8
"""Questions under way: more would only wait for the rate limit."""


@attrs.define(eq=False)
class Told:
    """What is known of identifiers. One may be a market and an event; one may be nothing.

    Attributes:
        markets: Those with an order book.
        groups: Those with a market that has one.
        failures: Why there is no answer, or only half of one.
    """

    markets: dict[Identifier, Market] = attrs.field(factory=dict)
    groups: dict[Identifier, MarketGroup] = attrs.field(factory=dict)
    failures: dict[Identifier, LookupFailed] = attrs.field(factory=dict)


async def consult(catalog: Catalog, identifiers: Iterable[Identifier]) -> Told:
    """Ask what each of these is: all tokens together, all condition ids together, and so on.

    Never raises `LookupFailed`: one failure does not cost the other answers.
    """
    told = Told()
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def ask(asked: Sequence[Identifier], question: Callable[[], Awaitable[None]]) -> None:
        async with limiter:
            try:
                await question()
            except LookupFailed as error:
                told.failures |= dict.fromkeys(asked, error)

    async with trio.open_nursery() as nursery:
        for asked, question in _plan(_Inquirer(catalog, told), list(dict.fromkeys(identifiers))):
            nursery.start_soon(ask, asked, question)
    return told


@attrs.frozen
class _Inquirer:
    """Asks the catalogue one thing at a time, and notes what it says."""

    catalog: Catalog
    told: Told

    async def tokens(self, asked: Sequence[TokenId]) -> None:
        markets = await self.catalog.markets_of_assets([each.asset_id for each in asked])
        known = {asset_id: market for market in markets for asset_id in market.asset_ids}
        self.told.markets |= {
            each: known[each.asset_id] for each in asked if each.asset_id in known
        }

    async def conditions(self, asked: Sequence[ConditionRef]) -> None:
        markets = await self.catalog.markets_of_conditions([each.condition_id for each in asked])
        for market in markets:
            self._note_market(ConditionRef(market.condition_id), market)

    async def market(self, asked: MarketSlug | Slug | GammaId) -> None:
        if isinstance(asked, GammaId):
            market = await self.catalog.market_by_id(asked.number)
        else:
            market = await self.catalog.market_by_slug(asked.slug)
        self._note_market(asked, market)

    async def group(self, asked: EventSlug | Slug | GammaId) -> None:
        if isinstance(asked, GammaId):
            group = await self.catalog.group_by_id(asked.number)
        else:
            group = await self.catalog.group_by_slug(asked.slug)
        if group is not None and group.markets:
            self.told.groups[asked] = group

    def _note_market(self, asked: Identifier, market: Market | None) -> None:
        if market is not None and market.outcomes:
            self.told.markets[asked] = market


def _plan(
    inquirer: _Inquirer, identifiers: Sequence[Identifier]
) -> Iterator[tuple[Sequence[Identifier], Callable[[], Awaitable[None]]]]:
    """The questions that answer everything, each with the identifiers that it is about."""
    if tokens := [each for each in identifiers if isinstance(each, TokenId)]:
        yield tokens, partial(inquirer.tokens, tokens)
    if conditions := [each for each in identifiers if isinstance(each, ConditionRef)]:
        yield conditions, partial(inquirer.conditions, conditions)
    for each in identifiers:
        if isinstance(each, MarketSlug | Slug | GammaId):
            yield [each], partial(inquirer.market, each)
        if isinstance(each, EventSlug | Slug | GammaId):
            yield [each], partial(inquirer.group, each)
