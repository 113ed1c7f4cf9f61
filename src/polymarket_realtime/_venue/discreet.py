"""Connections that never repeat what the peer says in its last words.

A peer may put anything into the reason of its close frame, even the credentials that it was just
sent. The reason becomes an error; errors are logged, shown, and named in the reports of Trio.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs

from polymarket_realtime._venue.stream import OpenStream, TextStream
from polymarket_realtime.errors import ConnectionLost

__all__ = ["Scrub", "make_discreet"]

Scrub = Callable[[str], str]
"""Takes secrets out of a text, as `Credentials.scrub_words` does."""


def make_discreet(open_stream: OpenStream, scrub: Scrub) -> OpenStream:
    """The same dialler, for connections that secrets are sent on."""

    @asynccontextmanager
    async def open_discreet(url: str) -> AsyncIterator[TextStream]:
        async with open_stream(url) as stream:
            yield _DiscreetStream(stream, scrub)

    return open_discreet


@attrs.frozen
class _DiscreetStream:
    """A `TextStream` whose errors hold nothing secret, not even as their context."""

    stream: TextStream
    scrub: Scrub

    async def receive_batch(self) -> list[bytes]:
        try:
            return await self.stream.receive_batch()
        except ConnectionLost as error:
            lost = self._scrubbed(error)
        raise lost

    async def send(self, text: str) -> None:
        try:
            await self.stream.send(text)
        except ConnectionLost as error:
            lost = self._scrubbed(error)
        else:
            return
        raise lost

    async def probe(self) -> None:
        try:
            await self.stream.probe()
        except ConnectionLost as error:
            lost = self._scrubbed(error)
        else:
            return
        raise lost

    def _scrubbed(self, error: ConnectionLost) -> ConnectionLost:
        return ConnectionLost(error.code, self.scrub(error.reason))
