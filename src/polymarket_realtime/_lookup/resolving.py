"""What people pass, as tokens and markets."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from polymarket_realtime._lookup.consulting import Told, consult
from polymarket_realtime._lookup.finding import find_candidates, find_markets
from polymarket_realtime._lookup.meaning import TRIED, Meaning, interpret, name_market
from polymarket_realtime._model.catalog import Market, MarketGroup, ResolvedAsset
from polymarket_realtime._model.identifiers import (
    ConditionRef,
    EventSlug,
    Identifier,
    TokenId,
    parse_identifier,
)
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime.errors import LookupFailed, MarketClosed, MarketNotFound, TooManyTokens

__all__ = ["Found", "find_markets", "look_up", "look_up_markets", "require_open"]

log = logging.getLogger("polymarket_realtime.catalog")

_CANDIDATES: Final = 5
_SHOWN_INPUT: Final = 96


@attrs.frozen
class Found:
    """What identifiers stand for.

    Attributes:
        assets: In the order given; a token that two of them stand for is there for both.
        markets: Those of the assets, each once, as far as the catalogue told.
        groups: Events that were named as a whole, in the order given.
        conditions: Those of the markets, each once; also of condition ids that were passed while
            the catalogue could not be asked.
        siblings: Open markets of the events that settled markets, which were named, belong to.
    """

    assets: tuple[ResolvedAsset, ...] = ()
    markets: tuple[Market, ...] = ()
    groups: tuple[MarketGroup, ...] = ()
    conditions: tuple[ConditionId, ...] = ()
    siblings: tuple[Market, ...] = ()


async def look_up(
    catalog: Catalog,
    identifiers: Sequence[str],
    *,
    limit: int,
    known_only: bool = False,
    include_closed: bool = False,
) -> Found:
    """Find what identifiers stand for: a market for all its outcomes, an event for its markets.

    With the catalogue out of reach token ids still stand for themselves, without names.

    Args:
        catalog: Is asked about everything at once.
        identifiers: In any form that `parse_identifier` takes; one that is repeated counts once.
        limit: How many different tokens they may stand for.
        known_only: Whether the catalogue has to know of token ids, too.
        include_closed: Whether an event stands for its settled markets while others are open.

    Raises:
        InvalidIdentifier: One is nothing that could be looked up.
        AmbiguousIdentifier: One is the name of a market and of an event.
        MarketNotFound: The venue does not know one.
        TooManyTokens: They stand for more than `limit`.
        LookupFailed: The venue cannot be asked about what needs an answer.
    """
    spared = () if known_only else (TokenId,)
    meanings = await _read(catalog, identifiers, limit, spared, include_closed=include_closed)
    return _collect(meanings, () if include_closed else await _siblings(catalog, meanings))


async def look_up_markets(catalog: Catalog, identifiers: Sequence[str], *, limit: int) -> Found:
    """Find the markets that identifiers stand for, settled ones of events included.

    With the catalogue out of reach condition ids still are in `conditions`, without their
    assets. Arguments and errors are those of `look_up`.
    """
    spared = (ConditionRef,)
    return _collect(await _read(catalog, identifiers, limit, spared, include_closed=True), ())


def require_open(found: Found) -> None:
    """See to it that something will come of each identifier.

    Raises:
        MarketClosed: One stands for nothing but settled markets.
    """
    by_input: dict[str, list[ResolvedAsset]] = {}
    for asset in found.assets:
        by_input.setdefault(asset.input, []).append(asset)
    for text, assets in by_input.items():
        if all(asset.closed for asset in assets):
            raise _closed(found, text, assets)


async def _read(
    catalog: Catalog,
    identifiers: Sequence[str],
    limit: int,
    spared: tuple[type[Identifier], ...],
    *,
    include_closed: bool,
) -> list[Meaning]:
    """What each identifier means; those of the `spared` kinds mean something without answers."""
    wanted = {text: parse_identifier(text) for text in identifiers}
    if (count := len(set(wanted.values()))) > limit:
        raise TooManyTokens(next(iter(wanted)), count, limit)  # each stands for one at least
    told = await consult(catalog, wanted.values())
    _require_answers(wanted, told, spared)
    meanings = []
    for text, identifier in wanted.items():
        meaning = interpret(text, identifier, told, include_closed=include_closed)
        if meaning is None:
            candidates = await find_candidates(catalog, identifier)
            raise MarketNotFound(text, TRIED[type(identifier)], candidates)
        meanings.append(meaning)
    _require_few(meanings, limit)
    return meanings


def _require_answers(
    wanted: Mapping[str, Identifier], told: Told, spared: tuple[type[Identifier], ...]
) -> None:
    missed = [text for text, each in wanted.items() if each in told.failures]
    needed = [text for text in missed if not isinstance(wanted[text], spared)]
    if missed and not needed:
        log.warning("going on without names: %s", told.failures[wanted[missed[0]]])
    if needed:
        error = told.failures[wanted[needed[0]]]
        about = repr(needed[0][:_SHOWN_INPUT])
        more = f" and {len(needed) - 1} more" if len(needed) > 1 else ""
        raise LookupFailed(
            error.url,
            f"{error.problem} (asked about {about}{more})",
            status=error.status,
            retry_after=error.retry_after,
        ) from error


def _require_few(meanings: Sequence[Meaning], limit: int) -> None:
    tokens = {each.text: {asset.asset_id for asset in each.assets} for each in meanings}
    count = len(set().union(*tokens.values()))
    if count > limit:
        raise TooManyTokens(max(tokens, key=lambda text: len(tokens[text])), count, limit)


async def _siblings(catalog: Catalog, meanings: Sequence[Meaning]) -> tuple[Market, ...]:
    """What could be had in place of settled markets that were named; nothing if that is unknown."""
    events = {
        market.event.slug: None
        for each in meanings
        for market in each.markets
        if each.group is None and market.closed and market.event is not None
    }
    told = await consult(catalog, [EventSlug(slug) for slug in events])
    groups = told.groups.values()
    return tuple(market for group in groups for market in group.markets if not market.closed)


def _collect(meanings: Sequence[Meaning], siblings: tuple[Market, ...]) -> Found:
    markets = {market.condition_id: market for each in meanings for market in each.markets}
    groups = {each.group.slug: each.group for each in meanings if each.group is not None}
    conditions = dict.fromkeys(
        condition_id
        for each in meanings
        for condition_id in (each.condition_id, *(market.condition_id for market in each.markets))
        if condition_id is not None
    )
    return Found(
        assets=tuple(asset for each in meanings for asset in each.assets),
        markets=tuple(markets.values()),
        groups=tuple(groups.values()),
        conditions=tuple(conditions),
        siblings=siblings,
    )


def _closed(found: Found, text: str, assets: Sequence[ResolvedAsset]) -> MarketClosed:
    named = {asset.condition_id for asset in assets}
    markets = [market for market in found.markets if market.condition_id in named]
    first, *others = markets
    event = assets[0].event
    title = next((group.title for group in found.groups if group.slug == event), first.question)
    # Of many markets each has its own winner.
    winner = None if others or first.winner is None else first.winner.name
    candidates = dict.fromkeys(
        name_market(market)
        for market in found.siblings
        if market.event is not None and market.event.slug == event
    )
    return MarketClosed(
        text, title if others else first.question, winner, list(candidates)[:_CANDIDATES]
    )
