"""The client of the demo: a real MCP client of a real MCP server in a process of its own."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TextIO

import attrs
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from polymarket_realtime._venue.wakeup import Wakeup

from .exits import CommandFailed

__all__ = ["DemoClient", "open_client"]

SERVER: Final = ["-m", "polymarket_realtime", "serve"]
"""Arguments of the Python that becomes the server."""

_MOST_EVENTS: Final = 1000


@attrs.define(eq=False)
class DemoClient:
    """An MCP session, and the events that it was sent."""

    session: Client
    _events: deque[dict[str, Any]]
    _arrived: Wakeup

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and give its structured result.

        Raises:
            CommandFailed: The tool says that it failed.
            MCPError: The server refused the call, or is gone.
        """
        result = await self.session.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            said = " ".join(c.text for c in result.content if isinstance(c, types.TextContent))
            raise CommandFailed(f"{tool}: {said}", code=1)
        content: dict[str, Any] = result.structured_content
        return content

    async def next_event(self) -> dict[str, Any]:
        """The next event that the server sends; waits for it."""
        while not self._events:
            await self._arrived.wait()
        return self._events.popleft()

    def forget_events(self) -> int:
        """Skip what has come but was not looked at; gives how many events that were."""
        skipped = len(self._events)
        self._events.clear()
        return skipped


@asynccontextmanager
async def open_client(urls: Mapping[str, str], log: TextIO) -> AsyncIterator[DemoClient]:
    """Start `polymarket-realtime serve` and shake hands with it.

    The session is of the 2025-11-25 era, in which a server may send events by itself.

    Args:
        urls: Where the server finds its venue, by the names of `Settings`.
        log: Where its stderr goes; a true file.
    """
    # The demo must not depend on what the person running it has set, nor be told any secret.
    foreign = ("POLYMARKET_", "POLYGON_")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    environ |= {f"POLYMARKET_{name.upper()}": url for name, url in urls.items()}
    environ["NO_PROXY"] = environ["no_proxy"] = "127.0.0.1"
    server = StdioServerParameters(command=sys.executable, args=SERVER, env=environ)
    events: deque[dict[str, Any]] = deque(maxlen=_MOST_EVENTS)
    arrived = Wakeup()

    async def take(params: types.LoggingMessageNotificationParams) -> None:
        events.append(params.data)
        arrived.ring()

    transport = stdio_client(server, errlog=log)
    async with Client(transport, mode="legacy", logging_callback=take) as session:
        yield DemoClient(session, events, arrived)
