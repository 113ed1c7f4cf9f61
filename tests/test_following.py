"""What is subscribed to, given what identifiers stand for."""

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
    ResolvedAsset,
)
from polymarket_realtime.following import plan_topics

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
