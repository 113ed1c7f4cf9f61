"""How much of a read is worked through before its events are handed over."""

import pytest

from polymarket_realtime._venue.portions import Portions


def paced(each, *, ended=0.0):
    """Portions of a connection whose messages have taken `each` seconds so far."""
    portions = Portions()
    for _ in range(40):
        portions.worked(10, ended - 10 * each, ended)
    return portions


def test_what_costs_nothing_yet_is_taken_whole():
    portions = Portions()
    portions.begin(5.0)
    assert portions.size == 256


@pytest.mark.parametrize(("each", "size"), [(1e-6, 256), (10e-6, 50), (50e-6, 10), (1e-3, 8)])
def test_a_connection_that_was_idle_hands_over_within_half_a_millisecond(each, size):
    portions = paced(each)
    portions.begin(1.0)
    assert portions.size == pytest.approx(size, abs=1)
    assert portions.turns == 2, "so that the events reach their readers before it goes on"


@pytest.mark.parametrize(("each", "size"), [(1e-6, 256), (10e-6, 100), (50e-6, 20), (1e-3, 8)])
def test_a_connection_that_is_busy_hands_over_within_a_millisecond(each, size):
    portions = paced(each)
    portions.begin(0.0005)
    assert portions.size == pytest.approx(size, abs=1)
    assert portions.turns == 1


def test_one_slow_portion_does_not_decide_the_next():
    portions = paced(10e-6)
    portions.worked(10, 0.0, 10 * 50e-6)
    portions.begin(1.0)
    assert 20 < portions.size < 40
