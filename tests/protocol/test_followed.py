"""A market that was added to an event is told, whether or not the channel said it."""

from __future__ import annotations

import math

import pytest
from market_samples import WALL, make_group, make_market, no_of, yes_of

from polymarket_realtime._protocol.followed import FollowedEvents

ONE, TWO, THREE = (make_market(number) for number in (1, 2, 3))


def following():
    """An event of one market is followed."""
    followed = FollowedEvents()
    followed.follow("event", 0.0)
    assert followed.learn("event", make_group(ONE), 0.0, WALL) == []
    return followed


def learn(followed, *markets, now=600.0, slug="event"):
    return followed.learn(slug, make_group(*markets, slug=slug), now, WALL + now)


def test_what_the_first_answer_holds_is_no_news():
    followed = FollowedEvents()
    followed.follow("event", 5.0)
    assert followed.due(5.0) == ("event",)
    assert learn(followed, ONE, TWO) == []
    assert learn(followed, TWO, ONE) == []


def test_a_market_that_was_missed_is_made_up_for_once():
    followed = following()
    (created,) = learn(followed, ONE, TWO)
    assert (created.market, created.asset_ids) == (TWO.condition_id, TWO.asset_ids)
    assert (created.question, created.slug) == (TWO.question, TWO.slug)
    assert created.outcomes == ("Yes", "No")
    assert (created.event_slug, created.event_title) == ("event", "An event")
    assert (created.active, created.raw) == (None, b"")
    assert (created.received, created.timestamp_ms) == (WALL + 600.0, int(WALL + 600) * 1000)
    assert learn(followed, ONE, TWO) == []


@pytest.mark.parametrize(("known", "news"), [([ONE], [TWO]), ([], [ONE, TWO])])
def test_a_market_that_came_between_looking_up_and_following_is_news(known, news):
    followed = FollowedEvents()
    followed.follow("event", 0.0, known)
    assert followed.next_deadline() == 15.0, "the channel may not have carried it"
    created = learn(followed, ONE, TWO, now=15.0)
    assert [each.market for each in created] == [each.condition_id for each in news]


def test_an_event_that_nobody_follows_has_no_deadline():
    followed = following()
    followed.unfollow("event")
    assert followed.next_deadline() == math.inf


def test_an_event_is_followed_until_the_last_follower_leaves():
    followed = following()
    followed.follow("event", 1.0)
    assert followed.due(1.0) == (), "it is followed already"
    followed.unfollow("event")
    assert len(learn(followed, ONE, TWO)) == 1
    followed.unfollow("event")
    assert learn(followed, ONE, TWO, THREE) == []
    followed.failed("event", 2.0)
    assert followed.due(math.inf) == ()


def test_an_event_that_the_catalogue_does_not_know_is_asked_about_again():
    followed = FollowedEvents()
    followed.follow("event", 0.0)
    assert followed.learn("event", None, 0.0, WALL) == []
    assert followed.next_deadline() == 600.0


def test_events_are_asked_about_rarely_but_soon_after_a_hint():
    followed = following()
    assert followed.next_deadline() == 600.0
    followed.hint(100.0)
    assert followed.due(101.0) == ()
    assert followed.due(102.0) == ("event",)
    learn(followed, ONE, now=102.0)
    assert followed.next_deadline() == 112.0


@pytest.mark.parametrize(("retry_after", "wait"), [(0.0, 15.0), (50.0, 50.0)])
def test_a_catalogue_that_is_down_is_asked_again(retry_after, wait):
    followed = following()
    followed.failed("event", 600.0, retry_after=retry_after)
    assert followed.next_deadline() == 600.0 + wait
    assert len(learn(followed, ONE, TWO, now=700.0)) == 1


def test_the_most_urgent_event_comes_first():
    followed = FollowedEvents()
    followed.follow("late", 2.0)
    followed.follow("early", 1.0)
    assert followed.due(3.0) == ("early", "late")


def test_a_market_is_known_by_any_of_its_tokens():
    followed = following()
    assert yes_of(1) != no_of(1)
    rewritten = make_market(1, closed=True)
    assert learn(followed, rewritten) == []
