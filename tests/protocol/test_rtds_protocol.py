import json
import logging
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.feed import Gap, StreamGone
from polymarket_realtime._model.live import (
    ActivityTrade,
    ChangeAction,
    Comment,
    Reaction,
    ReferencePrice,
)
from polymarket_realtime._protocol.base import PROBE, FeedProtocol
from polymarket_realtime._protocol.rtds import RtdsProtocol
from polymarket_realtime._protocol.streams import Streams, StreamState
from polymarket_realtime.errors import HeartbeatTimeout, StreamStalled

START, WALL = 1000.0, 1_700_000_000.0
RECORDING = "polyoxide-rtds/rtds-2026-09-05.jsonl"
BTC, ETH, BINANCE, AAPL = "crypto:btcusd", "crypto:ethusd", "crypto:btcusdt", "equity:aapl"
T0 = 1_700_001_000_000

TOPICS = {
    BTC: ("crypto_prices_chainlink", "btc/usd"),
    ETH: ("crypto_prices_chainlink", "eth/usd"),
    BINANCE: ("crypto_prices", "btcusdt"),
    AAPL: ("equity_prices", "AAPL"),
}


def trade(number=1, **change):
    payload = {
        "asset": "7" * 77,
        "conditionId": "0x" + "c0" * 32,
        "eventSlug": "the-event",
        "name": "",
        "outcome": "No",
        "price": 0.25,
        "proxyWallet": "0x" + "5a" * 20,
        "pseudonym": "Sample-Trader",
        "side": "BUY",
        "size": number,
        "slug": "the-market",
        "timestamp": T0 // 1000,
        "title": "Will it be?",
        "transactionHash": "0xb6",
    }
    return said("activity", "trades", payload | change)


def comment(number=1, kind="comment_created", **change):
    payload = {
        "id": str(number),
        "body": "Yes.",
        "parentEntityType": "Event",
        "parentEntityID": 5,
        "createdAt": "2023-11-14T22:30:00.250Z",
        "profile": {"name": "sample", "proxyWallet": "0xw"},
    }
    return said("comments", kind, payload | change)


def price(key=BTC, second=0, value=100.0):
    topic, symbol = TOPICS[key]
    payload = {"symbol": symbol, "timestamp": T0 + 1000 * second, "value": value}
    return said(topic, "update", payload)


def history(key, *seconds):
    topic, symbol = TOPICS[key]
    data = [{"timestamp": T0 + 1000 * second, "value": second} for second in seconds]
    topic = "crypto_prices" if topic == "crypto_prices_chainlink" else topic
    return said(topic, "subscribe", {"symbol": symbol, "data": data})


def said(topic, kind, payload):
    return {"topic": topic, "type": kind, "timestamp": T0 + 500, "payload": payload}


def missing(topic):
    message = f"rpc error: code = NotFound desc = topic: {topic} and type: update not found, x"
    return {"body": {"message": message}, "statusCode": 401}


class Talk:
    """One connection to RTDS. `now` is the time; everything happens at it."""

    def __init__(self, *keys, streams=None, now=START, **knobs):
        self.streams = Streams("rtds") if streams is None else streams
        self.now = now
        self.protocol = RtdsProtocol(self.streams, frozenset(keys), now, wall_offset=WALL, **knobs)
        self.counters = self.protocol.counters

    def hears(self, *frames):
        texts = [text if isinstance(text, str) else json.dumps(text) for text in frames]
        return self.protocol.receive([text.encode() for text in texts], self.now)

    def says(self):
        expected = self.protocol.has_frames()
        frames = self.protocol.frames_to_send()
        assert bool(frames) == expected
        return frames

    def asks(self):
        """What is subscribed to and left: (action, topic, filters)."""
        items = [json.loads(frame) for frame in self.says() if frame.startswith("{")]
        return [
            (item["action"], one["topic"], one.get("filters"))
            for item in items
            for one in item["subscriptions"]
        ]

    def passes(self, seconds):
        """Let time pass, as the connection would: from deadline to deadline."""
        end, events = self.now + seconds, []
        while (deadline := self.protocol.next_deadline()) <= end:
            self.now = max(self.now, deadline)
            events += self.protocol.advance(self.now)
            assert self.protocol.next_deadline() > self.now
        self.now = end
        return events

    def is_cut(self):
        self.protocol.connection_lost(self.now)


def seconds_of(events):
    """Prices by their second, gaps as they are."""
    return [
        (each.timestamp_ms - T0) // 1000 if isinstance(each, ReferencePrice) else each
        for each in events
    ]


def gap(now, since, key=BTC, **facts):
    facts = {"reason": "the connection was lost"} | facts
    return Gap(received=WALL + now, feed="rtds", stream=key, gap_since=WALL + since, **facts)


# Subscriptions


def test_it_is_a_protocol_of_a_feed():
    protocol: FeedProtocol = Talk("activity").protocol
    assert protocol.incomplete is False


def test_each_stream_is_asked_for_in_a_frame_of_its_own():
    assert Talk("activity", "comments", BTC, AAPL).asks() == [
        ("subscribe", "activity", None),
        ("subscribe", "comments", None),
        ("subscribe", "crypto_prices_chainlink", '{"symbol":"btc/usd"}'),
        ("subscribe", "equity_prices", '{"symbol":"AAPL"}'),
    ]


def test_a_change_of_interest_asks_for_the_difference_only():
    talk = Talk("activity", BTC)
    talk.says()
    talk.protocol.set_interest(frozenset({"activity", ETH}), talk.now)
    assert talk.asks() == [
        ("unsubscribe", "crypto_prices_chainlink", '{"symbol":"btc/usd"}'),
        ("subscribe", "crypto_prices_chainlink", '{"symbol":"eth/usd"}'),
    ]
    talk.protocol.set_interest(frozenset({"activity", ETH}), talk.now)
    assert talk.asks() == []
    assert talk.hears(price(BTC)) == []


def test_what_is_wanted_again_is_asked_for_again():
    talk = Talk(BTC)
    talk.protocol.set_interest(frozenset(), talk.now)
    talk.protocol.set_interest(frozenset({BTC}), talk.now)
    assert [action for action, *_ in talk.asks()] == ["subscribe", "unsubscribe", "subscribe"]


# What is told


def test_a_trade_is_told_with_what_strangers_wrote_made_harmless():
    talk = Talk("activity")
    [event] = talk.hears(trade(2, name="a\x1b[31m\nb" + "c" * 200, title="T" * 400))
    assert isinstance(event, ActivityTrade)
    assert (event.price, event.size, event.value) == (Decimal("0.25"), 2, Decimal("0.5"))
    assert event.trader.startswith("a [31m bccc")
    assert (len(event.trader), len(event.question)) == (100, 300)
    assert event.received == WALL + START
    assert event.timestamp_ms == T0
    assert json.loads(event.raw) == trade(2, name="a\x1b[31m\nb" + "c" * 200, title="T" * 400)


def test_a_trader_without_a_name_is_called_by_the_pseudonym_or_not_at_all():
    talk = Talk("activity")
    events = talk.hears(trade(1), trade(2, name="sample"), trade(3, name="", pseudonym=" "))
    assert [each.trader for each in events] == ["Sample-Trader", "sample", None]


def test_rows_of_one_settlement_are_told_apart_and_repeats_are_told_once():
    talk = Talk("activity")
    assert len(talk.hears(trade(1), trade(2), trade(1, side="SELL"), trade(1))) == 3
    assert talk.counters.duplicates == 1
    assert talk.counters.events == {EventType.ACTIVITY_TRADE: 4}


def test_comments_and_reactions_are_told_on_one_line_with_their_times():
    talk = Talk("comments")
    reaction = {"reactionType": "HEART", "commentID": 1}
    created, reply, removed, liked = talk.hears(
        comment(1, body="two\nlines" + "x" * 3000),
        comment(2, parentCommentID="1", createdAt="2023-11-14T22:30:01"),
        comment(1, "comment_removed"),
        comment(1, "reaction_created", **reaction, createdAt="never"),
    )
    assert isinstance(created, Comment)
    assert created.body.startswith("two linesxxx")
    assert len(created.body) == 2000
    assert (created.author, created.parent_id, created.reply_to) == ("sample", "5", None)
    assert created.timestamp_ms == T0 + 250
    assert (reply.reply_to, reply.timestamp_ms) == ("1", T0 + 1000)
    assert (removed.action, removed.timestamp_ms) == (ChangeAction.REMOVED, T0 + 500)
    assert isinstance(liked, Reaction)
    assert (liked.kind, liked.comment_id, liked.timestamp_ms) == ("HEART", "1", T0 + 500)
    assert talk.hears(comment(1)) == []


def test_a_price_is_told_once_and_kept_for_those_who_join_later():
    talk = Talk(BTC)
    [event] = talk.hears(price(BTC, 1))
    assert (event.symbol, event.price, event.provider) == ("btcusd", 100, "chainlink")
    assert not event.backfilled
    assert talk.hears(price(BTC, 1)) == []
    assert talk.streams.known() == (event,)


def test_what_nobody_asked_for_is_not_told():
    talk = Talk(BTC)
    assert talk.hears(price(ETH), trade(), comment(), history(ETH, 1, 2)) == []
    assert talk.streams.known() == ()


def test_of_a_stream_that_was_never_heard_only_the_latest_of_its_history_is_told():
    talk = Talk(BTC)
    [event] = talk.hears(history(BTC, 3, 1, 2))
    assert (event.timestamp_ms, event.backfilled) == (T0 + 3000, True)
    assert seconds_of(talk.hears(price(BTC, 3), price(BTC, 4))) == [4]


def test_frames_that_say_nothing_are_counted_and_cost_nothing(caplog):
    caplog.set_level(logging.INFO)
    talk = Talk("activity")
    odd = ["", "hello", "{", "[]", said("activity", "orders_matched", {}), said("x", "y", {})]
    assert talk.hears(*odd) == []
    assert talk.counters.messages == 6
    assert talk.counters.texts == {"hello": 1}
    assert talk.counters.malformed == 1
    assert talk.counters.events == {"orders_matched": 1, EventType.UNKNOWN: 1}
    assert "x/y" in caplog.text


# Gaps


def test_after_an_interruption_the_gap_comes_before_what_has_no_history():
    first = Talk("activity")
    first.hears(trade(1))
    first.passes(3)
    first.is_cut()
    second = Talk("activity", streams=first.streams, now=first.now + 2)
    ended, event = second.hears(trade(2))
    assert ended == gap(START + 5, START, "activity")
    assert event.size == 2


def test_a_history_that_reaches_back_far_enough_fills_the_gap():
    first = Talk(BTC)
    first.hears(history(BTC, 1, 2), price(BTC, 3))
    first.is_cut()
    second = Talk(BTC, streams=first.streams, now=START + 4)
    events = second.hears(history(BTC, 6, 5, 4, 3, 2), price(BTC, 6), price(BTC, 7))
    *missed, ended, live = events
    assert seconds_of(missed) == [4, 5, 6]
    assert all(each.backfilled for each in missed)
    assert ended == gap(START + 4, START, missed=0, filled=True)
    assert (seconds_of([live]), live.backfilled) == ([7], False)


def test_a_history_that_begins_too_late_leaves_the_gap_open():
    first = Talk(BTC)
    first.hears(price(BTC, 3))
    first.is_cut()
    second = Talk(BTC, streams=first.streams, now=START + 4)
    assert seconds_of(second.hears(history(BTC, 5, 6))) == [5, 6, gap(START + 4, START)]


def test_a_history_without_anything_new_fills_the_gap():
    first = Talk(AAPL)
    first.hears(history(AAPL, 1, 2))
    first.is_cut()
    second = Talk(AAPL, streams=first.streams, now=START + 4)
    assert second.hears(history(AAPL, 1, 2)) == [gap(START + 4, START, AAPL, missed=0, filled=True)]


def test_a_live_price_waits_for_the_history_that_it_has_overtaken():
    first = Talk(BTC)
    first.hears(price(BTC, 3))
    first.is_cut()
    second = Talk(BTC, streams=first.streams, now=START + 4)
    assert second.hears(price(BTC, 7)) == []
    events = second.hears(history(BTC, 3, 4, 5, 6))
    assert seconds_of(events) == [4, 5, 6, gap(START + 4, START, missed=0, filled=True), 7]


def test_a_live_price_does_not_wait_for_ever():
    first = Talk(BTC)
    first.hears(price(BTC, 3))
    first.is_cut()
    second = Talk(BTC, streams=first.streams, now=START + 4)
    assert second.hears(price(BTC, 7)) == []
    ended, seventh = second.passes(5)
    assert (ended.gap_since, ended.filled) == (WALL + START, False)
    assert seconds_of([seventh]) == [7]
    assert seconds_of(second.hears(price(BTC, 8))) == [8]


def test_an_empty_history_keeps_a_live_price_waiting_no_longer():
    first = Talk(BTC)
    first.hears(price(BTC, 3))
    first.is_cut()
    second = Talk(BTC, streams=first.streams, now=START + 4)
    assert second.hears(price(BTC, 7)) == []
    assert seconds_of(second.hears(history(BTC))) == [gap(START + 4, START), 7]


@pytest.mark.parametrize("key", ["comments", AAPL])
def test_a_stream_that_may_be_quiet_flows_again_if_it_is_not_refused(key):
    first = Talk(key)
    assert first.passes(5) == []
    assert first.streams.states()[key][0] is StreamState.WAITING
    first.passes(60)
    first.hears("")
    first.passes(7)
    first.is_cut()
    second = Talk(key, streams=first.streams, now=first.now + 10)
    assert second.passes(4.9) == []
    assert second.passes(0.1) == [gap(second.now, START + 65, key)]


def test_with_two_connections_nothing_is_told_twice_and_losing_one_is_no_gap():
    old = Talk("activity", BTC)
    old.hears(history(BTC, 1), trade(1))
    new = Talk("activity", BTC, streams=old.streams)
    assert seconds_of(new.hears(history(BTC, 0, 1, 2), trade(1))) == [2]
    assert len(old.hears(price(BTC, 2), trade(2), price(BTC, 3))) == 2
    old.is_cut()
    assert new.hears(price(BTC, 3), trade(2)) == []
    assert [type(each) for each in new.hears(trade(3), price(BTC, 4))] == [
        ActivityTrade,
        ReferencePrice,
    ]
    new.is_cut()
    last = Talk("activity", streams=old.streams, now=START + 9)
    assert last.hears(trade(4))[0] == gap(START + 9, START, "activity")


def test_a_frame_that_cannot_be_read_is_a_gap_in_what_is_told_event_by_event():
    talk = Talk("activity", "comments")
    talk.hears(trade(1), comment(1))
    assert talk.hears(trade(2, side="HOLD")) == []
    ended, _ = talk.hears(trade(3))
    assert "'HOLD' is no side" in ended.reason
    assert len(talk.hears(comment(2))) == 1
    talk.hears("{")
    assert [type(each) for each in talk.hears(trade(4), comment(3))] == [
        *(Gap, ActivityTrade),
        *(Gap, Comment),
    ]


def test_a_price_that_cannot_be_read_is_made_up_for_by_the_next():
    talk = Talk(BTC)
    talk.hears(price(BTC, 1))
    assert talk.hears(price(BTC, 2, "cheap")) == []
    assert seconds_of(talk.hears(price(BTC, 3))) == [3]


# Silence


def test_a_ping_goes_every_five_seconds_and_no_answer_is_expected():
    talk = Talk("comments")
    talk.says()
    talk.passes(4.9)
    assert talk.says() == []
    talk.passes(0.1)
    assert talk.says() == ["PING"]
    talk.passes(20)
    assert talk.says() == ["PING"] * 4


@pytest.mark.parametrize("key", ["activity", BTC, BINANCE])
def test_a_stream_that_is_never_quiet_must_bring_data(key):
    talk = Talk(key)
    talk.passes(19.9)
    talk.hears("")
    with pytest.raises(StreamStalled, match=f"no data of {key} for 20 s although") as caught:
        talk.passes(0.1)
    assert (caught.value.stream, caught.value.silent_for) == (key, pytest.approx(20))


def test_every_data_keeps_a_stream_from_stalling_even_if_it_is_no_news_or_cannot_be_read():
    talk = Talk("activity")
    for frame in (trade(1), trade(1), trade(1, side="HOLD")):
        talk.passes(15)
        talk.hears(frame)
    talk.passes(19)
    with pytest.raises(StreamStalled):
        talk.passes(1)


def test_a_stall_is_a_gap_since_the_last_data_of_each_stream():
    talk = Talk("activity", BTC, "comments")
    talk.passes(6)
    talk.hears(trade(1), price(BTC, 1), comment(1))
    talk.passes(1)
    talk.hears(price(BTC, 2))
    talk.passes(10)
    talk.hears("")
    with pytest.raises(StreamStalled):
        talk.passes(9)
    talk.is_cut()
    after = Talk("activity", BTC, "comments", streams=talk.streams, now=START + 30)
    events = after.hears(trade(2), comment(2), history(BTC, 3))
    gaps = {each.stream: each for each in events if isinstance(each, Gap)}
    # What was heard after the last data was no sign of the comments either.
    assert {key: each.gap_since - WALL for key, each in gaps.items()} == {
        "activity": START + 6,
        BTC: START + 7,
        "comments": START + 7,
    }
    assert gaps["activity"].reason == "no data of activity for 20 s although the connection is open"
    assert gaps["comments"].reason == "the connection was lost"


def test_a_cut_is_a_gap_in_quiet_streams_since_anything_was_heard():
    talk = Talk("comments")
    talk.hears(comment(1))
    talk.passes(100)
    talk.hears("")
    talk.passes(2)
    talk.is_cut()
    after = Talk("comments", streams=talk.streams, now=talk.now + 1)
    assert after.hears(comment(2))[0] == gap(START + 103, START + 100, "comments")


@pytest.mark.parametrize("key", [AAPL, "comments", "crypto:eurusd:60"])
def test_what_may_be_quiet_is_not_watched(key):
    talk = Talk(key)
    assert talk.passes(599) == []
    assert PROBE not in talk.says()


def test_on_a_silent_connection_the_peer_is_probed_and_an_answer_will_do():
    talk = Talk("comments")
    talk.passes(600)
    assert talk.says().count(PROBE) == 1
    talk.passes(19)
    talk.protocol.alive(talk.now)
    talk.passes(599)
    assert PROBE not in talk.says()
    talk.passes(1)
    assert PROBE in talk.says()
    with pytest.raises(HeartbeatTimeout) as caught:
        talk.passes(20)
    assert caught.value.silent_for == pytest.approx(620)


def test_any_frame_puts_the_probe_off():
    talk = Talk("comments")
    talk.passes(599)
    talk.hears("")
    talk.passes(599)
    assert PROBE not in talk.says()


# What the venue does not have


def test_a_topic_that_is_not_found_is_told_once_and_not_asked_for_again():
    talk = Talk(BTC, ETH, BINANCE)
    talk.says()
    events = talk.hears(missing("crypto_prices_chainlink"), missing("crypto_prices_chainlink"))
    assert events == [
        StreamGone(
            received=WALL + START,
            feed="rtds",
            stream=key,
            reason="the venue has no topic crypto_prices_chainlink",
            instead="set API credentials: these prices come over PolyBolt then",
        )
        for key in (BTC, ETH)
    ]
    talk.protocol.set_interest(frozenset({BTC, ETH, BINANCE}), talk.now)
    assert talk.asks() == []
    for second in range(10):
        talk.passes(10)
        talk.hears(price(BINANCE, second))
    talk.is_cut()
    after = Talk(BTC, BINANCE, streams=talk.streams, now=talk.now)
    assert len(after.asks()) == 2
    assert after.hears(missing("crypto_prices_chainlink")) == []


def test_a_stream_that_comes_back_says_since_when_it_was_gone():
    talk = Talk(BTC)
    talk.hears(missing("crypto_prices_chainlink"))
    after = Talk(BTC, streams=talk.streams, now=START + 50)
    ended = after.hears(history(BTC, 1))[-1]
    assert ended.gap_since == WALL + START
    assert not after.streams.is_gone(BTC)


@pytest.mark.parametrize("topic", ["activity", "comments"])
def test_nothing_takes_the_place_of_activity_and_comments(topic):
    talk = Talk("activity", "comments")
    [gone] = talk.hears(missing(topic))
    assert (gone.stream, gone.instead) == (topic, None)


def test_a_connection_whose_streams_are_all_gone_stays_quiet():
    talk = Talk("activity")
    talk.hears(missing("activity"))
    assert talk.passes(500) == []


def test_whoever_comes_back_to_what_is_gone_has_it_asked_for_again():
    talk = Talk("activity")
    talk.hears(missing("activity"))
    talk.says()
    talk.protocol.set_interest(frozenset(), talk.now)
    assert talk.asks() == []
    talk.protocol.set_interest(frozenset({"activity"}), talk.now)
    assert talk.asks() == [("subscribe", "activity", None)]


def test_who_comes_after_the_others_have_left_is_told_of_what_is_gone_too():
    talk = Talk("activity")
    talk.hears(missing("activity"))
    talk.streams.retain(())
    talk.says()
    talk.protocol.set_interest(frozenset({"activity"}), talk.now)
    assert talk.asks() == [("subscribe", "activity", None)]
    assert len(talk.hears(missing("activity"))) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        {"body": {"message": "invalid Subscription.Filters"}, "statusCode": 400},
        {"message": "Invalid request body", "connectionId": "x=", "requestId": "y="},
        missing("something_else"),
    ],
)
def test_a_refusal_that_is_about_no_stream_is_counted_and_logged(refusal, caplog):
    talk = Talk("activity", BTC)
    assert talk.hears(refusal) == []
    assert talk.counters.texts.total() == 1
    assert "the venue refuses a request" in caplog.text
    assert len(talk.hears(trade(1), price(BTC, 1))) == 2


def test_a_price_that_the_service_cannot_have_is_told_to_be_gone_at_once():
    talk = Talk("crypto:btcusdt:60")
    assert talk.asks() == []
    [gone] = talk.passes(0)
    assert (gone.stream, gone.reason) == (
        "crypto:btcusdt:60",
        "the venue's public feed has no such price",
    )
    assert talk.passes(100) == []


def test_a_symbol_that_nothing_comes_of_does_not_cost_the_others_their_connection():
    talk = Talk(BTC, ETH)
    events = []
    for second in range(60):
        events += talk.passes(1)
        talk.hears(price(BTC, second))
    [gone] = events
    assert (gone.stream, gone.reason) == (
        ETH,
        "nothing came of it for 20 s, while other prices did",
    )
    assert [type(each) for each in talk.hears(price(ETH, 60))] == [Gap, ReferencePrice]
    for second in range(60, 80):
        talk.hears(price(BTC, second))
        talk.passes(0.9)
    with pytest.raises(StreamStalled, match=ETH):
        talk.passes(2)


def test_a_symbol_that_was_heard_before_stalls_even_if_others_flow():
    first = Talk(BTC, ETH)
    first.hears(price(BTC, 1), price(ETH, 1))
    first.is_cut()
    second = Talk(BTC, ETH, streams=first.streams, now=START)
    second.passes(10)
    second.hears(price(BTC, 2))
    with pytest.raises(StreamStalled, match=ETH):
        second.passes(10)


# Proof


def test_a_connection_has_proven_itself_by_data_after_one_ping_interval():
    talk = Talk("activity", "comments")
    talk.hears(trade(1))
    assert not talk.protocol.proven
    talk.passes(5)
    talk.hears("", comment(1, "unheard_of"))
    assert not talk.protocol.proven
    talk.hears(trade(2))
    assert talk.protocol.proven


def test_with_quiet_streams_only_any_frame_proves_a_connection():
    talk = Talk("comments", AAPL)
    talk.hears("")
    assert not talk.protocol.proven
    talk.passes(5)
    talk.hears("")
    assert talk.protocol.proven


# Anything


FRAMES = st.sampled_from(
    [
        *(trade(1), trade(2), trade(3, side="HOLD"), comment(1), comment(2), price(BTC, 1)),
        *(price(BTC, 5), price(ETH, 3), history(BTC, 1, 2, 3), history(AAPL), history(AAPL, 4)),
        *(missing("activity"), missing("crypto_prices_chainlink"), "", "x", "{", {"message": "m"}),
    ]
)
STEPS = st.lists(
    st.tuples(st.just("hear"), FRAMES)
    | st.tuples(st.just("pass"), st.sampled_from([0.5, 3.0, 5.0, 19.0]))
    | st.tuples(st.just("want"), st.sets(st.sampled_from(["activity", "comments", BTC, AAPL])))
    | st.just(("cut", None)),
    max_size=30,
)


@given(STEPS)
def test_whatever_happens_nothing_is_told_twice_and_a_gap_comes_before_what_is_new(steps):
    wanted = frozenset({"activity", "comments", BTC, AAPL})
    talk, told = Talk(*wanted), []
    for step, value in steps:
        open_gaps = set(filter(talk.streams.is_interrupted, talk.streams.states()))
        events = []
        try:
            if step == "hear":
                events = talk.hears(value)
            elif step == "pass":
                events = talk.passes(value)
            elif step == "want":
                wanted = frozenset(value)
                talk.protocol.set_interest(wanted, talk.now)
        except StreamStalled:
            step = "cut"
        if step == "cut":
            talk.is_cut()
            lost = {key for key in wanted if not talk.streams.is_gone(key)}
            assert all(map(talk.streams.is_interrupted, lost))
            talk = Talk(*wanted, streams=talk.streams, now=talk.now + 1)
        for event in events:
            if isinstance(event, Gap):
                open_gaps.discard(event.stream)
            elif not isinstance(event, StreamGone):
                assert getattr(event, "backfilled", False) or open_gaps.isdisjoint(event.routes)
                told.append(identity_of(event))
    assert len(told) == len(set(told))


def identity_of(event):
    match event:
        case ActivityTrade():
            return event.size
        case Comment():
            return event.comment_id, event.action
        case ReferencePrice():
            return event.stream, event.timestamp_ms


def test_recorded_frames_are_told_to_whoever_asks_for_them(captures):
    lines = (captures / RECORDING).read_text().splitlines()
    talk = Talk(BTC, BINANCE, f"{BTC}:30", f"{BTC}:60")
    backfills, updates = lines[4:6], lines[:4]
    events = talk.hears(*backfills, *updates, lines[6])
    assert [(each.stream.key, each.backfilled) for each in events] == [
        (f"{BTC}:30", True),
        (BINANCE, True),
        (BINANCE, False),
        (BTC, False),
        (f"{BTC}:30", False),
        (f"{BTC}:60", False),
    ]
    assert talk.counters.malformed == 0


def test_what_is_not_served_is_told_even_if_the_first_connection_breaks_at_once():
    first = Talk("equity:aapl:60", ETH)
    first.protocol.connection_lost(first.now)
    second = Talk("equity:aapl:60", ETH, streams=first.streams)
    told = second.protocol.advance(second.now + 1)
    assert [event.stream for event in told if isinstance(event, StreamGone)] == ["equity:aapl:60"]


def test_a_price_that_was_forgotten_while_it_was_carried_is_asked_for_again():
    talk = Talk(AAPL, ETH)
    talk.says()
    talk.hears(history(AAPL, 1, 2))
    talk.streams.retain([ETH])  # the last reader has left,
    talk.protocol.set_interest(frozenset({AAPL, ETH}), talk.now)  # and another one come
    assert any("AAPL" in frame for frame in map(str, talk.says()))


@pytest.mark.parametrize(("key", "waits"), [(ETH, False), (AAPL, True)])
def test_a_price_waits_for_no_history_that_has_come_or_will_not(key, waits):
    talk = Talk(key)
    if waits:
        talk.passes(6)
    else:
        talk.hears(history(key, 1))
    talk.streams.damage(key, WALL + talk.now, "unreadable")
    assert any(isinstance(event, ReferencePrice) for event in talk.hears(price(key, 2)))
