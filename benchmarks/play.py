"""One run: one contestant, one scenario, one venue, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import signal
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import attrs
import trustme

from environments import HERE, Environment
from roster import Contestant
from stream import Stream
from venue import VenuePlan

__all__ = ["Arena", "Scenario"]

PATIENCE: Final = 90.0
"""Seconds for one run."""

_WARM: Final = 1.0
"""Seconds after the beginning of the stream from which latencies count as those without the
opening."""


@attrs.frozen
class Scenario:
    """What the venue does.

    Attributes:
        name: In the results.
        letter: A for saturation, B for an even rate, C for bursts.
        title: In the report.
        messages: After the opening.
        rate: Messages a second; 0 for as fast as they are taken.
        burst: How many come at once.
        pause: Seconds between the opening and the rest.
        tls: Whether the connection is encrypted.
        frames_per_record: Of TLS.
        live: Messages that the venue makes as it goes, in place of those of the stream.
    """

    name: str
    letter: str
    title: str
    messages: int
    rate: float = 0.0
    burst: int = 1
    pause: float = 0.0
    tls: bool = True
    frames_per_record: int = 1
    live: int = 0

    @property
    def timed(self) -> bool:
        """Whether each message is timed."""
        return self.rate > 0


class Arena:
    """Where runs take place: certificates, cores, and a folder for files.

    Args:
        folder: For what processes tell each other; may be thrown away afterwards.
        stream: The longest that is needed.
        venue: The module whose program sends it; its plan is a `VenuePlan`.
        patience: Seconds for one run.
    """

    def __init__(
        self, folder: Path, stream: Stream, *, venue: str = "venue", patience: float = PATIENCE
    ) -> None:
        self.folder, self.stream = folder, stream
        self._program, self._patience = venue, patience
        authority = trustme.CA()
        self._ca, self._certificate = folder / "ca.pem", folder / "venue.pem"
        authority.cert_pem.write_to_path(self._ca)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            self._certificate
        )
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.cores = (cores[0], cores[-1]) if len(cores) > 1 else None
        self._streams: dict[int, tuple[Stream, Path]] = {}

    def part(self, count: int) -> tuple[Stream, Path]:
        """The first messages of the stream, and the file that holds them."""
        if count not in self._streams:
            part = self.stream.first(count)
            path = self.folder / f"stream-{count}.pickle"
            path.write_bytes(pickle.dumps(part))
            self._streams[count] = part, path
        return self._streams[count]

    def play(
        self, contestant: Contestant, scenario: Scenario, environment: Environment
    ) -> dict[str, Any]:
        """Run once.

        Returns:
            What the contestant said of itself, and what follows from the times of both; or
            `problem`, the last line of what went wrong.
        """
        if environment.problem:
            return {"problem": environment.problem}
        stream, path = self.part(scenario.messages)
        sends, receipts = self.folder / "sends.bin", self.folder / "receipts.bin"
        for file in (sends, receipts):
            file.unlink(missing_ok=True)
        plan = self._plan(scenario, path, sends)
        job = {
            "ca": str(self._ca) if scenario.tls else "",
            "tokens": list(stream.tokens),
            "last": stream.messages[-1].timestamp,
            "receipts": str(receipts) if scenario.timed else "",
            "sends": str(sends),
            "options": contestant.options | self._options(),
        }
        try:
            with self._venue(plan) as ports:
                scheme = "wss" if scenario.tls else "ws"
                job["url"] = f"{scheme}://127.0.0.1:{ports['port']}/ws/market"
                job["rest"] = f"http://127.0.0.1:{ports['rest_port']}"
                result = self._run(contestant, environment, job)
                if "problem" in result:
                    return result
                _await_file(sends, 5.0)
        except _Failed as failure:
            return {"problem": str(failure)}
        return _joined(result, sends, receipts, len(stream.opening))

    def _plan(self, scenario: Scenario, stream: Path, sends: Path) -> VenuePlan:
        return VenuePlan(
            stream=str(stream),
            sends=str(sends),
            rate=scenario.rate,
            burst=scenario.burst,
            pause=scenario.pause,
            frames_per_record=scenario.frames_per_record,
            certificate=str(self._certificate) if scenario.tls else "",
            live=scenario.live,
        )

    def _options(self) -> dict[str, Any]:
        return {} if self.cores is None else {"core": self.cores[1]}

    @contextlib.contextmanager
    def _on_core(self, which: int) -> Iterator[None]:
        """Processes that are started here stay on one of the two cores."""
        if self.cores is None:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.cores[which]})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    @contextlib.contextmanager
    def _venue(self, plan: VenuePlan) -> Iterator[dict[str, int]]:
        path = self.folder / "plan.json"
        path.write_text(json.dumps(attrs.asdict(plan)))
        command = [sys.executable, "-m", self._program, str(path)]
        with (self.folder / "venue.log").open("w") as log:
            with self._on_core(1):
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=HERE)
            try:
                assert process.stdout is not None
                yield json.loads(_first_line(process.stdout, 30.0) or "{}")
            finally:
                process.kill()
                process.wait()

    def _run(
        self, contestant: Contestant, environment: Environment, job: dict[str, Any]
    ) -> dict[str, Any]:
        path = self.folder / "job.json"
        path.write_text(json.dumps(job))
        program = HERE / "contestants" / contestant.program
        trusted = {"SSL_CERT_FILE": job["ca"], "NODE_EXTRA_CA_CERTS": job["ca"]}
        with self._on_core(0):
            process = subprocess.Popen(
                [*environment.command, str(program), str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=environment.folder,
                env=os.environ | (trusted if job["ca"] else {}),
                start_new_session=True,
            )
        try:
            told, errors = process.communicate(timeout=self._patience)
        except subprocess.TimeoutExpired as error:
            raise _Failed(f"not done within {self._patience:g} s") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its session: children as well
            process.wait()
        lines = [line for line in told.splitlines() if line.startswith("{")]
        if not lines:
            # Without the frames that are drawn around exception groups.
            said = [text for line in errors.splitlines() if (text := line.strip(" |+-"))]
            raise _Failed(said[-1] if said else f"ended with code {process.returncode}")
        result: dict[str, Any] = json.loads(lines[-1])
        return result


class _Failed(Exception):
    """A run has no result."""


def _first_line(stream: IO[bytes], patience: float) -> bytes:
    ready, _, _ = select.select([stream], [], [], patience)
    if not ready or not (line := stream.readline()):
        raise _Failed("the venue did not start")
    return line


def _await_file(path: Path, patience: float) -> None:
    """The venue writes its times when it has sent everything, a moment after the client has it."""
    deadline = time.monotonic() + patience
    while not path.exists():
        if time.monotonic() > deadline:
            raise _Failed("the venue has not finished")
        time.sleep(0.01)


def _pairs(path: Path) -> dict[int, int]:
    """Times by timestamp; of several the first."""
    numbers = array("q", path.read_bytes())
    times: dict[int, int] = {}
    for at in range(0, len(numbers), 2):
        times.setdefault(numbers[at], numbers[at + 1])
    return times


def _joined(result: dict[str, Any], sends: Path, receipts: Path, opening: int) -> dict[str, Any]:
    """What the contestant said of itself, with what follows from the venue's times."""
    if wrong := {key: result[key] for key in ("resyncs", "malformed") if result.get(key)}:
        return {"problem": f"the stream was not believed: {wrong}"}
    times = _pairs(sends)
    began = list(times.values())[opening]
    result["sent"] = len(times) - opening
    result["wall"] = (result.pop("ended") - began) / 1e9
    if receipts.exists():
        result |= _latencies(times, _pairs(receipts), opening)
    return result


def _latencies(sends: dict[int, int], receipts: dict[int, int], opening: int) -> dict[str, Any]:
    """Percentiles in microseconds, with the opening and without, and how long the opening took."""
    order = list(sends)
    first = sends[order[0]]
    warm = sends[order[opening]] + round(_WARM * 1e9) if len(order) > opening else first
    pairs = [(sends[key], receipts[key]) for key in order if key in receipts]
    books = [receipts[key] for key in order[:opening] if key in receipts]
    return {
        "timed": len(pairs) - len(books),
        "opening_seconds": (max(books) - first) / 1e9 if len(books) == opening else None,
        "with_opening": _percentiles([end - start for start, end in pairs]),
        "without_opening": _percentiles([end - start for start, end in pairs if start >= warm]),
    }


def _percentiles(nanoseconds: list[int]) -> dict[str, float] | None:
    if len(nanoseconds) < 100:
        return None
    cuts = statistics.quantiles(nanoseconds, n=100, method="inclusive")
    return {f"p{number}": cuts[number - 1] / 1000 for number in (50, 90, 99)}
