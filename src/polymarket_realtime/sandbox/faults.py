"""The switches of the fault proxy.

HTTP requests pass untouched (but for `refuse`); only connections that asked for an upgrade are
affected. A fault that lasts applies to present and new connections alike, until `heal`.
"""

from __future__ import annotations

import enum
import math
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import trio

DRAIN_TIME = 0.05
"""Seconds in which what the server has already written is still read before a drop."""

LINGER_TIME = 1.0
"""Seconds that a dying connection may take to hand over what it holds."""


class Mode(enum.Enum):
    """What happens to bytes from server to client."""

    NORMAL = "normal"
    STALLED = "stalled"
    HALF_OPEN = "half-open"
    FROZEN = "frozen"


@attrs.define(eq=False)
class Link:
    """One proxied connection.

    Attributes:
        whole: Ends the connection at once.
        reading: Ends only the reading from the server.
        gapped: Whether bytes were swallowed, so that the stream cannot go on.
    """

    client: trio.SocketStream
    server: trio.SocketStream
    websocket: bool
    whole: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    reading: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    gapped: bool = False

    def reset(self) -> None:
        """Die with a TCP reset: no close frame, and nothing that was still on its way."""
        reset_on_close(self.client)
        self.whole.cancel()


@attrs.define(eq=False)
class Faults:
    """The switches. All take effect at once and none waits.

    Attributes:
        injected: How many faults were switched on so far.
    """

    injected: int = 0
    _mode: Mode = Mode.NORMAL
    _latency: float = 0.0
    _refuse_until: float = -math.inf
    _links: dict[int, Link] = attrs.field(factory=dict)
    _changed: trio.Event = attrs.field(factory=trio.Event)

    def cut(self) -> int:
        """Reset every WebSocket connection, without a close frame; returns how many."""
        self.injected += 1
        victims = list(self._websockets())
        for link in victims:
            link.reset()
        return len(victims)

    def refuse(self, seconds: float | None = None) -> None:
        """Accept and reset new connections, HTTP too, for `seconds` or until `heal`."""
        self.injected += 1
        self._refuse_until = math.inf if seconds is None else trio.current_time() + seconds

    def stall(self) -> None:
        """Deliver nothing to clients; the sockets stay open and `heal` delivers what waited."""
        self._switch(Mode.STALLED)

    def half_open(self) -> None:
        """Swallow everything in both directions and never close.

        A connection that lost bytes cannot go on: `heal` resets it, as a network does when the
        route comes back.
        """
        self._switch(Mode.HALF_OPEN)

    def freeze(self) -> None:
        """Deliver control frames and PONG, and drop all data: alive, but silent."""
        self._switch(Mode.FROZEN)

    def delay(self, seconds: float) -> None:
        """Deliver everything `seconds` later, in order; 0 ends the delay.

        Raises:
            ValueError: `seconds` is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{seconds} is not a delay in seconds")
        self.injected += 1
        self._latency = seconds

    def heal(self) -> None:
        """Back to normal, for all connections."""
        self._latency, self._refuse_until = 0.0, -math.inf
        for link in self._websockets():
            if link.gapped:
                link.reset()
        self._set_mode(Mode.NORMAL)

    def drop(self, port: int) -> None:
        """End the connection that the server knows by this client port, without a close frame.

        What the server has already written is delivered first.
        """
        link = self._links.get(port)
        if link is not None and self._mode is not Mode.HALF_OPEN:
            link.reading.deadline = trio.current_time() + DRAIN_TIME
            link.whole.deadline = trio.current_time() + LINGER_TIME

    # For the proxy

    @property
    def mode(self) -> Mode:
        """What happens to bytes from server to client now."""
        return self._mode

    @property
    def latency(self) -> float:
        """Seconds by which bytes from server to client are late."""
        return self._latency

    def refusing(self) -> bool:
        """Whether a connection that arrives now is to be reset."""
        return trio.current_time() < self._refuse_until

    @contextmanager
    def track(self, link: Link) -> Iterator[None]:
        """Let the switches reach this connection."""
        port = link.server.socket.getsockname()[1]
        self._links[port] = link
        try:
            yield
        finally:
            del self._links[port]

    async def wait_while(self, mode: Mode) -> None:
        """Return as soon as this is not what happens."""
        await trio.lowlevel.checkpoint()
        while self._mode is mode:
            await self._changed.wait()

    def _websockets(self) -> Iterator[Link]:
        return (link for link in self._links.values() if link.websocket)

    def _switch(self, mode: Mode) -> None:
        self.injected += 1
        self._set_mode(mode)

    def _set_mode(self, mode: Mode) -> None:
        self._mode = mode
        self._changed.set()
        self._changed = trio.Event()


def reset_on_close(stream: trio.SocketStream) -> None:
    """Make the coming close a reset: linger for zero seconds."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
