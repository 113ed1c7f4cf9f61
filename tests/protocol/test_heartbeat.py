import pytest

from polymarket_realtime._protocol.heartbeat import Heartbeat
from polymarket_realtime.errors import HeartbeatTimeout, TransportError


@pytest.fixture
def heartbeat():
    return Heartbeat(100.0, interval=10.0, timeout=30.0)


def test_the_first_ping_is_due_after_one_interval(heartbeat):
    assert heartbeat.next_deadline() == 110.0
    assert not heartbeat.advance(109.9)
    assert heartbeat.advance(110.0)
    assert not heartbeat.advance(110.0)
    assert heartbeat.next_deadline() == 120.0


def test_what_is_heard_puts_off_the_end_but_not_the_next_ping(heartbeat):
    heartbeat.heard(109.0)
    assert heartbeat.next_deadline() == 110.0
    assert heartbeat.advance(110.0)


def test_a_ping_that_was_late_does_not_make_the_next_one_early(heartbeat):
    assert heartbeat.advance(117.0)
    assert heartbeat.next_deadline() == 127.0


def test_silence_ends_it_after_the_timeout_whatever_was_said(heartbeat):
    heartbeat.advance(110.0)
    heartbeat.advance(120.0)
    assert heartbeat.next_deadline() == 130.0
    with pytest.raises(HeartbeatTimeout) as caught:
        heartbeat.advance(130.0)
    assert caught.value.silent_for == 30.0
    assert isinstance(caught.value, TransportError)


def test_the_timeout_counts_from_the_last_frame(heartbeat):
    heartbeat.heard(125.0)
    assert heartbeat.advance(154.9)
    with pytest.raises(HeartbeatTimeout):
        heartbeat.advance(155.0)


def test_a_long_sleep_of_the_machine_ends_it(heartbeat):
    with pytest.raises(HeartbeatTimeout, match="no frame for 3600 s, not even PONG"):
        heartbeat.advance(3700.0)
