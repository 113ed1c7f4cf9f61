"""Gamma, the venue's catalogue: which market a token or a condition belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import attrs

from polymarket_realtime._codec.gamma import decode_markets
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._venue.rest import RestClient, Scope
from polymarket_realtime.errors import CodecError, LookupFailed, RestFailed
from polymarket_realtime.settings import Settings

__all__ = ["Catalog"]

_IDS_PER_REQUEST: Final = 40
"""A token id has 77 digits: this many keep a URL below 4 KiB."""


@attrs.frozen
class Catalog:
    """Looks markets up in Gamma."""

    settings: Settings
    rest: RestClient

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
        url = f"{self.settings.gamma_url}/markets"
        markets: list[Market] = []
        for batch in _batches(ids):
            # `closed` is always sent: its default differs from one endpoint to the next.
            query = [("closed", str(closed).lower()), *((key, each) for each in batch)]
            try:
                payload = await self.rest.request(
                    "GET", url, scope=Scope.GAMMA_MARKETS, params=query
                )
                markets += decode_markets(payload)
            except RestFailed as error:
                raise LookupFailed(
                    url, error.problem, status=error.status, retry_after=error.retry_after
                ) from error
            except CodecError as error:
                raise LookupFailed(url, str(error)) from error
        return markets


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _IDS_PER_REQUEST)):
        yield batch
