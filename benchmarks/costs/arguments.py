"""What the command line of the cost curves means."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from costs.points import plan_points

__all__ = ["describe_command", "parse_arguments"]

_MINUTES: Final = 10.0
_QUICK_MINUTES: Final = 0.05


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options, with `points` for what they mean.

    Args:
        words: Of the command line; those of the process if None.
    """
    parser = argparse.ArgumentParser(description="Measure the cost curves.")
    parser.add_argument("--quick", action="store_true", help="a smoke run, which proves nothing")
    parser.add_argument("--only", default="", help="parts, separated by commas")
    parser.add_argument("--minutes", type=_positive, default=None, help="of the steady run; 10")
    parser.add_argument("--rounds", type=int, default=0, help="of everything else; 3")
    parser.add_argument("--out", type=Path, default=None, help="where curves.json goes")
    parser.add_argument("--rewrite", action="store_true", help="measure nothing")
    arguments = parser.parse_args(words)
    only = tuple(part.strip() for part in arguments.only.split(",") if part.strip())
    arguments.only = ",".join(only)
    minutes = arguments.minutes or (_QUICK_MINUTES if arguments.quick else _MINUTES)
    try:
        arguments.points = plan_points(only, quick=arguments.quick, minutes=minutes)
    except ValueError as problem:
        parser.error(str(problem))
    return arguments


def describe_command(arguments: argparse.Namespace) -> str:
    """The command again, without folders that mean nothing elsewhere."""
    words = ["python", "benchmarks/curves.py", *(["--quick"] if arguments.quick else [])]
    minutes = f"{arguments.minutes:g}" if arguments.minutes else ""
    options = {"only": arguments.only, "minutes": minutes, "rounds": arguments.rounds}
    return " ".join([*words, *(f"--{name} {value}" for name, value in options.items() if value)])
