"""Reading what does not come in the usual shape: arrays, bare numbers, no JSON at all.

The venue writes its numbers as strings, but has been known to send them bare. Everything else
must be what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin

import msgspec

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame
from polymarket_realtime._model.values import Side
from polymarket_realtime.errors import CodecError

if TYPE_CHECKING:
    import cattrs

__all__ = [
    "UNREADABLE",
    "UNSTRUCTURED",
    "as_text",
    "decode_fields",
    "decode_shapes",
    "make_converter",
    "problem_of",
]

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on text that is no JSON, no UTF-8, or nested a thousand deep."""

UNSTRUCTURED: Final = (CodecError, ValueError, TypeError, KeyError, AttributeError)
"""What the converter raises on JSON that is not of the expected shape."""

decode_fields: Final = msgspec.json.Decoder().decode
"""JSON text to plain Python values."""

_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode

_SHOWN_TEXT = 200

FrameT = TypeVar("FrameT")


def decode_shapes(
    payload: bytes,
    decode_object: Callable[[bytes], FrameT],
    decode_element: Callable[[bytes], list[tuple[FrameT | MalformedFrame | TextFrame, bytes]]],
) -> list[tuple[FrameT | MalformedFrame | TextFrame, bytes]]:
    """Read one message of any shape. Never raises, unless one of the decoders does.

    Args:
        payload: One whole message.
        decode_object: Reads a message that is one object.
        decode_element: Reads an object that is an element of an array.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    body = payload.strip()
    if body[:1] == b"[":
        try:
            elements = [bytes(raw) for raw in _decode_array(body)]
        except UNREADABLE as error:
            return [(MalformedFrame("array", str(error)), payload)]
        return [
            frame
            for raw in elements
            for frame in (decode_element(raw) if raw[:1] == b"{" else [_not_an_object(raw)])
        ]
    if body[:1] == b"{":
        return [(decode_object(body), payload)]
    return [(TextFrame(body[:_SHOWN_TEXT].decode("utf-8", "replace")), payload)]


def _not_an_object(raw: bytes) -> tuple[MalformedFrame, bytes]:
    return MalformedFrame("element", f"an element is not an object: {raw[:40]!r}"), raw


def make_converter() -> cattrs.Converter:
    """A converter that takes bare numbers for text, and nothing else for what it is not.

    By itself cattrs would take any text for true, and the characters of a text for the elements
    of a list. Structuring raises one of `UNSTRUCTURED`.
    """
    # Here, because few programs meet a message that is not in the usual shape.
    import cattrs  # noqa: PLC0415

    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(str, lambda value, _: as_text(value))
    converter.register_structure_hook(bool, lambda value, _: _flag(value))
    converter.register_structure_hook(Side, lambda value, _: Side(str(value).upper()))
    converter.register_structure_hook_factory(_is_list, lambda cls: _list_hook(cls, converter))
    return converter


def problem_of(error: Exception) -> str:
    """What one of `UNSTRUCTURED` says about the JSON, in a few words."""
    if isinstance(error, KeyError):
        return f"no {error.args[0]}"
    if isinstance(error, CodecError):
        return error.problem
    return str(error) or type(error).__name__


def as_text(value: object) -> str:
    """A text, or a bare number as its digits.

    Raises:
        CodecError: It is neither.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format(Decimal(str(value)), "f")
    raise CodecError("known", f"{value!r:.60} where text was expected")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise CodecError("known", f"{value!r:.60} where true or false was expected")


def _is_list(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is tuple


def _list_hook(cls: Any, converter: cattrs.Converter) -> Callable[[object, Any], Any]:
    element = get_args(cls)[0]
    structure = converter.get_structure_hook(element)

    def structure_list(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise CodecError("known", f"{value!r:.60} where a list was expected")
        return tuple(structure(each, element) for each in value)

    return structure_list
