"""A TCP proxy on the public port, in front of the server, that does what `Faults` say."""

from __future__ import annotations

import re
import socket
import struct

import attrs
import trio

from .faults import Faults, Link, Mode
from .frame_filter import FrameFilter

_UPGRADE = re.compile(rb"^upgrade:[ \t]*websocket", re.IGNORECASE | re.MULTILINE)

MAX_HEAD = 65_536
"""Longest request head, in bytes."""

HEAD_TIMEOUT = 10.0
"""Seconds in which a client must have sent its request head."""

CHUNK = 8192
CHUNKS_IN_FLIGHT = 128
"""How much, at most, is on its way from the server to one client: a mebibyte."""

SOCKET_BUFFER = 65_536
"""Bytes that the kernel may keep besides; its own choice would hide a slow client for megabytes."""


@attrs.define(eq=False, kw_only=True)
class SocketLink(Link):
    """A connection that consists of two sockets, with the proxy between them."""

    client: trio.SocketStream
    server: trio.SocketStream

    def reset(self) -> None:
        """Die with a TCP reset: no close frame, and nothing that was still on its way."""
        _reset_on_close(self.client)
        super().reset()


async def run_proxy(listener: trio.SocketListener, server_port: int, faults: Faults) -> None:
    """Forward every connection to `server_port` on this machine. Never returns."""

    async def handle(client: trio.SocketStream) -> None:
        async with client:
            if faults.refusing():
                _reset_on_close(client)
                return
            head = await _read_head(client)
            if head is None:
                return
            try:
                server = await trio.open_tcp_stream("127.0.0.1", server_port)
            except OSError:
                return  # the server has stopped, and so will this proxy
            async with server:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
                link = SocketLink(
                    port=server.socket.getsockname()[1],
                    websocket=bool(_UPGRADE.search(head)),
                    client=client,
                    server=server,
                )
                with faults.track(link):
                    await _carry(link, head, faults)

    await trio.serve_listeners(handle, [listener])


async def _carry(link: SocketLink, head: bytes, faults: Faults) -> None:
    """Forward between client and server until either ends; `head` goes to the server first.

    Resource handling: the caller closes both streams afterwards.
    """
    chunks_in, chunks_out = trio.open_memory_channel[tuple[float, bytes]](CHUNKS_IN_FLIGHT)
    try:
        with link.whole:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_carry_up, link, head, faults)
                nursery.start_soon(_read_server, link, chunks_in, faults)
                await _write_client(link, chunks_out, faults)
                nursery.cancel_scope.cancel()
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # a peer is gone, which is how most connections end


async def _carry_up(link: SocketLink, head: bytes, faults: Faults) -> None:
    await link.server.send_all(_without_extensions(head) if link.websocket else head)
    async for chunk in link.client:
        if not faults.swallows(link):
            await link.server.send_all(chunk)
    await link.server.send_eof()
    if link.websocket:
        link.part()


async def _read_server(
    link: SocketLink, chunks_in: trio.MemorySendChannel[tuple[float, bytes]], faults: Faults
) -> None:
    """Note when each chunk is due, so that a delay keeps the order and costs no throughput."""
    with chunks_in, link.reading:
        while chunk := await link.server.receive_some(CHUNK):
            await chunks_in.send((trio.current_time() + faults.latency_of(link), bytes(chunk)))


async def _write_client(
    link: SocketLink, chunks_out: trio.MemoryReceiveChannel[tuple[float, bytes]], faults: Faults
) -> None:
    frames = FrameFilter()
    with chunks_out:
        async for due, chunk in chunks_out:
            if not link.websocket:
                await link.client.send_all(chunk)
                continue
            await faults.wait_due(due, link)
            if faults.swallows(link):
                continue
            if data := frames.feed(chunk, frozen=faults.mode_of(link) is Mode.FROZEN):
                await link.client.send_all(data)
    await faults.wait_until_seen(link)


async def _read_head(client: trio.SocketStream) -> bytes | None:
    """What the client sends up to the end of its request head, or a little more.

    None if the client sends no whole head in time.
    """
    head = b""
    with trio.move_on_after(HEAD_TIMEOUT):
        while b"\r\n\r\n" not in head:
            try:
                chunk = await client.receive_some()
            except trio.BrokenResourceError:
                return None
            if not chunk or len(head) > MAX_HEAD:
                return None
            head += chunk
        return head
    return None


def _without_extensions(head: bytes) -> bytes:
    """The request without an offer of compression, which would hide PONG from the frame filter."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(
        line for line in lines if not line.lower().startswith(b"sec-websocket-extensions:")
    )


def _reset_on_close(stream: trio.SocketStream) -> None:
    """Make the coming close a reset: linger for zero seconds."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
