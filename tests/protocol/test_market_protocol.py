import json
import logging
from decimal import Decimal

import pytest
from market_talk import NO, OTHER, START, T0, WALL, YES, Talk, book, kinds, open_talk

from polymarket_realtime._model import lifecycle, market
from polymarket_realtime._model.events import UnknownEvent
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime.errors import HeartbeatTimeout
from polymarket_realtime.testing import make_price_change, make_trade

MANY = [str(number) for number in range(10**76, 10**76 + 450)]


def opening(*assets):
    return {"type": "market", "assets_ids": sorted(assets), "custom_feature_enabled": True}


def operation(name, assets):
    frame = {"operation": name, "assets_ids": sorted(assets)}
    return frame | ({"custom_feature_enabled": True} if name == "subscribe" else {})


# Frames out


def test_the_first_frame_subscribes_to_everything_with_the_custom_features():
    assert Talk(NO, YES).says() == [opening(YES, NO)]


def test_the_first_frame_may_name_nothing_to_hear_the_broadcasts_only():
    assert Talk().says() == [opening()]


@pytest.mark.parametrize(("count", "sizes"), [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_no_frame_names_more_than_100_assets(count, sizes):
    first, *rest = Talk(*MANY[:count]).says()
    assert first["type"] == "market"
    assert [frame["operation"] for frame in rest] == ["subscribe"] * len(rest)
    assert all(frame["custom_feature_enabled"] for frame in (first, *rest))
    assert [len(frame["assets_ids"]) for frame in (first, *rest)] == sizes
    assert [a for frame in (first, *rest) for a in frame["assets_ids"]] == MANY[:count]


def test_only_the_difference_of_the_interest_is_sent():
    talk = open_talk(YES, NO)
    assert talk.wants(YES, NO) == []
    assert talk.wants(YES, NO, OTHER) == [operation("subscribe", [OTHER])]
    assert talk.wants(YES, NO, OTHER) == []
    assert talk.wants(YES, OTHER) == [operation("unsubscribe", [NO])]


def test_new_assets_are_subscribed_before_old_ones_are_left():
    talk = open_talk(YES)
    assert talk.wants(NO) == [operation("subscribe", [NO]), operation("unsubscribe", [YES])]


def test_large_differences_are_split_too():
    talk = open_talk(*MANY[:150])
    frames = talk.wants(*MANY[150:400])
    assert [frame["operation"] for frame in frames] == ["subscribe"] * 3 + ["unsubscribe"] * 2
    assert [len(frame["assets_ids"]) for frame in frames] == [100, 100, 50, 100, 50]


def test_many_books_are_asked_for_again_in_frames_of_100():
    talk = open_talk(*MANY[:150])
    talk.hears("{")
    frames = talk.says()
    assert [frame["operation"] for frame in frames] == ["unsubscribe"] * 2 + ["subscribe"] * 2
    assert [len(frame["assets_ids"]) for frame in frames] == [100, 50, 100, 50]


def test_no_second_frame_of_type_market_is_ever_sent():
    talk = Talk(YES)
    said = talk.says()
    said += talk.wants(YES, *MANY) + talk.wants() + talk.wants(NO)
    talk.hears([book(NO)], "{")
    said += talk.says()
    said += [frame for _, frame in talk.waits(60)[1]]
    assert [frame for frame in said if "type" in frame] == [opening(YES)]


def test_a_new_asset_is_kept_true_from_its_snapshot_on():
    talk = open_talk(YES)
    talk.wants(YES, NO)
    assert not talk.book(NO).in_sync
    talk.hears([book(NO)])
    assert talk.book(NO).in_sync


def test_an_asset_that_was_left_is_not_heard_any_more():
    talk = open_talk(YES, NO)
    talk.wants(NO)
    assert talk.hears(book(YES, at=1), make_trade(YES, "0.4")) == []
    assert talk.hears(make_price_change((YES, "BUY", "0.41", "1"))) == []
    assert talk.counters.unwanted_changes == 1


# Heartbeat


def test_ping_is_said_every_ten_seconds_and_never_before_the_first_frame():
    talk = Talk(YES)
    assert talk.protocol.next_deadline() <= START + 10
    talk.passes(10)
    assert talk.says()[:2] == [opening(YES), "PING"]
    talk.hears([book()])
    for _ in range(5):
        talk.passes(9.9)
        assert talk.says() == []
        talk.hears("PONG")
        talk.passes(0.1)
        assert talk.says() == ["PING"]


def test_silence_of_thirty_seconds_is_the_end():
    talk = open_talk()
    for _ in range(2):
        talk.passes(10)
        assert talk.says() == ["PING"]
    with pytest.raises(HeartbeatTimeout, match="no frame for 30 s") as caught:
        talk.passes(10)
    assert caught.value.silent_for == 30


@pytest.mark.parametrize(
    "frame", ["PONG", "INVALID OPERATION", "", "{", book(), [book(OTHER)], b"\xff"]
)
def test_any_frame_counts_as_life(frame):
    talk = open_talk()
    talk.passes(29)
    talk.hears(frame)
    talk.passes(29)
    with pytest.raises(HeartbeatTimeout):
        talk.passes(1)


def test_the_heartbeats_rhythm_is_a_knob():
    talk = Talk(ping_interval=2.0, ping_timeout=5.0)
    talk.passes(2)
    assert "PING" in talk.says()
    with pytest.raises(HeartbeatTimeout):
        talk.passes(3)


# Proof


def test_a_connection_has_proven_itself_only_after_a_ping_interval():
    talk = Talk(YES)
    talk.hears([book()])
    assert not talk.protocol.proven
    talk.passes(9.9)
    talk.hears("PONG")
    assert not talk.protocol.proven
    talk.passes(0.1)
    assert not talk.protocol.proven, "time alone proves nothing"
    talk.hears("PONG")
    assert talk.protocol.proven


def test_a_malformed_frame_proves_nothing_and_takes_no_proof_back():
    talk = open_talk()
    talk.passes(10)
    talk.hears("{")
    assert not talk.protocol.proven
    talk.hears(book(at=1))
    assert talk.protocol.proven
    talk.hears("{")
    assert talk.protocol.proven


# Frames in that make no books


def test_a_hint_is_passed_on_and_changes_no_book():
    talk = open_talk()
    hint = {
        "event_type": "best_bid_ask",
        "market": "0x1",
        "asset_id": YES,
        "best_bid": "0.44",
        "best_ask": "",
        "spread": "",
        "timestamp": str(T0 + 2),
    }
    (event,) = talk.hears(hint)
    assert isinstance(event, market.BestBidAsk)
    assert (event.best_bid, event.best_ask, event.spread) == (Decimal("0.44"), None, None)
    assert (event.timestamp_ms, event.epoch, event.revision) == (T0 + 2, 1, 1)
    assert talk.book().best_bid == WireLevel("0.40", "100")
    assert talk.hears({**hint, "asset_id": OTHER}) == []


def test_times_of_different_kinds_may_run_backwards():
    talk = open_talk()
    trade = make_trade(YES, "0.40", timestamp=T0 + 60)
    change = make_price_change((YES, "BUY", "0.40", "90"), timestamp=T0 + 2)
    assert market.BookDelta in kinds(talk.hears(trade, change))
    assert talk.counters.late_changes == 0


def test_an_announcement_is_for_everyone_whatever_is_subscribed():
    talk = Talk()
    (event,) = talk.hears(
        {
            "event_type": "new_market",
            "market": "0x9",
            "assets_ids": [OTHER, NO],
            "outcomes": ["Up", "Down"],
            "question": "Up or down?",
            "slug": "up-or-down",
            "event_message": {"slug": "the-event", "title": "t"},
            "order_price_min_tick_size": "0.01",
            "tags": ["Crypto"],
            "active": False,
            "timestamp": str(T0),
        }
    )
    assert isinstance(event, lifecycle.MarketCreated)
    assert event.asset_ids == (OTHER, NO)
    assert (event.outcomes, event.tags) == (("Up", "Down"), ("Crypto",))
    assert (event.question, event.slug, event.event_slug) == (
        "Up or down?",
        "up-or-down",
        "the-event",
    )
    assert (event.tick_size, event.active) == (Decimal("0.01"), False)


@pytest.mark.parametrize("event_message", [None, {}, {"slug": 5}])
def test_an_announcement_may_name_no_event(event_message):
    frame = {"event_type": "new_market", "market": "0x9", "assets_ids": [], "timestamp": "1"}
    (event,) = Talk().hears({**frame, "event_message": event_message})
    assert (event.event_slug, event.tick_size, event.tags) == (None, None, ())


def test_an_unknown_event_is_passed_on_with_all_its_fields():
    fields = {"event_type": "surprise", "asset_id": YES, "more": [1, {"a": None}]}
    (event,) = Talk().hears(fields)
    assert isinstance(event, UnknownEvent)
    assert (event.event_type, event.asset_id, event.fields) == ("surprise", YES, fields)
    assert event.received == START + WALL


def test_a_trade_may_have_no_fee_and_no_transaction():
    trade, _ = open_talk().hears({**make_trade(YES, "0.4"), "fee_rate_bps": ""})
    assert (trade.fee_rate_bps, trade.transaction_hash) == (None, None)


def test_a_trade_names_its_fee_and_transaction_where_the_venue_does():
    trade, _ = open_talk().hears({**make_trade(YES, "0.4"), "transaction_hash": "0x12"})
    assert (trade.fee_rate_bps, trade.transaction_hash) == (Decimal(0), "0x12")


def test_every_event_holds_the_venues_own_text():
    talk = Talk(YES)
    snapshot, *_ = talk.hears([book(unknown="kept")])
    assert b'"unknown": "kept"' in snapshot.raw


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "1.5", "1e3", "²", "٣", "9" * 15])
def test_a_time_that_is_none_makes_a_frame_malformed(timestamp):
    talk = open_talk()
    assert talk.hears({**make_trade(YES, "0.4"), "timestamp": timestamp}) == []
    assert talk.counters.malformed == 1


# Counts


def test_messages_and_events_are_counted_each_kind_for_itself():
    talk = Talk(YES)
    talk.hears([book(), book(OTHER)], "PONG")
    talk.hears(make_price_change((YES, "BUY", "0.41", "1")), {"event_type": "surprise"})
    assert talk.counters.messages == 4
    assert talk.counters.events == {"agg_orderbook": 2, "price_change": 1, "unknown": 1}


def test_the_time_of_the_last_event_is_not_moved_by_heartbeats():
    talk = Talk(YES)
    assert talk.counters.last_event is None
    talk.hears([book()])
    talk.now += 5
    talk.hears("PONG")
    assert talk.counters.last_event == START + WALL


def test_what_the_venue_says_in_words_is_counted_and_logged_and_pong_is_not(caplog):
    talk = Talk(YES)
    with caplog.at_level(logging.INFO, "polymarket_realtime.feed.market"):
        events = talk.hears("PONG", "NO NEW ASSETS", "INVALID OPERATION", "NO NEW ASSETS", "\n")
    assert events == []
    assert talk.counters.texts == {"NO NEW ASSETS": 2, "INVALID OPERATION": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "the venue says 'NO NEW ASSETS'",
        "the venue says 'INVALID OPERATION'",
        "the venue says 'NO NEW ASSETS'",
    ]


def test_a_malformed_frame_is_logged_with_its_problem_and_its_text_only_for_debugging(caplog):
    talk = open_talk()
    with caplog.at_level(logging.DEBUG, "polymarket_realtime.feed.market"):
        talk.hears({**book(), "bids": None})
    warning, debug = caplog.records
    assert warning.levelno == logging.WARNING
    assert warning.getMessage() == "malformed book frame: None where a list was expected"
    assert debug.levelno == logging.DEBUG
    assert "asks" in debug.getMessage()


def test_without_an_offset_times_are_the_protocols_own():
    protocol = MarketProtocol(BookStore(), frozenset({YES}), 5.0)
    snapshot, *_ = protocol.receive([json.dumps(book()).encode()], 6.0)
    assert snapshot.received == 6.0


def test_endless_words_are_cut():
    talk = Talk(YES)
    talk.hears("x" * 100_000)
    assert list(talk.counters.texts) == ["x" * 40]


def test_a_read_of_several_messages_gives_their_events_in_order():
    talk = Talk(YES)
    events = talk.hears(
        [book()], make_trade(YES, "0.4"), make_price_change((YES, "BUY", "0.3", "1"))
    )
    assert kinds(events) == [market.BookSnapshot, market.LastTradePrice, market.BookDelta]
    assert talk.hears("PONG") == []
