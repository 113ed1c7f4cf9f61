"""A plain WebSocket client and a plain book keeper, for tests that must not trust the product's."""

import hashlib
import json
from contextlib import asynccontextmanager
from decimal import Decimal
from urllib.parse import urlsplit

import attrs
import trio
import trio_websocket


@attrs.frozen
class Client:
    ws: trio_websocket.WebSocketConnection

    async def send(self, **body):
        await self.ws.send_message(json.dumps(body))

    async def text(self):
        with trio.fail_after(5):
            return await self.ws.get_message()

    async def frame(self):
        return json.loads(await self.text())

    async def open(self, *tokens, **more):
        """Send the initial frame and return the opening books by token."""
        await self.send(type="market", assets_ids=list(tokens), **more)
        return {book["asset_id"]: book for book in await self.frame()}

    async def until(self, event_type):
        """All frames up to and with the next one of this type."""
        frames = []
        with trio.fail_after(5):
            while not frames or frames[-1]["event_type"] != event_type:
                frames.append(json.loads(await self.ws.get_message()))
        return frames

    async def ping(self):
        """The texts that come before the PONG."""
        texts = []
        await self.ws.send_message("PING")
        with trio.fail_after(5):
            while (text := await self.ws.get_message()) != "PONG":
                texts.append(text)
        return texts

    async def ending(self):
        """Read to the end; the close code (1006 without a close frame) and the reason."""
        with trio.fail_after(5):
            try:
                while True:
                    await self.ws.get_message()
            except trio_websocket.ConnectionClosed as closed:
                return closed.reason.code, closed.reason.reason


@asynccontextmanager
async def open_client(url):
    """A connection whose socket is closed afterwards whatever became of the WebSocket."""
    parts = urlsplit(url)
    async with (
        await trio.open_tcp_stream(parts.hostname, parts.port) as stream,
        trio.open_nursery() as nursery,
    ):
        with trio.fail_after(5):
            ws = await trio_websocket.wrap_client_stream(
                nursery, stream, parts.netloc, parts.path, message_queue_size=64
            )
        yield Client(ws)
        nursery.cancel_scope.cancel()


@attrs.define
class Keeper:
    """Books as a client keeps them, by nothing but the frames; prices stay the wire's strings."""

    books: dict = attrs.field(factory=dict)

    def apply(self, frame):
        """Take in a frame; returns the tokens that it changed."""
        if frame["event_type"] == "book":
            self.books[frame["asset_id"]] = {
                "bids": {level["price"]: level["size"] for level in frame["bids"]},
                "asks": {level["price"]: level["size"] for level in frame["asks"]},
            }
            return [frame["asset_id"]]
        if frame["event_type"] != "price_change":
            return []
        for entry in frame["price_changes"]:
            book = self.books[entry["asset_id"]]
            levels = book["bids" if entry["side"] == "BUY" else "asks"]
            levels.pop(entry["price"], None)
            if entry["size"] != "0":
                levels[entry["price"]] = entry["size"]
        return [entry["asset_id"] for entry in frame["price_changes"]]

    def sides(self, token):
        """Bids ascending, asks descending, as lists of levels."""
        book = self.books[token]
        return tuple(
            [
                {"price": price, "size": book[side][price]}
                for price in sorted(book[side], key=Decimal, reverse=side == "asks")
            ]
            for side in ("bids", "asks")
        )

    def top(self, token):
        bids, asks = self.sides(token)
        return (bids[-1]["price"] if bids else "0", asks[-1]["price"] if asks else "1")


def sha1_of_book(market, token, timestamp, bids, asks, tick_size, neg_risk, last_trade_price):
    """The venue's hash, from its description, with the standard library's JSON."""
    text = json.dumps(
        {
            "market": market,
            "asset_id": token,
            "timestamp": timestamp,
            "hash": "",
            "bids": bids,
            "asks": asks,
            "min_order_size": "5",
            "tick_size": tick_size,
            "neg_risk": neg_risk,
            "last_trade_price": last_trade_price,
        },
        separators=(",", ":"),
    )
    return hashlib.sha1(text.encode()).hexdigest()


def mirrored(levels):
    """The levels that the complementary token shows on its other side."""
    return [{"price": str(1 - Decimal(level["price"])), "size": level["size"]} for level in levels]
