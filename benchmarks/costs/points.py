"""What the cost curves are measured at: parts, and the points of each."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["PARTS", "SATURATION", "Part", "Point", "plan_points"]

SATURATION: Final = 0
"""As a rate: as fast as the service takes messages."""

_TOKENS: Final = 200
"""What one connection carries by default."""

_LEVELS: Final = 30
_SECONDS: Final = 6.0
_STEADY_RATE: Final = 2000
_DEFAULT_MINUTES: Final = 10.0


@attrs.frozen
class Point:
    """One measurement, which runs in a process of its own.

    Attributes:
        part: What it belongs to.
        size: Where it stands on the axis of its part.
        tokens: All that are subscribed to; the silent ones are the last.
        messages: After the opening.
        silent: Of how many tokens nothing is said after the opening.
        others: Subscriptions to silent tokens.
        levels: Of each book; 0 for as many as the venue's have.
        rate: Messages a second.
        per_connection: Most tokens on one connection.
        pause: Seconds between the opening and the rest.
        live: Whether the venue makes the messages as it goes, for runs that are long.
    """

    part: str
    size: int
    tokens: int = _TOKENS
    messages: int = 30_000
    silent: int = 0
    others: int = 0
    levels: int = 0
    rate: int = SATURATION
    per_connection: int = 200
    pause: float = 1.0
    live: bool = False

    @property
    def name(self) -> str:
        """How it is called where it is reported."""
        return f"{self.part} {self.size:,}"

    @property
    def seconds(self) -> float:
        """How long the venue sends, if at a rate."""
        return self.messages / self.rate if self.rate else 0.0


@attrs.frozen
class Part:
    """One curve, or one memory.

    Attributes:
        name: On the command line and in the results.
        option: What `--only` calls it; several may share one.
        sizes: Where it is measured.
        few: The same for a quick run.
    """

    name: str
    option: str
    sizes: tuple[int, ...]
    few: tuple[int, ...]

    def point(self, size: int, *, quick: bool, minutes: float) -> Point:
        """The measurement at one of the sizes."""
        point = _AT[self.name](Point(self.name, size, pause=0.1 if quick else 1.0))
        if point.live:
            return attrs.evolve(point, messages=round(point.rate * 60 * minutes))
        if point.rate:
            seconds = 1.5 if quick else _SECONDS
            most = 20_000 if point.rate > 3000 else 30_000
            return attrs.evolve(point, messages=min(most, round(point.rate * seconds)))
        return attrs.evolve(point, messages=min(1000, point.messages)) if quick else point


def _subscriptions(point: Point) -> Point:
    return attrs.evolve(point, tokens=2 * _TOKENS, silent=_TOKENS, others=point.size)


def _tokens(point: Point) -> Point:
    return attrs.evolve(point, tokens=point.size, levels=_LEVELS)


def _levels(point: Point) -> Point:
    return attrs.evolve(point, levels=point.size)


def _rate(point: Point) -> Point:
    return attrs.evolve(point, rate=point.size)


def _memory_of_tokens(point: Point) -> Point:
    """Always on twenty connections."""
    per_connection = point.size // 20
    return attrs.evolve(
        point, tokens=point.size, messages=2000, levels=_LEVELS, per_connection=per_connection
    )


def _memory_of_subscriptions(point: Point) -> Point:
    return attrs.evolve(_subscriptions(point), messages=2000)


def _memory_of_connections(point: Point) -> Point:
    """Always the same tokens."""
    return attrs.evolve(point, messages=2000, per_connection=_TOKENS // point.size)


def _steady(point: Point) -> Point:
    return attrs.evolve(point, tokens=500, rate=_STEADY_RATE, live=True)


_AT: Final = {
    "subscriptions": _subscriptions,
    "tokens": _tokens,
    "levels": _levels,
    "rate": _rate,
    "memory_tokens": _memory_of_tokens,
    "memory_subscriptions": _memory_of_subscriptions,
    "memory_connections": _memory_of_connections,
    "steady": _steady,
}

_MANY: Final = (1, 10, 100, 1000, 10_000)

PARTS: Final = (
    Part("subscriptions", "subscriptions", _MANY, (1, 300)),
    Part("tokens", "tokens", (1, 10, 100, 1000, 5000, 20_000), (1, 300)),
    Part("levels", "levels", (10, 30, 100, 300, 1000), (10, 100)),
    Part("rate", "rate", (100, 300, 1000, 3000, 10_000, SATURATION), (1000, SATURATION)),
    Part("memory_tokens", "memory", (1000, 2500, 5000, 10_000), (100, 500)),
    Part("memory_subscriptions", "memory", (1, 2500, 5000, 10_000), (1, 1000)),
    Part("memory_connections", "memory", (1, 20, 50, 100), (1, 10)),
    Part("steady", "steady", (_STEADY_RATE,), (_STEADY_RATE,)),
)


def plan_points(
    only: tuple[str, ...] = (), *, quick: bool = False, minutes: float = _DEFAULT_MINUTES
) -> list[Point]:
    """What is to be measured, in order.

    Args:
        only: Names of options; empty for all.
        quick: The fewest points that pass through everything.
        minutes: Of the steady run.

    Raises:
        ValueError: There is no such option.
    """
    known = dict.fromkeys(part.option for part in PARTS)
    if strange := [name for name in only if name not in known]:
        raise ValueError(f"no {', '.join(strange)}; there are {', '.join(known)}")
    return [
        part.point(size, quick=quick, minutes=minutes)
        for part in PARTS
        for size in (part.few if quick else part.sizes)
        if not only or part.option in only
    ]
