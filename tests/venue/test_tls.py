"""The draining TLS stream, against trio's own on the other end of a pipe in memory."""

import ssl
import tracemalloc
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
import trustme
from trio.testing import (
    check_two_way_stream,
    lockstep_stream_pair,
    memory_stream_pair,
    wait_all_tasks_blocked,
)

from polymarket_realtime._venue.scratch import SCRATCH_SIZE
from polymarket_realtime._venue.tls import DrainingTLSStream

HOST = "venue.test"
RECORD = b"r" * 600


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.fixture
def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def open_pair(client_context, server_context):
    """Both ends after the handshake, and the raw pipes under them."""

    @asynccontextmanager
    async def open_pair(version=ssl.TLSVersion.TLSv1_3):
        near, far = memory_stream_pair()
        client_context.maximum_version = version
        client = DrainingTLSStream(near, client_context, HOST)
        server = trio.SSLStream(far, server_context, server_side=True, https_compatible=False)
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server.do_handshake)
                await client.do_handshake()
            # The tickets of TLS 1.3 leave with the first thing that the server sends.
            await server.send_all(b"hello")
            assert await client.receive_some() == b"hello"
            yield client, server, near, far

    return open_pair


async def expect_alert(shake_hands):
    """The refused end is told, so its logs can say why."""
    with pytest.raises(trio.BrokenResourceError) as caught:
        await shake_hands()
    assert "ALERT" in str(caught.value.__cause__)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_one_receive_returns_every_record_that_has_arrived(open_pair, version):
    async with open_pair(version) as (client, server, _near, _far):
        for _ in range(100):
            await server.send_all(RECORD)
        assert await client.receive_some(65_536) == RECORD * 100


async def test_records_beyond_the_asked_size_are_kept_for_the_next_receive(open_pair):
    async with open_pair() as (client, server, _near, _far):
        for _ in range(4):
            await server.send_all(RECORD)
        sizes = [len(await client.receive_some(size)) for size in (1000, 800, 1, 9999)]
        assert sizes == [1000, 800, 1, 599]


async def test_a_short_record_takes_no_memory_for_a_long_one(open_pair):
    async with open_pair() as (client, server, _near, _far):
        await server.send_all(RECORD)
        tracemalloc.start()
        try:
            await client.receive_some()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < SCRATCH_SIZE / 4


async def test_long_sends_pass_in_both_directions_at_once(open_pair):
    body = bytes(range(256)) * 4096

    async def read(stream, into):
        while len(into) < len(body):
            into += await stream.receive_some()

    async with open_pair() as (client, server, _near, _far):
        at_client, at_server = bytearray(), bytearray()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send_all, body)
            nursery.start_soon(server.send_all, body)
            nursery.start_soon(read, client, at_client)
            nursery.start_soon(read, server, at_server)
        assert at_client == at_server == body


@pytest.mark.parametrize(
    ("host", "problem"),
    [("elsewhere.test", "Hostname mismatch"), (HOST, "unable to get local issuer certificate")],
    ids=["other host", "unknown authority"],
)
async def test_handshake_refuses_a_certificate_that_proves_nothing(
    host, problem, client_context, server_context
):
    near, far = memory_stream_pair()
    context = client_context if host != HOST else ssl.create_default_context()
    client = DrainingTLSStream(near, context, host)
    server = trio.SSLStream(far, server_context, server_side=True)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_alert, server.do_handshake)
            with pytest.raises(trio.BrokenResourceError) as caught:
                await client.do_handshake()
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert problem in caught.value.__cause__.verify_message


async def test_server_that_hangs_up_in_the_handshake_breaks_it(client_context):
    near, far = memory_stream_pair()
    await far.aclose()
    client = DrainingTLSStream(near, client_context, HOST)
    with trio.fail_after(5), pytest.raises(trio.BrokenResourceError):
        await client.do_handshake()


@pytest.mark.parametrize("farewell", [True, False], ids=["close_notify", "bare end"])
async def test_end_is_told_after_the_last_record_with_or_without_a_farewell(open_pair, farewell):
    async with open_pair() as (client, server, _near, far):
        await server.send_all(RECORD)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.aclose if farewell else far.aclose)
            await wait_all_tasks_blocked()
            assert await client.receive_some() == RECORD
            assert await client.receive_some() == b""
            assert await client.receive_some() == b""
            await client.aclose()


async def test_forged_record_breaks_the_stream_after_the_true_ones_before_it(open_pair):
    async with open_pair() as (client, server, _near, far):
        await server.send_all(RECORD)
        await far.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
        assert await client.receive_some() == RECORD
        for _ in range(2):
            with pytest.raises(trio.BrokenResourceError) as caught:
                await client.receive_some()
            assert isinstance(caught.value.__cause__, ssl.SSLError)


async def test_cancelled_receive_loses_nothing(open_pair):
    async with open_pair() as (client, server, _near, _far):
        with trio.move_on_after(0) as at_once:
            await client.receive_some()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.receive_some)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await server.send_all(RECORD)
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.receive_some()
        assert at_once.cancelled_caught
        assert await client.receive_some() == RECORD


async def test_close_says_farewell_and_does_not_wait_for_the_answer(open_pair):
    async with open_pair() as (client, server, _near, _far):
        await client.aclose()
        assert await server.receive_some() == b""  # raises if the farewell is missing


async def test_closed_stream_can_only_be_closed_again(open_pair):
    async with open_pair() as (client, _server, _near, _far):
        await client.aclose()
        await client.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await client.receive_some()
        with pytest.raises(trio.ClosedResourceError):
            await client.send_all(b"late")


async def test_stream_keeps_every_promise_of_trios_stream_interface(client_context, server_context):
    async def make(pair):
        near, far = pair()
        client = DrainingTLSStream(near, client_context, HOST)
        server = trio.SSLStream(far, server_context, server_side=True, https_compatible=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.do_handshake)
            await client.do_handshake()
        return client, server

    with trio.fail_after(5):
        await check_two_way_stream(
            partial(make, memory_stream_pair), partial(make, lockstep_stream_pair)
        )
