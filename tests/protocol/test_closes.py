import pytest

from polymarket_realtime._protocol.closes import plan_redial
from polymarket_realtime.errors import ConnectFailed, ConnectionLost, HeartbeatTimeout

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
        ConnectFailed(URL, "connection refused"),
        ConnectFailed(URL, "bad gateway", status=502),
    ],
)
def test_other_ends_are_dialled_again_after_the_usual_wait(error):
    redial = plan_redial(error)
    assert (redial.park, redial.at_least) == (False, 0.0)
    assert redial.reason


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
    assert (redial.park, redial.at_least) == (False, 30.0)


@pytest.mark.parametrize(("asked", "granted"), [(0.0, 0.0), (7.5, 7.5), (60.0, 60.0), (1e9, 60.0)])
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_may_say_how_long_to_wait_within_reason(status, asked, granted):
    redial = plan_redial(ConnectFailed(URL, "later", status=status, retry_after=asked))
    assert redial.at_least == granted


@pytest.mark.parametrize(
    ("error", "words"),
    [
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
