"""What the service costs, by what is asked of it; the results go to `docs/costs/`.

`python benchmarks/curves.py [--quick] [--only subscriptions,tokens,levels,rate,memory,steady]
[--minutes N] [--rounds N] [--out DIR]`, or `--rewrite` to write the document and the plots again
from the results of an earlier run. Every point runs in processes of its own, and the order of a
round is reversed in the next one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from costs.arguments import describe_command, parse_arguments
from costs.figures import draw_curves
from costs.fit import Curves, cpu_of_message
from costs.play import Stage
from costs.points import Point
from costs.report import write_costs
from environments import HERE
from run import describe_machine

RESULTS: Final = HERE.parent / "docs" / "costs"


def describe_commit() -> str:
    """The commit that was measured; empty if it is not the whole truth."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(HERE), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "../src", ".")
        return "" if changed else git("rev-parse", "--short=12", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return ""


def measure(points: list[Point], rounds: int, folder: Path) -> list[list[dict[str, Any]]]:
    """The runs of each point. The long one is run once."""
    stage = Stage(folder)
    runs: list[list[dict[str, Any]]] = [[] for _ in points]
    for number in range(rounds):
        order = list(enumerate(points))
        for place, point in order if number % 2 == 0 else reversed(order):
            if point.live and number:
                continue
            run = stage.play(point)
            runs[place].append(run)
            print(f"{number + 1} {point.name:<28} {_told(run)}", file=sys.stderr, flush=True)
    return runs


def _told(run: dict[str, Any]) -> str:
    if "problem" in run:
        return str(run["problem"])
    return f"{cpu_of_message(run):8.1f} µs {run['resident'] / 1e6:8.1f} MB"


def main() -> None:
    """Measure, and write the results, the plots and the document."""
    arguments = parse_arguments()
    out = arguments.out or (Path(tempfile.mkdtemp()) / "costs" if arguments.quick else RESULTS)
    path = out / "curves.json"
    if not arguments.rewrite:
        rounds = arguments.rounds or (1 if arguments.quick else 3)
        began, commit = datetime.now(UTC), describe_commit()
        with tempfile.TemporaryDirectory() as folder:
            runs = measure(arguments.points, rounds, Path(folder))
        results = {
            "began": began.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": describe_command(arguments),
            "commit": commit,
            "rounds": rounds,
            "machine": describe_machine(),
            "points": [
                {"point": attrs.asdict(point), "runs": each}
                for point, each in zip(arguments.points, runs, strict=True)
            ],
        }
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
    curves = Curves(json.loads(path.read_text()))
    print(write_costs(curves, out, draw_curves(curves, out)), path, sep=", ")
    if problems := curves.problems():
        sys.exit("\n".join(f"{name}: {problem}" for name, problem in problems))


if __name__ == "__main__":
    main()
