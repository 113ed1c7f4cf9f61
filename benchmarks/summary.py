"""Medians of `results.json`, and the claims that are made of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

__all__ = ["CLAIMS", "Claim", "Results", "Verdict"]

Run = dict[str, Any]
Figure = Callable[[Run], float | None]

OURS: Final = "service"
LIMITS: Final = ("picows_uvloop", "picows")


def cpu(run: Run) -> float | None:
    """CPU microseconds for each message of the stream."""
    return run["cpu"] / run["sent"] * 1e6


def speed(run: Run) -> float | None:
    """Messages a second."""
    return run["sent"] / run["wall"]


def opening(run: Run) -> float | None:
    """Milliseconds from the first byte of the opening to the delivery of its last book."""
    seconds = run.get("opening_seconds")
    return None if seconds is None else seconds * 1e3


def late(name: str, *, with_opening: bool = False) -> Figure:
    """A percentile of the latency, in microseconds."""
    table = "with_opening" if with_opening else "without_opening"
    return lambda run: (run.get(table) or {}).get(name)


def resident(run: Run) -> float | None:
    """Megabytes of the process at the end."""
    return run["resident"] / 1e6


@attrs.frozen
class Results:
    """Everything that was measured, as `run.py` writes it."""

    raw: dict[str, Any]

    def runs(self, scenario: str, contestant: str) -> list[Run]:
        """Runs that have a result."""
        runs = self.raw["runs"].get(scenario, {}).get(contestant, [])
        return [run for run in runs if "problem" not in run]

    def problem(self, scenario: str, contestant: str) -> str:
        """What went wrong in the last run that has no result; empty if all have one."""
        runs = self.raw["runs"].get(scenario, {}).get(contestant, [])
        return next((run["problem"] for run in reversed(runs) if "problem" in run), "")

    def values(self, scenario: str, contestant: str, figure: Figure) -> list[float]:
        """A figure of each run."""
        found = [figure(run) for run in self.runs(scenario, contestant)]
        return [value for value in found if value is not None]

    def median(self, scenario: str, contestant: str, figure: Figure) -> float | None:
        """Of all runs; None if there is none."""
        values = self.values(scenario, contestant, figure)
        return statistics.median(values) if values else None

    def ratio(self, scenario: str, above: str, below: str, figure: Figure) -> float | None:
        """The median of the ratios within each round, which happened at about the same time."""
        runs = self.raw["runs"].get(scenario, {})
        ratios = []
        for one, other in zip(runs.get(above, []), runs.get(below, []), strict=False):
            if "problem" in one or "problem" in other:
                continue
            top, bottom = figure(one), figure(other)
            if top is not None and bottom:
                ratios.append(top / bottom)
        return statistics.median(ratios) if ratios else None

    def names(self, scenario: str) -> list[str]:
        """Contestants of a scenario, in order."""
        return list(self.raw["runs"].get(scenario, {}))

    def contestant(self, name: str) -> dict[str, Any]:
        """Its row of the roster."""
        found: dict[str, Any] = next(c for c in self.raw["contestants"] if c["name"] == name)
        return found


@attrs.frozen
class Verdict:
    """A claim beside what was measured."""

    claim: Claim
    measured: float | None
    against: str

    @property
    def met(self) -> bool | None:
        """None if it was not measured."""
        if self.measured is None:
            return None
        wanted = self.claim.wanted
        return self.measured >= wanted if self.claim.at_least else self.measured <= wanted


@attrs.frozen
class Claim:
    """What is wanted of a figure, as a ratio.

    Attributes:
        text: In words.
        scenario: Where it is measured.
        figure: What is compared.
        against: The peer; of several the one whose figure is lowest.
        wanted: The bound of the ratio.
        at_least: Whether it is theirs through ours and a lower bound; else ours through theirs
            and an upper one.
    """

    text: str
    scenario: str
    figure: Figure
    against: Sequence[str]
    wanted: float
    at_least: bool = False

    def judge(self, results: Results) -> Verdict:
        """Compare."""
        medians = {
            name: value
            for name in self.against
            if (value := results.median(self.scenario, name, self.figure)) is not None
        }
        against = min(medians, key=lambda name: medians[name]) if medians else self.against[0]
        pair = (against, OURS) if self.at_least else (OURS, against)
        return Verdict(self, results.ratio(self.scenario, *pair, self.figure), against)


SDK: Final = ("official_sdk",)

CLAIMS: Final = (
    Claim("saturation over TLS: CPU a message", "saturation_tls", cpu, SDK, 5.0, at_least=True),
    Claim(
        "saturation over TLS: CPU a message",
        "saturation_tls",
        cpu,
        ("poly_websockets",),
        2.0,
        at_least=True,
    ),
    Claim("saturation over TLS: CPU a message", "saturation_tls", cpu, LIMITS, 1.3),
    Claim("2,000 a second: latency, p50", "even", late("p50"), SDK, 1.0),
    Claim("2,000 a second: latency, p99", "even", late("p99"), SDK, 0.5),
    Claim(
        "2,000 a second: latency, p99, the opening included",
        "even",
        late("p99", with_opening=True),
        SDK,
        0.2,
    ),
    Claim("bursts of 50: CPU a message", "bursts", cpu, SDK, 1 / 3),
    Claim("bursts of 50: latency, p50", "bursts", late("p50"), SDK, 0.55),
    Claim("500 books: resident memory", "even", resident, SDK, 0.5),
)
