"""What costs a book its truth, besides a burst that ends in disagreement."""

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
    resubscription,
    states,
)

from polymarket_realtime._model import feed, market
from polymarket_realtime._model.trust import AssetState, Doubt, Verification
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime.testing import make_price_change, make_trade


def change(side, price, size, *, asset=YES, at=1, **fields):
    return make_price_change((asset, side, price, size), timestamp=T0 + at, **fields)


def hint(best_bid="0.40", best_ask="0.45", *, at=1):
    return {
        "event_type": "best_bid_ask",
        "market": "0x1",
        "asset_id": YES,
        "best_bid": best_bid,
        "best_ask": best_ask,
        "spread": "0.05",
        "timestamp": str(T0 + at),
    }


# Changes that come too late


def test_a_change_that_was_overtaken_costs_the_book_its_truth():
    talk = open_talk()
    talk.hears(change("BUY", "0.41", "5", at=10))
    talk.now += 1
    events = talk.hears(change("BUY", "0.42", "5", at=4))
    assert kinds(events) == [feed.StateChanged]
    assert lost(events) == ["a change came 6 ms too late"]
    assert talk.counters.late_changes == 1
    assert talk.book().gap_since == pytest.approx(START + WALL - 0.006)
    assert talk.says() == resubscription(YES)


def test_a_copy_that_comes_late_costs_nothing():
    talk = open_talk()
    frames = [change("BUY", f"0.{price}", "5", at=price) for price in (30, 31, 32)]
    talk.hears(*frames)
    assert talk.hears(frames[0]) == talk.hears(frames[1]) == []
    assert talk.counters.duplicates == 2
    assert talk.counters.late_changes == 0
    assert talk.book().in_sync


def test_a_change_that_is_undone_within_its_burst_is_not_done_again_by_its_copy():
    talk = open_talk()
    placed, cancelled = change("BUY", "0.41", "5"), change("BUY", "0.41", "0")
    talk.hears(placed, cancelled, placed)
    assert talk.book().best_bid == WireLevel("0.40", "100")
    assert talk.counters.duplicates == 1


# Levels off the tick


def test_a_new_level_off_the_tick_costs_the_book_its_truth_and_the_tick():
    talk = Talk(YES)
    talk.hears([book(tick_size="0.01")])
    talk.now += 2
    talk.hears(change("BUY", "0.30", "5"))
    talk.now += 1
    events = talk.hears(change("BUY", "0.305", "5", at=2))
    assert lost(events) == ["a level at 0.305 is off the tick 0.01"]
    assert talk.book().tick_size is None, "nobody knows the new one"
    assert talk.book().gap_since == START + 2 + WALL, "it was right then"
    talk.hears([book(at=3, tick_size="0.005")])
    talk.hears(change("BUY", "0.305", "5", at=4))
    assert (talk.book().in_sync, talk.book().tick_size) == (True, "0.005")


def test_a_level_off_the_tick_may_go():
    talk = Talk(YES)
    talk.hears([book(bids=[("0.401", "1")], tick_size="0.01")])
    assert lost(talk.hears(change("BUY", "0.401", "0"), change("BUY", "0.402", "0", at=2))) == []


def test_without_a_tick_every_level_is_allowed():
    talk = open_talk()
    assert lost(talk.hears(change("BUY", "0.30001", "5"))) == []


# Hints


@pytest.mark.parametrize("top", [("0.41", "0.45"), ("0.40", "0.44"), ("0.40", "")])
def test_a_hint_that_never_comes_true_costs_the_book_its_truth(top):
    talk = open_talk()
    (told,) = talk.hears(hint(*top, at=50))
    assert isinstance(told, market.BestBidAsk)
    assert talk.passes(1.9) == []
    events = talk.passes(0.1)
    assert lost(events) == ["a change of its best prices was announced and never came"]
    assert talk.book().gap_since == START + WALL
    assert talk.says() == resubscription(YES)


@pytest.mark.parametrize("stamp", [49, 50, 51, 700])
def test_a_hint_whose_change_comes_costs_nothing(stamp):
    talk = open_talk()
    talk.hears(hint("0.41", at=50))
    talk.now += 0.5
    talk.hears(change("BUY", "0.41", "5", at=stamp))
    assert talk.waits(5)[0] == []
    assert talk.book().in_sync


def test_a_change_from_before_the_hint_does_not_make_it_true():
    talk = open_talk()
    talk.hears(hint("0.41", at=50))
    talk.hears(change("BUY", "0.30", "5", at=20))
    assert lost(talk.passes(2)) != []


def test_a_hint_that_the_book_shows_already_is_no_doubt():
    talk = open_talk()
    talk.hears(hint(at=50))
    assert talk.waits(5)[0] == []


def test_a_snapshot_ends_what_a_hint_has_said():
    talk = open_talk()
    talk.hears(hint("0.41", at=50), book(at=50))
    assert talk.waits(5)[0] == []


# How much is compared


def test_with_verification_off_only_what_is_crossed_or_late_is_noticed():
    talk = Talk(YES, verification=Verification.OFF)
    talk.hears([book(tick_size="0.01")])
    talk.hears(change("BUY", "0.305", "5", best_bid="0.10", at=2), hint("0.99", at=60))
    talk.hears(change("BUY", "0.30", "5", at=100))
    assert talk.waits(9)[0] == []
    assert talk.book().in_sync
    assert lost(talk.hears(change("BUY", "0.31", "5", at=50))) == ["a change came 50 ms too late"]


@pytest.mark.parametrize("verification", [Verification.OFF, Verification.TOP])
def test_no_hash_is_compared_unless_that_was_asked_for(verification):
    talk = Talk(YES, verification=verification)
    talk.hears([book(tick_size="0.01", hash="ab")], change("BUY", "0.30", "5", hash="cd"))
    talk.hears(change("BUY", "0.31", "5", at=2))
    assert talk.counters.hashes_unknown == 0


def test_a_sample_is_compared_at_the_next_burst_ten_seconds_later():
    talk = Talk(YES, verification=Verification.SAMPLE)
    talk.hears([book(tick_size="0.01", hash="ab")])
    counts = []
    for second in range(1, 26):
        talk.now = START + second
        talk.hears(change("BUY", "0.30", str(second), at=second * 1000, hash=f"{second:02}"))
        counts.append(talk.counters.hashes_unknown)
    assert [counts.index(number) + 1 for number in (1, 2, 3)] == [1, 11, 21]


def test_a_late_feed_is_not_made_later_by_comparing_more():
    talk = Talk(YES, verification=Verification.SAMPLE)
    talk.hears([book(tick_size="0.01", hash="ab")])
    for second in range(1, 4):
        talk.now = START + second
        talk.book().enter(AssetState.SUSPECT, "frames come 6.0 s late", WALL, Doubt.LAG)
        talk.hears(change("BUY", "0.30", str(second), at=second * 1000, hash=f"{second:02}"))
    assert talk.counters.hashes_unknown == 1


# Silence that ends


def in_state(state, doubt=None):
    talk = open_talk()
    talk.says()
    talk.book().enter(state, "silent for 60 s", START + WALL, doubt)
    talk.now += 60
    talk.hears("PONG")
    return talk


def test_a_change_wakes_a_quiet_book_after_it_was_told():
    talk = in_state(AssetState.QUIET)
    (delta,) = talk.hears(change("BUY", "0.30", "5"))
    live = talk.told[-1]
    assert (live.state, live.before) == (AssetState.LIVE, AssetState.QUIET)
    assert delta.epoch == 1


def test_a_change_of_a_suspect_book_has_it_sent_again_and_is_told_in_doubt():
    talk = in_state(AssetState.SUSPECT, Doubt.SILENCE)
    (delta,) = talk.hears(change("BUY", "0.30", "5"))
    assert delta.state is AssetState.SUSPECT, "something may have been missed"
    assert talk.says() == resubscription(YES)
    talk.hears(change("BUY", "0.31", "5", at=2))
    assert talk.says() == [], "once is enough"


def test_a_suspect_book_that_was_right_is_live_again_without_a_gap():
    talk = in_state(AssetState.SUSPECT, Doubt.SILENCE)
    talk.told.clear()
    talk.hears(book(at=7))
    assert [type(event) for event in talk.told] == [market.BookSnapshot, feed.StateChanged]
    assert (talk.told[0].epoch, talk.told[1].state) == (1, AssetState.LIVE)


def test_a_suspect_book_that_was_wrong_has_had_a_gap_since_it_was_last_proven():
    talk = in_state(AssetState.SUSPECT, Doubt.SILENCE)
    talk.told.clear()
    gap, snapshot, _ = talk.hears(book(bids=[("0.40", "1")], at=7))[1:]
    assert states(talk.told) == [AssetState.OUT_OF_SYNC, AssetState.LIVE]
    assert talk.told[0].reason == "it was wrong while in doubt: silent for 60 s"
    assert gap.gap_since == START + WALL
    assert snapshot.epoch == 2


def test_a_trade_does_not_wake_a_silent_book():
    talk = in_state(AssetState.QUIET)
    talk.hears(make_trade(YES, "0.41"))
    assert talk.book().state is AssetState.QUIET


# Books that are older than what the witness has shown


def test_a_book_older_than_the_witness_is_not_believed():
    talk = open_talk()
    talk.book().lose(AssetState.FROZEN, "REST has moved on", START + WALL, START + WALL)
    talk.book().evidence.witness_ms = T0 + 100
    assert talk.hears(book(at=50)) == []
    assert talk.book().state is AssetState.FROZEN
    assert lost(talk.hears(change("BUY", "0.41", "9", at=99))) == []
    gap, snapshot, *_ = talk.hears(book(at=100))
    assert (gap.reason, snapshot.epoch) == ("REST has moved on", 2)


def test_newer_changes_do_not_make_up_for_a_book_older_than_the_witness():
    talk = open_talk()
    talk.book().lose(AssetState.FROZEN, "REST has moved on", START + WALL, START + WALL)
    talk.book().evidence.witness_ms = T0 + 100
    talk.hears(change("BUY", "0.30", "9", at=101))
    assert talk.hears(book(at=50)) == [], "what came between may have been missed"


# What was kept and cannot be read


@pytest.mark.parametrize("at", [1, 2])
def test_a_malformed_change_that_came_while_the_book_was_lost_does_not_keep_it_lost(at):
    talk = open_talk(YES, NO)
    talk.hears(change("BUY", "0.30", "?"))
    talk.hears(change("BUY", "0.30", "?", at=at))
    talk.hears(book(at=at))
    talk.hears(book(at=at))
    assert talk.book().in_sync


# Resubscribing


def test_that_a_book_was_asked_for_is_told_with_whatever_comes_next():
    talk = open_talk(YES, NO)
    talk.hears(change("BUY", "0.30", "?"))
    talk.told.clear()
    assert talk.says() == resubscription(YES)
    assert talk.told == []
    talk.hears(change("BUY", "0.30", "5", asset=NO))
    asked, delta = talk.told
    assert (asked.asset_id, asked.state) == (YES, AssetState.RESYNCING)
    assert (asked.before, delta.asset_id) == (AssetState.OUT_OF_SYNC, NO)
    assert talk.book().gap_reason.startswith("a malformed change")


def test_events_of_a_lost_book_say_so():
    talk = open_talk()
    talk.hears(change("BUY", "0.30", "?"))
    (trade,) = talk.hears(make_trade(YES, "0.4"))
    assert trade.state is AssetState.OUT_OF_SYNC
