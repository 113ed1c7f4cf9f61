"""Gamma, the venue's catalogue: what its ids and slugs stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import quote

import attrs

from polymarket_realtime._codec.gamma import (
    decode_group,
    decode_market,
    decode_markets,
    decode_search,
)
from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._venue.answers import Answers
from polymarket_realtime._venue.rest import RestClient, Scope
from polymarket_realtime.errors import CodecError, LookupFailed, RestFailed
from polymarket_realtime.settings import Settings

__all__ = ["Catalog"]

T = TypeVar("T")

_IDS_PER_REQUEST: Final = 40
"""A token id has 77 digits: this many keep a URL below 4 KiB."""

_PAGE: Final = 100
"""Markets that an answer may hold: the venue's own default is below the ids in a request."""

_NOT_THERE: Final = frozenset({404, 422})
"""Statuses of a path that names nothing, or nothing that could exist."""

_MOST_FOUND: Final = 50
_LONGEST_QUERY: Final = 200

_CHANGING: Final = 60.0
_SETTLED: Final = 3600.0
_ABSENT: Final = 10.0
"""Seconds for which answers are good. What is not there may be announced any moment."""


class _By(StrEnum):
    """What something is asked for by; the values are the venue's parameters."""

    ASSET = "clob_token_ids"
    CONDITION = "condition_ids"
    SLUG = "slug"
    ID = "id"


_Key = tuple[_By, str]


def _market_lifetime(market: Market | None) -> float:
    if market is None:
        return _ABSENT
    return _CHANGING if market.payouts is None else _SETTLED


def _group_lifetime(group: MarketGroup | None) -> float:
    if group is None:
        return _ABSENT
    settled = group.closed and all(market.payouts is not None for market in group.markets)
    return _SETTLED if settled else _CHANGING


@attrs.frozen(eq=False)
class Catalog:
    """Looks markets and events up in Gamma, and remembers for a while what it said.

    What is asked twice at the same time is asked once. Every method but `search` takes `fresh`,
    for answers that are not from memory; every method raises `LookupFailed` if Gamma cannot be
    asked, and only then.

    Attributes:
        names: Learns what the tokens are called of every market that Gamma tells of.
    """

    settings: Settings
    rest: RestClient
    names: Names = attrs.field(factory=Names)
    _markets: Answers[_Key, Market] = attrs.field(
        factory=lambda: Answers(_market_lifetime, capacity=10_000), init=False
    )
    _groups: Answers[_Key, MarketGroup] = attrs.field(
        factory=lambda: Answers(_group_lifetime, capacity=200), init=False
    )

    async def markets_of_assets(
        self, assets: Iterable[AssetId], *, fresh: bool = False
    ) -> list[Market]:
        """The markets that these tokens are outcomes of, each once; unknown tokens give none."""
        return await self._markets_by(_By.ASSET, assets, fresh=fresh)

    async def markets_of_conditions(
        self, conditions: Iterable[ConditionId], *, fresh: bool = False
    ) -> list[Market]:
        """The markets of these condition ids, each once; unknown ones give none."""
        return await self._markets_by(_By.CONDITION, conditions, fresh=fresh)

    async def market_by_slug(self, slug: str, *, fresh: bool = False) -> Market | None:
        """The market of this slug; None if there is none."""
        return await self._market_at((_By.SLUG, slug), fresh=fresh)

    async def market_by_id(self, gamma_id: str, *, fresh: bool = False) -> Market | None:
        """The market of this number; None if there is none."""
        return await self._market_at((_By.ID, gamma_id), fresh=fresh)

    async def group_by_slug(self, slug: str, *, fresh: bool = False) -> MarketGroup | None:
        """The event of this slug, with all its markets; None if there is none."""
        return await self._group_at((_By.SLUG, slug), fresh=fresh)

    async def group_by_id(self, gamma_id: str, *, fresh: bool = False) -> MarketGroup | None:
        """The event of this number, with all its markets; None if there is none."""
        return await self._group_at((_By.ID, gamma_id), fresh=fresh)

    async def search(self, query: str, *, limit: int, include_closed: bool) -> list[MarketGroup]:
        """At most `limit` events that the venue finds by these words, the best first.

        Their markets may be a part only, so nothing of this is remembered but names.
        """
        params = [
            ("q", query[:_LONGEST_QUERY]),
            ("limit_per_type", str(min(limit, _MOST_FOUND))),
            ("keep_closed_markets", str(int(include_closed))),
            *([] if include_closed else [("events_status", "active")]),
            ("search_tags", "false"),
            ("search_profiles", "false"),
        ]
        groups = await self._get("public-search", params, decode_search)
        for group in groups:
            self._learn(group.markets)
        return groups[:limit]

    async def _markets_by(self, by: _By, ids: Iterable[str], *, fresh: bool) -> list[Market]:
        found = await self._markets.get([(by, each) for each in ids], self._list, fresh=fresh)
        markets = (market for market in found.values() if market is not None)
        return list({market.condition_id: market for market in markets}.values())

    async def _market_at(self, key: _Key, *, fresh: bool) -> Market | None:
        async def ask(keys: Sequence[_Key]) -> Mapping[_Key, Market]:
            market = await self._get_at("markets", key, decode_market)
            if market is None:
                return {}
            self._keep([market])
            return dict.fromkeys(keys, market)

        return (await self._markets.get([key], ask, fresh=fresh))[key]

    async def _group_at(self, key: _Key, *, fresh: bool) -> MarketGroup | None:
        async def ask(keys: Sequence[_Key]) -> Mapping[_Key, MarketGroup]:
            group = await self._get_at("events", key, decode_group)
            if group is None:
                return {}
            self._keep(group.markets)
            own = [(_By.SLUG, group.slug), *([(_By.ID, group.id)] if group.id else [])]
            for each in own:
                self._groups.keep(each, group)
            return dict.fromkeys(keys, group)

        return (await self._groups.get([key], ask, fresh=fresh))[key]

    async def _list(self, keys: Sequence[_Key]) -> Mapping[_Key, Market]:
        """Look for markets among the open ones, and for what is missing among the closed ones."""
        found: dict[_Key, Market] = {}
        for closed in (False, True):
            missing = [key for key in keys if key not in found]
            for batch in _batches(missing):
                # `closed` is always sent: its default differs from one endpoint to the next.
                params = [("closed", str(closed).lower()), ("limit", str(_PAGE)), *batch]
                markets = await self._get("markets", params, decode_markets)
                self._keep(markets)
                found |= {key: market for market in markets for key in _keys(market)}
        return found

    async def _get_at(self, what: str, key: _Key, decode: Callable[[bytes], T]) -> T | None:
        """Ask for one thing by its path, which serves open and closed ones alike."""
        by, name = key
        if not name.strip("."):
            return None  # a path that leads elsewhere
        place = "slug/" if by is _By.SLUG else ""
        try:
            return await self._get(f"{what}/{place}{quote(name, safe='')}", [], decode)
        except LookupFailed as error:
            if error.status in _NOT_THERE:
                return None
            raise

    async def _get(
        self, path: str, params: Sequence[tuple[str, str]], decode: Callable[[bytes], T]
    ) -> T:
        url = f"{self.settings.gamma_url}/{path}"
        try:
            # All that is asked of Gamma shares the least of its limits.
            return decode(
                await self.rest.request("GET", url, scope=Scope.GAMMA_MARKETS, params=params)
            )
        except RestFailed as error:
            raise LookupFailed(
                url, error.problem, status=error.status, retry_after=error.retry_after
            ) from error
        except CodecError as error:
            raise LookupFailed(url, str(error)) from error

    def _keep(self, markets: Iterable[Market]) -> None:
        self._learn(markets)
        for market in markets:
            for key in _keys(market):
                self._markets.keep(key, market)

    def _learn(self, markets: Iterable[Market]) -> None:
        for market in markets:
            self.names.learn(market)


def _keys(market: Market) -> list[_Key]:
    """All that a market can be asked for by."""
    keys = [
        *((_By.ASSET, asset_id) for asset_id in market.asset_ids),
        (_By.CONDITION, market.condition_id),
        (_By.SLUG, market.slug),
        (_By.ID, market.id),
    ]
    return [(by, name) for by, name in keys if name]


def _batches(keys: Sequence[_Key]) -> Iterator[list[_Key]]:
    rest = iter(keys)
    while batch := list(islice(rest, _IDS_PER_REQUEST)):
        yield batch
