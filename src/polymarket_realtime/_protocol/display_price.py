"""What a trader calls the price."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from polymarket_realtime._model.fresh import maker_of
from polymarket_realtime._model.market import PriceChangeEvent, PriceSource
from polymarket_realtime._model.values import decimal, optional_decimal
from polymarket_realtime._protocol.book import Book

__all__ = ["display_price", "next_price"]

_WIDE: Final = Decimal("0.10")
_TWO: Final = Decimal(2)
_make_price: Final = maker_of(PriceChangeEvent)


def display_price(
    best_bid: Decimal | None, best_ask: Decimal | None, last_trade: Decimal | None
) -> tuple[Decimal, PriceSource] | None:
    """The price by the venue's display rule, and which part of the rule gave it.

    The midpoint, or the last trade when the spread is above 0.10 (docs.polymarket.com, "How
    are prices calculated"). With one side empty there is no spread: the last trade, or else
    the best price of the other side. None if there is nothing at all to go by.
    """
    if best_bid is not None and best_ask is not None:
        if best_ask - best_bid > _WIDE and last_trade is not None:
            return last_trade, PriceSource.LAST_TRADE
        return (best_bid + best_ask) / _TWO, PriceSource.MIDPOINT
    if last_trade is not None:
        return last_trade, PriceSource.LAST_TRADE
    one_side = best_bid if best_ask is None else best_ask
    return None if one_side is None else (one_side, PriceSource.ONE_SIDE)


def next_price(
    book: Book, timestamp_ms: int, received: float, raw: bytes
) -> PriceChangeEvent | None:
    """The event to tell if best bid, best ask or last trade of `book` has moved, else None.

    Remembers on the book what it told.
    """
    book.moved = False
    quoted = (book.best_bid_key, book.best_ask_key, book.last_trade_price)
    if quoted == book.quoted:
        return None
    best_bid = None if book.best_bid is None else decimal(book.best_bid.price)
    best_ask = None if book.best_ask is None else decimal(book.best_ask.price)
    last_trade = optional_decimal(book.last_trade_price)
    displayed = display_price(best_bid, best_ask, last_trade)
    if displayed is None:
        return None
    price, source = displayed
    before = book.price
    book.quoted = quoted
    book.price = event = _make_price(
        received,
        book.about,
        book.asset_id,
        book.market,
        timestamp_ms,
        book.epoch,
        book.revision,
        book.state,
        raw,
        price,
        source,
        best_bid,
        best_ask,
        last_trade,
        None if before is None else price - before.price,
    )
    return event
