"""Events and results as plain data: what goes into JSON for people, models and files."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from polymarket_realtime._model.events import Event

if TYPE_CHECKING:
    import cattrs

__all__ = ["encode_json", "event_to_dict", "unstructure"]


def _time(value: datetime) -> str:
    """ISO 8601 with milliseconds, which is what the venue counts in."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(value: Decimal) -> str:
    """Exact, and never in scientific notation."""
    return format(value, "f")


@cache
def _converter() -> cattrs.Converter:
    # Here, because many a program that reads events never writes one down.
    import cattrs  # noqa: PLC0415

    converter = cattrs.Converter(unstruct_collection_overrides={tuple: list})
    converter.register_unstructure_hook(datetime, _time)
    converter.register_unstructure_hook(Decimal, _number)
    return converter


def event_to_dict(event: Event) -> dict[str, Any]:
    """An event's public attributes, in order, as JSON's own types.

    Prices and sizes are decimal strings, times ISO 8601 in UTC, levels `[price, size]`.
    """
    return {name: unstructure(getattr(event, name)) for name in event.shown}


def unstructure(value: Any) -> Any:
    """Any of the package's values as JSON's own types."""
    if isinstance(value, Event):
        return event_to_dict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [unstructure(item) for item in value]
    return _converter().unstructure(value)


def encode_json(value: Any) -> str:
    """Compact JSON of anything that `unstructure` can take."""
    return msgspec.json.encode(unstructure(value)).decode()
