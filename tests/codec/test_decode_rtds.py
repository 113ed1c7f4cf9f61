import json
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.rtds import decode_rtds_frames
from polymarket_realtime._codec.rtds_frames import (
    ActivityFrame,
    CommentFrame,
    ErrorFrame,
    PriceFrame,
    PricePoint,
    ReactionFrame,
    UntoldFrame,
)
from polymarket_realtime._codec.rtds_topics import (
    Subscription,
    encode_subscription,
    plan_subscription,
    price_stream,
)
from polymarket_realtime._model.live import ChangeAction, PriceKind, PriceStream
from polymarket_realtime._model.values import Side

RECORDING = "polyoxide-rtds/rtds-2026-09-05.jsonl"
TOKEN = "7" * 77
MARKET = "0x" + "c0" * 32
WALLET = "0x" + "5a" * 20
TIME = 1788600388000
BTC = PriceStream(PriceKind.CRYPTO, "btcusd")

TRADE = {
    "asset": TOKEN,
    "bio": "",
    "conditionId": MARKET,
    "eventSlug": "the-event",
    "icon": "https://x.jpg",
    "name": "",
    "outcome": "No",
    "outcomeIndex": 1,
    "price": 0.26,
    "profileImage": "",
    "proxyWallet": WALLET,
    "pseudonym": "Sample-Trader",
    "side": "BUY",
    "size": 2.7027,
    "slug": "the-market",
    "timestamp": 1787102287,
    "title": "Will it be?",
    "transactionHash": "0xb6",
}
PROFILE = {
    "baseAddress": "0xba5e",
    "displayUsernamePublic": True,
    "name": "sample",
    "proxyWallet": WALLET,
    "pseudonym": "Sample-Trader",
}
COMMENT = {
    "id": "100",
    "body": "Yes.",
    "parentEntityType": "Event",
    "parentEntityID": 18396,
    "parentCommentID": "",
    "userAddress": "0xba5e",
    "createdAt": "2026-09-05T10:00:00.5Z",
    "profile": PROFILE,
    "reactionCount": 0,
    "media": None,
}
REACTION = {
    "id": "7",
    "commentID": 100,
    "reactionType": "HEART",
    "icon": "",
    "userAddress": WALLET,
    "createdAt": "2026-09-05T10:00:01Z",
}


def enveloped(topic, kind, payload, **rest):
    return {"topic": topic, "type": kind, "timestamp": TIME + 100, "payload": payload, **rest}


def decode_one(frame):
    payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    [(decoded, raw)] = decode_rtds_frames(payload)
    assert raw == payload
    return decoded


def price(topic="crypto_prices_chainlink", kind="update", **payload):
    symbol = "btcusdt" if topic == "crypto_prices" else "btc/usd"
    return decode_one(enveloped(topic, kind, {"symbol": symbol, "timestamp": TIME, **payload}))


def test_a_trade_of_somebody_keeps_every_digit_and_its_time_becomes_milliseconds():
    body = json.dumps(enveloped("activity", "trades", TRADE, connection_id="x="))
    exact = body.replace("0.26", "0.26000000000000000000001").encode()
    trade = decode_one(exact)
    assert trade == ActivityFrame(
        asset_id=TOKEN,
        market=MARKET,
        side=Side.BUY,
        price=Decimal("0.26000000000000000000001"),
        size=Decimal("2.7027"),
        timestamp_ms=1787102287000,
        transaction_hash="0xb6",
        wallet=WALLET,
        title="Will it be?",
        outcome="No",
        slug="the-market",
        event_slug="the-event",
        name="",
        pseudonym="Sample-Trader",
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"asset": None}, "no asset"),
        ({"asset": ""}, "no asset"),
        ({"conditionId": ["x"]}, "where text was expected"),
        ({"side": "HOLD"}, "'HOLD' is no side"),
        ({"price": "cheap"}, "price 'cheap' is not a number"),
        ({"price": True}, "price True is not a number"),
        ({"price": -0.1}, "below zero"),
        ({"size": {}}, "size {} is not a number"),
        ({"timestamp": 10**15}, "is no time"),
        ({"transactionHash": None}, "no transactionHash"),
    ],
)
def test_a_trade_that_lacks_what_every_trade_has_is_malformed(change, problem):
    frame = decode_one(enveloped("activity", "trades", TRADE | change))
    assert isinstance(frame, MalformedFrame)
    assert frame.event_type == "activity"
    assert problem in frame.problem


@pytest.mark.parametrize("number", ["1e9999999", "1e99999999999999999999", "1e-99", "1e16"])
def test_numbers_that_would_fill_the_memory_or_mean_nothing_are_refused(number):
    body = json.dumps(enveloped("activity", "trades", TRADE)).replace("2.7027", number)
    assert isinstance(decode_one(body.encode()), MalformedFrame)


def test_optional_words_of_a_trade_may_be_null_or_absent_and_time_in_milliseconds():
    payload = {name: value for name, value in TRADE.items() if name not in ("title", "bio")}
    frame = decode_one(
        enveloped("activity", "trades", payload | {"name": None, "timestamp": 1787102287053})
    )
    assert (frame.title, frame.name, frame.timestamp_ms) == ("", "", 1787102287053)


def test_matched_orders_are_known_but_say_nothing_new():
    frame = decode_one(enveloped("activity", "orders_matched", TRADE))
    assert frame == UntoldFrame("orders_matched")


@pytest.mark.parametrize(
    ("kind", "action"),
    [("comment_created", ChangeAction.CREATED), ("comment_removed", ChangeAction.REMOVED)],
)
def test_a_comment_names_its_author_as_far_as_the_author_wants(kind, action):
    comment = decode_one(enveloped("comments", kind, COMMENT))
    assert comment == CommentFrame(
        action=action,
        id="100",
        sent_ms=TIME + 100,
        body="Yes.",
        parent_type="Event",
        parent_id="18396",
        wallet=WALLET,
        name="sample",
        pseudonym="Sample-Trader",
        created_at="2026-09-05T10:00:00.5Z",
    )
    hidden = COMMENT | {"profile": PROFILE | {"displayUsernamePublic": False}}
    assert decode_one(enveloped("comments", kind, hidden)) == attrs.evolve(comment, name="")


@pytest.mark.parametrize(
    ("change", "wallet"),
    [
        ({"profile": {"wallet": "0xw", "baseAddress": "0xb"}}, "0xw"),
        ({"profile": {"baseAddress": "0xb"}, "userAddress": None}, "0xb"),
        ({"profile": None}, "0xba5e"),
        ({"profile": "?", "userAddress": ""}, ""),
    ],
)
def test_the_wallet_of_an_author_is_found_wherever_it_stands(change, wallet):
    assert decode_one(enveloped("comments", "comment_created", COMMENT | change)).wallet == wallet


@pytest.mark.parametrize(
    ("kind", "action"),
    [("reaction_created", ChangeAction.CREATED), ("reaction_removed", ChangeAction.REMOVED)],
)
def test_a_reaction_names_its_comment(kind, action):
    assert decode_one(enveloped("comments", kind, REACTION)) == ReactionFrame(
        action=action,
        id="7",
        sent_ms=TIME + 100,
        comment_id="100",
        kind="HEART",
        wallet=WALLET,
        created_at="2026-09-05T10:00:01Z",
    )


@pytest.mark.parametrize(
    ("topic", "symbol", "exact", "value", "stream", "expected"),
    [
        ("crypto_prices", "btcusdt", "79.730", 79.73, "crypto:btcusdt", "79.730"),
        ("crypto_prices_chainlink", "btc/usd", f"{79697 * 10**18 + 5}", 79697, "crypto:btcusd",
         "79697.000000000000000005"),
        ("crypto_prices_chainlink", "doge/usd", "250000000000000000", 0.25, "crypto:dogeusd",
         "0.25"),
        ("crypto_prices_twap_thirty", "btc/usd", f"{8 * 10**22}", 80000, "crypto:btcusd:30",
         "80000"),
        ("crypto_prices_twap_sixty", "eth/usd", f"{10**18}", 1.0, "crypto:ethusd:60", "1"),
        ("equity_prices", "AAPL", "231.4400", 231.44, "equity:aapl", "231.4400"),
        ("equity_prices", "brk.b", None, 500.25, "equity:brk.b", "500.25"),
    ],
)  # fmt: skip
def test_a_price_is_exact_and_its_topic_says_of_what_and_how_scaled(
    topic, symbol, exact, value, stream, expected
):
    payload = {"symbol": symbol, "full_accuracy_value": exact, "value": value, "timestamp": TIME}
    frame = decode_one(enveloped(topic, "update", payload))
    assert frame == PriceFrame(
        topic=topic,
        stream=PriceStream.from_key(stream),
        points=(PricePoint(TIME, Decimal(expected)),),
    )
    assert format(frame.points[0].price, "f") == expected


@pytest.mark.parametrize(
    ("topic", "exact"),
    [
        ("crypto_prices_chainlink", "79697.73"),
        ("crypto_prices_chainlink", "79697730000000000000000"),
        ("crypto_prices", "79697.73"),
        ("crypto_prices", "79697730000000000000000"),
    ],
)
def test_a_change_of_scale_does_not_change_a_price(topic, exact):
    frame = price(topic, full_accuracy_value=exact, value=79697.73)
    assert frame.points == (PricePoint(TIME, Decimal("79697.73")),)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("crypto_prices_chainlink", {"full_accuracy_value": "79697730000000", "value": 79697.73}),
        ("crypto_prices", {"full_accuracy_value": "79697730000000000000000"}),
        ("crypto_prices_chainlink", {"full_accuracy_value": "79697.73"}),
        ("crypto_prices", {"full_accuracy_value": [1], "value": 1}),
        ("crypto_prices", {}),
        ("crypto_prices", {"value": None}),
        ("crypto_prices", {"value": 1, "timestamp": "noon"}),
        ("crypto_prices", {"value": 1, "symbol": "b t c"}),
        ("crypto_prices", {"value": 1, "symbol": None}),
    ],
)
def test_a_price_that_contradicts_itself_is_malformed(topic, payload):
    frame = price(topic, **payload)
    assert isinstance(frame, MalformedFrame)
    assert frame.event_type == topic


def test_without_the_rounded_value_the_topic_decides_the_scale():
    assert price(full_accuracy_value="1500000000000000000").points[0].price == Decimal("1.5")
    assert price("crypto_prices", full_accuracy_value="1.5").points[0].price == Decimal("1.5")


def test_an_equity_says_whether_its_price_is_an_old_one():
    frame = price("equity_prices", value=1, is_carried_forward=True, received_at=TIME)
    assert frame.points[0].carried_forward is True
    assert price("equity_prices", value=1).points[0].carried_forward is None


def test_a_mislabelled_backfill_is_known_by_the_form_of_its_symbol():
    data = [{"timestamp": TIME + n, "full_accuracy_value": f"{n}{10**18}"[:19]} for n in (1, 2)]
    frame = decode_one(enveloped("crypto_prices", "subscribe", {"symbol": "btc/usd", "data": data}))
    assert frame == PriceFrame(
        topic="crypto_prices_chainlink",
        stream=BTC,
        points=(PricePoint(TIME + 1, Decimal("1.1")), PricePoint(TIME + 2, Decimal("2.1"))),
        backfill=True,
    )


@pytest.mark.parametrize("data", [None, {}, [1], [{}]])
def test_a_backfill_without_a_list_of_prices_is_malformed(data):
    payload = {"symbol": "btcusdt", "data": data}
    frame = decode_one(enveloped("crypto_prices", "subscribe", payload))
    assert isinstance(frame, MalformedFrame)


def test_an_empty_backfill_is_one():
    frame = decode_one(enveloped("equity_prices", "subscribe", {"symbol": "AAPL", "data": []}))
    assert frame.backfill
    assert frame.points == ()


def test_the_three_shapes_of_errors_and_what_they_are_about():
    gone = (
        "rpc error: code = NotFound desc = topic: crypto_prices and type: update not found, status"
    )
    assert decode_one({"body": {"message": gone}, "statusCode": 401}) == ErrorFrame(
        gone, 401, "crypto_prices"
    )
    refused = "invalid Subscription.Filters: value does not match regex pattern"
    assert decode_one({"body": {"message": refused}, "statusCode": 400}) == ErrorFrame(refused, 400)
    invalid = {"message": "Invalid request body", "connectionId": "x=", "requestId": "y="}
    assert decode_one(invalid) == ErrorFrame("Invalid request body")


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"body":{}}', b'{"body":"x","statusCode":1}', b'{"message":7}']
)
def test_an_object_without_topic_or_message_is_unknown(payload):
    frame = decode_one(payload)
    assert isinstance(frame, UnknownFrame)
    assert frame.event_type == ""


@pytest.mark.parametrize("text", ["", "PONG", "hello", "5", '"text"'])
def test_what_is_no_object_is_text(text):
    assert decode_one(text.encode()) == TextFrame(text)


def test_kinds_that_are_not_known_are_kept_whole():
    frame = decode_one(enveloped("clob_market", "price_change", {"m": "x"}))
    assert isinstance(frame, UnknownFrame)
    assert frame.event_type == "clob_market/price_change"
    assert frame.fields["payload"] == {"m": "x"}


@pytest.mark.parametrize(
    "payload",
    [
        b'{"topic":"activity"',
        b'{"topic":5,"type":"trades"}',
        b'{"topic":"activity","type":[]}',
        b'{"topic":"activity","type":"trades","payload":[]}',
        b'{"topic":"activity","type":"trades"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"1" * 5000 + b"}",
        b"[1]",
        b"[{]",
    ],
)
def test_malformed_frames_are_values(payload):
    [(frame, _)] = decode_rtds_frames(payload)
    assert isinstance(frame, MalformedFrame)


def test_frames_in_an_array_are_read_one_by_one():
    comment = enveloped("comments", "comment_created", COMMENT)
    kinds = [type(f) for f, _ in decode_rtds_frames(json.dumps([comment, 1, comment]).encode())]
    assert kinds == [CommentFrame, MalformedFrame, CommentFrame]


@pytest.mark.parametrize(
    ("key", "topic", "kind", "filters"),
    [
        ("activity", "activity", "trades", None),
        ("comments", "comments", "*", None),
        ("crypto:btcusd", "crypto_prices_chainlink", "update", '{"symbol":"btc/usd"}'),
        ("crypto:usdjpy", "crypto_prices_chainlink", "update", '{"symbol":"usd/jpy"}'),
        ("crypto:btcusdt", "crypto_prices", "update", '{"symbol":"btcusdt"}'),
        ("crypto:btcusd:30", "crypto_prices_twap_thirty", "update", '{"symbol":"btc/usd"}'),
        ("crypto:btcusd:60", "crypto_prices_twap_sixty", "update", '{"symbol":"btc/usd"}'),
        ("equity:aapl", "equity_prices", "update", '{"symbol":"AAPL"}'),
    ],
)
def test_each_stream_has_one_subscription_with_its_filter_as_a_compact_text(
    key, topic, kind, filters
):
    item = {"topic": topic, "type": kind} | ({} if filters is None else {"filters": filters})
    frame = encode_subscription("subscribe", plan_subscription(key))
    assert json.loads(frame) == {"action": "subscribe", "subscriptions": [item]}
    assert " " not in frame


@pytest.mark.parametrize(
    "key", ["crypto:btcusdt:60", "crypto:btcusd:45", "equity:aapl:60", "crypto:x"]
)
def test_streams_that_the_service_does_not_have_have_no_subscription(key):
    assert plan_subscription(key) is None


@given(st.sampled_from(["btc/usd", "BTC/USD", "btc-usd"]), st.sampled_from([None, 30, 60]))
def test_a_subscription_leads_to_prices_of_the_same_stream(symbol, window):
    stream = PriceStream(PriceKind.CRYPTO, "btcusd", window)
    assert price_stream(plan_subscription(stream.key).topic, symbol) == stream


def test_what_was_asked_for_is_left_with_the_same_words():
    asked = Subscription("equity_prices", "update", {"symbol": "AAPL"})
    subscribe, unsubscribe = (
        json.loads(encode_subscription(action, asked)) for action in ("subscribe", "unsubscribe")
    )
    assert unsubscribe == subscribe | {"action": "unsubscribe"}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KNOWN = [
    ("activity", "trades", TRADE),
    ("comments", "comment_created", COMMENT),
    ("comments", "reaction_removed", REACTION),
    ("crypto_prices", "update", {"symbol": "btcusdt", "value": 1, "timestamp": TIME}),
    ("equity_prices", "subscribe", {"symbol": "AAPL", "data": []}),
]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_raise(payload):
    assert isinstance(decode_rtds_frames(payload), list)


@given(st.sampled_from(KNOWN), st.data())
def test_no_json_of_a_known_kind_makes_the_decoder_raise(known, data):
    topic, kind, payload = known
    name = data.draw(st.sampled_from([*payload, "full_accuracy_value", "profile"]))
    changed = payload | {name: data.draw(ANY_JSON)}
    frame = enveloped(topic, kind, changed) | {"timestamp": data.draw(ANY_JSON)}
    [(decoded, _)] = decode_rtds_frames(json.dumps(frame).encode())
    assert decoded is not None


def test_recorded_frames_give_the_prices_that_were_quoted(captures):
    lines = (captures / RECORDING).read_bytes().splitlines()
    frames = [decode_one(line) for line in lines]
    *prices, error = frames
    assert [(f.stream.key, f.backfill, format(f.points[-1].price, "f")) for f in prices] == [
        ("crypto:btcusdt", False, "79697.73000000"),
        ("crypto:btcusd", False, "79696.94817428796"),
        ("crypto:btcusd:30", False, "79697.474565615044788224"),
        ("crypto:btcusd:60", False, "79697.575317474428059648"),
        ("crypto:btcusd:30", True, "79696.928978311781023744"),
        ("crypto:btcusdt", True, "79697.73"),
    ]
    assert (error.status, error.missing_topic) == (401, "definitely_not_a_topic")
