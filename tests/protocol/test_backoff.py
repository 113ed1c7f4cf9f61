import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._protocol.backoff import Backoff


def longest(low, high):
    return high


def test_waits_double_from_one_second_to_a_minute():
    waits = [Backoff().delay(attempt, longest) for attempt in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_sequence_is_a_matter_of_knobs():
    backoff = Backoff(initial=0.5, maximum=10, multiplier=3)
    assert [backoff.delay(attempt, longest) for attempt in range(4)] == [0.5, 1.5, 4.5, 10]


def test_a_first_wait_above_the_maximum_is_the_maximum():
    assert Backoff(initial=90).delay(0, longest) == 60


@pytest.mark.parametrize("attempt", [64, 1100, 10**9])
@pytest.mark.parametrize("multiplier", [1.0, 2.0, 10.0])
def test_a_service_may_be_patient_for_years(attempt, multiplier):
    wait = Backoff(multiplier=multiplier).delay(attempt, longest)
    assert wait == (1.0 if multiplier == 1.0 else 60.0)


@settings(deadline=None)
@given(st.integers(0, 200), st.floats(0, 0.5), st.integers())
def test_chance_only_shortens_and_by_no_more_than_its_part(attempt, jitter, seed):
    whole = Backoff().delay(attempt, longest)
    wait = Backoff(jitter=jitter).delay(attempt, random.Random(seed).uniform)
    assert whole * (1 - jitter) <= wait * (1 + 1e-12)
    assert wait <= whole * (1 + 1e-12)


def test_chance_is_asked_for_the_whole_range():
    asked = []
    Backoff(jitter=0.25).delay(2, lambda low, high: asked.append((low, high)) or high)
    assert asked == [(3.0, 4.0)]
