"""Filters of live feeds: what is read, what is refused, and that nothing else can happen."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime.errors import InvalidFilter
from polymarket_realtime.live_filters import LiveFeed, read_filter

ACTIVITY, SPORTS = LiveFeed.ACTIVITY, LiveFeed.SPORTS

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("filters", [None, "", "  ", {}, "{}", "null", {"wallet": None}])
def test_nothing_narrows_nothing_down(filters):
    read = read_filter(ACTIVITY, filters)
    assert read.wallet("wallet") is None
    assert read.number("min_size") is None
    assert read.text("market") is None


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, "0"),
        (100, "100"),
        (0.1, "0.1"),
        ("12.50", "12.50"),
        (" 7 ", "7"),
        (Decimal("1e3"), "1E+3"),
    ],
)
def test_an_amount_is_exact_however_it_is_written(value, amount):
    assert str(read_filter(ACTIVITY, {"min_size": value}).number("min_size")) == amount


def test_a_number_within_json_in_a_string_is_exact():
    read = read_filter(ACTIVITY, '{"min_value": 0.12345678901234567}')
    assert read.number("min_value") == Decimal("0.12345678901234567")


@pytest.mark.parametrize(
    "value",
    [
        *(-1, True, "many", "1e3", "-1", "\u0661", [1], float("nan"), float("inf"), "1" * 40),
        *(Decimal("1e999999999"), Decimal("1e-999999999")),
    ],
    ids=str,
)
def test_what_is_no_amount_is_refused_with_what_would_be_one(value):
    read = read_filter(ACTIVITY, {"min_size": value})
    with pytest.raises(InvalidFilter, match="takes as min_size a number of at least 0"):
        read.number("min_size")


@pytest.mark.parametrize("value", ["", "   ", "a\nb", "x" * 301, False, 1.5, {}])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(InvalidFilter, match="takes as team a"):
        read_filter(SPORTS, {"team": value}).text("team")


def test_an_id_may_be_a_number_or_the_text_of_one():
    for game in (1001, "1001", " 1001 "):
        assert read_filter(SPORTS, {"game_id": game}).text("game_id") == "1001"


@pytest.mark.parametrize(
    "filters",
    ["{", "7", "[]", "NaN", '"x"', "[" * 3000, "x" * 5000, ["event"], 7],
    ids=lambda filters: str(filters)[:8],
)
def test_what_is_no_object_is_refused_with_what_is_accepted(filters):
    with pytest.raises(InvalidFilter, match="the filter of activity must be an object"):
        read_filter(ACTIVITY, filters)


def refusal(attempt):
    """What it is refused with; empty if it is not."""
    try:
        attempt()
    except InvalidFilter as error:
        return str(error)
    return ""


@given(st.sampled_from(LiveFeed), st.dictionaries(st.text(), json_values), st.booleans())
def test_an_unknown_key_is_refused_and_nothing_else_is_raised(feed, filters, as_text):
    text = refusal(lambda: read_filter(feed, json.dumps(filters) if as_text else filters))
    assert bool(text) == any(value is not None for value in filters.values())
    assert len(text) < 1000


@given(json_values, st.sampled_from(["text", "wallet", "number", "digits"]))
def test_any_value_is_read_or_refused(value, kind):
    read = read_filter(ACTIVITY, {"market": value})
    assert len(refusal(lambda: getattr(read, kind)("market"))) < 300
    assert len(refusal(lambda: read.choice("market", ["crypto", "equity"]))) < 300
