"""One sentence about how a subscription is doing."""

from __future__ import annotations

import time
from typing import Any

import attrs
import pytest

from polymarket_realtime import (
    ActivityTopic,
    AssetId,
    AssetState,
    AssetTopic,
    CommentTopic,
    NewMarketTopic,
    PriceTopic,
    UserOrderTopic,
)
from polymarket_realtime._model.trust import Doubt
from polymarket_realtime._model.values import utc_from_seconds
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime.diagnosis import diagnose
from polymarket_realtime.status import (
    AuthenticationStatus,
    ConnectionStatus,
    EndpointStatus,
    StreamStatus,
)

NOW = 1_791_115_200.0
"""Noon of 2026-10-04, UTC."""

YES, NO, OTHER = (AssetId(str(digit) * 77) for digit in (7, 8, 9))
S = AssetState


@pytest.fixture(autouse=True)
def _noon(monkeypatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def connection(state: str = "connected", **fields: Any) -> ConnectionStatus:
    known = {"name": "market#0", "since": utc_from_seconds(NOW - 60), "assets": 1, "dials": 1}
    known |= {"reconnects": 0, "failures": 0, "last_error": None, "last_message_at": None}
    return ConnectionStatus(state=state, **(known | {"retry_in": None} | fields))


def endpoint(*connections: ConnectionStatus, **fields: Any) -> EndpointStatus:
    states = {each.state for each in connections}
    known = {"state": min(states, default="idle"), "url": "wss://example", "streams": []}
    known |= {"connected": states == {"connected"}, "authentication": None}
    return EndpointStatus(connections=list(connections), **(known | fields))


UP = endpoint(connection())
IDLE = endpoint()


class Shelf:
    """Books of tokens, each in a state since some seconds ago."""

    def __init__(self) -> None:
        self.store = BookStore()

    def put(
        self, asset: AssetId = YES, state: AssetState = S.LIVE, reason: str = "", ago: float = 38
    ):
        book = self.store.ensure(asset)
        book.epoch, book.timestamp_ms = 1, ms(NOW - ago)
        book.enter(state, reason, NOW - ago, Doubt.SILENCE if state is S.SUSPECT else None)
        return book

    def diagnose(self, *assets: AssetId, market: EndpointStatus = UP):
        topics = [PriceTopic(asset) for asset in assets or [book.asset_id for book in self.store]]
        return diagnose(topics, list(self.store), {"market": market})


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def ms(seconds: float) -> int:
    return int(seconds * 1000)


# Tokens


def test_a_live_token_says_when_it_changed_last(shelf):
    shelf.put()
    finding = shelf.diagnose()
    assert finding.words == "live, last change 11:59"
    assert (finding.state, finding.since) == (S.LIVE, NOW - 38)


def test_a_change_of_another_day_is_told_with_its_date(shelf):
    shelf.put(ago=86_400 + 60)
    assert shelf.diagnose().words == "live, last change 2026-10-03 11:59"


def test_of_many_live_tokens_the_latest_change_is_told(shelf):
    shelf.put(YES, ago=600)
    shelf.put(NO, ago=120)
    shelf.put(OTHER, ago=3600)
    finding = shelf.diagnose()
    assert finding.words == "live, last change 11:58"
    assert finding.since == NOW - 3600, "since then nothing has been wrong with any"


def test_a_quiet_token_says_when_it_was_traded_last(shelf):
    book = shelf.put(YES, S.QUIET, "silent for 5 min; REST agrees")
    book.last_trade_ms = ms(NOW - 3 * 3600)
    words = "market is quiet: silent for 5 min; REST agrees, last trade 09:00"
    assert shelf.diagnose().words == words


def test_a_quiet_token_of_which_no_trade_was_heard_says_when_it_changed_last(shelf):
    book = shelf.put(YES, S.QUIET, "silent for 5 min; REST agrees")
    book.timestamp_ms = ms(NOW - 300)
    words = "market is quiet: silent for 5 min; REST agrees, last change 11:55"
    assert shelf.diagnose().words == words


def test_of_many_tokens_the_quiet_ones_are_counted_and_the_latest_trade_is_theirs(shelf):
    shelf.put(YES, S.LIVE).last_trade_ms = ms(NOW)
    shelf.put(NO, S.QUIET, "silent for 2 min; REST agrees").last_trade_ms = ms(NOW - 7200)
    shelf.put(OTHER, S.QUIET, "silent for 9 min; REST agrees").last_trade_ms = ms(NOW - 3600)
    words = shelf.diagnose().words
    assert words.startswith("2 of 3 tokens: market is quiet: silent for ")
    assert words.endswith("last trade 11:00")


def test_a_frozen_token_says_for_how_long_and_what_is_done(shelf):
    reason = "REST has moved on; moving it to a new connection, try 2"
    shelf.put(YES, S.FROZEN, reason)
    finding = shelf.diagnose()
    assert finding.words == f"frozen for 38 s: {reason}"
    assert (finding.state, finding.since) == (S.FROZEN, NOW - 38)


def test_a_suspect_token_says_why(shelf):
    reason = "silent for 75 s, and REST cannot be asked: HTTP 503"
    shelf.put(YES, S.SUSPECT, reason, ago=300)
    assert shelf.diagnose().words == f"suspect for 5 min: {reason}"


@pytest.mark.parametrize("state", [S.OUT_OF_SYNC, S.RESYNCING])
def test_a_lost_token_says_why(shelf, state):
    shelf.put(YES, state, "a change came 6 ms too late", ago=3)
    words = f"{state.replace('_', ' ')} for 3 s: a change came 6 ms too late"
    assert shelf.diagnose().words == words
    assert "_" not in words


def test_a_token_without_a_book_is_named_shortly(shelf):
    reason = "no such book: neither REST nor the catalogue knows this token"
    shelf.put(YES, S.UNKNOWN_ASSET, reason)
    words = shelf.diagnose().words
    assert words.startswith(f"{reason} (")
    assert YES not in words, "77 digits are nothing for a person"
    assert "777" in words


def test_a_settled_token_says_so(shelf):
    shelf.put(YES, S.RESOLVED, "the market is settled", ago=7200)
    assert shelf.diagnose().words == "resolved for 2 h: the market is settled"


def test_a_token_that_has_just_been_asked_for_says_so(shelf):
    shelf.put(YES, S.CONNECTING, "its book has been asked for", ago=1)
    assert shelf.diagnose().words == "connecting for 1 s: its book has been asked for"


def test_a_book_that_has_never_had_a_state_has_one_since_some_time(shelf):
    shelf.store.ensure(YES)
    finding = shelf.diagnose()
    assert finding.words == "connecting for some time: its first book has not come yet"
    assert finding.since is None


def test_a_clock_that_was_set_back_gives_no_negative_time(shelf):
    shelf.put(YES, S.FROZEN, "why", ago=-30)
    assert shelf.diagnose().words == "frozen for 0 s: why"


@pytest.mark.parametrize(
    ("states", "worst", "count"),
    [
        ((S.LIVE, S.QUIET, S.SUSPECT), S.SUSPECT, 1),
        ((S.SUSPECT, S.RESYNCING, S.RESYNCING), S.RESYNCING, 2),
        ((S.FROZEN, S.OUT_OF_SYNC, S.LIVE), S.FROZEN, 1),
        ((S.FROZEN, S.RESOLVED, S.FROZEN), S.FROZEN, 2),
        ((S.RESOLVED, S.LIVE, S.LIVE), S.RESOLVED, 1),
        ((S.UNKNOWN_ASSET, S.FROZEN, S.LIVE), S.UNKNOWN_ASSET, 1),
        ((S.CONNECTING, S.QUIET, S.LIVE), S.CONNECTING, 1),
    ],
)
def test_many_tokens_are_judged_by_the_worst_and_its_like_are_counted(shelf, states, worst, count):
    for asset, state in zip((YES, NO, OTHER), states, strict=True):
        shelf.put(asset, state, f"why {state}")
    finding = shelf.diagnose()
    assert finding.state is worst
    assert finding.words.startswith(f"{count} of 3 tokens: ")
    assert f"why {worst}" in finding.words


def test_of_equally_bad_tokens_the_one_that_began_first_is_told(shelf):
    shelf.put(YES, S.FROZEN, "the younger", ago=10)
    shelf.put(NO, S.FROZEN, "the older", ago=70)
    finding = shelf.diagnose()
    assert finding.words == "2 of 2 tokens: frozen for 70 s: the older"
    assert finding.since == NOW - 70


# No connection


WAITING = connection("waiting", last_error="connection refused", retry_in=7.6, failures=3)


@pytest.mark.parametrize("state", [S.CONNECTING, S.OUT_OF_SYNC])
def test_a_token_without_a_connection_says_why_and_when_it_is_dialled_again(shelf, state):
    shelf.put(YES, state, "no connection: connection refused")
    words = "not connected: connection refused; dialling again in 8 s"
    assert shelf.diagnose(market=endpoint(WAITING)).words == words


def test_many_tokens_without_a_connection_are_counted(shelf):
    for asset in (YES, NO):
        shelf.put(asset, S.OUT_OF_SYNC, "no connection: connection refused")
    shelf.put(OTHER, S.LIVE)
    words = "2 of 3 tokens: not connected: connection refused; dialling again in 8 s"
    assert shelf.diagnose(market=endpoint(connection(), WAITING)).words == words


def test_a_token_in_other_trouble_is_not_said_to_lack_a_connection(shelf):
    shelf.put(YES, S.FROZEN, "why")
    assert shelf.diagnose(market=endpoint(WAITING)).words == "frozen for 38 s: why"


def test_a_connection_that_is_parked_is_not_dialled_again(shelf):
    shelf.put(YES, S.OUT_OF_SYNC, "no connection")
    parked = connection("parked", last_error="all subscribed assets resolved")
    words = "not connected: all subscribed assets resolved, so it is not dialled again"
    assert shelf.diagnose(market=endpoint(parked)).words == words


def test_a_dial_under_way_says_which_one_it_is(shelf):
    shelf.put(YES, S.OUT_OF_SYNC, "no connection")
    dialling = connection("connecting", last_error="connection refused", dials=4)
    words = "not connected: connection refused; dialling, attempt 4"
    assert shelf.diagnose(market=endpoint(dialling)).words == words


def test_tokens_of_which_nothing_is_known_are_as_well_as_their_connection(shelf):
    finding = shelf.diagnose(YES, NO, market=endpoint(WAITING))
    assert finding.state is S.CONNECTING
    assert finding.words == "not connected: connection refused; dialling again in 8 s"
    assert shelf.diagnose(YES, market=IDLE).words == "no connection: idle"


def test_whatever_it_is_about_one_token_is_one_however_often_it_is_listened_to(shelf):
    shelf.put(YES, S.FROZEN, "why")
    topics = [PriceTopic(YES), AssetTopic(YES)]
    finding = diagnose(topics, list(shelf.store), {"market": UP})
    assert finding.words == "frozen for 38 s: why"


# What has no tokens


def test_new_markets_are_as_well_as_their_connection():
    finding = diagnose([NewMarketTopic()], [], {"market": UP})
    assert finding.words == "live: connected, and nothing was missed since"
    assert (finding.state, finding.since) == (S.LIVE, NOW - 60)


def test_new_markets_without_a_connection_say_why():
    finding = diagnose([NewMarketTopic()], [], {"market": endpoint(WAITING)})
    assert finding.state is S.CONNECTING
    assert finding.words == "not connected: connection refused; dialling again in 8 s"


def test_a_suspended_service_says_so():
    idle = endpoint(state="suspended")
    finding = diagnose([NewMarketTopic()], [], {"market": idle})
    assert (finding.state, finding.words) == (S.CONNECTING, "no connection: suspended")


def stream(state: str, name: str = "activity", problem: str | None = None, heard: float | None = 5):
    last = None if heard is None else utc_from_seconds(NOW - heard)
    return StreamStatus(name=name, state=state, last_event_at=last, problem=problem)


def diagnose_live(*streams: StreamStatus, up: bool = True, topics=()):
    topics = topics or (ActivityTopic(),)
    connections = (connection() if up else WAITING,)
    return diagnose(topics, [], {"rtds": endpoint(*connections, streams=list(streams))})


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (stream("flowing"), S.LIVE, "live, last event 11:59:55"),
        (stream("flowing", heard=None), S.LIVE, "live, last event -"),
        (
            stream("waiting", heard=None),
            S.CONNECTING,
            "activity was asked for, and nothing has come yet",
        ),
        (
            stream("interrupted", problem="silent for 20 s"),
            S.OUT_OF_SYNC,
            "activity is interrupted: silent for 20 s",
        ),
        (
            stream("gone", problem="invalid topic"),
            S.UNKNOWN_ASSET,
            "the venue does not serve activity: invalid topic",
        ),
    ],
)
def test_a_live_stream_says_how_it_is(told, state, words):
    finding = diagnose_live(told)
    assert (finding.state, finding.words) == (state, words)


def test_an_interrupted_stream_without_a_connection_says_why_there_is_none():
    words = "activity is interrupted: connection refused; dialling again in 8 s"
    assert diagnose_live(stream("interrupted", problem="x"), up=False).words == words


def test_of_several_streams_the_worst_is_told_and_others_do_not_matter():
    topics = (ActivityTopic(), CommentTopic())
    told = (
        stream("flowing"),
        stream("waiting", "comments", heard=None),
        stream("gone", "crypto:btcusd", problem="of somebody else"),
    )
    finding = diagnose_live(*told, topics=topics)
    assert finding.words == "comments was asked for, and nothing has come yet"


def test_a_stream_that_is_not_known_yet_is_as_well_as_its_connection():
    assert (
        diagnose_live(up=False).words == "not connected: connection refused; dialling again in 8 s"
    )


ACCOUNT = AuthenticationStatus(
    state="proven",
    why="the venue has answered",
    since=utc_from_seconds(NOW - 600),
    address="0x" + "a1" * 20,
    complete=True,
    incomplete_at=None,
    problem=None,
    open_orders=3,
    clock_offset=0.0,
)


def diagnose_account(*connections: ConnectionStatus, **fields: Any):
    account = attrs.evolve(ACCOUNT, **fields)
    user = endpoint(*(connections or (connection(),)), authentication=account)
    return diagnose([UserOrderTopic()], [], {"user": user})


def test_a_complete_account_says_how_many_orders_are_open():
    finding = diagnose_account()
    assert (finding.state, finding.since) == (S.LIVE, NOW - 600)
    assert finding.words == "live: complete, 3 open orders"


def test_an_incomplete_account_says_since_when_and_why():
    since = utc_from_seconds(NOW - 9)
    finding = diagnose_account(complete=False, incomplete_at=since, problem="HTTP 503")
    assert (finding.state, finding.since) == (S.RESYNCING, NOW - 9)
    assert finding.words == "not complete: HTTP 503"


def test_an_account_that_was_never_complete_says_what_the_venue_thinks_of_it():
    finding = diagnose_account(complete=False, why="nothing was proven yet")
    assert (finding.state, finding.since) == (S.RESYNCING, None)
    assert finding.words == "not complete: nothing was proven yet"


def test_an_account_without_a_connection_says_why():
    finding = diagnose_account(WAITING)
    assert finding.state is S.OUT_OF_SYNC
    assert finding.words == "not connected: connection refused; dialling again in 8 s"


def test_no_finding_tells_an_address():
    for fields in ({}, {"complete": False}, {"complete": False, "problem": "HTTP 401"}):
        assert ACCOUNT.address not in diagnose_account(**fields).words


def test_every_finding_is_one_sentence(shelf):
    for state in S:
        if state is not S.LIVE:
            shelf.put(YES, state, "why")
            words = shelf.diagnose().words
            assert "\n" not in words
            assert not words.endswith(".")
            assert "why" in words


def test_a_token_about_which_nothing_has_happened_yet_counts(shelf):
    shelf.put(YES)
    waiting = connection("waiting", last_error="refused", retry_in=5.0)
    finding = shelf.diagnose(YES, NO, market=endpoint(connection(), waiting))
    assert finding.state is S.CONNECTING
    assert finding.words == "1 of 2 tokens: not connected: refused; dialling again in 5 s"


def test_the_first_dial_is_said_once():
    finding = diagnose([NewMarketTopic()], [], {"market": endpoint(connection("connecting"))})
    assert finding.words == "not connected: dialling, attempt 1"


def test_one_order_is_one_order():
    assert diagnose_account(open_orders=1).words == "live: complete, 1 open order"
