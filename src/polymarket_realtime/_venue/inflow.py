"""The socket under everything, which waits before it reads where Trio's reads before it waits.

On a connection that brings one message at a time, Trio's first attempt is in vain each time: a call
of the system, an exception, and what goes with both. A read that has brought less than it could
says that nothing is left, so the next one begins with waiting.
"""

from __future__ import annotations

import os
from typing import final

import trio

from .scratch import scratch

__all__ = ["Inflow", "wait_before_reading"]


def wait_before_reading(stream: trio.SocketStream) -> trio.abc.Stream:
    """The same stream; where a socket is no file, as on Windows, just as it is."""
    return Inflow(stream) if os.name == "posix" else stream


@final
class Inflow(trio.abc.Stream):
    """A connected socket. One task may receive while another sends."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream, self._socket = stream, stream.socket
        self._scratch = scratch()
        self._drained = False

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has arrived, at most *max_bytes* and 64 KiB; empty at the end."""
        room = self._scratch if max_bytes is None else self._scratch[:max_bytes]
        if self._drained:
            await trio.lowlevel.wait_readable(self._open_file())
        else:
            await trio.lowlevel.checkpoint()
        while True:
            try:
                size = os.readv(self._open_file(), (room,))
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._open_file())
            except OSError as exc:
                raise trio.BrokenResourceError(f"socket connection broken: {exc}") from exc
            else:
                self._drained = size < len(room)
                return bytes(room[:size])

    def _open_file(self) -> int:
        file = self._socket.fileno()
        if file < 0:
            raise trio.ClosedResourceError("the socket was closed here")
        return file

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the socket takes more."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()
