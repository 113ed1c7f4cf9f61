"""The buffer that all reads of a run share."""

from __future__ import annotations

import os
import socket
import tracemalloc

import pytest
import trio

from polymarket_realtime._venue.inflow import Inflow
from polymarket_realtime._venue.scratch import SCRATCH_SIZE, scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are no files there")


@pytest.fixture
async def inflows():
    """Two streams, each with the socket at its other end."""
    pairs = []
    for _ in range(2):
        near, far = socket.socketpair()
        near.setblocking(False)
        pairs.append((Inflow(trio.SocketStream(trio.socket.from_stdlib_socket(near))), far))
    with trio.fail_after(5):
        yield pairs
    for stream, far in pairs:
        far.close()
        await stream.aclose()


async def test_what_one_stream_has_read_is_not_overwritten_by_the_next(inflows):
    (one, to_one), (other, to_other) = inflows
    to_one.sendall(b"first")
    to_other.sendall(b"other")
    first = await one.receive_some()
    second = await other.receive_some()
    assert (first, second) == (b"first", b"other")


async def test_a_short_message_takes_no_more_memory_than_it_is_long(inflows):
    (stream, far), _ = inflows
    far.sendall(b"x" * 600)
    tracemalloc.start()
    try:
        await stream.receive_some()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SCRATCH_SIZE / 4


def test_each_run_has_one_of_its_own():
    async def mine():
        return scratch(), scratch()

    first, again = trio.run(mine)
    other, _ = trio.run(mine)
    assert first is again
    assert first is not other
