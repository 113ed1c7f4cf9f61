"""A plain client of a sandbox in memory, for tests that must not trust the product's."""

import json
from collections import deque
from contextlib import asynccontextmanager

import attrs
import trio

from polymarket_realtime.errors import ConnectionLost


@attrs.frozen
class MemoryClient:
    stream: object
    texts: deque = attrs.field(factory=deque)

    async def send(self, **body):
        await self.stream.send(json.dumps(body))

    async def text(self):
        with trio.fail_after(300):
            while not self.texts:
                self.texts.extend(text.decode() for text in await self.stream.receive_batch())
        return self.texts.popleft()

    async def frame(self):
        return json.loads(await self.text())

    async def open(self, *tokens, **more):
        """Send the initial frame and return the opening books by token."""
        await self.send(type="market", assets_ids=list(tokens), **more)
        return {book["asset_id"]: book for book in await self.frame()}

    async def resubscribe(self, *tokens):
        """Leave the tokens and join them anew; the books of the dump by token."""
        for operation in ("unsubscribe", "subscribe"):
            await self.send(operation=operation, assets_ids=list(tokens))
        return {book["asset_id"]: book for book in await self.frame()}

    async def ping(self):
        """The texts that come before the PONG."""
        texts = []
        await self.stream.send("PING")
        while (text := await self.text()) != "PONG":
            texts.append(text)
        return texts

    async def frames(self):
        """The frames that come before the PONG."""
        return [json.loads(text) for text in await self.ping()]

    async def ending(self):
        """Read to the end; the close code (None without a close frame) and the reason."""
        with trio.fail_after(300):
            try:
                while True:
                    await self.stream.receive_batch()
            except ConnectionLost as lost:
                return lost.code, lost.reason


@asynccontextmanager
async def open_memory_client(memory, url=None):
    async with memory.open_stream(url or memory.sandbox.market_url) as stream:
        yield MemoryClient(stream)
