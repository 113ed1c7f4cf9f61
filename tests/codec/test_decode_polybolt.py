import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.polybolt import (
    AnswerFrame,
    PriceFrame,
    PricePoint,
    channel_of,
    decode_polybolt_frames,
    encode_auth,
    encode_ping,
    encode_subscription,
)
from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._model.live import PriceKind, PriceStream

TIME = 1_788_886_177_000
UPDATE = {
    "v": 1,
    "channel": "price.crypto",
    "seq": 5,
    "ts": TIME,
    "payload": {
        "full_accuracy_value": "78794.15450441",
        "symbol": "btcusd",
        "timestamp": TIME,
        "value": 78794.15450441,
    },
}


def decode_one(frame):
    payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    [(decoded, raw)] = decode_polybolt_frames(payload)
    assert raw == payload
    return decoded


def update(**payload):
    return {**UPDATE, "payload": {**UPDATE["payload"], **payload}}


def test_recorded_frames_are_what_they_say(captures):
    path = captures / "polybolt-staging/polybolt-2026-09-08.jsonl"
    decoded = [decode_one(line.encode()) for line in path.read_text().splitlines() if line]
    assert decoded[:5] == [
        AnswerFrame("error", code="bad_op"),
        AnswerFrame("pong", rid="ping"),
        AnswerFrame("subscribed", rid="capture", channel="price.crypto"),
        AnswerFrame("error", rid="capture", channel="price.crypto", code="bad_filter"),
        UnknownFrame("price.polymarket", decoded[4].fields),
    ]
    prices = {(f.stream.key, f.seq): [str(p.price) for p in f.points] for f in decoded[5:]}
    assert prices == {
        ("equity:aapl", 2): ["316.1"],
        ("crypto:ethusd", 4): ["2497.38586148"],
        ("crypto:btcusd", 5): ["78794.15450441"],
        ("crypto:btcusd:60", 3): ["78803.715261094101516288"],
        ("crypto:btcusd", 1): ["78803.76173179", "78801.86287741", "78798.28703224"],
    }
    assert [frame.snapshot for frame in decoded[5:]] == [False] * 4 + [True]


def test_an_update_has_all_that_the_venue_says():
    frame = update(source="pyth", is_carried_forward=True, market_status="open")
    assert decode_one({**frame, "dropped": 3}) == PriceFrame(
        channel="price.crypto",
        seq=5,
        stream=PriceStream(PriceKind.CRYPTO, "btcusd"),
        points=(PricePoint(TIME, Decimal("78794.15450441")),),
        dropped=3,
        provider="pyth",
        carried_forward=True,
        market_status="open",
    )


def test_a_snapshot_is_in_order_of_time_and_may_be_empty():
    points = [{"timestamp": TIME + at, "value": 1.5, "full_accuracy_value": "1.5"} for at in (2, 1)]
    for data in (points, []):
        frame = decode_one(
            {**UPDATE, "snapshot": True, "payload": {"symbol": "BTCUSD", "data": data}}
        )
        assert [point.timestamp_ms - TIME for point in frame.points] == [1, 2][: len(data)]
        assert frame.stream.symbol == "btcusd"


@pytest.mark.parametrize(
    ("text", "value", "price"),
    [
        ("2.50", "2.5", "2.50"),
        ("0.000000000000000001", "1e-18", "0.000000000000000001"),
        ("-37.63", "-37.63", "-37.63"),
        ("", "0.10000000000000000001", "0.10000000000000000001"),
        (None, "7", "7"),
        (None, "1.2e3", "1200"),
        ("12", "null", "12"),
        # As RTDS writes it: a change of scale does not change a price.
        ("78794154504410000000000", "78794.15450441", "78794.15450441"),
    ],
)
def test_prices_are_exact(text, value, price):
    fields = json.dumps(update(full_accuracy_value=text)).replace("78794.15450441", value)
    [point] = decode_one(fields.encode()).points
    assert format(point.price, "f") == price


@pytest.mark.parametrize(
    "broken",
    [
        update(full_accuracy_value="787941.5450441"),
        update(full_accuracy_value="78794.15e0"),
        update(full_accuracy_value="1" * 30),
        update(full_accuracy_value="", value=True),
        update(full_accuracy_value="", value=10**30),
        update(full_accuracy_value=None, value=None),
        update(timestamp="yesterday"),
        update(timestamp=True),
        update(timestamp=-1),
        update(timestamp=10**14),
        update(symbol="crypto:btcusd"),
        update(symbol=""),
        update(symbol="x" * 33),
        update(symbol=5),
        {**UPDATE, "payload": []},
        {**UPDATE, "payload": {}},
        {**UPDATE, "seq": 1.5},
        {**UPDATE, "seq": None},
        {**UPDATE, "dropped": -1},
        {**UPDATE, "snapshot": True},
        {**UPDATE, "snapshot": True, "payload": {"symbol": "btcusd", "data": [5]}},
        {**UPDATE, "channel": "price.crypto.twap"},
    ],
)
def test_a_data_frame_that_breaks_its_format_is_malformed(broken):
    frame = decode_one(broken)
    assert isinstance(frame, MalformedFrame)
    assert frame.event_type == broken["channel"]
    assert frame.problem


@pytest.mark.parametrize("value", ["1e400", "1e-400", "1e99999999999999999999", "-1e400"])
def test_a_number_that_no_price_can_be_is_malformed(value):
    fields = json.dumps(update(full_accuracy_value="")).replace("78794.15450441", value)
    assert isinstance(decode_one(fields.encode()), MalformedFrame)


@pytest.mark.parametrize(
    ("said", "decoded"),
    [
        (b"hello", TextFrame("hello")),
        (b"", TextFrame("")),
        (b'{"op":"challenge","nonce":"n"}', UnknownFrame("challenge", {})),
        (b'{"channel":"price.moon","seq":1}', UnknownFrame("price.moon", {})),
        (b'{"op":["authed"],"channel":{}}', UnknownFrame("", {})),
        (b'{"op":"authed","rid":7}', AnswerFrame("authed")),
        (b'{"op":"error","code":"a\\u0007b"}', AnswerFrame("error", code="a b")),
    ],
)
def test_other_things_are_never_mistaken_for_prices(said, decoded):
    frame = decode_one(said)
    assert type(frame) is type(decoded)
    assert getattr(frame, "event_type", None) == getattr(decoded, "event_type", None)
    if not isinstance(frame, UnknownFrame):
        assert frame == decoded


def test_words_of_the_venue_are_short_and_on_one_line():
    frame = decode_one(update(source="py\nth" * 50, market_status={"open": 1}))
    assert len(frame.provider) == 40
    assert frame.provider.isprintable()
    assert frame.market_status is None


@pytest.mark.parametrize("said", [b"{", b"{}}", b"[" * 5000, b'{"op":"\xff"}', b"[{},5]"])
def test_what_is_no_json_is_malformed(said):
    assert isinstance(decode_polybolt_frames(said)[-1][0], MalformedFrame)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
FIELDS = ("op", "channel", "seq", "dropped", "snapshot", "payload", "rid", "code")
PAYLOAD = ("symbol", "data", "value", "full_accuracy_value", "timestamp", "window_seconds")


@given(st.binary())
def test_no_bytes_make_it_raise(payload):
    decode_polybolt_frames(payload)
    decode_polybolt_frames(b"{" + payload)


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.dictionaries(st.sampled_from(PAYLOAD), JSON),
    st.booleans(),
)
def test_no_fields_make_it_raise(fields, payload, averaged):
    channel = "price.crypto.twap" if averaged else "price.equity"
    for frame in (fields, {"channel": channel, "seq": 1, **fields, "payload": payload}):
        decode_polybolt_frames(json.dumps(frame).encode())


def test_requests_are_in_the_venues_words():
    credentials = Credentials(api_key=Secret("k"), secret=Secret("s"), passphrase=Secret("p"))
    auth = {"apiKey": "k", "secret": "s", "passphrase": "p"}
    assert json.loads(encode_auth("1", credentials)) == {"op": "auth", "rid": "1", "auth": auth}
    assert json.loads(encode_ping("2")) == {"op": "ping", "rid": "2"}
    streams = [PriceStream.from_key(key) for key in ("crypto:btcusd", "equity:eurusd:60")]
    assert json.loads(encode_subscription("unsubscribe", "3", streams)) == {
        "op": "unsubscribe",
        "rid": "3",
        "subscriptions": [
            {"channel": "price.crypto", "filter": {"symbol": "btcusd"}},
            {"channel": "price.equity.twap", "filter": {"symbol": "eurusd", "window_seconds": 60}},
        ],
    }


def test_each_stream_has_a_channel():
    keys = ("crypto:btcusd", "crypto:btcusd:60", "equity:aapl", "equity:eurusd:60")
    assert [channel_of(PriceStream.from_key(key)) for key in keys] == [
        "price.crypto",
        "price.crypto.twap",
        "price.equity",
        "price.equity.twap",
    ]
