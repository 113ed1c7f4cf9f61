import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.user import (
    decode_user_frames,
    encode_user_subscription,
    structure_order,
    structure_trade,
)
from polymarket_realtime._codec.user_frames import MakerOrder, OrderFrame, TradeFrame
from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._model.values import Side
from polymarket_realtime.errors import CodecError

YES, NO = "1" * 77, "2" * 77
MARKET = "0x" + "c0" * 32

ORDER = {
    "event_type": "order",
    "type": "PLACEMENT",
    "id": "0xa",
    "market": MARKET,
    "asset_id": YES,
    "side": "BUY",
    "price": "0.513",
    "original_size": "5",
    "size_matched": "0",
    "status": "LIVE",
    "owner": "me",
    "associate_trades": None,
    "created_at": "1725842520",
    "expiration": "0",
    "timestamp": "1725842520990",
}
MAKER = {"order_id": "0xb", "matched_amount": "5", "price": "0.49", "asset_id": NO, "owner": "he"}
TRADE = {
    "event_type": "trade",
    "type": "TRADE",
    "id": "t1",
    "taker_order_id": "0xa",
    "market": MARKET,
    "asset_id": YES,
    "side": "SELL",
    "size": "5",
    "price": "0.51",
    "status": "MATCHED",
    "maker_orders": [MAKER],
    "match_time": "1725868859",
    "bucket_index": 0,
    "trader_side": "TAKER",
}


def decode_one(frame):
    payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    [(decoded, raw)] = decode_user_frames(payload)
    assert raw == payload
    return decoded


def test_an_order_keeps_the_venues_own_words():
    order = decode_one(ORDER)
    assert order == OrderFrame(
        id="0xa",
        market=MARKET,
        asset_id=YES,
        side=Side.BUY,
        price="0.513",
        original_size="5",
        size_matched="0",
        status="LIVE",
        type="PLACEMENT",
        owner="me",
        created_at="1725842520",
        expiration="0",
        timestamp="1725842520990",
    )


def test_a_trade_has_its_maker_orders_with_their_own_tokens():
    trade = decode_one(TRADE)
    assert isinstance(trade, TradeFrame)
    assert (trade.side, trade.bucket_index, trade.trader_side) == (Side.SELL, 0, "TAKER")
    assert trade.maker_orders == (
        MakerOrder(order_id="0xb", matched_amount="5", price="0.49", asset_id=NO, owner="he"),
    )


@pytest.mark.parametrize(
    ("kind", "cls"),
    [
        ("PLACEMENT", OrderFrame),
        ("update", OrderFrame),
        ("CANCELLATION", OrderFrame),
        ("TRADE", TradeFrame),
    ],
)
def test_a_frame_without_an_event_type_is_known_by_its_type(kind, cls):
    fields = {**ORDER, **TRADE, "original_size": "5", "type": kind}
    del fields["event_type"]
    assert isinstance(decode_one(fields), cls)


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        ("size_matched", "", ""),
        ("size_matched", None, ""),
        ("size_matched", 2.50, "2.5"),
        ("created_at", 1725842520, "1725842520"),
        ("outcome", None, ""),
        ("side", "sell", Side.SELL),
        ("price", ".5", ".5"),
        ("status", "ORDER_STATUS_LIVE", "LIVE"),
        ("status", "CANCELED_order couldn't be fully filled.", None),
        ("status", "SOMETHING_NEW", None),
    ],
)
def test_the_spellings_of_an_order_that_the_venue_uses_are_understood(field, written, read):
    order = structure_order({**ORDER, field: written})
    assert getattr(order, field) == (written if read is None else read)


@pytest.mark.parametrize(
    ("changes", "field", "read"),
    [
        ({"status": "TRADE_STATUS_CONFIRMED"}, "status", "CONFIRMED"),
        ({"status": "TRADE_STATUS_MATCHED_NOT_BROADCASTED"}, "status", "MATCHED_NOT_BROADCASTED"),
        ({"match_time": None, "matchtime": 1725868860}, "match_time", "1725868860"),
        ({"bucket_index": ""}, "bucket_index", None),
        ({"bucket_index": "3"}, "bucket_index", 3),
        ({"maker_orders": None}, "maker_orders", ()),
        ({"fee_rate_bps": ""}, "fee_rate_bps", ""),
        ({"transaction_hash": None}, "transaction_hash", ""),
    ],
)
def test_the_spellings_of_a_trade_that_the_venue_uses_are_understood(changes, field, read):
    assert getattr(structure_trade({**TRADE, **changes}), field) == read


@pytest.mark.parametrize(
    ("written", "read"), [("", None), (None, None), ("buy", Side.BUY), ("SELL", Side.SELL)]
)
def test_the_side_of_a_maker_may_be_absent(written, read):
    trade = structure_trade({**TRADE, "maker_orders": [{**MAKER, "side": written}]})
    assert trade.maker_orders[0].side is read


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({**ORDER, "id": None}, "no id"),
        ({**ORDER, "price": ""}, "price '' is not a number"),
        ({**ORDER, "price": "1e999999"}, "is not a number"),
        ({**ORDER, "original_size": "NaN"}, "is not a number"),
        ({**ORDER, "size_matched": "-1"}, "is not a number"),
        ({**ORDER, "side": "HOLD"}, "HOLD"),
        ({**ORDER, "market": ["x"]}, "where text was expected"),
        ({**TRADE, "status": None}, "no status"),
        ({**TRADE, "size": "."}, "is not a number"),
        ({**TRADE, "maker_orders": {}}, "where a list was expected"),
        ({**TRADE, "maker_orders": ["x"]}, "items"),
        ({**TRADE, "maker_orders": [{**MAKER, "matched_amount": "x"}]}, "matched_amount 'x'"),
    ],
)
def test_what_breaks_the_format_is_a_malformed_frame_and_an_error_for_a_row(fields, problem):
    kind = fields["event_type"]
    malformed = decode_one(fields)
    assert isinstance(malformed, MalformedFrame)
    assert malformed.event_type == kind
    assert problem in malformed.problem
    structure = {"order": structure_order, "trade": structure_trade}[kind]
    with pytest.raises(CodecError) as caught:
        structure(fields)
    assert (caught.value.event_type, caught.value.problem) == (kind, malformed.problem)


@pytest.mark.parametrize("structure", [structure_order, structure_trade])
@pytest.mark.parametrize("row", [None, [], "text", 5])
def test_a_row_that_is_no_object_is_an_error_like_any_other(structure, row):
    with pytest.raises(CodecError):
        structure(row)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"PONG", TextFrame("PONG")),
        (b"", TextFrame("")),
        (b"INVALID OPERATION\n", TextFrame("INVALID OPERATION")),
        (b"\xff", TextFrame("\ufffd")),
        (b'{"a": 1}', UnknownFrame("", {"a": 1})),
        (b'{"type": "HELLO"}', UnknownFrame("", {"type": "HELLO"})),
        (b'{"event_type": 5}', UnknownFrame("", {"event_type": 5})),
        (b'{"event_type": "new", "x": 1}', UnknownFrame("new", {"event_type": "new", "x": 1})),
    ],
)
def test_anything_else_is_kept_as_what_it_is(payload, expected):
    assert decode_one(payload) == expected


def test_an_array_gives_each_of_its_frames_its_own_text():
    elements = [ORDER, 7, TRADE]
    payload = b"[" + b",".join(json.dumps(each).encode() for each in elements) + b"]\n"
    decoded = decode_user_frames(payload)
    assert [type(frame) for frame, _ in decoded] == [OrderFrame, MalformedFrame, TradeFrame]
    assert [json.loads(raw) for _, raw in decoded] == elements


def test_an_empty_array_gives_nothing():
    assert decode_user_frames(b"[]\n") == []


@pytest.mark.parametrize("payload", [b"{", b'{"a":', b"[1,", b"[" * 5000, b'{"a":"\xff"}'])
def test_broken_json_is_malformed(payload):
    assert isinstance(decode_one(payload), MalformedFrame)


@given(st.binary(max_size=60))
def test_no_bytes_raise(payload):
    decode_user_frames(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from([ORDER, TRADE]), st.data())
def test_no_value_in_a_known_frame_raises(frame, data):
    field = data.draw(st.sampled_from(sorted(frame)))
    value = data.draw(JSON)
    decode_user_frames(json.dumps({**frame, field: value}).encode())


def test_the_subscription_holds_the_three_values_and_names_no_market():
    credentials = Credentials(
        api_key=Secret("key"), secret=Secret("s="), passphrase=Secret("phrase")
    )
    frame = encode_user_subscription(credentials)
    auth = {"apiKey": "key", "secret": "s=", "passphrase": "phrase"}
    assert json.loads(frame) == {"type": "user", "auth": auth}
    assert ": " not in frame


@pytest.mark.parametrize(
    ("path", "cls"),
    [
        ("nautilus-python/order_placement.json", OrderFrame),
        ("nautilus-python/order_cancel.json", OrderFrame),
        ("nautilus-rust/ws_user_order_venue_cancel.json", OrderFrame),
        ("nautilus-python/user_trade1.json", TradeFrame),
        ("nautilus-python/user_trade2.json", TradeFrame),
    ],
)
def test_recorded_frames_are_read_without_loss(captures, path, cls):
    payload = (captures / path).read_bytes()
    [(frame, _)] = decode_user_frames(payload)
    fields = json.loads(payload)
    assert isinstance(frame, cls)
    for name in (field.name for field in attrs.fields(cls)):
        if name != "maker_orders" and fields.get(name) is not None:
            assert getattr(frame, name) == fields[name]
    assert len(getattr(frame, "maker_orders", ())) == len(fields.get("maker_orders", ()))


def test_a_recorded_row_of_rest_is_read(captures):
    row = json.loads((captures / "nautilus-python/trades.json").read_bytes())
    trade = structure_trade(row)
    assert (trade.status, trade.timestamp, trade.trader_side) == ("CONFIRMED", "", "TAKER")
