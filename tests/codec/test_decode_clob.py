import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levels_in_words import levels
from polymarket_realtime._codec.clob import WitnessBook, decode_books, encode_books_request
from polymarket_realtime._protocol.book_hash import book_hash_2024
from polymarket_realtime.errors import CodecError

TOKEN, OTHER = "1" * 77, "2" * 77
CONDITION = "0x" + "ab" * 32
HASH = "6c0c0e6c3862ca81c0f97926db2ebbd1c895cc78"
BIDS = [{"price": "0.001", "size": "82997.23"}, {"price": "0.10", "size": "5"}]
ASKS = [{"price": "0.999", "size": "11005549.530"}]
ROW = {
    "market": CONDITION,
    "asset_id": TOKEN,
    "timestamp": "1791128503230",
    "hash": HASH,
    "bids": BIDS,
    "asks": ASKS,
    "min_order_size": "5",
    "tick_size": "0.001",
    "neg_risk": True,
    "last_trade_price": "0.110",
}
BOOK = WitnessBook(
    market=CONDITION,
    asset_id=TOKEN,
    timestamp_ms=1791128503230,
    hash=HASH,
    bids=levels(("0.001", "82997.23"), ("0.10", "5")),
    asks=levels(("0.999", "11005549.530")),
    min_order_size="5",
    tick_size="0.001",
    neg_risk=True,
    last_trade_price="0.110",
)
OPTIONAL = ("hash", "min_order_size", "tick_size", "neg_risk", "last_trade_price")


def row(**changes):
    return {key: value for key, value in {**ROW, **changes}.items() if value is not ...}


def answer(*rows):
    return json.dumps(rows).encode()


def decode(**changes):
    (book,) = decode_books(answer(row(**changes)))
    return book


def test_a_request_names_each_token():
    assert encode_books_request([TOKEN, OTHER]) == (
        b'[{"token_id":"%b"},{"token_id":"%b"}]' % (TOKEN.encode(), OTHER.encode())
    )


def test_books_are_told_in_the_order_and_the_words_of_the_wire():
    assert decode_books(answer(ROW, row(asset_id=OTHER, bids=[], asks=[]))) == [
        BOOK,
        WitnessBook(CONDITION, OTHER, 1791128503230, HASH, (), (), "5", "0.001", True, "0.110"),
    ]


def test_no_book_is_an_answer_too():
    assert decode_books(b"[]") == []


def test_bare_numbers_keep_the_text_that_they_were_written_with():
    text = answer(row(bids=["bids"], tick_size="tick")).replace(b'"tick"', b"0.0010")
    rest = b'{"price":0.50,"size":123456789012345678901234567890},{"price":5e-1,"size":"1.0"}'
    (book,) = decode_books(text.replace(b'"bids"]', rest + b"]"))
    assert book.bids == levels(("0.50", "123456789012345678901234567890"), ("5e-1", "1.0"))
    assert book.tick_size == "0.0010"


def test_ids_and_times_may_be_bare_numbers_too():
    assert decode(asset_id=int(TOKEN), timestamp=1791128503230) == BOOK


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("absent", [..., None, [], {}])
def test_what_else_is_missing_or_unreadable_is_none(name, absent):
    book = decode(**{name: absent})
    assert getattr(book, name) is None
    assert book.bids == BOOK.bids


@pytest.mark.parametrize("flag", ["true", 1, 0.5])
def test_only_true_and_false_are_flags(flag):
    assert decode(neg_risk=flag).neg_risk is None


def test_a_market_that_never_traded_has_no_last_price_and_says_so():
    assert decode(last_trade_price="").last_trade_price == ""


def test_new_keys_cost_nothing():
    assert decode(event_type="book", depth={"a": [1]}) == BOOK


def test_condition_ids_are_put_in_lower_case():
    assert decode(market="0x" + "AB" * 32) == BOOK


def test_whether_a_price_is_one_is_for_the_book_to_say():
    level = {"price": "cheap", "size": "-1"}
    assert decode(asks=[level]).asks == levels(("cheap", "-1"))


UNREADABLE = [
    *({"market": bad} for bad in (..., None, "", "0x12", 5, [])),
    *({"asset_id": bad} for bad in (..., None, "7", 7, 7.5, True, "x" * 77)),
    *({"timestamp": bad} for bad in (..., None, "", "soon", "1" * 15, -5, 1.5, True, "\u0663")),
    *({side: bad} for side in ("bids", "asks") for bad in (..., None, {}, "[]", 0)),
    *({"bids": [bad]} for bad in (None, [], ["0.5", "5"], "0.5", 0.5, {})),
    *({"asks": [{"price": bad, "size": "5"}]} for bad in (None, True, [], {})),
    *({"asks": [{"price": "0.5", "size": bad}]} for bad in (None, True, [], {})),
    *({"asks": [{"price": "0.5"}]}, {"asks": [{"size": "5"}]}),
]


@pytest.mark.parametrize("changes", UNREADABLE)
def test_a_book_that_cannot_be_read_costs_only_itself(changes, caplog):
    assert decode_books(answer(row(**changes), ROW, row(**changes))) == [BOOK]
    (message,) = caplog.messages
    assert message.startswith("2 of 3 books cannot be read: ")
    with pytest.raises(CodecError, match="malformed books frame"):
        decode_books(answer(row(**changes)))


@pytest.mark.parametrize(
    "neighbour", [b"null", b"5", b'"\xff"', b'{"market":"\xff"}', b"9" * 5000, b"[]", b"{}"]
)
def test_whatever_stands_beside_a_book_costs_it_nothing(neighbour):
    assert decode_books(b"[%b,%b]" % (neighbour, json.dumps(ROW).encode())) == [BOOK]


def test_a_problem_is_told_in_few_words(caplog):
    decode_books(answer(ROW, row(asset_id="9" * 10**6), row(timestamp="x" * 10**6)))
    decode_books(answer(ROW, row(asset_id="\x1b[31m\n")))
    assert all(len(message) < 200 and message.isprintable() for message in caplog.messages)


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"null", b"{}", b"[1]", b"[null]", b"[{}]", b"<html>", b"\xff", b'["\xff"]', b"5"),
        *(b'{"error":"No orderbook exists for the requested token id"}', json.dumps(ROW).encode()),
        *(b"[" * 5000, b"[" * 5000 + b"]" * 5000, b"[%b]" % (b"9" * 5000), answer(ROW)[:-5]),
    ],
)
def test_anything_but_a_list_of_books_is_a_codec_error(payload):
    with pytest.raises(CodecError, match="malformed books frame") as caught:
        decode_books(payload)
    assert caught.value.event_type == "books"


@settings(deadline=None)
@given(st.binary())
def test_bytes_give_books_or_a_codec_error(payload):
    with contextlib.suppress(CodecError):
        assert isinstance(decode_books(payload), list)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_answer_gives_books_or_a_codec_error(data):
    text = bytearray(answer(ROW, row(asset_id=OTHER)))
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=5)):
        text[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CodecError):
        assert len(decode_books(bytes(text))) in {1, 2}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
LEVELS = st.lists(
    st.dictionaries(st.sampled_from(["price", "size", "else"]), JSON, min_size=2, max_size=3)
    | JSON,
    max_size=3,
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(sorted(ROW)), JSON | LEVELS, max_size=4))
def test_no_field_can_break_more_than_its_book(fields):
    books = decode_books(answer({**ROW, **fields}, ROW))
    assert books[-1] == BOOK
    for book in books:
        assert all(isinstance(part, str) for level in book.bids + book.asks for part in level)


def test_the_hash_of_a_recorded_book_can_be_recomputed_from_its_text(captures):
    recorded = json.loads((captures / "nautilus-python" / "book.json").read_text())
    (book,) = decode_books(json.dumps([recorded]).encode())
    assert book_hash_2024(book.market, book.asset_id, book.bids, book.asks) == book.hash
