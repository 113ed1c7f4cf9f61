"""What every Python contestant shares: its job, and what is counted of itself.

A contestant is a program of its own: `python contestant.py JOB.json`. It prints one line of JSON
when it has been told the last message. Only the standard library is used here, because each
contestant runs in an environment of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Job", "Meter", "memory", "versions"]


@dataclass(frozen=True)
class Job:
    """What to do.

    Attributes:
        url: Of the market channel.
        rest: Base URL of a REST that refuses connections.
        ca: PEM file of the authority that signed the venue's certificate; empty for plain.
        tokens: All token ids.
        last: Timestamp of the last message, in milliseconds.
        receipts: File for the times of receipt; empty if they are not wanted, which costs less.
        sends: File that is there as soon as the venue has sent everything.
        options: What distinguishes two contestants that share a program.
    """

    url: str
    rest: str
    ca: str
    tokens: list[str]
    last: int
    receipts: str
    sends: str
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Job:
        """The job that the command line names."""
        return cls(**json.loads(Path(sys.argv[1]).read_text()))

    @property
    def subscription(self) -> str:
        """The venue's subscription frame for all tokens."""
        frame = {"type": "market", "assets_ids": self.tokens, "custom_feature_enabled": True}
        return json.dumps(frame)


@dataclass(frozen=True)
class _Mark:
    """Where a process is: CPU and wall nanoseconds."""

    cpu: int
    wall: int

    @classmethod
    def now(cls) -> _Mark:
        return cls(time.process_time_ns(), time.monotonic_ns())


class Meter:
    """Counts messages, and what the process has used between the first and the last.

    Attributes:
        delivered: Messages that the subscriber was handed.
    """

    def __init__(self, job: Job) -> None:
        self.delivered = 0
        self.last = job.last
        self._job = job
        self._books_missing = len(job.tokens)
        self._receipts = array("q")
        self._resident_before = 0
        self._begun = self._opened = _Mark(0, 0)
        self._ended: _Mark | None = None

    def begin(self) -> None:
        """Just before subscribing."""
        self._resident_before = memory("status", "VmRSS")
        self._begun = self._opened = _Mark.now()

    def took(self, timestamp: int) -> bool:
        """The subscriber was handed a message; whether it was the last one.

        Args:
            timestamp: Of the message, in milliseconds.
        """
        self.delivered += 1
        if self._job.receipts:
            self._receipts.extend((timestamp, time.monotonic_ns()))
        if self.delivered == self._books_missing:
            self.opened()
        return timestamp >= self.last

    def opened(self) -> None:
        """Every book of the opening was delivered."""
        self._opened = _Mark.now()

    def end(self) -> None:
        """The last message was delivered; `report` says it as well."""
        self._ended = _Mark.now()

    def receipt(self, timestamp: int, nanoseconds: int) -> None:
        """Note when a message was delivered, where `took` is not used."""
        self._receipts.extend((timestamp, nanoseconds))

    def report(self, *packages: str, **more: Any) -> None:
        """Print what was counted up to now.

        Args:
            *packages: Distributions whose versions belong to the result.
            **more: Facts that only this contestant has, or that replace the usual ones.
        """
        end = self._ended or _Mark.now()
        if self._job.receipts:
            Path(self._job.receipts).write_bytes(self._receipts.tobytes())
        result = {
            "cpu": (end.cpu - self._opened.cpu) / 1e9,
            "ended": end.wall,
            "opening_cpu": (self._opened.cpu - self._begun.cpu) / 1e9,
            "opening_wall": (self._opened.wall - self._begun.wall) / 1e9,
            "delivered": self.delivered,
            "resident_before": self._resident_before,
            "resident": memory("status", "VmRSS"),
            "resident_peak": memory("status", "VmHWM"),
            "proportional": memory("smaps_rollup", "Pss"),
            "versions": versions(*packages),
        }
        print(json.dumps(result | more), flush=True)


def versions(*packages: str) -> dict[str, str]:
    """The interpreter's version and those of some distributions."""
    return {"python": platform.python_version()} | {
        package: importlib.metadata.version(package) for package in packages
    }


def memory(file: str, name: str, process: str = "self") -> int:
    """One of the kernel's counts of a process's memory, in bytes; 0 where it does not count."""
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0
    values = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return 1024 * int(values[0]) if values else 0
