"""The server's half of `/ws/user`: one client's session from accept to close.

Credentials travel in the first frame. If they are wrong the venue hangs up without a word, and if
they are right it says nothing either: there is no dump, no history and no acknowledgement. Source:
docs.polymarket.com, User Channel, and reports of clients that were cut off.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import attrs
import trio
from starlette.websockets import WebSocket

from .connection import BAD_SUBSCRIPTION, DROPPED, UserConnection
from .connections import Connections
from .credentials import ApiCredentials, KeyDesk
from .masking import masked
from .session import receive_text, run_session

__all__ = ["UserSocket"]

PONG_PATIENCE = 1.0
"""Seconds that a refused client, if it may PING, has for that."""


@attrs.frozen
class Opening:
    """A first frame."""

    credentials: ApiCredentials
    markets: tuple[str, ...]


@attrs.frozen
class Update:
    """A later frame."""

    operation: Literal["subscribe", "unsubscribe"]
    markets: tuple[str, ...]


@attrs.frozen
class UserSocket:
    """Serves many clients at once.

    Attributes:
        desk: Knows which credentials are valid.
        connections: Where clients are entered and what they say is recorded, secrets masked.
        drop: Ends the TCP connection with this client port, without a close frame.
        idle_timeout: Seconds.
        pong_before_cut: Whether a PING is still answered before wrong credentials are cut off;
            what the venue does is not known.
    """

    desk: KeyDesk
    connections: Connections
    drop: Callable[[int], None]
    idle_timeout: float
    pong_before_cut: bool

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""
        connection = self.connections.add(UserConnection, self.idle_timeout)
        await run_session(websocket, self.connections, connection, self.drop, self._receive)

    async def _receive(
        self, websocket: WebSocket, connection: UserConnection, nursery: trio.Nursery
    ) -> None:
        """Answer what the client sends until it is gone."""
        while (text := await receive_text(websocket)) is not None:
            if connection.api_key is not None:
                self._answer(connection, text)
            elif connection.refused and text == "PING":
                self._record(connection, text, "PING")
                connection.offer("PONG")
                connection.close(DROPPED)
            elif not connection.closing.is_set():
                self._open(connection, text, nursery)

    def _open(self, connection: UserConnection, text: str, nursery: trio.Nursery) -> None:
        """Serve the first frame."""
        opening = decode_opening(text)
        if opening is None:
            # A PING counts as invalid here: nothing but a subscription may come first.
            self._record(connection, text, "invalid")
            connection.close(BAD_SUBSCRIPTION)
            return
        self._record(connection, text, "user")
        claimed = opening.credentials
        if self.desk.find(claimed.api_key) == claimed:
            connection.api_key = claimed.api_key
            connection.markets.update(opening.markets)
        elif self.pong_before_cut:
            connection.refused = True
            nursery.start_soon(_cut_later, connection)
        else:
            connection.close(DROPPED)

    def _answer(self, connection: UserConnection, text: str) -> None:
        """Serve a frame after the first."""
        update = decode_update(text)
        if text == "PING":
            self._record(connection, text, "PING")
            connection.touch()
            connection.offer("PONG")
        elif update is None:
            self._record(connection, text, "invalid")
            connection.offer("INVALID OPERATION")
        else:
            self._record(connection, text, update.operation)
            # Taking the last market away leaves an empty set, and that is all of them again.
            if update.operation == "subscribe":
                connection.markets.update(update.markets)
            else:
                connection.markets.difference_update(update.markets)

    def _record(self, connection: UserConnection, text: str, kind: str) -> None:
        self.connections.record(connection, masked(text), kind)


async def _cut_later(connection: UserConnection) -> None:
    await trio.sleep(PONG_PATIENCE)
    connection.close(DROPPED)


def decode_opening(text: str) -> Opening | None:
    """A subscription with credentials, right or wrong, or None if it is none."""
    body = _decode_object(text)
    auth, markets = body.get("auth"), _markets(body.get("markets", []))
    if body.get("type") != "user" or not isinstance(auth, dict) or markets is None:
        return None
    values = [auth.get(name) for name in ("apiKey", "secret", "passphrase")]
    texts = [value for value in values if isinstance(value, str)]
    return Opening(ApiCredentials(*texts), markets) if len(texts) == len(values) else None


def decode_update(text: str) -> Update | None:
    """Another choice of markets, or None if it is none."""
    body = _decode_object(text)
    operation, markets = body.get("operation"), _markets(body.get("markets"))
    if operation not in ("subscribe", "unsubscribe") or markets is None:
        return None
    return Update(operation, markets)


def _decode_object(text: str) -> dict[str, Any]:
    """The JSON object in a text; an empty one if there is none."""
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _markets(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(market, str) for market in value):
        return tuple(value)
    return None
