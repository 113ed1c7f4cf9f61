"""For tests of programs that embed the service: a venue in memory, and frames to send.

The venue takes the place of real sockets and of REST, so tests run on Trio's virtual clock::

    async def test_something(autojump_clock):
        venue = MemoryVenue()
        async with open_service(open_stream=venue.open_stream) as service:
            with service.subscribe(BookTopic(asset_id)) as events:
                connection = await venue.accept()
                connection.say(make_book(asset_id, bids=[("0.4", "10")], asks=[("0.6", "5")]))
                ...

With `transport=venue.transport` as well, the catalogue knows what `venue.list_market` was told,
and settlements and names are asked for in the background, as at the venue.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._protocol.heartbeat import PING, PONG
from polymarket_realtime._venue.memory_catalog import MemoryCatalog, MemoryMarket
from polymarket_realtime._venue.memory_http import make_transport
from polymarket_realtime.errors import ConnectFailed, ConnectionLost

__all__ = [
    "MARKET",
    "Frame",
    "MemoryCatalog",
    "MemoryConnection",
    "MemoryMarket",
    "MemoryVenue",
    "make_book",
    "make_price_change",
    "make_trade",
]

Frame = str | dict[str, Any] | list[dict[str, Any]]
"""Text as it is, or something to write as JSON."""

MARKET = ConditionId("0x" + "c0" * 32)
"""A condition id for frames whose market does not matter."""


class MemoryConnection:
    """One connection, as the venue sees it.

    Attributes:
        url: What was dialled.
        dialled_at: When, on Trio's clock.
        received: Every frame that the client sent, oldest first.
        closed: Whether the client has left.
        answers_ping: Whether `PING` is answered at once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialled_at = trio.current_time()
        self.received: list[str] = []
        self.closed = False
        self.answers_ping = True
        self._frames_in, self._frames_out = trio.open_memory_channel[str](math.inf)
        self._batches_in, self._batches_out = trio.open_memory_channel[list[bytes]](math.inf)
        self._lost = ConnectionLost(None)

    def say(self, *frames: Frame) -> None:
        """Let the client receive these messages, all in one read."""
        texts = (frame if isinstance(frame, str) else json.dumps(frame) for frame in frames)
        self._batches_in.send_nowait([text.encode() for text in texts])

    def drop(self, code: int | None = None, reason: str = "") -> None:
        """End the connection; without a code it ends without a close frame."""
        self._lost = ConnectionLost(code, reason)
        self._batches_in.close()

    async def next_frame(self) -> Any:
        """The next frame of the client: decoded JSON, or text such as `PING`."""
        frame = await self._frames_out.receive()
        return json.loads(frame) if frame.startswith("{") else frame

    async def read(self) -> list[bytes]:
        """What the client's next read gives."""
        try:
            return await self._batches_out.receive()
        except trio.EndOfChannel:
            raise self._lost from None

    def hear(self, text: str) -> None:
        """Take a frame of the client."""
        if self._batches_in.statistics().open_send_channels == 0:
            raise self._lost
        self.received.append(text)
        self._frames_in.send_nowait(text)
        if text == PING and self.answers_ping:
            self.say(PONG)


@attrs.frozen
class _MemoryStream:
    """The same connection, as the client sees it: a `TextStream`."""

    connection: MemoryConnection

    async def receive_batch(self) -> list[bytes]:
        return await self.connection.read()

    async def send(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.connection.hear(text)

    async def probe(self) -> None:
        if not self.connection.answers_ping:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()


class MemoryVenue:
    """Accepts every dial, or refuses while it is `down`, and answers about its markets.

    Attributes:
        down: The error that dials get while it is set.
        connections: All that were accepted, oldest first.
        dials: When each dial was made, on Trio's clock.
        catalog: What REST knows of markets, and whether it answers.
        transport: What carries REST requests to the catalogue, in place of real connections.
    """

    def __init__(self) -> None:
        self.catalog = MemoryCatalog()
        self.transport = make_transport(self.catalog.answer)
        self.down: str | None = None
        self.connections: list[MemoryConnection] = []
        self.dials: list[float] = []
        self._in, self._out = trio.open_memory_channel[MemoryConnection](math.inf)

    @asynccontextmanager
    async def open_stream(self, url: str) -> AsyncIterator[_MemoryStream]:
        """Pass this to `open_service`."""
        await trio.lowlevel.checkpoint()
        self.dials.append(trio.current_time())
        if self.down is not None:
            raise ConnectFailed(url, self.down)
        connection = MemoryConnection(url)
        self.connections.append(connection)
        self._in.send_nowait(connection)
        try:
            yield _MemoryStream(connection)
        finally:
            connection.closed = True

    async def accept(self) -> MemoryConnection:
        """The next connection."""
        return await self._out.receive()

    def list_market(
        self, question: str, outcomes: Mapping[str, str], **fields: Any
    ) -> MemoryMarket:
        """Add a market to the catalogue: token ids by the outcomes' names."""
        return self.catalog.list_market(question, outcomes, **fields)


Levels = Iterable[tuple[str, str]]
"""Prices and sizes, best first."""


def make_book(
    asset_id: str,
    *,
    bids: Levels = (),
    asks: Levels = (),
    timestamp: int = 1_700_000_000_000,
    market: str = MARKET,
    **fields: Any,
) -> dict[str, Any]:
    """A `book` frame. Levels are given best first; the wire has the best last."""
    return {
        "event_type": "book",
        "market": market,
        "asset_id": asset_id,
        "timestamp": str(timestamp),
        "hash": "",
        "bids": [{"price": p, "size": s} for p, s in reversed(list(bids))],
        "asks": [{"price": p, "size": s} for p, s in reversed(list(asks))],
        **fields,
    }


def make_price_change(
    *changes: tuple[str, str, str, str],
    timestamp: int = 1_700_000_000_001,
    market: str = MARKET,
    **fields: Any,
) -> dict[str, Any]:
    """A `price_change` frame. Each change is (asset id, side, price, new total size)."""
    return {
        "event_type": "price_change",
        "market": market,
        "timestamp": str(timestamp),
        "price_changes": [
            {"asset_id": asset_id, "side": side, "price": price, "size": size, **fields}
            for asset_id, side, price, size in changes
        ],
    }


def make_trade(
    asset_id: str,
    price: str,
    *,
    size: str = "10",
    side: str = "BUY",
    timestamp: int = 1_700_000_000_002,
    market: str = MARKET,
) -> dict[str, Any]:
    """A `last_trade_price` frame."""
    return {
        "event_type": "last_trade_price",
        "market": market,
        "asset_id": asset_id,
        "price": price,
        "size": size,
        "side": side,
        "fee_rate_bps": "0",
        "timestamp": str(timestamp),
    }
