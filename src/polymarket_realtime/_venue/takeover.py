"""Replaces connections without a gap: the new one is up before the old one goes."""

from __future__ import annotations

import logging
import math
import time
from itertools import count
from typing import Final, Never

import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._venue.lanes import Lanes
from polymarket_realtime._venue.shard import ConnectionState, Shard
from polymarket_realtime._venue.supervisor import connected

__all__ = ["move_away", "rotate", "take_over"]

log = logging.getLogger("polymarket_realtime.feed")

Events = trio.MemorySendChannel[list[Event]]

_LONGEST_TAKEOVER: Final = 60.0
"""Seconds that a new connection has to show that it works, before the old one is let go; and
until the next attempt if it does not."""


async def rotate(lanes: Lanes, nursery: trio.Nursery, events_in: Events) -> Never:
    """Replace each connection that has lived its time, or has changed too much."""
    while True:
        shard = await _wait_due(lanes)
        await take_over(lanes, shard, nursery, events_in)


async def take_over(lanes: Lanes, shard: Shard, nursery: trio.Nursery, events_in: Events) -> None:
    """Have another connection carry what one carries. Does nothing if that is under way.

    If the new one does not come up in time, the old one stays.
    """
    if shard.successor is not None:
        await trio.lowlevel.checkpoint()
        return
    successor = lanes.start(shard.number, shard.lane, shard.keys, nursery, events_in, quiet=True)
    shard.successor, successor.predecessor = successor, shard
    with trio.move_on_after(_LONGEST_TAKEOVER):
        while not successor.covering and shard.successor is successor:
            await lanes.watchers.park()
    if shard.successor is not successor:
        return  # both have been stopped
    shard.successor = None
    if successor.covering:
        await _hand_over(lanes, shard, successor, events_in)
    else:
        log.warning("%s is not replaced: no other connection came up", shard.name)
        shard.old_from = trio.current_time() + _LONGEST_TAKEOVER
        lanes.stop(successor)


async def move_away(
    lanes: Lanes, shard: Shard, keys: frozenset[str], nursery: trio.Nursery, events_in: Events
) -> None:
    """Have some keys of a connection carried by a new one; its others do not notice."""
    lane = lanes.lane_of(shard)
    number = next(number for number in count() if number not in lane)
    lane[number] = fresh = lanes.start(number, shard.lane, keys, nursery, events_in)
    with trio.move_on_after(_LONGEST_TAKEOVER):
        while not fresh.is_open and lane.get(number) is fresh:
            await lanes.watchers.park()
    if fresh.is_open:
        if (holder := lane.get(shard.number)) is not None:  # it may have been replaced meanwhile
            holder.carry(holder.keys - keys)
    elif lane.get(number) is fresh:
        log.warning("%s does not come up: %d tokens stay on %s", fresh.name, len(keys), shard.name)
        lanes.stop(lane.pop(number))


async def _wait_due(lanes: Lanes) -> Shard:
    """The next connection that is to be replaced, waiting for it."""
    while True:
        shards = [
            shard
            for shard in lanes.shards()
            if shard.state is ConnectionState.CONNECTED and shard.successor is None
        ]
        oldest = min(shards, key=lambda shard: _old_from(lanes, shard), default=None)
        due = math.inf if oldest is None else _old_from(lanes, oldest)
        if oldest is not None and due <= trio.current_time():
            return oldest
        with trio.move_on_at(due):
            await lanes.watchers.park()


def _old_from(lanes: Lanes, shard: Shard) -> float:
    lifetime = math.inf if lanes.endpoint.lifetime is None else lanes.endpoint.lifetime
    if shard.churn >= lanes.endpoint.churn_limit:
        lifetime = 0.0
    return max(shard.state_since + lifetime, shard.old_from)


async def _hand_over(lanes: Lanes, shard: Shard, successor: Shard, events_in: Events) -> None:
    missed = shard.state is not ConnectionState.CONNECTED
    shard.quiet, successor.quiet, successor.predecessor = True, False, None
    lanes.lane_of(shard)[shard.number] = successor
    lanes.stop(shard)
    if missed:
        await events_in.send([connected(lanes.endpoint, successor, time.time())])
