from decimal import Decimal

import pytest

from levels_in_words import levels, set_level
from polymarket_realtime._model.trust import AssetState, Doubt, Standing
from polymarket_realtime._model.values import Level, WireLevel, utc_from_seconds
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime.errors import CodecError

CONNECTING, LIVE, QUIET, SUSPECT, _FROZEN, RESYNCING, OUT_OF_SYNC, *_ = AssetState
ASSET = "1" * 77
BIDS = levels(("0.39", "50"), ("0.40", "100"))
ASKS = levels(("0.46", "20"), ("0.45", "80"))


@pytest.fixture
def book():
    book = Book(PriceKeys(), asset_id=ASSET)
    book.replace(BIDS, ASKS)
    return book


def test_a_new_book_is_empty_and_not_the_truth():
    book = Book(PriceKeys(), asset_id=ASSET)
    assert (book.best_bid, book.best_ask, book.is_crossed) == (None, None, False)
    assert not book.in_sync
    assert book.standing == Standing(CONNECTING, 0.0, "its first book has not come yet")
    assert (book.epoch, book.revision) == (0, 0)


def test_a_snapshot_replaces_everything(book):
    book.replace(levels(("0.1", "1")), ())
    assert book.wire_bids() == levels(("0.1", "1"))
    assert book.wire_asks() == ()
    assert (book.best_bid, book.best_ask) == (WireLevel("0.1", "1"), None)


def test_levels_come_back_in_the_order_of_the_wire(book):
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)
    assert (book.best_bid, book.best_ask) == (BIDS[-1], ASKS[-1])


def test_a_snapshot_in_any_order_is_understood():
    book = Book(PriceKeys(), asset_id=ASSET)
    book.replace(reversed(BIDS), reversed(ASKS))
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


def test_levels_of_size_0_in_a_snapshot_are_no_levels(book):
    book.replace(levels(("0.39", "0"), ("0.40", "0.000")), levels(("0.45", "1")))
    assert book.wire_bids() == ()
    assert book.best_bid is None


def test_a_size_is_the_new_total(book):
    assert set_level(book, "BUY", "0.40", "7")
    assert book.best_bid == WireLevel("0.40", "7")


def test_the_same_size_again_changes_nothing(book):
    assert not set_level(book, "BUY", "0.40", "100")
    assert not set_level(book, "SELL", "0.99", "0")


@pytest.mark.parametrize("zero", ["0", "0.0", "0.000", ".0", "00"])
def test_every_way_to_write_0_removes_a_level(book, zero):
    assert set_level(book, "BUY", "0.40", zero)
    assert book.best_bid == WireLevel("0.39", "50")
    assert set_level(book, "BUY", "0.39", zero)
    assert book.best_bid is None


def test_one_price_written_in_two_ways_is_one_level(book):
    set_level(book, "SELL", ".450", "5")
    assert book.wire_asks() == levels(("0.46", "20"), (".450", "5"))
    set_level(book, "SELL", "0.45000", "0")
    assert book.best_ask == WireLevel("0.46", "20")


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
    set_level(book, side, price, "1")
    assert (book.best_bid.price, book.best_ask.price) == (best_bid, best_ask)


@pytest.mark.parametrize(("price", "crossed"), [("0.44", False), ("0.45", True), ("0.5", True)])
def test_a_locked_book_counts_as_crossed(book, price, crossed):
    set_level(book, "BUY", price, "1")
    assert book.is_crossed is crossed


@pytest.mark.parametrize(
    "size", ["", ".", "abc", "-1", "NaN", "Infinity", "1,5", "1.2.3", "1e9", "+1"]
)
@pytest.mark.parametrize("price", ["0.40", "0.41"])
def test_a_size_that_is_none_changes_nothing(book, price, size):
    with pytest.raises(CodecError, match="malformed size frame"):
        set_level(book, "BUY", price, size)
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


@pytest.mark.parametrize("price", ["", "abc", "-0.1", "1.1", "9e999999"])
def test_a_price_that_is_none_changes_nothing(book, price):
    with pytest.raises(CodecError, match="malformed price frame"):
        set_level(book, "SELL", price, "1")
    assert (book.wire_bids(), book.wire_asks()) == (BIDS, ASKS)


@pytest.mark.parametrize("size", ["0.05", ".5", "5.", "007", "00.10", "1000000"])
def test_a_snapshot_keeps_a_size_as_it_is_written(book, size):
    book.replace(levels(("0.1", "1"), ("0.2", size)), levels(("0.3", size)))
    assert (book.best_bid, book.best_ask) == levels(("0.2", size), ("0.3", size))


@pytest.mark.parametrize(
    "bad",
    [
        *[("2", "1"), ("x", "1"), ("0.5", "x"), ("0.5", "-1")],
        *[("0.5", ""), ("0.5", "1 2"), ("0.5", "1.2.3"), ("0.5", "1\n"), ("0.5", "\u0661")],
    ],
)
def test_a_snapshot_with_one_bad_level_leaves_the_book_as_it_was(book, bad):
    for bids, asks in ((levels(("0.1", "1"), bad), ()), ((), levels(bad))):
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
    assert Book(PriceKeys(), asset_id=ASSET).agrees_with(best_bid, best_ask)


def test_no_word_on_the_top_makes_a_crossed_book_possible(book):
    set_level(book, "BUY", "0.45", "1")
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
    view = book.view()
    assert (view.in_sync, view.state) == (False, CONNECTING)
    assert view.reason == "its first book has not come yet"
    book.enter(LIVE, "", 10.0)
    view = book.view()
    assert (view.in_sync, view.state, view.reason) == (True, LIVE, None)
    assert view.state_since == utc_from_seconds(10.0)
    book.enter(SUSPECT, "silent for 60 s", 70.0, Doubt.SILENCE)
    view = book.view()
    assert (view.in_sync, view.state, view.reason) == (True, SUSPECT, "silent for 60 s")


def test_a_snapshot_event_is_the_book_at_its_numbers(book):
    book.begin("0x1", 1234, "ab")
    book.set_tick_size("0.01")
    book.enter(LIVE, "", 4.0)
    book.epoch, book.revision, book.received = 3, 9, 5.0
    snapshot = book.snapshot(b"raw")
    assert (snapshot.wire_bids, snapshot.wire_asks) == (BIDS, ASKS)
    assert (snapshot.epoch, snapshot.revision, snapshot.timestamp_ms) == (3, 9, 1234)
    assert (snapshot.tick_size, snapshot.hash) == (Decimal("0.01"), "ab")
    assert (snapshot.received, snapshot.raw, snapshot.market) == (5.0, b"raw", "0x1")
    assert snapshot.state is LIVE
    set_level(book, "BUY", "0.40", "1")
    assert snapshot.wire_bids == BIDS, "an event is not altered by what comes after it"


def test_a_state_is_news_when_it_changes_and_its_reason_is_kept_all_the_same(book):
    changed = book.enter(LIVE, "", 5.0)
    assert (changed.state, changed.before, changed.received) == (LIVE, CONNECTING, 5.0)
    changed = book.enter(SUSPECT, "silent", 10.0, Doubt.SILENCE)
    assert (changed.state, changed.before, changed.reason) == (SUSPECT, LIVE, "silent")
    assert (changed.asset_id, changed.since, changed.received) == (ASSET, 10.0, 10.0)
    assert book.enter(SUSPECT, "late", 20.0, Doubt.LAG) is None
    assert book.standing == Standing(SUSPECT, 10.0, "late")
    assert book.doubt is Doubt.LAG
    assert book.enter(LIVE, "", 30.0).before is SUSPECT
    assert book.doubt is None


@pytest.mark.parametrize("state", AssetState)
def test_a_book_is_shown_in_three_states(book, state):
    book.enter(state, "", 1.0)
    assert book.in_sync == state.in_sync == (state in {LIVE, QUIET, SUSPECT})


def test_a_book_is_lost_once_and_its_gap_begins_before(book):
    book.enter(LIVE, "", 5.0)
    assert book.lose(OUT_OF_SYNC, "first", 10.0, 8.0).reason == "first"
    assert book.lose(OUT_OF_SYNC, "second", 20.0, 20.0) is None
    assert book.lose(RESYNCING, "third", 30.0, 30.0).before is OUT_OF_SYNC
    assert (book.state, book.reason, book.since) == (RESYNCING, "third", 30.0)
    assert book.lost_since == 10.0
    assert (book.gap_since, book.gap_reason) == (8.0, "first")


def test_a_book_that_was_never_the_truth_is_lost_without_a_gap(book):
    assert book.lose(CONNECTING, "no connection", 10.0, 8.0) is None
    assert (book.lost_since, book.gap_since) == (10.0, None)


def test_no_gap_begins_after_it_was_noticed(book):
    book.enter(LIVE, "", 5.0)
    book.lose(OUT_OF_SYNC, "crossed", 10.0, 12.0)
    assert book.gap_since == 10.0


def test_what_was_held_back_before_a_loss_does_not_count_after_it(book):
    book.backlog.keep(1, [])
    book.lose(RESYNCING, "asked for", 1.0, 1.0)
    assert len(book.backlog) == 1, "it was not the truth anyway"
    book.enter(LIVE, "", 5.0)
    book.lose(OUT_OF_SYNC, "crossed", 10.0, 8.0)
    assert len(book.backlog) == 0


@pytest.mark.parametrize(
    ("price", "off"),
    [("0.41", None), ("0.4100", None), ("0.415", "0.415"), ("1", None), ("0.001", "0.001")],
)
def test_a_new_level_off_the_tick_is_noted(book, price, off):
    book.set_tick_size("0.01")
    set_level(book, "BUY", price, "1")
    assert book.off_tick == off


def test_levels_that_are_there_and_levels_that_go_may_be_off_the_tick(book):
    set_level(book, "BUY", "0.405", "1")
    book.set_tick_size("0.01")
    set_level(book, "BUY", "0.405", "2")
    set_level(book, "BUY", "0.405", "0")
    set_level(book, "BUY", "0.395", "0")
    assert book.off_tick is None


@pytest.mark.parametrize("tick", [None, "", "0"])
def test_a_tick_that_is_not_known_allows_every_price(book, tick):
    book.set_tick_size("0.01")
    book.set_tick_size(tick)
    set_level(book, "BUY", "0.123456", "1")
    assert (book.off_tick, book.tick_size) == (None, tick)


def test_a_tick_that_is_no_price_leaves_the_one_before(book):
    book.set_tick_size("0.01")
    with pytest.raises(CodecError):
        book.set_tick_size("small")
    assert book.tick_size == "0.01"
    set_level(book, "BUY", "0.415", "1")
    assert book.off_tick == "0.415"


@pytest.mark.parametrize(
    ("bids", "asks", "same"),
    [
        (BIDS, ASKS, True),
        (tuple(reversed(BIDS)), ASKS, True),
        (levels(("0.390", "50.0"), (".4", "100")), ASKS, True),
        (levels(*BIDS, ("0.1", "0")), ASKS, True),
        (BIDS[1:], ASKS, False),
        (BIDS, levels(*ASKS, ("0.47", "1")), False),
        (levels(("0.39", "50"), ("0.40", "101")), ASKS, False),
        (levels(("0.38", "50"), ("0.40", "100")), ASKS, False),
        (ASKS, BIDS, False),
    ],
)
def test_levels_are_compared_by_value(book, bids, asks, same):
    assert book.same_as(bids, asks) is same


def test_levels_that_are_none_cannot_be_compared(book):
    with pytest.raises(CodecError):
        book.same_as(levels(("x", "1")), ASKS)
