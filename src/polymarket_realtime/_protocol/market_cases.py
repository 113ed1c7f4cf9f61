"""What is known of each market on its way to settlement, found by token or by condition id."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved, ResolutionStage
from polymarket_realtime._protocol.inquiry import Inquiry
from polymarket_realtime._protocol.retention import Retention

__all__ = ["MarketCase", "MarketCases"]


@attrs.define(eq=False)
class MarketCase:
    """One market.

    Attributes:
        key: The condition id, in lower case.
        inquiry: When to ask about it.
        assets: Its tokens, as far as known.
        market: The catalogue's latest answer; None if only an announcement is known.
        stage: How far it is.
        resolution: What was told of its end; None before.
    """

    key: ConditionId
    inquiry: Inquiry
    assets: tuple[AssetId, ...] = ()
    market: Market | None = None
    stage: ResolutionStage = ResolutionStage.OPEN
    resolution: MarketResolved | None = None

    @property
    def evidence(self) -> tuple[object, ...]:
        """What the waits for the end begin anew with, when it changes."""
        market = self.market
        return (self.stage, market and market.closed, market and market.uma_status)


class MarketCases:
    """All that are watched, and the latest `keep` of those that are not."""

    def __init__(self, keep: int) -> None:
        self._cases: Retention[ConditionId, MarketCase] = Retention(keep)
        self._by_asset: dict[AssetId, MarketCase] = {}

    def of_asset(self, asset_id: AssetId) -> MarketCase | None:
        """That of the market that a token belongs to."""
        return self._by_asset.get(asset_id)

    def of_condition(self, condition_id: ConditionId) -> MarketCase | None:
        """That of a market."""
        return self._cases.get(_key(condition_id))

    def watched(self) -> Iterator[MarketCase]:
        """All that are watched."""
        return (case for _, case in self._cases.living())

    def ensure(
        self, condition_id: ConditionId, assets: tuple[AssetId, ...], inquiry: Inquiry
    ) -> MarketCase:
        """The case of a market with these tokens; if there is none, one with this inquiry.

        By token first: the two sources need not write a condition id in the same way. The caller
        has to `keep` it.
        """
        known = (self._by_asset[each] for each in assets if each in self._by_asset)
        case = next(known, None) or self.of_condition(condition_id)
        if case is None:
            case = MarketCase(_key(condition_id), inquiry)
        case.assets = tuple(dict.fromkeys((*case.assets, *assets)))
        self._by_asset |= dict.fromkeys(case.assets, case)
        return case

    def keep(self, case: MarketCase, *, watched: bool) -> None:
        """Remember a case as long as it is watched, and a while after."""
        forgotten = self._cases.put(case.key, case, over=not watched)
        for asset_id in () if forgotten is None else forgotten.assets:
            if self._by_asset.get(asset_id) is forgotten:
                del self._by_asset[asset_id]


def _key(condition_id: ConditionId) -> ConditionId:
    return ConditionId(condition_id.lower())
