"""A JSON Schema in words: what type a value has, what limits, what an object holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .schema import DECIMAL_PATTERN, Schema

__all__ = ["Field", "describe_fields", "describe_limits", "describe_type"]

Field = tuple[str, str, str]
"""A path, a type, and what it means; `[]` in a path stands for each item, `*` for each key."""

_RANGES: Final = (
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", "items"),
    ("minLength", "maxLength", "characters"),
)


def describe_fields(schema: Schema, path: str = "") -> Iterator[Field]:
    """A row for each field that there is something to say of; its owner names the others."""
    for name, field in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        inner, step = _inner(field)
        held = inner.get("properties", {})
        meaning = field.get("description", "")
        if held and not any("description" in each for each in held.values()):
            meaning = f"{meaning} Holds {_listed(held)}.".strip()
        if meaning or not path:
            yield f"`{where}`", describe_type(field), meaning
        yield from describe_fields(inner, where + step)


def _inner(field: Schema) -> tuple[Schema, str]:
    """The schema of the objects that a field holds, and how their place is written."""
    for alternative in field.get("anyOf", ()):
        if "properties" in alternative or "items" in alternative:
            return _inner(alternative)
    if isinstance(items := field.get("items"), dict):
        return items, "[]"
    if isinstance(values := field.get("additionalProperties"), dict):
        return values, ".*"
    return field, ""


def describe_type(schema: Schema) -> str:
    """`array of string, or null`."""
    if "anyOf" in schema:
        return _either(map(describe_type, schema["anyOf"]))
    if "enum" in schema:
        return f"one of {_listed(schema['enum'])}"
    kinds = schema.get("type", "any")
    return _either(_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _either(named: Iterable[str]) -> str:
    """Null stands apart, because `array of string or null` would mean two things."""
    alternatives = list(named)
    words = " or ".join(each for each in alternatives if each != "null")
    return f"{words}, or null" if words and "null" in alternatives else words or "null"


def _kind(kind: str, schema: Schema) -> str:
    if kind == "array":
        return f"array of {describe_type(schema.get('items', {}))}"
    if kind == "string" and schema.get("format") == "date-time":
        return "date and time"
    if kind == "string" and schema.get("pattern") == DECIMAL_PATTERN:
        return "decimal number in a string"
    return kind


def describe_limits(schema: Schema) -> str:
    """`1 to 200 items`, or nothing."""
    limits = (_range(schema.get(low), schema.get(high), unit) for low, high, unit in _RANGES)
    return ", ".join(filter(None, limits))


def _range(low: float | None, high: float | None, unit: str) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"{low} or more {unit}".strip()
    return f"{f'up to {high}' if low is None else f'{low} to {high}'} {unit}".strip()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
