"""Checking what a model passes to a tool, in sentences that let it pass something better.

The arguments are held against the very schema that `tools/list` shows, so what is promised and
what is accepted cannot differ. One line per problem names the argument, what it must be, and what
it was:

    market_ids: must be an array, got "7132104, 5211431"
    callback_type: must be "notification" or "log", got "push"
    unknown argument: 'market'; known are market_ids, callback_type
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from .schema import DECIMAL_PATTERN, Schema, input_schema, make_converter, parse_datetime

if TYPE_CHECKING:
    import cattrs

__all__ = ["ArgumentParser", "ArgumentsError"]

A = TypeVar("A", bound=attrs.AttrsInstance)

_SHOWN_VALUE = 80
"""Longest piece of an offending value that is repeated."""

_SHOWN_PROBLEMS = 8

_RULES: Final[Mapping[str, str]] = {
    "minItems": "have {} or more items",
    "maxItems": "have {} or fewer items",
    "uniqueItems": "not repeat an item",
    "minLength": "have {} or more characters",
    "maxLength": "have {} or fewer characters",
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "pattern": "match {}",
}

_ARTICLES: Final[Mapping[str, str]] = {
    "array": "an array",
    "object": "an object",
    "integer": "an integer",
    "null": "null",
}


class ArgumentsError(ValueError):
    """Arguments that a tool does not take; the message has one line per problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        shown, more = self.problems[:_SHOWN_PROBLEMS], len(self.problems) - _SHOWN_PROBLEMS
        super().__init__("\n".join((*shown, f"and {more} more") if more > 0 else shown))


class ArgumentParser(Generic[A]):
    """Makes a `cls` of JSON arguments. `schema` is what it accepts.

    Args:
        cls: An attrs class, its fields declared with `arg`.
        converter: Gives what makes a `cls` of arguments that are right; called when it is needed.

    Raises:
        TypeError: A field of `cls` has a type that cannot come from JSON.
    """

    def __init__(
        self, cls: type[A], converter: Callable[[], cattrs.Converter] = make_converter
    ) -> None:
        self.schema: Schema = input_schema(cls)
        self._cls, self._converter = cls, converter

    def parse(self, arguments: Mapping[str, Any]) -> A:
        """Check and convert.

        Raises:
            ArgumentsError: They break the schema, or a validator of the class refused them.
        """
        # Python reads NaN and Infinity as JSON, and no comparison refuses the first.
        if problems := [f"{where}: must be a finite number" for where in _not_finite(arguments)]:
            raise ArgumentsError(problems)
        if problems := [_describe(error) for error in self._validator.iter_errors(arguments)]:
            raise ArgumentsError(problems)
        try:
            parsed: A = self._structure(arguments, self._cls)
        except (TypeError, ValueError) as exc:
            # attrs' own validators add the field and its value to the sentence, as more `args`.
            raise ArgumentsError([str(exc.args[0] if exc.args else exc)]) from exc
        return parsed

    @cached_property
    def _structure(self) -> Callable[[Any, Any], A]:
        return self._converter().get_structure_hook(self._cls)

    @cached_property
    def _validator(self) -> Any:
        # Here, as the converter: not needed before the first call. It comes with mcp, whose client
        # checks our results with it, and has no types of its own.
        from jsonschema import (  # type: ignore[import-untyped]  # noqa: PLC0415
            Draft202012Validator,
            FormatChecker,
        )

        formats = FormatChecker(formats=())
        formats.checks("date-time", raises=ValueError)(
            lambda value: not isinstance(value, str) or bool(parse_datetime(value))
        )
        return Draft202012Validator(self.schema, format_checker=formats)


def _not_finite(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield name


def _describe(error: Any) -> str:
    """One line for a `jsonschema.ValidationError`."""
    where, rule, limit = _path(error.absolute_path), error.validator, error.validator_value
    if rule == "required":
        missing = [name for name in limit if name not in error.instance]
        return f"missing {_inside(where)}: {', '.join(missing)}"
    if rule == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = ", ".join(repr(name) for name in error.instance if name not in known)
        return f"unknown {_inside(where)}: {unknown}; known are {', '.join(known) or 'none'}"
    if rule == "anyOf" and (closest := _closest(error)):
        return _describe(closest)
    if rule in {"type", "enum", "format", "anyOf"} or limit == DECIMAL_PATTERN:
        must = f"be {' or '.join(_kinds(error.schema))}"
    else:
        must = _RULES.get(rule, f"obey {rule} {{}}").format(limit)
    return f"{where}: must {must}, got {_shown(error.instance)}"


def _closest(error: Any) -> Any:
    """What is wrong within the alternative that was meant: the first of the right type, if any."""
    of_wrong_type = {
        each.schema_path[0] for each in error.context if each.validator == "type" and not each.path
    }
    return next((e for e in error.context if e.schema_path[0] not in of_wrong_type), None)


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be: `an array`, `null`, `"yes"`."""
    if "anyOf" in schema:
        for alternative in schema["anyOf"]:
            yield from _kinds(alternative)
    elif "enum" in schema:
        yield from (json.dumps(value) for value in schema["enum"])
    elif schema.get("pattern") == DECIMAL_PATTERN:
        yield 'a decimal number in quotes, like "0.53"'
    elif schema.get("format") == "date-time":
        yield 'a date and time with its offset, like "2026-10-04T12:00:00Z"'
    else:
        yield _ARTICLES.get(schema["type"], f"a {schema['type']}")


def _path(path: Iterable[str | int]) -> str:
    """`filters.asset_ids[3]`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _inside(where: str) -> str:
    return f"argument in {where}" if where else "argument"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"
