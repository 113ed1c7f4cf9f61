"""Prices, sizes, sides and times.

Inside the package prices and sizes stay the venue's own strings, because the book hash is made
of them; they become `Decimal` when a reader asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

import msgspec

__all__ = [
    "Level",
    "LevelChange",
    "Number",
    "PriceSource",
    "Side",
    "WireChange",
    "WireLevel",
    "best_first",
    "claimed_decimal",
    "decimal",
    "optional_decimal",
    "utc_from_ms",
    "utc_from_seconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LONGEST_NUMBER: Final = 64
_LARGEST_EXPONENT: Final = 40
"""Written out, `1e999999999` would fill the memory; nothing here is counted in such numbers."""


_REMEMBERED: Final = 1 << 12
"""Numbers: all prices of a usual tick, and the latest sizes, which hardly ever come again."""


@lru_cache(maxsize=_REMEMBERED)
def decimal(text: str) -> Decimal:
    """`Decimal(text)` through a bounded table: a venue of 1,001 prices repeats itself.

    Raises:
        InvalidOperation: It is no number, or one beyond all measure.
    """
    if len(text) > _LONGEST_NUMBER:
        raise InvalidOperation(f"a number of {len(text)} digits")
    number = Decimal(text)
    if number.is_finite() and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise InvalidOperation(f"{text!r} is beyond all measure")
    return number


class Side(StrEnum):
    """The side of an order: BUY rests in the bids, SELL in the asks."""

    BUY = "BUY"
    SELL = "SELL"


class PriceSource(StrEnum):
    """Where a displayed price comes from."""

    MIDPOINT = "midpoint"
    """Half way between best bid and best ask."""
    LAST_TRADE = "last_trade"
    """The last trade, because the spread is above 0.10 or a side is empty."""
    ONE_SIDE = "one_side"
    """The best price of the only side there is; this token has not traded since we listen."""


class Level(NamedTuple):
    """One price level: a price between 0 and 1, and all shares resting there."""

    price: Decimal
    size: Decimal


class LevelChange(NamedTuple):
    """The new total size of one level; 0 means that the level is gone."""

    side: Side
    price: Decimal
    size: Decimal


Number = Annotated[str, msgspec.Meta(max_length=64)]
"""A number as the venue writes it; whether it is one is for those to say who read it."""


class WireLevel(msgspec.Struct, frozen=True, gc=False):
    """Price and size, as the venue wrote them.

    Not of attrs, because a book has about a hundred of them and there are hundreds of books:
    without a header for the garbage collector a frame is decoded in half the time (13 instead of
    25 µs), and what was decoded is what the book keeps.
    """

    price: Number
    size: Number

    def __iter__(self) -> Iterator[str]:
        """So that it can be unpacked."""
        return iter((self.price, self.size))


def best_first(levels: tuple[WireLevel, ...]) -> tuple[Level, ...]:
    """The levels of one side, which the wire tells best last, in numbers."""
    return tuple(Level(decimal(each.price), decimal(each.size)) for each in reversed(levels))


WireChange = tuple[str, str, str]
"""Side, price and new total size, as the venue wrote them."""


def optional_decimal(text: str | None) -> Decimal | None:
    """A number that the venue leaves out or writes as `""` when there is none."""
    return decimal(text) if text else None


def claimed_decimal(text: str | None) -> Decimal | None:
    """The same of a number that nobody has looked at yet; None if it is no number either."""
    try:
        number = optional_decimal(text)
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def utc_from_ms(milliseconds: int) -> datetime:
    """An aware UTC time from milliseconds since the epoch, exact."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def utc_from_seconds(seconds: float) -> datetime:
    """An aware UTC time from seconds since the epoch."""
    return _EPOCH + timedelta(seconds=seconds)
