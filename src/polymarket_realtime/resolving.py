"""What people pass, as tokens."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import attrs

from polymarket_realtime._model.catalog import Market, ResolvedAsset
from polymarket_realtime._model.ids import (
    AssetId,
    ConditionId,
    is_condition_id,
    parse_asset_id,
    parse_condition_id,
)
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime.errors import InvalidIdentifier, LookupFailed, MarketNotFound

__all__ = ["resolve_assets", "resolve_markets"]

log = logging.getLogger("polymarket_realtime.catalog")


async def resolve_assets(
    catalog: Catalog, identifiers: Sequence[str], *, named: bool = False
) -> tuple[ResolvedAsset, ...]:
    """Find the tokens that token ids and condition ids stand for, in the order given.

    A condition id stands for all tokens of its market. With the catalogue out of reach token
    ids still resolve, without their names and markets, unless they have to be `named`.

    Raises:
        InvalidIdentifier: One is neither.
        MarketNotFound: The venue does not know one.
        LookupFailed: The venue cannot be asked about what needs an answer.
    """
    wanted = {identifier: _parse(identifier.strip()) for identifier in identifiers}
    found: dict[str, list[ResolvedAsset]] = {}
    markets = await catalog.markets_of_conditions(
        [ConditionId(each) for each in wanted.values() if is_condition_id(each)]
    )
    assets = [AssetId(each) for each in wanted.values() if not is_condition_id(each)]
    try:
        markets += await catalog.markets_of_assets(assets)
    except LookupFailed as error:
        if named:
            raise
        log.warning("subscribing without names: %s", error)
        for asset_id in assets:
            found[asset_id] = [ResolvedAsset(input=asset_id, asset_id=asset_id)]
    for market in markets:
        described = _describe(market)
        found[market.condition_id] = described
        found |= {asset.asset_id: [asset] for asset in described}
    return tuple(
        attrs.evolve(asset, input=identifier)
        for identifier, name in wanted.items()
        for asset in _present(identifier, found.get(name))
    )


async def resolve_markets(
    catalog: Catalog, identifiers: Sequence[str]
) -> tuple[tuple[ConditionId, ...], tuple[ResolvedAsset, ...]]:
    """Find the markets that token ids and condition ids stand for, each once.

    With the catalogue out of reach condition ids still do, without their tokens.

    Returns:
        The condition ids, and the tokens of these markets.

    Raises:
        InvalidIdentifier: One is neither.
        MarketNotFound: The venue does not know one.
        LookupFailed: The venue cannot be asked about a token id.
    """
    wanted = [_parse(identifier.strip()) for identifier in identifiers]
    try:
        assets = await resolve_assets(catalog, identifiers, named=True)
    except LookupFailed as error:
        if not all(map(is_condition_id, wanted)):
            raise
        log.warning("subscribing without names: %s", error)
        return tuple(dict.fromkeys(ConditionId(each) for each in wanted)), ()
    conditions = dict.fromkeys(asset.condition_id for asset in assets)
    return tuple(each for each in conditions if each is not None), assets


def _parse(identifier: str) -> str:
    if is_condition_id(identifier):
        return parse_condition_id(identifier)
    try:
        return parse_asset_id(identifier)
    except InvalidIdentifier:
        raise InvalidIdentifier(
            identifier,
            "a token id (a decimal number of about 77 digits) or a condition id "
            "(0x and 64 hexadecimal digits)",
        ) from None


def _present(identifier: str, assets: list[ResolvedAsset] | None) -> list[ResolvedAsset]:
    if not assets:
        raise MarketNotFound(identifier)
    return assets


def _describe(market: Market) -> list[ResolvedAsset]:
    return [
        ResolvedAsset(
            input="",
            asset_id=outcome.asset_id,
            condition_id=market.condition_id,
            question=market.question,
            outcome=outcome.name,
            slug=market.slug,
            closed=market.closed,
        )
        for outcome in market.outcomes
    ]
