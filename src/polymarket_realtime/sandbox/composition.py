"""Puts a sandbox together, whatever carries its connections."""

from __future__ import annotations

import random
from functools import partial
from typing import NoReturn

import attrs
import trio
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
from .faults_api import FaultsApi
from .feed_faults import FeedFaults
from .gamma import Catalogue
from .gamma_api import GammaApi
from .gatekeeper import Gatekeeper, Recover
from .live import LiveDesk
from .live_flow import run_live
from .market_socket import MarketSocket
from .polybolt_socket import PolyboltSocket
from .rate_limit import RateLimit
from .replay import ReplayVenue, load_replay
from .rest import ClobApi
from .rest_faults import RestFaults
from .rtds_socket import RtdsSocket
from .sports_socket import SportsSocket
from .user_socket import UserSocket

__all__ = ["Composition", "compose", "make_urls", "replay_of"]

MOST_BEHIND = 0.5
"""Seconds of missed steps that the order flow makes up for after a pause."""


@attrs.frozen
class Composition:
    """A sandbox without a way in.

    Attributes:
        sandbox: What whoever opens it gets.
        app: Serves all its channels and its HTTP.
    """

    sandbox: Sandbox
    app: ASGIApp
    _config: SandboxConfig
    _chance: random.Random

    async def run(self) -> None:
        """Let happen what happens by itself; returns at once if that is nothing."""
        exchange = self.sandbox.exchange
        if not isinstance(exchange, Exchange) or not self._config.rate:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_live, self.sandbox.live, exchange, self._config.price_interval)
            await _run_flow(exchange, self._config.rate, self._chance)


async def _run_flow(exchange: Exchange, rate: float, chance: random.Random) -> NoReturn:
    """Make steps at random moments, `rate` a second on average."""
    due = trio.current_time()
    while True:
        due = max(due + chance.expovariate(rate), trio.current_time() - MOST_BEHIND)
        await trio.sleep_until(due)
        exchange.step()


def replay_of(config: SandboxConfig) -> ReplayVenue | None:
    """The recordings to serve, read from their file; None for the synthetic exchange.

    Raises:
        SettingsError: The replay cannot be used.
    """
    if config.replay is None:
        return None
    return load_replay(config.replay, speed=config.speed, connection=config.connection)


def make_urls(address: str, port: int) -> Urls:
    """Where everything is that is served at one address."""
    authority = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return Urls(
        market_url=f"ws://{authority}/ws/market",
        user_url=f"ws://{authority}/ws/user",
        rtds_url=f"ws://{authority}/live-data",
        sports_url=f"ws://{authority}/sports",
        polybolt_url=f"ws://{authority}/live-v2/ws",
        clob_url=f"http://{authority}",
        gamma_url=f"http://{authority}",
    )


def compose(
    config: SandboxConfig, urls: Urls, replay: ReplayVenue | None, recover: Recover
) -> Composition:
    """All the parts, in their places.

    Args:
        config: The knobs; host and port do not matter here.
        urls: Where it will be reached.
        replay: What stands behind it, if not the synthetic exchange.
        recover: Finds out who signed for a wallet.
    """
    connections, clock = Connections(), VenueClock()
    live = LiveDesk(config.seed, clock, connections, config.price_interval, config.retired)
    keys = KeyDesk(config.seed, partial(_revoke, connections, live))
    credentials = keys.issue(ADDRESS, 0)
    account = Account(config.seed, clock=clock, owner=credentials.api_key)
    account.publish = partial(
        connections.publish_user, belongs=lambda key: keys.owns(account.address, key)
    )
    feed_faults = FeedFaults(connections)
    connections.deliver = feed_faults.deliver
    venue = replay or _make_exchange(config, connections, account, live)
    sandbox = Sandbox(
        **attrs.asdict(urls),
        faults=Faults(),
        feed_faults=feed_faults,
        rest_faults=RestFaults(venue),
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
    app = _make_app(config, sandbox, connections, chance, recover)
    return Composition(sandbox, app, config, chance)


def _make_exchange(
    config: SandboxConfig, connections: Connections, account: Account, live: LiveDesk
) -> Exchange:
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


def _make_app(
    config: SandboxConfig,
    sandbox: Sandbox,
    connections: Connections,
    chance: random.Random,
    recover: Recover,
) -> ASGIApp:
    gatekeeper = Gatekeeper(sandbox.keys, sandbox.clock, recover)
    live, drop, idle_timeout = sandbox.live, sandbox.faults.drop, config.idle_timeout
    app = make_app(
        sandbox.exchange,
        sockets={
            "/ws/market": MarketSocket(
                sandbox.exchange,
                connections,
                sandbox.feed_faults,
                drop,
                chance.shuffle,
                idle_timeout,
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
        clob_api=ClobApi(sandbox.rest_faults, sandbox.clock),
        faults_api=FaultsApi(sandbox.faults, sandbox.feed_faults, sandbox.rest_faults),
        gamma_api=GammaApi(
            sandbox.exchange, Catalogue(sandbox.clock, config.gamma_lag), live.scoreboard
        ),
        auth_api=AuthApi(sandbox.keys, gatekeeper, sandbox.account),
        account_api=AccountApi(sandbox.account, gatekeeper),
        urls={field.name: getattr(sandbox, field.name) for field in attrs.fields(Urls)},
    )
    return sandbox.rate_limit.wrap(app)


def _revoke(connections: Connections, live: LiveDesk, api_key: str) -> None:
    """Part with everybody who has shown this key."""
    connections.drop_key(api_key)
    live.revoke(api_key)
