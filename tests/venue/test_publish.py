"""What was noted as told reaches the hub, whatever happens to its connection."""

import trio

from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._venue.publish import publish

NEWS = [Incomplete(received=0.0, reason="test")]


async def test_events_are_handed_over_though_the_connection_was_just_cancelled():
    events_in, events_out = trio.open_memory_channel(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await publish(events_in, NEWS)
    assert events_out.receive_nowait() is NEWS


async def test_a_full_channel_is_waited_for_though_the_connection_was_just_cancelled(
    autojump_clock,
):
    events_in, events_out = trio.open_memory_channel(0)
    received = []

    async def read_late():
        await trio.sleep(1)
        received.append(await events_out.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_late)
        with trio.CancelScope() as scope:
            scope.cancel()
            await publish(events_in, NEWS)
    assert received == [NEWS]


async def test_nobody_waits_for_ever_for_a_hub_that_does_not_read(autojump_clock):
    events_in, _events_out = trio.open_memory_channel(0)
    began = trio.current_time()
    await publish(events_in, NEWS)
    assert trio.current_time() - began == 5.0
