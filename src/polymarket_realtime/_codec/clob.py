"""Books as the venue's REST tells them, beside the market channel: a witness.

Prices and sizes are kept as they were written, for the hash is made of that text; whether they
are any is for the book to say. Source: docs.polymarket.com, "Get order books"; the answers of
clob.polymarket.com.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import attrs
import msgspec

from polymarket_realtime._codec.tolerant import UNREADABLE, problem_of
from polymarket_realtime._model.ids import (
    AssetId,
    ConditionId,
    hash_or_none,
    parse_asset_id,
    parse_condition_id,
)
from polymarket_realtime._model.values import Number, WireLevel
from polymarket_realtime.errors import CodecError

__all__ = ["WitnessBook", "decode_books", "encode_books_request"]

log = logging.getLogger("polymarket_realtime.rest")

_LONGEST_TIME: Final = 14
"""Digits of the milliseconds of the year 5138."""


@attrs.frozen
class WitnessBook:
    """A whole book, as REST has it. All numbers are the venue's own text.

    Attributes:
        market: The condition id.
        asset_id: The token.
        timestamp_ms: The book's last change, in milliseconds since the epoch.
        hash: The venue's fingerprint of it; None, here and below, if it was not told.
        bids: In the order of the wire: prices ascend, the best comes last.
        asks: In the order of the wire: prices descend, the best comes last.
        min_order_size: For example `"5"`.
        tick_size: For example `"0.001"`.
        neg_risk: Whether the market is one of an event of which only one can win.
        last_trade_price: Of the market; `""` if it never traded.
    """

    market: ConditionId
    asset_id: AssetId
    timestamp_ms: int
    hash: str | None
    bids: tuple[WireLevel, ...] = attrs.field(repr=False)
    asks: tuple[WireLevel, ...] = attrs.field(repr=False)
    min_order_size: str | None = None
    tick_size: str | None = None
    neg_risk: bool | None = None
    last_trade_price: str | None = None


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A book in the venue's usual shape. The names are the keys of the JSON."""

    market: str
    asset_id: str
    timestamp: str
    bids: tuple[WireLevel, ...]
    asks: tuple[WireLevel, ...]
    hash: str | None = None
    min_order_size: Number | None = None
    tick_size: Number | None = None
    neg_risk: bool | None = None
    last_trade_price: Number | None = None


_decode_rows: Final = msgspec.json.Decoder(list[_Row]).decode
_decode_row: Final = msgspec.json.Decoder(_Row).decode
_decode_elements: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode

# As a float `0.50` would lose its last digit, and `0.1234567890123456789` some more.
_decode_fields: Final = msgspec.json.Decoder(float_hook=str).decode

_encode_json: Final = msgspec.json.Encoder().encode


def encode_books_request(asset_ids: Iterable[AssetId]) -> bytes:
    """The body of `POST /books`. Tokens that the venue does not know are left out of its answer."""
    return _encode_json([{"token_id": asset_id} for asset_id in asset_ids])


def decode_books(payload: bytes) -> list[WitnessBook]:
    """Read the answer to `POST /books`, in the venue's order.

    A book that cannot be read costs only itself: one without a market, token, time or one of its
    sides. What else is missing or unreadable is None.

    Raises:
        CodecError: It is not a list, or holds books and none of them can be read.
    """
    rows = _rows(payload)
    books, problem = [], None
    for row in rows:
        try:
            books.append(_book(row if isinstance(row, _Row) else _row(row)))
        # `ValueError`: all of this package that are raised here, and Python's own for an integer
        # of thousands of digits.
        except (*UNREADABLE, ValueError) as error:
            problem = problem_of(error)
    if problem is not None and not books:
        raise CodecError("books", problem)
    if problem is not None:
        log.warning("%d of %d books cannot be read: %s", len(rows) - len(books), len(rows), problem)
    return books


def _rows(payload: bytes) -> list[_Row] | list[msgspec.Raw]:
    """All at once if each is in the usual shape, else their texts."""
    try:
        return _decode_rows(payload)
    except UNREADABLE:
        pass
    try:
        return _decode_elements(payload)
    except UNREADABLE as error:
        raise CodecError("books", f"not a list: {error}") from error


def _row(raw: msgspec.Raw) -> _Row:
    """One book in any shape."""
    try:
        return _decode_row(raw)
    except UNREADABLE:
        fields = _decode_fields(raw)
    if not isinstance(fields, dict):
        raise CodecError("book", "a book is not an object")
    neg_risk = fields.get("neg_risk")
    tolerated = _Row(
        market=_text(fields, "market"),
        asset_id=_text(fields, "asset_id"),
        timestamp=_text(fields, "timestamp"),
        bids=_levels(fields, "bids"),
        asks=_levels(fields, "asks"),
        hash=_optional_text(fields, "hash"),
        min_order_size=_optional_text(fields, "min_order_size"),
        tick_size=_optional_text(fields, "tick_size"),
        neg_risk=neg_risk if isinstance(neg_risk, bool) else None,
        last_trade_price=_optional_text(fields, "last_trade_price"),
    )
    # How long its numbers may be is msgspec's to check, and it has not seen this one.
    return msgspec.convert(msgspec.to_builtins(tolerated), _Row)


def _book(row: _Row) -> WitnessBook:
    return WitnessBook(
        market=parse_condition_id(row.market),
        asset_id=parse_asset_id(row.asset_id),
        timestamp_ms=_milliseconds(row.timestamp),
        hash=hash_or_none(row.hash),
        bids=row.bids,
        asks=row.asks,
        min_order_size=row.min_order_size,
        tick_size=row.tick_size,
        neg_risk=row.neg_risk,
        last_trade_price=row.last_trade_price,
    )


def _milliseconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIME):
        raise CodecError("book", f"timestamp {text[:40]!r} is not milliseconds")
    return int(text)


def _levels(fields: dict[str, Any], side: str) -> tuple[WireLevel, ...]:
    # A side that is not told is not an empty one.
    levels = fields.get(side)
    if not isinstance(levels, list):
        raise CodecError("book", f"{side} are not a list")
    return tuple(_level(level) for level in levels)


def _level(level: object) -> WireLevel:
    if not isinstance(level, dict):
        raise CodecError("book", "a level is not an object")
    return WireLevel(_text(level, "price"), _text(level, "size"))


def _text(fields: dict[str, Any], name: str) -> str:
    text = _optional_text(fields, name)
    if text is None:
        raise CodecError("book", f"{name} is neither text nor a number")
    return text


def _optional_text(fields: dict[str, Any], name: str) -> str | None:
    """A text, or a bare number as it was written; None if it is neither."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
