"""The switches that break connections, and what whoever carries a connection asks of them.

HTTP requests pass untouched (but for `refuse`); only connections that asked for an upgrade are
affected. A fault that lasts applies to present and new connections alike, until `heal`.
"""

from __future__ import annotations

import enum
import math
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
    """One connection that the switches reach, whatever carries it.

    Attributes:
        port: The client's port, as the server knows it.
        websocket: Whether it asked for an upgrade.
        whole: Ends the connection at once.
        reading: Ends only the reading from the server.
        gapped: Whether something was swallowed, so that the stream cannot go on.
    """

    port: int
    websocket: bool
    whole: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    reading: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    gapped: bool = attrs.field(default=False, init=False)

    def reset(self) -> None:
        """Die as by a TCP reset: no close frame, and nothing that was still on its way."""
        self.whole.cancel()

    def part(self) -> None:
        """The client has gone: the server has a moment to notice."""
        self.whole.deadline = trio.current_time() + LINGER_TIME


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
    _aimed_at: frozenset[int] | None = None
    _changed: trio.Event = attrs.field(factory=trio.Event)

    @property
    def ports(self) -> tuple[int, ...]:
        """The client ports of the open WebSocket connections, in the order of their arrival."""
        return tuple(link.port for link in self._websockets())

    def aim(self, *ports: int) -> None:
        """Break these connections only, until `heal`; `refuse` and `drop` do not look at it."""
        self._aimed_at = frozenset(ports)

    def cut(self) -> int:
        """Reset every WebSocket connection, without a close frame; returns how many."""
        self.injected += 1
        victims = [link for link in self._websockets() if self._hits(link)]
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
        self._latency, self._refuse_until, self._aimed_at = 0.0, -math.inf, None
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

    # For whoever carries a connection

    @property
    def mode(self) -> Mode:
        """What happens to bytes from server to client now."""
        return self._mode

    @property
    def latency(self) -> float:
        """Seconds by which bytes from server to client are late."""
        return self._latency

    def latency_of(self, link: Link) -> float:
        """Seconds by which bytes to this client are late."""
        return self._latency if self._hits(link) else 0.0

    def mode_of(self, link: Link) -> Mode:
        """What happens to bytes to this client now."""
        return self._mode if self._hits(link) else Mode.NORMAL

    def is_clear(self, link: Link) -> bool:
        """Whether everything that comes now is to be delivered, now."""
        return (self._mode is Mode.NORMAL and not self._latency) or not self._hits(link)

    def _hits(self, link: Link) -> bool:
        return self._aimed_at is None or link.port in self._aimed_at

    def refusing(self) -> bool:
        """Whether a connection that arrives now is to be reset."""
        return trio.current_time() < self._refuse_until

    def swallows(self, link: Link) -> bool:
        """Whether what passes now, in either direction, is lost; that leaves a gap."""
        lost = link.websocket and self.mode_of(link) is Mode.HALF_OPEN
        link.gapped |= lost
        return lost

    @contextmanager
    def track(self, link: Link) -> Iterator[None]:
        """Let the switches reach this connection."""
        self._links[link.port] = link
        try:
            yield
        finally:
            del self._links[link.port]

    async def wait_due(self, due: float, link: Link) -> None:
        """Return when what was stamped with `due` on its way to a client may go on."""
        await trio.sleep_until(due)
        await self._wait_while(Mode.STALLED, link)

    async def wait_until_seen(self, link: Link) -> None:
        """Return when a client may notice that the server has ended its connection."""
        if link.websocket:
            await self._wait_while(Mode.HALF_OPEN, link)

    async def _wait_while(self, mode: Mode, link: Link) -> None:
        await trio.lowlevel.checkpoint()
        while self.mode_of(link) is mode:
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
