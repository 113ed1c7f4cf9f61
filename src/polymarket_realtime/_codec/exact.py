"""Reading single fields of the live feeds: exact numbers, times, texts.

These feeds write their numbers bare, and beside a rounded price the exact one as text.

Each function raises `CodecError` if a field is not what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from polymarket_realtime._codec.tolerant import as_text
from polymarket_realtime._model.ids import is_id
from polymarket_realtime.errors import CodecError

__all__ = [
    "decode_exactly",
    "exact_price",
    "identifier",
    "milliseconds",
    "optional_text",
    "positive_number",
    "text",
]

_LARGEST_EXPONENT: Final = 15
_SMALLEST_EXPONENT: Final = -40
"""Beyond these a number is none: no price is so high, unless it is a scaled one taken for a plain
one, and written out in full some would fill the memory."""

_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_PLAIN_INTEGER: Final = re.compile(r"[0-9]{1,40}")

_SCALE: Final = 10**18
_TOLERANCE: Final = Decimal("0.001")
"""How far the exact value may be from the rounded one beside it, as a share. The venue rounds
to 16 digits; what is to be noticed are factors of ten."""

_SECONDS_BELOW: Final = 10**11
_LATEST_TIME: Final = 10**14
"""Milliseconds, in the year 5138. As seconds, the limit above means the same."""


def _exact(literal: str) -> Decimal:
    try:
        return Decimal(literal)
    except ArithmeticError:  # an exponent that nothing can hold
        return Decimal("NaN")


decode_exactly: Final = msgspec.json.Decoder(float_hook=_exact).decode
"""JSON text to plain Python values; a number with a point or an exponent to a `Decimal`."""


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text, or a bare number as its digits; not empty."""
    found = optional_text(fields, name)
    if not found:
        raise CodecError("known", f"no {name}")
    return found


def identifier(fields: Mapping[str, Any], name: str) -> str:
    """An id, which is no text that could say anything."""
    found = text(fields, name)
    if not is_id(found):
        raise CodecError("known", f"{name} {found[:40]!r} is no id")
    return found


def optional_text(fields: Mapping[str, Any], name: str) -> str:
    """The same; `""` if it is not there."""
    value = fields.get(name)
    return "" if value is None else as_text(value)


def positive_number(fields: Mapping[str, Any], name: str) -> Decimal:
    """A number that is not below zero."""
    number = _number(fields, name)
    if number < 0:
        raise CodecError("known", f"{name} {number} is below zero")
    return number


def milliseconds(fields: Mapping[str, Any], name: str) -> int:
    """A time in milliseconds since the epoch; the wire has seconds in some places."""
    number = positive_number(fields, name)
    time = int(number * 1000) if number < _SECONDS_BELOW else int(number)
    if time >= _LATEST_TIME:
        raise CodecError("known", f"{name} {number} is no time")
    return time


def exact_price(row: Mapping[str, Any], *, scaled: bool) -> Decimal:
    """The price of a row: `full_accuracy_value`, or `value`, which is rounded, if that is all.

    Args:
        row: It has at least one of the two.
        scaled: Whether `full_accuracy_value` should be the price times 10^18. If by `value` it
            has the other scale it is read so: a change of scale must not change a price.
    """
    exact = row.get("full_accuracy_value")
    if exact is None or exact == "":
        return _number(row, "value")
    literal = str(exact)
    readings = [_descaled(literal), _plain(literal)]
    if not scaled:
        readings.reverse()
    if row.get("value") is None:
        price = readings[0]
    else:
        rounded = _number(row, "value")
        price = next((each for each in readings if _is_near(each, rounded)), None)
    if price is None:
        raise CodecError("known", f"full_accuracy_value {literal[:40]!r} is no such price")
    return price


def _descaled(literal: str) -> Decimal | None:
    if not _PLAIN_INTEGER.fullmatch(literal):
        return None
    whole, parts = divmod(int(literal), _SCALE)
    return Decimal(f"{whole}.{parts:018d}".rstrip("0").rstrip("."))


def _plain(literal: str) -> Decimal | None:
    if not _PLAIN_NUMBER.fullmatch(literal):
        return None
    price = Decimal(literal)
    return price if price.adjusted() <= _LARGEST_EXPONENT else None


def _is_near(price: Decimal | None, rounded: Decimal) -> bool:
    return price is not None and abs(price - rounded) <= abs(rounded) * _TOLERANCE


def _number(fields: Mapping[str, Any], name: str) -> Decimal:
    """A bare number, or its digits as a text."""
    value: Any = fields.get(name)
    if isinstance(value, str):
        is_number = _PLAIN_NUMBER.fullmatch(value) is not None
    else:
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not is_number:
        raise CodecError("known", f"{name} {value!r:.60} is not a number")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if (
        not isinstance(exponent, int)  # not a number, or infinite
        or exponent < _SMALLEST_EXPONENT
        or number.adjusted() > _LARGEST_EXPONENT
    ):
        raise CodecError("known", f"{name} is beyond all measure")
    return number
