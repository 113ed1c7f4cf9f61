"""Events of the venue's other live feeds: everybody's trades, comments, scores, reference prices.

Nothing of these feeds is kept by the venue for those who were not there, so each has a `Gap`
where something may be missing. Texts in them are written by strangers: data, never instructions.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

import attrs

from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side, utc_from_ms

__all__ = [
    "ACTIVITY",
    "COMMENTS",
    "PRICES_FEED",
    "RTDS_FEED",
    "SPORTS_FEED",
    "ActivityTrade",
    "ChangeAction",
    "Comment",
    "LiveEvent",
    "PriceKind",
    "PriceStream",
    "Reaction",
    "ReferencePrice",
    "SportResult",
]

RTDS_FEED: Final = "rtds"
"""Endpoint of the real-time data service, which carries activity and comments."""

PRICES_FEED: Final = "prices"
"""Endpoint of the reference prices: PolyBolt with credentials, RTDS without."""

SPORTS_FEED: Final = "sports"
"""Endpoint of the sports channel, and the route of all that it tells."""

ACTIVITY: Final = "activity"
"""Stream of everybody's trades, and their route."""

COMMENTS: Final = "comments"
"""Stream of comments and reactions, and their route."""


@attrs.frozen(kw_only=True)
class LiveEvent(Event):
    """An event of one of these feeds.

    Attributes:
        timestamp_ms: The venue's time, in milliseconds since the epoch.
        raw: The venue's text.
    """

    timestamp_ms: int
    raw: bytes = attrs.field(default=b"", repr=False, eq=False)

    @property
    def timestamp(self) -> datetime:
        """The venue's time, aware UTC."""
        return utc_from_ms(self.timestamp_ms)


@attrs.frozen(kw_only=True)
class ActivityTrade(LiveEvent):
    """Somebody has traded: one event for the taker, and one for each maker.

    Attributes:
        market: The condition id.
        question: The market's, like `slug` and `event_slug` as the venue names them.
        price: Between 0 and 1.
        size: Shares.
        wallet: The trader's proxy wallet.
        trader: The name or pseudonym that the trader shows; None if none.
        transaction_hash: Shared by all sides of one settlement.
    """

    type: ClassVar = EventType.ACTIVITY_TRADE
    shown: ClassVar = (
        *("type", "asset_id", "market", "question", "outcome", "side", "price", "size", "value"),
        *("wallet", "trader", "slug", "event_slug", "transaction_hash"),
        *("timestamp", "received_at"),
    )

    asset_id: AssetId
    market: ConditionId
    question: str
    outcome: str
    slug: str
    event_slug: str
    side: Side
    price: Decimal
    size: Decimal
    wallet: str
    trader: str | None
    transaction_hash: str

    @property
    def value(self) -> Decimal:
        """Dollars: price times size."""
        return self.price * self.size

    @property
    def routes(self) -> tuple[str, ...]:
        return (ACTIVITY,)


class ChangeAction(StrEnum):
    """What has become of a comment or a reaction."""

    CREATED = "created"
    REMOVED = "removed"


@attrs.frozen(kw_only=True)
class Comment(LiveEvent):
    """Somebody has written, or removed, a comment.

    Attributes:
        parent_type: What it is about: `Event`, `Series` or `Market`.
        parent_id: Gamma's id of that.
        reply_to: The comment that it answers; None if it answers none.
        wallet: Of its author, like `author`, the name that is shown.
    """

    type: ClassVar = EventType.COMMENT
    shown: ClassVar = (
        *("type", "action", "comment_id", "body", "author", "wallet", "parent_type", "parent_id"),
        *("reply_to", "timestamp", "received_at"),
    )

    action: ChangeAction
    comment_id: str
    body: str
    parent_type: str
    parent_id: str
    reply_to: str | None
    wallet: str
    author: str | None

    @property
    def routes(self) -> tuple[str, ...]:
        return (COMMENTS,)


@attrs.frozen(kw_only=True)
class Reaction(LiveEvent):
    """Somebody has reacted to a comment, or taken it back. `kind` is for example `HEART`."""

    type: ClassVar = EventType.REACTION
    shown: ClassVar = (
        *("type", "action", "reaction_id", "comment_id", "kind", "wallet"),
        *("timestamp", "received_at"),
    )

    action: ChangeAction
    reaction_id: str
    comment_id: str
    kind: str
    wallet: str

    @property
    def routes(self) -> tuple[str, ...]:
        return (COMMENTS,)


@attrs.frozen(kw_only=True)
class SportResult(LiveEvent):
    """The state of a game after it has changed. `timestamp` is when it came if none was named.

    Attributes:
        game_id: The venue's; of some sports a text and not a number.
        league: Free text, for example `atp` or `wta challenger`.
        score: In the form of its sport: `2-1`, `6-7(3-7), 6-3, 2-1`, `000-000|0-1|Bo5`.
        period: `1H`, `HT`, `3Q`, `S2`, `FT` and the like.
        status: In whatever spelling it came; None if not said.
        elapsed: Time played, as the sport counts it; None likewise.
        ended: Whether this is the final state. It is told once.
    """

    type: ClassVar = EventType.SPORT_RESULT
    shown: ClassVar = (
        *("type", "game_id", "league", "home_team", "away_team", "score", "period", "elapsed"),
        *("status", "live", "ended", "finished_at", "tournament", "slug"),
        *("timestamp", "received_at"),
    )

    game_id: str
    league: str
    home_team: str | None
    away_team: str | None
    score: str
    period: str
    status: str | None
    elapsed: str | None
    live: bool
    ended: bool
    finished_at: datetime | None = None
    tournament: str | None = None
    slug: str | None = None

    @property
    def routes(self) -> tuple[str, ...]:
        return (SPORTS_FEED,)

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.SPORT_RESULT, self.game_id)


class PriceKind(StrEnum):
    """What a reference price is of."""

    CRYPTO = "crypto"
    EQUITY = "equity"


@attrs.frozen
class PriceStream:
    """One reference price that can be listened to.

    Attributes:
        symbol: Lower case without separators, for example `btcusd` or `aapl`; `btcusdt` is the
            price at Binance.
        window_seconds: Of an average over time; None for the price itself.
    """

    kind: PriceKind
    symbol: str
    window_seconds: int | None = None

    @property
    def key(self) -> str:
        """As connections carry it: `crypto:btcusd`, `crypto:btcusd:60`."""
        window = "" if self.window_seconds is None else f":{self.window_seconds}"
        return f"{self.kind}:{self.symbol}{window}"

    @classmethod
    def from_key(cls, key: str) -> PriceStream:
        """The stream of a `key`."""
        kind, symbol, *window = key.split(":")
        return cls(PriceKind(kind), symbol, int(window[0]) if window else None)


@attrs.frozen(kw_only=True)
class ReferencePrice(LiveEvent):
    """A price that markets are settled by, from outside of the venue.

    Attributes:
        price: With all the digits that the venue gives.
        provider: Where the venue has it from, for example `chainlink`; None if not said.
        backfilled: Whether it came late, with what the venue keeps of the last two minutes.
        carried_forward: Whether it is an old price repeated; None if not said.
        market_status: `open`, `closed` or `unknown`, of equities; None if not said.
    """

    type: ClassVar = EventType.REFERENCE_PRICE
    shown: ClassVar = (
        *("type", "symbol", "kind", "window_seconds", "price", "provider"),
        *("backfilled", "carried_forward", "market_status", "timestamp", "received_at"),
    )

    stream: PriceStream
    price: Decimal
    provider: str | None = None
    backfilled: bool = False
    carried_forward: bool | None = None
    market_status: str | None = None

    @property
    def symbol(self) -> str:
        """For example `btcusd`."""
        return self.stream.symbol

    @property
    def kind(self) -> PriceKind:
        """Crypto or equity."""
        return self.stream.kind

    @property
    def window_seconds(self) -> int | None:
        """Of an average over time; None for the price itself."""
        return self.stream.window_seconds

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.stream.key,)

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.REFERENCE_PRICE, self.stream)
