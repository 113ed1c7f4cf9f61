from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._protocol.budget import Budget, parse_retry_after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def spend(budget, now):
    """One request as soon as it may go; when that is."""
    at = budget.ready_at(now)
    budget.take(at)
    return at


def test_requests_go_at_once_while_there_is_budget():
    budget = Budget(3)
    assert [spend(budget, now) for now in (0.0, 0.5, 0.5)] == [0.0, 0.5, 0.5]


def test_the_next_goes_when_the_oldest_leaves_the_window():
    budget = Budget(2, per=10)
    spend(budget, 1.0)
    spend(budget, 4.0)
    assert budget.ready_at(5.0) == 11.0
    assert spend(budget, 5.0) == 11.0
    assert budget.ready_at(11.0) == 14.0


def test_asking_costs_nothing():
    budget = Budget(1)
    assert [budget.ready_at(2.0) for _ in range(3)] == [2.0] * 3


def test_a_pause_holds_back_what_there_is_budget_for():
    budget = Budget(100)
    budget.pause(30.0)
    budget.pause(20.0)
    assert budget.ready_at(5.0) == 30.0
    assert budget.ready_at(31.0) == 31.0


def test_a_request_that_may_not_go_is_an_error_of_the_caller():
    budget = Budget(1)
    budget.take(0.0)
    with pytest.raises(AssertionError):
        budget.take(9.0)


def test_a_budget_of_nothing_is_none():
    with pytest.raises(ValueError, match="limit"):
        Budget(0)


@given(
    limit=st.integers(1, 5),
    per=st.floats(0.1, 60),
    waits=st.lists(st.floats(0, 20), max_size=60),
    pauses=st.dictionaries(st.integers(0, 59), st.floats(0, 100)),
)
def test_no_window_ever_holds_more_than_the_limit(limit, per, waits, pauses):
    budget, now, times = Budget(limit, per), 0.0, []
    for number, wait in enumerate(waits):
        now += wait
        if number in pauses:
            budget.pause(now + pauses[number])
        now = spend(budget, now)
        times.append(now)
    for first, one_too_many in zip(times, times[limit:], strict=False):
        assert one_too_many >= first + per


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:00:30", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("soon", None),
        ("Sun, 99 Mar 99999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, NOON) == seconds
