"""Fails if a part of a message's way takes more instructions than `guard.toml` allows.

`python benchmarks/guard.py [--update]`. Needs valgrind, and takes about a minute.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import attrs

from counts.budgets import REFERENCE, Budgets, Row, judge, ratios_of, this_build
from counts.counting import ValgrindFailed, ValgrindMissing, count_parts, find_valgrind
from counts.feed import make_guard_stream

BUDGETS: Final = Path(__file__).with_name("guard.toml")


def table_of(rows: list[Row]) -> str:
    """What was compared, for people."""
    lines = [f"{'part':<22}{'instructions':>14}{'ratio':>9}{'budget':>9}{'change':>9}  verdict"]
    for row in rows:
        cells = f"{_text(row.instructions, 14, ',.0f')}{_text(row.ratio, 9, '.4f')}"
        cells += f"{_text(row.budget, 9, '.4f')}{_text(row.change, 9, '+.1%')}"
        lines.append(f"{row.part:<22}{cells}  {row.verdict.value}")
    return "\n".join(lines)


def _text(number: float | None, width: int, form: str) -> str:
    return ("" if number is None else f"{number:{form}}").rjust(width)


def main() -> None:
    """Count, and compare or update."""
    parser = argparse.ArgumentParser(description="Guard the speed of a message's way.")
    parser.add_argument("--update", action="store_true", help="make what is counted the budget")
    update, build = parser.parse_args().update, this_build()
    budgets = Budgets.parse(BUDGETS.read_text())
    try:
        valgrind = find_valgrind()
        make_guard_stream()  # from now on it is in the cache
        counts = count_parts(valgrind)
    except (ValgrindMissing, ValgrindFailed) as problem:
        sys.exit(f"guard: {problem}")
    rows = judge(counts, budgets, build)
    print(f"instructions a message; {REFERENCE}: {counts[REFERENCE]:,.0f}")
    print(table_of(rows))
    print(f"tolerance {budgets.tolerance(build):.1%}; counted with {build}")
    if build != budgets.build:
        print(f"              the budgets with {budgets.build}")
    if update:
        BUDGETS.write_text(attrs.evolve(budgets, ratios=ratios_of(counts), build=build).dump())
        print(f"{BUDGETS.name} is written")
    elif any(row.verdict.fails for row in rows):
        sys.exit("guard: not within the budgets; if that is meant, say why and use --update")


if __name__ == "__main__":
    main()
