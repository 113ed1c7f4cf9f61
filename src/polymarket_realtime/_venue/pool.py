"""All connections to one endpoint: as many as what is wanted needs, and none for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Never

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.shards import plan_shards
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.lanes import Lanes
from polymarket_realtime._venue.shard import (
    ConnectionState,
    ConnectionStatistics,
    ConnectionTotals,
)
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime._venue.takeover import move_away, rotate, take_over

__all__ = ["Pool"]

Events = trio.MemorySendChannel[list[Event]]


@attrs.define(eq=False)
class Pool:
    """Follows the interest with connections.

    Nothing is dialled before somebody wants something, and a connection ends with the last
    reader of what it carries.
    """

    endpoint: Endpoint
    interest: Interest
    _open_stream: OpenStream
    _uniform: Uniform
    _lanes: Lanes = attrs.field(init=False)
    _moves: set[str] = attrs.field(factory=set, init=False)
    _replacements: set[str] = attrs.field(factory=set, init=False)

    @_lanes.default
    def _make_lanes(self) -> Lanes:
        return Lanes(self.endpoint, self.interest, self._open_stream, self._uniform)

    async def run(self, events_in: Events) -> Never:
        """Start, change and stop connections as the interest changes.

        Resource handling:
            `events_in` is this task's own clone and is closed when it ends.
        """
        with events_in:
            async with trio.open_nursery() as nursery:
                if self.endpoint.lifetime is not None:
                    name = f"rotate {self.endpoint.name}"
                    nursery.start_soon(rotate, self._lanes, nursery, events_in, name=name)
                while True:
                    self._follow(nursery, events_in)
                    self._carry_out_orders(nursery, events_in)
                    await self.interest.changed.wait()

    def _follow(self, nursery: trio.Nursery, events_in: Events) -> None:
        interest = self.interest
        for name, lane in self._lanes.items():
            plan = plan_shards(
                {number: shard.keys for number, shard in lane.items()},
                () if interest.suspended else interest.in_order(),
                capacity=self.endpoint.capacity,
                broadcasts=interest.broadcasts and not interest.suspended,
            )
            for number in lane.keys() - plan.keys():
                self._lanes.stop(lane.pop(number))
            for number, keys in plan.items():
                if number in lane:
                    lane[number].carry(keys)
                else:
                    lane[number] = self._lanes.start(number, name, keys, nursery, events_in)
        self.endpoint.retain(interest.wanted, interest.broadcasts)
        # An open connection that carries something more changes no state, but ends waits.
        self._lanes.watchers.unpark_all()

    # What is asked for, beside what is wanted

    def ask_again(self, keys: Iterable[str]) -> None:
        """Let the connections of these keys look whether they are to ask for something again."""
        wanted = frozenset(keys)
        for shard in self._lanes.shards():
            if not wanted.isdisjoint(shard.keys):
                shard.changed.ring()

    def move(self, key: str) -> None:
        """Have a key carried by a new connection, which its present neighbours do not notice."""
        self._moves.add(key)
        self.interest.changed.ring()

    def replace(self, key: str) -> None:
        """Replace the connections that carry a key: the new one is up before the old one goes."""
        self._replacements.add(key)
        self.interest.changed.ring()

    def _carry_out_orders(self, nursery: trio.Nursery, events_in: Events) -> None:
        moves, self._moves = self._moves, set()
        replacements, self._replacements = self._replacements, set()
        lanes = self._lanes
        for shard in list(lanes.shards()):
            moving = shard.keys & moves
            if not shard.keys.isdisjoint(replacements) or (moving and moving == shard.keys):
                name = f"replace {shard.name}"
                nursery.start_soon(take_over, lanes, shard, nursery, events_in, name=name)
            elif moving:
                name = f"move away from {shard.name}"
                nursery.start_soon(move_away, lanes, shard, moving, nursery, events_in, name=name)

    def redial(self) -> None:
        """Drop every connection and dial anew, at once."""
        for shard in self._lanes.shards():
            shard.hang_up()

    async def wait_connected(self) -> None:
        """Wait until a connection is up for everything that is wanted."""
        while not self._is_connected():
            await self._lanes.watchers.park()
        await trio.lowlevel.checkpoint()

    def _is_connected(self) -> bool:
        up = [s for s in self._lanes.shards() if s.state is ConnectionState.CONNECTED]
        if self.interest.broadcasts and not up:
            return False
        return self.interest.wanted <= frozenset[str]().union(*(s.keys for s in up))

    async def wait_disconnected(self) -> None:
        """Wait until no connection is left."""
        while not self._lanes.has_ended:
            await self._lanes.watchers.park()
        await trio.lowlevel.checkpoint()

    @property
    def totals(self) -> ConnectionTotals:
        """Counts over all connections there have ever been."""
        return self._lanes.totals

    def statistics(self) -> tuple[ConnectionStatistics, ...]:
        """Every connection at this moment."""
        return tuple(shard.statistics() for shard in self._lanes.shards())
