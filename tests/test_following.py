"""What is subscribed to, given what identifiers stand for."""

from functools import partial

import pytest

from polymarket_realtime import (
    AssetId,
    BookTopic,
    ConditionId,
    EventTopic,
    Found,
    Market,
    MarketGroup,
    Outcome,
    PriceTopic,
    ResolutionTopic,
    ResolvedAsset,
    TradeTopic,
    When,
    parse_condition,
)
from polymarket_realtime._hub.condition_topics import _BROUGHT_BY, _MADE_FOR, check_topics
from polymarket_realtime.following import plan_topics, topic_for

YES, NO = AssetId("1" * 77), AssetId("2" * 77)


def asset(asset_id, text="the-event"):
    return ResolvedAsset(input=text, asset_id=asset_id)


def event(*, closed=False):
    market = Market(
        condition_id=ConditionId("0x" + "ab" * 32),
        question="Will it?",
        slug="will-it",
        outcomes=(Outcome(YES, "Yes"), Outcome(NO, "No")),
        closed=closed,
    )
    return MarketGroup(id="1", slug="the-event", title="The event", markets=(market,))


def test_every_token_has_a_topic_once():
    found = Found(assets=(asset(NO), asset(YES), asset(NO, "again")))
    assert plan_topics(found, PriceTopic) == [PriceTopic(NO), PriceTopic(YES)]


@pytest.mark.parametrize("each", [PriceTopic, lambda asset_id: BookTopic(asset_id, 3)])
def test_an_event_is_followed_with_the_topic_of_its_tokens(each):
    found = Found(assets=(asset(YES), asset(NO)), groups=(event(),))
    followed, *tokens = plan_topics(found, each)
    assert isinstance(followed, EventTopic)
    assert list(followed.parts) == tokens == [each(YES), each(NO)]


def test_an_event_that_is_over_is_not_followed():
    found = Found(assets=(asset(YES), asset(NO)), groups=(event(closed=True),))
    assert plan_topics(found, PriceTopic) == [PriceTopic(YES), PriceTopic(NO)]


@pytest.mark.parametrize(
    ("fields", "topic"),
    [
        ({"when": "price_crosses", "threshold": "0.6"}, PriceTopic(YES)),
        ({"when": "price_moves", "threshold": "0.1"}, PriceTopic(YES)),
        ({"when": "spread_above", "threshold": "0.1"}, PriceTopic(YES)),
        ({"when": "spread_below", "threshold": "0.1"}, PriceTopic(YES)),
        ({"when": "size_at_least", "threshold": 5}, BookTopic(YES, depth=100)),
        ({"when": "trade_at_least", "threshold": 5}, TradeTopic(YES)),
        ({"when": "stale_for", "window_seconds": 5}, PriceTopic(YES)),
        ({"when": "resolved"}, ResolutionTopic(YES)),
    ],
)
def test_a_condition_is_watched_for_on_the_topic_that_it_needs(fields, topic):
    condition = parse_condition(fields)
    assert plan_topics(Found(assets=(asset(YES),)), partial(topic_for, condition)) == [topic]
    check_topics(condition, [topic])


def test_there_is_a_topic_for_every_kind_of_condition():
    assert set(_MADE_FOR) == set(_BROUGHT_BY) == set(When)
