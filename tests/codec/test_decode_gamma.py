import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._codec.gamma import decode_markets
from polymarket_realtime._model.catalog import Market, Outcome
from polymarket_realtime.errors import CodecError

YES, NO = "1" * 77, "2" * 77
CONDITION = "0x" + "ab" * 32
ROW = {
    "conditionId": CONDITION,
    "question": "Will it?",
    "slug": "will-it",
    "closed": False,
    "outcomes": '["Yes", "No"]',
    "clobTokenIds": json.dumps([YES, NO]),
    "liquidity": "12.5",
    "orderPriceMinTickSize": 0.01,
}


def decode(**changes):
    row = {key: value for key, value in {**ROW, **changes}.items() if value is not ...}
    (market,) = decode_markets(json.dumps([row]).encode())
    return market


def test_lists_are_json_inside_strings():
    assert decode() == Market(
        condition_id=CONDITION,
        question="Will it?",
        slug="will-it",
        outcomes=(Outcome(YES, "Yes"), Outcome(NO, "No")),
        closed=False,
    )


def test_lists_may_be_lists():
    assert decode(outcomes=["Yes", "No"], clobTokenIds=[YES, NO]) == decode()


@pytest.mark.parametrize("absent", [..., None, "", "[]", [], "not json", "[" * 5000, 5, "{}"])
def test_a_market_without_an_order_book_has_no_outcomes(absent):
    assert decode(clobTokenIds=absent).outcomes == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([None, "No"], ["", "No"]),
        (["Yes"], ["Yes", ""]),
        (..., ["", ""]),
        ([1, {"a": 1}], ["", ""]),
        (["Yes", "No", "Perhaps"], ["Yes", "No"]),
    ],
)
def test_a_missing_name_moves_no_other_to_the_wrong_token(names, expected):
    outcomes = decode(outcomes=names).outcomes
    assert [(o.asset_id, o.name) for o in outcomes] == list(zip([YES, NO], expected, strict=True))


@pytest.mark.parametrize(
    ("closed", "expected"),
    [(True, True), (False, False), (None, False), (..., False), ("x", False)],
)
def test_only_the_venues_own_word_closes_a_market(closed, expected):
    assert decode(closed=closed).closed is expected


def test_condition_ids_are_put_in_lower_case():
    assert decode(conditionId="0x" + "AB" * 32).condition_id == CONDITION


@pytest.mark.parametrize("key", ["question", "slug"])
def test_text_of_strangers_is_printable_and_not_endless(key):
    hostile = "\x1b[31mred\x1b[0m\nnew\u202eline " + "x" * 5000
    text = getattr(decode(**{key: hostile}), key)
    assert text.isprintable()
    assert text.startswith("[31mred [0m new line x")
    assert len(text) <= 300


@pytest.mark.parametrize("absent", [..., None, 5, []])
def test_absent_texts_are_empty(absent):
    market = decode(question=absent, slug=absent)
    assert (market.question, market.slug) == ("", "")


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"null", b"{}", b"[1]", b"[null]", b"[{}]", b'[{"conditionId":5}]', b"<html>"),
        *(b'{"error":"no"}', b"\xff", b'["\xff"]', b"[" * 5000, b"[" * 5000 + b"]" * 5000),
    ],
)
def test_anything_but_a_list_of_markets_is_a_codec_error(payload):
    with pytest.raises(CodecError, match="malformed markets frame"):
        decode_markets(payload)


@settings(deadline=None)
@given(st.binary())
def test_bytes_give_markets_or_a_codec_error(payload):
    with contextlib.suppress(CodecError):
        assert isinstance(decode_markets(payload), list)


def test_no_market_is_an_answer_too():
    assert decode_markets(b"[]") == []
