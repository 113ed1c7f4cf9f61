"""The program as a process of its own, for tests that look at it from outside."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import asynccontextmanager

import attrs
import trio

from polymarket_realtime.cli.options import sandbox_urls

HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
PROGRAM = [sys.executable, "-m", "polymarket_realtime"]


def environment(**variables):
    """This process's variables without settings of the product, and these."""
    foreign = ("POLYMARKET_", "POLYGON_")
    own = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return own | {"NO_PROXY": "127.0.0.1", "TERM": "xterm-256color", "COLUMNS": "80"} | variables


def pointed_at(sandbox, **variables):
    """The variables that point the program at a sandbox, without an account, and these."""
    urls = {f"POLYMARKET_{name.upper()}": url for name, url in sandbox_urls(sandbox).items()}
    return environment(**urls, **variables)


def keys_of(sandbox):
    """The variables of the sandbox's account."""
    return {
        "POLYMARKET_API_KEY": sandbox.credentials.api_key,
        "POLYMARKET_API_SECRET": sandbox.credentials.secret,
        "POLYMARKET_PASSPHRASE": sandbox.credentials.passphrase,
        "POLYGON_ADDRESS": sandbox.address,
    }


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

    async def ended(self, seconds=5):
        """Its exit code and what it wrote to stderr, once it has ended, within these seconds."""
        with trio.fail_after(seconds):
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


class Terminal:
    """A terminal of 100 by 30 with the program in it."""

    def __init__(self, *arguments, env=None):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        env = {k: v for k, v in (env or environment()).items() if k != "COLUMNS"}
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=env,
            start_new_session=True,
            # So that Ctrl-C, typed there, is a signal. Nothing else offers this.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        self.shown = b""

    def read_until(self, reached, seconds):
        """Read what is shown until it satisfies `reached`."""
        deadline = time.monotonic() + seconds
        while not reached(self.shown):
            left = deadline - time.monotonic()
            assert left > 0, self.shown.decode()
            if select.select([self.master], [], [], left)[0]:
                self.shown += os.read(self.master, 65536)

    @property
    def text(self):
        """What has been shown, without what steers the terminal and what was typed for that."""
        return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|\^C", b"", self.shown).decode()

    def type(self, keys):
        """Type something."""
        os.write(self.master, keys)

    def end_by_ctrl_c(self):
        """Type Ctrl-C into a live view, and look whether it leaves all as it was."""
        assert HIDE_CURSOR in self.shown
        self.type(b"\x03")
        self.read_until(lambda shown: shown.endswith(SHOW_CURSOR), seconds=5)
        assert self.process.wait(timeout=5) == 0
        assert termios.tcgetattr(self.slave) == self.before
        assert os.get_blocking(self.slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
