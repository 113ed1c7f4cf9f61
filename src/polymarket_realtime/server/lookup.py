"""Finds what a model names, in the time that a tool call has."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, TypeVar

import attrs
import trio

from polymarket_realtime._lookup.resolving import Found, require_open
from polymarket_realtime.errors import (
    InvalidIdentifier,
    LookupFailed,
    MarketClosed,
    MarketNotFound,
    TooManyTokens,
    UnknownSymbol,
)
from polymarket_realtime.service import Service

from .refs import Refs

__all__ = ["Lookup"]

T = TypeVar("T")

_LONGEST: Final = 45.0
"""Seconds. Hosts give a tool call about sixty, and 200 identifiers can take many questions."""

_INSTEAD: Final = "subscribe_market_resolution tells how it was settled."
_SEARCH: Final = "find_markets searches by words."


@attrs.frozen
class Lookup:
    """The service's look-ups, bounded.

    All methods with identifiers raise `InvalidIdentifier`, `MarketNotFound`, `TooManyTokens` or
    `LookupFailed`, whose messages say what else could be passed.
    """

    service: Service
    refs: Refs

    def _meant(self, identifiers: Sequence[str]) -> dict[str, str]:
        """What each stands for, by that: a token for its short name, which only we know."""
        return {self.refs.meant(text): text for text in identifiers}

    async def open_markets(self, identifiers: Sequence[str]) -> Found:
        """What these stand for, if something will come of each.

        Raises:
            MarketClosed: One stands for nothing but settled markets.
        """
        meant = self._meant(identifiers)
        found = await self.bounded(self.service.look_up(list(meant)), identifiers)
        try:
            require_open(found)
        except MarketClosed as error:
            error.add_note(_INSTEAD)
            raise
        return _as_passed(found, meant)

    async def all_markets(self, identifiers: Sequence[str]) -> Found:
        """What these stand for, settled markets included."""
        meant = self._meant(identifiers)
        looking = self.service.look_up(list(meant), include_closed=True)
        return _as_passed(await self.bounded(looking, identifiers), meant)

    async def own_markets(self, identifiers: Sequence[str]) -> Found:
        """The markets that these stand for; condition ids are known without an answer."""
        meant = self._meant(identifiers)
        looking = self.service.look_up_markets(list(meant))
        return _as_passed(await self.bounded(looking, identifiers), meant)

    async def bounded(self, looking: Awaitable[T], asked: Sequence[str], hint: str = _SEARCH) -> T:
        """Wait for an answer, but not for ever.

        Args:
            looking: Gives the answer.
            asked: What it is about, at least one thing.
            hint: What to do if there is no such thing.

        Raises:
            LookupFailed: It takes too long; names what was asked.
        """
        try:
            with trio.fail_after(_LONGEST):
                return await looking
        except (InvalidIdentifier, MarketNotFound, TooManyTokens) as error:
            if not isinstance(error, UnknownSymbol):
                error.add_note(hint)
            raise
        except trio.TooSlowError:
            more = f" and {len(asked) - 1} more" if len(asked) > 1 else ""
            problem = f"not done within {_LONGEST:g} s (asked about {asked[0][:96]!r}{more})"
            raise LookupFailed(self.service.settings.gamma_url, problem) from None


def _as_passed(found: Found, meant: Mapping[str, str]) -> Found:
    """The same, with what the client has passed as the input of each."""
    assets = (attrs.evolve(each, input=meant.get(each.input, each.input)) for each in found.assets)
    return attrs.evolve(found, assets=tuple(assets))
