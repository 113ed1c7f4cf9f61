"""JSON of kinds that are not known here: kept, but bounded and made harmless.

Nobody has said what its texts are, so all of them are taken for texts of strangers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from polymarket_realtime._model.text import plain_text

__all__ = ["harmless_fields"]

_MOST_VALUES: Final = 500
_DEEPEST: Final = 6
_LONGEST_KEY: Final = 60
_LARGEST_INTEGER: Final = 1 << 63
"""Many a reader of JSON takes numbers beyond it for others."""
_LONGEST_NUMBER: Final = 64
_CUT: Final = "…"


def harmless_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same with plain texts, at most 500 values in all, and no deeper than six levels."""
    return _of_object(fields, _DEEPEST, iter(range(_MOST_VALUES)))


def _of_object(fields: Mapping[str, Any], depth: int, room: Iterator[int]) -> dict[str, Any]:
    return {
        plain_text(name, _LONGEST_KEY): _harmless(value, depth - 1, room)
        for _, (name, value) in zip(room, fields.items(), strict=False)
    }


def _harmless(value: object, depth: int, room: Iterator[int]) -> Any:
    match value:
        case str():
            return plain_text(value)
        case dict() | list() if depth == 0:
            return _CUT
        case dict():
            return _of_object(value, depth, room)
        case list():
            return [_harmless(each, depth - 1, room) for _, each in zip(room, value, strict=False)]
        case int() if abs(value) >= _LARGEST_INTEGER:
            return plain_text(str(value), _LONGEST_NUMBER)
        case Decimal():
            return plain_text(str(value), _LONGEST_NUMBER)
    return value
