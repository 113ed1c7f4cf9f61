"""Events of the market channel.

Prices and sizes are exact `Decimal`, times aware UTC. `raw` is the venue's own text for the
frame that caused the event, with every field that this package does not know.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId, ConditionId, hash_or_none
from polymarket_realtime._model.trust import AssetState, Standing
from polymarket_realtime._model.values import (
    Level,
    LevelChange,
    PriceSource,
    Side,
    WireChange,
    WireLevel,
    best_first,
    claimed_decimal,
    decimal,
    optional_decimal,
    utc_from_ms,
)

__all__ = [
    "BestBidAsk",
    "BookDelta",
    "BookEvent",
    "BookSnapshot",
    "LastTradePrice",
    "MarketEvent",
    "OrderbookUpdate",
    "PriceChangeEvent",
    "PriceSource",
    "TickSizeChange",
]

_MARKET_HEAD = ("type", "asset_id", "market", "question", "outcome")
_MARKET_TAIL = ("state", "timestamp", "received_at", "epoch", "revision")


@attrs.frozen(kw_only=True)
class MarketEvent(NamedEvent):
    """An event about one asset.

    Attributes:
        asset_id, market: The outcome token, and its condition id.
        timestamp_ms: The venue's time, in milliseconds since the epoch.
        epoch: Number of the run of gapless book updates that it belongs to; a new one begins
            after a reconnect, a loss of sync or a tick size change.
        revision: Sequence number of the asset's book when the event was made.
        state: What may be believed of the asset, when the event was made or, of a price or a
            view of a book, when it was read. Act on nothing but `LIVE`.
        raw: The venue's text.
    """

    asset_id: AssetId
    market: ConditionId
    timestamp_ms: int
    epoch: int
    revision: int
    state: AssetState = AssetState.LIVE
    raw: bytes = attrs.field(default=b"", repr=False, eq=False)

    @property
    def timestamp(self) -> datetime:
        """The venue's time, aware UTC."""
        return utc_from_ms(self.timestamp_ms)

    @property
    def outcome(self) -> str | None:
        """The outcome that the token pays for."""
        return None if self.about is None else self.about.outcome

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.asset_id,)


@attrs.frozen(kw_only=True)
class BookEvent(MarketEvent):
    """What the levels of one book are, or what has changed of them."""

    wire_hash: str | None = attrs.field(default=None, repr=False)

    @property
    def hash(self) -> str | None:
        """The venue's hash of the whole book; None if what it has sent can be none."""
        return hash_or_none(self.wire_hash)

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.BOOK_SNAPSHOT, self.asset_id)


@attrs.frozen(kw_only=True)
class BookSnapshot(BookEvent):
    """A whole book. `timestamp` is its last change and may be old."""

    type: ClassVar = EventType.BOOK_SNAPSHOT
    shown: ClassVar = (*_MARKET_HEAD, "bids", "asks", "tick_size", "hash", *_MARKET_TAIL)

    wire_bids: tuple[WireLevel, ...] = attrs.field(repr=False)
    wire_asks: tuple[WireLevel, ...] = attrs.field(repr=False)
    wire_tick_size: str | None = None

    @property
    def bids(self) -> tuple[Level, ...]:
        """Buy levels, best (highest) first."""
        return best_first(self.wire_bids)

    @property
    def asks(self) -> tuple[Level, ...]:
        """Sell levels, best (lowest) first."""
        return best_first(self.wire_asks)

    @property
    def tick_size(self) -> Decimal | None:
        """Smallest price step, where the venue said it."""
        return optional_decimal(self.wire_tick_size)


@attrs.frozen(kw_only=True)
class BookDelta(BookEvent):
    """Changed levels of one book."""

    type: ClassVar = EventType.BOOK_DELTA
    shown: ClassVar = (*_MARKET_HEAD, "changes", "best_bid", "best_ask", "hash", *_MARKET_TAIL)

    wire_changes: tuple[WireChange, ...]
    wire_best_bid: str | None = None
    wire_best_ask: str | None = None

    @property
    def changes(self) -> tuple[LevelChange, ...]:
        """The new total size of each level that changed."""
        return tuple(LevelChange(Side(b), decimal(p), decimal(s)) for b, p, s in self.wire_changes)

    @property
    def best_bid(self) -> Decimal | None:
        """The venue's own word on the best bid after the change."""
        return claimed_decimal(self.wire_best_bid)

    @property
    def best_ask(self) -> Decimal | None:
        """The venue's own word on the best ask after the change."""
        return claimed_decimal(self.wire_best_ask)


@attrs.frozen(kw_only=True)
class OrderbookUpdate(MarketEvent):
    """A view of a book: the best levels of each side, best first."""

    type: ClassVar = EventType.AGG_ORDERBOOK
    shown: ClassVar = (
        *_MARKET_HEAD,
        *("bids", "asks", "best_bid", "best_ask", "spread", "tick_size"),
        *("state_since", "reason"),
        *_MARKET_TAIL,
    )

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    tick_size: Decimal | None = None
    standing: Standing | None = attrs.field(default=None, repr=False, eq=False)
    """The state with its reason, when the view was made."""

    @property
    def in_sync(self) -> bool:
        """Whether these levels are shown as the truth; of others the next snapshot is awaited."""
        return self.state.in_sync

    @property
    def state_since(self) -> datetime | None:
        """When the state began, aware UTC."""
        return None if self.standing is None else self.standing.since_at

    @property
    def reason(self) -> str | None:
        """Why it is in this state; None if there is nothing to explain."""
        return (self.standing.reason or None) if self.standing is not None else None

    @property
    def best_bid(self) -> Decimal | None:
        """Highest buy price, or None if nobody buys."""
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Decimal | None:
        """Lowest sell price, or None if nobody sells."""
        return self.asks[0].price if self.asks else None

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None if a side is empty."""
        return self.asks[0].price - self.bids[0].price if self.bids and self.asks else None

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.AGG_ORDERBOOK, self.asset_id)


@attrs.frozen(kw_only=True)
class PriceChangeEvent(MarketEvent):
    """Best bid, best ask or last trade has moved.

    Attributes:
        price: What the venue displays: the midpoint, or the last trade when the spread is
            above 0.10 (docs.polymarket.com, "How are prices calculated").
        price_source: Which of these it is.
        last_trade_price: The last trade of this token since we listen, or None.
        change: `price` minus the price before it; None for the first.
    """

    type: ClassVar = EventType.PRICE_CHANGE
    shown: ClassVar = (
        *_MARKET_HEAD,
        *("price", "price_source", "best_bid", "best_ask", "spread", "last_trade_price", "change"),
        *_MARKET_TAIL,
    )

    price: Decimal
    price_source: PriceSource = PriceSource.MIDPOINT
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last_trade_price: Decimal | None = None
    change: Decimal | None = None

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None if a side is empty."""
        if self.best_bid is None or self.best_ask is None:
            return None
        return self.best_ask - self.best_bid

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.PRICE_CHANGE, self.asset_id)


@attrs.frozen(kw_only=True)
class LastTradePrice(MarketEvent):
    """A trade. One is announced per settlement transaction, at the touched level's price.

    Attributes:
        side: The taker's side.
        fee_rate_bps: As sent; the venue has only ever been seen to send 0.
        transaction_hash: Polygon transaction, where the venue names it.
    """

    type: ClassVar = EventType.LAST_TRADE_PRICE
    shown: ClassVar = (
        *_MARKET_HEAD,
        *("price", "size", "side", "fee_rate_bps", "transaction_hash"),
        *_MARKET_TAIL,
    )

    price: Decimal
    size: Decimal
    side: Side
    fee_rate_bps: Decimal | None = None
    transaction_hash: str | None = None


@attrs.frozen(kw_only=True)
class TickSizeChange(MarketEvent):
    """The smallest price step has changed; a new book follows."""

    type: ClassVar = EventType.TICK_SIZE_CHANGE
    shown: ClassVar = (*_MARKET_HEAD, "old_tick_size", "new_tick_size", *_MARKET_TAIL)

    old_tick_size: Decimal
    new_tick_size: Decimal


@attrs.frozen(kw_only=True)
class BestBidAsk(MarketEvent):
    """The venue's hint about the top of a book. Not guaranteed to be sent: never the book."""

    type: ClassVar = EventType.BEST_BID_ASK
    shown: ClassVar = (*_MARKET_HEAD, "best_bid", "best_ask", "spread", *_MARKET_TAIL)

    best_bid: Decimal | None
    best_ask: Decimal | None
    spread: Decimal | None

    @property
    def conflation_key(self) -> Hashable | None:
        return (EventType.BEST_BID_ASK, self.asset_id)
