"""The knobs of a sandbox."""

from __future__ import annotations

import math
from ipaddress import ip_address
from pathlib import Path

import attrs

from polymarket_realtime.errors import SettingsError

from .account_flow import DEFAULT_REST

_DURATIONS = (
    *("idle_timeout", "price_interval", "game_interval", "sports_text_ping"),
    *("rtds_patience", "rtds_lifetime"),
)


@attrs.frozen
class SandboxConfig:
    """How the sandbox behaves.

    Attributes:
        host: A loopback address, or `localhost`.
        port: TCP port; 0 takes a free one.
        seed: The same seed gives the same markets, ids and, step for step, the same order flow.
        rate: Mean exchange steps a second over all markets; 0 means nothing moves by itself.
        replay: A recording (JSONL) to serve instead of the synthetic exchange.
        speed: Of a replay: 1 as recorded, N for N times as fast, `math.inf` without pauses.
        connection: Of a replay: the recorded connection that every client gets.
        idle_timeout: Seconds without PING and without data after which a connection is dropped.
        lifecycle: A market is created and another resolves while you watch.
        account: The account places, fills and cancels orders by itself, about once in four steps of
            the exchange. Without, it only does what it is told, and the order flow of a seed is
            what it would be if there were no account.
        account_rest: Steps of the account for which it does not cancel an order that it placed.
        pong_before_cut: The user channel answers one PING before it cuts off wrong credentials.
        gamma_lag: Seconds for which Gamma still shows a settled market as open, by the venue's
            clock.
        price_interval: Seconds between two rounds of reference prices, if `rate` is not 0.
        game_interval: Seconds between two rounds of sports states that have not changed; these
            come at every rate, the first half a second after a client.
        sports_text_ping: Seconds between texts `ping` on the sports channel, which must be answered
            by `pong` within 10 s; None for none, as measured.
        rtds_patience: Seconds without a PING after which RTDS says nothing more.
        rtds_lifetime: Seconds after which RTDS closes a connection.
        retired: Topics of RTDS that are gone.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 7
    rate: float = 8.0
    replay: Path | None = None
    speed: float = 1.0
    connection: str | None = None
    idle_timeout: float = 125.0
    lifecycle: bool = True
    account: bool = True
    account_rest: int = DEFAULT_REST
    pong_before_cut: bool = False
    gamma_lag: float = 0.0
    price_interval: float = 1.0
    game_interval: float = 20.0
    sports_text_ping: float | None = None
    rtds_patience: float = 360.0
    rtds_lifetime: float = 7200.0
    retired: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise SettingsError("host", self.host, "the sandbox listens on loopback only")
        if not 0 <= self.port <= 0xFFFF:
            raise SettingsError("port", self.port, "not a TCP port")
        if not 0 <= self.rate < math.inf:
            raise SettingsError("rate", self.rate, "steps a second, 0 or more")
        if not self.speed > 0:
            raise SettingsError("speed", self.speed, "a factor above 0, or inf")
        for name in _DURATIONS:
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise SettingsError(name, seconds, "seconds above 0")
        if not self.gamma_lag >= 0:
            raise SettingsError("gamma_lag", self.gamma_lag, "seconds, 0 or more")
        if self.account_rest < 0:
            raise SettingsError("account_rest", self.account_rest, "a number of steps, 0 or more")

    @property
    def address(self) -> str:
        """The address to bind: `host`, with `localhost` meaning IPv4."""
        return "127.0.0.1" if self.host == "localhost" else self.host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
