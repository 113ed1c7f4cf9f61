"""What PolyBolt says to whom: numbered frames of reference prices, and a snapshot to begin with.

Source: docs.polymarket.com, PolyBolt WebSocket; frames recorded on 2026-09-08.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar

import attrs

from .connection import Close, Connection
from .connections import Connections
from .frames import encode
from .prices import REMEMBERED, Kind, Point, PriceBoard, Series

__all__ = ["CHANNELS", "POLYBOLT", "Filter", "PolyboltConnection", "PolyboltFeed", "decode_filter"]

POLYBOLT = "polybolt"
"""Name of the feed, for those who silence or close it."""

DRAINING = Close(4003, "draining")
WINDOW = 60


@attrs.frozen
class Channel:
    """What a channel carries.

    Attributes:
        averaged: Whether it carries averages over `WINDOW` seconds instead of prices.
    """

    kinds: Collection[Kind]
    averaged: bool = False


CHANNELS: Mapping[str, Channel] = {
    "price.crypto": Channel({Kind.CRYPTO}),
    "price.equity": Channel({Kind.EQUITY}),
    "price.crypto.twap": Channel({Kind.CRYPTO, Kind.AVERAGED_CRYPTO}, averaged=True),
    "price.equity.twap": Channel({Kind.EQUITY, Kind.AVERAGED_OTHER}, averaged=True),
}

PROVIDERS = ("chainlink", "pyth")


@attrs.frozen
class Filter:
    """What a client wants of a channel: one symbol, whoever provides it if nobody is named."""

    symbol: str
    provider: str | None = None


@attrs.define(eq=False)
class PolyboltConnection(Connection):
    """A client of PolyBolt.

    Attributes:
        api_key: Whose key it has shown; None until then.
        wishes: What it subscribes: pairs of a channel and a filter.
        dropped: What the next frame of a channel is to say was lost.
    """

    too_slow: ClassVar[Close] = Close(4002, "slow consumer")

    api_key: str | None = attrs.field(default=None, repr=False)
    wishes: dict[tuple[str, Filter], None] = attrs.field(factory=dict)
    dropped: Counter[str] = attrs.field(factory=Counter)
    _last: Counter[str] = attrs.field(factory=Counter)

    def refuse(self, code: str, how: Close) -> None:
        """Say what is wrong with this client as a whole, and close."""
        self.offer(encode({"op": "error", "code": code}))
        self.close(how)

    def skip(self, channel: str, count: int = 1) -> int:
        """Use up numbers of a channel; the last of them."""
        self._last[channel] += count
        return self._last[channel]


@attrs.frozen
class PolyboltFeed:
    """Tells everybody what they have subscribed.

    Attributes:
        clock: Seconds since the epoch.
        board: The prices.
        quiet: Channels, or feeds as a whole, of which nothing is said.
    """

    connections: Connections
    clock: Callable[[], float]
    board: PriceBoard
    quiet: set[str]

    @property
    def clients(self) -> Iterator[PolyboltConnection]:
        """Those who are connected, oldest first."""
        return self.connections.of_kind(PolyboltConnection)

    def find(self, channel: str, wanted: Filter) -> Series | None:
        """The prices that a filter means; None if the channel does not carry them."""
        series = self.board.series.get(wanted.symbol)
        return series if series and series.kind in CHANNELS[channel].kinds else None

    def tell_price(self, series: Series) -> None:
        """The newest price of a series, in all its channels."""
        for name, channel in CHANNELS.items():
            if series.kind not in channel.kinds or self._is_quiet(name):
                continue
            (point,) = series.recent(1, WINDOW if channel.averaged else None)
            for connection in self.clients:
                for subscribed, wanted in connection.wishes:
                    if (subscribed, wanted.symbol) == (name, series.symbol):
                        payload = self._price(series, point, wanted) | _window(channel)
                        self._send(connection, name, payload)

    def tell_history(self, connection: PolyboltConnection, name: str, wanted: Filter) -> None:
        """The last two minutes, to somebody who has just subscribed."""
        channel, series = CHANNELS[name], self.board.series[wanted.symbol]
        if self._is_quiet(name):
            return
        points = series.recent(REMEMBERED, WINDOW if channel.averaged else None)
        payload = {
            "data": [_point(point) for point in points],
            **_source(series, wanted),
            "symbol": series.symbol,
            **_window(channel),
        }
        self._send(connection, name, payload, snapshot=True)

    def _send(
        self,
        connection: PolyboltConnection,
        channel: str,
        payload: Mapping[str, Any],
        *,
        snapshot: bool = False,
    ) -> None:
        body: dict[str, Any] = {
            "v": 1,
            "channel": channel,
            "seq": connection.skip(channel),
            "ts": self._now(),
        }
        if snapshot:
            body["snapshot"] = True
        if lost := connection.dropped.pop(channel, 0):
            body["dropped"] = lost
        connection.offer(encode({**body, "payload": payload}))

    def _price(self, series: Series, point: Point, wanted: Filter) -> dict[str, Any]:
        body = {**_point(point), **_source(series, wanted), "symbol": series.symbol}
        if series.kind is Kind.EQUITY:
            body |= {
                "received_at": self._now(),
                "is_carried_forward": False,
                "market_status": "open",
            }
        return body

    def _is_quiet(self, channel: str) -> bool:
        return not self.quiet.isdisjoint((POLYBOLT, channel))

    def _now(self) -> int:
        return int(self.clock() * 1000)


def decode_filter(channel: str, body: object) -> Filter | None:
    """The filter of a subscription, or None if it has not the form that the channel needs."""
    if not isinstance(body, dict) or not isinstance(body.get("symbol"), str):
        return None
    window = WINDOW if CHANNELS[channel].averaged else None
    provider = body.get("provider")
    if body.get("window_seconds") != window or provider not in (None, *PROVIDERS):
        return None
    return Filter(body["symbol"], provider)


def _point(point: Point) -> dict[str, Any]:
    """A price, as a text without loss and as a bare number."""
    return {
        "full_accuracy_value": f"{point.value.normalize():f}",
        "timestamp": point.timestamp,
        "value": float(point.value),
    }


def _source(series: Series, wanted: Filter) -> dict[str, str]:
    """Of crypto it is told only to those who asked for it; as recorded."""
    source = wanted.provider or ("pyth" if series.kind is Kind.EQUITY else None)
    return {"source": source} if source else {}


def _window(channel: Channel) -> dict[str, int]:
    return {"window_seconds": WINDOW} if channel.averaged else {}
