"""Replacing a connection before the venue would end it, on the virtual clock."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import trio

from polymarket_realtime import (
    ActivityTopic,
    ActivityTrade,
    CommentTopic,
    Connected,
    Gap,
    Interrupted,
    Settings,
    open_service,
)
from polymarket_realtime.testing import MemoryVenue

LIFETIME = 100.0


def trade(number: int) -> dict:
    return {
        "topic": "activity",
        "type": "trades",
        "timestamp": 1_787_102_287_053 + number,
        "connection_id": "memory",
        "payload": {
            "asset": "7" * 77,
            "conditionId": "0x" + "c0" * 32,
            "eventSlug": "an-event",
            "slug": "a-market",
            "title": "A market?",
            "outcome": "Yes",
            "outcomeIndex": 0,
            "price": 0.25,
            "size": 4,
            "side": "BUY",
            "proxyWallet": "0x" + "a1" * 20,
            "name": "",
            "pseudonym": "Sample-Trader",
            "timestamp": 1_787_102_287 + number,
            "transactionHash": f"0x{number:064x}",
        },
    }


class Desk:
    """A venue that tells the same trade to every open connection, once a second."""

    def __init__(self) -> None:
        self.venue = MemoryVenue()
        self.told = 0

    async def run(self) -> None:
        while True:
            await trio.sleep(1)
            self.told += 1
            for connection in self.open:
                connection.say(trade(self.told))

    @property
    def open(self):
        return [each for each in self.venue.connections if not each.closed]


@asynccontextmanager
async def open_desk(**changes):
    """A reader of everybody's trades, and the venue that tells them."""
    desk = Desk()
    settings = Settings(connection_lifetime=LIFETIME, **changes)
    async with (
        open_service(settings, open_stream=desk.venue.open_stream) as service,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(desk.run)
        with service.subscribe(ActivityTopic(), capacity=10_000) as events:
            yield desk, events, service
        nursery.cancel_scope.cancel()


def hashes(events) -> list[str]:
    return [each.transaction_hash for each in events if isinstance(each, ActivityTrade)]


def continuity(events) -> list[type]:
    return [type(each) for each in events if isinstance(each, Connected | Interrupted | Gap)]


async def test_the_new_connection_is_live_before_the_old_one_goes(autojump_clock):
    async with open_desk() as (desk, _events, _):
        await trio.sleep(LIFETIME + 1.5)
        assert len(desk.open) == 2
        await trio.sleep(30)
        old, new = desk.venue.connections
        assert old.closed
        assert not new.closed


async def test_a_rotation_loses_nothing_and_tells_nothing_twice(autojump_clock):
    async with open_desk() as (desk, events, _):
        await trio.sleep(10 * LIFETIME + 0.5)
        heard = events.receive_nowait()
    assert len(desk.venue.connections) >= 9
    assert hashes(heard) == [f"0x{number:064x}" for number in range(1, desk.told + 1)]
    assert continuity(heard) == [Connected]


async def test_the_old_connection_stays_while_no_other_comes_up(autojump_clock):
    async with open_desk() as (desk, events, _):
        await trio.sleep(LIFETIME - 1.5)
        desk.venue.down = "connection refused"
        await trio.sleep(10 * 60)
        assert [each.closed for each in desk.venue.connections] == [False]
        desk.venue.down = None
        await trio.sleep(3 * 60)
        assert next(each.closed for each in desk.venue.connections)
        heard = events.receive_nowait()
    assert len(hashes(heard)) == desk.told
    assert continuity(heard) == [Connected]


async def test_losing_the_old_connection_while_the_new_one_carries_is_no_gap(autojump_clock):
    async with open_desk() as (desk, events, _):
        await trio.sleep(LIFETIME + 1.5)
        assert len(desk.open) == 2
        desk.venue.connections[0].drop(1001, "going away")
        await trio.sleep(30)
        heard = events.receive_nowait()
    assert len(hashes(heard)) == desk.told
    assert continuity(heard) == [Connected, Connected]


async def test_both_connections_end_when_nobody_listens_any_more(autojump_clock):
    async with open_desk() as (desk, events, _):
        await trio.sleep(LIFETIME + 1.5)
        assert len(desk.open) == 2
        events.close()
        await trio.testing.wait_all_tasks_blocked()
        assert desk.open == []


async def test_losing_the_only_connection_is_a_gap_that_is_told(autojump_clock):
    async with open_desk() as (desk, events, _):
        await trio.sleep(20.5)
        desk.venue.connections[0].drop()
        await trio.sleep(20)
        heard = events.receive_nowait()
    assert continuity(heard) == [Connected, Interrupted, Connected, Gap]
    (gap,) = [each for each in heard if isinstance(each, Gap)]
    assert (gap.feed, gap.stream, gap.missed, gap.filled) == ("rtds", "activity", None, False)


async def test_a_silent_stream_on_an_open_connection_is_a_gap_that_is_told(autojump_clock):
    async with open_desk() as (desk, events, _service):
        await trio.sleep(10.5)
        silent = desk.venue.connections[0]
        silent.say = lambda *frames: None
        await trio.sleep(60)
        heard = events.receive_nowait()
    told = [each for each in heard if isinstance(each, Interrupted | Gap)]
    assert [type(each) for each in told] == [Interrupted, Gap]
    assert "activity" in told[0].reason


async def test_a_connection_on_which_nothing_has_to_come_is_replaced_as_well(autojump_clock):
    venue = MemoryVenue()
    settings = Settings(connection_lifetime=LIFETIME)
    async with open_service(settings, open_stream=venue.open_stream) as service:
        with service.subscribe(CommentTopic()) as events:
            await trio.sleep(LIFETIME + 20)
            assert [each.closed for each in venue.connections] == [True, False]
            assert continuity(events.receive_nowait()) == [Connected]


@pytest.mark.parametrize("first", [0, 1])
async def test_losing_both_connections_during_a_rotation_is_told(autojump_clock, first):
    async with open_desk() as (desk, events, _):
        await trio.sleep(LIFETIME + 2.5)
        assert len(desk.open) == 2
        events.receive_nowait()
        desk.venue.connections[first].drop()
        await trio.testing.wait_all_tasks_blocked()
        desk.venue.connections[1 - first].drop()
        await trio.sleep(30)
        told = continuity(events.receive_nowait())
    assert [kind for kind in told if kind is not Connected] == [Interrupted, Gap]


async def test_after_a_rotation_that_failed_the_next_one_waits(autojump_clock):
    async with open_desk() as (desk, _events, _):
        await trio.sleep(LIFETIME - 1)
        desk.venue.down = "connection refused"
        await trio.sleep(65)
        dials = len(desk.venue.dials)
        await trio.sleep(50)
        assert len(desk.venue.dials) == dials


async def test_a_takeover_from_a_lost_connection_is_told(autojump_clock):
    async with open_desk(backoff_initial=50.0, backoff_jitter=0) as (desk, events, _):
        await trio.sleep(LIFETIME + 1.5)
        events.receive_nowait()
        desk.venue.connections[0].drop()
        await trio.sleep(20)
        assert continuity(events.receive_nowait()) == [Connected]


async def test_no_interruption_is_told_of_a_connection_that_was_only_prepared(autojump_clock):
    async with open_desk() as (_desk, events, service):
        await trio.sleep(LIFETIME + 1.5)
        await service.suspend()
        assert continuity(events.receive_nowait()).count(Interrupted) == 1


async def test_what_is_wanted_during_a_rotation_goes_to_both_connections(autojump_clock):
    async with open_desk() as (desk, _events, service):
        await trio.sleep(LIFETIME + 1.5)
        assert len(desk.open) == 2
        with service.subscribe(CommentTopic()):
            await trio.sleep(1)
            for connection in desk.venue.connections:
                assert any("comments" in frame for frame in connection.received)
