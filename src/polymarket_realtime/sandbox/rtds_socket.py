"""The server's half of `/live-data`: one client of RTDS from greeting to close."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

import attrs
import trio
from starlette.websockets import WebSocket

from .connection import Close
from .connections import Connections
from .frames import encode
from .masking import masked
from .rtds_feed import RtdsConnection, RtdsFeed
from .rtds_requests import decode_request, refusal
from .session import receive_text, run_session

__all__ = ["RtdsSocket"]

GREETING = ""
"""The first frame of a connection, as recorded."""

GOING_AWAY = Close(1001, "Going away")


@attrs.frozen
class RtdsSocket:
    """Serves many clients at once. No client is idle here: what is cut off is the data.

    Attributes:
        connections: Where clients are entered and what they say is recorded, secrets masked.
        drop: Ends the TCP connection with this client port, without a close frame.
        patience: Seconds without a PING after which data stops, without a word.
        lifetime: Seconds after which a connection is closed.
    """

    feed: RtdsFeed
    connections: Connections
    drop: Callable[[int], None]
    patience: float
    lifetime: float

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""
        connection = self.connections.add(RtdsConnection, math.inf)
        connection.connection_id = _name("connection", connection.number)
        await run_session(websocket, self.connections, connection, self.drop, self._receive)

    async def _receive(
        self, websocket: WebSocket, connection: RtdsConnection, nursery: trio.Nursery
    ) -> None:
        """Answer what the client sends until it is gone."""
        self._hear(connection)
        connection.offer(GREETING)
        nursery.start_soon(self._outlive, connection)
        while (text := await receive_text(websocket)) is not None:
            if text == "PING":
                # It is not answered: nobody who waits for a PONG will get one.
                self.connections.record(connection, text, "PING")
                self._hear(connection)
            else:
                self._answer(connection, text)

    def _answer(self, connection: RtdsConnection, text: str) -> None:
        request = decode_request(text)
        if request is None:
            self.connections.record(connection, masked(text), "invalid")
            connection.offer(encode(self._malformed(connection)))
            return
        retired = self.feed.retired if request.action == "subscribe" else ()
        refused = refusal(request, retired)
        self.connections.record(connection, masked(text), "invalid" if refused else request.action)
        if refused:
            connection.offer(encode(refused))
        else:
            self.feed.take(connection, request)

    def _malformed(self, connection: RtdsConnection) -> dict[str, str]:
        """What the gateway says, which stands before the service."""
        return {
            "message": "Invalid request body",
            "connectionId": connection.connection_id,
            "requestId": _name("request", len(self.connections.received)),
        }

    def _hear(self, connection: RtdsConnection) -> None:
        connection.patience_ends = trio.current_time() + self.patience

    async def _outlive(self, connection: RtdsConnection) -> None:
        await trio.sleep(self.lifetime)
        connection.close(GOING_AWAY)


def _name(purpose: str, number: int) -> str:
    """An id in the gateway's style, for example `gZexFa6cUWeIKEiTDA==`."""
    name = sha256(f"{purpose}/{number}".encode()).digest()
    return b64encode(name[:13]).decode()
