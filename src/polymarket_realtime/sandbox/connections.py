"""The WebSocket connections of the market channel: what each subscribes, and its queue.

Fan-out is synchronous and never waits: a connection that does not keep up is closed, as the venue
does, and the exchange does not notice.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import attrs
import trio

from .frames import Frame

SEND_BUFFER = 1000
"""Frames that may wait for a client before it counts as slow."""

PATIENT_LIMIT = SEND_BUFFER // 2
"""Frames that a sender who can wait leaves waiting, so that a PONG still finds room."""

REMEMBERED_FRAMES = 10_000


@attrs.frozen
class Close:
    """The last thing in a queue; without a code, a drop without a close frame."""

    code: int | None
    reason: str = ""


SLOW_CONSUMER = Close(1013, "slow consumer: send buffer full")
ALL_RESOLVED = Close(1000, "all subscribed assets resolved")
BAD_SUBSCRIPTION = Close(1008, "invalid subscription payload")


@attrs.frozen
class ReceivedFrame:
    """A text frame that a client sent; connections are numbered from 1."""

    connection: int
    text: str


@attrs.define(eq=False)
class Connection:
    """One client.

    Attributes:
        number: From 1, in the order of arrival.
        tokens: What it subscribes; tokens nobody knows are kept, as the venue keeps them.
        custom: Whether it gets the custom events.
        patience: Expires `idle_timeout` seconds after the last PING or data.
        frames_sent: Texts handed to the network.
        closing: Set when the end has been queued.
    """

    number: int
    idle_timeout: float
    patience: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    tokens: set[str] = attrs.field(factory=set)
    custom: bool = False
    frames_sent: int = 0
    closing: trio.Event = attrs.field(factory=trio.Event)
    _queue: deque[str | Close] = attrs.field(factory=deque)
    _changed: trio.Event = attrs.field(factory=trio.Event)

    def touch(self) -> None:
        """Not idle, as of now."""
        self.patience.deadline = trio.current_time() + self.idle_timeout

    def wants(self, frame: Frame) -> bool:
        """Whether a frame of the exchange is for this client."""
        if frame.custom and not self.custom:
            return False
        return frame.broadcast or not self.tokens.isdisjoint(frame.tokens)

    def offer(self, text: str) -> None:
        """Queue a text; a full queue is thrown away and becomes the close of a slow consumer."""
        if self.closing.is_set():
            return
        if len(self._queue) >= SEND_BUFFER:
            self._queue.clear()
            self.close(SLOW_CONSUMER)
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
class Connections:
    """All connections, and what their clients sent.

    Attributes:
        received: The newest frames from clients, oldest first.
        counts: Frames from clients by kind: market, subscribe, unsubscribe, PING, invalid.
    """

    received: deque[ReceivedFrame] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED_FRAMES), init=False
    )
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    total: int = attrs.field(default=0, init=False)
    _open: dict[int, Connection] = attrs.field(factory=dict, init=False)
    _settled: set[str] = attrs.field(factory=set, init=False)
    _sent_before: int = attrs.field(default=0, init=False)
    _arrival: trio.Event = attrs.field(factory=trio.Event, init=False)

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._open)

    @property
    def frames_sent(self) -> int:
        """Texts handed to the network, over all connections ever."""
        return self._sent_before + sum(c.frames_sent for c in self._open.values())

    def add(self, idle_timeout: float) -> Connection:
        """A client has connected."""
        self.total += 1
        connection = self._open[self.total] = Connection(self.total, idle_timeout)
        return connection

    def remove(self, connection: Connection) -> None:
        """A client has gone."""
        del self._open[connection.number]
        self._sent_before += connection.frames_sent

    def publish(self, frame: Frame) -> None:
        """Queue a frame for everybody whom it concerns."""
        for connection in self._open.values():
            if connection.wants(frame):
                connection.offer(frame.text)
        if frame.settles:
            self._settled.update(frame.tokens)
            for connection in self._open.values():
                if connection.tokens and connection.tokens <= self._settled:
                    connection.close(ALL_RESOLVED)

    def record(self, connection: Connection, text: str, kind: str) -> None:
        """Note what a client sent."""
        self.received.append(ReceivedFrame(connection.number, text))
        self.counts[kind] += 1
        self._arrival.set()
        self._arrival = trio.Event()

    async def wait_received(self, matches: Callable[[ReceivedFrame], bool]) -> ReceivedFrame:
        """The first remembered frame that matches, waiting until there is one."""
        await trio.lowlevel.checkpoint()
        while True:
            for frame in self.received:
                if matches(frame):
                    return frame
            await self._arrival.wait()
