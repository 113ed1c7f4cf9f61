import pytest

from polymarket_realtime._protocol.closes import Redial, plan_polybolt_redial, plan_redial
from polymarket_realtime.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsRejected,
    HeartbeatTimeout,
    RequestFailed,
    StreamStalled,
)

URL = "wss://venue.test/ws/market"


def test_a_connection_whose_assets_are_all_resolved_is_not_dialled_again():
    redial = plan_redial(ConnectionLost(1000, "all subscribed assets resolved"))
    assert redial.park
    assert redial.reason == "every asset of this connection is resolved"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost(1000, ""),
        ConnectionLost(1000, "bye"),
        ConnectionLost(1001, "going away"),
        ConnectionLost(1006, "all subscribed assets resolved"),
        ConnectionLost(1012, "restart"),
        ConnectionLost(1013, "slow consumer: send buffer full"),
        ConnectionLost(None),
        HeartbeatTimeout(30.0),
        StreamStalled("activity", 20.0),
        RequestFailed("subscribe", "no answer within 10 s"),
        ConnectFailed(URL, "connection refused"),
        ConnectFailed(URL, "bad gateway", status=502),
    ],
)
def test_other_ends_are_dialled_again_after_the_usual_wait(error):
    redial = plan_redial(error)
    assert redial == Redial(redial.reason)
    assert redial.reason
    assert plan_polybolt_redial(error) == redial


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost(1008, "invalid subscription payload"),
        ConnectionLost(1009, "too big"),
        ConnectFailed(URL, "forbidden", status=403),
        ConnectFailed(URL, "not found", status=404),
        ConnectFailed(URL, "too many requests", status=429),
    ],
)
def test_what_would_only_be_refused_again_waits_longer(error):
    redial = plan_redial(error)
    assert redial == Redial(redial.reason, at_least=30.0)
    assert plan_polybolt_redial(error) == redial


@pytest.mark.parametrize(("asked", "granted"), [(0.0, 0.0), (7.5, 7.5), (60.0, 60.0), (1e9, 60.0)])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("plan", [plan_redial, plan_polybolt_redial])
def test_a_server_may_say_how_long_to_wait_within_reason(plan, status, asked, granted):
    redial = plan(ConnectFailed(URL, "later", status=status, retry_after=asked))
    assert redial == Redial(redial.reason, at_least=granted)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionLost(1001), "the venue ended the connection as planned"),
        (ConnectionLost(1001, "going away"), "ended the connection as planned: going away"),
        (ConnectionLost(1013, "slow consumer"), "reading too slowly: slow consumer"),
        (ConnectionLost(1008, "invalid"), "refused the subscription: invalid"),
        (ConnectionLost(1009, "big"), "too big: big"),
        (ConnectionLost(None), "dropped without a close frame"),
        (ConnectionLost(4000, "odd"), "closed with 4000: odd"),
        (HeartbeatTimeout(30.0), "no frame for 30 s"),
        (ConnectFailed(URL, "no route"), f"cannot connect to {URL}: no route"),
    ],
)
def test_the_reason_says_what_happened_in_words(error, words):
    assert words in plan_redial(error).reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionLost(4001, "bad key"), "rejects the credentials; set the right POLYMARKET_"),
        (CredentialsRejected("auth_invalid"), "rejected: auth_invalid; set the right POLYMARKET_"),
        (ConnectionLost(4008), "the venue found its rules broken"),
        (ConnectionLost(4008, "sub_limit"), "the venue found its rules broken: sub_limit"),
    ],
)
def test_polybolt_is_not_dialled_again_before_something_is_put_right(error, words):
    redial = plan_polybolt_redial(error)
    assert redial == Redial(redial.reason, park=True)
    assert words in redial.reason


def test_polybolt_is_dialled_at_a_random_time_after_its_node_goes_down():
    redial = plan_polybolt_redial(ConnectionLost(4003, "draining"))
    assert redial == Redial("the venue takes this node out of service", within=10.0)


def test_polybolt_is_dialled_after_the_usual_wait_by_a_reader_that_was_too_slow():
    redial = plan_polybolt_redial(ConnectionLost(4002, "pong timeout"))
    assert redial == Redial("the venue found us reading or answering too slowly: pong timeout")


@pytest.mark.parametrize("code", [4001, 4002, 4003, 4008])
def test_polybolts_codes_mean_nothing_on_other_channels(code):
    redial = plan_redial(ConnectionLost(code, "odd"))
    assert redial == Redial(f"closed with {code}: odd")
