"""How books come back, and in which order that is told."""

import attrs
import pytest
from market_talk import NO, YES, make_change

from levels_in_words import levels, set_level
from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.feed import Connected, Gap, Resynced, StateChanged
from polymarket_realtime._model.market import BookSnapshot, PriceChangeEvent
from polymarket_realtime._model.trust import AssetState, Doubt, Proof
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.ordering import Order, order_of
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime._protocol.regain import adopt, merge_gaps, put_to_proof, regain, replay
from polymarket_realtime.errors import CodecError

WALL = 1_700_000_000.0
BIDS, ASKS = levels(("0.39", "5"), ("0.4", "1")), levels(("0.6", "2"), ("0.5", "3"))
SHOWN = WitnessBook("0x1", YES, 2_000, "cd", BIDS, ASKS, "5", "0.01", False, "0.450")


@pytest.fixture
def counters():
    return FeedCounters()


@pytest.fixture
def book():
    """One whose first snapshot has just been taken."""
    book = Book(PriceKeys(), asset_id=YES)
    book.replace(BIDS, ASKS)
    book.begin("0x1", 1_000, "ab")
    return book


def types(events):
    return [type(event) for event in events]


def give(book, counters, at=WALL, by=Proof.SNAPSHOT):
    return regain(book, counters, received=at, by=by, raw=b"raw")


def lose(book, at, intact_until=None, reason="crossed"):
    return book.lose(AssetState.OUT_OF_SYNC, reason, at, intact_until or at)


def test_the_first_book_is_told_with_its_price_and_then_that_it_is_the_truth(book, counters):
    snapshot, price, live = give(book, counters)
    assert types([snapshot, price, live]) == [BookSnapshot, PriceChangeEvent, StateChanged]
    assert (snapshot.epoch, snapshot.revision, snapshot.raw) == (1, 1, b"raw")
    assert snapshot.state is price.state is live.state is AssetState.LIVE
    assert (counters.gaps, counters.out_of_sync_seconds) == (0, 0.0)
    assert (book.evidence.verified_by, book.evidence.verified_at) == (Proof.SNAPSHOT, WALL)


def test_a_book_that_comes_back_tells_the_gap_the_book_its_price_and_that_it_is_right(
    book, counters
):
    give(book, counters)
    lose(book, WALL + 10, WALL + 7)
    book.replace(BIDS[:1], ASKS)
    events = give(book, counters, WALL + 12, Proof.REST)
    assert types(events) == [Gap, BookSnapshot, PriceChangeEvent, Resynced, StateChanged]
    gap, snapshot, _, resynced, live = events
    assert (gap.feed, gap.asset_ids, gap.reason) == ("market", (YES,), "crossed")
    assert (gap.gap_since, gap.gap_seconds) == (WALL + 7, 5.0)
    assert snapshot.epoch == resynced.epoch == 2
    assert (resynced.verified_by, resynced.gap_seconds) == (Proof.REST, 2.0)
    assert (live.before, live.state) == (AssetState.OUT_OF_SYNC, AssetState.LIVE)
    assert (counters.gaps, counters.out_of_sync_seconds) == (1, 2.0)


def test_a_gap_is_told_once(book, counters):
    give(book, counters)
    lose(book, WALL + 1)
    give(book, counters, WALL + 2)
    assert types(give(book, counters, WALL + 3)) == [BookSnapshot]
    assert book.epoch == 2


def test_a_snapshot_of_a_book_that_was_right_is_a_new_revision(book, counters):
    give(book, counters)
    (snapshot,) = give(book, counters, WALL + 1)
    assert (snapshot.epoch, snapshot.revision) == (1, 2)


@pytest.mark.parametrize(
    ("state", "doubt"),
    [
        (AssetState.QUIET, None),
        (AssetState.SUSPECT, Doubt.SILENCE),
        (AssetState.SUSPECT, Doubt.HASH),
    ],
)
def test_a_snapshot_ends_quiet_and_doubt_without_a_gap(book, counters, state, doubt):
    give(book, counters)
    book.enter(state, "why", WALL + 1, doubt)
    snapshot, live = give(book, counters, WALL + 2)
    assert (snapshot.epoch, snapshot.state) == (1, AssetState.LIVE)
    assert (live.before, live.state, book.doubt) == (state, AssetState.LIVE, None)


def test_a_snapshot_that_comes_late_leaves_a_late_book_in_doubt(book, counters):
    give(book, counters)
    book.enter(AssetState.SUSPECT, "frames come 6.0 s late", WALL + 1, Doubt.LAG)
    (snapshot,) = give(book, counters, WALL + 2)
    assert snapshot.state is book.state is AssetState.SUSPECT
    assert book.doubt is Doubt.LAG


def test_a_crossed_book_has_no_price(book, counters):
    set_level(book, "BUY", "0.55", "1")
    assert types(give(book, counters)) == [BookSnapshot, StateChanged]


# Replaying


def hold(book, timestamp_ms, price, size, **fields):
    book.backlog.keep(timestamp_ms, (make_change("BUY", price, size, **fields),))


def test_what_came_meanwhile_is_applied_in_the_order_of_its_times(book):
    hold(book, 1_002, "0.41", "0")
    hold(book, 1_001, "0.41", "7")
    hold(book, 999, "0.42", "7")
    hold(book, 1_003, "0.43", "9", hash="ef")
    assert replay(book) == 3
    assert book.wire_bids() == levels(*BIDS, ("0.43", "9"))
    assert (book.timestamp_ms, book.snapshot_ms, book.hash) == (1_003, 1_000, "ef")
    assert len(book.backlog) == 0


def test_with_nothing_to_replay_the_snapshot_stays_as_it_is(book):
    hold(book, 999, "0.42", "7")
    assert replay(book) == 0
    assert (book.timestamp_ms, book.hash) == (1_000, "ab")


def test_copies_of_what_was_replayed_are_known_as_such(book):
    hold(book, 1_001, "0.41", "7")
    hold(book, 1_002, "0.42", "7")
    replay(book)
    assert order_of(book, (make_change("BUY", "0.41", "7"),), 1_001) is Order.COPY
    assert order_of(book, (make_change("BUY", "0.42", "7"),), 1_002) is Order.COPY
    assert order_of(book, (make_change("BUY", "0.43", "7"),), 1_002) is Order.BURST


def test_copies_of_any_frame_of_the_last_burst_that_was_replayed_are_known_as_such(book):
    hold(book, 1_001, "0.41", "7")
    hold(book, 1_001, "0.41", "0")
    replay(book)
    assert order_of(book, (make_change("BUY", "0.41", "7"),), 1_001) is Order.COPY


# A book in doubt


def test_a_book_in_doubt_that_comes_as_it_was_is_no_news(book, counters):
    give(book, counters)
    book.enter(AssetState.SUSPECT, "silent", WALL + 1, Doubt.SILENCE)
    assert put_to_proof(book, BIDS, ASKS, WALL + 9) is None
    assert book.state is AssetState.SUSPECT


def test_a_book_in_doubt_that_comes_otherwise_was_wrong_since_it_was_last_proven(book, counters):
    give(book, counters)
    book.enter(AssetState.SUSPECT, "silent for 60 s", WALL + 60, Doubt.SILENCE)
    told = put_to_proof(book, BIDS, (), WALL + 90)
    assert told.state is AssetState.OUT_OF_SYNC
    assert told.reason == "it was wrong while in doubt: silent for 60 s"
    assert book.gap_since == WALL, "it was proven then"


def test_a_book_in_doubt_that_comes_malformed_stays_in_doubt(book, counters):
    give(book, counters)
    book.enter(AssetState.SUSPECT, "silent", WALL + 1, Doubt.SILENCE)
    with pytest.raises(CodecError):
        put_to_proof(book, levels(("x", "1")), ASKS, WALL + 2)
    assert book.state is AssetState.SUSPECT


# Adopting what the witness shows


def lost_book(book, counters):
    give(book, counters)
    lose(book, WALL + 1)
    return book


def test_a_lost_book_may_be_built_on_what_the_witness_shows_and_on_what_came_since(book, counters):
    lost_book(book, counters)
    listener = object()
    book.listeners.add(listener)
    hold(book, 1_999, "0.42", "9")
    hold(book, 2_001, "0.41", "9")
    events = adopt(book, SHOWN, counters, wall=WALL + 3)
    assert types(events) == [Gap, BookSnapshot, PriceChangeEvent, Resynced, StateChanged]
    assert events[3].verified_by is Proof.REST
    assert book.wire_bids() == levels(*BIDS, ("0.41", "9"))
    assert (book.timestamp_ms, book.snapshot_ms, book.tick_size) == (2_001, 2_000, "0.01")
    assert book.evidence.last_trade == "0.450"
    assert book.evidence.verified_by is Proof.REST
    assert book.carriers == {listener}, "its changes go on from there"
    assert counters.replayed == 1


def test_a_witness_older_than_the_book_was_is_not_believed(book, counters):
    lost_book(book, counters)
    shown = attrs.evolve(SHOWN, timestamp_ms=999)
    assert adopt(book, shown, counters, wall=WALL + 3) == []
    assert not book.in_sync


@pytest.mark.parametrize(
    "wrong",
    [{"bids": levels(("x", "1"))}, {"asks": levels(("0.5", "?"))}, {"tick_size": "small"}],
    ids=str,
)
def test_a_witness_that_cannot_be_read_is_no_help(book, counters, wrong):
    lost_book(book, counters)
    assert adopt(book, attrs.evolve(SHOWN, **wrong), counters, wall=WALL + 3) == []
    assert not book.in_sync
    assert book.epoch == 1


def test_a_witness_that_leaves_out_the_tick_does_not_change_it(book, counters):
    book.set_tick_size("0.001")
    lost_book(book, counters)
    shown = attrs.evolve(SHOWN, tick_size=None, last_trade_price=None)
    assert adopt(book, shown, counters, wall=WALL + 3) != []
    assert book.tick_size == "0.001"
    assert book.evidence.last_trade is None


# Gaps of several books


def gap(*assets, since=1.0, reason="cut", received=5.0, **more):
    return Gap(
        received=received, feed="market", asset_ids=assets, reason=reason, gap_since=since, **more
    )


def test_books_with_the_same_gap_are_told_together_where_the_first_is_told():
    connected = Connected(received=0.0, connection="market#0", asset_ids=(YES, NO), attempt=2)
    merged = merge_gaps([connected, gap(YES), connected, gap(NO, received=6.0), connected])
    assert merged == [connected, gap(YES, NO, received=6.0), connected, connected]


@pytest.mark.parametrize("differs", [{"since": 2.0}, {"reason": "crossed"}], ids=str)
def test_gaps_that_differ_are_told_apart(differs):
    events = [gap(YES), gap(NO, **differs)]
    assert merge_gaps(events) == events


def test_gaps_of_streams_are_left_alone():
    events = [gap(stream="activity"), gap(stream="crypto:btcusd"), gap(YES), gap(NO)]
    assert merge_gaps(events) == [*events[:2], gap(YES, NO)]


def test_without_gaps_nothing_changes():
    assert merge_gaps([]) == []
