"""A WebSocket of trio-websocket that is read in batches by the task that wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import trio
from trio_websocket import WebSocketConnection
from wsproto.connection import ConnectionState

from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import ConnectFailed, ConnectionLost

from .dial import Dial
from .frames import BatchConnection
from .plain_websocket import PlainWebSocket
from .reader import Inlet, Reader

__all__ = ["BatchWebSocket", "open_batch_websocket"]


@asynccontextmanager
async def open_batch_websocket(
    transport: trio.abc.Stream,
    dial: Dial,
    max_message_size: int,
    headers: Sequence[tuple[bytes, bytes]],
) -> AsyncIterator[BatchWebSocket]:
    """Shake hands over *transport*.

    Raises:
        ConnectFailed: No WebSocket was opened.
    """
    connection = BatchConnection(max_message_size)
    websocket = WebSocketConnection(
        trio.StapledStream(transport, Inlet()),
        connection,
        host=dial.authority,
        path=dial.target,
        client_extra_headers=list(headers),
    )
    reader = Reader(websocket, transport)
    try:
        with dial.step("WebSocket handshake"):
            await reader.begin()
            while connection.connection is None and not reader.ended:
                await reader.read()
        if connection.connection is None:
            raise _refusal(dial, connection)
        yield BatchWebSocket(websocket, connection, reader)
    finally:
        with trio.CancelScope(shield=True):  # it never waits
            await reader.end()


def _refusal(dial: Dial, connection: BatchConnection) -> ConnectFailed:
    if (answer := connection.rejection) is not None:
        return dial.refused(answer.status_code, answer.headers)
    if connection.failure is not None:
        return dial.failed(connection.failure.reason or "")
    return dial.hung_up()


@attrs.frozen
class BatchWebSocket(PlainWebSocket):
    """The `TextStream` of this module; its batches are what one read of the transport brought."""

    connection: BatchConnection
    reader: Reader

    async def receive_batch(self) -> list[bytes]:
        connection = self.connection
        while not connection.messages:
            if self.reader.ended or self.websocket.closed is not None:
                await trio.lowlevel.checkpoint()
                raise self.lost()
            await self.reader.read()
        return connection.take_messages()

    async def close(self) -> None:
        """Exchange close frames, if neither end has begun to close and nothing is broken."""
        if self.connection.state is ConnectionState.OPEN:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.reader.read_on, name="read until the peer has closed")
                await self.websocket.aclose()
                nursery.cancel_scope.cancel()

    def lost(self) -> ConnectionLost:
        """How it ended: in our words if we gave it up, else as any other."""
        ours = self.connection.failure
        if ours is not None:
            return ConnectionLost(int(ours.code), plain_text(ours.reason or ""))
        # No `super()` without arguments: attrs makes the class anew, for its slots.
        return PlainWebSocket.lost(self)
