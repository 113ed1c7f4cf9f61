"""How long a token may be silent."""

import pytest

from polymarket_realtime._protocol.silence import Pace, SilenceLimits, in_words

LIMITS = SilenceLimits(minimum=10.0, maximum=60.0)


def paced(gap, *, changes=200, start=1_000.0):
    """A token that changes every so many seconds, observed at each change."""
    pace = Pace()
    for number in range(changes):
        pace.observe(1, number, start + number * gap)
    return pace


def test_a_token_of_which_nothing_is_known_may_be_silent_for_the_longest():
    pace = Pace()
    assert pace.limit(LIMITS) == 60.0
    pace.observe(1, 5, 1_000.0)
    assert (pace.usual_gap, pace.limit(LIMITS)) == (None, 60.0)


@pytest.mark.parametrize(
    ("gap", "limit"), [(0.1, 10.0), (1.0, 10.0), (2.5, 20.0), (5.0, 40.0), (20.0, 60.0)]
)
def test_a_silence_is_eight_usual_gaps_within_the_limits(gap, limit):
    pace = paced(gap)
    assert pace.usual_gap == pytest.approx(gap)
    assert pace.limit(LIMITS) == pytest.approx(limit)


def test_eight_changes_tell_a_pace_and_seven_do_not():
    assert paced(1.0, changes=8).usual_gap is None
    assert paced(1.0, changes=9).usual_gap == pytest.approx(1.0)


def test_after_half_a_minute_fewer_changes_have_to_do():
    pace = Pace()
    pace.observe(1, 0, 1_000.0)
    pace.observe(1, 3, 1_029.0)
    assert pace.usual_gap is None
    pace.observe(1, 3, 1_030.0)
    assert pace.usual_gap == 10.0


def test_a_token_without_any_change_is_slower_than_the_window():
    pace = Pace()
    for now in (1_000.0, 1_030.0):
        pace.observe(1, 7, now)
    assert pace.usual_gap == 60.0


def test_a_pace_that_changes_is_followed():
    pace = paced(5.0, start=1_000.0)
    for number in range(200, 400):
        pace.observe(1, number, 2_000.0 + (number - 200) * 0.5)
    assert pace.usual_gap == pytest.approx(0.5, rel=0.1)


def test_a_quicker_pace_is_believed_at_once_and_a_slower_one_only_slowly():
    quicker, slower = paced(10.0, changes=7), paced(1.0, changes=9)
    quicker.observe(1, 14, 1_060.0 + 8.0)
    assert quicker.usual_gap < 4.0
    slower.observe(1, 8, 1_008.0 + 60.0)
    assert slower.usual_gap < 4.0
    assert slower.limit(LIMITS) < LIMITS.maximum, "a stuck feed is not what is usual"


def test_what_lies_between_two_epochs_does_not_count():
    pace = paced(1.0)
    pace.observe(2, 200, 5_000.0)
    assert pace.usual_gap == pytest.approx(1.0)
    pace.observe(2, 208, 5_008.0)
    assert pace.usual_gap == pytest.approx(1.0)


def test_looking_twice_at_once_tells_nothing():
    pace = Pace()
    pace.observe(1, 0, 1_000.0)
    pace.observe(1, 100, 1_000.0)
    assert pace.usual_gap is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (38.4, "38 s"), (119, "119 s"), (120, "2 min"), (300, "5 min")),
        *((7_199, "120 min"), (7_200, "2 h"), (86_400, "24 h")),
    ],
)
def test_a_time_span_is_told_in_words(seconds, words):
    assert in_words(seconds) == words
