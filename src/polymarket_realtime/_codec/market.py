"""The market channel: text to frames, wishes to text.

One object in the venue's usual shape goes straight from JSON into its frame class. Whatever
does not fit there (arrays, older shapes, bare numbers, unknown kinds) takes the slower,
tolerant path, and nothing is ever fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, get_args, get_origin

import cattrs
import msgspec

from polymarket_realtime._codec import frames
from polymarket_realtime._codec.frames import MalformedFrame, MarketFrame, TextFrame, UnknownFrame
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.values import Side
from polymarket_realtime.errors import CodecError

__all__ = ["decode_market_frames", "encode_market_interest", "encode_operation"]

Decoded = tuple[MarketFrame, bytes]
"""A frame and the text that it was read from."""

_FRAMES: Final[dict[str, type[Any]]] = {
    "book": frames.BookFrame,
    "price_change": frames.PriceChangeFrame,
    "last_trade_price": frames.LastTradePriceFrame,
    "tick_size_change": frames.TickSizeChangeFrame,
    "best_bid_ask": frames.BestBidAskFrame,
    "new_market": frames.NewMarketFrame,
    "market_resolved": frames.MarketResolvedFrame,
}
_DECODERS: Final = {
    name.encode(): msgspec.json.Decoder(cls).decode for name, cls in _FRAMES.items()
}
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_json: Final = msgspec.json.Decoder().decode
_encode_json: Final = msgspec.json.Encoder().encode

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on text that is no JSON, no UTF-8, or nested a thousand deep."""

_KEY = b'"event_type":"'
_KEY_LENGTH = len(_KEY)
_SHOWN_TEXT = 200


def decode_market_frames(payload: bytes) -> list[Decoded]:
    """Read one message of the market channel. Never raises.

    Args:
        payload: One whole message, text or binary.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    # The last occurrence: the key of a nested object, or of a quoted text, comes before it.
    start = payload.rfind(_KEY) + _KEY_LENGTH
    if start >= _KEY_LENGTH and payload[:1] == b"{":
        decode = _DECODERS.get(payload[start : payload.find(b'"', start)])
        if decode is not None:
            try:
                return [(decode(payload), payload)]
            except _UNREADABLE:
                pass
    return _decode_any(payload)


def _decode_any(payload: bytes) -> list[Decoded]:
    body = payload.strip()
    if body[:1] == b"[":
        try:
            elements = _decode_array(body)
        except _UNREADABLE as error:
            return [(MalformedFrame("array", str(error)), payload)]
        return [frame for raw in elements for frame in _decode_element(bytes(raw))]
    if body[:1] == b"{":
        return [(_decode_object(body), payload)]
    text = body[:_SHOWN_TEXT].decode("utf-8", "replace")
    return [(TextFrame(text), payload)]


def _decode_element(raw: bytes) -> list[Decoded]:
    if raw[:1] == b"{":
        return decode_market_frames(raw)
    return [(MalformedFrame("element", f"an element is not an object: {raw[:40]!r}"), raw)]


def _decode_object(body: bytes) -> MarketFrame:
    try:
        fields = _decode_json(body)
    except _UNREADABLE as error:
        return MalformedFrame("object", str(error))
    event_type = fields.get("event_type")
    if not isinstance(event_type, str):
        return UnknownFrame("", fields)
    cls = _FRAMES.get(event_type)
    if cls is None:
        return UnknownFrame(event_type, fields)
    try:
        frame: MarketFrame = _converter.structure(_modernised(fields), cls)
    except (CodecError, ValueError, TypeError, KeyError, AttributeError) as error:
        return MalformedFrame(event_type, _problem(error), _assets_in(fields))
    return frame


def _modernised(fields: dict[str, Any]) -> dict[str, Any]:
    """Bring the shapes of 2024 and 2025 into today's.

    Before September 2025 a price change was flat, or held `changes` of one asset; older
    documents spell the sides of a book `buys` and `sells`.
    """
    if fields["event_type"] == "price_change" and "price_changes" not in fields:
        changes = fields.get("changes", [fields])
        shared = {"asset_id": fields["asset_id"], "hash": fields.get("hash")}
        return {**fields, "price_changes": [{**shared, **change} for change in changes]}
    if fields["event_type"] == "book" and "bids" not in fields and "buys" in fields:
        return {**fields, "bids": fields["buys"], "asks": fields["sells"]}
    return fields


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format(Decimal(str(value)), "f")
    raise CodecError("known", f"{value!r} where text was expected")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise CodecError("known", f"{value!r} where true or false was expected")


def _level(value: Any) -> frames.WireLevelObject:
    return frames.WireLevelObject(_text(value["price"]), _text(value["size"]))


def _is_list(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is tuple


def _list_hook(cls: Any, converter: cattrs.Converter) -> Callable[[object, Any], Any]:
    element = get_args(cls)[0]
    structure = converter.get_structure_hook(element)

    def structure_list(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise CodecError("known", f"{value!r} where a list was expected")
        return tuple(structure(each, element) for each in value)

    return structure_list


def _make_converter() -> cattrs.Converter:
    """The tolerant path wants text where the venue has been known to send bare numbers.

    Everything else must be what it says: by itself cattrs would take any text for true, and
    the characters of a text for the elements of a list.
    """
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(str, lambda value, _: _text(value))
    converter.register_structure_hook(bool, lambda value, _: _flag(value))
    converter.register_structure_hook(Side, lambda value, _: Side(str(value).upper()))
    converter.register_structure_hook(frames.WireLevelObject, lambda value, _: _level(value))
    converter.register_structure_hook_factory(_is_list, lambda cls: _list_hook(cls, converter))
    return converter


_converter: Final = _make_converter()


def _problem(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no {error.args[0]}"
    if isinstance(error, CodecError):
        return error.problem
    return str(error) or type(error).__name__


def _assets_in(fields: dict[str, Any]) -> tuple[AssetId, ...]:
    changes = fields.get("price_changes")
    holders = [fields, *(changes if isinstance(changes, list) else ())]
    named = (holder.get("asset_id") for holder in holders if isinstance(holder, dict))
    return tuple(dict.fromkeys(AssetId(name) for name in named if isinstance(name, str)))


def encode_market_interest(asset_ids: Iterable[AssetId]) -> str:
    """The first frame of a connection. A second one is answered `INVALID OPERATION`.

    `custom_feature_enabled` turns on `best_bid_ask`, `new_market` and `market_resolved`.
    """
    frame = {"type": "market", "assets_ids": list(asset_ids), "custom_feature_enabled": True}
    return _encode_json(frame).decode()


def encode_operation(operation: str, asset_ids: Iterable[AssetId]) -> str:
    """A later `subscribe` or `unsubscribe`. Neither is acknowledged."""
    frame: dict[str, Any] = {"operation": operation, "assets_ids": list(asset_ids)}
    if operation == "subscribe":
        # The flag belongs to the connection and the last frame that names it wins.
        frame["custom_feature_enabled"] = True
    return _encode_json(frame).decode()
