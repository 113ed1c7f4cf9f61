"""Events about whole markets and events: announced, ended, settled, and priced together."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import MARKET_FEED, Event, EventType
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import utc_from_ms

__all__ = [
    "EventPrice",
    "EventPrices",
    "MarketCreated",
    "MarketResolved",
    "ResolutionSource",
    "ResolutionStage",
    "ResolutionStatus",
    "event_route",
]


def event_route(slug: str) -> str:
    """The key by which the readers of an event, as the venue groups markets, are found."""
    return f"event:{slug}"


@attrs.frozen(kw_only=True)
class _WholeMarketEvent(Event):
    """An event about a market and all its assets."""

    market: ConditionId
    asset_ids: tuple[AssetId, ...]
    timestamp_ms: int
    raw: bytes = attrs.field(default=b"", repr=False, eq=False)

    @property
    def timestamp(self) -> datetime:
        """The venue's time, aware UTC."""
        return utc_from_ms(self.timestamp_ms)


@attrs.frozen(kw_only=True)
class MarketCreated(_WholeMarketEvent):
    """A market has been announced; the venue tells every listener of every new market.

    Attributes:
        outcomes: Names, in the order of `asset_ids`.
        label: What tells it from the other markets of its event; empty if nothing does.
        active: Whether it can be traded already; None where the venue does not say.
    """

    type: ClassVar = EventType.MARKET_CREATED
    shown: ClassVar = (
        *("type", "market", "asset_ids", "outcomes", "question", "label", "slug", "event_slug"),
        *("event_title", "tick_size", "tags", "active", "timestamp", "received_at"),
    )

    outcomes: tuple[str, ...]
    question: str
    slug: str
    label: str = ""
    event_slug: str | None = None
    event_title: str | None = None
    tick_size: Decimal | None = None
    tags: tuple[str, ...] = ()
    active: bool | None = None

    @property
    def routes(self) -> tuple[str, ...]:
        if self.event_slug is None:
            return (MARKET_FEED,)
        return (MARKET_FEED, event_route(self.event_slug))


class ResolutionSource(StrEnum):
    """How a settlement became known."""

    SOCKET = "socket"
    """The market channel announced it."""
    POLL = "poll"
    """The catalogue was asked: the channel was silent, cut, or not yet there."""


@attrs.frozen(kw_only=True)
class MarketResolved(_WholeMarketEvent):
    """A market has been settled. Told once a market, whether or not the venue announced it.

    Attributes:
        winning_asset_id: The token that pays 1; None if the settlement was a split.
        winning_outcome: Its name; None likewise.
        payouts: What a share of each token pays, in the order of `asset_ids`; empty if an
            announcement names no winner.
        source: How it became known.
        question: The market's; None if only the announcement is known, which may not say it.
    """

    type: ClassVar = EventType.MARKET_RESOLVED
    shown: ClassVar = (
        *("type", "market", "question", "winning_outcome", "winning_asset_id", "payouts"),
        *("source", "resolved_at", "asset_ids", "tags", "received_at"),
    )

    winning_asset_id: AssetId | None
    winning_outcome: str | None
    payouts: tuple[Decimal, ...] = ()
    source: ResolutionSource = ResolutionSource.SOCKET
    question: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def resolved_at(self) -> datetime:
        """When, aware UTC: as announced, or when the catalogue says that the market closed."""
        return self.timestamp

    @property
    def routes(self) -> tuple[str, ...]:
        return self.asset_ids


class ResolutionStage(StrEnum):
    """How far a market is on its way to settlement."""

    OPEN = "open"
    """It trades; its announced end is still to come, or it has none."""
    ENDED = "ended"
    """Its announced end is over, or it is closed, and nothing is known of an outcome."""
    PROPOSED = "proposed"
    """An outcome was proposed to the oracle, and may be disputed."""
    DISPUTED = "disputed"
    """The proposal was disputed: the oracle's voters decide, which takes days."""
    RESOLVED = "resolved"


@attrs.frozen(kw_only=True)
class ResolutionStatus(_WholeMarketEvent):
    """A market has come a stage closer to settlement, or back: a proposal may be disputed.

    Attributes:
        ends_at: When it was announced to end; None if not said.
    """

    type: ClassVar = EventType.RESOLUTION_STATUS
    shown: ClassVar = (
        *("type", "market", "question", "stage", "ends_at", "asset_ids"),
        *("timestamp", "received_at"),
    )

    stage: ResolutionStage
    question: str
    ends_at: datetime | None = None

    @property
    def routes(self) -> tuple[str, ...]:
        return self.asset_ids


@attrs.frozen(kw_only=True)
class EventPrice:
    """One line of `EventPrices`.

    Attributes:
        label: The market's label within its event or, in an event of one market, the outcome.
        price: As the venue displays it; None while its book is not the truth.
    """

    label: str
    asset_id: AssetId
    price: Decimal | None


@attrs.frozen(kw_only=True)
class EventPrices(Event):
    """The prices of all outcomes of an event at one moment. Text in it is the venue's.

    Of an event of several markets, the first outcome ("Yes") of each that is not settled.

    Attributes:
        decided: Whether an outcome that has left was settled as true, or in part.
        total: The sum of the prices, which is near 1 if exactly one outcome can come true; None
            if one of them is not known, and once it is decided.
    """

    type: ClassVar = EventType.EVENT_PRICES
    shown: ClassVar = ("type", "event", "title", "outcomes", "total", "decided", "received_at")

    event: str
    title: str
    outcomes: tuple[EventPrice, ...]
    decided: bool = False

    @property
    def total(self) -> Decimal | None:
        """The sum of the prices."""
        prices = [line.price for line in self.outcomes]
        if self.decided or not prices or None in prices:
            return None
        return sum((price for price in prices if price is not None), Decimal(0))

    @property
    def routes(self) -> tuple[str, ...]:
        return (event_route(self.event),)

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.EVENT_PRICES, self.event)
