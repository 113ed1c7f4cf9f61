"""Markets as the catalogue answers them, and announcements of the market channel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from polymarket_realtime._model.catalog import Market, MarketGroup, Outcome
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.values import utc_from_seconds

WALL = 1_790_000_000.0
"""Wall time at `now` 0."""

OPEN_PRICES = ("0.4", "0.6")
YES_WINS = ("1", "0")
NO_WINS = ("0", "1")


def yes_of(number: int) -> AssetId:
    return AssetId(f"{number}1")


def no_of(number: int) -> AssetId:
    return AssetId(f"{number}2")


def condition_of(number: int) -> ConditionId:
    return ConditionId(f"0xc{number:063x}")


def make_market(
    number: int = 7,
    *,
    ends: float | None = None,
    closed_at: float | None = None,
    prices: tuple[str, ...] = OPEN_PRICES,
    **fields: Any,
) -> Market:
    """`ends` and `closed_at` are seconds after `WALL`."""
    assets = (yes_of(number), no_of(number))
    return Market(
        condition_id=condition_of(number),
        question=f"Question {number}?",
        slug=f"question-{number}",
        outcomes=tuple(
            Outcome(asset, name, Decimal(price))
            for asset, name, price in zip(assets, ("Yes", "No"), prices, strict=True)
        ),
        ends_at=None if ends is None else utc_from_seconds(WALL + ends),
        closed_at=None if closed_at is None else utc_from_seconds(WALL + closed_at),
        **fields,
    )


def make_settled(number: int = 7, prices: tuple[str, ...] = YES_WINS, **fields: Any) -> Market:
    return make_market(number, prices=prices, closed=True, **fields)


def make_group(*markets: Market, slug: str = "event") -> MarketGroup:
    return MarketGroup(id="1", slug=slug, title="An event", markets=markets)


def make_announcement(number: int = 7, **fields: Any) -> MarketResolved:
    return MarketResolved(
        **{
            "received": WALL,
            "market": condition_of(number),
            "asset_ids": (yes_of(number), no_of(number)),
            "timestamp_ms": int(WALL * 1000),
            "winning_asset_id": yes_of(number),
            "winning_outcome": "Yes",
        }
        | fields
    )
