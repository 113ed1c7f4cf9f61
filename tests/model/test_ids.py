import pytest

from polymarket_realtime._model.ids import is_condition_id, parse_asset_id, parse_condition_id
from polymarket_realtime.errors import InvalidIdentifier

TOKEN = "55404192439775628931124671719520886657525387168536821457706619003199189099864"
CONDITION = "0xce610556ec78cfd7894f4169d91fe70e31c2fb49f927fffd7fe7d06530f88d56"


@pytest.mark.parametrize("text", [TOKEN, "1" + "0" * 29, str(2**256 - 1)])
def test_a_token_id_is_a_decimal_number_of_up_to_256_bits(text):
    assert parse_asset_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "12", "9" * 29, str(2**256), "9" * 78, "9" * 100_000),
        *(TOKEN + "\n", " " + TOKEN, "0" + TOKEN, "-" + TOKEN, "+" + TOKEN[1:]),
        *(TOKEN[:-1] + "x", "1_" + TOKEN[2:], "٣" * 77, CONDITION),
    ],
)
def test_anything_else_is_refused_as_a_token_id(text):
    with pytest.raises(InvalidIdentifier, match="is not a token id") as caught:
        parse_asset_id(text)
    assert caught.value.value == text
    assert len(str(caught.value)) < 200, "an error repeats no endless input"


@pytest.mark.parametrize("digits", [64, 62, 40])
def test_a_condition_id_may_be_shorter_than_32_bytes(digits):
    text = "0x" + "ab" * (digits // 2)
    assert is_condition_id(text)
    assert parse_condition_id(text) == text


def test_a_condition_id_is_put_in_lower_case_as_on_the_wire():
    assert parse_condition_id("0x" + "AB" * 32) == "0x" + "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        *("", "0x", "0x" + "a" * 39, "0x" + "a" * 65, "0X" + "a" * 64, "0x" + "g" * 64),
        *("a" * 64, CONDITION + "\n", TOKEN),
    ],
)
def test_anything_else_is_refused_as_a_condition_id(text):
    assert not is_condition_id(text)
    with pytest.raises(InvalidIdentifier, match="is not a condition id"):
        parse_condition_id(text)


def test_a_bad_identifier_is_also_a_value_error():
    with pytest.raises(ValueError, match="'nonsense' is not a token id"):
        parse_asset_id("nonsense")
