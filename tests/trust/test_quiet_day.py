"""No false alarm on a quiet market over 24 virtual hours, each fault in an hour of its own."""

from __future__ import annotations

import trio
import trio.testing
from rows import ROWS, Row
from trust_world import TRUSTED, World, open_world, seconds

from polymarket_realtime import AssetState, Event, Gap, Interrupted, StateChanged
from virtual.virtual_sandbox import virtual_wall

HOUR = 3600.0
AFTERMATH = 600.0
"""Seconds after a fault in which its end may still be told."""

NOTHING_TO_MISS = {"freeze with PONG", "freeze of one token", "duplicated frames", "clock skew"}
"""Faults of which a quiet market must not show anything: what they take away is not there."""

REAL_CHANGES = {"lost price_change", "corrupted frame", "tick change", "late frames"}
"""Faults that need a change to happen to: a token that has missed one is rightly frozen."""


async def have(world: World, row: Row) -> None:
    """Let a fault come and go."""
    if row.inject is not None:
        await row.inject(world)
    else:
        assert row.before is not None
        row.before(world.sandbox, list(world.busy))
    await trio.sleep(row.lasts or 60)
    world.sandbox.clock.offset = 0.0
    world.heal()


def allowed(row: Row) -> frozenset[AssetState]:
    if row.name in NOTHING_TO_MISS:
        return TRUSTED
    if row.name in REAL_CHANGES:
        return row.states | TRUSTED | {AssetState.FROZEN}
    return row.states | TRUSTED


async def live_a_day() -> tuple[dict[str, tuple[float, float]], World]:
    """When each fault was there, and what was left in the evening."""
    times = {}
    async with open_world(rate=0, busy=1, silent=1, judged=False) as world:
        for number, row in enumerate(ROWS, 1):
            await trio.sleep(number * HOUR - trio.current_time())
            await have(world, row)
            times[row.name] = (number * HOUR, trio.current_time() + AFTERMATH)
        await trio.sleep(24 * HOUR - trio.current_time())
        world.reader.read()
    return times, world


def the_fault_is_told_as_no_more_than_it_is(row: Row, told: list[Event]) -> None:
    states = {event.state for event in told if isinstance(event, StateChanged)}
    assert states <= allowed(row), f"{row.name}: {states - allowed(row)}"


def nothing_is_told_between_the_faults(told: list[Event]) -> None:
    for event in told:
        assert not isinstance(event, (Gap, Interrupted)), event
        if isinstance(event, StateChanged):
            assert event.state in TRUSTED, event


def test_a_quiet_market_raises_no_false_alarm_in_24_hours_of_faults(monkeypatch):
    virtual_wall(monkeypatch)
    times, world = trio.run(live_a_day, clock=trio.testing.MockClock(autojump_threshold=0.0))
    left = list(world.reader.events)
    for row in ROWS:
        begin, end = times[row.name]
        told = [event for event in left if begin <= seconds(event.received) <= end]
        the_fault_is_told_as_no_more_than_it_is(row, told)
        left = [event for event in left if event not in told]
    nothing_is_told_between_the_faults(left)
    assert set(world.reader.states.values()) == {AssetState.QUIET}
