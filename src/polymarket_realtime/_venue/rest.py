"""The venue's REST: which market a token or a condition belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final

import attrs
import httpx2
import trio

from polymarket_realtime._codec.gamma import decode_markets
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime.errors import CodecError, LookupFailed
from polymarket_realtime.settings import Settings

__all__ = ["Catalog", "open_catalog"]

_IDS_PER_REQUEST: Final = 40
"""A token id has 77 digits: this many keep a URL below 4 KiB."""


@attrs.frozen
class Catalog:
    """Looks markets up in Gamma."""

    settings: Settings
    client: httpx2.AsyncClient

    async def markets_of_assets(self, asset_ids: Iterable[AssetId]) -> list[Market]:
        """The markets that these tokens are outcomes of; unknown tokens give none.

        Raises:
            LookupFailed: Gamma cannot be asked.
        """
        wanted = dict.fromkeys(asset_ids)
        found = await self._markets("clob_token_ids", list(wanted), closed=False)
        known = {outcome.asset_id for market in found for outcome in market.outcomes}
        missing = [asset_id for asset_id in wanted if asset_id not in known]
        return found + await self._markets("clob_token_ids", missing, closed=True)

    async def markets_of_conditions(self, conditions: Iterable[ConditionId]) -> list[Market]:
        """The markets of these condition ids; unknown ones give none.

        Raises:
            LookupFailed: Gamma cannot be asked.
        """
        wanted = dict.fromkeys(conditions)
        found = await self._markets("condition_ids", list(wanted), closed=False)
        known = {market.condition_id for market in found}
        missing = [condition for condition in wanted if condition not in known]
        return found + await self._markets("condition_ids", missing, closed=True)

    async def _markets(self, key: str, ids: Sequence[str], *, closed: bool) -> list[Market]:
        markets: list[Market] = []
        for batch in _batches(ids):
            # `closed` is always sent: its default differs from one endpoint to the next.
            query = [("closed", str(closed).lower()), *((key, each) for each in batch)]
            payload = await self._get(f"{self.settings.gamma_url}/markets", query)
            try:
                markets += decode_markets(payload)
            except CodecError as error:
                raise LookupFailed(f"{self.settings.gamma_url}/markets", str(error)) from error
        return markets

    async def _get(self, url: str, query: Sequence[tuple[str, str]]) -> bytes:
        try:
            with trio.fail_after(self.settings.lookup_timeout):
                answer = await self.client.get(url, params=httpx2.QueryParams(list(query)))
        except trio.TooSlowError as error:
            problem = f"no answer within {self.settings.lookup_timeout:g} s"
            raise LookupFailed(url, problem) from error
        except httpx2.HTTPError as error:
            raise LookupFailed(url, str(error) or type(error).__name__) from error
        if answer.status_code != 200:
            raise LookupFailed(url, f"HTTP {answer.status_code}")
        return answer.content


@asynccontextmanager
async def open_catalog(settings: Settings) -> AsyncIterator[Catalog]:
    """Hold the connections to Gamma. Nothing is dialled before the first question."""
    async with httpx2.AsyncClient(
        headers={"user-agent": settings.user_agent},
        timeout=None,  # each request is bounded by `lookup_timeout` as a whole
    ) as client:
        yield Catalog(settings, client)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _IDS_PER_REQUEST)):
        yield batch
