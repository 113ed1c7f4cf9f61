"""The markets of the sandbox: what they ask, how they are grouped, which ids they have."""

from __future__ import annotations

import hashlib

import attrs

from .books import ONE, MarketBook, parse_price

DEFAULT_LASTS = 90 * 86_400
"""Seconds from the opening of a market to its announced end."""


@attrs.frozen
class Event:
    """A question with one or more markets, as Polymarket groups them."""

    id: str
    slug: str
    title: str
    neg_risk: bool = False
    tags: tuple[str, ...] = ()

    def message(self) -> dict[str, str]:
        """The short form inside `new_market` and `market_resolved` frames."""
        return {
            "id": self.id,
            "ticker": self.slug,
            "slug": self.slug,
            "title": self.title,
            "description": f"A sandbox event: {self.title}",
        }


@attrs.define(eq=False)
class Market:
    """One market and its book.

    Attributes:
        anchor: The price of outcome 0, in ten-thousandths, that the order flow drifts towards.
        weight: How often the order flow picks this market, relative to the others.
        volume: Shares traded so far, in millionths.
        opened: Milliseconds since the epoch.
        lasts: Seconds from then to the announced end.
        winner: Index of the winning outcome once resolved; None if the payout was split.
        closed: When it was resolved, in milliseconds since the epoch.
        uma: What the oracle has said so far: `proposed` and `disputed`.
    """

    id: str
    condition_id: str
    token_ids: tuple[str, str]
    question: str
    slug: str
    outcomes: tuple[str, str]
    event: Event
    group_item_title: str
    book: MarketBook
    anchor: int
    weight: float
    opened: int
    lasts: int
    volume: int = 0
    winner: int | None = None
    closed: int | None = None
    uma: list[str] = attrs.field(factory=list)

    @property
    def live(self) -> bool:
        """Whether the market still trades."""
        return self.closed is None


@attrs.frozen
class Listing:
    """What is known of a market before it opens; `lasts` in seconds."""

    slug: str
    question: str
    price: str
    outcomes: tuple[str, str] = ("Yes", "No")
    tick_size: str = "0.01"
    group_item_title: str = ""
    weight: float = 1.0
    lasts: int = DEFAULT_LASTS


@attrs.frozen
class Group:
    """An event before it opens, with its markets."""

    slug: str
    title: str
    listings: tuple[Listing, ...]
    neg_risk: bool = False
    tags: tuple[str, ...] = ()


SHORT_LIVED = "btc-updown-5m-window-1"
"""Slug of the market that resolves while you watch."""

ANNOUNCED = "btc-updown-5m-window-2"
"""Slug of the market that is created while you watch."""

CLIMBER = "will-an-ai-model-pass-the-graduate-reasoning-benchmark"
"""Slug of the market that climbs above 0.96, where its tick size becomes finer."""


def _window(number: int) -> Listing:
    return Listing(
        f"btc-updown-5m-window-{number}",
        f"Bitcoin Up or Down - 5 Minutes, Window {number}",
        "0.5",
        outcomes=("Up", "Down"),
        weight=2.0,
        lasts=300,
    )


PROGRAMME = (
    Group(
        "government-shutdown-this-quarter",
        "Government shutdown this quarter?",
        (
            Listing(
                "will-the-government-shut-down-this-quarter",
                "Will the government shut down this quarter?",
                "0.42",
            ),
        ),
        tags=("Politics",),
    ),
    Group(
        "ai-benchmarks-this-year",
        "AI benchmarks this year",
        (
            Listing(
                CLIMBER,
                "Will an AI model pass the graduate reasoning benchmark this year?",
                "0.92",
            ),
        ),
        tags=("Tech", "AI"),
    ),
    Group(
        SHORT_LIVED,
        "Bitcoin Up or Down - 5 Minutes, Window 1",
        (_window(1),),
        tags=("Crypto", "Bitcoin", "Recurring", "Up or Down", "5M"),
    ),
    Group(
        "most-seats-in-the-next-general-election",
        "Most seats in the next general election",
        (
            Listing(
                "will-the-progress-party-win-the-most-seats",
                "Will the Progress Party win the most seats in the next general election?",
                "0.47",
                group_item_title="Progress Party",
            ),
            Listing(
                "will-the-liberty-party-win-the-most-seats",
                "Will the Liberty Party win the most seats in the next general election?",
                "0.36",
                group_item_title="Liberty Party",
            ),
            Listing(
                "will-another-party-win-the-most-seats",
                "Will another party win the most seats in the next general election?",
                "0.17",
                group_item_title="Another party",
            ),
        ),
        neg_risk=True,
        tags=("Politics", "Elections"),
    ),
    Group(
        "central-bank-decision",
        "Central bank decision",
        (
            Listing(
                "will-the-central-bank-cut-rates-by-100-bps",
                "Will the central bank cut rates by 100 bps at its next meeting?",
                "0.017",
                tick_size="0.001",
            ),
        ),
        tags=("Economy",),
    ),
    Group(
        "hottest-month-on-record",
        "Hottest month on record?",
        (
            Listing(
                "will-this-be-the-hottest-month-on-record",
                "Will this be the hottest month on record?",
                "0.63",
            ),
        ),
        tags=("Climate",),
    ),
)
"""Open from the start."""

NEXT_WINDOW = _window(2)
"""The market that is created while you watch."""


def open_book(listing: Listing, now_ms: int) -> MarketBook:
    """An empty book with the listing's tick size; ValueError if price or tick are no prices."""
    tick, price = parse_price(listing.tick_size), parse_price(listing.price)
    if ONE % tick or price % tick:
        raise ValueError(f"price {listing.price} is not a multiple of the tick {listing.tick_size}")
    return MarketBook(tick, now_ms)


def token_id(seed: int, slug: str, outcome: int) -> str:
    """A decimal uint256 of 77 or 78 digits that depends on nothing but the arguments."""
    low, high = 10**76, 2**256
    return str(low + int(seeded_hex(seed, f"token {outcome}", slug), 16) % (high - low))


def condition_id(seed: int, slug: str) -> str:
    """`0x` and 64 hexadecimal digits."""
    return "0x" + seeded_hex(seed, "condition", slug)


def transaction_hash(seed: int, number: int) -> str:
    """`0x` and 64 hexadecimal digits for the n-th trade."""
    return "0x" + seeded_hex(seed, "transaction", str(number))


def seeded_hex(seed: int, purpose: str, name: str) -> str:
    """64 hexadecimal digits that depend on nothing but the arguments."""
    return hashlib.sha256(f"{seed}/{purpose}/{name}".encode()).hexdigest()
