"""Every contestant, every scenario, by turns; the results go to `docs/benchmarks/`.

`python benchmarks/run.py [--quick] [--only NAME,...] [--scenario A,...] [--rounds N]
[--envs DIR] [--out DIR]`. The order of a round is reversed in the next one. Nothing waits
longer than a minute and a half for one run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import ssl
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from environments import HERE, make_environment
from play import Arena, Scenario
from report import write_report
from roster import Contestant, chosen
from startup import measure as measure_startup
from stream import make_stream

RESULTS: Final = HERE.parent / "docs" / "benchmarks"

SCENARIOS: Final = (
    Scenario("saturation_tls", "A", "saturation, TLS", 40_000, pause=1.0),
    Scenario("saturation_plain", "A", "saturation, plain", 40_000, pause=1.0, tls=False),
    Scenario(
        "saturation_tls_packed",
        "A",
        "saturation, TLS, 16 frames a record",
        40_000,
        pause=1.0,
        frames_per_record=16,
    ),
    Scenario("even", "B", "2,000 a second, evenly", 20_000, rate=2000.0),
    Scenario("bursts", "C", "bursts of 50 every 25 ms", 20_000, rate=2000.0, burst=50),
)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare with every peer.")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of one round, which proves nothing"
    )
    parser.add_argument("--only", default="", help="contestants, separated by commas")
    parser.add_argument("--scenario", default="", help="A to E or names, separated by commas")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--envs", type=Path, default=None, help="where environments are made")
    parser.add_argument("--out", type=Path, default=None, help="where results.json goes")
    return parser.parse_args()


def plan_scenarios(wanted: str, *, quick: bool) -> list[Scenario]:
    """Those that were asked for. D, the memory, is looked at after the runs of B."""
    letters = {each.replace("D", "B") if len(each) == 1 else each for each in _split(wanted)}
    if not quick:
        return [s for s in SCENARIOS if not letters or {s.letter, s.name} & letters]
    letters = letters or {"saturation_tls", "B", "C"}
    some = [s for s in SCENARIOS if {s.letter, s.name} & letters]
    return [attrs.evolve(each, messages=4000) for each in some]


def plan_startup(wanted: str, *, quick: bool) -> bool:
    """Whether E, the start of processes, was asked for; a smoke run leaves it out."""
    return "E" in _split(wanted) if wanted or quick else True


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def describe_command(arguments: argparse.Namespace) -> str:
    """The command again, without folders that mean nothing elsewhere."""
    words = ["python", "benchmarks/run.py", *(["--quick"] if arguments.quick else [])]
    options = {name: getattr(arguments, name) for name in ("only", "scenario", "rounds")}
    return " ".join([*words, *(f"--{name} {value}" for name, value in options.items() if value)])


def describe_machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "load": list(os.getloadavg()),
    }


def measure(
    arena: Arena,
    contestants: list[Contestant],
    scenarios: list[Scenario],
    rounds: int,
    folder: Path,
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """All runs, by scenario and contestant."""
    environments = {}
    for name in dict.fromkeys(each.environment for each in contestants):
        print(f"environment {name}", file=sys.stderr, flush=True)
        environments[name] = make_environment(name, folder)
        if problem := environments[name].problem:
            print(f"    {problem}", file=sys.stderr, flush=True)
    results: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for scenario in scenarios:
        runs = results[scenario.name] = {each.name: [] for each in contestants}
        for number in range(rounds):
            for contestant in contestants if number % 2 == 0 else reversed(contestants):
                run = arena.play(contestant, scenario, environments[contestant.environment])
                runs[contestant.name].append(run)
                print(_line(scenario, number, contestant, run), file=sys.stderr, flush=True)
    return results


def _line(scenario: Scenario, number: int, contestant: Contestant, run: dict[str, Any]) -> str:
    head = f"{scenario.name} {number + 1} {contestant.name:<22}"
    if "problem" in run:
        return f"{head} {run['problem']}"
    each = run["cpu"] / run["sent"] * 1e6
    cells = [f"{each:7.1f} µs", f"{run['sent'] / run['wall']:9,.0f} /s"]
    if late := run.get("without_opening"):
        cells.append(" ".join(f"{name} {value:,.0f}" for name, value in late.items()))
    return f"{head} {' '.join(cells)}"


def main() -> None:
    """Measure, and write the results and the report."""
    arguments = parse_arguments()
    contestants = chosen(_split(arguments.only))
    scenarios = plan_scenarios(arguments.scenario, quick=arguments.quick)
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    out = arguments.out or (Path(tempfile.mkdtemp()) / "benchmarks" if arguments.quick else RESULTS)
    stream = make_stream(max((each.messages for each in scenarios), default=1000))
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.envs or Path(name) / "environments"
        arena = Arena(Path(name), stream)
        runs = measure(arena, contestants, scenarios, rounds, folder)
        cores = arena.cores
    startup = None
    if plan_startup(arguments.scenario, quick=arguments.quick):
        print("start-up", file=sys.stderr, flush=True)
        startup = measure_startup(rounds)
    results = {
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": describe_command(arguments),
        "rounds": rounds,
        "machine": describe_machine() | {"pinned": cores is not None},
        "stream": stream.facts,
        "contestants": [attrs.asdict(each) for each in contestants],
        "scenarios": [attrs.asdict(each) for each in scenarios],
        "runs": runs,
        "startup": startup,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    write_report(out)


if __name__ == "__main__":
    main()
