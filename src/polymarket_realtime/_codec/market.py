"""The market channel: text to frames, wishes to text.

One object in the venue's usual shape goes straight from JSON into its frame class. Whatever
does not fit there (arrays, older shapes, bare numbers, unknown kinds) takes the slower,
tolerant path, and nothing is ever fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from polymarket_realtime._codec import frames
from polymarket_realtime._codec.frames import MalformedFrame, MarketFrame, UnknownFrame
from polymarket_realtime._codec.tolerant import (
    UNREADABLE,
    UNSTRUCTURED,
    as_text,
    decode_fields,
    decode_shapes,
    make_converter,
    problem_of,
)
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side, WireLevel

if TYPE_CHECKING:
    import cattrs

__all__ = ["batches", "decode_market_frames", "encode_market_interest", "encode_operation"]

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
_encode_json: Final = msgspec.json.Encoder().encode

_IDS_PER_FRAME: Final = 100
"""The venue hangs up on a frame that names thousands. Source: rs-clob-client-v2 #116."""

_KEY = b'"event_type":"'
_PRICE_CHANGE_END: Final = b',"event_type":"price_change"}'
_decode_price_change: Final = _DECODERS[b"price_change"]


def decode_market_frames(payload: bytes) -> list[Decoded]:
    """Read one message of the market channel. Never raises.

    Args:
        payload: One whole message, text or binary.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    decode: Callable[[bytes], MarketFrame] | None
    if payload.endswith(_PRICE_CHANGE_END):  # six in seven messages
        decode = _decode_price_change
    else:
        # The last occurrence: the key of a nested object, or of a quoted text, comes before it.
        _, key, rest = payload.rpartition(_KEY)
        decode = _DECODERS.get(rest[: rest.find(b'"')]) if key else None
    if decode is not None and payload[:1] == b"{":
        try:
            return [(decode(payload), payload)]
        except UNREADABLE:
            pass
    return _decode_any(payload)


def _decode_any(payload: bytes) -> list[Decoded]:
    return decode_shapes(payload, _decode_object, decode_market_frames)


def _decode_object(body: bytes) -> MarketFrame:
    try:
        fields = decode_fields(body)
    except UNREADABLE as error:
        return MalformedFrame("object", str(error))
    event_type = fields.get("event_type")
    if not isinstance(event_type, str):
        return UnknownFrame("", fields)
    cls = _FRAMES.get(event_type)
    if cls is None:
        return UnknownFrame(event_type, fields)
    try:
        tolerated = _converter().structure(_modernised(fields), cls)
        # Lengths are msgspec's to check, and it has not seen this one.
        frame: MarketFrame = msgspec.convert(msgspec.to_builtins(tolerated), cls)
    except UNSTRUCTURED as error:
        return MalformedFrame(event_type, problem_of(error), _assets_in(fields))
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


def _level(value: Any) -> WireLevel:
    return WireLevel(as_text(value["price"]), as_text(value["size"]))


def _change(value: Any) -> frames.PriceChange:
    told = {name: None if value.get(name) is None else as_text(value[name]) for name in _OPTIONAL}
    return frames.PriceChange(
        AssetId(as_text(value["asset_id"])),
        as_text(value["price"]),
        as_text(value["size"]),
        Side(str(value["side"]).upper()),
        **told,
    )


def _price_change(value: Any) -> frames.PriceChangeFrame:
    if not isinstance(value["price_changes"], list):
        raise TypeError("price_changes are no list")
    return frames.PriceChangeFrame(
        value["event_type"],
        ConditionId(as_text(value["market"])),
        tuple(map(_change, value["price_changes"])),
        as_text(value["timestamp"]),
    )


_OPTIONAL: Final = ("hash", "best_bid", "best_ask")


@cache
def _converter() -> cattrs.Converter:
    converter = make_converter()
    converter.register_structure_hook(frames.PriceChangeFrame, lambda v, _: _price_change(v))
    converter.register_structure_hook(WireLevel, lambda value, _: _level(value))
    return converter


def _assets_in(fields: dict[str, Any]) -> tuple[AssetId, ...]:
    changes = fields.get("price_changes")
    holders = [fields, *(changes if isinstance(changes, list) else ())]
    named = (holder.get("asset_id") for holder in holders if isinstance(holder, dict))
    return tuple(dict.fromkeys(AssetId(name) for name in named if isinstance(name, str)))


def batches(asset_ids: Sequence[AssetId]) -> list[Sequence[AssetId]]:
    """As many as one frame may name at a time."""
    return [
        asset_ids[start : start + _IDS_PER_FRAME]
        for start in range(0, len(asset_ids), _IDS_PER_FRAME)
    ]


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
