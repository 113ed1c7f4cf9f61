"""A sandbox in memory, for tests on Trio's virtual clock: no sockets, no threads, no server."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NoReturn
from urllib.parse import urlsplit

import attrs
import trio
from starlette.types import ASGIApp, Receive, Scope, Send

from polymarket_realtime.errors import ConnectFailed

from .composition import compose, make_urls, replay_of
from .config import SandboxConfig
from .facade import Sandbox
from .faults import Faults
from .gatekeeper import recover_here
from .memory_link import HUNG_UP, MemoryLink

__all__ = ["MemorySandbox", "open_memory_sandbox"]

FIRST_PORT = 50_000

NOBODY_THERE = "the TCP connection failed: Connection refused"


@attrs.frozen
class MemorySandbox:
    """An open sandbox in memory.

    Attributes:
        sandbox: As `open_sandbox` gives it; its URLs are made up, and `open_stream` knows them.
        app: Its HTTP, for a transport that calls ASGI applications. While connections are refused
            it raises `ConnectionResetError`; each request counts as a connection of its own.
        open_timeout: Seconds that a server may take to answer the opening handshake.
    """

    sandbox: Sandbox
    app: ASGIApp
    open_timeout: float
    _dials: trio.MemorySendChannel[MemoryLink]
    _ports: Iterator[int]

    @asynccontextmanager
    async def open_stream(self, url: str) -> AsyncIterator[MemoryLink]:
        """Dial a URL; what comes has `receive_batch`, `send` and `probe`. Leaving hangs up.

        Raises:
            ConnectFailed: Nobody is there, or does not want to talk.
            ValueError: *url* is not one of a WebSocket.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"{url!r} is not a WebSocket URL: use wss://host or ws://host")
        await trio.lowlevel.checkpoint()
        faults = self.sandbox.faults
        if parts.netloc != urlsplit(self.sandbox.market_url).netloc:
            raise ConnectFailed(url, NOBODY_THERE)
        if faults.refusing():
            raise ConnectFailed(url, HUNG_UP)
        link = MemoryLink(port=next(self._ports), websocket=True, url=url, faults=faults)
        try:
            await self._dials.send(link)
        except trio.BrokenResourceError:
            raise ConnectFailed(url, NOBODY_THERE) from None
        try:
            await link.wait_open(self.open_timeout)
            yield link
        finally:
            link.leave()


@asynccontextmanager
async def open_memory_sandbox(
    config: SandboxConfig = SandboxConfig(),  # noqa: B008 - frozen
    *,
    open_timeout: float = 10.0,
) -> AsyncIterator[MemorySandbox]:
    """Have a Polymarket for as long as the block lasts.

    Times are Trio's and, for what carries a date, those of `time.time`.

    Args:
        config: The knobs.
        open_timeout: Seconds after which an opening handshake without an answer has failed.

    Raises:
        SettingsError: The replay cannot be used; before the block is entered.
    """
    urls = make_urls(config.address, config.port or 1)
    composition = compose(config, urls, replay_of(config), recover_here)
    faults = composition.sandbox.faults
    dials_in, dials_out = trio.open_memory_channel[MemoryLink](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_serve_links, dials_out, composition.app)
        nursery.start_soon(composition.run)
        app = _refusable(composition.app, faults)
        ports = itertools.count(FIRST_PORT)
        yield MemorySandbox(composition.sandbox, app, open_timeout, dials_in, ports)
        nursery.cancel_scope.cancel()


async def _serve_links(dials_out: trio.MemoryReceiveChannel[MemoryLink], app: ASGIApp) -> NoReturn:
    """Serve every connection that is dialled."""
    with dials_out:
        async with trio.open_nursery() as nursery:
            while True:
                link = await dials_out.receive()
                nursery.start_soon(link.run, app, name=f"serve {link.url}")


def _refusable(app: ASGIApp, faults: Faults) -> ASGIApp:
    """The application, but for the time in which the sandbox refuses connections."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if faults.refusing():
            raise ConnectionResetError("the sandbox refuses connections")
        await app(scope, receive, send)

    return answer
