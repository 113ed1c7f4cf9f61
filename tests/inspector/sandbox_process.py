"""A sandbox as a process of its own, for programs that are processes as well."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest

__all__ = ["PROGRAM", "SandboxProcess", "open_sandbox_process"]

PROGRAM = (sys.executable, "-m", "polymarket_realtime")


@attrs.frozen(kw_only=True)
class SandboxProcess:
    """What a running sandbox says on stdout.

    Attributes:
        variables: The environment variables that lead to it, with the keys of its account.
        question: Of its first market.
        slug: The market's name.
        condition_id: The market's id.
        tokens: Outcome to token id, in the market's order.
    """

    variables: dict[str, str]
    question: str
    slug: str
    condition_id: str
    tokens: dict[str, str]

    @property
    def token(self) -> str:
        """The token of the first outcome."""
        return next(iter(self.tokens.values()))


@contextmanager
def open_sandbox_process() -> Iterator[SandboxProcess]:
    """Start an exchange where nothing moves by itself; it ends with the block."""
    command = [*PROGRAM, "sandbox", "--rate", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line.rstrip())
                if lines[-1] == "Ctrl-C ends it.":
                    break
            else:
                pytest.fail(f"the sandbox has ended, after saying: {lines}")
            yield _read(lines)
        finally:
            process.terminate()


def _read(lines: list[str]) -> SandboxProcess:
    exports = [shlex.split(line)[1] for line in lines if line.startswith("  export ")]
    start = next(n for n, line in enumerate(lines) if line.startswith("  slug "))
    described = [line.split(maxsplit=1) for line in lines[start : start + 4]]
    (_, slug), (_, condition_id), *outcomes = described
    return SandboxProcess(
        variables=dict(export.split("=", 1) for export in exports),
        question=lines[start - 1],
        slug=slug,
        condition_id=condition_id,
        tokens={each[0]: each[1] for each in outcomes},
    )
