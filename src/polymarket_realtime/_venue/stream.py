"""An open WebSocket as the rest of the package sees it, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["OpenStream", "TextStream"]


class TextStream(Protocol):
    """An open WebSocket, as the rest of the package sees it."""

    async def receive_batch(self) -> list[bytes]:
        """All whole messages of one socket read, at least one, in order, not decoded.

        Text and binary alike. If cancelled, nothing is lost.

        Raises:
            ConnectionLost: once everything that arrived before the end has been handed over.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one text frame. If cancelled, it may be half sent: leave the connection.

        Raises:
            ConnectionLost: The connection has ended, or is ending.
        """
        ...

    async def probe(self) -> None:
        """Send a ping of the WebSocket protocol, and wait until the peer has answered it.

        Raises:
            ConnectionLost: The connection has ended, or is ending.
        """
        ...


OpenStream = Callable[[str], AbstractAsyncContextManager[TextStream]]
"""How to dial a URL: `open_text_stream` with its knobs set, or a test's venue in memory."""
