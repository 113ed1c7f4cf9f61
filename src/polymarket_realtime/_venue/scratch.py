"""One buffer for all reads of a Trio run.

A read that brings into new memory as much as may come at once takes 64 KiB for a message of 600
bytes, and gives the rest back. What is kept of the messages then lies between such holes, and the
heap grows by a sixth in ten seconds. Whoever reads into here copies what has come before anybody
else has a turn, so one buffer serves all.
"""

from __future__ import annotations

from typing import Final

import trio

__all__ = ["SCRATCH_SIZE", "scratch"]

SCRATCH_SIZE: Final = 65_536
"""Most bytes of one read."""

_buffer: Final = trio.lowlevel.RunVar[memoryview]("polymarket_realtime scratch")


def scratch() -> memoryview:
    """That of the present run, of `SCRATCH_SIZE` bytes. Its content lasts until a checkpoint."""
    try:
        return _buffer.get()
    except LookupError:
        view = memoryview(bytearray(SCRATCH_SIZE))
        _buffer.set(view)
        return view
