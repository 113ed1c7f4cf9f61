"""An alarm for one sleeper."""

from __future__ import annotations

import trio

__all__ = ["Wakeup"]


class Wakeup:
    """A level, not a queue: any number of rings before a wait make one waking.

    At most one task may wait at a time.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        """Wake the sleeper, or the next one to come."""
        self._event.set()

    async def wait(self) -> None:
        """Sleep until somebody has rung since the last waking."""
        await self._event.wait()
        self._event = trio.Event()
