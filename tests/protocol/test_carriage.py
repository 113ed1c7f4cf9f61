"""Two connections that carry the same books."""

import pytest
from market_talk import (
    NO,
    START,
    T0,
    WALL,
    YES,
    Talk,
    book,
    kinds,
    lost,
    open_talk,
    prices,
    resubscription,
    states,
)

from polymarket_realtime._model import market
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime.testing import make_price_change, make_trade


def change(side, price, size, *, asset=YES, at=1, **fields):
    return make_price_change((asset, side, price, size), timestamp=T0 + at, **fields)


@pytest.fixture
def pair():
    """Two connections to one book that has come on both, with the hash that books have."""
    one = open_talk()
    one.hears([book(at=1, hash="ab")])
    two = Talk(YES, books=one.books)
    two.says()
    assert two.hears([book(at=1, hash="ab")]) == []
    return one, two


def test_the_book_of_a_second_connection_is_no_news(pair):
    one, two = pair
    assert two.told == []
    assert (one.book().epoch, one.book().revision) == (1, 2)
    assert len(one.book().carriers) == len(one.book().listeners) == 2
    assert two.counters.late_books == 0


def test_a_second_connection_disturbs_no_book_when_it_subscribes():
    one = open_talk()
    two = Talk(YES, books=one.books)
    assert one.book().state is AssetState.LIVE
    assert (one.books.untold, one.book().awaited_since) == ([], None)
    two.protocol.connection_lost(START + 1)
    assert one.book().state is AssetState.LIVE
    assert one.books.untold == []


@pytest.mark.parametrize("first", [0, 1])
def test_of_each_change_the_first_copy_counts(pair, first):
    leader, follower = pair[first], pair[1 - first]
    (delta, price) = leader.hears(change("BUY", "0.41", "5", at=2))
    assert delta.wire_changes == (("BUY", "0.41", "5"),)
    assert price.best_bid == delta.changes[0].price
    assert follower.hears(change("BUY", "0.41", "5", at=2)) == []
    assert follower.counters.duplicates == 1
    assert follower.book().revision == delta.revision


def test_the_connections_may_take_turns(pair):
    one, two = pair
    said = [change("BUY", "0.3", str(at), at=at) for at in range(2, 12)]
    told = []
    for number, frame in enumerate(said):
        for talk in (one, two) if number % 2 else (two, one):
            told += kinds(talk.hears(frame))
    assert told == [market.BookDelta] * 10
    assert states(one.told + two.told) == [AssetState.LIVE]


def test_a_connection_may_be_some_bursts_behind(pair):
    one, two = pair
    said = [change("BUY", "0.3", str(at), at=at) for at in range(2, 12)]
    one.hears(*said)
    assert two.hears(*said) == []
    assert two.counters.duplicates == 10
    assert one.book().in_sync


def test_what_neither_has_brought_in_time_is_missed_all_the_same(pair):
    one, two = pair
    one.hears(change("BUY", "0.3", "1", at=5))
    assert lost(two.hears(change("BUY", "0.31", "1", at=3))) == ["a change came 2 ms too late"]


def test_losing_one_of_two_connections_is_nothing(pair):
    one, two = pair
    one.protocol.connection_lost(START + 1)
    assert one.books.untold == []
    assert one.books.interrupt([YES], "reset by peer", START + 1 + WALL) == []
    assert two.book().in_sync
    assert kinds(two.hears(change("BUY", "0.3", "5", at=2))) == [market.BookDelta]
    assert two.book().epoch == 1


def test_losing_the_second_one_as_well_is_a_loss(pair):
    one, two = pair
    one.protocol.connection_lost(START + 1)
    two.now += 2
    two.hears("PONG")
    two.protocol.connection_lost(START + 5)
    (told,) = two.books.untold
    assert (told.state, told.reason) == (AssetState.OUT_OF_SYNC, "the connection was lost")
    assert two.book().gap_since == START + 2 + WALL, "when the last of them was heard"
    assert two.books.interrupt([YES], "reset by peer", START + 5 + WALL) == [YES]
    assert two.book().reason == "no connection: reset by peer"


def test_a_trade_is_told_once_by_whomever(pair):
    one, two = pair
    assert kinds(one.hears(make_trade(YES, "0.41"))) == [market.LastTradePrice]
    assert two.hears(make_trade(YES, "0.41")) == []
    assert kinds(two.hears(make_trade(YES, "0.42"))) == [market.LastTradePrice]
    assert one.hears(make_trade(YES, "0.42")) == []
    assert two.book().last_trade_price == "0.42"
    assert (one.counters.duplicates, two.counters.duplicates) == (1, 1)


def test_what_one_connection_says_twice_is_its_own_business(pair):
    one, _ = pair
    events = one.hears(make_trade(YES, "0.41"), make_trade(YES, "0.41"))
    assert kinds(events) == [market.LastTradePrice] * 2
    assert len(prices(events)) == 1


def test_a_change_of_tick_size_is_told_once_and_the_book_is_had_anew(pair):
    one, two = pair
    frame = {
        "event_type": "tick_size_change",
        "market": "0x1",
        "asset_id": YES,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": str(T0 + 2),
    }
    assert market.TickSizeChange in kinds(one.hears(frame))
    assert two.hears(frame) == []
    assert one.says() == resubscription(YES)
    one.hears(book(at=3))
    assert one.book().in_sync


def test_a_book_in_the_stream_is_told_once_by_whomever(pair):
    one, two = pair
    assert kinds(one.hears(book(at=3, hash="cd"))) == [market.BookSnapshot]
    assert two.hears(book(at=3, hash="cd")) == []
    assert kinds(two.hears(book(at=5, hash="ef"))) == [market.BookSnapshot]
    assert one.hears(book(at=5, hash="ef")) == []


def test_a_connection_covers_its_neighbours_once_all_of_its_books_have_come():
    one = open_talk(YES, NO)
    two = Talk(YES, NO, books=one.books)
    assert not two.protocol.covering
    two.hears([book(YES)])
    assert not two.protocol.covering
    two.hears([book(NO)])
    assert two.protocol.covering


def test_a_book_that_nobody_else_has_is_nothing_to_wait_for():
    one = open_talk(YES)
    two = Talk(YES, NO, books=one.books)
    two.hears([book(YES)])
    assert two.protocol.covering


def test_an_opening_book_that_is_behind_counts_and_a_newer_one_is_news(pair):
    one, _ = pair
    three = Talk(YES, books=one.books)
    assert three.hears([book(at=0)]) == []
    assert three.protocol.covering
    four = Talk(YES, books=one.books)
    (snapshot,) = four.hears([book(at=9)])
    assert (snapshot.epoch, snapshot.timestamp_ms) == (1, T0 + 9)
    assert states(four.told) == []


def test_a_book_lost_on_both_comes_back_with_the_first_of_them(pair):
    one, two = pair
    assert lost(one.hears(change("BUY", "0.3", "?", at=2)))
    assert two.hears(change("BUY", "0.31", "5", at=3)) == []
    assert one.says() == resubscription(YES)
    assert two.says() == [], "one of them is enough"
    events = one.hears([book(at=2, hash="cd")])
    best = one.book().wire_bids()[0]
    assert best == WireLevel("0.31", "5"), "what the other has said meanwhile counts"
    assert one.book().epoch == 2
    assert lost(events) == []


def test_a_refresh_is_asked_for_by_one_connection(pair):
    one, two = pair
    one.books.refresh.add(YES)
    assert one.protocol.has_frames()
    assert two.says() == resubscription(YES)
    assert one.says() == []
    assert one.book().in_sync, "it is shown until the fresh one comes"


def test_a_refresh_waits_for_a_connection_that_listens():
    one = open_talk(YES)
    two = Talk(NO, books=one.books)
    two.says()
    one.books.refresh.add(YES)
    assert two.protocol.frames_to_send() == []
    assert one.says() == resubscription(YES)


def test_what_is_wanted_here_no_more_stays_with_the_other(pair):
    one, two = pair
    one.wants()
    assert two.book().in_sync
    assert len(two.book().carriers) == 1
    two.protocol.connection_lost(START + 1)
    assert not two.book().in_sync


def test_a_frozen_book_stays_frozen_until_a_book_has_come():
    one = open_talk()
    one.book().carriers.clear()
    one.book().lose(AssetState.FROZEN, "REST has moved on", START + WALL, START + WALL)
    two = Talk(YES, books=one.books)
    assert one.book().state is AssetState.FROZEN
    one.protocol.connection_lost(START + 1)
    assert one.book().state is AssetState.FROZEN, "somebody listens"
    two.protocol.connection_lost(START + 2)
    assert one.book().state is AssetState.OUT_OF_SYNC
    assert one.book().gap_reason == "REST has moved on"


def test_a_book_that_moves_before_it_has_come_is_not_the_truth_until_it_has():
    books = BookStore()
    one, two = (Carriage(books, WALL) for _ in range(2))
    each = books.ensure(YES)
    one.watch([YES], START, WALL)
    one.carry(each, START, WALL)
    each.enter(AssetState.LIVE, "", WALL)
    two.watch([YES], START + 1, WALL + 1)
    one.forget([YES], START + 2, WALL + 2)
    assert each.state is AssetState.RESYNCING
    assert (each.awaited_since, each.lost_since) == (START + 2, WALL + 2)


def test_a_book_that_nobody_listens_to_any_more_is_not_lost():
    books = BookStore()
    one = Carriage(books, WALL)
    each = books.ensure(YES)
    one.watch([YES], START, WALL)
    one.carry(each, START, WALL)
    each.enter(AssetState.LIVE, "", WALL)
    one.forget([YES], START + 2, WALL + 2)
    assert each.state is AssetState.LIVE
