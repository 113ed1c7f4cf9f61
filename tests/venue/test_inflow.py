"""A socket that waits before it reads."""

from __future__ import annotations

import os
import socket
import struct
import tracemalloc
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from polymarket_realtime._venue.inflow import Inflow, wait_before_reading
from polymarket_realtime._venue.scratch import SCRATCH_SIZE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are no files there")


@asynccontextmanager
async def open_ends():
    """A stream that is read here, and the socket at the other end."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(True)
    stream = wait_before_reading(trio.SocketStream(trio.socket.from_stdlib_socket(near)))
    assert isinstance(stream, Inflow)
    with trio.fail_after(5):
        yield stream, far
    far.close()
    await stream.aclose()


@pytest.fixture
async def ends():
    async with open_ends() as ends:
        yield ends


async def test_all_that_has_arrived_comes_in_one_read(ends):
    stream, far = ends
    far.sendall(b"one")
    far.sendall(b"two")
    assert await stream.receive_some() == b"onetwo"


async def test_more_than_a_read_may_bring_waits_for_the_next(ends):
    stream, far = ends
    far.sendall(b"abcdef")
    assert [await stream.receive_some(4), await stream.receive_some(4)] == [b"abcd", b"ef"]


async def test_what_one_stream_has_read_is_not_overwritten_by_another(ends):
    """They share a buffer."""
    stream, far = ends
    async with open_ends() as (other, far_other):
        far.sendall(b"first")
        far_other.sendall(b"other")
        assert [await stream.receive_some(), await other.receive_some()] == [b"first", b"other"]


async def test_a_short_read_takes_no_memory_for_a_long_one(ends):
    stream, far = ends
    far.sendall(b"x" * 600)
    tracemalloc.start()
    try:
        await stream.receive_some()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SCRATCH_SIZE / 4


async def test_what_comes_after_a_pause_is_waited_for(ends, nursery):
    stream, far = ends
    received = []

    async def receive():
        received.extend([await stream.receive_some() for _ in range(3)])

    nursery.start_soon(receive)
    for message in (b"first", b"second", b"third"):
        await wait_all_tasks_blocked()
        far.sendall(message)
        await wait_all_tasks_blocked(0.01)
    assert received == [b"first", b"second", b"third"]


async def test_a_full_read_is_followed_by_one_that_finds_nothing(ends, nursery):
    stream, far = ends
    far.sendall(b"abcd")
    assert await stream.receive_some(4) == b"abcd"
    received = []

    async def receive():
        received.append(await stream.receive_some(4))

    nursery.start_soon(receive)
    await wait_all_tasks_blocked()
    far.sendall(b"e")
    await wait_all_tasks_blocked(0.01)
    assert received == [b"e"]


async def test_the_end_of_the_stream_is_empty_and_stays(ends):
    stream, far = ends
    far.sendall(b"last")
    far.close()
    assert [await stream.receive_some() for _ in range(3)] == [b"last", b"", b""]


async def test_cancelled_receive_loses_nothing(ends):
    stream, far = ends
    far.sendall(b"a")
    assert await stream.receive_some() == b"a"
    with trio.move_on_after(0.01):
        await stream.receive_some()
    far.sendall(b"b")
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.receive_some()
    assert await stream.receive_some() == b"b"


async def test_a_reset_connection_is_broken():
    listener = socket.create_server(("127.0.0.1", 0))
    tcp = await trio.open_tcp_stream(*listener.getsockname())
    peer, _ = listener.accept()
    stream = wait_before_reading(tcp)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    listener.close()
    with pytest.raises(trio.BrokenResourceError, match="reset"):
        await stream.receive_some()
    await stream.aclose()


@pytest.mark.parametrize("read_before", [False, True])
async def test_receiving_from_a_stream_that_is_closed_or_being_closed_says_so(ends, read_before):
    stream, far = ends
    if read_before:
        far.sendall(b"a")
        await stream.receive_some()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def receive():
            with pytest.raises(trio.ClosedResourceError):
                await stream.receive_some()

        await wait_all_tasks_blocked()
        await stream.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await stream.receive_some()


async def test_a_read_is_always_a_checkpoint(ends):
    stream, far = ends
    far.sendall(b"abcd")
    with trio.testing.assert_checkpoints():
        await stream.receive_some(2)
    with trio.testing.assert_checkpoints():
        await stream.receive_some(2)
