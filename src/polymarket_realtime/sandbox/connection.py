"""One WebSocket connection, as the sandbox sees it: its queue, and what it is to hear.

A client that does not keep up is closed, as the venue does, and nobody waits for it.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

import attrs
import trio

from .frames import Frame
from .orders import UserFrame

__all__ = [
    "ALL_RESOLVED",
    "BAD_SUBSCRIPTION",
    "DROPPED",
    "Close",
    "Connection",
    "MarketConnection",
    "UserConnection",
]

SEND_BUFFER = 1000
"""Frames that may wait for a client before it counts as slow."""

PATIENT_LIMIT = SEND_BUFFER // 2
"""Frames that a sender who can wait leaves waiting, so that a PONG still finds room."""


@attrs.frozen
class Close:
    """The last thing in a queue; without a code, a drop without a close frame."""

    code: int | None
    reason: str = ""


SLOW_CONSUMER = Close(1013, "slow consumer: send buffer full")
ALL_RESOLVED = Close(1000, "all subscribed assets resolved")
DROPPED = Close(None)
BAD_SUBSCRIPTION = Close(1008, "invalid subscription payload")


@attrs.define(eq=False)
class Connection:
    """One client, on whichever channel.

    Attributes:
        number: From 1, in the order of arrival.
        nth: The same, among the clients of its channel.
        patience: Expires `idle_timeout` seconds after the last PING or data.
        frames_sent: Texts handed to the network.
        closing: Set when the end has been queued.
        too_slow: How a client ends that does not keep up.
    """

    too_slow: ClassVar[Close] = SLOW_CONSUMER

    number: int
    nth: int
    idle_timeout: float
    patience: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    frames_sent: int = 0
    closing: trio.Event = attrs.field(factory=trio.Event)
    _queue: deque[str | Close] = attrs.field(factory=deque)
    _changed: trio.Event = attrs.field(factory=trio.Event)

    def touch(self) -> None:
        """Not idle, as of now."""
        self.patience.deadline = trio.current_time() + self.idle_timeout

    def offer(self, text: str) -> None:
        """Queue a text; a full queue is thrown away and becomes the close of a slow consumer."""
        if self.closing.is_set():
            return
        if len(self._queue) >= SEND_BUFFER:
            self._queue.clear()
            self.close(self.too_slow)
        else:
            self._queue.append(text)
            self._notify()

    async def send(self, text: str) -> None:
        """Queue a text as soon as there is room; what is sent while closing is lost."""
        await trio.lowlevel.checkpoint()
        while len(self._queue) >= PATIENT_LIMIT:
            await self._changed.wait()
        self.offer(text)

    def close(self, how: Close) -> None:
        """Queue the end; nothing can be queued after it."""
        if not self.closing.is_set():
            self.closing.set()
            self._queue.append(how)
            self._notify()

    async def next_item(self) -> str | Close:
        """Take the oldest item out of the queue, waiting for one."""
        while not self._queue:
            await self._changed.wait()
        item = self._queue.popleft()
        if len(self._queue) == PATIENT_LIMIT - 1:
            self._notify()
        return item

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


@attrs.define(eq=False)
class MarketConnection(Connection):
    """A client of the market channel.

    Attributes:
        tokens: What it subscribes; tokens nobody knows are kept, as the venue keeps them.
        custom: Whether it gets the custom events.
    """

    tokens: set[str] = attrs.field(factory=set)
    custom: bool = False

    def wants(self, frame: Frame) -> bool:
        """Whether a frame of the exchange is for this client."""
        if frame.custom and not self.custom:
            return False
        return frame.broadcast or not self.tokens.isdisjoint(frame.tokens)


@attrs.define(eq=False)
class UserConnection(Connection):
    """A client of the user channel.

    Attributes:
        api_key: Whose news it gets; None before its first frame, and if that was refused.
        refused: Whether it came with wrong credentials and is to be cut off after one PING.
        markets: Condition ids that it wants to hear about; empty means all.
    """

    api_key: str | None = attrs.field(default=None, repr=False)
    refused: bool = False
    markets: set[str] = attrs.field(factory=set)

    def wants(self, frame: UserFrame) -> bool:
        """Whether a frame about the account that its key belongs to is for this client."""
        return not self.markets or frame.market in self.markets
