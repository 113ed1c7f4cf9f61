"""The WebSocket under every feed: dialled, read in batches, closed within bounds.

trio-websocket does the handshake, answers pings and closes. Three things are ours: the connection
object that it reads frames with (`frames.py`), who runs its reader (`reader.py`) and the TLS stream
under it (`tls.py`). Together they make a socket read one wake-up, however much it brought.

Foreign exceptions end below: what leaves is `ConnectFailed` or `ConnectionLost`.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from .batch_websocket import open_batch_websocket
from .dial import Dial
from .plain_websocket import PlainWebSocket, open_plain_websocket
from .reader import Reader
from .stream import TextStream

__all__ = ["open_text_stream"]

log = logging.getLogger("polymarket_realtime.connection")

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

    **Resource handling:** nothing is read while nobody receives, and pings wait. Leaving sends a
    close frame and waits at most 0.5 s for the peer's; if the block was cancelled it does not
    wait, and if the connection is lost already it does neither.

    **Error handling:** what the block raises may leave in an `ExceptionGroup`; catch it with
    `except*`. `ConnectFailed` comes bare.

    Raises:
        ConnectFailed: No WebSocket was opened; `problem` names the step that failed.
        ValueError: *url* is not one of a WebSocket.
    """
    dial = Dial.plan(url, open_timeout, trio.current_time())
    transport = await dial.connect(ssl_context)
    try:
        async with _websocket_over(transport, dial, max_message_size, user_agent) as stream:
            try:
                yield stream
            finally:
                # Shielded, or a Cancelled from here would hide what ended the block.
                with trio.move_on_after(_close_grace(), shield=True):
                    await stream.close()
    finally:
        with trio.CancelScope(shield=True):  # for the same reason; it never waits
            await trio.aclose_forcefully(transport)


def _websocket_over(
    transport: trio.abc.Stream, dial: Dial, max_message_size: int, user_agent: str
) -> AbstractAsyncContextManager[PlainWebSocket]:
    headers = [(b"User-Agent", user_agent.encode("ascii"))]
    if Reader.is_possible():
        return open_batch_websocket(transport, dial, max_message_size, headers)
    log.warning("this trio-websocket cannot be read in batches: every message costs more")
    return open_plain_websocket(transport, dial, max_message_size, headers)


def _close_grace() -> float:
    """Seconds for the closing handshake."""
    cancelled = trio.current_effective_deadline() <= trio.current_time()
    return _PARTING_GRACE if cancelled else _CLOSE_GRACE
