from decimal import Decimal
from itertools import pairwise

import pytest
from market_talk import (
    NO,
    OTHER,
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

from polymarket_realtime._model import feed, lifecycle, market
from polymarket_realtime._model.market import PriceSource
from polymarket_realtime._model.trust import AssetState, Proof
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime.testing import make_price_change, make_trade


def change(side, price, size, *, asset=YES, at=1, **fields):
    """One changed level, stamped `at` milliseconds after the snapshot."""
    return make_price_change((asset, side, price, size), timestamp=T0 + at, **fields)


# Epochs and revisions


def test_the_first_snapshot_begins_the_first_epoch():
    talk = Talk(YES)
    snapshot, price = talk.hears([book(tick_size="0.01", hash="ab")])
    assert isinstance(snapshot, market.BookSnapshot)
    assert (snapshot.epoch, snapshot.revision) == (1, 1)
    assert snapshot.bids[0] == (Decimal("0.40"), Decimal(100))
    assert (snapshot.tick_size, snapshot.hash) == (Decimal("0.01"), "ab")
    assert snapshot.received == START + WALL
    assert isinstance(price, market.PriceChangeEvent)
    assert (snapshot.state, price.state) == (AssetState.LIVE, AssetState.LIVE)
    assert talk.book().in_sync
    *before, live = talk.told
    assert before == [snapshot, price], "that it is the truth is told after what it is"
    assert (live.state, live.before) == (AssetState.LIVE, AssetState.CONNECTING)
    assert (live.reason, live.since) == ("", START + WALL)


def test_each_change_is_a_new_revision_of_the_same_epoch():
    talk = open_talk()
    talk.now += 3
    events = talk.hears(change("BUY", "0.30", "5"), change("BUY", "0.31", "5", at=2))
    assert {event.received for event in events} == {talk.book().received} == {START + 3 + WALL}
    assert [(event.epoch, event.revision) for event in events] == [(1, 2), (1, 3)]
    assert kinds(events) == [market.BookDelta] * 2


def test_a_snapshot_in_the_stream_is_a_new_revision_of_the_same_epoch():
    talk = open_talk()
    (snapshot,) = talk.hears(book(at=9))
    assert (snapshot.epoch, snapshot.revision) == (1, 2)
    assert talk.book().timestamp_ms == T0 + 9


def test_the_tick_size_of_the_opening_book_outlives_snapshots_that_leave_it_out():
    talk = Talk(YES)
    talk.hears([book(tick_size="0.01")], book(at=5))
    assert talk.book().tick_size == "0.01"


def test_a_delta_tells_what_changed_and_the_venues_word_on_it():
    talk = open_talk()
    (delta,) = talk.hears(change("SELL", "0.47", "9", best_bid="0.40", best_ask="0.45", hash="cd"))
    assert delta.wire_changes == (("SELL", "0.47", "9"),)
    assert (delta.best_bid, delta.best_ask) == (Decimal("0.40"), Decimal("0.45"))
    assert delta.hash == talk.book().hash == "cd"
    assert delta.timestamp_ms == talk.book().timestamp_ms == T0 + 1
    assert b'"0.47"' in delta.raw


def test_the_entries_of_one_frame_for_one_asset_are_one_delta():
    talk = open_talk()
    frame = make_price_change((YES, "BUY", "0.38", "1"), (YES, "SELL", "0.47", "2"))
    (delta,) = talk.hears(frame)
    assert delta.wire_changes == (("BUY", "0.38", "1"), ("SELL", "0.47", "2"))


def test_mirrored_entries_of_two_wanted_assets_change_both_books():
    talk = open_talk(YES, NO)
    frame = make_price_change((YES, "BUY", "0.38", "1"), (NO, "SELL", "0.62", "1"))
    events = talk.hears(frame)
    assert [event.asset_id for event in events] == [YES, NO]
    assert talk.counters.unwanted_changes == 0


def test_mirrored_entries_of_assets_that_nobody_wants_are_skipped_and_counted():
    talk = open_talk(YES)
    frame = make_price_change((NO, "SELL", "0.62", "1"), (YES, "BUY", "0.38", "1"))
    (delta,) = talk.hears(frame)
    assert delta.asset_id == YES
    assert talk.counters.unwanted_changes == 1
    assert talk.books.get(NO) is None


# What is not applied


def test_a_change_older_than_the_snapshot_is_dropped():
    talk = open_talk()
    assert talk.hears(change("BUY", "0.41", "5", at=-1)) == []
    assert talk.book().best_bid == WireLevel("0.40", "100")
    assert talk.counters.late_changes == 1
    assert talk.book().in_sync


def test_a_change_stamped_like_the_snapshot_is_applied():
    talk = open_talk()
    talk.hears(change("BUY", "0.41", "5", at=0))
    assert talk.book().best_bid == WireLevel("0.41", "5")


def test_a_change_before_the_snapshot_is_not_applied_until_it_has_come():
    talk = Talk(YES)
    assert talk.hears(change("BUY", "0.41", "5"), change("BUY", "0.42", "5", at=-1)) == []
    assert talk.book().best_bid is None
    assert talk.counters.early_changes == 2
    snapshot, price = talk.hears([book()])
    assert talk.book().best_bid == WireLevel("0.41", "5"), "the one that the snapshot has not"
    assert snapshot.bids[0].price == price.best_bid == Decimal("0.41")
    assert snapshot.timestamp_ms == T0 + 1
    assert talk.counters.replayed == 1


def test_a_change_while_out_of_sync_is_not_applied_until_the_book_is_back():
    talk = open_talk()
    talk.hears(change("BUY", "0.30", "x"))
    assert talk.hears(change("BUY", "0.41", "5", at=3), change("BUY", "0.42", "5", at=1)) == []
    assert talk.counters.early_changes == 2
    assert talk.book().best_bid == WireLevel("0.40", "100")
    talk.hears([book(at=2)])
    assert (talk.book().best_bid, talk.book().timestamp_ms) == (WireLevel("0.41", "5"), T0 + 3)


def test_a_copy_of_a_change_that_was_replayed_is_one():
    talk = Talk(YES)
    talk.hears(change("BUY", "0.41", "5"), [book()])
    assert talk.hears(change("BUY", "0.41", "5")) == []
    assert (talk.counters.duplicates, talk.counters.replayed) == (1, 1)


def test_what_came_before_a_loss_is_not_replayed_after_it():
    talk = open_talk()
    talk.hears(change("BUY", "0.41", "5"), change("BUY", "0.30", "x", at=2))
    talk.hears([book(at=1)])
    assert talk.book().best_bid == WireLevel("0.40", "100"), "the snapshot has its own word on it"
    assert talk.counters.replayed == 0


def test_a_change_said_twice_is_counted_and_gives_one_event():
    talk = open_talk(YES, NO)
    entries = [(YES, "BUY", "0.40", "0"), (NO, "SELL", "0.45", "7")]
    first = talk.hears(make_price_change(*entries))
    revisions = [talk.book(asset).revision for asset in (YES, NO)]
    assert talk.hears(make_price_change(*reversed(entries))) == []
    assert len(kinds(first)) == 2
    assert talk.counters.duplicates == 2
    assert [talk.book(asset).revision for asset in (YES, NO)] == revisions


def test_a_snapshot_of_an_asset_that_nobody_wants_is_left_alone():
    talk = open_talk(YES)
    assert talk.hears(book(OTHER)) == []
    assert talk.books.get(OTHER) is None


# Bursts: frames that share a timestamp


def test_a_book_may_be_crossed_in_the_middle_of_a_burst():
    talk = open_talk()
    middle = talk.hears(change("BUY", "0.45", "9", best_bid="0.45", best_ask="0.46"))
    assert talk.book().is_crossed
    end = talk.hears(change("SELL", "0.45", "0", best_bid="0.45", best_ask="0.46"))
    assert kinds(middle) == kinds(end) == [market.BookDelta]
    assert talk.book().in_sync
    assert talk.waits(30) == ([], [])


def test_a_book_may_disagree_with_the_venue_in_the_middle_of_a_burst():
    talk = open_talk()
    assert lost(talk.hears(change("BUY", "0.40", "0", best_bid="0.38", best_ask="0.45"))) == []
    assert lost(talk.hears(change("BUY", "0.39", "0", best_bid="0.38", best_ask="0.45"))) == []
    events = talk.hears(change("BUY", "0.38", "1", best_bid="0.38", best_ask="0.45"))
    assert lost(events) == []
    assert talk.book().in_sync
    assert talk.waits(30) == ([], [])


def test_no_price_is_told_in_the_middle_of_a_burst_and_one_at_its_end():
    talk = open_talk()
    assert prices(talk.hears(change("BUY", "0.45", "9"))) == []
    assert prices(talk.hears(make_trade(YES, "0.45"))) == []
    (price,) = prices(talk.hears(change("SELL", "0.45", "0")))
    assert (price.best_bid, price.best_ask) == (Decimal("0.45"), Decimal("0.46"))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (change("BUY", "0.45", "9"), "the book is crossed"),
        (change("BUY", "0.46", "9"), "the book is crossed"),
        (change("BUY", "0.30", "9", best_bid="0.41"), "its top is not the venue's"),
        (change("BUY", "0.30", "9", best_ask="0.44"), "its top is not the venue's"),
        (change("BUY", "0.40", "0", best_bid=""), "its top is not the venue's"),
        (change("SELL", "0.99", "1", best_ask="1"), "its top is not the venue's"),
    ],
)
def test_what_is_still_wrong_when_the_next_timestamp_comes_is_a_loss_of_sync(frame, reason):
    talk = open_talk()
    assert lost(talk.hears(frame)) == []
    events = talk.hears(change("SELL", "0.99", "5", at=2))
    assert kinds(events) == [feed.StateChanged], "the late change is not applied to a wrong book"
    assert lost(events) == [reason]
    assert not talk.book().in_sync
    assert talk.says() == resubscription(YES)
    assert talk.protocol.next_deadline() == START, "that it was asked for is to be told"
    assert talk.passes(0) == []
    assert talk.told[-1].state is AssetState.RESYNCING
    assert talk.told[-1].reason == f"its book has been asked for: {reason}"
    assert talk.protocol.next_deadline() == START + 5, "the doubt is over, the snapshot is awaited"


def test_what_is_still_wrong_after_a_second_of_silence_is_a_loss_of_sync():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    assert talk.protocol.next_deadline() == START + 1.0
    assert talk.passes(0.5) == []
    assert lost(talk.passes(0.5)) == ["the book is crossed"]
    assert talk.says() == resubscription(YES)


def test_a_burst_that_goes_on_gets_no_second_second():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    talk.now += 0.9
    talk.hears(change("BUY", "0.30", "9"))
    assert talk.protocol.next_deadline() == START + 1.0


def test_a_snapshot_ends_the_doubt_of_a_burst():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    assert lost(talk.hears(book(at=1))) == []
    assert talk.waits(9) == ([], [])
    assert talk.book().in_sync


def test_a_venue_that_does_not_name_the_top_is_believed_unless_the_book_is_crossed():
    talk = open_talk()
    talk.hears(change("BUY", "0.41", "1"), change("SELL", "0.44", "1", at=2))
    assert talk.waits(30) == ([], [])


@pytest.mark.parametrize(
    "top", [{"best_bid": "0", "best_ask": "1"}, {"best_bid": "", "best_ask": ""}]
)
def test_a_book_that_is_emptied_at_settlement_stays_the_truth(top):
    talk = Talk(YES)
    talk.hears([book(bids=[("0.4", "1")], asks=[("0.6", "1")])])
    frame = make_price_change((YES, "BUY", "0.4", "0"), (YES, "SELL", "0.6", "0"), **top)
    assert lost(talk.hears(frame)) == []
    assert talk.waits(4) == ([], [])
    assert talk.book().best_bid is None


def test_a_snapshot_that_is_crossed_tells_no_price_and_is_doubted():
    talk = Talk(YES)
    events = talk.hears([book(bids=[("0.5", "1")], asks=[("0.5", "1")])])
    assert prices(events) == []
    talk.says()
    assert lost(talk.passes(1)) == ["the book is crossed"]
    assert talk.says() == resubscription(YES)


# Losing sync and coming back


def test_a_lost_book_comes_back_with_its_snapshot_and_a_new_epoch():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    talk.passes(1)
    assert talk.counters.resyncs == 1
    talk.now += 0.25
    gap, snapshot, resynced = talk.hears([book(at=5)])
    assert isinstance(gap, feed.Gap)
    assert isinstance(snapshot, market.BookSnapshot)
    assert isinstance(resynced, feed.Resynced)
    assert (gap.asset_ids, gap.reason) == ((YES,), "the book is crossed")
    assert gap.gap_since == START + WALL, "nothing was missing when it changed last"
    assert gap.gap_seconds == 1.25
    assert snapshot.epoch == resynced.epoch == 2
    assert (snapshot.state, resynced.verified_by) == (AssetState.LIVE, Proof.SNAPSHOT)
    assert resynced.gap_seconds == 0.25
    assert talk.counters.gaps == 1
    assert talk.counters.out_of_sync_seconds == 0.25
    assert talk.book().in_sync
    assert states(talk.told) == [AssetState.LIVE, AssetState.OUT_OF_SYNC, AssetState.LIVE]
    assert states(talk.told[-1:]) == [AssetState.LIVE], "after the book"
    (delta,) = talk.hears(change("BUY", "0.30", "5", at=6))
    assert (delta.epoch, delta.revision) == (2, snapshot.revision + 1)


def test_one_lost_book_costs_the_others_nothing():
    talk = open_talk(YES, NO, OTHER)
    assert lost(talk.hears(change("BUY", "0.3", "?", asset=NO))) != []
    assert [talk.book(asset).in_sync for asset in (YES, NO, OTHER)] == [True, False, True]
    assert talk.says() == resubscription(NO)


def test_a_snapshot_that_does_not_come_is_asked_for_at_growing_intervals():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    assert talk.says() == resubscription(YES)
    events, sent = talk.waits(400)
    assert events == []
    asked = [second for second, frame in sent if frame["operation"] == "subscribe"]
    assert asked == [5, 15, 35, 75, 155, 235, 315, 395]


def test_a_lasting_disagreement_is_asked_about_less_and_less_often():
    talk = open_talk()
    asked = []
    for round_ in range(8):
        assert lost(talk.hears(change("BUY", "0.45", "9", at=2 * round_)) + talk.passes(1))
        assert talk.until_it_asks() == resubscription(YES)
        asked.append(talk.now)
        talk.hears([book(at=2 * round_ + 1)])
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[0] > 10
    assert gaps[-1] > 80


def test_a_book_that_was_the_truth_for_a_minute_is_asked_for_at_once_again():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    talk.says()
    talk.hears([book(at=1)])
    talk.waits(61)
    talk.hears(change("BUY", "0.3", "?", at=2))
    assert talk.says() == resubscription(YES)


def test_a_book_that_is_lost_soon_again_waits_before_it_is_asked_for():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    talk.says()
    talk.hears([book(at=1)])
    talk.waits(30)
    assert lost(talk.hears(change("BUY", "0.3", "?", at=2)))
    assert talk.says() == []
    _, sent = talk.waits(10)
    assert [frame for _, frame in sent] == resubscription(YES)


def test_more_bad_news_about_a_lost_book_does_not_put_off_its_recovery():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    talk.says()
    talk.passes(0)
    due = talk.protocol.next_deadline()
    for _ in range(4):
        talk.now += 1
        assert talk.hears(book(bids=[("x", "1")])) == []
    assert talk.protocol.next_deadline() == due
    talk.passes(1)
    assert talk.says() == resubscription(YES)


def test_a_change_of_tick_size_costs_the_book_its_truth_and_is_remembered():
    talk = Talk(YES)
    talk.says()
    talk.hears([book(tick_size="0.01")])
    frame = {
        "event_type": "tick_size_change",
        "market": "0x1",
        "asset_id": YES,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": str(T0 + 1),
    }
    talk.now += 5
    tick, out_of_sync = talk.hears(frame)
    assert isinstance(tick, market.TickSizeChange)
    assert (tick.old_tick_size, tick.new_tick_size) == (Decimal("0.01"), Decimal("0.001"))
    assert (tick.epoch, tick.revision) == (1, 1)
    assert out_of_sync.reason == "the tick size changed from 0.01 to 0.001"
    assert talk.says() == resubscription(YES)
    talk.now += 2
    gap, snapshot, *_ = talk.hears(book(at=2))
    assert (gap.gap_seconds, gap.reason) == (2.0, out_of_sync.reason)
    assert snapshot.epoch == 2
    assert snapshot.tick_size == Decimal("0.001"), "a snapshot of the stream does not name it"


def test_a_token_without_a_book_stays_connecting_and_is_asked_for_at_growing_intervals():
    talk = Talk(YES)
    talk.says()
    assert talk.hears("[]\n") == []
    _, sent = talk.waits(50)
    assert talk.told == [], "whether there is such a book is for others to find out"
    assert talk.book().state is AssetState.CONNECTING
    assert talk.book().awaited_since == START
    asked = [second for second, frame in sent if frame["operation"] == "subscribe"]
    assert asked == [5, 10, 20, 40]


def test_a_book_that_came_late_was_never_lost():
    talk = Talk(YES)
    talk.waits(7)
    snapshot, price = talk.hears([book()])
    assert (snapshot.epoch, price.epoch) == (1, 1)
    assert talk.book().awaited_since is None
    assert states(talk.told) == [AssetState.LIVE]


def test_a_book_that_came_after_no_connection_could_be_had_is_resynced_without_a_gap():
    books = BookStore()
    assert books.interrupt([YES], "refused", START + WALL) == [YES]
    talk = Talk(YES, books=books, now=START + 2)
    snapshot, _price, resynced = talk.hears([book()])
    assert (snapshot.epoch, resynced.epoch) == (1, 1)
    assert resynced.gap_seconds == 2.0


# The end of a market, of a connection, of an interest


RESOLVED = {
    "event_type": "market_resolved",
    "market": "0x1",
    "assets_ids": [YES, NO],
    "winning_asset_id": NO,
    "winning_outcome": "No",
    "tags": ["5M", "Crypto"],
    "timestamp": str(T0),
}


def test_a_resolved_market_is_told_and_its_books_are_no_longer_the_truth():
    talk = open_talk(YES, OTHER)
    (event,) = talk.hears(RESOLVED)
    assert isinstance(event, lifecycle.MarketResolved)
    assert (event.winning_asset_id, event.winning_outcome) == (NO, "No")
    assert (event.asset_ids, event.tags) == ((YES, NO), ("5M", "Crypto"))
    announced, state = talk.told[-2:]
    assert announced is event
    assert (state.asset_id, state.state) == (YES, AssetState.RESOLVED)
    assert talk.book(YES).reason == state.reason == "the market is settled"
    assert not talk.book(YES).in_sync
    assert talk.book(OTHER).in_sync
    assert talk.books.get(NO) is None


def test_a_resolved_market_is_never_asked_for_again():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    talk.hears(RESOLVED)
    talk.hears(change("BUY", "0.3", "?", at=2), book(bids=[("x", "1")]))
    events, sent = talk.waits(300)
    assert (events, sent) == ([], [])


def test_a_market_resolved_while_its_book_is_being_asked_for_is_not_asked_for():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    talk.hears(RESOLVED)
    assert talk.says() == []


def test_a_lost_connection_takes_the_truth_from_all_its_books():
    talk = open_talk(YES, NO)
    talk.books.ensure(OTHER).enter(AssetState.LIVE, "", WALL)
    talk.now += 5
    talk.protocol.connection_lost(talk.now)
    for asset in (YES, NO):
        assert talk.book(asset).state is AssetState.OUT_OF_SYNC
        assert talk.book(asset).reason == "the connection was lost"
        assert talk.book(asset).lost_since == talk.now + WALL
        assert talk.book(asset).gap_since == START + WALL, "it was heard last then"
    assert {event.asset_id for event in talk.books.untold} == {YES, NO}
    assert talk.book(OTHER).in_sync, "it belongs to another connection"


def test_the_next_connection_begins_a_new_epoch_and_tells_the_gap():
    first = open_talk()
    first.protocol.connection_lost(START + 10)
    second = Talk(YES, books=first.books, now=START + 14)
    assert lost(second.hears(change("BUY", "0.41", "1", at=1))) == ["the connection was lost"]
    assert states(second.told) == [AssetState.OUT_OF_SYNC, AssetState.RESYNCING]
    gap, snapshot, resynced = second.hears([book(at=2)])
    assert (gap.reason, gap.gap_seconds) == ("the connection was lost", 14.0)
    assert (snapshot.epoch, snapshot.revision) == (2, 2)
    assert resynced.gap_seconds == 4.0
    assert states(second.told[-1:]) == [AssetState.LIVE]


def test_books_that_come_back_together_have_one_gap():
    first = open_talk(YES, NO)
    first.protocol.connection_lost(START + 10)
    second = Talk(YES, NO, books=first.books, now=START + 14)
    second.hears("PONG")
    gap, *others = second.hears([book(asset, at=2) for asset in (NO, YES)])
    assert (gap.asset_ids, gap.gap_seconds) == ((NO, YES), 14.0)
    assert kinds(others) == [market.BookSnapshot, feed.Resynced] * 2
    assert second.counters.gaps == 2


def test_the_first_reason_of_a_loss_outlives_the_connection():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    talk.protocol.connection_lost(START + 10)
    assert talk.book().reason.startswith("a malformed change")
    assert talk.book().lost_since == START + WALL


def test_a_book_on_its_way_is_lost_with_the_connection_but_its_gap_stays_the_same():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    assert talk.says() == resubscription(YES)
    assert talk.book().state is AssetState.RESYNCING
    talk.protocol.connection_lost(START + 10)
    assert talk.book().state is AssetState.OUT_OF_SYNC
    assert talk.book().reason == "the connection was lost"
    assert talk.book().lost_since == talk.book().gap_since == START + WALL
    assert talk.book().gap_reason.startswith("a malformed change")


def test_an_asset_that_nobody_wants_any_more_is_not_asked_for():
    talk = open_talk(YES, NO)
    talk.hears(change("BUY", "0.3", "?"), change("BUY", "0.45", "9", asset=NO))
    assert talk.wants() == [{"operation": "unsubscribe", "assets_ids": [YES, NO]}]
    assert talk.waits(100) == ([], [])


def test_a_book_that_was_left_behind_is_not_the_truth_when_its_asset_is_wanted_again():
    talk = open_talk(YES, NO)
    talk.wants(NO)
    assert talk.book(YES).in_sync, "the store is not the protocol's to clean up"
    talk.now += 3
    talk.wants(YES, NO)
    assert talk.book(YES).state is AssetState.RESYNCING
    gap, snapshot, *_ = talk.hears([book(at=5)])
    assert gap.gap_seconds == 3.0, "it may have changed ever since it was heard last"
    assert snapshot.epoch == 2


def test_a_book_that_was_discarded_while_it_stayed_subscribed_is_had_again():
    talk = open_talk(YES, NO)
    talk.books.retain(frozenset({NO}))
    (trade,) = talk.hears(change("BUY", "0.41", "1"), make_trade(YES, "0.41"))
    assert (trade.epoch, trade.revision) == (0, 0)
    assert talk.books.get(YES) is None, "neither makes a book"
    assert talk.wants(YES, NO) == resubscription(YES)
    assert talk.until_it_asks() == resubscription(YES), "it is awaited like any other"
    snapshot, *_ = talk.hears([book(at=5)])
    assert (snapshot.epoch, talk.book().in_sync) == (2, True)


def test_a_book_discarded_in_the_middle_of_a_burst_leaves_no_deadline_behind():
    talk = open_talk()
    talk.hears(change("BUY", "0.45", "9"))
    talk.books.retain(frozenset({NO}))
    assert talk.passes(1) == []
    assert talk.protocol.next_deadline() > talk.now


# Malformed frames


@pytest.mark.parametrize(
    "frame",
    [
        change("BUY", "0.3", "?"),
        change("BUY", "2", "1"),
        change("HOLD", "0.3", "1"),
        change("BUY", "0.3", "1", best_bid="?"),
        {**change("BUY", "0.3", "1"), "timestamp": "yesterday"},
        {**change("BUY", "0.3", "1"), "market": None},
        book(bids=[("?", "1")]),
        book(tick_size="?"),
        {**book(), "timestamp": ""},
        {**book(), "asks": None},
        {"event_type": "tick_size_change", "asset_id": YES, "market": "0x1"},
    ],
)
def test_a_malformed_frame_costs_the_books_that_it_names_their_truth(frame):
    talk = open_talk(YES, NO)
    events = talk.hears(frame)
    assert kinds(events) == [feed.StateChanged]
    assert lost(events)[0].startswith("a malformed ")
    assert talk.counters.malformed == 1
    assert talk.book(NO).in_sync
    assert talk.says() == resubscription(YES)


def test_a_malformed_snapshot_leaves_the_levels_as_they_were():
    talk = open_talk()
    talk.hears(book(bids=[("0.1", "1"), ("?", "1")]))
    assert talk.book().best_bid == WireLevel("0.40", "100")


def test_a_malformed_frame_that_names_only_others_costs_nothing():
    talk = open_talk()
    assert talk.hears(change("BUY", "?", "1", asset=OTHER)) == []
    assert talk.hears({**book(OTHER), "bids": None}) == []
    assert talk.book().in_sync


@pytest.mark.parametrize(
    "text", ["{", '{"event_type":"price_change","pri', "[{]", {"event_type": "book", "bids": []}]
)
def test_what_cannot_be_read_may_have_been_about_any_book(text):
    talk = open_talk(YES, NO)
    events = talk.hears(text)
    assert [event.asset_id for event in events] == [YES, NO]
    assert talk.says() == resubscription(YES, NO)


@pytest.mark.parametrize(
    "frame",
    [
        {"event_type": "best_bid_ask", "market": "0x1", "asset_id": YES, "timestamp": "?"},
        {**make_trade(YES, "0.4"), "price": "?"},
        {**make_trade(YES, "0.4"), "side": None},
        {"event_type": "new_market", "assets_ids": [YES]},
        {"event_type": "market_resolved", "assets_ids": [YES]},
        [None],
    ],
)
def test_what_no_book_is_made_of_costs_no_book_its_truth(frame):
    talk = open_talk()
    assert talk.hears(frame) == []
    assert talk.counters.malformed == 1
    assert talk.book().in_sync
    assert talk.says() == []


def test_a_malformed_object_harms_no_neighbour_in_its_array():
    talk = Talk(YES, NO)
    events = talk.hears([{**book(NO), "bids": "?"}, book(YES)])
    assert kinds(events) == [market.BookSnapshot]
    assert (talk.book(YES).in_sync, talk.book(NO).in_sync) == (True, False)


# The price that is displayed


def test_the_first_price_is_told_with_the_snapshot_and_has_no_change():
    talk = Talk(YES)
    (price,) = prices(talk.hears([book()]))
    assert (price.price, price.price_source) == (Decimal("0.425"), PriceSource.MIDPOINT)
    assert price.change is None
    assert price.spread == Decimal("0.05")


def test_a_price_is_told_when_the_top_moves_with_its_change():
    talk = open_talk()
    (price,) = prices(talk.hears(change("BUY", "0.41", "1")))
    assert (price.best_bid, price.best_ask) == (Decimal("0.41"), Decimal("0.45"))
    assert (price.price, price.change) == (Decimal("0.43"), Decimal("0.005"))
    assert (price.epoch, price.revision) == (1, 2)


@pytest.mark.parametrize(
    "frame",
    [
        change("BUY", "0.30", "9"),
        change("BUY", "0.39", "0"),
        change("SELL", "0.46", "1"),
        change("BUY", "0.40", "7"),
        book(at=9),
    ],
)
def test_no_price_is_told_when_the_top_stays(frame):
    talk = open_talk()
    assert prices(talk.hears(frame)) == []


def test_a_trade_is_told_and_then_the_price_that_it_makes():
    talk = Talk(YES)
    talk.hears([book(bids=[("0.2", "1")], asks=[("0.8", "1")])])
    talk.now += 2
    trade, price = talk.hears(make_trade(YES, "0.33", size="2.5", side="SELL"))
    assert price.received == talk.book().received == START + 2 + WALL
    assert isinstance(trade, market.LastTradePrice)
    assert (trade.price, trade.size) == (Decimal("0.33"), Decimal("2.5"))
    assert (trade.epoch, trade.revision) == (1, 1)
    assert (price.price, price.price_source) == (Decimal("0.33"), PriceSource.LAST_TRADE)
    assert price.last_trade_price == Decimal("0.33")
    assert price.change == Decimal("-0.17")


def test_a_second_trade_at_the_same_price_is_no_new_price():
    talk = open_talk()
    assert len(prices(talk.hears(make_trade(YES, "0.41"), make_trade(YES, "0.41")))) == 1


def test_a_trade_before_the_book_counts_once_the_book_has_come():
    talk = Talk(YES)
    (trade,) = talk.hears(make_trade(YES, "0.3"))
    assert (trade.epoch, trade.revision) == (0, 0)
    (price,) = prices(talk.hears([book(asks=[])]))
    assert (price.price, price.price_source) == (Decimal("0.3"), PriceSource.LAST_TRADE)


def test_the_last_trade_of_the_opening_book_is_the_markets_and_not_this_tokens():
    talk = Talk(YES)
    (price,) = prices(talk.hears([book(asks=[], last_trade_price="0.893")]))
    assert price.last_trade_price is None
    assert (price.price, price.price_source) == (Decimal("0.40"), PriceSource.ONE_SIDE)


def test_no_price_is_told_of_an_empty_book_that_never_traded():
    talk = Talk(YES)
    assert prices(talk.hears([book(bids=[], asks=[])])) == []


def test_a_trade_of_a_book_out_of_sync_is_told_without_a_price():
    talk = open_talk()
    talk.hears(change("BUY", "0.3", "?"))
    assert kinds(talk.hears(make_trade(YES, "0.9"))) == [market.LastTradePrice]
    assert prices(talk.hears(make_trade(YES, "0.9"))) == []


def test_books_of_two_connections_share_one_store():
    books = BookStore()
    one, two = open_talk(YES, books=books), open_talk(NO, books=books)
    one.protocol.connection_lost(one.now)
    assert (books.get(YES).in_sync, books.get(NO).in_sync) == (False, True)
    assert two.hears(change("BUY", "0.3", "1", asset=NO)) != []
