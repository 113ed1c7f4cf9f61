"""The WebSocket under every feed: dialled, read in batches, closed within bounds.

trio-websocket does the handshake, answers pings and closes. Two things are ours: the connection
object that it reads frames with (`frames.py`) and the TLS stream under it (`tls.py`). Together they
make one socket read one wake-up of the reader, however many messages it brought.

Foreign exceptions end here: what leaves is `ConnectFailed` or `ConnectionLost`.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import ConnectFailed, ConnectionLost

from .dial import Dial
from .frames import BatchConnection
from .stream import TextStream

__all__ = ["open_text_stream"]

_READ_SIZE = 65_536
"""Most bytes of one socket read, and so about the most that a batch of small messages holds."""

_CLOSE_GRACE = 0.5
"""Seconds that the closing handshake may take."""

_PARTING_GRACE = 0.02
"""Seconds to hand a close frame to the socket when nobody waits for the answer any more."""


@asynccontextmanager
async def open_text_stream(
    url: str,
    *,
    open_timeout: float,
    max_message_size: int,
    user_agent: str,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[TextStream]:
    """Dial *url*, `ws://` or `wss://`; leaving the block closes. Compression is never offered.

    Args:
        url: Host and, if need be, port, path and query.
        open_timeout: Seconds for DNS, TCP, TLS and the opening handshake together.
        max_message_size: Most bytes of one message; a longer one ends the connection with 1009.
        user_agent: The header of that name.
        ssl_context: For `wss://`. The default trusts the system's authorities and is built
            anew, which takes some 20 ms: pass one to share it between connections.

    **Resource handling:** while nobody receives, at most two batches are read ahead, and pings
    behind them wait. Leaving sends a close frame and waits at most 0.5 s for the peer's; if the
    block was cancelled it does not wait, and if the connection is lost already it does neither.

    **Error handling:** the block runs inside a nursery, so what it raises leaves in an
    `ExceptionGroup`; catch it with `except*`. `ConnectFailed` comes bare.

    Raises:
        ConnectFailed: No WebSocket was opened; `problem` names the step that failed.
        ValueError: *url* is not one of a WebSocket.
    """
    dial = Dial.plan(url, open_timeout, trio.current_time())
    transport = await dial.connect(ssl_context)
    connection = BatchConnection(max_message_size)
    websocket = WebSocketConnection(
        transport,
        connection,
        host=dial.authority,
        path=dial.target,
        client_extra_headers=[(b"User-Agent", user_agent.encode("ascii"))],
        receive_buffer_size=_READ_SIZE,
    )
    stream = _OpenStream(websocket, connection)
    failure: ConnectFailed | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_run_reader, websocket, name=f"read frames of {url}")
            try:
                await dial.shake_hands(stream.next_batch, connection)
            except ConnectFailed as exc:
                failure = exc  # raised below, where no nursery wraps it
            else:
                try:
                    yield stream
                finally:
                    # Shielded, or a Cancelled from here would hide what ended the block.
                    with trio.move_on_after(_close_grace(), shield=True):
                        await stream.close()
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):  # for the same reason; it never waits
            await trio.aclose_forcefully(transport)
    if failure is not None:
        raise failure


@attrs.frozen
class _OpenStream:
    """The `TextStream` that `open_text_stream` yields; its batches are those of `connection`."""

    websocket: WebSocketConnection
    connection: BatchConnection

    async def receive_batch(self) -> list[bytes]:
        try:
            return await self.next_batch()
        except ConnectionClosed as exc:
            raise self._lost() from exc

    async def send(self, text: str) -> None:
        try:
            await self.websocket.send_message(text)
        except (ConnectionClosed, LocalProtocolError) as exc:
            raise self._lost() from exc

    async def probe(self) -> None:
        try:
            await self.websocket.ping()
        except (ConnectionClosed, LocalProtocolError) as exc:
            raise self._lost() from exc

    async def next_batch(self) -> list[bytes]:
        """As `receive_batch`, but raises `ConnectionClosed`; the first batch is empty."""
        try:
            await self.websocket.get_message()  # carries nothing: the sign that a batch waits
        except ConnectionClosed:
            # What came in one read with an offence of the peer was never announced.
            if not self.connection.batches:
                raise
        return self.connection.batches.popleft()

    async def close(self) -> None:
        """Exchange close frames, if neither end has begun to close and nothing is broken."""
        if self.connection.state is ConnectionState.OPEN:
            await self.websocket.aclose()

    def _lost(self) -> ConnectionLost:
        ours, closed = self.connection.failure, self.websocket.closed
        if ours is not None:
            return ConnectionLost(int(ours.code), plain_text(ours.reason or ""))
        if closed is None or closed.code == CloseReason.ABNORMAL_CLOSURE:
            return ConnectionLost(None)
        return ConnectionLost(int(closed.code), plain_text(closed.reason or ""))


async def _run_reader(websocket: WebSocketConnection) -> None:
    # A close frame that cannot be sent any more; the next `get_message` tells the same.
    with contextlib.suppress(ConnectionClosed):
        await websocket._reader_task()  # noqa: SLF001  # pinned by a contract test


def _close_grace() -> float:
    """Seconds for the closing handshake."""
    cancelled = trio.current_effective_deadline() <= trio.current_time()
    return _PARTING_GRACE if cancelled else _CLOSE_GRACE
