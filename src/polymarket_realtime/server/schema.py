"""The JSON of our values: how MCP writes them, and the JSON Schema that says so.

Tools take and return attrs classes. `make_converter` turns them into JSON and back, `input_schema`
and `output_schema` describe exactly that JSON, and both stand here so that they cannot drift apart.

========================= ================================== ===================================
Python                    JSON                               note
========================= ================================== ===================================
str, NewType of it        string
int, float, bool, None    integer, number, boolean, null
Any                       anything
Decimal                   string, `"0.530"`                  digits kept, never an exponent
datetime                  string, `"2026-10-04T12:00:00Z"`   always with its offset
Literal, Enum of str      one of the values
X | Y                     either
list, tuple[X, ...]       array
set, frozenset            array without repetition           written sorted
dict[str, X]              object
attrs class               object, nested in place
========================= ================================== ===================================
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, NewType, Union, get_args, get_origin

import attrs

if TYPE_CHECKING:
    import cattrs

__all__ = [
    "DECIMAL_PATTERN",
    "Schema",
    "arg",
    "input_schema",
    "make_converter",
    "output_schema",
    "parse_datetime",
]

Schema = dict[str, Any]
"""A JSON Schema of the 2020-12 dialect."""

_NULL: Final[Schema] = {"type": "null"}

DECIMAL_PATTERN: Final = r"^-?[0-9]+(\.[0-9]+)?$"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

_SCALARS: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    Decimal: {"type": "string", "pattern": DECIMAL_PATTERN},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


def arg(
    doc: str,
    default: Any = attrs.NOTHING,
    validator: Callable[[Any, Any, Any], Any] | None = None,
    **schema: Any,
) -> Any:
    """Declare a field of a tool's arguments or result.

    Args:
        doc: What it means, for the model that reads the schema.
        default: What an argument is if left out; without it the argument is required.
        validator: An attrs validator, for what JSON Schema cannot say; it raises ValueError.
        schema: Constraints, merged into the schema of the field's type: `minItems=1`,
            `items={"minLength": 1}`.
    """
    metadata = {"doc": doc, "schema": schema}
    return attrs.field(default=default, validator=validator, metadata=metadata)


def input_schema(cls: type[attrs.AttrsInstance]) -> Schema:
    """What may be sent as a `cls`: unknown keys are refused, fields with a default are optional.

    Raises:
        TypeError: A field has a type outside the table above.
    """
    return _SchemaBuilder(for_input=True).of_attrs(cls)


def output_schema(cls: type[attrs.AttrsInstance]) -> Schema:
    """What a `cls` is sent as: every field is present, with null for None.

    Raises:
        TypeError: A field has a type outside the table above.
    """
    return _SchemaBuilder(for_input=False).of_attrs(cls)


@attrs.frozen
class _SchemaBuilder:
    for_input: bool

    def of(self, tp: Any) -> Schema:
        if tp in _SCALARS:
            return dict(_SCALARS[tp])
        if isinstance(tp, NewType):
            return self.of(tp.__supertype__)
        if isinstance(tp, type) and issubclass(tp, Enum):
            return _one_of(member.value for member in tp)
        if isinstance(tp, type) and attrs.has(tp):
            return self.of_attrs(tp)
        origin, args = get_origin(tp), get_args(tp)
        if origin is Literal:
            return _one_of(args)
        if origin in (Union, types.UnionType):
            return self.of_union([self.of(each) for each in args])
        if origin is list or (origin is tuple and args[1:] == (...,)):
            return {"type": "array", "items": self.of(args[0])}
        if origin in (set, frozenset):
            return {"type": "array", "items": self.of(args[0]), "uniqueItems": True}
        if origin is dict and args[0] is str:
            values: Schema | bool = True if args[1] is Any else self.of(args[1])
            return {"type": "object", "additionalProperties": values}
        raise TypeError(f"{tp!r} has no JSON Schema here")

    def of_union(self, alternatives: list[Schema]) -> Schema:
        """Either of them. Of what is sent, null beside one type is said in a third of the words."""
        first, *others = alternatives
        short = not self.for_input and others == [_NULL] and "enum" not in first
        if short and isinstance(first.get("type"), str):
            return {**first, "type": [first["type"], "null"]}
        return {"anyOf": alternatives}

    def of_attrs(self, cls: type[attrs.AttrsInstance]) -> Schema:
        attrs.resolve_types(cls)
        fields = attrs.fields(cls)
        schema: Schema = {
            "type": "object",
            "properties": {field.name: self.of_field(field) for field in fields},
        }
        required = [f.name for f in fields if not self.for_input or f.default is attrs.NOTHING]
        if required:
            schema["required"] = required
        if self.for_input:
            schema["additionalProperties"] = False
        return schema

    def of_field(self, field: attrs.Attribute[Any]) -> Schema:
        schema = _merged(self.of(field.type), field.metadata.get("schema", {}))
        if doc := field.metadata.get("doc"):
            schema["description"] = doc
        if self.for_input and not _is_made_anew(field.default):
            schema["default"] = _json_of(field.default, field.type)
        return schema


def _one_of(values: Iterable[Any]) -> Schema:
    choices = list(values)
    if any(not isinstance(choice, str) for choice in choices):
        raise TypeError(f"only texts can be chosen from, not {choices!r}")
    return {"type": "string", "enum": choices}


def _merged(schema: Schema, more: Mapping[str, Any]) -> Schema:
    merged = dict(schema)
    for key, value in more.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) else value
    return merged


def _json_of(default: Any, tp: Any) -> Any:
    if isinstance(default, Enum):
        return default.value
    if default is None or type(default) in (str, int, float, bool):
        return default
    return make_converter().unstructure(default, tp)


def _is_made_anew(default: Any) -> bool:
    """No default at all counts as well: there is no value to show."""
    return default is attrs.NOTHING or isinstance(default, attrs.Factory)  # type: ignore[arg-type]  # declared as a function


def make_converter() -> cattrs.Converter:
    """A converter between our values and the JSON of the table above.

    It takes for granted that what it structures has passed `input_schema`: by itself, cattrs makes
    texts of numbers and characters of texts.
    """
    # Here: a client that lists the tools waits for what this takes, and it is not needed before
    # the first call.
    import cattrs  # noqa: PLC0415
    from cattrs.strategies import configure_union_passthrough  # noqa: PLC0415

    converter = cattrs.Converter(detailed_validation=False, forbid_extra_keys=True)
    configure_union_passthrough(str | bool | int | float | None, converter)
    converter.register_structure_hook(types.NoneType, lambda _value, _: None)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_structure_hook(datetime, lambda text, _: parse_datetime(text))
    converter.register_unstructure_hook(Decimal, "{:f}".format)
    converter.register_unstructure_hook(datetime, _format_datetime)
    for origin, arrange in ((tuple, list), (set, sorted), (frozenset, sorted)):
        _write_as_array(converter, origin, arrange)
    return converter


def _write_as_array(
    converter: cattrs.Converter, origin: type, arrange: Callable[[Iterable[Any]], list[Any]]
) -> None:
    """Left alone, cattrs writes tuples and sets, which JSON Schema does not take for arrays."""

    def make_hook(tp: Any) -> Callable[[Iterable[Any]], list[Any]]:
        item = (get_args(tp) or (Any,))[0]
        return lambda values: arrange(converter.unstructure(value, item) for value in values)

    def is_one(tp: Any) -> bool:
        return origin in (tp, get_origin(tp))

    converter.register_unstructure_hook_factory(is_one, make_hook)


def parse_datetime(text: str) -> datetime:
    """Read an RFC 3339 date and time, offset included.

    Raises:
        ValueError: It is none, or lacks its offset from UTC.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("a date and time looks like 2026-10-04T12:00:00Z")
    return datetime.fromisoformat(text)


def _format_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} does not say where")
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if value.utcoffset() == timedelta() else text
