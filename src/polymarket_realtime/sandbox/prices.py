"""Reference prices: seeded random walks with two minutes of memory. No sockets, no waiting."""

from __future__ import annotations

import enum
import random
from collections import deque
from collections.abc import Callable
from decimal import Decimal

import attrs

__all__ = ["Kind", "Point", "PriceBoard", "Series"]

REMEMBERED = 120
"""Points of a series that latecomers are told. Source: backfills recorded on 2026-09-05."""

LONGEST_WINDOW = 60

STEP = 3e-5
"""Standard deviation of a change, as a share of the price."""


class Kind(enum.Enum):
    """Where a price comes from, with the decimal places that it has there."""

    BINANCE = 2
    CRYPTO = 14
    EQUITY = 4
    AVERAGED_CRYPTO = 13
    """Told only as an average over time."""
    AVERAGED_OTHER = 5
    """Likewise; currencies."""


@attrs.frozen
class Point:
    """A price at a moment, in milliseconds since the epoch."""

    timestamp: int
    value: Decimal


START = {
    Kind.BINANCE: {
        "btcusdt": "79697.73",
        "ethusdt": "2497.38",
        "solusdt": "171.24",
        "xrpusdt": "2.41",
        "dogeusdt": "0.19",
        "bnbusdt": "711.05",
    },
    Kind.CRYPTO: {
        "btcusd": "79696.948174",
        "ethusd": "2497.385861",
        "solusd": "171.231904",
        "xrpusd": "2.410662",
        "dogeusd": "0.190331",
        "bnbusd": "711.048820",
    },
    Kind.EQUITY: {"aapl": "316.10", "nvda": "241.55", "tsla": "402.80"},
    Kind.AVERAGED_CRYPTO: {"hypeusd": "38.114", "zecusd": "402.771"},
    Kind.AVERAGED_OTHER: {"eurusd": "1.1702", "usdjpy": "151.311"},
}
"""Where the walks begin. All prices are made up."""


@attrs.define(eq=False)
class Series:
    """One price.

    Attributes:
        symbol: Lower case without separators.
        points: Oldest first; more than are told, for the averages of the oldest told.
    """

    kind: Kind
    symbol: str
    points: deque[Point] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED + LONGEST_WINDOW), repr=False
    )

    @property
    def last(self) -> Decimal:
        """The newest price."""
        return self.points[-1].value

    def add(self, timestamp: int, value: Decimal) -> None:
        """The next price, rounded; never at a moment that has one already."""
        if self.points:
            timestamp = max(timestamp, self.points[-1].timestamp + 1)
        rounded = round(value, self.kind.value)
        self.points.append(Point(timestamp, max(rounded, Decimal(1).scaleb(-self.kind.value))))

    def recent(self, count: int, window: int | None = None) -> list[Point]:
        """The newest points, oldest first; with a `window`, averages over so many seconds."""
        points = list(self.points)
        start = max(0, len(points) - count)
        if window is None:
            return points[start:]
        return [_average(points[: end + 1], window) for end in range(start, len(points))]


def _average(points: list[Point], window: int) -> Point:
    """At the last of these points."""
    end = points[-1].timestamp
    values = [
        point.value for point in points[-LONGEST_WINDOW:] if point.timestamp > end - window * 1000
    ]
    return Point(end, round(sum(values, Decimal(0)) / len(values), 18))


@attrs.define(eq=False)
class PriceBoard:
    """All prices.

    Attributes:
        clock: Seconds since the epoch.
        interval: Seconds between the points that are there from the start.
        series: By symbol.
    """

    clock: Callable[[], float]
    chance: random.Random
    interval: float
    series: dict[str, Series] = attrs.field(init=False)

    @series.default
    def _begin(self) -> dict[str, Series]:
        board = {symbol: Series(kind, symbol) for kind, start in START.items() for symbol in start}
        now = self._now()
        for back in range(REMEMBERED + LONGEST_WINDOW, 0, -1):
            for each in board.values():
                before = each.last if each.points else Decimal(START[each.kind][each.symbol])
                each.add(now - round(back * self.interval * 1000), self._walk(before))
        return board

    def tick(self) -> list[Series]:
        """Every price takes a step; all series."""
        now = self._now()
        for each in self.series.values():
            each.add(now, self._walk(each.last))
        return list(self.series.values())

    def set(self, symbol: str, value: Decimal) -> Series:
        """A price jumps, and walks on from there.

        Raises:
            ValueError: No price has this symbol, or the value is not above 0.
        """
        plain = symbol.lower().replace("/", "")
        if plain not in self.series:
            raise ValueError(
                f"no price has the symbol {symbol!r}; there are {', '.join(self.series)}"
            )
        if not (value.is_finite() and value > 0):
            raise ValueError(f"{value} is not a price")
        self.series[plain].add(self._now(), value)
        return self.series[plain]

    def _walk(self, value: Decimal) -> Decimal:
        return value * (1 + Decimal(self.chance.gauss(0, STEP)))

    def _now(self) -> int:
        """Of the present second, as prices are stamped; or of the moment, if they come faster."""
        now = int(self.clock() * 1000)
        return now // 1000 * 1000 if self.interval >= 1 else now
