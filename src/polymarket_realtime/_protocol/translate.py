"""The venue's words as this package's events, one to one.

Snapshots and prices are not here: they come from `regain` and `display_price`, which keep their
state. Every function raises `CodecError` if a number or a time is none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from polymarket_realtime._codec import frames as wire
from polymarket_realtime._model import lifecycle
from polymarket_realtime._model import market as model
from polymarket_realtime._model.events import EventType, UnknownEvent
from polymarket_realtime._model.fresh import maker_of
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.values import WireChange, decimal
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import Place
from polymarket_realtime.errors import CodecError

__all__ = [
    "PUBLIC_NAMES",
    "Receipt",
    "best_bid_ask",
    "book_delta",
    "is_unix_time",
    "last_trade_price",
    "market_created",
    "market_resolved",
    "milliseconds",
    "tick_size_change",
    "unknown_event",
]

PUBLIC_NAMES: Final[dict[type, str]] = {
    wire.BookFrame: EventType.AGG_ORDERBOOK,
    wire.PriceChangeFrame: EventType.PRICE_CHANGE,
    wire.LastTradePriceFrame: EventType.LAST_TRADE_PRICE,
    wire.TickSizeChangeFrame: EventType.TICK_SIZE_CHANGE,
    wire.BestBidAskFrame: EventType.BEST_BID_ASK,
    wire.NewMarketFrame: EventType.MARKET_CREATED,
    wire.MarketResolvedFrame: EventType.MARKET_RESOLVED,
    wire.UnknownFrame: EventType.UNKNOWN,
}
"""What the venue's kinds of events are called here."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """How a frame came. Made for each, hence no class of attrs: that takes eight times as long.

    Attributes:
        raw: Its own text.
        now: When, on the protocol's clock.
        received: When, in seconds since the epoch.
    """

    raw: bytes
    now: float
    received: float


_make_delta: Final = maker_of(model.BookDelta)


def book_delta(
    book: Book, applied: tuple[WireChange, ...], last: wire.PriceChange, receipt: Receipt
) -> model.BookDelta:
    """Changes that were just applied to a book, which gets its next revision."""
    book.revision += 1
    book.received = received = receipt.received
    book.hash = last.hash
    return _make_delta(
        received,
        book.about,
        book.asset_id,
        book.market,
        book.timestamp_ms,
        book.epoch,
        book.revision,
        book.state,
        receipt.raw,
        last.hash,
        applied,
        last.best_bid,
        last.best_ask,
    )


def last_trade_price(
    frame: wire.LastTradePriceFrame, receipt: Receipt, place: Place
) -> model.LastTradePrice:
    """A trade."""
    return model.LastTradePrice(
        **_head(frame, receipt, place),
        price=_number(frame.price),
        size=_number(frame.size),
        side=frame.side,
        fee_rate_bps=_optional_number(frame.fee_rate_bps),
        transaction_hash=frame.transaction_hash or None,
    )


def best_bid_ask(frame: wire.BestBidAskFrame, receipt: Receipt, place: Place) -> model.BestBidAsk:
    """A hint."""
    return model.BestBidAsk(
        **_head(frame, receipt, place),
        best_bid=_optional_number(frame.best_bid),
        best_ask=_optional_number(frame.best_ask),
        spread=_optional_number(frame.spread),
    )


def tick_size_change(
    frame: wire.TickSizeChangeFrame, receipt: Receipt, place: Place
) -> model.TickSizeChange:
    """A new smallest price step."""
    return model.TickSizeChange(
        **_head(frame, receipt, place),
        old_tick_size=_number(frame.old_tick_size),
        new_tick_size=_number(frame.new_tick_size),
    )


def market_created(frame: wire.NewMarketFrame, receipt: Receipt) -> lifecycle.MarketCreated:
    """An announcement."""
    event = frame.event_message or {}
    return lifecycle.MarketCreated(
        received=receipt.received,
        raw=receipt.raw,
        market=ConditionId(frame.market.lower()),
        asset_ids=frame.assets_ids,
        timestamp_ms=milliseconds(frame.timestamp),
        outcomes=tuple(map(plain_text, frame.outcomes)),
        question=plain_text(frame.question),
        slug=plain_text(frame.slug),
        label=plain_text(frame.group_item_title),
        event_slug=_text_or_none(event.get("slug")),
        event_title=_text_or_none(event.get("title")),
        tick_size=_optional_number(frame.order_price_min_tick_size),
        tags=tuple(map(plain_text, frame.tags or ())),
        active=frame.active,
    )


def market_resolved(frame: wire.MarketResolvedFrame, receipt: Receipt) -> lifecycle.MarketResolved:
    """A settlement."""
    return lifecycle.MarketResolved(
        received=receipt.received,
        raw=receipt.raw,
        market=ConditionId(frame.market.lower()),
        asset_ids=frame.assets_ids,
        timestamp_ms=milliseconds(frame.timestamp),
        winning_asset_id=frame.winning_asset_id,
        winning_outcome=plain_text(frame.winning_outcome),
        tags=tuple(map(plain_text, frame.tags or ())),
    )


def _text_or_none(value: object) -> str | None:
    return plain_text(value) if isinstance(value, str) else None


def unknown_event(frame: wire.UnknownFrame, receipt: Receipt) -> UnknownEvent:
    """Anything else, as it came."""
    asset_id = frame.fields.get("asset_id")
    return UnknownEvent(
        received=receipt.received,
        raw=receipt.raw,
        event_type=frame.event_type,
        asset_id=AssetId(asset_id) if isinstance(asset_id, str) else None,
        fields=frame.fields,
    )


def milliseconds(text: str) -> int:
    """The venue's time, a string of digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIME):
        raise CodecError("known", f"timestamp {text[:40]!r} is not milliseconds")
    return int(text)


def is_unix_time(text: str) -> bool:
    """Whether this is a count of seconds or milliseconds since the epoch."""
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIME


_LONGEST_TIME = 14
"""Digits of the milliseconds of the year 5138."""


def _head(frame: Any, receipt: Receipt, place: Place) -> dict[str, Any]:
    """What every event of one asset has."""
    return {
        "received": receipt.received,
        "raw": receipt.raw,
        "asset_id": frame.asset_id,
        "market": frame.market,
        "timestamp_ms": milliseconds(frame.timestamp),
        "epoch": place.epoch,
        "revision": place.revision,
        "about": place.about,
        "state": place.state,
    }


def _number(text: str) -> Decimal:
    try:
        number = decimal(text)
    except ArithmeticError:
        raise CodecError("known", f"{text[:40]!r} is not a number") from None
    if not number.is_finite():
        raise CodecError("known", f"{text[:40]!r} is not a number")
    return number


def _optional_number(text: str | None) -> Decimal | None:
    return _number(text) if text else None
