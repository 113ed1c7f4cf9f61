"""When a book is asked for again."""

import math

import pytest

from polymarket_realtime._protocol.recovery import Recovery

ONE, TWO = "1", "2"


@pytest.fixture
def recovery():
    return Recovery()


def asked_by(recovery, until, now=0.0):
    """When it is asked for up to then, if it never comes."""
    asked = []
    while (due := recovery.next_deadline()) <= until:
        now = due
        recovery.advance(now)
        if recovery.take_requests():
            asked.append(now)
    return asked


def test_nothing_is_awaited_at_first(recovery):
    assert not recovery.expected()
    assert recovery.next_deadline() == math.inf
    recovery.advance(1e9)
    assert not recovery.has_requests()
    assert recovery.take_requests() == []


def test_a_snapshot_that_is_late_is_asked_for_at_growing_intervals(recovery):
    recovery.expect(ONE, 100.0)
    assert not recovery.has_requests(), "it was subscribed to just now"
    assert recovery.is_expected(ONE)
    assert asked_by(recovery, 400.0) == [105, 110, 120, 140, 180, 260, 340]


def test_a_snapshot_that_has_come_is_awaited_no_more(recovery):
    recovery.expect(ONE, 0.0)
    recovery.expect(TWO, 0.0)
    recovery.arrived(ONE, 1.0)
    assert list(recovery.expected()) == [TWO]
    assert not recovery.is_expected(ONE)
    recovery.advance(5.0)
    assert recovery.take_requests() == [TWO]


def test_what_is_lost_is_asked_for_at_once(recovery):
    recovery.ask(ONE, 7.0)
    assert recovery.has_requests()
    assert recovery.take_requests() == [ONE]
    assert recovery.take_requests() == []
    assert recovery.next_deadline() == 12.0


def test_what_is_lost_again_soon_waits_for_longer_each_time(recovery):
    recovery.ask(ONE, 0.0)
    recovery.take_requests()
    waits = []
    now = 0.0
    for _ in range(4):
        recovery.arrived(ONE, now + 1)
        recovery.ask(ONE, now + 2)
        assert not recovery.has_requests()
        waits.append(recovery.next_deadline() - (now + 2))
        now = recovery.next_deadline()
        recovery.advance(now)
        assert recovery.take_requests() == [ONE]
    assert waits == sorted(waits)
    assert waits[0] == 10.0
    assert waits[-1] == 80.0


def test_after_a_minute_of_peace_it_is_as_if_nothing_had_been(recovery):
    for now in (0.0, 70.0, 140.0):
        recovery.ask(ONE, now)
        assert recovery.take_requests() == [ONE]
        recovery.arrived(ONE, now + 5)
    recovery.ask(ONE, 205.0)
    assert recovery.take_requests() == [], "a minute is not over"


def test_who_insists_need_not_wait(recovery):
    for now in range(3):
        recovery.insist(ONE, now)
        assert recovery.take_requests() == [ONE]
    assert recovery.next_deadline() == 2 + 20.0


def test_each_is_asked_for_once_however_often_that_was_wished_and_in_order(recovery):
    for asset in (TWO, ONE, TWO):
        recovery.insist(asset, 0.0)
    assert recovery.take_requests() == [ONE, TWO]


def test_what_nobody_wants_is_not_asked_for(recovery):
    recovery.ask(ONE, 0.0)
    recovery.expect(TWO, 0.0)
    recovery.forget([ONE, TWO, "3"])
    assert not recovery.has_requests()
    assert not recovery.expected()
    recovery.ask(ONE, 1.0)
    assert recovery.take_requests() == [ONE], "its history is forgotten as well"
