"""Prices, sizes, sides and times.

Inside the package prices and sizes stay the venue's own strings, because the book hash is made
of them; they become `Decimal` when a reader asks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "Level",
    "LevelChange",
    "Side",
    "WireChange",
    "WireLevel",
    "decimal",
    "optional_decimal",
    "utc_from_ms",
    "utc_from_seconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

decimal = lru_cache(maxsize=1 << 16)(Decimal)
"""`Decimal(text)` through a bounded table: a venue of 1,001 prices repeats itself."""


class Side(StrEnum):
    """The side of an order: BUY rests in the bids, SELL in the asks."""

    BUY = "BUY"
    SELL = "SELL"


class Level(NamedTuple):
    """One price level: a price between 0 and 1, and all shares resting there."""

    price: Decimal
    size: Decimal


class LevelChange(NamedTuple):
    """The new total size of one level; 0 means that the level is gone."""

    side: Side
    price: Decimal
    size: Decimal


WireLevel = tuple[str, str]
"""Price and size, as the venue wrote them."""

WireChange = tuple[str, str, str]
"""Side, price and new total size, as the venue wrote them."""


def optional_decimal(text: str | None) -> Decimal | None:
    """A number that the venue leaves out or writes as `""` when there is none."""
    return decimal(text) if text else None


def utc_from_ms(milliseconds: int) -> datetime:
    """An aware UTC time from milliseconds since the epoch, exact."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def utc_from_seconds(seconds: float) -> datetime:
    """An aware UTC time from seconds since the epoch."""
    return _EPOCH + timedelta(seconds=seconds)
