"""What each part may cost, and whether it does."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from enum import Enum
from importlib.metadata import version
from typing import Final

import attrs

__all__ = ["REFERENCE", "Budgets", "Row", "Verdict", "judge", "ratios_of", "this_build"]

REFERENCE: Final = "reference"
"""The part that the others are divided by."""


class Verdict(Enum):
    """What came of a comparison."""

    HELD = "held"
    SLOWER = "SLOWER"
    FASTER = "faster: tighten it with --update"
    NEW = "NO BUDGET: set one with --update"
    GONE = "NOT COUNTED: take it out with --update"

    @property
    def fails(self) -> bool:
        """Whether the guard has to say no."""
        return self not in (Verdict.HELD, Verdict.FASTER)


@attrs.frozen
class Budgets:
    """Instructions a message, over those of the reference.

    Attributes:
        ratios: By part.
        build: What they were counted with.
        tolerance_same: By how much of it a ratio may differ with the same build.
        tolerance_other: The same with any other, which weighs the parts differently.
    """

    ratios: Mapping[str, float]
    build: str
    tolerance_same: float
    tolerance_other: float

    @classmethod
    def parse(cls, text: str) -> Budgets:
        """Read what `dump` has written."""
        table = tomllib.loads(text)
        tolerance = table["tolerance"]
        return cls(table["ratios"], table["build"], tolerance["same"], tolerance["other"])

    def dump(self) -> str:
        """As TOML, to be kept."""
        ratios = "".join(f'"{part}" = {ratio:.4f}\n' for part, ratio in self.ratios.items())
        return (
            "# Instructions a message over those of counts/client.py; see README.md.\n"
            "# `nox -s guard -- --update` writes ratios and build; tolerances are yours to set.\n"
            f'build = "{self.build}"\n\n'
            "[tolerance]\n"
            f"same = {self.tolerance_same}  # with that very build\n"
            f"other = {self.tolerance_other}  # with any other\n\n"
            f"[ratios]\n{ratios}"
        )

    def tolerance(self, build: str) -> float:
        """By how much of it a ratio may differ with a build."""
        return self.tolerance_same if build == self.build else self.tolerance_other


@attrs.frozen
class Row:
    """One part: instructions a message, their ratio and its budget; None where there is none."""

    part: str
    instructions: float | None
    ratio: float | None
    budget: float | None
    verdict: Verdict

    @property
    def change(self) -> float | None:
        """By how much of the budget the ratio is above it."""
        if self.ratio is None or self.budget is None:
            return None
        return self.ratio / self.budget - 1


def this_build() -> str:
    """What moves a ratio by itself: the build of Python, and versions of what is called most."""
    versions = (f"{name} {version(name)}" for name in ("msgspec", "trio"))
    return ", ".join((" ".join(sys.version.split()), *versions))


def ratios_of(counts: Mapping[str, float]) -> dict[str, float]:
    """Each part over the reference."""
    return {part: n / counts[REFERENCE] for part, n in counts.items() if part != REFERENCE}


def judge(counts: Mapping[str, float], budgets: Budgets, build: str) -> list[Row]:
    """Compare what was counted with what may be, part by part."""
    tolerance = budgets.tolerance(build)
    ratios = ratios_of(counts)
    rows = [
        Row(part, counts[part], ratio, budget, _verdict(ratio, budget, tolerance))
        for part, ratio in ratios.items()
        for budget in (budgets.ratios.get(part),)
    ]
    gone = [part for part in budgets.ratios if part not in ratios]
    return rows + [Row(part, None, None, budgets.ratios[part], Verdict.GONE) for part in gone]


def _verdict(ratio: float, budget: float | None, tolerance: float) -> Verdict:
    if budget is None:
        return Verdict.NEW
    if ratio > budget * (1 + tolerance):
        return Verdict.SLOWER
    return Verdict.FASTER if ratio < budget * (1 - tolerance) else Verdict.HELD
