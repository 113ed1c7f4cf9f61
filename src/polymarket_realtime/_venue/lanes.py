"""The connections to one endpoint, as they are at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.shard import ConnectionTotals, Shard
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime._venue.supervisor import interruption, supervise

__all__ = ["Lanes"]

Events = trio.MemorySendChannel[list[Event]]

_NAMES: Final = ("", "b")
"""What the names of connections end with; those that carry the same differ in it."""


@attrs.define(eq=False)
class Lanes:
    """Begins connections, ends them, and knows all that there are.

    A key is carried by one connection in each lane.

    Attributes:
        watchers: Where to wait for the state of any connection to change.
    """

    endpoint: Endpoint
    interest: Interest
    _open_stream: OpenStream
    _uniform: Uniform
    watchers: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _lanes: dict[str, dict[int, Shard]] = attrs.field(init=False)
    _running: int = attrs.field(default=0, init=False)
    _totals: ConnectionTotals = attrs.field(factory=ConnectionTotals, init=False)

    @_lanes.default
    def _make_lanes(self) -> dict[str, dict[int, Shard]]:
        return {name: {} for name in _NAMES[: self.endpoint.copies]}

    def items(self) -> Iterator[tuple[str, dict[int, Shard]]]:
        """The lanes by their names, each with its connections by their numbers."""
        return iter(self._lanes.items())

    def lane_of(self, shard: Shard) -> dict[int, Shard]:
        """The connections among which each key is carried once, with one of them."""
        return self._lanes[shard.lane]

    def shards(self) -> Iterator[Shard]:
        """All connections that are in charge of something."""
        return (shard for lane in self._lanes.values() for _, shard in sorted(lane.items()))

    @property
    def has_ended(self) -> bool:
        """Whether no connection is left, not even one that is being closed."""
        return not self._running and not any(self._lanes.values())

    def start(
        self,
        number: int,
        lane: str,
        keys: frozenset[str],
        nursery: trio.Nursery,
        events_in: Events,
        *,
        quiet: bool = False,
    ) -> Shard:
        """Begin to hold a connection."""
        name, url = self.endpoint.name, self.endpoint.url
        shard = Shard(number, name, url, keys, self.watchers, quiet=quiet, lane=lane)
        nursery.start_soon(self._supervise, shard, events_in.clone(), name=shard.name)
        return shard

    def stop(self, shard: Shard) -> None:
        """Hold a connection no longer."""
        shard.scope.cancel()
        self._totals = self._totals.plus(shard.totals())
        if shard.successor is not None:
            self.stop(shard.successor)
            shard.successor = None

    @property
    def totals(self) -> ConnectionTotals:
        """Counts over all connections there have ever been."""
        totals = self._totals
        for shard in self.shards():
            totals = totals.plus(shard.totals())
        return totals

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
                    open_stream=self._open_stream,
                    uniform=self._uniform,
                )
            # Only a shard that has been stopped comes here. What it carried may still have
            # readers, if all connections are suspended.
            self._running -= 1
            shard.ended = True
            self.watchers.unpark_all()
            interest = self.interest
            carried = frozenset[str]().union(*(each.keys for each in self.shards()))
            shard.keys = shard.keys & interest.wanted - carried
            if not shard.quiet and (shard.keys or (interest.broadcasts and interest.suspended)):
                told = interruption(self.endpoint, shard, "disconnected on request", None)
                await events_in.send(told)
            elif shard.predecessor is not None and not shard.predecessor.is_open:
                shard.keys = shard.predecessor.keys & interest.wanted
                reason = "no connection came up to take over"
                await events_in.send(interruption(self.endpoint, shard, reason, None))
