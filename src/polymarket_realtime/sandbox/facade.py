"""An open sandbox, as whoever opened it holds it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import attrs

from .account import Account
from .clock import VenueClock
from .connections import Connections, ReceivedFrame
from .credentials import ADDRESS, WALLET_KEY, ApiCredentials, KeyDesk
from .exchange import Exchange
from .faults import Faults
from .feed_faults import FeedFaults
from .live import LiveDesk
from .rate_limit import RateLimit
from .replay import ReplayVenue
from .rest_faults import RestFaults

__all__ = ["Sandbox", "SandboxStatistics", "Urls"]

KINDS = (
    *("market", "user", "subscribe", "unsubscribe", "PING", "invalid"),
    *("auth", "ping", "pong"),
)
"""Of clients' frames; the second row is of PolyBolt and of the sports channel."""


@attrs.frozen
class Urls:
    """Where everything is."""

    market_url: str
    user_url: str
    rtds_url: str
    sports_url: str
    polybolt_url: str
    clob_url: str
    gamma_url: str


@attrs.frozen
class SandboxStatistics:
    """What has happened so far.

    Attributes:
        connections_open: WebSocket connections now.
        connections_total: WebSocket connections so far.
        frames_sent: Text frames sent to clients.
        frames_received: Text frames from clients, by kind: `market`, `user`, `subscribe`,
            `unsubscribe`, `PING` and `invalid`; of PolyBolt also `auth` and `ping`, and of the
            sports channel `pong`.
        faults_injected: Faults switched on, of all kinds.
    """

    connections_open: int
    connections_total: int
    frames_sent: int
    frames_received: Mapping[str, int]
    faults_injected: int


@attrs.frozen
class Sandbox(Urls):
    """An open sandbox.

    Attributes:
        market_url: The market channel, `ws://…/ws/market`.
        user_url: The user channel, `ws://…/ws/user`.
        rtds_url: RTDS, `ws://…/live-data`.
        sports_url: The sports channel, `ws://…/sports`.
        polybolt_url: PolyBolt, `ws://…/live-v2/ws`; it wants `credentials`.
        clob_url: The CLOB's REST, `http://…`.
        gamma_url: Gamma's REST; the same address.
        faults: Breaks connections.
        feed_faults: Loses, delays and damages frames of the market channel.
        rest_faults: Breaks the public CLOB endpoints.
        exchange: The synthetic exchange, or the recordings that are replayed.
        live: Moves RTDS, the sports channel and PolyBolt. While recordings are replayed, their
            sockets are open, and nothing moves there by itself.
        account: The ledger of the one account; idle if recordings are replayed.
        address: The wallet that the account belongs to.
        wallet_key: Its private key, which everybody knows.
        credentials: The API key that the wallet has from the start.
        keys: Issues and revokes API keys.
        clock: The venue's time, which can be shifted.
        rate_limit: Counts HTTP requests, and answers them with 429 if told to.
    """

    faults: Faults
    feed_faults: FeedFaults = attrs.field(repr=False)
    rest_faults: RestFaults = attrs.field(repr=False)
    exchange: Exchange | ReplayVenue
    live: LiveDesk = attrs.field(repr=False)
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
        return SandboxStatistics(
            connections_open=self._connections.open,
            connections_total=self._connections.total,
            frames_sent=self._connections.frames_sent,
            frames_received={kind: self._connections.counts[kind] for kind in KINDS},
            faults_injected=sum(
                each.injected for each in (self.faults, self.feed_faults, self.rest_faults)
            ),
        )
