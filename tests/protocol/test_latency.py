import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._protocol.latency import ClockSkew, Histogram, Lag, LatencySummary

WIDTH = 0.1
NOON = 1_790_000_000.0
CLOCK_ERROR = 1e-6
"""Seconds since the epoch are this exact as floats."""

DURATIONS = st.floats(1e-5, 1e3, exclude_max=True)


def histogram(*durations):
    made = Histogram()
    for duration in durations:
        made.record(duration)
    return made


def exact(durations, percent):
    """The smallest duration that at least so many of a hundred do not exceed."""
    return sorted(durations)[-(-len(durations) * percent // 100) - 1]


def test_a_histogram_of_nothing_knows_nothing():
    assert Histogram().summary() == LatencySummary(count=0, p50=None, p99=None, maximum=None)


@given(st.lists(DURATIONS, min_size=1, max_size=300))
def test_quantiles_are_right_to_the_width_of_a_bucket(durations):
    summary = histogram(*durations).summary()
    assert summary.count == len(durations)
    assert summary.p50 == pytest.approx(exact(durations, 50), rel=WIDTH)
    assert summary.p99 == pytest.approx(exact(durations, 99), rel=WIDTH)
    assert summary.maximum == max(durations)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=50))
def test_quantiles_are_in_order_whatever_was_recorded(durations):
    summary = histogram(*durations).summary()
    assert 0 <= summary.p50 <= summary.p99 <= summary.maximum
    assert summary.maximum == max(0.0, *durations)


@given(st.integers(-50, 29), st.sampled_from([-math.inf, math.inf]))
def test_no_bucket_is_left_out_between_two_others(steps, direction):
    near_a_bound = math.nextafter(10 ** (steps / 10), direction)
    assert histogram(near_a_bound, 2e3).summary().p50 == pytest.approx(near_a_bound, rel=WIDTH)


@pytest.mark.parametrize("short", [-5.0, -1e-9, 0.0, 1e-9, 9e-6, -math.inf])
def test_negative_and_very_short_durations_count_as_the_lowest(short):
    assert histogram(short, short, 1.0).summary().p50 == 1e-5
    assert histogram(short).summary() == LatencySummary(1, *[max(0.0, short)] * 3)


@pytest.mark.parametrize("long", [1e3, 1e9, math.inf])
def test_very_long_durations_are_told_as_the_maximum(long):
    assert histogram(1.0, long, long).summary().p50 == long
    just_below = math.nextafter(1e3, 0)
    assert histogram(just_below, long).summary().p50 == pytest.approx(just_below, rel=WIDTH)


def hear(skew, delay, *, ahead, at=NOON):
    """A frame of a venue whose clock is so far ahead; it comes `at` our time."""
    skew.heard(stamp(delay, ahead=ahead, at=at), at)


def stamp(delay, *, ahead, at=NOON):
    return round((at - delay + ahead) * 1000)


def seconds(value):
    return pytest.approx(value, abs=0.001)


def test_nothing_is_known_before_the_first_reading():
    skew = ClockSkew()
    skew.answered(0.1)
    assert skew.offset is None
    assert skew.delay_of(1, 1.0) is None


@pytest.mark.parametrize("ahead", [-7200.0, -0.4, 0.0, 3.0, 3600.0])
def test_half_of_the_shortest_round_trip_tells_skew_from_delay(ahead):
    skew = ClockSkew()
    for number, delay in enumerate((0.3, 0.05, 0.2)):
        hear(skew, delay, ahead=ahead, at=NOON + number)
    for round_trip in (11.4, 0.1, 0.25):
        skew.answered(round_trip)
    assert skew.offset == seconds(ahead)
    late = stamp(6.2, ahead=ahead, at=NOON + 5)
    assert skew.delay_of(late, NOON + 5) == seconds(6.2)


def test_without_a_round_trip_the_shortest_delay_counts_as_skew():
    skew = ClockSkew()
    hear(skew, 0.05, ahead=3.0)
    hear(skew, 0.25, ahead=3.0)
    assert skew.offset == seconds(2.95)
    assert skew.delay_of(stamp(0.25, ahead=3.0), NOON) == seconds(0.2)


def test_round_trips_may_be_known_before_the_first_reading():
    skew = ClockSkew()
    skew.answered(0.1)
    hear(skew, 0.05, ahead=3.0)
    assert skew.offset == seconds(3.0)


def test_a_delay_is_never_negative():
    skew = ClockSkew()
    hear(skew, 0.05, ahead=0.0)
    assert skew.delay_of(stamp(0.0, ahead=0.0), NOON) == 0.0


def test_a_negative_round_trip_is_passed_over():
    skew = ClockSkew()
    hear(skew, 0.05, ahead=0.0)
    skew.answered(-5.0)
    skew.answered(0.1)
    assert skew.offset == seconds(0.0)


def test_frames_that_seem_to_come_earlier_are_believed_at_once():
    skew = ClockSkew()
    hear(skew, 0.05, ahead=0.0)
    hear(skew, 0.05, ahead=30.0, at=NOON + 1)
    assert skew.offset == seconds(29.95)


def test_a_clock_that_steps_the_other_way_is_followed_after_a_window():
    skew = ClockSkew(window=60)
    hear(skew, 0.0, ahead=5.0)
    offsets = []
    for second in range(1, 70):
        hear(skew, 0.0, ahead=0.0, at=NOON + second)
        offsets.append(skew.offset)
    assert offsets[48] == seconds(5.0)
    assert offsets[60] == seconds(0.0)


def test_our_own_clock_may_be_put_back_and_forth():
    skew = ClockSkew(window=60)
    for at in (NOON, NOON - 3600, NOON - 3600 + 61, NOON + 7200):
        hear(skew, 0.05, ahead=NOON - at, at=at)
        assert skew.offset == seconds(NOON - at - 0.05)


def test_a_clock_that_jitters_backwards_forgets_nothing():
    skew = ClockSkew(window=60)
    hear(skew, 0.05, ahead=0.0)
    for _ in range(100):
        hear(skew, 2.0, ahead=0.0, at=NOON - 0.001)
        hear(skew, 2.0, ahead=0.0)
    assert skew.offset == seconds(-0.05)


def test_a_round_trip_is_kept_until_the_window_has_another():
    skew = ClockSkew(window=60)
    hear(skew, 0.05, ahead=0.0)
    skew.answered(0.1)
    hear(skew, 0.05, ahead=0.0, at=NOON + 1000)
    assert skew.offset == seconds(0.0)
    skew.answered(0.3)
    hear(skew, 0.15, ahead=0.0, at=NOON + 1011)
    hear(skew, 0.15, ahead=0.0, at=NOON + 1065)
    assert skew.offset == seconds(0.0)


def test_a_stamp_of_another_day_is_no_clock():
    skew = ClockSkew()
    hear(skew, 0.0, ahead=1e9)
    assert skew.offset is None
    hear(skew, 0.0, ahead=2.0)
    hear(skew, 0.0, ahead=1e9)
    hear(skew, 1e9, ahead=0.0)
    assert skew.offset == seconds(2.0)


def test_a_window_of_no_time_is_none():
    with pytest.raises(ValueError, match="window"):
        ClockSkew(window=0)


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 10)), min_size=1, max_size=60))
def test_the_shortest_delay_of_the_window_is_what_counts(readings):
    skew, at, heard = ClockSkew(window=60), NOON, []
    for wait, delay in readings:
        at += wait
        sent_ms = stamp(delay, ahead=0.0, at=at)
        skew.heard(sent_ms, at)
        heard.append((at, at - sent_ms / 1000))
        surely = min(gap for time, gap in heard if time >= at - 50 + CLOCK_ERROR)
        perhaps = min(gap for time, gap in heard if time >= at - 60 - CLOCK_ERROR)
        assert perhaps <= -skew.offset <= surely


def test_a_feed_is_late_above_the_limit_and_in_time_below_half_of_it():
    lag = Lag(5.0)
    delays = [0.1, 5.0, 5.1, 9.0, 4.0, 2.5, 2.4, 0.1, 4.9, 6.2]
    assert [lag.note(delay) for delay in delays] == [
        *(None, None, True, None, None, None, False),
        *(None, None, True),
    ]
    assert (lag.late, lag.delay) == (True, 6.2)


def test_a_feed_of_which_nothing_is_known_is_in_time():
    assert (Lag(5.0).late, Lag(5.0).delay) == (False, 0.0)


@given(st.lists(st.floats(0, 10)))
def test_each_transition_is_told_once(delays):
    lag, late = Lag(4.0), False
    for delay in delays:
        told = lag.note(delay)
        assert told is None or told is not late
        late = late if told is None else told
        assert lag.late is late
        assert late or delay <= 4.0
        assert not late or delay >= 2.0


def test_a_limit_of_no_time_is_none():
    with pytest.raises(ValueError, match="limit"):
        Lag(0.0)
