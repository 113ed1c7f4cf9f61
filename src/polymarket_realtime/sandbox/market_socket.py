"""The server's half of `/ws/market`: one client's session from accept to close.

Source: docs.polymarket.com, Market Channel; texts, closes and timeouts as measured on 2026-10-04.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

import attrs
import trio
from starlette.websockets import WebSocket

from .connection import BAD_SUBSCRIPTION, MarketConnection
from .connections import Connections
from .exchange import Exchange
from .feed_faults import FeedFaults
from .frames import encode
from .replay import ReplayVenue
from .session import receive_text, run_session

Kind = Literal["market", "subscribe", "unsubscribe"]


@attrs.frozen
class Request:
    """A frame that means something on this channel."""

    kind: Kind
    tokens: tuple[str, ...]
    custom: bool | None
    dump: bool


def decode_request(text: str) -> Request | None:
    """What a client asks for, or None if the venue would not understand it."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    tokens, custom = body.get("assets_ids"), body.get("custom_feature_enabled")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        return None
    if custom is not None and not isinstance(custom, bool):
        return None
    kind = _kind(body)
    if kind is None or not (tokens or custom):
        return None
    return Request(kind, tuple(tokens), custom, dump=body.get("initial_dump") is not False)


def _kind(body: dict[str, Any]) -> Kind | None:
    if body.get("type") == "market":
        return "market"
    operation = body.get("operation")
    return operation if operation in ("subscribe", "unsubscribe") else None


@attrs.frozen
class MarketSocket:
    """Serves one client after the other, or many at once.

    Attributes:
        venue: What stands behind the socket.
        connections: Where clients are entered and what they say is recorded.
        feed_faults: What happens to books on their way to clients.
        idle_timeout: Seconds.
        drop: Ends the TCP connection with this client port, without a close frame.
        shuffle: Brings the books of a dump into an order that nobody promised.
    """

    venue: Exchange | ReplayVenue
    connections: Connections
    feed_faults: FeedFaults
    drop: Callable[[int], None]
    shuffle: Callable[[list[Any]], None]
    idle_timeout: float

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""
        connection = self.connections.add(MarketConnection, self.idle_timeout)
        await run_session(websocket, self.connections, connection, self.drop, self._receive)

    async def _receive(
        self, websocket: WebSocket, connection: MarketConnection, nursery: trio.Nursery
    ) -> None:
        """Answer what the client sends until it is gone."""
        subscribed = False
        while (text := await receive_text(websocket)) is not None:
            request = decode_request(text)
            if subscribed:
                self._answer(connection, text, request)
            elif request is None or request.kind != "market":
                # A PING counts as invalid here: nothing but a subscription may come first.
                self.connections.record(connection, text, "invalid")
                connection.close(BAD_SUBSCRIPTION)
            else:
                subscribed = True
                self.connections.record(connection, text, "market")
                if isinstance(self.venue, Exchange):
                    self._open(self.venue, connection, request)
                else:
                    nursery.start_soon(self._play, self.venue, connection)

    def _open(self, exchange: Exchange, connection: MarketConnection, request: Request) -> None:
        connection.custom = bool(request.custom)
        connection.tokens.update(request.tokens)
        if request.dump:
            self._dump(exchange, connection, request.tokens)

    def _answer(self, connection: MarketConnection, text: str, request: Request | None) -> None:
        """Serve a frame after the first."""
        if text == "PING":
            self.connections.record(connection, text, "PING")
            connection.touch()
            connection.offer("PONG")
        elif request is None or request.kind == "market":
            self.connections.record(connection, text, "invalid")
            connection.offer("INVALID OPERATION")
        else:
            self.connections.record(connection, text, request.kind)
            if isinstance(self.venue, Exchange):
                self._update(self.venue, connection, request)

    def _update(self, exchange: Exchange, connection: MarketConnection, request: Request) -> None:
        # The flag counts even if the rest of the frame turns out to be nothing new.
        if request.custom is not None:
            connection.custom = request.custom
        if request.kind == "unsubscribe":
            connection.tokens.difference_update(request.tokens)
            self.feed_faults.freezes.unsubscribed(connection, request.tokens)
            return
        added = [token for token in request.tokens if token not in connection.tokens]
        connection.tokens.update(added)
        self.feed_faults.freezes.subscribed(connection, added)
        if not added:
            connection.offer("NO NEW ASSETS")
        elif request.dump:
            self._dump(exchange, connection, added)

    def _dump(
        self, exchange: Exchange, connection: MarketConnection, tokens: Iterable[str]
    ) -> None:
        hears = self.feed_faults.freezes.hears
        books = [
            book
            for token in dict.fromkeys(tokens)
            if hears(connection, token) and (book := exchange.opening_book(token))
        ]
        self.shuffle(books)
        self.feed_faults.deliver_dump(connection, encode(books) + "\n")

    async def _play(self, venue: ReplayVenue, connection: MarketConnection) -> None:
        """Serve a recorded connection, and end as it ended."""
        recording = venue.recording(connection.nth)
        await venue.play(recording, connection.send)
        if recording.ending is not None:
            connection.close(recording.ending)
