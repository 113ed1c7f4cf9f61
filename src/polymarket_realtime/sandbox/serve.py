"""Opens a sandbox: the tree of its tasks is on this screen."""

from __future__ import annotations

import logging
import random
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import attrs
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from .app import make_app
from .config import SandboxConfig
from .connections import Connections, ReceivedFrame
from .exchange import Exchange
from .faults import Faults
from .market_socket import MarketSocket
from .proxy import run_proxy
from .replay import ReplayVenue, load_replay

MOST_BEHIND = 0.5
"""Seconds of missed steps that the order flow makes up for after a pause."""


@attrs.frozen
class SandboxStatistics:
    """What has happened so far.

    Attributes:
        connections_open: WebSocket connections now.
        connections_total: WebSocket connections so far.
        frames_sent: Text frames sent to clients.
        frames_received: Text frames from clients, by kind: `market`, `subscribe`, `unsubscribe`,
            `PING` and `invalid`.
        faults_injected: Faults switched on.
    """

    connections_open: int
    connections_total: int
    frames_sent: int
    frames_received: Mapping[str, int]
    faults_injected: int


@attrs.frozen
class Sandbox:
    """An open sandbox.

    Attributes:
        market_url: The market channel, `ws://…/ws/market`.
        clob_url: The CLOB's REST, `http://…`.
        gamma_url: Gamma's REST; the same address.
        faults: Breaks connections.
        exchange: The synthetic exchange, or the recordings that are replayed.
    """

    market_url: str
    clob_url: str
    gamma_url: str
    faults: Faults
    exchange: Exchange | ReplayVenue
    _connections: Connections

    @property
    def received(self) -> deque[ReceivedFrame]:
        """The newest frames that clients sent, oldest first, at most 10,000."""
        return self._connections.received

    async def wait_received(self, matches: Callable[[ReceivedFrame], bool]) -> ReceivedFrame:
        """The oldest frame from a client that matches, waiting until there is one."""
        return await self._connections.wait_received(matches)

    def statistics(self) -> SandboxStatistics:
        """A snapshot of the counters."""
        kinds = ("market", "subscribe", "unsubscribe", "PING", "invalid")
        return SandboxStatistics(
            connections_open=self._connections.open,
            connections_total=self._connections.total,
            frames_sent=self._connections.frames_sent,
            frames_received={kind: self._connections.counts[kind] for kind in kinds},
            faults_injected=self.faults.injected,
        )


@asynccontextmanager
async def open_sandbox(config: SandboxConfig = SandboxConfig()) -> AsyncIterator[Sandbox]:  # noqa: B008 - frozen
    """Serve a Polymarket on loopback for as long as the block lasts.

    Raises:
        SettingsError: The replay cannot be used; before the block is entered.
        OSError: The address is in use; before the block is entered.
    """
    connections, faults = Connections(), Faults()
    venue = await _make_venue(config, connections)
    (listener,) = await trio.open_tcp_listeners(config.port, host=config.address)
    async with listener:
        sandbox = _describe(config, listener, faults, venue, connections)
        chance = random.Random(config.seed)  # noqa: S311 - a game of chance, not a secret
        market_socket = MarketSocket(
            venue, connections, faults.drop, chance.shuffle, config.idle_timeout
        )
        urls = {name: getattr(sandbox, name) for name in ("market_url", "clob_url", "gamma_url")}
        app = make_app(venue, market_socket, faults, urls=urls, clock=time.time)
        server_socket = _bind_privately()
        server_port = server_socket.getsockname()[1]
        async with trio.open_nursery() as server:
            # Hypercorn shields its writes, so it can only stop after the proxy has hung up.
            await server.start(serve, app, _server_config(server_socket))
            async with trio.open_nursery() as front:
                front.start_soon(run_proxy, listener, server_port, faults)
                if isinstance(venue, Exchange) and config.rate:
                    front.start_soon(run_flow, venue, config.rate, chance)
                yield sandbox
                front.cancel_scope.cancel()
            server.cancel_scope.cancel()


async def run_flow(exchange: Exchange, rate: float, chance: random.Random) -> None:
    """Make steps at random moments, `rate` a second on average. Never returns."""
    due = trio.current_time()
    while True:
        due = max(due + chance.expovariate(rate), trio.current_time() - MOST_BEHIND)
        await trio.sleep_until(due)
        exchange.step()


async def _make_venue(config: SandboxConfig, connections: Connections) -> Exchange | ReplayVenue:
    if config.replay is None:
        return Exchange(config.seed, connections.publish, lifecycle=config.lifecycle)
    return await trio.to_thread.run_sync(
        lambda path: load_replay(path, speed=config.speed, connection=config.connection),
        config.replay,
    )


def _describe(
    config: SandboxConfig,
    listener: trio.SocketListener,
    faults: Faults,
    venue: Exchange | ReplayVenue,
    connections: Connections,
) -> Sandbox:
    port = listener.socket.getsockname()[1]
    address = f"[{config.address}]:{port}" if ":" in config.address else f"{config.address}:{port}"
    http = f"http://{address}"
    return Sandbox(f"ws://{address}/ws/market", http, http, faults, venue, connections)


def _bind_privately() -> socket.socket:
    """A listening address for the server behind the proxy."""
    private = socket.socket()
    private.bind(("127.0.0.1", 0))
    return private


def _server_config(private: socket.socket) -> Config:
    """Hypercorn's configuration; it takes the socket over."""
    config = Config()
    config.bind = [f"fd://{private.detach()}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("polymarket_realtime.sandbox")
    config.graceful_timeout = 0.1
    return config
