from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime.errors import CodecError


@pytest.mark.parametrize(
    "texts", [("0.5", "0.50", ".5", "5e-1", "0.500000000"), ("0", "0.0", "-0")]
)
def test_equal_prices_have_equal_keys_however_they_are_written(texts):
    keys = PriceKeys()
    assert len({keys[text] for text in texts}) == 1


@settings(deadline=None)
@given(st.decimals(0, 1, places=9), st.decimals(0, 1, places=9))
def test_keys_are_ordered_as_prices_are(one, other):
    keys = PriceKeys()
    assert (keys[str(one)] < keys[str(other)]) == (one < other)
    assert (keys[str(one)] == keys[str(other)]) == (one == other)


def test_keys_are_exact():
    keys = PriceKeys()
    assert keys["1"] == 1_000_000_000
    assert keys["0.000000001"] == 1
    assert Decimal(keys["0.123456789"]) / keys["1"] == Decimal("0.123456789")


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "0,5", "0.5.5", "½", "NaN", "sNaN", "Infinity", "-Infinity", "None"),
        *("-0.1", "1.000000001", "2", "0.0000000001", "1e-1000000", "9e999999", "1e" + "9" * 30),
    ],
)
def test_what_is_no_price_from_0_to_1_is_a_codec_error(text):
    keys = PriceKeys()
    with pytest.raises(CodecError, match="malformed price frame"):
        keys[text]
    with pytest.raises(CodecError):
        keys.check(text)
    assert not keys, "nothing is remembered of it"


def test_an_endless_price_is_not_repeated_in_the_error():
    with pytest.raises(CodecError) as caught:
        PriceKeys()["x" * 100_000]
    assert len(str(caught.value)) < 100


def test_the_table_is_bounded():
    keys = PriceKeys()
    for number in range(70_000):
        assert keys[f"0.{number:09}"] == number
    assert len(keys) <= 65_536
