"""Counts instructions with valgrind: the same number however busy the machine is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

__all__ = ["ValgrindFailed", "ValgrindMissing", "count_parts", "find_valgrind", "per_message"]

_LONGEST: Final = 900.0
"""Seconds; it takes about a minute."""


class ValgrindMissing(Exception):
    """There is no valgrind."""

    def __init__(self) -> None:
        super().__init__("valgrind is not installed: apt install valgrind (or dnf, pacman, apk)")


class ValgrindFailed(Exception):
    """The counted program has failed, or valgrind cannot run it."""


def find_valgrind() -> str:
    """The program.

    Raises:
        ValgrindMissing: It is not on the path.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise ValgrindMissing
    return valgrind


def count_parts(valgrind: str) -> dict[str, float]:
    """Instructions that each part takes for one message.

    Raises:
        ValgrindFailed: Something was not counted.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return per_message(_count(valgrind, folder), folder)


def _count(valgrind: str, folder: Path) -> list[str]:
    """What `parts.py` prints; the counts of its processes are in the folder then."""
    # Set and dict order must not differ, and no variable may put Python into another mode.
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    command = [
        valgrind,
        "--tool=cachegrind",
        "--cache-sim=no",  # the default since 3.21, and much faster
        f"--cachegrind-out-file={folder}/%p",
        f"--log-file={folder}/log.%p",
        sys.executable,
        "-m",
        "counts.parts",
    ]
    finished = subprocess.run(
        command,
        cwd=Path(__file__).parent.parent,
        env=environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if finished.returncode:
        raise ValgrindFailed(f"the counted program ended with status {finished.returncode}")
    return finished.stdout.splitlines()


def per_message(lines: Iterable[str], folder: Path) -> dict[str, float]:
    """Instructions for one message, from two runs of each part.

    Args:
        lines: Process, messages and part of each run, separated by tabs.
        folder: Where the output of cachegrind is, by process.

    Raises:
        ValgrindFailed: The output of a process is not there, or not whole.
    """
    runs: dict[str, dict[int, int]] = {}
    for line in lines:
        process, messages, part = line.split("\t")
        runs.setdefault(part, {})[int(messages)] = _total(folder / process)
    return {part: _slope(totals) for part, totals in runs.items()}


def _total(path: Path) -> int:
    """The instructions of a whole process."""
    if path.exists():
        for line in reversed(path.read_text(errors="replace").splitlines()):
            if line.startswith("summary:"):
                return int(line.split()[1])
    raise ValgrindFailed(f"cachegrind has not counted process {path.name}")


def _slope(totals: Mapping[int, int]) -> float:
    """What each further message costs: start, opening and end are the same in both runs."""
    few, many = sorted(totals)
    return (totals[many] - totals[few]) / (many - few)
