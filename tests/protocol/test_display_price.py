from decimal import Decimal

import pytest

from levels_in_words import levels, set_level
from polymarket_realtime._model.market import PriceSource
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.display_price import display_price, next_price
from polymarket_realtime._protocol.price_key import PriceKeys

MIDPOINT, LAST_TRADE, ONE_SIDE = PriceSource


def number(text):
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("bid", "ask", "last", "price", "source"),
    [
        ("0.40", "0.45", None, "0.425", MIDPOINT),
        ("0.40", "0.45", "0.9", "0.425", MIDPOINT),
        ("0.40", "0.50", "0.9", "0.45", MIDPOINT),
        ("0.40", "0.501", "0.9", "0.9", LAST_TRADE),
        ("0.10", "0.90", "0.3", "0.3", LAST_TRADE),
        ("0.10", "0.90", None, "0.5", MIDPOINT),
        ("0.001", "0.002", None, "0.0015", MIDPOINT),
        ("0.40", None, "0.3", "0.3", LAST_TRADE),
        (None, "0.40", "0.3", "0.3", LAST_TRADE),
        (None, None, "0.3", "0.3", LAST_TRADE),
        ("0.40", None, None, "0.40", ONE_SIDE),
        (None, "0.60", None, "0.60", ONE_SIDE),
    ],
)
def test_the_price_is_the_midpoint_or_the_last_trade_when_the_spread_is_above_ten_cents(
    bid, ask, last, price, source
):
    assert display_price(number(bid), number(ask), number(last)) == (Decimal(price), source)


def test_there_is_no_price_without_anything_to_go_by():
    assert display_price(None, None, None) is None


@pytest.fixture
def book():
    book = Book(PriceKeys(), asset_id="1" * 77, epoch=2, revision=5)
    book.replace(levels(("0.40", "1")), levels(("0.44", "1")))
    return book


def tell(book):
    return next_price(book, timestamp_ms=7, received=8.0, raw=b"raw")


def test_a_price_is_told_once(book):
    event = tell(book)
    assert (event.price, event.change) == (Decimal("0.42"), None)
    assert (event.epoch, event.revision) == (2, 5)
    assert (event.timestamp_ms, event.received, event.raw) == (7, 8.0, b"raw")
    assert book.price is event
    assert tell(book) is None


def test_a_price_tells_how_far_it_has_moved(book):
    tell(book)
    set_level(book, "BUY", "0.42", "1")
    assert tell(book).change == Decimal("0.01")
    set_level(book, "BUY", "0.42", "0")
    assert tell(book).change == Decimal("-0.01")


def test_a_top_that_moves_without_moving_the_price_is_told(book):
    tell(book)
    set_level(book, "BUY", "0.41", "1")
    set_level(book, "SELL", "0.43", "1")
    event = tell(book)
    assert (event.change, event.spread) == (0, Decimal("0.02"))


@pytest.mark.parametrize(
    ("side", "price", "size"), [("BUY", "0.40", "9"), ("BUY", "0.3", "1"), ("SELL", "0.9", "1")]
)
def test_sizes_and_deeper_levels_move_no_price(book, side, price, size):
    tell(book)
    set_level(book, side, price, size)
    assert tell(book) is None


def test_the_same_top_written_differently_moves_no_price(book):
    tell(book)
    set_level(book, "BUY", ".400", "5")
    assert tell(book) is None


def test_a_book_that_empties_tells_nothing_until_there_is_a_price_again(book):
    tell(book)
    book.replace([], [])
    assert tell(book) is None
    book.replace(levels(("0.30", "1")), ())
    event = tell(book)
    assert (event.price, event.price_source) == (Decimal("0.30"), ONE_SIDE)
    assert event.change == Decimal("-0.12"), "against the last price that was told"
    assert (event.best_ask, event.spread) == (None, None)
