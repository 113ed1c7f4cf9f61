import json
import logging
import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._model.feed import Gap, StreamGone
from polymarket_realtime._model.live import PRICES_FEED, PriceStream, ReferencePrice
from polymarket_realtime._protocol.polybolt import PolyBoltProtocol
from polymarket_realtime._protocol.streams import Streams, StreamState
from polymarket_realtime.errors import (
    CredentialsRejected,
    HeartbeatTimeout,
    RequestFailed,
    StreamStalled,
)

KEY = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
PASSPHRASE = "f00d" * 16
CREDENTIALS = Credentials(api_key=Secret(KEY), secret=Secret(SECRET), passphrase=Secret(PASSPHRASE))
START, WALL = 1000.0, 1_700_000_000.0
TIME = 1_788_886_000_000

BTC, ETH, AAPL, TWAP = "crypto:btcusd", "crypto:ethusd", "equity:aapl", "crypto:btcusd:60"


def channel(key):
    kind, _, *window = key.split(":")
    return f"price.{kind}" + ".twap" * len(window)


class Talk:
    """One connection to PolyBolt. `now` is the time; everything happens at it."""

    def __init__(self, *keys, streams=None, now=START):
        self.now, self.seqs = now, {}
        self.streams = Streams(PRICES_FEED) if streams is None else streams
        self.protocol = PolyBoltProtocol(
            self.streams, CREDENTIALS, frozenset(keys), now, wall_offset=WALL
        )
        self.counters = self.protocol.counters

    def hears(self, *said):
        texts = [text if isinstance(text, str) else json.dumps(text) for text in said]
        return self.protocol.receive([text.encode() for text in texts], self.now)

    def says(self):
        """Everything that goes out, as it may."""
        ops = []
        while frames := self.protocol.frames_to_send():
            [text] = frames
            ops.append(json.loads(text))
            self.waits(0.11)
        assert not self.protocol.has_frames()
        return ops

    def waits(self, seconds):
        self.now += seconds
        return self.protocol.advance(self.now)

    def says_in_time(self, name):
        """The next request of this name, on a connection that is never silent."""
        while True:
            for text in self.protocol.frames_to_send():
                if (op := json.loads(text))["op"] == name:
                    return op
            self.now = max(self.now, self.protocol.next_deadline())
            self.hears({"op": "pong"})
            self.protocol.advance(self.now)

    def wants(self, *keys):
        self.protocol.set_interest(frozenset(keys), self.now)

    def authenticates(self):
        [op] = self.says()
        assert op["op"] == "auth"
        self.hears({"op": "authed", "rid": op["rid"]})

    def answers(self, op, *codes):
        """Each item of a request is agreed to, or refused with a code."""
        events = []
        for number, item in enumerate(op["subscriptions"]):
            answer = {"channel": item["channel"], "rid": op["rid"]}
            if number < len(codes) and codes[number]:
                events += self.hears({"op": "error", "code": codes[number], **answer})
            else:
                events += self.hears({"op": op["op"] + "d", **answer})
        return events

    def subscribes(self):
        self.authenticates()
        return [event for op in self.says() for event in self.answers(op)]

    def data(self, key, payload, *, skip=0, **more):
        name = channel(key)
        self.seqs[name] = self.seqs.get(name, 0) + 1 + skip
        _, symbol, *window = key.split(":")
        payload = {"symbol": symbol, **payload}
        if window:
            payload["window_seconds"] = int(window[0])
        frame = {"v": 1, "channel": name, "seq": self.seqs[name], "ts": TIME, "payload": payload}
        return self.hears({**frame, **more})

    def price(self, key, at, **more):
        """A live price, `at` seconds after some time; it is 100 dollars more than that."""
        return self.data(key, point(at), **more)

    def snapshot(self, key, *ats, **more):
        return self.data(key, {"data": list(map(point, ats))}, snapshot=True, **more)

    def ends(self):
        self.protocol.connection_lost(self.now)

    def again(self, *keys):
        """The next connection of the same endpoint."""
        return Talk(*keys, streams=self.streams, now=self.now)


def point(at):
    value = 100 + at
    return {"timestamp": TIME + at * 1000, "value": value, "full_accuracy_value": f"{value}.000"}


def told(events):
    """Prices as seconds and where from, gaps as what they miss."""
    short = []
    for event in events:
        if isinstance(event, ReferencePrice):
            at = (event.timestamp_ms - TIME) // 1000
            assert event.price == 100 + at
            short.append((event.routes[0], at, "late" if event.backfilled else "live"))
        elif isinstance(event, Gap):
            short.append((event.stream, "filled" if event.filled else "gap", event.missed))
        else:
            short.append((event.stream, "gone", event.reason))
    return short


# Requests


def test_credentials_go_first_and_streams_are_asked_for_once_they_are_accepted():
    talk = Talk(BTC, AAPL, TWAP)
    [auth] = talk.says()
    assert auth == {
        "op": "auth",
        "rid": "1",
        "auth": {"apiKey": KEY, "secret": SECRET, "passphrase": PASSPHRASE},
    }
    talk.hears({"op": "authed", "rid": "1"})
    [op] = talk.says()
    assert op == {
        "op": "subscribe",
        "rid": "2",
        "subscriptions": [
            {"channel": "price.crypto", "filter": {"symbol": "btcusd"}},
            {
                "channel": "price.crypto.twap",
                "filter": {"symbol": "btcusd", "window_seconds": 60},
            },
            {"channel": "price.equity", "filter": {"symbol": "aapl"}},
        ],
    }
    talk.answers(op)
    assert {state for state, _, _ in talk.streams.states().values()} == {StreamState.FLOWING}


def test_a_stream_flows_as_soon_as_its_own_answer_has_come():
    talk = Talk(BTC, ETH)
    talk.authenticates()
    [op] = talk.says()
    talk.hears({"op": "subscribed", "channel": "price.crypto", "rid": op["rid"]})
    states = {key: state for key, (state, _, _) in talk.streams.states().items()}
    assert states == {BTC: StreamState.FLOWING, ETH: StreamState.WAITING}


def test_requests_keep_their_distance_and_wait_without_being_woken():
    talk = Talk(BTC)
    assert talk.protocol.has_frames()
    talk.protocol.frames_to_send()
    talk.hears({"op": "authed"})
    assert not talk.protocol.has_frames()
    assert talk.protocol.frames_to_send() == []
    assert talk.protocol.next_deadline() == pytest.approx(START + 0.11)
    talk.now = talk.protocol.next_deadline()
    talk.protocol.advance(talk.now)
    assert talk.protocol.has_frames()
    assert len(talk.protocol.frames_to_send()) == 1


def test_many_streams_go_in_frames_of_32_one_after_the_other_and_never_more_than_64():
    talk = Talk(*(f"equity:{'x' * 29}{number:03}" for number in range(70)))
    talk.authenticates()
    sizes = []
    while ops := talk.says():
        [op] = ops
        sizes.append(len(op["subscriptions"]))
        assert len(json.dumps(op)) < 60_000
        assert talk.says() == [], "the next one waits for the answers"
        talk.answers(op)
    assert sizes == [32, 32]
    assert talk.protocol.next_deadline() > talk.now


def test_what_is_wanted_no_more_is_unsubscribed_and_may_be_wanted_again():
    talk = Talk(BTC, ETH)
    talk.subscribes()
    talk.wants(ETH, AAPL)
    leaving, *_ = talk.says()
    assert (leaving["op"], leaving["subscriptions"][0]["filter"]) == (
        "unsubscribe",
        {"symbol": "btcusd"},
    )
    talk.wants(BTC, ETH)
    assert talk.says() == [], "its own answer comes first"
    talk.answers(leaving)
    [op] = talk.says()
    assert (op["op"], op["subscriptions"][0]["filter"]) == ("subscribe", {"symbol": "btcusd"})


def test_a_stream_that_was_left_brings_nothing_and_loses_nothing():
    talk = Talk(BTC, ETH)
    talk.subscribes()
    talk.price(BTC, 1)
    talk.wants(ETH)
    assert len(talk.says()) == 1
    assert told(talk.price(BTC, 2)) == []
    talk.ends()
    assert not talk.streams.is_interrupted(BTC)
    assert talk.streams.is_interrupted(ETH)


def test_an_answer_to_nobody_changes_nothing():
    talk = Talk(BTC)
    talk.subscribes()
    for op in ("authed", "subscribed", "unsubscribed"):
        assert talk.hears({"op": op, "rid": "77", "channel": "price.crypto"}) == []
    assert talk.says() == []


@pytest.mark.parametrize(("stage", "request_"), [(0, "authenticate"), (1, "subscribe")])
def test_a_request_without_an_answer_costs_the_connection(stage, request_):
    talk = Talk(BTC)
    if stage:
        talk.authenticates()
    talk.protocol.frames_to_send()
    deadline = talk.protocol.next_deadline()
    assert deadline == talk.now + 10
    talk.protocol.advance(deadline - 0.01)
    with pytest.raises(RequestFailed, match=f"{request_} failed: no answer within 10 s"):
        talk.protocol.advance(deadline)


KEYS = (BTC, ETH, AAPL, TWAP, "equity:msft")
CODES = (None, "sub_limit", "bad_filter", "auth_required", "auth_expired", "odd")
ANSWERS = st.lists(st.sampled_from(CODES), max_size=3)


@given(st.lists(st.tuples(st.frozensets(st.sampled_from(KEYS)), ANSWERS), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_wanted_and_answered_the_conversation_neither_rushes_nor_spins(steps):
    talk, went = Talk(), [-math.inf]
    with suppress(CredentialsRejected, RequestFailed, StreamStalled):
        for wanted, codes in [*steps, (frozenset(KEYS), [])]:
            talk.wants(*wanted)
            for text in talk.protocol.frames_to_send():
                assert talk.now >= went[-1] + 0.11
                went.append(talk.now)
                op = json.loads(text)
                if op["op"] == "auth":
                    talk.hears({"op": "authed", "rid": op["rid"]})
                elif op["op"] != "ping":
                    talk.answers(op, *codes)
                assert talk.protocol.frames_to_send() == []
            assert talk.protocol.next_deadline() > talk.now
            talk.now = talk.protocol.next_deadline()
            talk.hears({"op": "pong"})
            talk.protocol.advance(talk.now)
    assert len(went) > 1


# Errors


@pytest.mark.parametrize("code", ["auth_invalid", "auth_attempts"])
def test_credentials_that_the_venue_rejects_end_it(code):
    talk = Talk(BTC)
    talk.says()
    with pytest.raises(CredentialsRejected, match=code):
        talk.hears({"op": "error", "code": code, "rid": "1"})


def test_a_venue_that_cannot_check_credentials_is_dialled_again():
    talk = Talk(BTC)
    talk.says()
    with pytest.raises(RequestFailed, match="cannot check credentials just now"):
        talk.hears({"op": "error", "code": "auth_unavailable", "rid": "1"})


@pytest.mark.parametrize("code", ["auth_expired", "auth_required"])
def test_credentials_are_shown_once_more_and_the_streams_asked_for_anew(code):
    talk = Talk(BTC, ETH)
    talk.authenticates()
    [op] = talk.says()
    assert talk.answers(op, code, code) == []
    talk.authenticates()
    [op] = talk.says()
    talk.answers(op)
    with pytest.raises(CredentialsRejected, match=f"{code} as soon as"):
        talk.hears({"op": "error", "code": code})


def test_what_expires_under_a_running_stream_makes_no_gap():
    talk = Talk(BTC)
    talk.subscribes()
    talk.price(BTC, 1)
    talk.hears({"op": "error", "code": "auth_expired"})
    talk.subscribes()
    assert told(talk.price(BTC, 2)) == [(BTC, 2, "live")]


def test_what_expires_every_hour_costs_a_connection_and_not_the_credentials():
    talk = Talk(AAPL)
    talk.subscribes()
    talk.hears({"op": "error", "code": "auth_expired"})
    talk.subscribes()
    talk.now += 3600
    with pytest.raises(RequestFailed, match="auth_expired once more"):
        talk.hears({"op": "error", "code": "auth_expired"})


def test_a_stream_being_left_while_credentials_expire_is_left_afterwards():
    talk = Talk(BTC, ETH)
    talk.subscribes()
    talk.wants(ETH)
    [op] = talk.says()
    talk.hears({"op": "error", "code": "auth_expired", "rid": op["rid"]})
    talk.authenticates()
    [leaving] = talk.says()
    assert leaving["op"] == "unsubscribe"
    talk.answers(leaving)
    [op] = talk.says()
    assert [item["filter"]["symbol"] for item in op["subscriptions"]] == ["ethusd"]


@pytest.mark.parametrize("code", ["bad_filter", "bad_channel"])
def test_a_stream_that_the_venue_does_not_know_is_gone_and_the_others_flow(code):
    talk = Talk(BTC, "crypto:btcusdt", ETH)
    talk.authenticates()
    [op] = talk.says()
    [gone] = talk.answers(op, None, code)
    assert isinstance(gone, StreamGone)
    assert gone.stream == "crypto:btcusdt"
    assert gone.reason == f"the venue does not serve the crypto price btcusdt: {code}"
    assert gone.instead == "subscribe to btcusd"
    assert gone.received == WALL + talk.now
    assert talk.says() == [], "nobody asks again on this connection"
    assert told(talk.price(ETH, 1)) == [(ETH, 1, "live")]


def test_a_stream_known_to_be_gone_is_asked_for_last_and_alone():
    talk = Talk(BTC, "equity:bad")
    talk.authenticates()
    [op] = talk.says()
    assert len(talk.answers(op, None, "bad_filter")) == 1
    talk.ends()
    talk = talk.again(BTC, "equity:bad")
    talk.authenticates()
    [op] = talk.says()
    assert [item["filter"]["symbol"] for item in op["subscriptions"]] == ["btcusd"]
    talk.answers(op)
    [op] = talk.says()
    assert [item["filter"]["symbol"] for item in op["subscriptions"]] == ["bad"]
    assert talk.answers(op, "bad_filter") == [], "it is no news"


def test_a_stream_that_is_served_again_is_gone_no_more_once_a_price_comes():
    talk = Talk(BTC)
    talk.authenticates()
    [op] = talk.says()
    talk.answers(op, "bad_filter")
    talk.ends()
    talk = talk.again(BTC)
    talk.subscribes()
    assert talk.streams.is_gone(BTC)
    assert told(talk.snapshot(BTC, 1, 2)) == [(BTC, 2, "late"), (BTC, "gap", None)]
    assert not talk.streams.is_gone(BTC)


@pytest.mark.parametrize("code", ["sub_limit", "rate_limited", "something_new"])
def test_a_stream_refused_for_now_is_asked_for_later_and_less_and_less_often(code):
    talk = Talk(BTC, ETH)
    talk.authenticates()
    [op] = talk.says()
    waits = []
    for _ in range(7):
        talk.answers(op, code, code)
        refused = talk.now
        op = talk.says_in_time("subscribe")
        waits.append(round(talk.now - refused))
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    talk.answers(op)
    talk.wants(AAPL, BTC, ETH)
    assert talk.says_in_time("subscribe")["subscriptions"][0]["filter"] == {"symbol": "aapl"}
    assert talk.counters.texts[f"error {code}"] == 14


@pytest.mark.parametrize(("code", "asked_again"), [("bad_filter", False), ("rate_limited", True)])
def test_a_stream_whose_end_is_refused_is_left_anyway_or_later(code, asked_again):
    talk = Talk(BTC, ETH)
    talk.subscribes()
    talk.wants(ETH)
    [op] = talk.says()
    assert talk.answers(op, code) == []
    talk.waits(3)
    assert [again["op"] for again in talk.says()] == ["unsubscribe"] * asked_again


def test_an_answer_about_a_channel_that_was_not_asked_for_answers_nothing():
    talk = Talk(BTC)
    talk.authenticates()
    [op] = talk.says()
    talk.hears({"op": "subscribed", "channel": "price.equity", "rid": op["rid"]})
    assert talk.streams.states()[BTC][0] is StreamState.WAITING


@pytest.mark.parametrize("code", ["bad_op", None])
def test_an_error_about_nothing_in_particular_is_counted(code):
    talk = Talk(BTC)
    talk.subscribes()
    assert talk.hears({"op": "error", "code": code}) == []
    assert talk.counters.texts[f"error {code}"] == 1
    assert told(talk.price(BTC, 1)) == [(BTC, 1, "live")]


# Prices


def test_a_price_is_told_once_with_all_that_is_known_of_it():
    talk = Talk(TWAP)
    talk.subscribes()
    more = {"source": "chainlink", "is_carried_forward": False, "market_status": "open"}
    [event] = talk.data(TWAP, {**point(1), **more})
    assert talk.price(TWAP, 1) == []
    assert event.stream == PriceStream.from_key(TWAP)
    assert (str(event.price), event.provider, event.market_status) == (
        "101.000",
        "chainlink",
        "open",
    )
    assert (event.carried_forward, event.backfilled) == (False, False)
    assert event.timestamp_ms == TIME + 1000
    assert event.received == WALL + talk.now
    assert json.loads(event.raw)["payload"]["symbol"] == "btcusd"
    assert talk.streams.latest(TWAP) is event
    assert talk.counters.duplicates == 1


def test_of_a_stream_never_heard_before_only_the_latest_price_of_the_snapshot_is_told():
    talk = Talk(BTC)
    talk.subscribes()
    assert told(talk.snapshot(BTC, 1, 3, 2)) == [(BTC, 3, "late")]
    assert told(talk.price(BTC, 4)) == [(BTC, 4, "live")]


def test_a_price_that_nobody_asked_for_is_not_told():
    talk = Talk(BTC)
    talk.subscribes()
    assert talk.price(ETH, 1) == []
    assert talk.snapshot(TWAP, 1) == []


def test_an_older_price_that_comes_later_is_told_but_not_kept():
    talk = Talk(BTC)
    talk.subscribes()
    talk.price(BTC, 5)
    assert told(talk.price(BTC, 4)) == [(BTC, 4, "live")]
    assert told([talk.streams.latest(BTC)]) == [(BTC, 5, "live")]


def interrupted(*keys, last=5):
    """A connection that has just begun, after one whose last price came at `last`."""
    talk = Talk(*keys)
    talk.subscribes()
    for key in keys:
        talk.price(key, last)
    talk.now += 1
    talk.ends()
    talk.now += 10
    talk = talk.again(*keys)
    assert talk.subscribes() == [], "the snapshot may fill the gap"
    return talk


def test_a_snapshot_that_reaches_back_fills_the_gap():
    talk = interrupted(BTC)
    assert told(talk.snapshot(BTC, 4, 5, 6, 7)) == [
        (BTC, 6, "late"),
        (BTC, 7, "late"),
        (BTC, "filled", 0),
    ]
    assert told(talk.price(BTC, 8)) == [(BTC, 8, "live")]


def test_a_snapshot_that_does_not_reach_back_leaves_a_gap():
    talk = interrupted(BTC)
    events = talk.snapshot(BTC, 7, 8)
    assert told(events) == [(BTC, 7, "late"), (BTC, 8, "late"), (BTC, "gap", None)]
    assert events[-1].reason == "the connection was lost"
    assert events[-1].gap_since == pytest.approx(WALL + START, abs=1)


def test_a_live_price_before_the_snapshot_ends_the_gap_unfilled():
    talk = interrupted(BTC)
    assert told(talk.price(BTC, 8)) == [(BTC, "gap", None), (BTC, 8, "live")]
    assert told(talk.snapshot(BTC, 5, 6, 8)) == []


def test_a_snapshot_that_does_not_come_is_waited_for_five_seconds():
    talk = interrupted(AAPL)
    served = talk.now
    deadline = talk.protocol.next_deadline()
    assert served - 1 < deadline - 5 <= served
    assert talk.protocol.advance(deadline - 0.01) == []
    assert told(talk.protocol.advance(deadline)) == [(AAPL, "gap", None)]
    assert told(talk.snapshot(AAPL, 5, 6)) == [(AAPL, 6, "late")]


def test_two_connections_that_overlap_tell_everything_once_and_lose_nothing():
    old = Talk(BTC)
    old.subscribes()
    old.price(BTC, 5)
    new = old.again(BTC)
    new.subscribes()
    assert told(new.snapshot(BTC, 4, 5, 6)) == [(BTC, 6, "late")]
    assert old.price(BTC, 6) == []
    old.ends()
    assert told(new.price(BTC, 7)) == [(BTC, 7, "live")]


@pytest.mark.parametrize("more", [{"skip": 3}, {"dropped": 3}, {"skip": 3, "dropped": 3}])
def test_what_the_venue_leaves_out_is_a_gap_of_so_many_events(more):
    talk = Talk(BTC)
    talk.subscribes()
    talk.price(BTC, 1)
    talk.now += 2
    events = talk.price(BTC, 4, **more)
    assert told(events) == [(BTC, "gap", 3), (BTC, 4, "live")]
    assert (events[0].reason, events[0].gap_seconds) == ("the venue left out events", 2.0)


def test_of_several_streams_of_a_channel_any_may_miss_what_was_left_out():
    talk = Talk(BTC, ETH, TWAP, AAPL)
    talk.subscribes()
    for key in (BTC, ETH, TWAP, AAPL):
        talk.price(key, 1)
    assert told(talk.price(ETH, 4, skip=2)) == [
        (BTC, "gap", None),
        (ETH, "gap", None),
        (ETH, 4, "live"),
    ]
    assert told(talk.price(TWAP, 2)) == [(TWAP, 2, "live")]


def test_a_jump_does_not_end_the_wait_for_a_snapshot():
    talk = interrupted(BTC, ETH)
    assert told(talk.snapshot(BTC, 5, 6)) == [(BTC, 6, "late"), (BTC, "filled", 0)]
    assert told(talk.price(BTC, 7, skip=1)) == [(BTC, "gap", None), (BTC, 7, "live")]
    assert told(talk.snapshot(ETH, 5, 6)) == [(ETH, 6, "late"), (ETH, "filled", 0)]


def test_a_count_may_begin_anywhere_and_snapshots_count_too():
    talk = Talk(BTC)
    talk.subscribes()
    assert told(talk.snapshot(BTC, 1, skip=40)) == [(BTC, 1, "late")]
    assert told(talk.price(BTC, 2)) == [(BTC, 2, "live")]


def test_a_frame_that_cannot_be_read_is_counted_and_missing():
    talk = Talk(BTC)
    talk.subscribes()
    talk.price(BTC, 1)
    assert talk.data(BTC, {"timestamp": "never"}) == []
    assert talk.counters.malformed == 1
    assert told(talk.price(BTC, 3)) == [(BTC, "gap", 1), (BTC, 3, "live")]


# Silence


def test_a_ping_goes_every_thirty_seconds_and_silence_ends_the_connection():
    talk = Talk(AAPL)
    talk.subscribes()
    start = talk.now
    talk.now = START + 30
    talk.protocol.advance(talk.now)
    assert [op["op"] for op in talk.says()] == ["ping"]
    with pytest.raises(HeartbeatTimeout):
        talk.protocol.advance(start + 90)


def test_a_crypto_price_that_stops_costs_the_connection_and_its_gap_begins_with_it():
    talk = Talk(BTC, TWAP)
    talk.subscribes()
    talk.price(BTC, 1)
    stopped = talk.now
    talk.now += 15
    talk.price(TWAP, 16)
    heard = talk.now
    assert talk.protocol.next_deadline() == stopped + 20
    talk.now = stopped + 20
    with pytest.raises(StreamStalled, match="no data of crypto:btcusd for 20 s"):
        talk.protocol.advance(talk.now)
    talk.ends()
    talk = talk.again(BTC, TWAP)
    talk.subscribes()
    [*_, gap] = talk.snapshot(BTC, 20)
    assert gap.gap_since == WALL + stopped
    assert gap.reason == "it stopped although the connection was open"
    [*_, gap] = talk.snapshot(TWAP, 20)
    assert (gap.gap_since, gap.reason) == (WALL + heard, "the connection was lost")


def test_an_equity_may_be_silent_for_hours():
    talk = Talk(AAPL)
    talk.subscribes()
    for _ in range(100):
        talk.now += 30
        assert talk.protocol.advance(talk.now) == []
        talk.hears({"op": "pong"})


def test_a_crypto_price_that_the_venue_has_none_of_cannot_stop():
    talk = Talk(BTC)
    talk.subscribes()
    assert talk.snapshot(BTC) == []
    talk.now += 25
    assert talk.protocol.advance(talk.now) == []
    assert told(talk.price(BTC, 1)) == [(BTC, 1, "live")]
    talk.now += 20
    with pytest.raises(StreamStalled):
        talk.protocol.advance(talk.now)


@pytest.mark.parametrize("with_snapshot", [True, False])
def test_an_average_that_is_served_nowhere_is_gone_and_costs_nobody_the_connection(with_snapshot):
    odd = "crypto:btcusd:30"
    talk = Talk(odd, TWAP)
    talk.subscribes()
    talk.price(TWAP, 1)
    events = talk.snapshot(odd) if with_snapshot else []
    talk.now += 19
    talk.price(TWAP, 20)
    [gone] = events + talk.waits(1)
    assert (gone.stream, gone.instead) == (odd, "subscribe to its average over 60 s")
    assert gone.reason == "the venue has no prices of the crypto price btcusd averaged over 30 s"
    talk.ends()
    talk = talk.again(odd)
    talk.subscribes()
    assert talk.snapshot(odd) == [], "it is no news"


def test_an_odd_average_that_is_served_after_all_may_stop_like_any_other():
    odd = "crypto:btcusd:30"
    talk = Talk(odd)
    talk.subscribes()
    talk.snapshot(odd)
    assert told(talk.price(odd, 1)) == [(odd, "gap", None), (odd, 1, "live")]
    talk.now += 20
    with pytest.raises(StreamStalled):
        talk.protocol.advance(talk.now)


def test_prices_that_cannot_be_read_are_no_silence():
    talk = Talk(BTC)
    talk.subscribes()
    for _ in range(5):
        talk.now += 19
        talk.data(BTC, {})
        assert talk.protocol.advance(talk.now) == []
    assert talk.counters.malformed == 5


@pytest.mark.parametrize("sign", ["pong", "price"])
def test_a_connection_is_proven_by_a_sign_of_sense_after_some_time(sign):
    talk = Talk(AAPL)
    talk.subscribes()
    for at, proven in ((0, False), (31, True)):
        talk.now += at
        if sign == "pong":
            talk.hears({"op": "pong"})
        else:
            talk.price(AAPL, at)
        assert talk.protocol.proven is proven
    assert talk.protocol.incomplete is False


def test_a_connection_that_is_not_authenticated_proves_nothing():
    talk = Talk(BTC)
    talk.now += 31
    talk.hears({"op": "pong"})
    assert not talk.protocol.proven


def test_an_answer_of_the_transport_is_a_sign_of_life():
    talk = Talk(AAPL)
    talk.subscribes()
    talk.protocol.alive(talk.now + 60)
    talk.protocol.advance(talk.now + 100)


# Strangers


def test_what_nobody_knows_is_counted_and_told_to_nobody():
    talk = Talk(BTC)
    talk.subscribes()
    frame = {"v": 1, "channel": "price.polymarket", "seq": 9, "snapshot": True, "payload": []}
    assert talk.hears(frame, {"op": "challenge"}, "hello", "", "{", "[]") == []
    assert talk.counters.events["unknown"] == 2
    assert talk.counters.texts == {"hello": 1}
    assert talk.counters.malformed == 1


def test_no_secret_reaches_an_event_a_log_or_an_error(caplog):
    caplog.set_level(logging.DEBUG)
    talk = Talk(BTC)
    talk.subscribes()
    leaks = (KEY, SECRET, PASSPHRASE)
    everything = []
    for leak in leaks:
        everything += talk.data(BTC, {**point(len(everything)), "source": leak, "more": leak})
        everything += talk.hears(f"hello {leak}", {"op": leak}, {"op": "error", "code": leak})
        talk.data(BTC, {"symbol": leak})
        talk.hears({"op": "subscribed", "rid": leak, "channel": leak})
    prices = [event for event in everything if isinstance(event, ReferencePrice)]
    assert [price.provider for price in prices] == ["<api key>", "<secret>", "<passphrase>"]
    shown = [repr(event) for event in everything] + [repr(price.raw) for price in prices]
    assert len(caplog.records) >= 12
    for text in [*shown, caplog.text, repr(talk.counters), repr(vars(talk.protocol))]:
        assert not any(leak in text for leak in leaks)
    with pytest.raises(CredentialsRejected) as caught:
        talk.hears({"op": "error", "code": "auth_invalid", "rid": KEY})
    assert KEY not in str(caught.value)


def test_recorded_frames_make_prices(captures):
    path = captures / "polybolt-staging/polybolt-2026-09-08.jsonl"
    talk = Talk(BTC, ETH, AAPL, TWAP)
    talk.subscribes()
    events = talk.hears(*(line for line in path.read_text().splitlines() if line))
    prices = [(e.routes[0], str(e.price)) for e in events if isinstance(e, ReferencePrice)]
    assert prices == [
        (AAPL, "316.1"),
        (ETH, "2497.38586148"),
        (BTC, "78794.15450441"),
        (TWAP, "78803.715261094101516288"),
    ], "the snapshot is older than the price told before it"
    assert talk.counters.malformed == 0


EUR = "crypto:eurusd:60"


def serve(talk):
    """Accept the credentials, and whatever is asked for then."""
    (auth,) = talk.says()
    talk.hears({"op": "authed", "rid": auth["rid"]})
    answer(talk)


def answer(talk):
    for ask in talk.says():
        for item in ask["subscriptions"]:
            talk.hears({"op": f"{ask['op']}d", "rid": ask["rid"], "channel": item["channel"]})


def tick(key, seq, at=0):
    stream = PriceStream.from_key(key)
    payload = {"symbol": stream.symbol, "timestamp": TIME + at, "value": 1.17}
    if stream.window_seconds is not None:
        payload["window_seconds"] = stream.window_seconds
    return {"channel": channel(key), "seq": seq, "payload": payload}


def test_currencies_may_rest_and_cost_the_others_nothing():
    talk = Talk(BTC, EUR)
    serve(talk)
    talk.hears(tick(EUR, 1))
    for second in range(60):
        talk.hears(tick(BTC, second + 1, 1000 * second))
        talk.waits(1)


def test_an_answer_of_another_kind_than_was_asked_for_is_ignored():
    talk = Talk(BTC, ETH)
    serve(talk)
    talk.waits(1)
    talk.protocol.set_interest(frozenset({ETH}), talk.now)
    (leave,) = talk.says()
    assert leave["op"] == "unsubscribe"
    assert talk.hears({"op": "subscribed", "rid": leave["rid"], "channel": "price.crypto"}) == []


def test_a_stream_that_was_left_while_credentials_are_renewed_stalls_nothing():
    talk = Talk(BTC, ETH)
    serve(talk)
    talk.hears(tick(BTC, 1), tick(ETH, 2))
    talk.hears({"op": "error", "code": "auth_expired"})
    talk.protocol.set_interest(frozenset({BTC}), talk.now)
    serve(talk)
    for second in range(40):
        talk.hears(tick(BTC, second + 3, 1000 * second))
        talk.waits(1)
