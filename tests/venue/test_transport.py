"""The transport over real sockets on loopback, against peers that behave and peers that do not."""

import inspect
import os
import socket
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import attrs
import pytest
import trio
import trustme
from trio.testing import wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, WebSocketConnection, serve_websocket
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from polymarket_realtime._venue.dial import Dial, _retry_after
from polymarket_realtime._venue.plain_websocket import PlainWebSocket
from polymarket_realtime._venue.reader import Reader
from polymarket_realtime._venue.transport import open_text_stream
from polymarket_realtime.errors import ConnectFailed, ConnectionLost

LIMIT = 4 << 20


@asynccontextmanager
async def dial(url, **options):
    """`open_text_stream` with what most tests want, and no test may hang in it."""
    options = {"open_timeout": 5, "max_message_size": LIMIT, "user_agent": "test/1.0"} | options
    with trio.fail_after(5):
        async with open_text_stream(url, **options) as stream:
            yield stream


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(params=["batches", "plain"])
def either_way(request, monkeypatch):
    """Once with the reader that we run ourselves, and once without."""
    if request.param == "plain":
        monkeypatch.setattr(Reader, "is_possible", lambda: False)


@pytest.fixture
def serve(nursery):
    """Serve each connection with `handler(stream)` on loopback; returns host and port."""

    async def serve(handler):
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, handler, listeners)
        return f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"

    return serve


@pytest.fixture
def serve_websockets(nursery):
    """Serve each WebSocket with `handler(websocket)`, by trio-websocket; returns host and port."""

    async def serve(handler, context=None):
        async def accept(request):
            with suppress(ConnectionClosed):
                await handler(await request.accept())

        server = await nursery.start(serve_websocket, accept, "127.0.0.1", 0, context)
        return f"127.0.0.1:{server.port}"

    return serve


async def accept(stream):
    """Do the server's handshake by hand; returns its wsproto end and the request."""
    server = WSConnection(ConnectionType.SERVER)
    while True:
        server.receive_data(await stream.receive_some())
        for request in server.events():
            assert isinstance(request, Request)
            await stream.send_all(server.send(AcceptConnection()))
            return server, request


async def receive(stream, count):
    """The next *count* messages, and the sizes of the batches they came in."""
    messages, sizes = [], []
    while len(messages) < count:
        batch = await stream.receive_batch()
        messages += batch
        sizes.append(len(batch))
    return messages, sizes


async def until_closed(stream):
    """Everything that the client still sends."""
    received = b""
    with suppress(trio.BrokenResourceError):
        while data := await stream.receive_some():
            received += data
    return received


async def expect_lost(do):
    with pytest.raises(ConnectionLost) as caught:
        await do()
    return caught.value


async def expect_failure(url, **options):
    """`ConnectFailed` comes bare, not in a group."""
    with pytest.raises(ConnectFailed) as caught:
        async with dial(url, **options):
            pytest.fail("a WebSocket was opened")
    assert caught.value.url == url
    return caught.value


@attrs.define
class Cork(trio.abc.SendStream):
    """Holds back what is sent until it is told to send all of it at once."""

    stream: trio.abc.SendStream
    held: bytearray | None = None

    async def send_all(self, data):
        if self.held is None:
            await self.stream.send_all(data)
        else:
            await trio.lowlevel.checkpoint()
            self.held += data

    async def wait_send_all_might_not_block(self):
        await trio.lowlevel.checkpoint()

    async def uncork(self):
        await self.stream.send_all(self.held)
        self.held = None

    async def aclose(self):
        await self.stream.aclose()


# Messages


async def test_messages_of_one_read_come_as_one_batch(serve):
    messages = [b'{"n":%d}' % n for n in range(1000)]

    async def handler(stream):
        server, _ = await accept(stream)
        frames = [server.send(TextMessage(data=message.decode())) for message in messages]
        await stream.send_all(b"".join(frames))

    async with dial(f"ws://{await serve(handler)}") as stream:
        assert await receive(stream, 1000) == (messages, [1000])


@pytest.mark.parametrize("per_record", [1, 1000], ids=["many records", "one record"])
async def test_batches_form_over_tls_however_the_server_cuts_records(
    serve, server_context, client_context, per_record
):
    messages = [b'{"n":%d}' % n for n in range(1000)]

    async def handler(stream):
        cork = Cork(stream)
        tls = trio.SSLStream(
            trio.StapledStream(cork, stream),
            server_context,
            server_side=True,
            https_compatible=True,
        )
        server, _ = await accept(tls)
        cork.held = bytearray()
        frames = [server.send(TextMessage(data=message.decode())) for message in messages]
        for at in range(0, 1000, per_record):
            await tls.send_all(b"".join(frames[at : at + per_record]))
        await cork.uncork()

    url = f"wss://{await serve(handler)}"
    async with dial(url, ssl_context=client_context) as stream:
        received, sizes = await receive(stream, 1000)
    assert received == messages
    assert len(sizes) <= 4


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("message", ["", "a\x1eb", b"\x00\xff\x1e", "x" * (2 << 20)])
async def test_text_and_binary_of_any_kind_pass_both_ways(serve_websockets, message):
    async def handler(websocket):
        assert await websocket.get_message() == "go"
        await websocket.send_message(message)
        assert await websocket.get_message() == "thanks"

    async with dial(f"ws://{await serve_websockets(handler)}") as stream:
        await stream.send("go")
        expected = message.encode() if isinstance(message, str) else message
        assert await stream.receive_batch() == [expected]
        await stream.send("thanks")


@pytest.mark.usefixtures("either_way")
async def test_cancelled_receive_loses_nothing(serve_websockets):
    async def handler(websocket):
        for number in range(50):
            await websocket.get_message()
            await websocket.send_message(str(number))

    received, cancelled = [], 0
    async with dial(f"ws://{await serve_websockets(handler)}") as stream:
        for number in range(50):
            await stream.send("next")
            patience = 0.0
            while len(received) <= number:
                with trio.move_on_after(patience) as scope:
                    received += await stream.receive_batch()
                cancelled += scope.cancelled_caught
                patience += 0.0001
    assert received == [b"%d" % number for number in range(50)]
    assert cancelled >= 50


@pytest.mark.usefixtures("either_way")
async def test_pings_are_answered_while_somebody_receives(serve):
    answered = trio.Event()

    async def handler(stream):
        server, _ = await accept(stream)
        await stream.send_all(server.send(Ping(payload=b"there?")))
        server.receive_data(await stream.receive_some())
        assert list(server.events()) == [Pong(payload=b"there?")]
        answered.set()
        await until_closed(stream)

    async with dial(f"ws://{await serve(handler)}") as stream, trio.open_nursery() as nursery:
        nursery.start_soon(stream.receive_batch)
        await answered.wait()
        nursery.cancel_scope.cancel()


# The end of a connection


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1000, "all subscribed assets resolved"),
        (1013, "slow consumer: send buffer full"),
        (4001, ""),
    ],
)
async def test_close_frame_tells_its_code_and_reason(serve_websockets, code, reason):
    async def handler(websocket):
        await websocket.send_message("last words")
        await websocket.aclose(code, reason)

    async with dial(f"ws://{await serve_websockets(handler)}") as stream:
        assert await stream.receive_batch() == [b"last words"]
        for do in (stream.receive_batch, stream.receive_batch, partial(stream.send, "hello?")):
            lost = await expect_lost(do)
            assert (lost.code, lost.reason) == (code, reason)
            assert type(lost.code) is int


async def test_messages_ping_and_close_of_one_read_are_all_honoured(serve):
    async def handler(stream):
        server, _ = await accept(stream)
        events = (TextMessage("a"), Ping(b"p"), TextMessage("b"), CloseConnection(1008, "enough"))
        await stream.send_all(b"".join(server.send(event) for event in events))
        await until_closed(stream)

    async with dial(f"ws://{await serve(handler)}") as stream:
        assert await stream.receive_batch() == [b"a", b"b"]
        lost = await expect_lost(stream.receive_batch)
    assert (lost.code, lost.reason) == (1008, "enough")


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("linger", [None, struct.pack("ii", 1, 0)], ids=["end", "reset"])
async def test_drop_without_a_close_frame_has_no_code(serve, linger):
    async def handler(stream):
        await accept(stream)
        if linger is not None:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await stream.aclose()

    async with dial(f"ws://{await serve(handler)}") as stream:
        lost = await expect_lost(stream.receive_batch)
        assert lost.code is None
        assert (await expect_lost(partial(stream.send, "hello?"))).code is None


async def test_message_over_the_limit_ends_the_connection_with_1009_after_those_before(serve):
    closes = []

    async def handler(stream):
        server, _ = await accept(stream)
        await stream.send_all(
            server.send(TextMessage(data="small")) + server.send(TextMessage(data="x" * 1001))
        )
        server.receive_data(await stream.receive_some())
        closes.extend(server.events())

    async with dial(f"ws://{await serve(handler)}", max_message_size=1000) as stream:
        assert await stream.receive_batch() == [b"small"]
        for do in (stream.receive_batch, partial(stream.send, "hello?")):
            assert (await expect_lost(do)).code == 1009
    await wait_all_tasks_blocked()
    assert closes == [CloseConnection(code=1009, reason="message of more than 1000 bytes")]


async def test_offender_that_is_gone_before_it_can_be_told_is_still_only_lost(serve):
    async def handler(stream):
        await accept(stream)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Without a checkpoint between, so the reset is there before the frame is read.
        os.write(stream.socket.fileno(), b"\xc1\x00")
        stream.socket.close()
        gone.set()

    gone = trio.Event()
    async with dial(f"ws://{await serve(handler)}") as stream:
        await gone.wait()
        await wait_all_tasks_blocked(0.01)  # a reader that fell would take this block with it
        lost = await expect_lost(stream.receive_batch)
    assert lost.code == 1002


@pytest.mark.usefixtures("either_way")
async def test_leaving_the_block_says_goodbye(serve_websockets):
    closed = trio.Event()

    async def handler(websocket):
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.get_message()
        assert caught.value.reason.code == 1000
        closed.set()

    async with dial(f"ws://{await serve_websockets(handler)}") as stream:
        pass
    with trio.fail_after(5):
        await closed.wait()
        assert (await expect_lost(stream.receive_batch)).code == 1000


@pytest.mark.usefixtures("either_way")
async def test_leaving_when_cancelled_says_goodbye_too(serve_websockets):
    closed = trio.Event()

    async def handler(websocket):
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.get_message()
        assert caught.value.reason.code == 1000
        closed.set()

    with trio.CancelScope() as scope:
        async with dial(f"ws://{await serve_websockets(handler)}"):
            scope.cancel()
    with trio.fail_after(5):
        await closed.wait()


@pytest.fixture
async def deaf(serve):
    """A server that accepts, never reads again, and so never answers a close frame."""

    async def handler(stream):
        await accept(stream)
        await trio.sleep_forever()

    return f"ws://{await serve(handler)}"


@pytest.mark.usefixtures("either_way")
async def test_leaving_waits_half_a_second_for_a_peer_that_never_says_goodbye(deaf):
    async with dial(deaf):
        begun = trio.current_time()
    assert 0.5 <= trio.current_time() - begun < 1.5


@pytest.mark.usefixtures("either_way")
async def test_leaving_when_cancelled_does_not_wait(deaf):
    with trio.CancelScope() as scope:
        async with dial(deaf) as stream:
            begun = trio.current_time()
            scope.cancel()
            await stream.receive_batch()
    assert trio.current_time() - begun < 0.4


@pytest.mark.usefixtures("either_way")
async def test_error_of_the_block_leaves_it_even_when_cancelled(deaf):
    caught = []
    with trio.CancelScope() as scope:
        try:
            async with dial(deaf):
                scope.cancel()
                {}["no such key"]
        except* KeyError as group:
            caught.extend(group.exceptions)
    assert [type(error) for error in caught] == [KeyError]


@pytest.mark.usefixtures("either_way")
async def test_leaving_a_lost_connection_does_not_wait(serve):
    async def handler(stream):
        await accept(stream)
        await stream.aclose()

    async with dial(f"ws://{await serve(handler)}") as stream:
        await expect_lost(stream.receive_batch)
        begun = trio.current_time()
    assert trio.current_time() - begun < 0.4


# Connections that are never opened


@pytest.mark.usefixtures("either_way")
async def test_request_holds_host_target_and_user_agent_and_offers_no_compression(serve):
    requests = []

    async def handler(stream):
        _, request = await accept(stream)
        requests.append(request)

    server = await serve(handler)
    async with dial(f"ws://{server}/ws/a b?x=1&y=%20"):
        pass
    (request,) = requests
    assert request.host == server
    assert request.target == "/ws/a%20b?x=1&y=%20"
    assert (b"user-agent", b"test/1.0") in request.extra_headers
    assert request.extensions == []


@pytest.mark.parametrize(
    ("url", "authority", "target", "port"),
    [
        ("wss://venue.test", "venue.test", "/", 443),
        ("wss://venue.test:443/ws/", "venue.test", "/ws/", 443),
        ("ws://venue.test:443?q", "venue.test:443", "/?q", 443),
        ("ws://[::1]/ä", "[::1]", "/%C3%A4", 80),
        ("ws://[::1]:81", "[::1]:81", "/", 81),
    ],
)
def test_host_header_names_only_an_unusual_port(url, authority, target, port):
    dial = Dial.plan(url, 1.0, 0.0)
    assert (dial.authority, dial.target, dial.port) == (authority, target, port)


@pytest.mark.parametrize("url", ["https://venue.test", "ws:///path", "venue.test", "ws://a:b"])
async def test_url_that_is_no_websocket_is_a_mistake_of_the_caller(url):
    with pytest.raises(ValueError, match=r"WebSocket|[Pp]ort"):
        async with dial(url):
            pytest.fail("a WebSocket was opened")


async def test_refused_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    failure = await expect_failure(f"ws://127.0.0.1:{port}")
    assert failure.problem == "the TCP connection failed: Connection refused"
    assert failure.status is None


@attrs.frozen
class NoNames(trio.abc.HostnameResolver):
    async def getaddrinfo(self, host, port, *hints, **more_hints):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def getnameinfo(self, sockaddr, flags):
        raise NotImplementedError


async def test_unknown_host_is_told():
    trio.socket.set_custom_hostname_resolver(NoNames())
    failure = await expect_failure("wss://venue.test")
    assert failure.problem == "the DNS lookup failed: Name or service not known"


@pytest.mark.parametrize(
    ("status", "headers", "retry_after"),
    [(404, [], None), (429, [(b"Retry-After", b"17")], 17.0), (301, [(b"Location", b"/")], None)],
)
async def test_http_refusal_tells_its_status_and_when_to_come_back(
    serve, status, headers, retry_after
):
    async def handler(stream):
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(await stream.receive_some())
        headers_of_a_late_body = [*headers, (b"Content-Length", b"1000")]
        refusal = RejectConnection(
            status_code=status, headers=headers_of_a_late_body, has_body=True
        )
        assert isinstance(next(server.events()), Request)
        await stream.send_all(server.send(refusal))
        await until_closed(stream)

    failure = await expect_failure(f"ws://{await serve(handler)}")
    assert (failure.status, failure.retry_after) == (status, retry_after)
    assert f"HTTP {status}" in failure.problem


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b" 120 ", 120.0),
        (b"Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        (b"Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        (b"Sun, 22 Nov 2026 12:01:30 -0000", None),
        (b"-5", None),
        (b"soon", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_anything_else_is_ignored(value, seconds):
    assert (
        _retry_after([(b"retry-after", value)], datetime(2026, 11, 22, 12, tzinfo=UTC)) == seconds
    )


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"220 mail.test ESMTP\r\n\r\n", "the WebSocket handshake failed: Bad HTTP message"),
        (b"HTTP/1.1 101", "the server hung up during the WebSocket handshake"),
    ],
)
async def test_server_that_does_not_speak_websocket_is_told(serve, answer, problem):
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(answer)
        await stream.aclose()

    assert (await expect_failure(f"ws://{await serve(handler)}")).problem == problem


async def test_certificate_of_an_unknown_authority_is_refused(serve, server_context):
    async def handler(stream):
        with pytest.raises(trio.BrokenResourceError):
            await trio.SSLStream(stream, server_context, server_side=True).do_handshake()

    failure = await expect_failure(f"wss://{await serve(handler)}")
    assert failure.problem == (
        "the TLS handshake failed: the certificate was not accepted: "
        "unable to get local issuer certificate"
    )


async def test_server_without_tls_is_told(serve_websockets, client_context):
    server = await serve_websockets(pytest.fail)
    failure = await expect_failure(f"wss://{server}", ssl_context=client_context)
    assert failure.problem.startswith("the TLS handshake failed: ")


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("scheme", "seconds", "step"),
    [
        ("ws", 0, "TCP connection"),
        ("wss", 1.0, "TLS handshake"),
        ("ws", 1.0, "WebSocket handshake"),
    ],
)
async def test_silent_server_is_given_up_in_time_and_the_step_is_named(scheme, seconds, step):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        failure = await expect_failure(url, open_timeout=seconds)
    assert failure.problem == f"the {step} was not done within {seconds:g} s"


# The seam


def test_trio_websocket_is_the_one_whose_private_reader_we_run():
    """The one private name we use, and the public promises about it.

    If this fails, trio-websocket has changed: read `WebSocketConnection` again and check that
    its reader (1) waits for nothing but `receive_some` of its stream and what is sent, and for
    the former within no cancel scope, (2) calls `receive_data` once for each read, then acts on
    all of `events()`, and (3) answers a `RemoteProtocolError` by sending its `event_hint` and
    closing the stream. The other tests of this file show what of it broke. Then widen the pin in
    `pyproject.toml`. Until then the plain way is taken.
    """
    major, minor, patch = map(int, version("trio-websocket").split(".")[:3])
    assert (0, 12, 2) <= (major, minor, patch) < (0, 13)
    assert Reader.is_possible()
    assert list(inspect.signature(WebSocketConnection._reader_task).parameters) == ["self"]
    taken = inspect.signature(WebSocketConnection).parameters
    assert {"host", "path", "client_extra_headers"} < set(taken)
    assert list(taken)[:2] == ["stream", "ws_connection"]


async def test_without_that_reader_the_plain_way_is_taken_and_told(
    serve_websockets, monkeypatch, caplog
):
    async def handler(websocket):
        await websocket.send_message("one")
        await websocket.send_message("two")

    monkeypatch.setattr(Reader, "is_possible", lambda: False)
    async with dial(f"ws://{await serve_websockets(handler)}") as stream:
        assert isinstance(stream, PlainWebSocket)
        assert await stream.receive_batch() == [b"one"]
        assert await stream.receive_batch() == [b"two"]
    assert "cannot be read in batches" in caplog.text


async def test_the_plain_way_tells_a_refusal_too(serve, monkeypatch):
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
        await until_closed(stream)

    monkeypatch.setattr(Reader, "is_possible", lambda: False)
    failure = await expect_failure(f"ws://{await serve(handler)}")
    assert (failure.status, failure.retry_after) == (429, 7.0)


def test_no_reader_is_possible_once_trio_websocket_has_renamed_it(monkeypatch):
    monkeypatch.delattr(WebSocketConnection, "_reader_task")
    assert not Reader.is_possible()
