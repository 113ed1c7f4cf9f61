"""All connections to one endpoint: as many as what is wanted needs, and none for nothing."""

from __future__ import annotations

import logging
import math
import time
from typing import Final, Never

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Interrupted
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.shards import plan_shards
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.shard import (
    ConnectionState,
    ConnectionStatistics,
    ConnectionTotals,
    Shard,
)
from polymarket_realtime._venue.supervisor import connected, supervise
from polymarket_realtime._venue.transport import OpenStream

__all__ = ["Pool"]

log = logging.getLogger("polymarket_realtime.feed")

Events = trio.MemorySendChannel[list[Event]]

_LONGEST_TAKEOVER: Final = 60.0
"""Seconds that a new connection has to show that it works, before the old one is let go; and
until the next attempt if it does not."""


@attrs.define(eq=False)
class Pool:
    """Follows the interest with connections.

    Nothing is dialled before somebody wants something, and a connection ends with the last
    reader of what it carries.
    """

    endpoint: Endpoint
    interest: Interest
    open_stream: OpenStream
    uniform: Uniform
    _shards: dict[int, Shard] = attrs.field(factory=dict, init=False)
    _watchers: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _running: int = attrs.field(default=0, init=False)
    _totals: ConnectionTotals = attrs.field(factory=ConnectionTotals, init=False)

    async def run(self, events_in: Events) -> Never:
        """Start, change and stop connections as the interest changes.

        Resource handling:
            `events_in` is this task's own clone and is closed when it ends.
        """
        with events_in:
            async with trio.open_nursery() as nursery:
                if self.endpoint.lifetime is not None:
                    name = f"rotate {self.endpoint.name}"
                    nursery.start_soon(self._rotate, nursery, events_in, name=name)
                while True:
                    self._follow(nursery, events_in)
                    await self.interest.changed.wait()

    def _follow(self, nursery: trio.Nursery, events_in: Events) -> None:
        interest = self.interest
        plan = plan_shards(
            {number: shard.keys for number, shard in self._shards.items()},
            frozenset() if interest.suspended else interest.wanted,
            capacity=self.endpoint.capacity,
            broadcasts=interest.broadcasts and not interest.suspended,
        )
        for number in self._shards.keys() - plan.keys():
            self._stop(self._shards.pop(number))
        for number, keys in plan.items():
            if number in self._shards:
                self._shards[number].carry(keys)
            else:
                self._shards[number] = self._start(number, keys, nursery, events_in)
        self.endpoint.retain(interest.wanted, interest.broadcasts)
        # An open connection that carries something more changes no state, but ends waits.
        self._watchers.unpark_all()

    def _start(
        self,
        number: int,
        keys: frozenset[str],
        nursery: trio.Nursery,
        events_in: Events,
        *,
        quiet: bool = False,
    ) -> Shard:
        endpoint = self.endpoint
        shard = Shard(number, endpoint.name, endpoint.url, keys, self._watchers, quiet=quiet)
        nursery.start_soon(self._supervise, shard, events_in.clone(), name=shard.name)
        return shard

    async def _supervise(self, shard: Shard, events_in: Events) -> None:
        # A sync close: inside a cancelled scope `async with` would raise Cancelled here and
        # hide the error that brought us down (python-trio/trio#1559).
        self._running += 1
        with events_in:
            with shard.scope:
                await supervise(
                    self.endpoint,
                    shard,
                    events_in,
                    open_stream=self.open_stream,
                    uniform=self.uniform,
                )
            # Only a shard that the pool has stopped comes here. What it carried may still have
            # readers, if all connections are suspended.
            self._running -= 1
            self._watchers.unpark_all()
            interest = self.interest
            carried = frozenset[str]().union(*(each.keys for each in self._shards.values()))
            orphans = frozenset() if shard.quiet else shard.keys & interest.wanted - carried
            if orphans or (interest.broadcasts and interest.suspended and not shard.quiet):
                suspended = Interrupted(
                    received=time.time(),
                    connection=shard.name,
                    asset_ids=self.endpoint.assets_among(orphans),
                    reason="disconnected on request",
                    retry_in=None,
                )
                self.endpoint.interrupt(orphans, suspended.received)
                await events_in.send([suspended])

    def _stop(self, shard: Shard) -> None:
        shard.scope.cancel()
        self._totals = self._totals.plus(shard.totals())
        if shard.successor is not None:
            self._stop(shard.successor)
            shard.successor = None

    async def _rotate(self, nursery: trio.Nursery, events_in: Events) -> Never:
        """Replace each connection before the venue would end it: make before break."""
        while True:
            shard = await self._wait_due()
            successor = self._start(shard.number, shard.keys, nursery, events_in, quiet=True)
            shard.successor, successor.predecessor = successor, shard
            with trio.move_on_after(_LONGEST_TAKEOVER):
                while not successor.proven and shard.successor is successor:
                    await self._watchers.park()
            if shard.successor is not successor:
                continue  # the pool has stopped both
            shard.successor = None
            if successor.proven:
                await self._hand_over(shard, successor, events_in)
            else:
                log.warning("%s is not replaced: no other connection came up", shard.name)
                shard.old_from = trio.current_time() + _LONGEST_TAKEOVER
                self._stop(successor)

    async def _wait_due(self) -> Shard:
        """The next connection that has lived its time, waiting for it."""
        while True:
            shards = [s for s in self._shards.values() if s.state is ConnectionState.CONNECTED]
            oldest = min(shards, key=self._old_from, default=None)
            due = math.inf if oldest is None else self._old_from(oldest)
            if oldest is not None and due <= trio.current_time():
                return oldest
            with trio.move_on_at(due):
                await self._watchers.park()

    def _old_from(self, shard: Shard) -> float:
        lifetime = math.inf if self.endpoint.lifetime is None else self.endpoint.lifetime
        return max(shard.state_since + lifetime, shard.old_from)

    async def _hand_over(self, shard: Shard, successor: Shard, events_in: Events) -> None:
        missed = shard.state is not ConnectionState.CONNECTED
        shard.quiet, successor.quiet, successor.predecessor = True, False, None
        self._shards[shard.number] = successor
        self._stop(shard)
        if missed:
            await events_in.send([connected(self.endpoint, successor, time.time())])

    def redial(self) -> None:
        """Drop every connection and dial anew, at once."""
        for shard in self._shards.values():
            shard.hang_up()

    async def wait_connected(self) -> None:
        """Wait until a connection is up for everything that is wanted."""
        while not self._is_connected():
            await self._watchers.park()
        await trio.lowlevel.checkpoint()

    def _is_connected(self) -> bool:
        up = [s for s in self._shards.values() if s.state is ConnectionState.CONNECTED]
        if self.interest.broadcasts and not up:
            return False
        return self.interest.wanted <= frozenset[str]().union(*(s.keys for s in up))

    async def wait_disconnected(self) -> None:
        """Wait until no connection is left."""
        while self._running or self._shards:
            await self._watchers.park()
        await trio.lowlevel.checkpoint()

    @property
    def totals(self) -> ConnectionTotals:
        """Counts over all connections there have ever been."""
        totals = self._totals
        for shard in self._shards.values():
            totals = totals.plus(shard.totals())
        return totals

    def statistics(self) -> tuple[ConnectionStatistics, ...]:
        """Every connection at this moment."""
        return tuple(shard.statistics() for _, shard in sorted(self._shards.items()))
