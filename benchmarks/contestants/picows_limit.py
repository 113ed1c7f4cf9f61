"""What is possible in Python: picows and msgspec on asyncio, and nothing that is not needed.

C reads TLS, frames and JSON; no task is switched. Real work is done all the same: every level is
applied, best prices are kept, and each message is handed to the subscriber's callback. Nothing
is checked, no event object of its own is made, and a lost connection would be the end.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from common import Job, Meter


class Level(msgspec.Struct, gc=False):
    price: str
    size: str


class Change(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    size: str
    side: str
    best_bid: str
    best_ask: str
    hash: str


class Book(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    asset_id: str
    market: str
    timestamp: str
    hash: str
    bids: list[Level]
    asks: list[Level]


class PriceChange(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    market: str
    timestamp: str
    price_changes: list[Change]


class Trade(msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False):
    asset_id: str
    market: str
    timestamp: str
    price: str
    size: str
    side: str


class Hint(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    asset_id: str
    market: str
    timestamp: str
    best_bid: str
    best_ask: str


Message = Book | PriceChange | Trade | Hint
Subscriber = Callable[[Any], None]

decode_one = msgspec.json.Decoder(Message).decode
decode_array = msgspec.json.Decoder(list[Message]).decode


class Ticks(dict[str, int]):
    """Prices of the wire in ten-thousandths; each text is parsed once."""

    def __missing__(self, price: str) -> int:
        value = self[price] = round(float(price) * 10_000)
        return value


TICKS = Ticks()


class Levels:
    """Both sides of one book, with the best price of each: integer ticks to sizes of the wire."""

    __slots__ = ("asks", "best_ask", "best_bid", "bids")

    def __init__(self, book: Book) -> None:
        ticks = TICKS
        self.bids = {ticks[level.price]: level.size for level in book.bids}
        self.asks = {ticks[level.price]: level.size for level in book.asks}
        self.best_bid = max(self.bids, default=0)
        self.best_ask = min(self.asks, default=10_000)

    def set_level(self, change: Change) -> None:
        """Apply one change."""
        price, size = TICKS[change.price], change.size
        if change.side == "BUY":
            if size != "0":
                self.bids[price] = size
                if price > self.best_bid:
                    self.best_bid = price
            elif self.bids.pop(price, None) is not None and price == self.best_bid:
                self.best_bid = max(self.bids, default=0)
        elif size != "0":
            self.asks[price] = size
            if price < self.best_ask:
                self.best_ask = price
        elif self.asks.pop(price, None) is not None and price == self.best_ask:
            self.best_ask = min(self.asks, default=10_000)


class Client(WSListener):
    """Decodes, applies, and calls the subscriber of the token."""

    def __init__(self, job: Job, subscribers: dict[str, Subscriber]) -> None:
        self._job = job
        self._subscribers = subscribers
        self._books: dict[str, Levels] = {}
        self._fragments: list[bytes] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Subscribe."""
        transport.send(WSMsgType.TEXT, self._job.subscription.encode())

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        """One frame: one message, or the array of the opening."""
        if frame.msg_type is not WSMsgType.TEXT:
            return
        payload = frame.get_payload_as_memoryview()
        if payload[0] == 91:
            for message in decode_array(payload):
                self._take(message)
        elif payload[0] == 123:
            self._take(decode_one(payload))

    def _take(self, message: Message) -> None:
        if type(message) is PriceChange:
            books = self._books
            for change in message.price_changes:
                if (book := books.get(change.asset_id)) is not None:
                    book.set_level(change)
            asset_id = message.price_changes[0].asset_id
        else:
            asset_id = message.asset_id  # type: ignore[union-attr]
            if type(message) is Book:
                self._books[asset_id] = Levels(message)
        if (subscriber := self._subscribers.get(asset_id)) is not None:
            subscriber(message)


async def main(job: Job) -> None:
    """Do the job."""
    meter, done = Meter(job), asyncio.Event()

    def subscriber(message: Any) -> None:
        if meter.took(int(message.timestamp)):
            meter.end()
            done.set()

    context = ssl.create_default_context(cafile=job.ca) if job.ca else None
    client = Client(job, dict.fromkeys(job.tokens, subscriber))
    meter.begin()
    transport, _ = await ws_connect(
        lambda: client, job.url, ssl_context=context, max_frame_size=1 << 25
    )
    await done.wait()
    transport.disconnect()
    loop = job.options.get("loop", "asyncio")
    meter.report("picows", "msgspec", *(["uvloop"] if loop == "uvloop" else []))


if __name__ == "__main__":
    the_job = Job.load()
    if the_job.options.get("loop") == "uvloop":
        import uvloop

        uvloop.run(main(the_job))
    else:
        asyncio.run(main(the_job))
