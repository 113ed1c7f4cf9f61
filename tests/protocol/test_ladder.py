"""What is done for a token whose book does not come, and for how long."""

import pytest

from polymarket_realtime._protocol.ladder import Ladder, Remedy

RESUBSCRIBE, MOVE, REPLACE = Remedy


@pytest.fixture
def ladder():
    return Ladder()


def climbed(ladder, now, steps, *, deaf=False):
    """The steps with the time that each is given."""
    taken = []
    for _ in range(steps):
        remedy = ladder.climb(now, deaf=deaf)
        taken.append((remedy, ladder.until - now))
        now = ladder.until
    return taken


def test_it_is_subscribed_to_anew_then_moved_then_its_connection_is_replaced(ladder):
    ladder.begin(0.0)
    assert climbed(ladder, 0.0, 7) == [
        (RESUBSCRIBE, 5.0),
        (MOVE, 15.0),
        (REPLACE, 20.0),
        (REPLACE, 40.0),
        (REPLACE, 80.0),
        (REPLACE, 120.0),
        (REPLACE, 120.0),
    ]
    assert ladder.tries == 7


def test_nothing_is_moved_away_from_a_connection_on_which_nothing_comes(ladder):
    ladder.begin(0.0)
    assert [remedy for remedy, _ in climbed(ladder, 0.0, 3, deaf=True)] == [
        *(RESUBSCRIBE, REPLACE, REPLACE)
    ]


def test_the_waits_stay_finite_however_long_it_takes(ladder):
    ladder.begin(0.0)
    assert climbed(ladder, 0.0, 2_000)[-1] == (REPLACE, 120.0)


def test_a_token_that_falls_silent_again_begins_where_it_left_off(ladder):
    ladder.begin(0.0)
    climbed(ladder, 0.0, 1)
    ladder.leave(4.0)
    assert ladder.tries == 0
    ladder.begin(4.0 + 600.0)
    assert ladder.climb(604.0, deaf=False) is MOVE
    assert ladder.tries == 1


def test_after_ten_minutes_of_peace_it_begins_at_the_first_step(ladder):
    ladder.begin(0.0)
    climbed(ladder, 0.0, 4)
    ladder.leave(100.0)
    ladder.leave(500.0)
    ladder.begin(700.5)
    assert ladder.climb(700.5, deaf=False) is RESUBSCRIBE


def test_each_step_can_be_told_to_a_person():
    assert len({remedy.words for remedy in Remedy}) == len(Remedy)
