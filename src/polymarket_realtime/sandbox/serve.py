"""Opens a sandbox: the tree of its tasks is on this screen."""

from __future__ import annotations

import logging
import random
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import attrs
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from starlette.types import ASGIApp

from .account import Account
from .account_api import AccountApi
from .app import make_app
from .auth_api import AuthApi
from .clock import VenueClock
from .config import SandboxConfig
from .connections import Connections, ReceivedFrame
from .credentials import ADDRESS, WALLET_KEY, ApiCredentials, KeyDesk
from .exchange import Exchange
from .faults import Faults
from .gatekeeper import Gatekeeper
from .market_socket import MarketSocket
from .proxy import run_proxy
from .rate_limit import RateLimit
from .replay import ReplayVenue, load_replay
from .user_socket import UserSocket

MOST_BEHIND = 0.5
"""Seconds of missed steps that the order flow makes up for after a pause."""


@attrs.frozen
class SandboxStatistics:
    """What has happened so far.

    Attributes:
        connections_open: WebSocket connections now.
        connections_total: WebSocket connections so far.
        frames_sent: Text frames sent to clients.
        frames_received: Text frames from clients, by kind: `market`, `user`, `subscribe`,
            `unsubscribe`, `PING` and `invalid`.
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
        user_url: The user channel, `ws://…/ws/user`.
        clob_url: The CLOB's REST, `http://…`.
        gamma_url: Gamma's REST; the same address.
        faults: Breaks connections.
        exchange: The synthetic exchange, or the recordings that are replayed.
        account: The ledger of the one account; idle if recordings are replayed.
        address: The wallet that the account belongs to.
        wallet_key: Its private key, which everybody knows.
        credentials: The API key that the wallet has from the start.
        keys: Issues and revokes API keys.
        clock: The venue's time, which can be shifted.
        rate_limit: Counts HTTP requests, and answers them with 429 if told to.
    """

    market_url: str
    user_url: str
    clob_url: str
    gamma_url: str
    faults: Faults
    exchange: Exchange | ReplayVenue
    account: Account = attrs.field(repr=False)
    credentials: ApiCredentials
    keys: KeyDesk = attrs.field(repr=False)
    clock: VenueClock
    rate_limit: RateLimit
    _connections: Connections = attrs.field(repr=False)
    address: str = attrs.field(default=ADDRESS, init=False)
    wallet_key: str = attrs.field(default=WALLET_KEY, init=False, repr=False)

    @property
    def received(self) -> deque[ReceivedFrame]:
        """The newest frames that clients sent, oldest first, at most 10,000; secrets masked."""
        return self._connections.received

    async def wait_received(self, matches: Callable[[ReceivedFrame], bool]) -> ReceivedFrame:
        """The oldest frame from a client that matches, waiting until there is one."""
        return await self._connections.wait_received(matches)

    def statistics(self) -> SandboxStatistics:
        """A snapshot of the counters."""
        kinds = ("market", "user", "subscribe", "unsubscribe", "PING", "invalid")
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
    connections, clock = Connections(), VenueClock()
    keys = KeyDesk(config.seed, connections.drop_key)
    credentials = keys.issue(ADDRESS, 0)
    account = Account(config.seed, clock=clock, owner=credentials.api_key)
    account.publish = partial(
        connections.publish_user, belongs=lambda key: keys.owns(account.address, key)
    )
    venue = await _make_venue(config, connections, account)
    (listener,) = await trio.open_tcp_listeners(config.port, host=config.address)
    async with listener:
        sandbox = Sandbox(
            *_urls(config, listener),
            Faults(),
            venue,
            account,
            credentials,
            keys,
            clock,
            RateLimit(),
            connections,
        )
        chance = random.Random(config.seed)  # noqa: S311 - a game of chance, not a secret
        app = _make_app(config, sandbox, connections, chance)
        server_socket = _bind_privately()
        server_port = server_socket.getsockname()[1]
        async with trio.open_nursery() as server:
            # Hypercorn shields its writes, so it can only stop after the proxy has hung up.
            await server.start(serve, app, _server_config(server_socket))
            async with trio.open_nursery() as front:
                front.start_soon(run_proxy, listener, server_port, sandbox.faults)
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


async def _make_venue(
    config: SandboxConfig, connections: Connections, account: Account
) -> Exchange | ReplayVenue:
    if config.replay is None:
        return Exchange(
            config.seed,
            connections.publish,
            account.clock,
            lifecycle=config.lifecycle,
            account=account,
            account_acts=config.account,
            account_rest=config.account_rest,
        )
    return await trio.to_thread.run_sync(
        lambda path: load_replay(path, speed=config.speed, connection=config.connection),
        config.replay,
    )


def _make_app(
    config: SandboxConfig, sandbox: Sandbox, connections: Connections, chance: random.Random
) -> ASGIApp:
    gatekeeper = Gatekeeper(sandbox.keys, sandbox.clock)
    drop, idle_timeout = sandbox.faults.drop, config.idle_timeout
    app = make_app(
        sandbox.exchange,
        sandbox.faults,
        market_socket=MarketSocket(
            sandbox.exchange, connections, drop, chance.shuffle, idle_timeout
        ),
        user_socket=UserSocket(
            sandbox.keys, connections, drop, idle_timeout, config.pong_before_cut
        ),
        auth_api=AuthApi(sandbox.keys, gatekeeper, sandbox.account),
        account_api=AccountApi(sandbox.account, gatekeeper),
        urls={
            name: getattr(sandbox, name)
            for name in ("market_url", "user_url", "clob_url", "gamma_url")
        },
        clock=sandbox.clock,
    )
    return sandbox.rate_limit.wrap(app)


def _urls(config: SandboxConfig, listener: trio.SocketListener) -> tuple[str, str, str, str]:
    """Of market channel, user channel, CLOB and Gamma."""
    port = listener.socket.getsockname()[1]
    address = f"[{config.address}]:{port}" if ":" in config.address else f"{config.address}:{port}"
    http = f"http://{address}"
    return f"ws://{address}/ws/market", f"ws://{address}/ws/user", http, http


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
