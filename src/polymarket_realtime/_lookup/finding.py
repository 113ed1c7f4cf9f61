"""Markets by words: what somebody searches for, and what a slug that is none may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.identifiers import EventSlug, Identifier, MarketSlug, Slug
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime.errors import InvalidIdentifier, LookupFailed

__all__ = ["find_candidates", "find_markets"]

_CANDIDATES: Final = 3
_LIKENESS: Final = 0.5
_EVENTS: Final = 20
"""How many are asked for at least: the venue ranks by its own rules, and then we do by ours."""
_SINGLE_WORDS: Final = 2
"""How many words of a slug are searched for alone if together they find nothing."""

_PUNCTUATION: Final = "?!.,;:()[]\"'“”"
_WORD: Final = re.compile(r"[^\W_]+")


async def find_markets(
    catalog: Catalog, query: str, *, limit: int, include_closed: bool
) -> tuple[Market, ...]:
    """Search the venue's markets, the best match first.

    Open markets come before closed ones, then those with more of the words in their question,
    in what they are called within their event, or in its title; then those with all the words
    in a row; then those with more volume. At most `limit`, each once, all with an order book.

    Raises:
        InvalidIdentifier: The query has no word.
        LookupFailed: The venue cannot be asked.
    """
    words = _words(query)
    if not words:
        raise InvalidIdentifier(query, "something to search for: pass words of a question")
    # The venue looks for words as they are written: "shutdown?" is none.
    spoken = (word.strip(_PUNCTUATION) for word in query.split())
    text, events = " ".join(filter(None, spoken)), max(limit, _EVENTS)
    groups = await catalog.search(text, limit=events, include_closed=include_closed)
    markets = {
        market.condition_id: market
        for market in _markets(groups)
        if include_closed or not market.closed
    }
    return tuple(sorted(markets.values(), key=lambda market: _rank(market, words))[:limit])


def _markets(groups: Iterable[MarketGroup]) -> Iterator[Market]:
    return (market for group in groups for market in group.markets if market.outcomes)


def _rank(market: Market, words: list[str]) -> tuple[bool, int, bool, Decimal]:
    """Smaller is better."""
    title = "" if market.event is None else market.event.title
    texts = [_words(text) for text in (market.question, market.label, title)]
    present = [word for text in texts for word in text]
    # The beginning of a word is enough: who searches for "rate" means "rates" as well.
    matches = sum(any(each.startswith(word) for each in present) for word in dict.fromkeys(words))
    phrase = f" {' '.join(words)} "
    whole = any(phrase in f" {' '.join(text)} " for text in texts)
    return market.closed, -matches, not whole, -(market.volume or Decimal(0))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


async def find_candidates(catalog: Catalog, identifier: Identifier) -> tuple[str, ...]:
    """At most three identifiers like a slug that names nothing, the nearest first.

    None for other identifiers: an id is right or wrong. None either if the venue cannot be
    asked, for this is only advice.
    """
    if not isinstance(identifier, MarketSlug | EventSlug | Slug):
        return ()
    try:
        for query in _queries(identifier.slug):
            groups = await catalog.search(query, limit=_EVENTS, include_closed=True)
            slugs = _slugs(groups, identifier)
            if near := get_close_matches(identifier.slug, slugs, _CANDIDATES, _LIKENESS):
                return tuple(slugs[slug] for slug in near)
    except LookupFailed:
        pass
    return ()


def _queries(slug: str) -> Iterator[str]:
    """All words; then single ones, the longest first: one mistyped word spoils a search."""
    words = _words(slug)
    yield " ".join(words)
    if len(words) > 1:
        yield from sorted(dict.fromkeys(words), key=len, reverse=True)[:_SINGLE_WORDS]


def _slugs(groups: Iterable[MarketGroup], identifier: Identifier) -> dict[str, str]:
    """Slugs of the kind that was meant, each with the text that names it without doubt."""
    groups = list(groups)
    slugs: dict[str, str] = {}
    if not isinstance(identifier, EventSlug):
        slugs |= {market.slug: f"market/{market.slug}" for market in _markets(groups)}
    if not isinstance(identifier, MarketSlug):
        # A market may be called like its event; then it is all of it.
        slugs = {group.slug: f"event/{group.slug}" for group in groups if group.markets} | slugs
    return slugs
