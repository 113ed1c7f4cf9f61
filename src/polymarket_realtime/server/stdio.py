"""The process's stdin and stdout as MCP's wire, without threads and without intruders.

The SDK's own transport reads and writes in worker threads that cannot be cancelled: with mcp 2.3.0
a signalled server lives on until its host closes stdin, and one whose host has stopped reading has
to be killed (measured 2026-11-22). Trio can wait for the descriptors themselves, so here both end
at once. While serving, descriptors 0 and 1 lead elsewhere: a stray `print` or a child process
cannot touch the wire.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import trio

from .lines import LineReader, LineWriter, serve_streams

if sys.platform != "win32":
    import fcntl

__all__ = ["LineReader", "LineWriter", "open_stdio", "serve_streams"]

_READ_SIZE = 65536


@asynccontextmanager
async def open_stdio(
    *, capacity: int = 256, flush_timeout: float = 0.5
) -> AsyncIterator[tuple[LineReader, LineWriter]]:
    """Speak MCP over this process's stdin and stdout; the arguments are those of `serve_streams`.

    Until the block is left, file descriptor 0 reads as empty and 1 leads to stderr. Then both are
    what they were, blocking as they were. In between, a terminal that is stdin, stdout and stderr
    at once does not block on stderr either; pipes, which is what hosts use, are not affected.

    On Windows, which has no pipes that can be waited for, threads read and write, and are left
    behind when cancelled: bytes read by such a thread are lost, and it lasts as long as the
    process. The rest of the above holds.

    Raises:
        OSError: stdin or stdout is not open.
    """
    with _std_streams_claimed() as (stdin, stdout):
        async with (
            _open_fd(_duplicate(stdin)) as rx,
            _open_fd(_duplicate(stdout)) as tx,
            serve_streams(rx, tx, capacity=capacity, flush_timeout=flush_timeout) as ends,
        ):
            yield ends


@contextmanager
def _std_streams_claimed() -> Iterator[tuple[int, int]]:
    """Descriptors of the true stdin and stdout, while 0 and 1 lead to nothing and to stderr."""
    with open(os.devnull, "r+b", buffering=0) as null:  # noqa: PTH123 - not a path of ours
        # Started without stderr, Python may by now have opened anything as 2.
        stray = null.fileno() if sys.__stderr__ is None else 2
        with _diverted(0, null.fileno()) as stdin, _diverted(1, stray) as stdout:
            try:
                yield stdin, stdout
            finally:
                _flush_stray_prints()


@contextmanager
def _diverted(fd: int, to: int) -> Iterator[int]:
    """Make `fd` another name of `to` for a while; gives the descriptor of what it was."""
    original = _duplicate(fd)
    try:
        os.dup2(to, fd)
        try:
            yield original
        finally:
            os.dup2(original, fd)
    finally:
        os.close(original)


def _flush_stray_prints() -> None:
    """Text that Python still buffers for stdout must not follow the wire's last frame."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()


class _ThreadedFd(trio.abc.Stream):
    """A descriptor that cannot be waited for, read and written in threads that may be left behind.

    It is never closed: a thread left behind would go on with whatever file gets its number next.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._reading, self._writing = trio.CapacityLimiter(1), trio.CapacityLimiter(1)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            return await trio.to_thread.run_sync(
                os.read,
                self._fd,
                max_bytes or _READ_SIZE,
                abandon_on_cancel=True,
                limiter=self._reading,
            )
        except OSError as exc:
            raise trio.BrokenResourceError from exc

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        rest = bytes(data)
        while rest:
            try:
                written = await trio.to_thread.run_sync(
                    os.write, self._fd, rest, abandon_on_cancel=True, limiter=self._writing
                )
            except OSError as exc:
                raise trio.BrokenResourceError from exc
            rest = rest[written:]

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


if sys.platform == "win32":

    def _duplicate(fd: int) -> int:
        return os.dup(fd)

    def _open_fd(fd: int) -> trio.abc.Stream:
        return _ThreadedFd(fd)

else:

    def _duplicate(fd: int) -> int:
        # From 3 up: with stderr closed, `dup` could make the wire the new stderr.
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)

    def _open_fd(fd: int) -> trio.abc.Stream:
        return trio.lowlevel.FdStream(fd)
