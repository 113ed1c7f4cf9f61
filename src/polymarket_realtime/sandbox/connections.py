"""All WebSocket connections of the sandbox, and what their clients sent.

Fan-out is synchronous and never waits; the exchange does not notice who listens.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import attrs
import trio

from .connection import ALL_RESOLVED, DROPPED, Connection, MarketConnection, UserConnection
from .frames import Frame
from .orders import UserFrame

__all__ = ["Connections", "ReceivedFrame"]

C = TypeVar("C", bound=Connection)

REMEMBERED_FRAMES = 10_000


@attrs.frozen
class ReceivedFrame:
    """A text frame that a client sent; connections are numbered from 1."""

    connection: int
    text: str


def _offer(frame: Frame, audience: Sequence[MarketConnection]) -> None:
    for connection in audience:
        connection.offer(frame.text)


@attrs.define(eq=False)
class Connections:
    """All connections, and what their clients sent.

    Attributes:
        deliver: Queues a frame of the market channel for those whom it concerns, at least one.
        received: The newest frames from clients, oldest first.
        counts: Frames from clients by kind: market, user, subscribe, unsubscribe, PING, invalid.
    """

    deliver: Callable[[Frame, Sequence[MarketConnection]], None] = attrs.field(
        default=_offer, init=False
    )
    received: deque[ReceivedFrame] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED_FRAMES), init=False
    )
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    total: int = attrs.field(default=0, init=False)
    _arrived: Counter[type[Connection]] = attrs.field(factory=Counter, init=False)
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

    def add(self, kind: type[C], idle_timeout: float) -> C:
        """A client has connected."""
        self.total += 1
        self._arrived[kind] += 1
        connection = kind(self.total, self._arrived[kind], idle_timeout)
        self._open[self.total] = connection
        return connection

    def remove(self, connection: Connection) -> None:
        """A client has gone."""
        del self._open[connection.number]
        self._sent_before += connection.frames_sent

    def of_kind(self, kind: type[C]) -> Iterator[C]:
        """The connections of one channel, oldest first."""
        return (each for each in self._open.values() if isinstance(each, kind))

    def publish(self, frame: Frame) -> None:
        """Queue a frame of the market channel for everybody whom it concerns."""
        if audience := [each for each in self.of_kind(MarketConnection) if each.wants(frame)]:
            self.deliver(frame, audience)
        if frame.settles:
            self._settled.update(frame.tokens)
            for connection in self.of_kind(MarketConnection):
                if connection.tokens and connection.tokens <= self._settled:
                    connection.close(ALL_RESOLVED)

    def publish_user(self, frame: UserFrame, belongs: Callable[[str], bool]) -> None:
        """Queue a frame of the user channel for the clients whose API key `belongs` to it."""
        for connection in self.of_kind(UserConnection):
            key = connection.api_key
            if key is not None and belongs(key) and connection.wants(frame):
                connection.offer(frame.text)

    def drop_key(self, api_key: str) -> None:
        """Cut off everybody who came with this API key; they are not told why."""
        for connection in self.of_kind(UserConnection):
            if connection.api_key == api_key:
                connection.close(DROPPED)

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
