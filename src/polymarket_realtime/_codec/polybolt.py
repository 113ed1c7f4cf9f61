"""PolyBolt, the feed of reference prices: text to frames, requests to text.

Answers have `op`, data has `channel`, and nothing has both except for the channel that an answer
is about. Numbers are bare JSON numbers; beside `value` stands the exact one, as text. A few
frames a second come here, so all of them take the tolerant path.
Source: docs.polymarket.com, "PolyBolt WebSocket"; shapes measured 2026-09-08.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

import attrs
import msgspec

from polymarket_realtime._codec.exact import decode_exactly, exact_price, milliseconds
from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.tolerant import (
    UNREADABLE,
    UNSTRUCTURED,
    decode_shapes,
    problem_of,
)
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.live import PriceKind, PriceStream
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import CodecError

__all__ = [
    "AnswerFrame",
    "PolyBoltFrame",
    "PriceFrame",
    "PricePoint",
    "channel_of",
    "decode_polybolt_frames",
    "encode_auth",
    "encode_ping",
    "encode_subscription",
]


@attrs.frozen
class AnswerFrame:
    """What the venue says about a request: `authed`, `subscribed`, `pong`, `error` and the like.

    Attributes:
        rid: The request's own id; None if it was not repeated.
        channel: Of subscriptions: what this answer is about, one for each item of the request.
        code: Of errors.
    """

    op: str
    rid: str | None = None
    channel: str | None = None
    code: str | None = None


@attrs.frozen
class PricePoint:
    """A price at a time of the venue's, in milliseconds since the epoch."""

    timestamp_ms: int
    price: Decimal


@attrs.frozen(kw_only=True)
class PriceFrame:
    """Prices of one stream: one, or with `snapshot` those of the last two minutes, if any.

    Attributes:
        seq: Counts the frames of this channel on this connection.
        dropped: How many frames the venue left out just before.
        points: Oldest first.
    """

    channel: str
    seq: int
    stream: PriceStream
    points: tuple[PricePoint, ...]
    snapshot: bool = False
    dropped: int = 0
    provider: str | None = None
    carried_forward: bool | None = None
    market_status: str | None = None


PolyBoltFrame = AnswerFrame | PriceFrame | TextFrame | UnknownFrame | MalformedFrame

_ANSWERS: Final = frozenset({"authed", "subscribed", "unsubscribed", "pong", "error"})

_KIND_OF_CHANNEL: Final = {
    f"price.{kind}{suffix}": (kind, bool(suffix)) for kind in PriceKind for suffix in ("", ".twap")
}
"""Of each known channel: what its prices are of, and whether they are averages."""

_SYMBOL: Final = re.compile(r"[a-z0-9._-]{1,32}")
_LATEST_TIME: Final = 10**14
"""Milliseconds, in the year 5138: no count of anything is higher."""

_encode_json: Final = msgspec.json.Encoder().encode


def channel_of(stream: PriceStream) -> str:
    """The venue's channel that carries a stream."""
    return f"price.{stream.kind}{'' if stream.window_seconds is None else '.twap'}"


# In


def decode_polybolt_frames(payload: bytes) -> list[tuple[PolyBoltFrame, bytes]]:
    """Read one message of PolyBolt. Never raises.

    Args:
        payload: One whole message, text or binary, its secrets already replaced: the text of a
            frame is handed on to whoever asks for it.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    return decode_shapes(payload, _decode_object, lambda raw: [(_decode_object(raw), raw)])


def _decode_object(body: bytes) -> PolyBoltFrame:
    try:
        fields = decode_exactly(body)
    except UNREADABLE as error:
        return MalformedFrame("object", str(error))
    op, channel = _word(fields.get("op")), _word(fields.get("channel"))
    if op in _ANSWERS:
        return AnswerFrame(op, _word(fields.get("rid")), channel, _word(fields.get("code")))
    if op is not None or channel not in _KIND_OF_CHANNEL:
        return UnknownFrame(op or channel or "", fields)
    try:
        return _price_frame(channel, fields)
    except UNSTRUCTURED as error:
        return MalformedFrame(channel, problem_of(error))


def _price_frame(channel: str, fields: Mapping[str, Any]) -> PriceFrame:
    payload = fields["payload"]
    if not isinstance(payload, dict):
        raise CodecError(channel, "payload is not an object")
    snapshot = fields.get("snapshot") is True
    carried_forward = payload.get("is_carried_forward")
    points = [_point(each) for each in (payload["data"] if snapshot else [payload])]
    return PriceFrame(
        channel=channel,
        seq=_count(fields["seq"], "seq"),
        stream=_stream(channel, payload),
        points=tuple(sorted(points, key=lambda point: point.timestamp_ms)),
        snapshot=snapshot,
        dropped=_count(fields.get("dropped") or 0, "dropped"),
        provider=_word(payload.get("source")),
        carried_forward=carried_forward if isinstance(carried_forward, bool) else None,
        market_status=_word(payload.get("market_status")),
    )


def _stream(channel: str, payload: Mapping[str, Any]) -> PriceStream:
    kind, averaged = _KIND_OF_CHANNEL[channel]
    symbol = payload["symbol"].lower()
    if _SYMBOL.fullmatch(symbol) is None:
        raise CodecError(channel, f"symbol {symbol[:40]!r} is none")
    window = _count(payload["window_seconds"], "window_seconds") if averaged else None
    return PriceStream(kind, symbol, window)


def _point(fields: Mapping[str, Any]) -> PricePoint:
    return PricePoint(milliseconds(fields, "timestamp"), exact_price(fields, scaled=False))


def _count(value: object, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LATEST_TIME:
        return value
    raise CodecError("known", f"{name} {value!r:.60} is not a count")


def _word(value: object) -> str | None:
    """Some name or code of the venue's; None if it is none."""
    return plain_text(value, 40) or None if isinstance(value, str) else None


# Out


def encode_auth(rid: str, credentials: Credentials) -> str:
    """The first request of a connection. Holds secrets: never log it.

    The values go in clear, inside of TLS. Source: docs.polymarket.com, "PolyBolt WebSocket".
    """
    auth = {
        "apiKey": credentials.api_key.reveal(),
        "secret": credentials.secret.reveal(),
        "passphrase": credentials.passphrase.reveal(),
    }
    return _encode_json({"op": "auth", "rid": rid, "auth": auth}).decode()


def encode_subscription(
    op: Literal["subscribe", "unsubscribe"], rid: str, streams: Iterable[PriceStream]
) -> str:
    """A request for streams, or for their end; each is answered, in this order."""
    items = [{"channel": channel_of(stream), "filter": _filter(stream)} for stream in streams]
    return _encode_json({"op": op, "rid": rid, "subscriptions": items}).decode()


def _filter(stream: PriceStream) -> dict[str, str | int]:
    if stream.window_seconds is None:
        return {"symbol": stream.symbol}
    return {"symbol": stream.symbol, "window_seconds": stream.window_seconds}


def encode_ping(rid: str) -> str:
    """A request that only wants a `pong`."""
    return _encode_json({"op": "ping", "rid": rid}).decode()
