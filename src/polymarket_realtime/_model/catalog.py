"""What the venue's catalogue knows of a market."""

from __future__ import annotations

import attrs

from polymarket_realtime._model.ids import AssetId, ConditionId

__all__ = ["Market", "Outcome", "ResolvedAsset"]


@attrs.frozen
class Outcome:
    """One outcome of a market, and its token."""

    asset_id: AssetId
    name: str


@attrs.frozen(kw_only=True)
class Market:
    """A question with its outcomes.

    Attributes:
        outcomes: In the venue's order; empty for a market without an order book.
        closed: Whether it has been settled: its books are gone.
    """

    condition_id: ConditionId
    question: str
    slug: str
    outcomes: tuple[Outcome, ...]
    closed: bool = False


@attrs.frozen(kw_only=True)
class ResolvedAsset:
    """What an identifier that somebody passed stands for.

    Everything but `input` and `asset_id` is None if the catalogue could not be asked.
    """

    input: str
    asset_id: AssetId
    condition_id: ConditionId | None = None
    question: str | None = None
    outcome: str | None = None
    slug: str | None = None
    closed: bool | None = None
