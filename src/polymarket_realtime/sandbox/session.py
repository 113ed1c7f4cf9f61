"""What sessions have in common on all channels: the queue goes out, the idle are dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from starlette.websockets import WebSocket

from .connection import Connection
from .connections import Connections

__all__ = ["receive_text", "run_session"]

C = TypeVar("C", bound=Connection)

CLOSE_GRACE = 2.0
"""Seconds in which a client may answer a close frame."""

Drop = Callable[[int], None]
"""Ends the TCP connection with this client port, without a close frame."""


async def run_session(
    websocket: WebSocket,
    connections: Connections,
    connection: C,
    drop: Drop,
    receive: Callable[[WebSocket, C, trio.Nursery], Awaitable[None]],
) -> None:
    """Accept a client and serve it until it is gone.

    Args:
        websocket: As it came in.
        connections: Where the client is entered; it is struck out in the end.
        connection: Its queue; sent as it fills, up to a `Close`.
        drop: How to end the connection rudely.
        receive: Listens to the client and returns when it is gone; may start tasks in the nursery,
            which end with the session.
    """
    try:
        await websocket.accept()
        assert websocket.client is not None
        port = websocket.client.port
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send_queued, websocket, connection, drop, port)
            nursery.start_soon(_drop_when_idle, connection, drop, port)
            nursery.start_soon(_drop_when_close_is_ignored, connection, drop, port)
            await receive(websocket, connection, nursery)
            nursery.cancel_scope.cancel()
    finally:
        connections.remove(connection)


async def receive_text(websocket: WebSocket) -> str | None:
    """What the client sends next; None if it is gone. A binary message counts as an empty text."""
    message = await websocket.receive()
    return None if message["type"] == "websocket.disconnect" else message.get("text") or ""


async def _send_queued(websocket: WebSocket, connection: Connection, drop: Drop, port: int) -> None:
    while isinstance(item := await connection.next_item(), str):
        await websocket.send_text(item)
        connection.frames_sent += 1
        connection.touch()
    if item.code is None:
        drop(port)
    else:
        await websocket.close(item.code, item.reason)


async def _drop_when_idle(connection: Connection, drop: Drop, port: int) -> None:
    connection.touch()
    with connection.patience:
        await trio.sleep_forever()
    drop(port)


async def _drop_when_close_is_ignored(connection: Connection, drop: Drop, port: int) -> None:
    await connection.closing.wait()
    await trio.sleep(CLOSE_GRACE)
    drop(port)
