"""One of several connections to an endpoint: what it should carry, and how it is doing."""

from __future__ import annotations

import math
from enum import StrEnum

import attrs
import trio

from polymarket_realtime._venue.wakeup import Wakeup

__all__ = ["ConnectionState", "ConnectionStatistics", "ConnectionTotals", "Shard"]


class ConnectionState(StrEnum):
    """What a connection's supervisor is doing."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """For the next dial, after a failure."""
    PARKED = "parked"
    """Until something else is wanted: the venue has nothing more to say about this."""


@attrs.frozen(kw_only=True)
class ConnectionStatistics:
    """One connection at one moment. Times are on Trio's clock, in seconds.

    Attributes:
        state: What its supervisor is doing, since `state_since`.
        keys: How many assets, or streams of another feed, it carries.
        dials: Attempts to connect.
        connects: Those that succeeded.
        failures: Dials that failed and connections that were lost.
        last_error: The latest of them, one sentence.
        last_heard: When the latest message came, PONG included.
        redial_at: When the next dial is due, while waiting.
    """

    name: str
    url: str
    state: ConnectionState
    state_since: float
    keys: int
    dials: int
    connects: int
    failures: int
    last_error: str | None
    last_heard: float | None
    redial_at: float | None


@attrs.frozen
class ConnectionTotals:
    """Counts over several connections."""

    dials: int = 0
    connects: int = 0
    reconnects: int = 0
    failures: int = 0

    def plus(self, other: ConnectionTotals) -> ConnectionTotals:
        """The sum of both."""
        return ConnectionTotals(
            self.dials + other.dials,
            self.connects + other.connects,
            self.reconnects + other.reconnects,
            self.failures + other.failures,
        )


@attrs.define(eq=False)
class Shard:
    """Written by the pool (`keys`, `quiet`, `successor`) and by its own supervisor (the rest).

    Attributes:
        keys: What it is to carry: asset ids on the market channel, streams elsewhere.
        quiet: Whether it is only being prepared to take over, so that nothing is told of it.
        successor: The connection that is being prepared to take over from this one.
        predecessor: The connection that this one is to take over from.
        lane: What tells it from the other connection that carries the same, if there is one.
        proven: Whether the present connection has shown that it works.
        covering: Whether its predecessor is not needed any more.
        churn: How many keys were added to the present connection or taken from it.
        old_from: It is not to be replaced before this time, though it may have lived its own.
    """

    number: int
    endpoint: str
    url: str
    keys: frozenset[str]
    watchers: trio.lowlevel.ParkingLot = attrs.field(repr=False)
    """Woken whenever the state changes, and when a connection has proven itself."""
    quiet: bool = False
    successor: Shard | None = None
    predecessor: Shard | None = None
    lane: str = ""
    proven: bool = False
    covering: bool = False
    churn: int = 0
    old_from: float = -math.inf
    changed: Wakeup = attrs.field(factory=Wakeup)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Cancelled by the pool when this connection is not needed any more."""
    ended: bool = False
    state: ConnectionState = ConnectionState.CONNECTING
    state_since: float = attrs.field(factory=trio.current_time)
    attempt: int = 0
    """Failures since a connection last proved itself."""
    dials: int = 0
    connects: int = 0
    failures: int = 0
    last_error: str | None = None
    last_heard: float | None = None
    redial_at: float | None = None
    _attempt_scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)

    @property
    def name(self) -> str:
        """For example `market#0`."""
        return f"{self.endpoint}#{self.number}{self.lane}"

    def carry(self, keys: frozenset[str]) -> None:
        """Change what this connection carries, and the one that is to take over from it."""
        if keys != self.keys:
            self.churn += len(keys ^ self.keys)
            self.keys = keys
            self.changed.ring()
        if self.successor is not None:
            self.successor.carry(keys)

    @property
    def has_deputy(self) -> bool:
        """Whether another connection stands in for this one, or this one for another."""
        partners = (self.predecessor, self.successor)
        return any(each is not None and each.is_open for each in partners)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection now."""
        return self.state is ConnectionState.CONNECTED and not self.ended

    def new_attempt(self) -> trio.CancelScope:
        """The scope of what the supervisor does next, so that `hang_up` can end it."""
        self._attempt_scope = trio.CancelScope()
        return self._attempt_scope

    def hang_up(self) -> None:
        """End the current connection or the wait for the next one, and dial at once."""
        self.enter(ConnectionState.CONNECTING)
        self._attempt_scope.cancel()

    def enter(self, state: ConnectionState, *, redial_at: float | None = None) -> None:
        """Note what the supervisor does from now on."""
        self.state, self.state_since = state, trio.current_time()
        self.redial_at = redial_at
        self.proven = self.covering = False
        if state is ConnectionState.CONNECTED:
            self.churn = 0
        self.watchers.unpark_all()

    def heard(self, now: float) -> None:
        """Note that a message has come."""
        self.last_heard = now

    def prove(self) -> None:
        """Note that the connection has shown that it works: the backoff may start anew."""
        if not self.proven:
            self.proven, self.attempt = True, 0
            self.watchers.unpark_all()

    def cover(self) -> None:
        """Note that the predecessor is not needed any more."""
        if not self.covering:
            self.covering = True
            self.watchers.unpark_all()

    def statistics(self) -> ConnectionStatistics:
        """The state at this moment."""
        return ConnectionStatistics(
            name=self.name,
            url=self.url,
            state=self.state,
            state_since=self.state_since,
            keys=len(self.keys),
            dials=self.dials,
            connects=self.connects,
            failures=self.failures,
            last_error=self.last_error,
            last_heard=self.last_heard,
            redial_at=self.redial_at,
        )

    def totals(self) -> ConnectionTotals:
        """The counts alone."""
        return ConnectionTotals(self.dials, self.connects, max(self.connects - 1, 0), self.failures)
