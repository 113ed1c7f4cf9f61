"""What an answer of the catalogue, or an announcement, says about a market's settlement."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.lifecycle import (
    MarketResolved,
    ResolutionSource,
    ResolutionStage,
    ResolutionStatus,
)

__all__ = ["complete", "settle", "stage_after", "stage_status"]

_ORACLE: Final = {
    "proposed": ResolutionStage.PROPOSED,
    "disputed": ResolutionStage.DISPUTED,
}
_WITH_THE_ORACLE: Final = frozenset(_ORACLE.values())


def stage_after(before: ResolutionStage, market: Market, wall: float) -> ResolutionStage:
    """How far a market is, given how far it was.

    Args:
        before: The stage so far.
        market: What the catalogue says now.
        wall: The time of that, in seconds since the epoch.
    """
    if market.payouts is not None:
        return ResolutionStage.RESOLVED
    if market.uma_status in _ORACLE:
        return _ORACLE[market.uma_status]
    # The oracle has decided, and the final prices follow: neither is that a step back, nor is
    # the market settled.
    if market.uma_status == "resolved":
        return before if before in _WITH_THE_ORACLE else ResolutionStage.ENDED
    over = market.ends_at is not None and market.ends_at.timestamp() <= wall
    return ResolutionStage.ENDED if market.closed or over else ResolutionStage.OPEN


def stage_status(market: Market, stage: ResolutionStage, wall: float) -> ResolutionStatus:
    """The event that tells a stage; the time is that of the answer."""
    return ResolutionStatus(
        received=wall,
        market=market.condition_id,
        asset_ids=market.asset_ids,
        timestamp_ms=int(wall * 1000),
        stage=stage,
        question=market.question,
        ends_at=market.ends_at,
    )


def settle(market: Market, wall: float) -> MarketResolved:
    """The settlement of a market whose `payouts` are final."""
    assert market.payouts is not None, "the market is not settled"
    moment = wall if market.closed_at is None else market.closed_at.timestamp()
    winner = market.winner
    return MarketResolved(
        received=wall,
        market=market.condition_id,
        asset_ids=market.asset_ids,
        timestamp_ms=round(moment * 1000),
        winning_asset_id=None if winner is None else winner.asset_id,
        winning_outcome=None if winner is None else winner.name,
        payouts=market.payouts,
        source=ResolutionSource.POLL,
        question=market.question,
    )


def complete(event: MarketResolved, market: Market | None) -> MarketResolved:
    """An announcement with what it leaves out and the catalogue knows.

    It names one winner or none. A winner that is no token of the market says nothing about what
    the tokens pay.
    """
    asset_ids = event.asset_ids
    question, outcome = event.question, event.winning_outcome
    if market is not None:
        if len(asset_ids) < len(market.asset_ids):
            asset_ids = market.asset_ids
        question = question or market.question
        names = {each.asset_id: each.name for each in market.outcomes}
        if event.winning_asset_id is not None:
            outcome = outcome or names.get(event.winning_asset_id)
    payouts = event.payouts
    if not payouts and event.winning_asset_id in asset_ids:
        payouts = tuple(Decimal(each == event.winning_asset_id) for each in asset_ids)
    return attrs.evolve(
        event,
        asset_ids=asset_ids,
        question=question,
        winning_asset_id=event.winning_asset_id or None,
        winning_outcome=outcome or None,
        payouts=payouts,
    )
