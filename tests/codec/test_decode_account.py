import json
import traceback

import pytest

from polymarket_realtime._codec.account import (
    Page,
    decode_api_keys,
    decode_credentials,
    decode_error,
    decode_order,
    decode_orders_page,
    decode_time,
    decode_trades_page,
)
from polymarket_realtime.errors import CodecError

ORDER = {
    "id": "0xabc",
    "market": "0x" + "1" * 64,
    "asset_id": "7" * 77,
    "side": "BUY",
    "price": "0.5",
    "original_size": "10",
    "size_matched": "0",
    "status": "ORDER_STATUS_LIVE",
    "owner": "key",
    "created_at": 1725842520,
    "associate_trades": None,
}
TRADE = {
    "id": "trade-1",
    "taker_order_id": "0xdef",
    "market": "0x" + "1" * 64,
    "asset_id": "7" * 77,
    "side": "SELL",
    "size": "3",
    "price": "0.4",
    "status": "TRADE_STATUS_CONFIRMED",
    "maker_orders": [],
}
LISTS = [(decode_orders_page, ORDER), (decode_trades_page, TRADE)]
lists = pytest.mark.parametrize(("decode", "row"), LISTS)

DECODERS = [
    decode_credentials,
    decode_api_keys,
    decode_order,
    decode_orders_page,
    decode_time,
    decode_trades_page,
]


def dumps(value):
    return json.dumps(value).encode()


def test_credentials_are_three_secrets():
    credentials = decode_credentials(dumps({"apiKey": "k", "secret": "s", "passphrase": "p"}))
    found = credentials.api_key, credentials.secret, credentials.passphrase
    assert [secret.reveal() for secret in found] == ["k", "s", "p"]


@pytest.mark.parametrize("missing", ["apiKey", "secret", "passphrase"])
@pytest.mark.parametrize("instead", [None, "", 5])
def test_credentials_are_complete_or_none(missing, instead):
    fields = {"apiKey": "k", "secret": "s", "passphrase": "p", missing: instead}
    with pytest.raises(CodecError, match="are needed"):
        decode_credentials(dumps(fields))


def test_api_keys_are_counted_only():
    assert decode_api_keys(b'{"apiKeys": ["a", "b"]}') == 2


@pytest.mark.parametrize("answer", [{}, {"apiKeys": "a"}, ["a"], None])
def test_an_answer_without_a_list_of_api_keys_is_an_error(answer):
    with pytest.raises(CodecError):
        decode_api_keys(dumps(answer))


@lists
def test_a_page_names_the_next_one(decode, row):
    page = decode(dumps({"data": [row], "next_cursor": "MTAw", "limit": 100, "count": 1}))
    assert (len(page.rows), page.next_cursor, page.malformed) == (1, "MTAw", 0)
    assert page.rows[0].id == row["id"]


@lists
@pytest.mark.parametrize("end", [{"next_cursor": "LTE="}, {"next_cursor": ""}, {}])
def test_the_last_page_names_no_other(decode, row, end):
    assert decode(dumps({"data": [row], **end})).next_cursor is None


@lists
def test_a_bare_list_is_a_whole_answer(decode, row):
    assert len(decode(dumps([row, row])).rows) == 2
    assert decode(b"[]") == Page((), None)


@lists
@pytest.mark.parametrize("bad", [None, 5, "row", [], {}, {"id": "only"}])
def test_a_row_that_cannot_be_read_does_not_cost_the_others(decode, row, bad):
    page = decode(dumps({"data": [row, bad, row]}))
    assert (len(page.rows), page.malformed) == (2, 1)


@lists
@pytest.mark.parametrize("answer", [None, 5, "rows", {}, {"data": None}, {"data": {}}])
def test_an_answer_without_a_list_of_rows_is_an_error(decode, row, answer):
    with pytest.raises(CodecError, match="no list of rows"):
        decode(dumps(answer))


def test_a_row_of_orders_loses_what_only_rest_writes():
    [order] = decode_orders_page(dumps([ORDER])).rows
    assert (order.status, order.created_at, order.type) == ("LIVE", "1725842520", "")


def test_an_order_by_its_id():
    order = decode_order(dumps(ORDER))
    assert order is not None
    assert order.id == "0xabc"


@pytest.mark.parametrize("answer", [b"null", b"{}", b" null\n"])
def test_an_unknown_order_is_none(answer):
    assert decode_order(answer) is None


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [(b"1700000000", 1.7e9), (b'"1700000000"', 1.7e9), (b"1700000000500", 1700000000.5)],
)
def test_the_venue_tells_seconds(answer, seconds):
    assert decode_time(answer) == seconds


@pytest.mark.parametrize("answer", ["true", "0", "-5", "[]", "null", '"nan"', '"soon"', "{}", ""])
def test_a_time_that_is_none_is_an_error(answer):
    with pytest.raises(CodecError, match="time"):
        decode_time(answer.encode())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b'{"error": "Unauthorized/Invalid api key"}', "Unauthorized/Invalid api key"),
        (b'{"error": {"code": 5}}', ""),
        (b'["error"]', ""),
        (b"<html>", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
        (b"[" * 5000, ""),
    ],
)
def test_the_words_of_a_refusal_are_read_if_there_are_any(answer, words):
    assert decode_error(answer) == words


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    "answer",
    [
        b"hush",
        b'{"apiKey": "hush", "secret": 5, "id": "hush", "price": "hush"',
        b'{"apiKey": "hush", "secret": ["hush"], "id": "hush", "price": "hush"}',
        b'{"apiKeys": "hush", "data": "hush"}',
        b'"hush"',
        b"hush \xff",
        b"[" * 5000 + b'"hush"',
    ],
)
def test_no_error_repeats_what_was_read(decode, answer):
    with pytest.raises(CodecError) as caught:
        decode(answer)
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    assert "hush" not in repr(caught.value)
