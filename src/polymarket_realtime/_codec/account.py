"""What the venue's REST answers about an account: JSON to values.

No error says anything of what was read: it may hold secrets. Source: docs.polymarket.com,
"Authentication", "Orders", "Trades".
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import attrs

from polymarket_realtime._codec.tolerant import UNREADABLE, decode_fields
from polymarket_realtime._codec.user import structure_order, structure_trade
from polymarket_realtime._codec.user_frames import OrderFrame, TradeFrame
from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime.errors import CodecError

__all__ = [
    "FIRST_CURSOR",
    "Page",
    "decode_api_keys",
    "decode_credentials",
    "decode_error",
    "decode_order",
    "decode_orders_page",
    "decode_time",
    "decode_trades_page",
]

FIRST_CURSOR: Final = "MA=="
"""Where the pages of a list begin."""

_NO_CURSORS: Final = frozenset({"", "LTE="})
"""What stands in place of a cursor after the last page."""

_LONGEST_CURSOR: Final = 256
"""It becomes part of the next question, and no library sends an endless one."""

_LATEST_IN_SECONDS: Final = 1e11
"""A Unix time above this, the year 5138, counts milliseconds."""

Row = TypeVar("Row")


@attrs.frozen
class Page(Generic[Row]):
    """One page of a list.

    Attributes:
        rows: What could be read, in the venue's order.
        next_cursor: What to ask the next page with; None after the last one.
        malformed: How many rows could not be read.
    """

    rows: tuple[Row, ...]
    next_cursor: str | None
    malformed: int = 0


def decode_credentials(payload: bytes) -> Credentials:
    """Read the answer to `GET /auth/derive-api-key` or `POST /auth/api-key`.

    Raises:
        CodecError: One of the three values is missing.
    """
    fields = _object(payload, "credentials")
    values = [fields.get(name) for name in ("apiKey", "secret", "passphrase")]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) != len(values):
        raise CodecError("credentials", "apiKey, secret and passphrase are needed")
    api_key, secret, passphrase = map(Secret, texts)
    return Credentials(api_key=api_key, secret=secret, passphrase=passphrase)


def decode_api_keys(payload: bytes) -> int:
    """Read the answer to `GET /auth/api-keys`: how many there are.

    Raises:
        CodecError: It is no list of keys.
    """
    keys = _object(payload, "api keys").get("apiKeys")
    if not isinstance(keys, list):
        raise CodecError("api keys", "no list of keys")
    return len(keys)


def decode_orders_page(payload: bytes) -> Page[OrderFrame]:
    """Read a page of the answer to `GET /data/orders`.

    Raises:
        CodecError: It is no list, with or without an envelope.
    """
    return _page(payload, "orders", structure_order)


def decode_trades_page(payload: bytes) -> Page[TradeFrame]:
    """Read a page of the answer to `GET /data/trades`.

    Raises:
        CodecError: It is no list, with or without an envelope.
    """
    return _page(payload, "trades", structure_trade)


def decode_order(payload: bytes) -> OrderFrame | None:
    """Read the answer to `GET /data/order/{id}`; None if the venue knows no such order.

    Raises:
        CodecError: It is no order.
    """
    fields = _json(payload, "order")
    if fields is None or fields == {}:
        return None
    order = _structured(fields, structure_order)
    if order is None:
        raise CodecError("order", "a field is missing, or is not what it must be")
    return order


def decode_time(payload: bytes) -> float:
    """Read the answer to `GET /time`: seconds since the epoch.

    Raises:
        CodecError: It is no such number.
    """
    value = _json(payload, "time")
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        seconds = math.nan if isinstance(value, bool) else float(value)
        if 0 < seconds < math.inf:
            return seconds / 1000 if seconds > _LATEST_IN_SECONDS else seconds
    raise CodecError("time", "not a number of seconds")


def decode_error(payload: bytes) -> str:
    """The `error` of a refusal, in the venue's words; empty if there is none. Never raises."""
    with contextlib.suppress(*UNREADABLE):
        fields = decode_fields(payload)
        if isinstance(fields, dict) and isinstance(fields.get("error"), str):
            return str(fields["error"])
    return ""


def _json(payload: bytes, kind: str) -> Any:
    # Raised outside of `suppress`, the error has no context: decoders keep what they read.
    with contextlib.suppress(*UNREADABLE):
        return decode_fields(payload)
    raise CodecError(kind, "not JSON")


def _object(payload: bytes, kind: str) -> dict[str, Any]:
    fields = _json(payload, kind)
    if not isinstance(fields, dict):
        raise CodecError(kind, "not an object")
    return fields


def _page(payload: bytes, kind: str, structure: Callable[[dict[str, Any]], Row]) -> Page[Row]:
    answer = _json(payload, kind)
    envelope = answer if isinstance(answer, dict) else {"data": answer}
    raw_rows, cursor = envelope.get("data"), envelope.get("next_cursor")
    if not isinstance(raw_rows, list):
        raise CodecError(kind, "no list of rows")
    rows = [row for raw in raw_rows if (row := _structured(raw, structure)) is not None]
    more = isinstance(cursor, str) and cursor not in _NO_CURSORS
    if more and len(str(cursor)) > _LONGEST_CURSOR:
        raise CodecError(kind, "a cursor without an end")
    return Page(tuple(rows), cursor if more else None, malformed=len(raw_rows) - len(rows))


def _structured(raw: object, structure: Callable[[dict[str, Any]], Row]) -> Row | None:
    if isinstance(raw, dict):
        with contextlib.suppress(CodecError):
            return structure(raw)
    return None
