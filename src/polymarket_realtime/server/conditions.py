"""Conditions, as models pass them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from polymarket_realtime._hub.condition_topics import check_topics
from polymarket_realtime._model.condition import Condition, When, parse_condition
from polymarket_realtime._model.topics import Topic
from polymarket_realtime.errors import InvalidCondition

from .arguments import ArgumentsError
from .results import ConditionArgument

__all__ = ["check_fits", "read_condition", "told_only"]

_SHOWN: Final = 80

_PRICES: Final = "subscribe_market_prices, or subscribe_live_data with feed prices"
_BROUGHT_BY: Final[Mapping[When, str]] = {
    When.PRICE_CROSSES: _PRICES,
    When.PRICE_MOVES: _PRICES,
    When.SPREAD_ABOVE: "subscribe_market_prices",
    When.SPREAD_BELOW: "subscribe_market_prices",
    When.SIZE_AT_LEAST: "subscribe_orderbook_updates, or subscribe_user_orders",
    When.TRADE_AT_LEAST: (
        "subscribe_market_prices, subscribe_user_trades, or subscribe_live_data with feed activity"
    ),
    When.STALE_FOR: "subscribe_market_prices, or subscribe_live_data",
    When.RESOLVED: "subscribe_market_resolution",
}
"""The tools that bring what a condition needs."""


def read_condition(given: ConditionArgument) -> Condition | None:
    """The condition that was passed, as an object or as the JSON of one; None if none was.

    Raises:
        ArgumentsError: It is no object, nor the JSON of one.
        InvalidCondition: It is none; says what would do.
    """
    if given is None:
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise _no_object(given) from None
    if not isinstance(given, dict):
        raise _no_object(given)
    return parse_condition(given)


def _no_object(given: object) -> ArgumentsError:
    shown = json.dumps(given)[:_SHOWN]
    return ArgumentsError([f"condition: must be an object, or the JSON of one, got {shown}"])


def check_fits(condition: Condition | None, topics: Iterable[Topic]) -> None:
    """Check that what a tool subscribes to can meet a condition.

    Raises:
        InvalidCondition: It cannot; names the tools that would do.
    """
    if condition is None:
        return
    try:
        check_topics(condition, topics)
    except InvalidCondition as error:
        if error.field != "when":
            raise
        problem = f"nothing that this tool brings meets it; try {_BROUGHT_BY[condition.when]}"
        raise InvalidCondition("when", condition.when, problem) from None


def told_only(condition: Condition | None) -> str:
    """What a subscription with a condition leaves out, for the end of a sentence."""
    return "" if condition is None else f", and telling only when: {condition.describe()}"
