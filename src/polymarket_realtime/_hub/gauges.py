"""What stands of one subject at a moment: a level, a crossing, a move, or something stale.

A gauge is told values and asked what stands; when what stands was told to somebody, it waits
for the next. It knows nothing of cooldowns, trust or events. `now` is any clock's, in seconds.
"""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from typing import Protocol

import attrs

from polymarket_realtime._model.condition import Condition, Direction, When

__all__ = ["Gauge", "Hit", "Latch", "Movement", "Staleness", "TwoSided", "gauge_for"]


@attrs.frozen(kw_only=True)
class Hit:
    """What stands.

    Attributes:
        value: Now; None if it is not a matter of a value.
        before: The latest value that did not stand; of a move where it began.
        direction: Of a crossing or a move.
        already: Whether it never was otherwise.
    """

    value: Decimal | None = None
    before: Decimal | None = None
    direction: Direction | None = None
    already: bool = False


class Gauge(Protocol):
    """One of the gauges."""

    @property
    def due(self) -> float:
        """When `check` may give something new without a new value; `-inf` if at once."""

    def take(self, value: Decimal | None, now: float) -> None:
        """The value from now on; None if there is none."""

    def check(self, now: float) -> Hit | None:
        """What stands and was not told yet."""

    def told(self, now: float) -> None:
        """What stands was told."""


@attrs.define
class Latch:
    """At a threshold or beyond: upwards if `rises`, downwards otherwise.

    Told once; then again only after the value was further back than the hysteresis.
    """

    threshold: Decimal
    hysteresis: Decimal
    rises: bool
    direction: Direction | None = None
    armed: bool = True
    value: Decimal | None = attrs.field(default=None, init=False)
    before: Decimal | None = attrs.field(default=None, init=False)
    _slack: Decimal = attrs.field(default=Decimal(0), init=False)

    @property
    def due(self) -> float:
        return -math.inf

    def take(self, value: Decimal | None, _: float) -> None:
        self.value = value
        if value is not None and not self._stands(value):
            self.before = value
            self.armed = self.armed or self._is_back(value)

    def check(self, _: float) -> Hit | None:
        value = self.value
        if value is None or not self.armed or not self._stands(value):
            return None
        return Hit(
            value=value,
            before=self.before,
            direction=self.direction,
            already=self.before is None,
        )

    def told(self, _: float) -> None:
        self._slack = self.hysteresis
        self.armed = self.value is not None and self._is_back(self.value)

    def _stands(self, value: Decimal) -> bool:
        return value >= self.threshold if self.rises else value <= self.threshold

    def _is_back(self, value: Decimal) -> bool:
        if self.rises:
            return value < self.threshold - self._slack
        return value > self.threshold + self._slack


@attrs.define
class TwoSided:
    """A threshold crossed either way. The first value that is not equal to it sets the side."""

    up: Latch
    down: Latch

    @property
    def due(self) -> float:
        return -math.inf

    def take(self, value: Decimal | None, now: float) -> None:
        before = self.up.value
        self.up.take(value, now)
        self.down.take(value, now)
        # Just at the threshold both stand: what counts is where it has come from.
        if value == self.up.threshold and before is not None and before != value:
            (self.down if before < value else self.up).armed = False

    def check(self, now: float) -> Hit | None:
        return self.up.check(now) or self.down.check(now)

    def told(self, now: float) -> None:
        self.up.told(now)
        self.down.told(now)


@attrs.define
class _Stood:
    """A price, and until when it stood."""

    price: Decimal
    until: float = math.inf


@attrs.define
class _Extreme:
    """The highest price within a window, or the lowest if `sign` is -1.

    Only prices that no later one exceeds are kept, so there are few.
    """

    sign: int
    _kept: deque[_Stood] = attrs.field(factory=deque, init=False)

    def add(self, price: Decimal, now: float) -> None:
        if self._kept:
            self._kept[-1].until = now
        while self._kept and self._kept[-1].price * self.sign <= price * self.sign:
            self._kept.pop()
        self._kept.append(_Stood(price))

    def since(self, begin: float) -> Decimal:
        """The extreme of the prices that stood at `begin` or later."""
        while self._kept[0].until <= begin:
            self._kept.popleft()
        return self._kept[0].price


@attrs.define
class Movement:
    """A price that differs by a threshold from its extreme within the window before now."""

    threshold: Decimal
    window: float
    direction: Direction
    price: Decimal | None = attrs.field(default=None, init=False)
    _lowest: _Extreme = attrs.field(factory=lambda: _Extreme(-1), init=False)
    _highest: _Extreme = attrs.field(factory=lambda: _Extreme(1), init=False)

    @property
    def due(self) -> float:
        return -math.inf

    def take(self, value: Decimal | None, now: float) -> None:
        if value is not None:
            self.price = value
            self._lowest.add(value, now)
            self._highest.add(value, now)

    def check(self, now: float) -> Hit | None:
        if self.price is None:
            return None
        begin, price = now - self.window, self.price
        low, high = self._lowest.since(begin), self._highest.since(begin)
        rise = price - low if self.direction is not Direction.DOWN else Decimal(0)
        fall = high - price if self.direction is not Direction.UP else Decimal(0)
        if max(rise, fall) < self.threshold:
            return None
        if rise >= fall:
            return Hit(value=price, before=low, direction=Direction.UP)
        return Hit(value=price, before=high, direction=Direction.DOWN)

    def told(self, now: float) -> None:
        price = self.price
        self._lowest, self._highest = _Extreme(-1), _Extreme(1)
        self.take(price, now)


@attrs.define
class Staleness:
    """Something that is not to be trusted, for the whole window. Its value is in seconds."""

    window: float
    since: float | None = attrs.field(default=None, init=False)
    _already: bool = attrs.field(default=False, init=False)
    _told: bool = attrs.field(default=False, init=False)

    @property
    def is_stale(self) -> bool:
        """Whether it is stale now, for however long."""
        return self.since is not None

    @property
    def due(self) -> float:
        return math.inf if self.since is None or self._told else self.since + self.window

    def take(self, value: Decimal | None, now: float) -> None:
        """It has been stale for so many seconds; None if it is not."""
        self._told = False
        self.since = None if value is None else now - float(value)
        self._already = self.due <= now

    def check(self, now: float) -> Hit | None:
        if self.since is None or now < self.due:
            return None
        seconds = Decimal(str(round(now - self.since, 3)))
        return Hit(value=seconds, already=self._already)

    def told(self, _: float) -> None:
        self._told = True


def gauge_for(condition: Condition) -> Gauge:
    """What a new subject of a condition begins with."""
    window, threshold = condition.window_seconds, condition.threshold
    if condition.when is When.STALE_FOR:
        assert window is not None
        return Staleness(window)
    assert threshold is not None
    if condition.when is When.PRICE_MOVES:
        assert window is not None
        assert condition.direction is not None
        return Movement(threshold, window, condition.direction)
    slack = condition.hysteresis
    if condition.when is not When.PRICE_CROSSES:
        return Latch(threshold, slack, rises=condition.when is not When.SPREAD_BELOW)
    if condition.direction is Direction.EITHER:
        return TwoSided(
            Latch(threshold, slack, rises=True, direction=Direction.ABOVE, armed=False),
            Latch(threshold, slack, rises=False, direction=Direction.BELOW, armed=False),
        )
    rises = condition.direction is Direction.ABOVE
    return Latch(threshold, slack, rises=rises, direction=condition.direction)
