from decimal import Decimal

import pytest

from polymarket_realtime._model.values import Level
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime.errors import CodecError

ASSET = "1" * 77
BIDS = (("0.39", "50"), ("0.40", "100"))
ASKS = (("0.46", "20"), ("0.45", "80"))


@pytest.fixture
def book():
    book = Book(ASSET, PriceKeys())
    book.replace(BIDS, ASKS)
    return book


def test_a_new_book_is_empty_and_not_the_truth():
    book = Book(ASSET, PriceKeys())
    assert (book.best_bid, book.best_ask, book.is_crossed) == (None, None, False)
    assert not book.in_sync
    assert book.reason == "no snapshot yet"
    assert (book.epoch, book.revision) == (0, 0)


def test_a_snapshot_replaces_everything(book):
    book.replace([("0.1", "1")], [])
    assert book.wire_bids() == (("0.1", "1"),)
    assert book.wire_asks() == ()
    assert (book.best_bid, book.best_ask) == (("0.1", "1"), None)


def test_levels_come_back_in_the_order_of_the_wire(book):
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)
    assert (book.best_bid, book.best_ask) == (("0.40", "100"), ("0.45", "80"))


def test_a_snapshot_in_any_order_is_understood():
    book = Book(ASSET, PriceKeys())
    book.replace(reversed(BIDS), reversed(ASKS))
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


def test_levels_of_size_0_in_a_snapshot_are_no_levels(book):
    book.replace([("0.39", "0"), ("0.40", "0.000")], [("0.45", "1")])
    assert book.wire_bids() == ()
    assert book.best_bid is None


def test_a_size_is_the_new_total(book):
    assert book.set_level("BUY", "0.40", "7")
    assert book.best_bid == ("0.40", "7")


def test_the_same_size_again_changes_nothing(book):
    assert not book.set_level("BUY", "0.40", "100")
    assert not book.set_level("SELL", "0.99", "0")


@pytest.mark.parametrize("zero", ["0", "0.0", "0.000", ".0", "00"])
def test_every_way_to_write_0_removes_a_level(book, zero):
    assert book.set_level("BUY", "0.40", zero)
    assert book.best_bid == ("0.39", "50")
    assert book.set_level("BUY", "0.39", zero)
    assert book.best_bid is None


def test_one_price_written_in_two_ways_is_one_level(book):
    book.set_level("SELL", ".450", "5")
    assert book.wire_asks() == (("0.46", "20"), (".450", "5"))
    book.set_level("SELL", "0.45000", "0")
    assert book.best_ask == ("0.46", "20")


@pytest.mark.parametrize(
    ("side", "price", "best_bid", "best_ask"),
    [
        ("BUY", "0.41", "0.41", "0.45"),
        ("BUY", "0.01", "0.40", "0.45"),
        ("SELL", "0.44", "0.40", "0.44"),
        ("SELL", "0.99", "0.40", "0.45"),
    ],
)
def test_a_new_level_moves_the_top_only_if_it_is_better(book, side, price, best_bid, best_ask):
    book.set_level(side, price, "1")
    assert (book.best_bid[0], book.best_ask[0]) == (best_bid, best_ask)


@pytest.mark.parametrize(("price", "crossed"), [("0.44", False), ("0.45", True), ("0.5", True)])
def test_a_locked_book_counts_as_crossed(book, price, crossed):
    book.set_level("BUY", price, "1")
    assert book.is_crossed is crossed


@pytest.mark.parametrize(
    "size", ["", ".", "abc", "-1", "NaN", "Infinity", "1,5", "1.2.3", "1e9", "+1"]
)
@pytest.mark.parametrize("price", ["0.40", "0.41"])
def test_a_size_that_is_none_changes_nothing(book, price, size):
    with pytest.raises(CodecError, match="malformed size frame"):
        book.set_level("BUY", price, size)
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


@pytest.mark.parametrize("price", ["", "abc", "-0.1", "1.1", "9e999999"])
def test_a_price_that_is_none_changes_nothing(book, price):
    with pytest.raises(CodecError, match="malformed price frame"):
        book.set_level("SELL", price, "1")
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


@pytest.mark.parametrize("size", ["0.05", ".5", "5.", "007", "00.10", "1000000"])
def test_a_snapshot_keeps_a_size_as_it_is_written(book, size):
    book.replace([("0.1", "1"), ("0.2", size)], [("0.3", size)])
    assert (book.best_bid, book.best_ask) == (("0.2", size), ("0.3", size))


@pytest.mark.parametrize(
    "bad",
    [
        *[("2", "1"), ("x", "1"), ("0.5", "x"), ("0.5", "-1")],
        *[("0.5", ""), ("0.5", "1 2"), ("0.5", "1.2.3"), ("0.5", "1\n"), ("0.5", "\u0661")],
    ],
)
def test_a_snapshot_with_one_bad_level_leaves_the_book_as_it_was(book, bad):
    for bids, asks in (([("0.1", "1"), bad], []), ([], [bad])):
        with pytest.raises(CodecError):
            book.replace(bids, asks)
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)
    assert (book.best_bid, book.best_ask) == (BIDS[-1], ASKS[-1])


@pytest.mark.parametrize(
    ("best_bid", "best_ask", "agrees"),
    [
        ("0.40", "0.45", True),
        ("0.4", ".450", True),
        (None, None, True),
        ("0.40", None, True),
        (None, "0.45", True),
        ("0.39", "0.45", False),
        ("0.40", "0.46", False),
        ("", "0.45", False),
        ("0", "0.45", False),
        ("0.40", "", False),
        ("0.40", "1", False),
    ],
)
def test_the_venues_word_on_the_top_is_compared_by_value(book, best_bid, best_ask, agrees):
    assert book.agrees_with(best_bid, best_ask) is agrees


@pytest.mark.parametrize(("best_bid", "best_ask"), [("", ""), ("0", "1"), (None, ""), ("0", None)])
def test_the_venue_writes_an_empty_side_in_several_ways(best_bid, best_ask):
    assert Book(ASSET, PriceKeys()).agrees_with(best_bid, best_ask)


def test_no_word_on_the_top_makes_a_crossed_book_possible(book):
    book.set_level("BUY", "0.45", "1")
    assert not book.agrees_with("0.45", "0.45")
    assert not book.agrees_with(None, None)


@pytest.mark.parametrize("word", ["x", "2", "NaN"])
def test_a_word_on_the_top_that_is_no_price_is_a_codec_error(book, word):
    with pytest.raises(CodecError):
        book.agrees_with(word, None)
    with pytest.raises(CodecError):
        book.agrees_with(None, word)


@pytest.mark.parametrize(("depth", "levels"), [(0, 0), (1, 1), (2, 2), (10, 2), (None, 2)])
def test_a_view_has_the_best_levels_first_and_no_more_than_asked_for(book, depth, levels):
    view = book.view(depth)
    assert view.bids == tuple(Level(Decimal(p), Decimal(s)) for p, s in reversed(BIDS))[:levels]
    assert view.asks == tuple(Level(Decimal(p), Decimal(s)) for p, s in reversed(ASKS))[:levels]


def test_a_view_says_whether_it_can_be_trusted(book):
    assert not book.view().in_sync
    book.reason = None
    assert book.view().in_sync


def test_a_snapshot_event_is_the_book_at_its_numbers(book):
    book.epoch, book.revision, book.timestamp_ms, book.tick_size = 3, 9, 1234, "0.01"
    book.hash, book.received = "ab", 5.0
    snapshot = book.snapshot(b"raw")
    assert (snapshot.wire_bids, snapshot.wire_asks) == (BIDS, ASKS)
    assert (snapshot.epoch, snapshot.revision, snapshot.timestamp_ms) == (3, 9, 1234)
    assert (snapshot.tick_size, snapshot.hash) == (Decimal("0.01"), "ab")
    assert (snapshot.received, snapshot.raw) == (5.0, b"raw")
    book.set_level("BUY", "0.40", "1")
    assert snapshot.wire_bids == BIDS, "an event is not altered by what comes after it"


def test_the_first_reason_for_distrust_is_kept_with_its_time(book):
    book.reason = None
    assert book.mark_out_of_sync("first", 10.0)
    assert not book.mark_out_of_sync("second", 20.0)
    assert (book.reason, book.out_of_sync_since) == ("first", 10.0)
