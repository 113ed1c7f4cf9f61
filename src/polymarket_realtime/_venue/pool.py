"""All connections to one endpoint: as many as its wanted assets need, and none for nothing."""

from __future__ import annotations

import time
from typing import Never

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Interrupted
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.shards import plan_shards
from polymarket_realtime._venue.endpoints import Endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.shard import (
    ConnectionState,
    ConnectionStatistics,
    ConnectionTotals,
    Shard,
)
from polymarket_realtime._venue.supervisor import supervise
from polymarket_realtime._venue.transport import OpenStream

__all__ = ["Pool"]


@attrs.define(eq=False)
class Pool:
    """Follows the interest with connections.

    Nothing is dialled before somebody wants something, and a connection ends with the last
    reader of its assets.
    """

    endpoint: Endpoint
    interest: Interest
    open_stream: OpenStream
    uniform: Uniform
    _shards: dict[int, Shard] = attrs.field(factory=dict, init=False)
    _watchers: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _running: int = attrs.field(default=0, init=False)
    _totals: ConnectionTotals = attrs.field(factory=ConnectionTotals, init=False)

    async def run(self, events_in: trio.MemorySendChannel[list[Event]]) -> Never:
        """Start, change and stop connections as the interest changes.

        Resource handling:
            `events_in` is this task's own clone and is closed when it ends.
        """
        with events_in:
            async with trio.open_nursery() as nursery:
                while True:
                    self._follow(nursery, events_in)
                    await self.interest.changed.wait()

    def _follow(
        self, nursery: trio.Nursery, events_in: trio.MemorySendChannel[list[Event]]
    ) -> None:
        interest = self.interest
        plan = plan_shards(
            {number: shard.assets for number, shard in self._shards.items()},
            frozenset() if interest.suspended else interest.wanted,
            capacity=self.endpoint.capacity,
            broadcasts=interest.broadcasts and not interest.suspended,
        )
        for number in self._shards.keys() - plan.keys():
            self._stop(self._shards.pop(number))
        for number, assets in plan.items():
            if number in self._shards:
                self._shards[number].carry(assets)
            else:
                shard = Shard(number, self.endpoint.name, self.endpoint.url, assets, self._watchers)
                self._shards[number] = shard
                nursery.start_soon(self._supervise, shard, events_in.clone(), name=shard.name)
        self.endpoint.retain(interest.wanted, interest.broadcasts)

    async def _supervise(
        self, shard: Shard, events_in: trio.MemorySendChannel[list[Event]]
    ) -> None:
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
            # Only a shard that the pool has stopped comes here. Its assets may still have
            # readers, if all connections are suspended.
            self._running -= 1
            self._watchers.unpark_all()
            orphans = shard.assets & self.interest.wanted
            if orphans or (self.interest.broadcasts and self.interest.suspended):
                suspended = _suspended(shard, orphans)
                self.endpoint.interrupt(suspended.asset_ids, suspended.received)
                await events_in.send([suspended])

    def _stop(self, shard: Shard) -> None:
        shard.scope.cancel()
        self._totals = self._totals.plus(shard.totals())

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
        return self.interest.wanted <= frozenset[AssetId]().union(*(s.assets for s in up))

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


def _suspended(shard: Shard, assets: frozenset[AssetId]) -> Interrupted:
    return Interrupted(
        received=time.time(),
        connection=shard.name,
        asset_ids=tuple(sorted(assets)),
        reason="disconnected on request",
        retry_in=None,
    )
