import json

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._codec import frames
from polymarket_realtime._codec import market as codec
from polymarket_realtime._codec.market import (
    decode_market_frames,
    encode_market_interest,
    encode_operation,
)
from polymarket_realtime._model.values import Side, WireLevel

YES, NO = "1" * 77, "2" * 77
MARKET = "0x" + "c0" * 32
TIME = "1700000000000"
HASH = "ab" * 20

USUAL = {
    "book": {
        "market": MARKET,
        "asset_id": YES,
        "timestamp": TIME,
        "hash": HASH,
        "bids": [{"price": "0.4", "size": "10.5"}, {"price": "0.41", "size": "7"}],
        "asks": [{"price": "0.60", "size": "1"}],
        "tick_size": "0.01",
        "last_trade_price": "",
    },
    "price_change": {
        "market": MARKET,
        "price_changes": [
            {
                "asset_id": YES,
                "price": "0.4",
                "size": "0",
                "side": "BUY",
                "hash": HASH,
                "best_bid": "",
                "best_ask": "0.6",
            },
            {"asset_id": NO, "price": "0.6", "size": "0", "side": "SELL"},
        ],
        "timestamp": TIME,
    },
    "last_trade_price": {
        "market": MARKET,
        "asset_id": YES,
        "price": "0.4",
        "size": "2.125",
        "fee_rate_bps": "",
        "side": "SELL",
        "timestamp": TIME,
        "transaction_hash": "0x" + "12" * 32,
    },
    "tick_size_change": {
        "market": MARKET,
        "asset_id": YES,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": TIME,
    },
    "best_bid_ask": {
        "market": MARKET,
        "asset_id": YES,
        "best_bid": "0.4",
        "best_ask": "",
        "spread": "",
        "timestamp": TIME,
    },
    "new_market": {
        "id": "1",
        "question": "Will it?",
        "market": MARKET,
        "slug": "will-it",
        "assets_ids": [YES, NO],
        "outcomes": ["Yes", "No"],
        "event_message": {"id": "2", "slug": "the-event"},
        "timestamp": TIME,
        "tags": ["a", "b"],
        "active": False,
        "game_start_time": "2026-10-04 14:25:00+00",
        "line": "",
        "order_price_min_tick_size": "0.01",
    },
    "market_resolved": {
        "market": MARKET,
        "assets_ids": [YES, NO],
        "winning_asset_id": NO,
        "winning_outcome": "No",
        "event_message": None,
        "timestamp": TIME,
        "tags": ["5M"],
    },
}
CLASSES = {
    "book": frames.BookFrame,
    "price_change": frames.PriceChangeFrame,
    "last_trade_price": frames.LastTradePriceFrame,
    "tick_size_change": frames.TickSizeChangeFrame,
    "best_bid_ask": frames.BestBidAskFrame,
    "new_market": frames.NewMarketFrame,
    "market_resolved": frames.MarketResolvedFrame,
}
KINDS = list(USUAL)


def as_object(kind, **changes):
    """A frame of the usual shape as a dict; a change to `...` takes the key away."""
    fields = {**USUAL[kind], "event_type": kind, **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def decode_one(payload):
    ((frame, _),) = decode_market_frames(payload)
    return frame


def decode(kind, **changes):
    return decode_one(compact(as_object(kind, **changes)))


# What the venue usually sends


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_usual_shape_is_read_in_one_step(kind, monkeypatch):
    def refuse(payload):
        raise AssertionError("the tolerant path was taken")

    monkeypatch.setattr(codec, "_decode_any", refuse)
    payload = compact(as_object(kind))
    ((frame, raw),) = decode_market_frames(payload)
    assert type(frame) is CLASSES[kind]
    assert frame.event_type == kind
    assert raw is payload


def test_a_book_keeps_the_wires_order_and_its_very_digits():
    assert decode("book") == frames.BookFrame(
        event_type="book",
        market=MARKET,
        asset_id=YES,
        timestamp=TIME,
        bids=(WireLevel("0.4", "10.5"), WireLevel("0.41", "7")),
        asks=(WireLevel("0.60", "1"),),
        hash=HASH,
        tick_size="0.01",
        last_trade_price="",
    )


def test_a_book_of_the_stream_has_neither_tick_size_nor_last_trade():
    frame = decode("book", tick_size=..., last_trade_price=..., bids=[])
    assert (frame.tick_size, frame.last_trade_price, frame.bids) == (None, None, ())


def test_a_price_change_names_the_asset_on_each_entry():
    assert decode("price_change").price_changes == (
        frames.PriceChange(YES, "0.4", "0", Side.BUY, HASH, "", "0.6"),
        frames.PriceChange(NO, "0.6", "0", Side.SELL),
    )


def test_a_trade_has_the_takers_side_and_its_transaction():
    frame = decode("last_trade_price")
    assert frame.side is Side.SELL
    assert (frame.price, frame.size, frame.fee_rate_bps) == ("0.4", "2.125", "")
    assert frame.transaction_hash == "0x" + "12" * 32
    assert decode("last_trade_price", transaction_hash=...).transaction_hash is None


@pytest.mark.parametrize("key", ["best_bid", "best_ask", "spread"])
def test_a_hint_may_have_an_empty_number_or_none(key):
    assert getattr(decode("best_bid_ask", **{key: ""}), key) == ""
    assert getattr(decode("best_bid_ask", **{key: ...}), key) is None


def test_an_announcement_may_leave_out_all_but_its_tokens():
    rest = ("outcomes", "question", "slug", "event_message", "tags", "active")
    frame = decode("new_market", **dict.fromkeys(rest, ...), order_price_min_tick_size=...)
    assert frame == frames.NewMarketFrame("new_market", MARKET, (YES, NO), TIME)


def test_an_announcement_survives_whatever_form_its_start_time_has():
    for start in ("", "2026-10-04T14:25:00Z", "2026-10-04 14:25:00+00", None, 5):
        assert isinstance(decode("new_market", game_start_time=start), frames.NewMarketFrame)


def test_a_settlement_names_the_winner():
    frame = decode("market_resolved", event_message={"id": "5", "event_type": "book"})
    assert (frame.winning_asset_id, frame.winning_outcome) == (NO, "No")


# The same in other clothes


@pytest.mark.parametrize("kind", KINDS)
def test_spacing_key_order_and_line_ends_do_not_matter(kind):
    usual = decode(kind)
    fields = as_object(kind)
    reordered = dict(sorted(fields.items(), reverse=True))
    for payload in (
        json.dumps(fields).encode(),
        json.dumps(fields, indent=2).encode() + b"\r\n",
        b" \n" + compact(fields) + b"\n",
        compact(reordered),
        json.dumps(reordered).encode(),
    ):
        assert decode_one(payload) == usual


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_of_a_nested_object_does_not_mislead(kind):
    other = "book" if kind != "book" else "price_change"
    fields = {**as_object(kind), "zzz": {"event_type": other}}
    assert decode_one(compact(fields)) == decode(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_are_not_known_stay_in_the_raw_text(kind):
    payload = compact(as_object(kind, something_new={"a": [1, 2]}))
    ((frame, raw),) = decode_market_frames(payload)
    assert frame == decode(kind)
    assert json.loads(raw)["something_new"] == {"a": [1, 2]}


def test_all_kinds_may_come_in_one_array_each_with_its_own_text():
    objects = [as_object(kind) for kind in KINDS]
    for payload in (compact(objects), json.dumps(objects, indent=1).encode() + b"\n"):
        decoded = decode_market_frames(payload)
        assert [frame for frame, _ in decoded] == [decode(kind) for kind in KINDS]
        assert [json.loads(raw) for _, raw in decoded] == objects


def test_an_empty_array_gives_nothing():
    assert decode_market_frames(b"[]\n") == []


def test_bare_numbers_are_taken_as_their_text():
    bids = [{"price": 0.4, "size": 10}]
    frame = decode("book", bids=bids, asks=[], timestamp=1700000000000, asset_id=int(YES))
    assert frame.bids == (WireLevel("0.4", "10"),)
    assert (frame.timestamp, frame.asset_id) == (TIME, YES)


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.00001", "0.00001"), ("1e-7", "0.0000001"), ("2.50", "2.5"), ("-0", "0")],
)
def test_bare_numbers_are_never_in_scientific_notation(number, text):
    payload = b'{"event_type":"best_bid_ask","market":"m","asset_id":"1","timestamp":"1","spread":'
    assert decode_one(payload + number.encode() + b"}").spread == text


def test_a_side_in_small_letters_is_understood():
    assert decode("last_trade_price", side="buy").side is Side.BUY


FLAT = {"asset_id": YES, "price": "0.514", "size": "21574.08", "side": "SELL", "hash": HASH}


def test_the_flat_price_change_of_2024_is_brought_up_to_date():
    old = {"event_type": "price_change", "market": MARKET, "timestamp": TIME, **FLAT}
    assert decode_one(compact(old)).price_changes == (
        frames.PriceChange(YES, "0.514", "21574.08", Side.SELL, HASH),
    )


def test_the_changes_of_early_2025_share_their_frames_asset_and_hash():
    changes = [
        {"price": "0.4", "size": "1", "side": "BUY"},
        {"price": "0.6", "size": "2", "side": "SELL"},
    ]
    old = as_object("price_change", price_changes=..., asset_id=YES, hash=HASH, changes=changes)
    assert decode_one(compact(old)).price_changes == (
        frames.PriceChange(YES, "0.4", "1", Side.BUY, HASH),
        frames.PriceChange(YES, "0.6", "2", Side.SELL, HASH),
    )


def test_the_sides_of_a_book_may_have_their_oldest_names():
    bids, asks = USUAL["book"]["bids"], USUAL["book"]["asks"]
    assert decode("book", bids=..., asks=..., buys=bids, sells=asks) == decode("book")
    assert isinstance(decode("price_change", price_changes=..., buys=[]), frames.MalformedFrame)


# What is not a known frame


def test_an_unknown_kind_is_kept_with_all_its_fields():
    fields = {"event_type": "surprise", "asset_id": YES, "nested": {"n": [1.5, None]}}
    assert decode_one(compact(fields)) == frames.UnknownFrame("surprise", fields)


@pytest.mark.parametrize("fields", [{}, {"error": "no"}, {"event_type": None}, {"event_type": 7}])
def test_an_object_without_a_kind_is_kept_and_no_kind_is_invented(fields):
    assert decode_one(compact(fields)) == frames.UnknownFrame("", fields)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"PONG", "PONG"),
        (b"NO NEW ASSETS", "NO NEW ASSETS"),
        (b"INVALID OPERATION\n", "INVALID OPERATION"),
        (b"", ""),
        (b"\n", ""),
        (b"null", "null"),
        (b'"event_type":"book"', '"event_type":"book"'),
        (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
        (b"x" * 5000, "x" * 200),
    ],
)
def test_what_is_not_json_is_text_and_not_endless(payload, text):
    assert decode_one(payload) == frames.TextFrame(text)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"{", "object"),
        (b'{"event_type":"book"', "object"),
        (b'{"event_type":"book","market":"\xff"}', "object"),
        (b'{"event_type":"x"} and more', "object"),
        (b'{"a":1e999}', "object"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "object"),
        (b"[", "array"),
        (b'[{"event_type":"book"},', "array"),
        (b"[" * 100_000 + b"]" * 100_000, "array"),
    ],
)
def test_json_that_cannot_be_read_is_malformed(payload, kind):
    frame = decode_one(payload)
    assert isinstance(frame, frames.MalformedFrame)
    assert (frame.event_type, frame.asset_ids) == (kind, ())
    assert frame.problem


WRONG = [
    *(("book", key, ...) for key in ("market", "asset_id", "timestamp", "bids", "asks")),
    *(("book", "bids", wrong) for wrong in (None, {}, "", "0.4", 5, True)),
    *(("book", "bids", [wrong]) for wrong in (None, 5, "0.4", ["0.4", "1"], {}, {"price": "1"})),
    ("book", "asks", [{"price": None, "size": "1"}]),
    ("book", "asks", [{"price": "0.5", "size": True}]),
    ("book", "timestamp", None),
    ("book", "market", ["x"]),
    *(("price_change", key, ...) for key in ("market", "price_changes", "timestamp")),
    *(("price_change", "price_changes", wrong) for wrong in (None, {}, "", 5, [None], ["x"], [{}])),
    ("price_change", "price_changes", [{**FLAT, "side": "HOLD"}]),
    ("price_change", "price_changes", [{**FLAT, "side": None}]),
    ("price_change", "price_changes", [{**FLAT, "size": {}}]),
    *(("last_trade_price", key, ...) for key in ("asset_id", "price", "size", "side")),
    ("last_trade_price", "side", "MAYBE"),
    *(("tick_size_change", key, ...) for key in ("old_tick_size", "new_tick_size", "timestamp")),
    ("best_bid_ask", "timestamp", ...),
    ("best_bid_ask", "best_bid", False),
    *(("new_market", key, ...) for key in ("market", "assets_ids", "timestamp")),
    *(("new_market", "assets_ids", wrong) for wrong in ("123", {}, None, [None])),
    *(("new_market", "active", wrong) for wrong in ("false", 0, [])),
    *(("new_market", "event_message", wrong) for wrong in ("x", [], 5)),
    ("market_resolved", "winning_asset_id", ...),
    ("market_resolved", "assets_ids", YES),
]


@pytest.mark.parametrize(("kind", "key", "wrong"), WRONG)
def test_a_known_frame_that_breaks_its_format_is_malformed_and_not_guessed_at(kind, key, wrong):
    frame = decode(kind, **{key: wrong})
    assert isinstance(frame, frames.MalformedFrame)
    assert frame.event_type == kind
    assert frame.problem
    assert "malformed" not in frame.problem, "the reader of the problem adds that word"


@pytest.mark.parametrize(
    ("kind", "changes", "problem"),
    [
        ("last_trade_price", {"price": ...}, "no price"),
        ("last_trade_price", {"side": "HOLD"}, "'HOLD' is not a valid Side"),
        ("last_trade_price", {"size": True}, "True where text was expected"),
        ("new_market", {"active": 0}, "0 where true or false was expected"),
        ("book", {"bids": {}}, "{} where a list was expected"),
    ],
)
def test_the_problem_of_a_malformed_frame_is_said_in_words(kind, changes, problem):
    assert decode(kind, **changes).problem == problem


def test_a_malformed_frame_names_the_assets_that_it_may_have_been_about():
    changes = [{**FLAT, "side": "?"}, {"asset_id": NO}, {"asset_id": YES}, {"asset_id": 5}, None]
    frame = decode("price_change", price_changes=changes)
    assert frame.asset_ids == (YES, NO)
    assert decode("book", bids=None).asset_ids == (YES,)
    assert decode("book", asset_id=...).asset_ids == ()


def test_a_malformed_frame_harms_no_neighbour_in_its_array():
    bad = as_object("book", bids=None, asset_id=NO)
    objects = [as_object("book"), bad, 5, None, "x", [], as_object("price_change")]
    decoded = [frame for frame, _ in decode_market_frames(compact(objects))]
    assert decoded[0] == decode("book")
    assert decoded[1] == frames.MalformedFrame(
        "book", "None where a list was expected", asset_ids=(NO,)
    )
    assert [frame.event_type for frame in decoded[2:6]] == ["element"] * 4
    assert decoded[6] == decode("price_change")


# Nothing is ever fatal


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_ever_raise(payload):
    decode_market_frames(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(sorted({key for fields in USUAL.values() for key in fields}))
HALF_RIGHT = st.builds(
    lambda kind, changes: {**as_object(kind), **changes},
    st.sampled_from(KINDS),
    st.dictionaries(WORDS | st.just("event_type"), JSON, max_size=3),
)


@settings(deadline=None)
@given(JSON | HALF_RIGHT | st.lists(HALF_RIGHT, max_size=3), st.booleans())
def test_no_json_ever_raises_and_every_object_gives_one_frame(value, is_compact):
    payload = compact(value) if is_compact else json.dumps(value).encode()
    decoded = decode_market_frames(payload)
    assert len(decoded) == (len(value) if isinstance(value, list) else 1)
    assert all(type(frame) in frames.MarketFrame.__args__ for frame, _ in decoded)


# The fast and the tolerant path are one decoder to the outside

TEXT = st.text(max_size=12)
ID = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
NUMBER = st.decimals(0, 1, places=3).map(str) | st.just("")
LEVELS = st.lists(st.fixed_dictionaries({"price": NUMBER, "size": NUMBER}), max_size=4)
OPTIONAL = NUMBER | st.none()
SIDE = st.sampled_from(["BUY", "SELL"])
CHANGE = st.fixed_dictionaries(
    {"asset_id": ID, "price": NUMBER, "size": NUMBER, "side": SIDE},
    optional={"hash": OPTIONAL, "best_bid": OPTIONAL, "best_ask": OPTIONAL, "extra": JSON},
)
IDS = st.lists(ID, max_size=3)
TEXTS = st.lists(TEXT, max_size=3)
HEAD = {"market": ID, "timestamp": TEXT}
ASSET_HEAD = {**HEAD, "asset_id": ID}
GENERATED = {
    "book": ({**ASSET_HEAD, "bids": LEVELS, "asks": LEVELS}, ("hash", "tick_size")),
    "price_change": ({**HEAD, "price_changes": st.lists(CHANGE, max_size=3)}, ()),
    "last_trade_price": (
        {**ASSET_HEAD, "price": NUMBER, "size": NUMBER, "side": SIDE},
        ("fee_rate_bps", "transaction_hash"),
    ),
    "tick_size_change": ({**ASSET_HEAD, "old_tick_size": NUMBER, "new_tick_size": NUMBER}, ()),
    "best_bid_ask": (ASSET_HEAD, ("best_bid", "best_ask", "spread")),
    "new_market": (
        {**HEAD, "assets_ids": IDS, "outcomes": TEXTS, "question": TEXT, "slug": TEXT},
        ("order_price_min_tick_size",),
    ),
    "market_resolved": (
        {**HEAD, "assets_ids": IDS, "winning_asset_id": ID, "winning_outcome": TEXT},
        (),
    ),
}


def generated_frames(kind):
    required, optional = GENERATED[kind]
    return st.fixed_dictionaries(
        {**required, "event_type": st.just(kind)},
        optional={**dict.fromkeys(optional, OPTIONAL), "extra": JSON},
    )


@settings(deadline=None)
@given(st.one_of(generated_frames(kind) for kind in KINDS))
def test_both_paths_read_the_same_frame(fields):
    fast, slow = decode_one(compact(fields)), decode_one(json.dumps(fields).encode())
    assert type(fast) is CLASSES[fields["event_type"]]
    assert fast == slow


# What the fast path relies on: msgspec fills attrs classes, but not as attrs itself would


def test_msgspec_takes_the_attribute_name_for_the_key_and_ignores_the_others():
    @attrs.frozen
    class Aliased:
        inner: str = attrs.field(default="unset", alias="outer")

    read = msgspec.json.Decoder(Aliased).decode
    assert read(b'{"outer":"x"}').inner == "unset"
    assert read(b'{"inner":"x","more":1}').inner == "x"


def test_msgspec_runs_no_converter():
    @attrs.frozen
    class Converted:
        inner: str = attrs.field(converter=str.upper)

    assert msgspec.json.Decoder(Converted).decode(b'{"inner":"x"}').inner == "x"


@pytest.mark.parametrize("kind", KINDS)
def test_msgspec_raises_on_the_wrong_kind_a_missing_key_and_a_wrong_type(kind):
    read = msgspec.json.Decoder(CLASSES[kind]).decode
    assert read(compact(as_object(kind))).event_type == kind
    for wrong in ({"event_type": "other"}, {"market": ...}, {"market": 5}, {"timestamp": None}):
        with pytest.raises(msgspec.ValidationError):
            read(compact(as_object(kind, **wrong)))


@pytest.mark.parametrize("cls", CLASSES.values())
def test_no_frame_has_an_alias_a_converter_or_a_default_for_what_must_be_there(cls):
    required = set()
    for field in msgspec.inspect.type_info(cls).fields:
        assert field.name == field.encode_name
        required |= {field.name} if field.required else set()
    assert {"event_type", "market", "timestamp"} <= required
    for field in attrs.fields(cls) if attrs.has(cls) else ():
        assert field.alias == field.name
        assert field.converter is None


# What we say


def test_the_first_frame_turns_on_the_custom_features():
    assert json.loads(encode_market_interest([YES, NO])) == {
        "type": "market",
        "assets_ids": [YES, NO],
        "custom_feature_enabled": True,
    }


def test_a_later_subscribe_does_not_turn_the_custom_features_off():
    assert json.loads(encode_operation("subscribe", (YES,))) == {
        "operation": "subscribe",
        "assets_ids": [YES],
        "custom_feature_enabled": True,
    }


def test_an_unsubscribe_names_its_assets():
    assert json.loads(encode_operation("unsubscribe", [NO])) == {
        "operation": "unsubscribe",
        "assets_ids": [NO],
    }
