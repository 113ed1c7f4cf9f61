"""Keeps one connection alive: dial, run, say what happened, wait, dial again."""

from __future__ import annotations

import time
from typing import Never

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Connected, Interrupted
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.closes import Redial
from polymarket_realtime._venue.connection import run_connection
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.shard import ConnectionState, Shard
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime.errors import ConnectionLost, TransportError
from polymarket_realtime.groups import leaves

__all__ = ["connected", "interruption", "supervise"]


async def supervise(
    endpoint: Endpoint,
    shard: Shard,
    events_in: trio.MemorySendChannel[list[Event]],
    *,
    open_stream: OpenStream,
    uniform: Uniform,
) -> Never:
    """Hold one connection, for ever.

    Error handling:
        A `TransportError` ends the attempt, is told to subscribers as `Interrupted`, and leads
        to the next dial: the very first failure like any later one. Anything else is a bug and
        brings the tree down.
    """
    while True:
        with shard.new_attempt() as attempt:
            error = await _run_attempt(endpoint, shard, events_in, open_stream)
            redial = endpoint.plan_redial(error)
            if redial.park and not shard.keys and endpoint.of_assets:
                redial = attrs.evolve(redial, park=False)
            delay = _plan_wait(endpoint, shard, redial, uniform)
            shard.attempt += 1
        if attempt.cancelled_caught:
            redial, delay = Redial("replaced on request"), 0.0
        else:
            shard.failures += 1
            shard.last_error = redial.reason
        told = interruption(endpoint, shard, redial.reason, None if redial.park else delay)
        if told:
            await events_in.send(told)
        with shard.new_attempt():
            await _wait_for_redial(shard, redial, delay)


async def _run_attempt(
    endpoint: Endpoint,
    shard: Shard,
    events_in: trio.MemorySendChannel[list[Event]],
    open_stream: OpenStream,
) -> TransportError:
    """One dial and, if it succeeds, one connection; the error that ended it."""
    shard.enter(ConnectionState.CONNECTING)
    shard.dials += 1
    failure: TransportError | None = None
    try:
        await endpoint.prepare()
        async with open_stream(shard.url) as stream:
            shard.connects += 1
            shard.enter(ConnectionState.CONNECTED)
            now, wall = trio.current_time(), time.time()
            protocol = endpoint.make_protocol(shard.keys, now, wall - now)
            try:
                if not shard.quiet:
                    await events_in.send([connected(endpoint, shard, wall)])
                await run_connection(stream, protocol, shard, events_in, endpoint.companion)
            finally:
                protocol.connection_lost(trio.current_time())
    except* TransportError as group:
        failure = _most_telling(group)
    assert failure is not None, "a connection ends by an error only"
    return failure


def _most_telling(group: BaseExceptionGroup[TransportError]) -> TransportError:
    """Reader and writer may both fail; the close frame's own words say the most."""
    errors = leaves(group)
    with_code = [e for e in errors if isinstance(e, ConnectionLost) and e.code is not None]
    return (with_code or errors)[0]


async def _wait_for_redial(shard: Shard, redial: Redial, delay: float) -> None:
    if redial.park:
        shard.enter(ConnectionState.PARKED)
        keys = shard.keys
        # Without keys it is wanted for what is told to everybody, and that goes on.
        while shard.keys and shard.keys <= keys:
            await shard.changed.wait()
    else:
        shard.enter(ConnectionState.WAITING, redial_at=trio.current_time() + delay)
        await trio.sleep(delay)


def _plan_wait(endpoint: Endpoint, shard: Shard, redial: Redial, uniform: Uniform) -> float:
    if redial.within is not None:
        return uniform(0.0, redial.within)
    return max(endpoint.backoff.delay(shard.attempt, uniform), redial.at_least)


def connected(endpoint: Endpoint, shard: Shard, wall: float) -> Connected:
    """What is told of a connection that is open."""
    return Connected(
        received=wall,
        connection=shard.name,
        asset_ids=endpoint.assets_among(shard.keys),
        attempt=shard.dials,
    )


def interruption(
    endpoint: Endpoint, shard: Shard, reason: str, retry_in: float | None
) -> list[Event]:
    """What is told of a connection that is lost, or could not be had.

    Nothing of what another connection carries as well.
    """
    wall = time.time()
    lost = endpoint.interrupt(shard.keys, reason, wall)
    if not lost and (shard.keys or shard.has_deputy):
        return endpoint.untold()
    interrupted = Interrupted(
        received=wall,
        connection=shard.name,
        asset_ids=endpoint.assets_among(lost),
        reason=reason,
        retry_in=None if retry_in is None else round(retry_in, 3),
    )
    return [interrupted, *endpoint.untold()]
