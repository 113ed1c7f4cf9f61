"""What is kept while a book is not the truth."""

import pytest
from market_talk import make_change

from polymarket_realtime._protocol.backlog import Backlog

CHANGES = (make_change("BUY", "0.4", "5"),)


def keeping(*times):
    backlog = Backlog()
    for at in times:
        backlog.keep(at, CHANGES)
    return backlog


def times(held):
    return [timestamp_ms for timestamp_ms, _ in held]


def test_a_new_one_is_empty_and_reaches_back_for_ever():
    backlog = Backlog()
    assert len(backlog) == 0
    assert backlog.since(0) == []
    assert backlog.reaches(0)


def test_what_is_newer_than_the_snapshot_or_stamped_like_it_is_replayed():
    assert keeping(1, 2, 3, 4).since(3) == [(3, CHANGES), (4, CHANGES)]
    assert keeping(1, 2).since(3) == []


def test_it_is_replayed_in_the_order_of_the_venues_times():
    assert times(keeping(3, 1, 2).since(0)) == [1, 2, 3]


def test_frames_of_one_time_are_replayed_as_they_came():
    backlog = Backlog()
    frames = [(make_change("BUY", "0.4", str(size)),) for size in range(5)]
    for frame in frames:
        backlog.keep(7, frame)
    assert [changes for _, changes in backlog.since(7)] == frames


def test_the_latest_thousand_are_kept_and_how_far_they_reach_is_known():
    backlog = keeping(*range(1, 1_001))
    assert backlog.is_whole
    backlog.keep(1_001, CHANGES)
    assert len(backlog) == 1_000
    assert times(backlog.since(0))[0] == 2
    assert not backlog.is_whole
    assert not backlog.reaches(1)
    assert backlog.reaches(2)


def test_what_was_said_before_the_first_frame_may_have_been_missed():
    backlog = keeping(500, 600)
    assert not backlog.reaches(499)
    assert backlog.reaches(500)


def test_it_reaches_no_further_than_the_newest_that_is_gone():
    backlog = keeping(5_000, 3, *range(1_000, 2_000))
    assert not backlog.reaches(4_999)
    assert backlog.reaches(5_000)


def test_forgetting_begins_anew():
    backlog = keeping(*range(1, 1_500))
    backlog.clear()
    assert len(backlog) == 0
    assert backlog.is_whole
    assert backlog.reaches(0)


@pytest.mark.parametrize("since", [0, 2])
def test_looking_takes_nothing_away(since):
    backlog = keeping(1, 2)
    assert backlog.since(since) == backlog.since(since)
    assert len(backlog) == 2
