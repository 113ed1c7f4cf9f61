"""Which tokens REST is asked about, when and in which order."""

import math

import pytest

from polymarket_realtime._protocol.questions import Questions, Urgency

WRONG, SILENT, CURIOUS = Urgency


@pytest.fixture
def questions():
    return Questions()


def test_nothing_is_asked_unless_somebody_wants_to_know(questions):
    assert questions.take(0.0, 10) == []
    assert questions.next_deadline() == math.inf
    assert questions.open_for("a", 5.0) == 0.0
    assert questions.is_curious("a")


def test_the_most_urgent_go_first_and_of_equal_ones_the_oldest(questions):
    questions.want("c", SILENT, 1.0)
    questions.want("b", SILENT, 2.0)
    questions.want("a", WRONG, 3.0)
    assert questions.next_deadline() == 1.0
    assert questions.take(3.0, 2) == ["a", "c"]
    assert questions.take(3.0, 2) == ["b"]
    assert questions.take(3.0, 2) == [], "all are under way"
    assert questions.next_deadline() == math.inf


def test_curiosity_waits_for_others_to_go_with(questions):
    questions.want("a", CURIOUS, 0.0)
    assert questions.next_deadline() == 5.0
    assert questions.take(4.9, 10) == []
    questions.want("b", SILENT, 4.9)
    assert questions.take(4.9, 10) == ["b", "a"]


def test_curiosity_does_not_wait_for_ever_and_takes_no_room_from_others(questions):
    questions.want("a", CURIOUS, 0.0)
    questions.want("z", SILENT, 1.0)
    assert questions.take(5.0, 1) == ["z"]
    assert questions.take(5.0, 1) == ["a"]


def test_wanting_twice_is_one_question_and_the_more_urgent_reason_counts(questions):
    questions.want("a", CURIOUS, 0.0)
    assert questions.is_curious("a")
    questions.want("a", SILENT, 1.0)
    assert not questions.is_curious("a")
    questions.want("a", CURIOUS, 2.0)
    assert questions.open_for("a", 4.0) == 3.0, "since it became urgent"
    assert questions.take(2.0, 10) == ["a"]


def test_an_answer_closes_a_question(questions):
    questions.want("a", SILENT, 0.0)
    questions.take(0.0, 10)
    questions.drop("a")
    assert questions.open_for("a", 9.0) == 0.0
    questions.want("a", SILENT, 9.0)
    assert questions.take(9.0, 10) == ["a"]


def test_what_was_dropped_is_not_asked(questions):
    questions.want("a", SILENT, 0.0)
    questions.drop("a")
    questions.drop("b")
    assert questions.take(0.0, 10) == []


def test_a_question_that_nobody_answered_is_asked_again_later_and_later(questions):
    questions.want("a", SILENT, 0.0)
    now, waits = 0.0, []
    for _ in range(7):
        assert questions.take(now, 10) == ["a"]
        questions.failed(["a", "b"], now, 0.0)
        waits.append(questions.next_deadline() - now)
        assert questions.take(questions.next_deadline() - 0.1, 10) == []
        now = questions.next_deadline()
    assert waits == [5, 10, 20, 40, 60, 60, 60]
    assert questions.open_for("a", now) == now, "an answer is wanted since the beginning"


@pytest.mark.parametrize(("retry_after", "wait"), [(30.0, 30.0), (2.0, 5.0), (3600.0, 60.0)])
def test_the_venue_may_ask_for_a_longer_wait_up_to_a_minute(questions, retry_after, wait):
    questions.want("a", SILENT, 0.0)
    questions.take(0.0, 10)
    questions.failed(["a"], 0.0, retry_after)
    assert questions.next_deadline() == wait


def test_something_more_urgent_is_asked_at_once_although_the_last_try_failed(questions):
    questions.want("a", SILENT, 0.0)
    questions.take(0.0, 10)
    questions.failed(["a"], 0.0, 0.0)
    questions.want("a", WRONG, 1.0)
    assert questions.take(1.0, 10) == ["a"]
