"""The program as a process of its own, for tests that look at it from outside."""

import os
import subprocess
import sys
from contextlib import asynccontextmanager

import attrs
import trio

PROGRAM = [sys.executable, "-m", "polymarket_realtime"]


def environment(**variables):
    """This process's variables without settings of the product, and these."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("POLYMARKET_")}
    return own | {"NO_PROXY": "127.0.0.1", "TERM": "xterm-256color", "COLUMNS": "80"} | variables


def pointed_at(sandbox):
    """The variables that point the program at a sandbox."""
    return environment(
        POLYMARKET_MARKET_URL=sandbox.market_url,
        POLYMARKET_CLOB_URL=sandbox.clob_url,
        POLYMARKET_GAMMA_URL=sandbox.gamma_url,
    )


class Lines:
    """The lines of a stream of bytes."""

    def __init__(self, stream):
        self._stream, self._rest = stream, b""

    async def next(self):
        """The next line, without its end; None at the end of the stream."""
        while b"\n" not in self._rest:
            chunk = await self._stream.receive_some()
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


@attrs.frozen
class Program:
    """A running program; `lines` are those of its stdout, if that is a pipe of ours."""

    process: trio.Process
    lines: Lines | None

    async def ended(self):
        """Its exit code and what it wrote to stderr, once it has ended, within five seconds."""
        with trio.fail_after(5):
            code = await self.process.wait()
            said = b"".join([chunk async for chunk in self.process.stderr])
        return code, said.decode()


@asynccontextmanager
async def running(*arguments, env=None, stdout=subprocess.PIPE):
    """The program with these arguments; killed at the end if it is still there."""
    process = await trio.lowlevel.open_process(
        [*PROGRAM, *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=env or environment(),
    )
    try:
        yield Program(process, Lines(process.stdout) if process.stdout else None)
    finally:
        if process.poll() is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                await stream.aclose()
