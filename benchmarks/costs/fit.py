"""What is computed from the runs of the cost curves: medians, ratios, slopes, a steady half."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import attrs

__all__ = [
    "Curves",
    "Line",
    "Spot",
    "Steady",
    "cpu_of_change",
    "cpu_of_message",
    "fit_line",
    "late",
    "resident",
    "steady_of",
]

Run = dict[str, Any]
Figure = Callable[[Run], float]


@attrs.frozen
class Line:
    """A straight line by least squares.

    Attributes:
        slope: What one more costs.
        intercept: What none would cost.
        fit: Part of the variance that it explains, 1 for all; 1 too if there is none.
    """

    slope: float
    intercept: float
    fit: float


def fit_line(points: Sequence[tuple[float, float]]) -> Line | None:
    """The line through points of at least two places; None through fewer."""
    places, values = [x for x, _ in points], [y for _, y in points]
    if len(set(places)) < 2:
        return None
    slope, intercept = statistics.linear_regression(places, values)
    mean = statistics.mean(values)
    total = sum((y - mean) ** 2 for y in values)
    rest = sum((y - slope * x - intercept) ** 2 for x, y in points)
    return Line(slope, intercept, 1 - rest / total if total else 1.0)


@attrs.frozen
class Spot:
    """One figure at one size, over the rounds."""

    size: int
    median: float
    low: float
    high: float


@attrs.frozen
class Steady:
    """Memory in a long run.

    Attributes:
        minutes: How long it was.
        slope: Bytes a minute over its second half.
        swing: The largest reading minus the smallest in that half, in bytes.
        final: The last reading, in bytes.
    """

    minutes: float
    slope: float
    swing: float
    final: float


def steady_of(samples: Sequence[Sequence[float]]) -> Steady | None:
    """What readings, pairs of seconds and bytes, say; None if there are too few of them."""
    if not samples:
        return None
    end = samples[-1][0]
    half = [(seconds, size) for seconds, size in samples if seconds >= end / 2]
    line = fit_line([(seconds / 60, size) for seconds, size in half])
    if line is None:
        return None
    sizes = [size for _, size in half]
    return Steady(end / 60, line.slope, max(sizes) - min(sizes), sizes[-1])


@attrs.frozen
class Curves:
    """Everything that was measured, as `curves.py` writes it."""

    raw: dict[str, Any]

    def _measured(self, part: str) -> list[dict[str, Any]]:
        return [each for each in self.raw["points"] if each["point"]["part"] == part]

    def runs(self, part: str) -> list[tuple[int, list[Run]]]:
        """The runs that have a result, by size; without sizes where none has."""
        sizes = [
            (each["point"]["size"], [run for run in each["runs"] if "problem" not in run])
            for each in self._measured(part)
        ]
        return [(size, runs) for size, runs in sizes if runs]

    def point(self, part: str) -> dict[str, Any] | None:
        """What the first point of a part was measured with."""
        return next((each["point"] for each in self._measured(part)), None)

    def problems(self) -> list[tuple[str, str]]:
        """Where runs failed, and how."""
        return [
            (f"{each['point']['part']} {each['point']['size']:,}", run["problem"])
            for each in self.raw["points"]
            for run in each["runs"]
            if "problem" in run
        ]

    def spots(self, part: str, figure: Figure) -> list[Spot]:
        """The medians of a figure, by size."""
        found = []
        for size, runs in self.runs(part):
            values = list(map(figure, runs))
            found.append(Spot(size, statistics.median(values), min(values), max(values)))
        return found

    def line(self, part: str, figure: Figure) -> Line | None:
        """The line through the medians of a figure."""
        return fit_line([(spot.size, spot.median) for spot in self.spots(part, figure)])

    def samples(self) -> list[list[float]]:
        """The readings of the longest steady run; none if there was no such run."""
        series = [run["samples"] for _, runs in self.runs("steady") for run in runs]
        return max(series, key=len, default=[])


def cpu_of_message(run: Run) -> float:
    """CPU microseconds for each message that the venue sent."""
    return float(run["cpu"] / run["frames"] * 1e6)


def cpu_of_change(run: Run) -> float:
    """The same for each message of the stream, however often it was sent."""
    return float(run["cpu"] / run["sent"] * 1e6)


def resident(run: Run) -> float:
    """Bytes of the process at the end."""
    return float(run["resident"])


def late(name: str) -> Figure:
    """A percentile of the latency in microseconds; -1 where it was not measured."""
    return lambda run: float((run.get("without_opening") or {}).get(name, -1.0))
