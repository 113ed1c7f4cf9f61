"""The fields of a condition: which kind takes which, what they may be, and what is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeGuard

__all__ = [
    "OF_ALL",
    "ConditionSide",
    "Direction",
    "Unit",
    "When",
    "accepted_by",
    "default_of",
    "is_left_out",
    "problem_of",
]


class When(StrEnum):
    """The kinds of condition."""

    PRICE_CROSSES = "price_crosses"
    """The price was on the other side of the threshold, and is now at it or beyond."""
    PRICE_MOVES = "price_moves"
    """The price differs by the threshold from its lowest or highest within the window."""
    SPREAD_ABOVE = "spread_above"
    """Best ask minus best bid is the threshold or more."""
    SPREAD_BELOW = "spread_below"
    """Best ask minus best bid is the threshold or less."""
    SIZE_AT_LEAST = "size_at_least"
    """So many shares rest at the best level, or at a price or better; or an own order has filled
    so many."""
    TRADE_AT_LEAST = "trade_at_least"
    """A trade is of so many shares or dollars. Each such trade meets it."""
    STALE_FOR = "stale_for"
    """What is shown is not to be trusted, for the whole window."""
    RESOLVED = "resolved"
    """The market is settled."""


class Direction(StrEnum):
    """Which way a price crosses (above, below) or moves (up, down)."""

    ABOVE = "above"
    BELOW = "below"
    UP = "up"
    DOWN = "down"
    EITHER = "either"


class ConditionSide(StrEnum):
    """Of a book (bid, ask) or of a trade (buy, sell)."""

    BID = "bid"
    ASK = "ask"
    BUY = "buy"
    SELL = "sell"
    EITHER = "either"


class Unit(StrEnum):
    """What the size of a trade is counted in. Dollars are price times shares."""

    SHARES = "shares"
    DOLLARS = "dollars"


_NEEDED: Final = object()

_TAKES: Final[Mapping[When, Mapping[str, Any]]] = {
    When.PRICE_CROSSES: {
        "threshold": _NEEDED,
        "direction": Direction.ABOVE,
        "hysteresis": Decimal(0),
    },
    When.PRICE_MOVES: {
        "threshold": _NEEDED,
        "direction": Direction.EITHER,
        "window_seconds": 60.0,
    },
    When.SPREAD_ABOVE: {"threshold": _NEEDED, "hysteresis": Decimal(0)},
    When.SPREAD_BELOW: {"threshold": _NEEDED, "hysteresis": Decimal(0)},
    When.SIZE_AT_LEAST: {
        "threshold": _NEEDED,
        "side": ConditionSide.EITHER,
        "price": None,
        "hysteresis": Decimal(0),
    },
    When.TRADE_AT_LEAST: {
        "threshold": _NEEDED,
        "unit": Unit.SHARES,
        "side": ConditionSide.EITHER,
    },
    When.STALE_FOR: {"window_seconds": _NEEDED},
    When.RESOLVED: {},
}
"""The fields that each kind takes beside the cooldown and `once`, with what they are by default."""

_CHOICES: Final[Mapping[tuple[When, str], tuple[StrEnum, ...]]] = {
    (When.PRICE_CROSSES, "direction"): (Direction.ABOVE, Direction.BELOW, Direction.EITHER),
    (When.PRICE_MOVES, "direction"): (Direction.UP, Direction.DOWN, Direction.EITHER),
    (When.SIZE_AT_LEAST, "side"): (ConditionSide.BID, ConditionSide.ASK, ConditionSide.EITHER),
    (When.TRADE_AT_LEAST, "side"): (ConditionSide.BUY, ConditionSide.SELL, ConditionSide.EITHER),
    (When.TRADE_AT_LEAST, "unit"): tuple(Unit),
}

_LONGEST_WINDOW: Final[Mapping[When, float]] = {When.PRICE_MOVES: 3_600.0, When.STALE_FOR: 86_400.0}
"""Seconds. Of a move every price in the window matters, so it is bounded."""

_LONGEST_PAUSE: Final = 1e9
"""Seconds; a generation."""

_MOST_DIGITS: Final = 18
"""Before the point, and after it."""


OF_ALL: Final = ("cooldown_seconds", "once")
"""The fields that every kind takes."""


def accepted_by(when: When) -> tuple[str, ...]:
    """The fields that a kind takes, beside `when` itself."""
    return (*_TAKES[when], *OF_ALL)


def default_of(when: object, name: str) -> Any:
    """What a field is if it is left out; None if there is no such default."""
    value = _TAKES[when].get(name) if isinstance(when, When) else None
    return None if value is _NEEDED else value


def is_left_out(when: When, name: str, value: object) -> bool:
    """Whether this kind can do without the field, and does."""
    takes = _TAKES[when]
    if name in takes:
        return value is None and takes[name] is None
    return name not in OF_ALL and not value


def problem_of(when: When, name: str, value: object) -> str | None:
    """What would do in place of a value; None if it does."""
    if name not in accepted_by(when):
        return f"{when} does not take it, but {', '.join(accepted_by(when))}"
    wanted = _CHECKS[name](when, name, value)
    return None if wanted is None else f"{when} needs {wanted}"


def _threshold(when: When, name: str, value: object) -> str | None:
    check = _price if when in (When.SPREAD_ABOVE, When.SPREAD_BELOW) else _amount
    return check(when, name, value)


def _amount(_: When, _name: str, value: object) -> str | None:
    fits = _is_decimal(value) and value > 0
    return None if fits else "a decimal number above 0"


def _price(_: When, _name: str, value: object) -> str | None:
    fits = _is_decimal(value) and 0 < value < 1
    return None if fits else "a decimal number above 0 and below 1, such as 0.05"


def _distance(_: When, _name: str, value: object) -> str | None:
    fits = _is_decimal(value) and value >= 0
    return None if fits else "a decimal number from 0"


def _choice(when: When, name: str, value: object) -> str | None:
    choices = _CHOICES[when, name]
    fits = isinstance(value, StrEnum) and value in choices
    return None if fits else f"one of {', '.join(choices)}"


def _window(when: When, _: str, value: object) -> str | None:
    longest = _LONGEST_WINDOW[when]
    fits = _is_number(value) and 0 < value <= longest
    return None if fits else f"a number of seconds above 0 and up to {longest:,.0f}"


def _pause(_: When, _name: str, value: object) -> str | None:
    return None if _is_number(value) and value >= 0 else "a number of seconds from 0"


def _flag(_: When, _name: str, value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _is_decimal(value: object) -> TypeGuard[Decimal]:
    # One like 1E+999999 is short to write and a million digits to show.
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int) and exponent >= -_MOST_DIGITS and value.adjusted() < _MOST_DIGITS
    )


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    return abs(value) <= _LONGEST_PAUSE  # which no NaN is


_CHECKS: Final[Mapping[str, Callable[[When, str, object], str | None]]] = {
    "threshold": _threshold,
    "direction": _choice,
    "side": _choice,
    "price": _price,
    "unit": _choice,
    "window_seconds": _window,
    "hysteresis": _distance,
    "cooldown_seconds": _pause,
    "once": _flag,
}
"""By field, what is wanted in place of a value; None of one that does."""
