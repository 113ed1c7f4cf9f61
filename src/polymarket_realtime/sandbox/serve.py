"""Opens a sandbox: the tree of its tasks is on this screen."""

from __future__ import annotations

import logging
import random
import socket
from collections.abc import AsyncIterator
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
from .connections import Connections
from .credentials import ADDRESS, KeyDesk
from .exchange import Exchange
from .facade import Sandbox, Urls
from .faults import Faults
from .gamma import Catalogue
from .gamma_api import GammaApi
from .gatekeeper import Gatekeeper
from .live import LiveDesk
from .live_flow import run_live
from .market_socket import MarketSocket
from .polybolt_socket import PolyboltSocket
from .proxy import run_proxy
from .rate_limit import RateLimit
from .replay import ReplayVenue, load_replay
from .rtds_socket import RtdsSocket
from .sports_socket import SportsSocket
from .user_socket import UserSocket

__all__ = ["open_sandbox", "run_flow"]

MOST_BEHIND = 0.5
"""Seconds of missed steps that the order flow makes up for after a pause."""


@asynccontextmanager
async def open_sandbox(config: SandboxConfig = SandboxConfig()) -> AsyncIterator[Sandbox]:  # noqa: B008 - frozen
    """Serve a Polymarket on loopback for as long as the block lasts.

    Raises:
        SettingsError: The replay cannot be used; before the block is entered.
        OSError: The address is in use; before the block is entered.
    """
    connections, clock = Connections(), VenueClock()
    live = LiveDesk(config.seed, clock, connections, config.price_interval, config.retired)
    keys = KeyDesk(config.seed, partial(_revoke, connections, live))
    credentials = keys.issue(ADDRESS, 0)
    account = Account(config.seed, clock=clock, owner=credentials.api_key)
    account.publish = partial(
        connections.publish_user, belongs=lambda key: keys.owns(account.address, key)
    )
    venue = await _make_venue(config, connections, account, live)
    (listener,) = await trio.open_tcp_listeners(config.port, host=config.address)
    async with listener:
        sandbox = Sandbox(
            **attrs.asdict(_urls(config, listener)),
            faults=Faults(),
            exchange=venue,
            live=live,
            account=account,
            credentials=credentials,
            keys=keys,
            clock=clock,
            rate_limit=RateLimit(),
            connections=connections,
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
                    front.start_soon(run_live, live, venue, config.price_interval)
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
    config: SandboxConfig, connections: Connections, account: Account, live: LiveDesk
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
            matched=live.trade,
        )
    return await trio.to_thread.run_sync(
        lambda path: load_replay(path, speed=config.speed, connection=config.connection),
        config.replay,
    )


def _make_app(
    config: SandboxConfig, sandbox: Sandbox, connections: Connections, chance: random.Random
) -> ASGIApp:
    gatekeeper = Gatekeeper(sandbox.keys, sandbox.clock)
    live, drop, idle_timeout = sandbox.live, sandbox.faults.drop, config.idle_timeout
    app = make_app(
        sandbox.exchange,
        sandbox.faults,
        sockets={
            "/ws/market": MarketSocket(
                sandbox.exchange, connections, drop, chance.shuffle, idle_timeout
            ),
            "/ws/user": UserSocket(
                sandbox.keys, connections, drop, idle_timeout, config.pong_before_cut
            ),
            "/live-data": RtdsSocket(
                live.rtds, connections, drop, config.rtds_patience, config.rtds_lifetime
            ),
            "/sports": SportsSocket(
                live.sports, connections, drop, config.game_interval, config.sports_text_ping
            ),
            "/live-v2/ws": PolyboltSocket(live.polybolt, sandbox.keys, connections, drop),
        },
        gamma_api=GammaApi(
            sandbox.exchange, Catalogue(sandbox.clock, config.gamma_lag), live.scoreboard
        ),
        auth_api=AuthApi(sandbox.keys, gatekeeper, sandbox.account),
        account_api=AccountApi(sandbox.account, gatekeeper),
        urls={field.name: getattr(sandbox, field.name) for field in attrs.fields(Urls)},
        clock=sandbox.clock,
    )
    return sandbox.rate_limit.wrap(app)


def _revoke(connections: Connections, live: LiveDesk, api_key: str) -> None:
    """Part with everybody who has shown this key."""
    connections.drop_key(api_key)
    live.revoke(api_key)


def _urls(config: SandboxConfig, listener: trio.SocketListener) -> Urls:
    port = listener.socket.getsockname()[1]
    address = f"[{config.address}]:{port}" if ":" in config.address else f"{config.address}:{port}"
    return Urls(
        market_url=f"ws://{address}/ws/market",
        user_url=f"ws://{address}/ws/user",
        rtds_url=f"ws://{address}/live-data",
        sports_url=f"ws://{address}/sports",
        polybolt_url=f"ws://{address}/live-v2/ws",
        clob_url=f"http://{address}",
        gamma_url=f"http://{address}",
    )


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
