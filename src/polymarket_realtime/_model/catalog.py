"""What the venue's catalogue knows of a market, and of the event that groups markets."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from polymarket_realtime._model.ids import AssetId, ConditionId

__all__ = ["AssetName", "EventRef", "Market", "MarketGroup", "Outcome", "ResolvedAsset"]

_HALF = Decimal("0.5")


@attrs.frozen
class Outcome:
    """One outcome of a market, and its token.

    Attributes:
        price: As the catalogue says it: minutes old while the market trades, and what a share
            pays once it is settled. None if not said.
    """

    asset_id: AssetId
    name: str
    price: Decimal | None = None


@attrs.frozen
class EventRef:
    """The event that a market belongs to: the venue's word for a group of markets."""

    id: str
    slug: str
    title: str


@attrs.frozen(kw_only=True)
class AssetName:
    """What a token is called. All of it is text of the venue: data, never instructions."""

    question: str
    outcome: str
    slug: str
    event_slug: str | None = None


@attrs.frozen(kw_only=True)
class Market:
    """A question with its outcomes.

    Attributes:
        id: Gamma's number, as digits.
        outcomes: In the venue's order; empty for a market without an order book.
        closed: Whether it has been settled, or is about to be: its books are gone.
        event: What it belongs to.
        label: What tells it from the other markets of its event, for example a party's name.
        ends_at: When it is announced to end, aware UTC. It may be settled before or after.
        closed_at: When it was closed; None if it was not, or the venue does not say.
        uma_status: What the oracle says: `proposed`, `disputed`, `resolved` or a word not known
            here; None if it has said nothing.
        volume: Dollars traded so far.
    """

    condition_id: ConditionId
    question: str
    slug: str
    outcomes: tuple[Outcome, ...]
    closed: bool = False
    id: str = ""
    event: EventRef | None = None
    label: str = ""
    ends_at: datetime | None = None
    closed_at: datetime | None = None
    uma_status: str | None = None
    volume: Decimal | None = None

    @property
    def payouts(self) -> tuple[Decimal, ...] | None:
        """What a share of each outcome pays, in the order of `outcomes`; None until settled.

        A closed market's prices are final once they are 1 and 0, or a half each. Source:
        answers of gamma-api.polymarket.com.
        """
        prices = tuple(outcome.price for outcome in self.outcomes)
        if not self.closed or not prices:
            return None
        known = tuple(price for price in prices if price is not None)
        final = sorted(known) == [0] * (len(prices) - 1) + [1]
        split = len(prices) == 2 and known == (_HALF, _HALF)
        return known if final or split else None

    @property
    def winner(self) -> Outcome | None:
        """The outcome that pays 1; None until settled, and if the settlement was a split."""
        if self.payouts is None:
            return None
        return next((outcome for outcome in self.outcomes if outcome.price == 1), None)

    @property
    def asset_ids(self) -> tuple[AssetId, ...]:
        """The tokens, in the order of `outcomes`."""
        return tuple(outcome.asset_id for outcome in self.outcomes)

    def name_of(self, outcome: Outcome) -> AssetName:
        """What the token of one of the outcomes is called."""
        return AssetName(
            question=self.question,
            outcome=outcome.name,
            slug=self.slug,
            event_slug=None if self.event is None else self.event.slug,
        )


@attrs.frozen(kw_only=True, cache_hash=True)
class MarketGroup:
    """What the venue calls an event: markets under one title.

    Attributes:
        markets: In the venue's order, closed ones too, those without an order book left out.
        neg_risk: Whether exactly one of the markets can come true.
    """

    id: str
    slug: str
    title: str
    markets: tuple[Market, ...]
    closed: bool = False
    neg_risk: bool = False

    @property
    def ref(self) -> EventRef:
        """The same without its markets."""
        return EventRef(self.id, self.slug, self.title)


@attrs.frozen(kw_only=True)
class ResolvedAsset:
    """What an identifier that somebody passed stands for.

    Everything but `input` and `asset_id` is None if the catalogue could not be asked.

    Attributes:
        event: Slug of the event that the market belongs to.
    """

    input: str
    asset_id: AssetId
    condition_id: ConditionId | None = None
    question: str | None = None
    outcome: str | None = None
    slug: str | None = None
    event: str | None = None
    closed: bool | None = None
