"""The server's half of `/sports`: everybody hears of all games, again and again.

Source: docs.polymarket.com, Sports Channel; frames recorded on 2026-07-25 and 2026-10-01, when the
heartbeat of the documents did not exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import trio
from starlette.websockets import WebSocket

from .connection import Close, Connection
from .connections import Connections
from .frames import encode
from .games import Game, Games
from .masking import masked
from .session import receive_text, run_session

__all__ = ["SPORTS", "SportsConnection", "SportsFeed", "SportsSocket"]

SPORTS = "sports"
"""Name of the feed, for those who silence or close it."""

FIRST_STATES = 0.5
"""Seconds after which a new client hears all states; at the venue, chance decides."""

PONG_PATIENCE = 10.0
"""Seconds that a client may take to answer a text `ping`."""

NO_PONG = Close(1008, "pong timeout")


@attrs.define(eq=False)
class SportsConnection(Connection):
    """A client of the sports channel.

    Attributes:
        answered: Set by its next `pong`.
    """

    answered: trio.Event = attrs.field(factory=trio.Event)


@attrs.frozen
class SportsFeed:
    """Tells everybody how the games stand.

    Attributes:
        quiet: Holds the name of the feed while nothing is to be said.
    """

    connections: Connections
    games: Games
    quiet: set[str]

    def tell(self, game: Game) -> None:
        """The state of one game, to everybody."""
        for connection in self.connections.of_kind(SportsConnection):
            self._send(connection, game)

    def tell_all(self, connection: SportsConnection) -> None:
        """The states of all games that are on, to one client."""
        for game in self.games.running:
            self._send(connection, game)

    def _send(self, connection: SportsConnection, game: Game) -> None:
        if SPORTS not in self.quiet:
            connection.offer(encode(game.frame()))


@attrs.frozen
class SportsSocket:
    """Serves many clients at once. No client is idle here: nothing is expected of one.

    Attributes:
        connections: Where clients are entered and what they say is recorded.
        drop: Ends the TCP connection with this client port, without a close frame.
        interval: Seconds between two rounds of states that have not changed.
        ping: Seconds between texts `ping`; None for none.
    """

    feed: SportsFeed
    connections: Connections
    drop: Callable[[int], None]
    interval: float
    ping: float | None

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""
        connection = self.connections.add(SportsConnection, math.inf)
        await run_session(websocket, self.connections, connection, self.drop, self._receive)

    async def _receive(
        self, websocket: WebSocket, connection: SportsConnection, nursery: trio.Nursery
    ) -> None:
        """Listen, though nothing but `pong` means anything here."""
        nursery.start_soon(self._repeat, connection)
        if self.ping is not None:
            nursery.start_soon(_probe, connection, self.ping)
        while (text := await receive_text(websocket)) is not None:
            known = text if text in ("pong", "PING") else "invalid"
            self.connections.record(connection, masked(text), known)
            if text == "pong":
                connection.answered.set()

    async def _repeat(self, connection: SportsConnection) -> None:
        await trio.sleep(min(FIRST_STATES, self.interval))
        while True:
            self.feed.tell_all(connection)
            await trio.sleep(self.interval)


async def _probe(connection: SportsConnection, interval: float) -> None:
    """Ask for a `pong` every so often, and close if none comes."""
    while True:
        await trio.sleep(interval)
        connection.answered = trio.Event()
        connection.offer("ping")
        with trio.move_on_after(PONG_PATIENCE):
            await connection.answered.wait()
            continue
        connection.close(NO_PONG)
        return
