"""The user channel: text to frames, credentials to text; and the rows of the venue's REST.

A few frames a minute come here, so all of them take the tolerant path. What the venue leaves
out, or writes as null, is `""` in a frame. Its texts are plain; unknown statuses are kept, for
some of them are sentences. Source: docs.polymarket.com, "User Channel".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.tolerant import (
    UNREADABLE,
    UNSTRUCTURED,
    as_text,
    decode_fields,
    decode_shapes,
    make_converter,
    problem_of,
)
from polymarket_realtime._codec.user_frames import OrderFrame, TradeFrame
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.ids import is_id
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import CodecError

__all__ = [
    "UserFrame",
    "decode_user_frames",
    "encode_user_subscription",
    "structure_order",
    "structure_trade",
]

UserFrame = OrderFrame | TradeFrame | TextFrame | UnknownFrame | MalformedFrame

_EVENT_OF_TYPE: Final = {
    "PLACEMENT": "order",
    "UPDATE": "order",
    "CANCELLATION": "order",
    "TRADE": "trade",
}
"""What a frame without `event_type` is, by its `type`: some captures of 2026-03 have none."""

_ABSENT_IF_EMPTY: Final = frozenset({"side", "bucket_index"})
"""Optional fields that are no texts here: `""` stands for nothing in them too."""

_NUMBER: Final = re.compile(r"(?=\.?[0-9])[0-9]{0,30}(\.[0-9]{0,30})?")

_converter: Final = cache(make_converter)
_encode_json: Final = msgspec.json.Encoder().encode


def decode_user_frames(payload: bytes) -> list[tuple[UserFrame, bytes]]:
    """Read one message of the user channel. Never raises.

    Args:
        payload: One whole message, text or binary, its secrets already replaced: the text of a
            frame is handed on to whoever asks for it.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    return decode_shapes(payload, _decode_object, lambda raw: [(_decode_object(raw), raw)])


def _decode_object(body: bytes) -> UserFrame:
    try:
        fields = decode_fields(body)
    except UNREADABLE as error:
        return MalformedFrame("object", str(error))
    event_type = fields.get("event_type")
    if event_type is None:
        event_type = _EVENT_OF_TYPE.get(str(fields.get("type")).upper())
    try:
        match event_type:
            case "order":
                return structure_order(fields)
            case "trade":
                return structure_trade(fields)
            case _:
                return UnknownFrame(event_type if isinstance(event_type, str) else "", fields)
    except CodecError as error:
        return MalformedFrame(error.event_type, error.problem)


def structure_order(fields: Mapping[str, Any]) -> OrderFrame:
    """An order, of the channel or a row of `GET /data/orders`.

    Raises:
        CodecError: It lacks something that every order has, or a number in it is none.
    """
    try:
        frame = _converter().structure(_plain(fields, "ORDER_STATUS_"), OrderFrame)
        _check_ids(frame.id, frame.market, frame.asset_id)
        _check_numbers(frame, ("price", "original_size"), "size_matched")
    except UNSTRUCTURED as error:
        raise CodecError("order", problem_of(error)) from error
    return frame


def structure_trade(fields: Mapping[str, Any]) -> TradeFrame:
    """A trade, of the channel or a row of `GET /data/trades`.

    Raises:
        CodecError: It lacks something that every trade has, or a number in it is none.
    """
    try:
        plain = _plain(fields, "TRADE_STATUS_")
        makers = plain.get("maker_orders", [])
        if isinstance(makers, list):
            plain["maker_orders"] = [_plain(each) for each in makers]
        if "match_time" not in plain and "matchtime" in plain:
            plain["match_time"] = plain["matchtime"]
        frame = _converter().structure(plain, TradeFrame)
        _check_ids(frame.id, frame.taker_order_id, frame.market, frame.asset_id)
        _check_ids(*filter(None, (frame.transaction_hash,)))
        _check_numbers(frame, ("price", "size"), "fee_rate_bps")
        for maker in frame.maker_orders:
            _check_ids(maker.order_id, maker.asset_id)
            _check_numbers(maker, ("price", "matched_amount"), "fee_rate_bps")
    except UNSTRUCTURED as error:
        raise CodecError("trade", problem_of(error)) from error
    return frame


def _plain(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields that are there, texts plain, the status without the prefix of REST."""
    plain = {
        name: plain_text(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if value is not None and not (value == "" and name in _ABSENT_IF_EMPTY)
    }
    if "status" in plain:
        plain["status"] = as_text(plain["status"]).removeprefix(prefix)
    return plain


def _check_ids(*ids: str) -> None:
    for each in ids:
        if not is_id(each):
            raise CodecError("known", f"{each[:40]!r} is no id")


def _check_numbers(frame: Any, required: tuple[str, ...], optional: str) -> None:
    for name in (*required, optional):
        text = getattr(frame, name)
        if _NUMBER.fullmatch(text) is None and (text or name != optional):
            raise CodecError("known", f"{name} {text[:40]!r} is not a number")


def encode_user_subscription(credentials: Credentials) -> str:
    """The first frame of a connection: all markets of the account. Holds secrets: never log it.

    The values go in clear, inside of TLS; neither a signature nor an answer belongs to it.
    Source: docs.polymarket.com, "User Channel".
    """
    auth = {
        "apiKey": credentials.api_key.reveal(),
        "secret": credentials.secret.reveal(),
        "passphrase": credentials.passphrase.reveal(),
    }
    return _encode_json({"type": "user", "auth": auth}).decode()
