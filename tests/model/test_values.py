from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._model.values import (
    Side,
    decimal,
    optional_decimal,
    utc_from_ms,
    utc_from_seconds,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.10", Decimal("0.10")),
        (".5", Decimal("0.5")),
        ("0", Decimal(0)),
        (None, None),
        ("", None),
    ],
)
def test_a_number_that_is_left_out_or_empty_is_none(text, number):
    assert optional_decimal(text) == number


def test_a_zero_is_not_an_absent_number():
    assert optional_decimal("0") is not None


def test_no_digit_of_a_number_is_lost():
    text = "123456789012345678901234567890.123456"
    assert str(decimal(text)) == text


def test_the_table_of_numbers_is_bounded():
    assert decimal.cache_info().maxsize == 4096


def test_a_side_compares_equal_to_its_word():
    assert Side("BUY") is Side.BUY
    assert Side.SELL == "SELL"
    assert f"{Side.BUY}" == "BUY"


def test_milliseconds_become_exact_aware_utc():
    assert utc_from_ms(1_791_128_503_231) == datetime(2026, 10, 4, 15, 41, 43, 231_000, tzinfo=UTC)


@settings(deadline=None)
@given(st.integers(0, 99_999_999_999_999))
def test_every_millisecond_of_the_wire_survives(milliseconds):
    moment = utc_from_ms(milliseconds)
    assert moment.tzinfo is UTC
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000 == milliseconds


def test_seconds_become_aware_utc():
    assert utc_from_seconds(0.25) == datetime(1970, 1, 1, microsecond=250_000, tzinfo=UTC)
