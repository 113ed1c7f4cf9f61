"""A WebSocket by nothing but the public interface of trio-websocket: one message, one batch.

Chosen where the reader of trio-websocket cannot be run by `reader.py`, which needs one private name
of it. All but the speed is the same, and that a server is noticed at once which hangs up during the
handshake or sends the body of a refusal late: here that takes the time that the dial is given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import ConnectFailed, ConnectionLost

from .dial import Dial

__all__ = ["PlainWebSocket", "open_plain_websocket"]


@asynccontextmanager
async def open_plain_websocket(
    transport: trio.abc.Stream,
    dial: Dial,
    max_message_size: int,
    headers: Sequence[tuple[bytes, bytes]],
) -> AsyncIterator[PlainWebSocket]:
    """Shake hands over *transport*; what the block raises leaves in an `ExceptionGroup`.

    Raises:
        ConnectFailed: No WebSocket was opened. It comes bare.
    """
    websocket: WebSocketConnection | None = None
    failure: ConnectFailed | None = None
    try:
        async with trio.open_nursery() as nursery:
            with dial.step("WebSocket handshake"):
                websocket = await wrap_client_stream(
                    nursery,
                    transport,  # type: ignore[arg-type]  # any stream will do, says its docstring
                    dial.authority,
                    dial.target,
                    extra_headers=list(headers),
                    max_message_size=max_message_size,
                )
            yield PlainWebSocket(websocket)
            nursery.cancel_scope.cancel()
    except* (ConnectFailed, HandshakeError, LocalProtocolError) as group:
        if websocket is not None:
            raise
        failure = _told(dial, group.exceptions[0])
    if failure is not None:
        raise failure


def _told(dial: Dial, error: BaseException) -> ConnectFailed:
    if isinstance(error, ConnectFailed):
        return error
    if isinstance(error, ConnectionRejected):
        return dial.refused(error.status_code, error.headers or ())
    return dial.failed(str(error))


@attrs.frozen
class PlainWebSocket:
    """The `TextStream` of this module."""

    websocket: WebSocketConnection

    async def receive_batch(self) -> list[bytes]:
        try:
            message = await self.websocket.get_message()
        except ConnectionClosed as exc:
            raise self.lost() from exc
        return [message.encode() if isinstance(message, str) else message]

    async def send(self, text: str) -> None:
        try:
            await self.websocket.send_message(text)
        except (ConnectionClosed, LocalProtocolError) as exc:
            raise self.lost() from exc

    async def probe(self) -> None:
        try:
            await self.websocket.ping()
        except (ConnectionClosed, LocalProtocolError) as exc:
            raise self.lost() from exc

    async def close(self) -> None:
        """Exchange close frames, if neither end has begun to close."""
        await self.websocket.aclose()

    def lost(self) -> ConnectionLost:
        """How it ended, in the peer's words."""
        closed = self.websocket.closed
        if closed is None or closed.code == CloseReason.ABNORMAL_CLOSURE:
            return ConnectionLost(None)
        return ConnectionLost(int(closed.code), plain_text(closed.reason or ""))
