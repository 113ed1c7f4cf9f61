"""Which topics bring what a condition needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from polymarket_realtime._model.condition import Condition, ConditionSide, When
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.live_topics import (
    ActivityTopic,
    CommentTopic,
    ReferencePriceTopic,
    SportsTopic,
)
from polymarket_realtime._model.topics import (
    AssetTopic,
    AssetTopicBase,
    BookTopic,
    DeltaTopic,
    EventTopic,
    PriceTopic,
    ResolutionTopic,
    Topic,
    TradeTopic,
    UserOrderTopic,
    UserTradeTopic,
)
from polymarket_realtime.errors import InvalidCondition

__all__ = ["check_topics", "topic_for"]

_DEEPEST: Final = 100
"""Levels a side that a size is looked for in."""

_PRICES: Final = (PriceTopic, AssetTopic)
_TOKENS: Final = (PriceTopic, BookTopic, DeltaTopic, TradeTopic, AssetTopic)

_BROUGHT_BY: Final[Mapping[When, tuple[type[Topic], ...]]] = {
    When.PRICE_CROSSES: (*_PRICES, ReferencePriceTopic),
    When.PRICE_MOVES: (*_PRICES, ReferencePriceTopic),
    When.SPREAD_ABOVE: (*_PRICES, BookTopic),
    When.SPREAD_BELOW: (*_PRICES, BookTopic),
    When.SIZE_AT_LEAST: (BookTopic, UserOrderTopic),
    When.TRADE_AT_LEAST: (TradeTopic, AssetTopic, ActivityTopic, UserTradeTopic),
    When.STALE_FOR: (*_TOKENS, ReferencePriceTopic, ActivityTopic, CommentTopic, SportsTopic),
    When.RESOLVED: (ResolutionTopic, *_TOKENS),
}
"""The topics on which a condition can be met."""

_MADE_FOR: Final[Mapping[When, Callable[[AssetId], AssetTopicBase]]] = {
    When.PRICE_CROSSES: PriceTopic,
    When.PRICE_MOVES: PriceTopic,
    When.SPREAD_ABOVE: PriceTopic,
    When.SPREAD_BELOW: PriceTopic,
    When.SIZE_AT_LEAST: lambda asset_id: BookTopic(asset_id, depth=_DEEPEST),
    When.TRADE_AT_LEAST: TradeTopic,
    When.STALE_FOR: PriceTopic,
    When.RESOLVED: ResolutionTopic,
}


def topic_for(condition: Condition, asset_id: AssetId) -> AssetTopicBase:
    """The topic on which a condition can be watched for on one token."""
    return _MADE_FOR[condition.when](asset_id)


def check_topics(condition: Condition, topics: Iterable[Topic]) -> None:
    """Check that a condition can be met on every token, stream and market of some topics.

    Raises:
        InvalidCondition: It cannot; says what would do.
    """
    given = [topic.each if isinstance(topic, EventTopic) else topic for topic in topics]
    able = {topic.route for topic in given if isinstance(topic, _BROUGHT_BY[condition.when])}
    for topic in given:
        if topic.route not in able:
            names = ", ".join(cls.__name__ for cls in _BROUGHT_BY[condition.when])
            problem = f"{type(topic).__name__} cannot meet it; subscribe to one of {names}"
            raise InvalidCondition("when", condition.when, problem)
        _check_values(condition, topic)


def _check_values(condition: Condition, topic: Topic) -> None:
    """Refuse what no value of a topic can be compared with."""
    of_price = condition.when in (When.PRICE_CROSSES, When.PRICE_MOVES)
    threshold = condition.threshold
    if of_price and isinstance(topic, AssetTopicBase) and threshold is not None and threshold >= 1:
        problem = "the price of a token is between 0 and 1; pass 0.60 for 60 cents"
        raise InvalidCondition("threshold", threshold, problem)
    if condition.when is When.SIZE_AT_LEAST and isinstance(topic, UserOrderTopic):
        if condition.price is not None:
            raise InvalidCondition(
                "price", condition.price, "an order has one already; leave it out"
            )
        if condition.side is not ConditionSide.EITHER:
            raise InvalidCondition("side", condition.side, "an order has one already; leave it out")
