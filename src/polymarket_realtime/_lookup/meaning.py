"""What one identifier means, given what the catalogue told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from polymarket_realtime._lookup.consulting import Told
from polymarket_realtime._model.catalog import Market, MarketGroup, Outcome, ResolvedAsset
from polymarket_realtime._model.identifiers import (
    ConditionRef,
    EventSlug,
    GammaId,
    Identifier,
    MarketSlug,
    Slug,
    TokenId,
)
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime.errors import AmbiguousIdentifier

__all__ = ["TRIED", "Meaning", "interpret", "name_market"]

TRIED: Final[Mapping[type[Identifier], tuple[str, ...]]] = {
    TokenId: ("token id",),
    ConditionRef: ("condition id",),
    MarketSlug: ("market slug",),
    EventSlug: ("event slug",),
    Slug: ("market slug", "event slug"),
    GammaId: ("market id", "event id"),
}
"""What an identifier of each kind is taken for."""


@attrs.frozen
class Meaning:
    """What one identifier stands for.

    Attributes:
        text: The identifier, as it was passed.
        markets: Empty if the catalogue could not be asked.
        group: The event, if it is one as a whole.
        asset_id: The only token that is meant; None for all tokens of the markets.
        condition_id: Known without the catalogue if it was passed.
    """

    text: str
    markets: tuple[Market, ...] = ()
    group: MarketGroup | None = None
    asset_id: AssetId | None = None
    condition_id: ConditionId | None = None

    @property
    def assets(self) -> tuple[ResolvedAsset, ...]:
        """Its tokens, in the order of the markets and their outcomes."""
        if self.asset_id is not None and not self.markets:
            return (ResolvedAsset(input=self.text, asset_id=self.asset_id),)
        return tuple(
            _describe(self.text, market, outcome)
            for market in self.markets
            for outcome in market.outcomes
            if self.asset_id in {None, outcome.asset_id}
        )


def interpret(
    text: str, identifier: Identifier, told: Told, *, include_closed: bool
) -> Meaning | None:
    """What an identifier means; None if the catalogue knows nothing by this name.

    Without an answer ids mean themselves. The name of an event with only one market, which is
    called the same, means that market.

    Raises:
        AmbiguousIdentifier: It is a market and an event that is more than this market.
    """
    market, group = told.markets.get(identifier), told.groups.get(identifier)
    if group is not None:
        if market is None:
            return _interpret_group(text, group, include_closed=include_closed)
        if [each.condition_id for each in group.markets] != [market.condition_id]:
            raise AmbiguousIdentifier(text, [f"event/{group.slug}", name_market(market)])
    if market is None and identifier not in told.failures:
        return None
    markets = () if market is None else (market,)
    match identifier:
        case TokenId(asset_id):
            return Meaning(text, markets, asset_id=asset_id)
        case ConditionRef(condition_id):
            return Meaning(text, markets, condition_id=condition_id)
    return Meaning(text, markets)


def _interpret_group(text: str, group: MarketGroup, *, include_closed: bool) -> Meaning:
    """An event stands for its open markets; for all of them if asked to, or if none is open."""
    open_ones = tuple(market for market in group.markets if not market.closed)
    return Meaning(text, group.markets if include_closed else open_ones or group.markets, group)


def name_market(market: Market) -> str:
    """An identifier that means this market and nothing else."""
    return f"market/{market.slug}" if market.slug else market.condition_id


def _describe(text: str, market: Market, outcome: Outcome) -> ResolvedAsset:
    return ResolvedAsset(
        input=text,
        asset_id=outcome.asset_id,
        condition_id=market.condition_id,
        question=market.question,
        outcome=outcome.name,
        slug=market.slug,
        event=None if market.event is None else market.event.slug,
        closed=market.closed,
    )
