"""What somebody waits for: a condition, and the event that says that it is met.

Every field of a `Condition` is flat, so its JSON is one object of words and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from polymarket_realtime._model.condition_fields import (
    ConditionSide,
    Direction,
    Unit,
    When,
    default_of,
    is_left_out,
    problem_of,
)
from polymarket_realtime._model.events import EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._model.values import utc_from_ms
from polymarket_realtime.errors import InvalidCondition

__all__ = [
    "Condition",
    "ConditionMet",
    "ConditionSide",
    "Direction",
    "Unit",
    "When",
    "parse_condition",
]


def _default(name: str) -> Any:
    return attrs.Factory(lambda condition: default_of(condition.when, name), takes_self=True)


@attrs.frozen(kw_only=True)
class Condition:
    """What a subscription waits for.

    Attributes:
        when: The kind. A field that it does not take is None.
        threshold: A price or a difference of prices, between 0 and 1 for a token; shares; or
            dollars. Exact, and met by being equal to it.
        direction: Which way the price goes: above by default, either for a move.
        side: Either by default. An order of one's own has none.
        price: With `size_at_least`: counts the shown levels at this price or better.
        unit: Of a trade; shares by default.
        window_seconds: How far back a move is looked for (60 by default, at most 3,600), or for
            how long something has to be stale (at most 86,400).
        hysteresis: How far beyond the threshold the value must go back before it can meet the
            condition again, in the threshold's units.
        cooldown_seconds: Nothing meets it twice within this time. What has become true meanwhile
            and is still true at its end is told then.
        once: Whether each token, stream or order meets it once only; a subscription whose tokens
            all did ends. A trade is one of its own.

    Raises:
        InvalidCondition: A field is missing, cannot be used with this kind, or is out of range.
    """

    when: When
    threshold: Decimal | None = None
    direction: Direction | None = attrs.field(default=_default("direction"))
    side: ConditionSide | None = attrs.field(default=_default("side"))
    price: Decimal | None = None
    unit: Unit | None = attrs.field(default=_default("unit"))
    window_seconds: float | None = attrs.field(default=_default("window_seconds"))
    hysteresis: Decimal = Decimal(0)
    cooldown_seconds: float = 0.0
    once: bool = True

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.when, When):
            raise InvalidCondition("when", self.when, f"pass one of {', '.join(When)}")
        for name, value in attrs.asdict(self, filter=lambda field, _: field.name != "when").items():
            if is_left_out(self.when, name, value):
                continue
            problem = problem_of(self.when, name, value)
            if problem is not None:
                raise InvalidCondition(name, value, problem)

        rises = self.direction is not Direction.BELOW and self.when is not When.SPREAD_BELOW
        if self.threshold is not None and rises and 0 < self.threshold <= self.hysteresis:
            problem = "it must be less than the threshold, or this could be met once only"
            raise InvalidCondition("hysteresis", self.hysteresis, problem)

    def describe(self) -> str:
        """The condition in a few words, for example `price crosses above 0.60`."""
        return _WORDS[self.when](self)


def _crosses(condition: Condition) -> str:
    way = "" if condition.direction is Direction.EITHER else f" {condition.direction}"
    return f"price crosses{way} {_number(condition.threshold)}"


def _moves(condition: Condition) -> str:
    way = "" if condition.direction is Direction.EITHER else f" {condition.direction}"
    within = f"within {condition.window_seconds:g} s"
    return f"price moves{way} by {_number(condition.threshold)} {within}"


def _size(condition: Condition) -> str:
    side = "" if condition.side is ConditionSide.EITHER else f"{condition.side} "
    where = "" if condition.price is None else f" at {_number(condition.price)} or better"
    return f"{side}size{where} of at least {_number(condition.threshold)}"


def _trade(condition: Condition) -> str:
    what = "trade" if condition.side is ConditionSide.EITHER else condition.side
    unit = str(condition.unit)
    if condition.threshold == 1:
        unit = unit.removesuffix("s")
    return f"{what} of at least {_number(condition.threshold)} {unit}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else format(value, "f")


_WORDS: Final[Mapping[When, Callable[[Condition], str]]] = {
    When.PRICE_CROSSES: _crosses,
    When.PRICE_MOVES: _moves,
    When.SPREAD_ABOVE: lambda c: f"spread of at least {_number(c.threshold)}",
    When.SPREAD_BELOW: lambda c: f"spread of at most {_number(c.threshold)}",
    When.SIZE_AT_LEAST: _size,
    When.TRADE_AT_LEAST: _trade,
    When.STALE_FOR: lambda c: f"stale for {c.window_seconds:g} s",
    When.RESOLVED: lambda _: "market resolved",
}


def parse_condition(data: Mapping[str, Any]) -> Condition:
    """Make a condition of plain JSON data.

    Decimals may be strings or numbers, words are strings; null counts as left out.

    Raises:
        InvalidCondition: A field is unknown, or as `Condition` says.
    """
    known = attrs.fields_dict(Condition)
    for name, value in data.items():
        if name not in known:
            raise InvalidCondition(
                name, value, f"there is no such field; known are {', '.join(known)}"
            )
    given = {name: value for name, value in data.items() if value is not None}
    if "when" not in given:
        raise InvalidCondition("when", None, f"pass one of {', '.join(When)}")
    return Condition(**{name: _PARSERS[name](value) for name, value in given.items()})


# What cannot be read is passed on as it is, for `Condition` to refuse in its own words.


def _decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return value  # `Decimal` takes `0_6` for 6, and digits of other scripts
    try:
        return Decimal(value) if isinstance(value, int) else Decimal(str(value))
    except InvalidOperation:
        return value


def _seconds(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return value
    try:
        return float(value)
    except (ValueError, OverflowError):
        return value


def _word(words: type[StrEnum], value: Any) -> Any:
    return next((word for word in words if word == value), value)


_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "when": partial(_word, When),
    "threshold": _decimal,
    "direction": partial(_word, Direction),
    "side": partial(_word, ConditionSide),
    "price": _decimal,
    "unit": partial(_word, Unit),
    "window_seconds": _seconds,
    "hysteresis": _decimal,
    "cooldown_seconds": _seconds,
    "once": lambda value: value,
}


@attrs.frozen(kw_only=True)
class ConditionMet(NamedEvent):
    """A condition is met. Made for one subscription, and told to nobody else.

    Attributes:
        when: The kind of the condition.
        condition: The condition in words.
        subject: What has met it: a token, a stream, an order, a trade or a market.
        value: What was compared; of something stale the seconds.
        before: The latest value that did not meet it; of a move the price it began at. None if
            there was none.
        direction: Of a crossing or a move, which way it went.
        best_bid: When it was met, where known, like `best_ask`.
        state: What may be believed of the token, where known.
        already: Whether it was met when watching began.
        timestamp_ms: The venue's time of what met it; None where that has none.
    """

    type: ClassVar = EventType.CONDITION_MET
    shown: ClassVar = (
        *("type", "when", "condition", "subject", "asset_id", "market", "question", "outcome"),
        *("value", "before", "threshold", "direction", "best_bid", "best_ask", "state"),
        *("already", "timestamp", "received_at"),
    )

    when: When
    condition: str
    subject: str
    asset_id: AssetId | None = None
    market: ConditionId | None = None
    value: Decimal | None = None
    before: Decimal | None = None
    threshold: Decimal | None = None
    direction: Direction | None = None
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    state: AssetState | None = None
    already: bool = False
    timestamp_ms: int | None = None

    @property
    def outcome(self) -> str | None:
        """The outcome that the token pays for."""
        return None if self.about is None else self.about.outcome

    @property
    def timestamp(self) -> datetime | None:
        """The venue's time of what met the condition, aware UTC."""
        return None if self.timestamp_ms is None else utc_from_ms(self.timestamp_ms)

    @property
    def routes(self) -> tuple[str, ...]:
        # It never goes through the hub: its subscription has made it.
        return ()
