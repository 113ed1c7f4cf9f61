"""What a condition may be, what it is called, and what is said of one that cannot be."""

import json
from decimal import Decimal

import attrs
import pytest

from polymarket_realtime import (
    Condition,
    ConditionMet,
    ConditionSide,
    Direction,
    Unit,
    When,
    parse_condition,
)
from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime.errors import InvalidCondition

WORDS = [
    ({"when": "price_crosses", "threshold": "0.60"}, "price crosses above 0.60"),
    (
        {"when": "price_crosses", "threshold": "0.6", "direction": "either"},
        "price crosses 0.6",
    ),
    (
        {"when": "price_crosses", "threshold": 66000, "direction": "below"},
        "price crosses below 66000",
    ),
    ({"when": "price_moves", "threshold": 0.05}, "price moves by 0.05 within 60 s"),
    (
        {"when": "price_moves", "threshold": ".1", "direction": "up", "window_seconds": 1.5},
        "price moves up by 0.1 within 1.5 s",
    ),
    ({"when": "spread_above", "threshold": "0.05"}, "spread of at least 0.05"),
    ({"when": "spread_below", "threshold": "0.01"}, "spread of at most 0.01"),
    ({"when": "size_at_least", "threshold": "1E+3"}, "size of at least 1000"),
    (
        {"when": "size_at_least", "threshold": 5, "side": "bid", "price": "0.40"},
        "bid size at 0.40 or better of at least 5",
    ),
    ({"when": "trade_at_least", "threshold": 500}, "trade of at least 500 shares"),
    (
        {"when": "trade_at_least", "threshold": 500, "unit": "dollars", "side": "sell"},
        "sell of at least 500 dollars",
    ),
    ({"when": "stale_for", "window_seconds": "30"}, "stale for 30 s"),
    ({"when": "resolved"}, "market resolved"),
]


@pytest.mark.parametrize(("data", "words"), WORDS)
def test_a_condition_is_described_in_a_few_words(data, words):
    assert parse_condition(data).describe() == words


@pytest.mark.parametrize("data", [data for data, _ in WORDS])
def test_the_json_of_a_condition_is_one_flat_object_that_makes_it_again(data):
    condition = parse_condition(data)
    written = json.loads(encode_json(condition))
    assert list(written) == [field.name for field in attrs.fields(Condition)]
    assert all(isinstance(value, str | float | bool | None) for value in written.values())
    assert parse_condition(written) == condition


def test_every_kind_has_its_words():
    assert {data["when"] for data, _ in WORDS} == set(When)


def test_what_is_left_out_is_filled_in():
    crossing = Condition(when=When.PRICE_CROSSES, threshold=Decimal("0.6"))
    assert (crossing.direction, crossing.hysteresis, crossing.side) == (Direction.ABOVE, 0, None)
    move = Condition(when=When.PRICE_MOVES, threshold=Decimal("0.1"))
    assert (move.direction, move.window_seconds) == (Direction.EITHER, 60)
    trade = Condition(when=When.TRADE_AT_LEAST, threshold=Decimal(5))
    assert (trade.side, trade.unit) == (ConditionSide.EITHER, Unit.SHARES)
    size = Condition(when=When.SIZE_AT_LEAST, threshold=Decimal(5))
    assert (size.side, size.price) == (ConditionSide.EITHER, None)
    assert (size.once, size.cooldown_seconds) == (True, 0)


def test_a_number_of_json_is_taken_as_it_was_written():
    assert parse_condition({"when": "price_crosses", "threshold": 0.1}).threshold == Decimal("0.1")


CROSSING = {"when": "price_crosses", "threshold": "0.6"}
REFUSED = [
    ({}, "when", "pass one of price_crosses, price_moves"),
    ({"when": "price_jumps"}, "when", "pass one of price_crosses"),
    ({"when": ["price_crosses"]}, "when", "pass one of price_crosses"),
    ({"when": "price_crosses"}, "threshold", "needs a decimal number above 0"),
    (CROSSING | {"threshold": None}, "threshold", "above 0"),
    (CROSSING | {"threshold": "half"}, "threshold", "above 0"),
    (CROSSING | {"threshold": 0}, "threshold", "above 0"),
    (CROSSING | {"threshold": True}, "threshold", "above 0"),
    (CROSSING | {"threshold": "NaN"}, "threshold", "above 0"),
    (CROSSING | {"threshold": "sNaN"}, "threshold", "above 0"),
    (CROSSING | {"threshold": "Infinity"}, "threshold", "above 0"),
    (CROSSING | {"threshold": "1E+999999"}, "threshold", "above 0"),
    (CROSSING | {"threshold": "1E-999999"}, "threshold", "above 0"),
    (CROSSING | {"direction": "up"}, "direction", "one of above, below, either"),
    (CROSSING | {"side": "bid"}, "side", "does not take it, but threshold, direction, hysteresis"),
    (CROSSING | {"unit": "shares"}, "unit", "does not take it"),
    (CROSSING | {"window_seconds": 3}, "window_seconds", "does not take it"),
    (CROSSING | {"hysteresis": -1}, "hysteresis", "a decimal number from 0"),
    (CROSSING | {"hysteresis": "0.9"}, "hysteresis", "less than the threshold"),
    (CROSSING | {"threshold": "0_6"}, "threshold", "decimal number"),
    (CROSSING | {"threshold": "\u0660.\u0666"}, "threshold", "decimal number"),
    (CROSSING | {"cooldown_seconds": -1}, "cooldown_seconds", "a number of seconds from 0"),
    (CROSSING | {"cooldown_seconds": "nan"}, "cooldown_seconds", "a number of seconds from 0"),
    (CROSSING | {"cooldown_seconds": 1e300}, "cooldown_seconds", "a number of seconds from 0"),
    (CROSSING | {"once": 1}, "once", "true or false"),
    (CROSSING | {"thresh": 1}, "thresh", "there is no such field; known are when, threshold"),
    ({"when": "price_moves", "threshold": 1, "direction": "above"}, "direction", "up, down"),
    ({"when": "price_moves", "threshold": 1, "window_seconds": 3601}, "window_seconds", "3,600"),
    ({"when": "price_moves", "threshold": 1, "window_seconds": 0}, "window_seconds", "above 0"),
    ({"when": "price_moves", "threshold": 1, "hysteresis": 1}, "hysteresis", "does not take it"),
    ({"when": "spread_above", "threshold": 1}, "threshold", "above 0 and below 1"),
    ({"when": "size_at_least", "threshold": 1, "price": 1}, "price", "above 0 and below 1"),
    ({"when": "size_at_least", "threshold": 1, "side": "buy"}, "side", "bid, ask, either"),
    ({"when": "trade_at_least", "threshold": 1, "side": "bid"}, "side", "buy, sell, either"),
    ({"when": "trade_at_least", "threshold": 1, "unit": "euros"}, "unit", "shares, dollars"),
    ({"when": "stale_for"}, "window_seconds", "up to 86,400"),
    ({"when": "stale_for", "window_seconds": True}, "window_seconds", "up to 86,400"),
    ({"when": "stale_for", "window_seconds": 9, "threshold": 1}, "threshold", "does not take it"),
    ({"when": "resolved", "threshold": 1}, "threshold", "does not take it"),
]


@pytest.mark.parametrize(("data", "field", "told"), REFUSED)
def test_what_cannot_be_is_refused_by_name_with_what_would_do(data, field, told):
    with pytest.raises(InvalidCondition) as caught:
        parse_condition(data)
    assert (caught.value.field, isinstance(caught.value, ValueError)) == (field, True)
    assert told in str(caught.value)
    assert f"'{field}' cannot be " in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_program_passes_the_types_themselves():
    with pytest.raises(InvalidCondition, match="'threshold' cannot be"):
        Condition(when=When.PRICE_CROSSES, threshold=0.6)
    with pytest.raises(InvalidCondition, match="'when' cannot be 'resolved'"):
        Condition(when="resolved")


def test_a_moment_goes_through_no_hub():
    met = ConditionMet(received=0.0, when=When.RESOLVED, condition="market resolved", subject="m")
    assert met.routes == ()
    assert met.conflation_key is None
    assert (met.timestamp, met.outcome, met.question) == (None, None, None)
