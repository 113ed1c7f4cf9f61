"""What RTDS says to whom. Who listens is a set of connections; nothing here waits.

Source: docs.polymarket.com, Real-Time Data; frames recorded in 2026-08 and 2026-09, and oddities
measured then: filters of `activity` silence it, and a filter of prices that is not written
compactly gets the backfill and then nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs
import trio

from .connection import Connection
from .connections import Connections
from .frames import encode
from .prices import REMEMBERED, Kind, Point, PriceBoard, Series
from .rtds_requests import Request, Wish

__all__ = ["RTDS", "RtdsConnection", "RtdsFeed"]

RTDS = "rtds"
"""Name of the feed, for those who silence or close it."""

E18 = Decimal(10**18)


@attrs.frozen
class PriceTopic:
    """One topic of prices.

    Attributes:
        window: Seconds of an average; None for the price itself.
        backfill: Points that a new subscriber is told.
        backfill_topic: What the backfill calls itself.
    """

    topic: str
    kind: Kind
    backfill: int
    backfill_topic: str
    window: int | None = None


PRICE_TOPICS = (
    PriceTopic("crypto_prices", Kind.BINANCE, REMEMBERED, "crypto_prices"),
    # Mislabelled by the venue, as recorded: only the slash in the symbol tells.
    PriceTopic("crypto_prices_chainlink", Kind.CRYPTO, 57, "crypto_prices"),
    PriceTopic("crypto_prices_twap_thirty", Kind.CRYPTO, 57, "crypto_prices_twap_thirty", 30),
    PriceTopic("crypto_prices_twap_sixty", Kind.CRYPTO, 57, "crypto_prices_twap_sixty", 60),
    PriceTopic("equity_prices", Kind.EQUITY, REMEMBERED, "equity_prices"),
)


@attrs.define(eq=False)
class RtdsConnection(Connection):
    """A client of RTDS.

    Attributes:
        connection_id: As in its frames.
        wishes: What it subscribes.
        patience_ends: When data stops without another PING, on trio's clock.
    """

    connection_id: str = ""
    wishes: set[Wish] = attrs.field(factory=set)
    patience_ends: float = 0.0

    def offer_data(self, body: dict[str, Any]) -> None:
        """Queue a frame, unless the client has not been heard for too long."""
        if trio.current_time() < self.patience_ends:
            self.offer(encode(body))


@attrs.frozen
class RtdsFeed:
    """Tells everybody what they have subscribed.

    Attributes:
        clock: Seconds since the epoch.
        board: The prices.
        quiet: Topics, or feeds as a whole, of which nothing is said.
        retired: Topics that cannot be subscribed any more.
    """

    connections: Connections
    clock: Callable[[], float]
    board: PriceBoard
    quiet: set[str]
    retired: set[str]

    def take(self, connection: RtdsConnection, request: Request) -> None:
        """Carry out a request that was not refused."""
        wishes = [wish for wish in request.wishes if wish is not None]
        if request.action == "unsubscribe":
            connection.wishes.difference_update(wishes)
            return
        connection.wishes.update(wishes)
        for wish in wishes:
            self._backfill(connection, wish)

    def tell(self, topic: str, kind: str, payload: Mapping[str, Any]) -> None:
        """An update, to everybody who wants it."""
        if self._is_quiet(topic):
            return
        body = {"payload": payload, "timestamp": self._now(), "topic": topic, "type": kind}
        for connection in self.connections.of_kind(RtdsConnection):
            if any(_wants(wish, topic, kind, payload) for wish in connection.wishes):
                connection.offer_data({"connection_id": connection.connection_id, **body})

    def tell_price(self, series: Series) -> None:
        """The newest price of a series, in all its topics."""
        for topic in PRICE_TOPICS:
            if topic.kind is series.kind:
                (point,) = series.recent(1, topic.window)
                self.tell(topic.topic, "update", self._price(topic, series, point))

    def _backfill(self, connection: RtdsConnection, wish: Wish) -> None:
        topic = next((each for each in PRICE_TOPICS if each.topic == wish.topic), None)
        if topic is None or self._is_quiet(topic.topic):
            return
        for series in self.board.series.values():
            if series.kind is topic.kind and _means(wish, topic, series):
                connection.offer_data(
                    {
                        "payload": _history(topic, series),
                        "timestamp": self._now(),
                        "topic": topic.backfill_topic,
                        "type": "subscribe",
                    }
                )

    def _price(self, topic: PriceTopic, series: Series, point: Point) -> dict[str, Any]:
        body = {
            **_point(topic, point, whole=True),
            "symbol": _symbol(series),
            **_window(topic),
        }
        return body | {"received_at": self._now()} if series.kind is Kind.EQUITY else body

    def _is_quiet(self, topic: str) -> bool:
        return not self.quiet.isdisjoint((RTDS, topic))

    def _now(self) -> int:
        return int(self.clock() * 1000)


def _wants(wish: Wish, topic: str, kind: str, payload: Mapping[str, Any]) -> bool:
    if wish.topic != topic or wish.type not in ("*", kind):
        return False
    if not wish.filters:
        return True
    if topic == "activity":
        return False
    if topic == "comments":
        wanted = wish.filter()
        return isinstance(wanted, dict) and wanted.items() <= payload.items()
    compact = encode({"symbol": payload["symbol"]})
    if topic == "equity_prices":
        return wish.filters.lower() == compact.lower()
    return wish.filters == compact


def _means(wish: Wish, topic: PriceTopic, series: Series) -> bool:
    """Whether a series is to be backfilled: here, blanks do no harm."""
    wanted = wish.filter()
    if wanted is None:
        return True
    symbol = wanted.get("symbol", "") if isinstance(wanted, dict) else ""
    if topic.kind is Kind.EQUITY:
        return bool(symbol.upper() == _symbol(series))
    return bool(symbol == _symbol(series))


def _history(topic: PriceTopic, series: Series) -> dict[str, Any]:
    points = series.recent(topic.backfill, topic.window)
    whole = topic.kind is not Kind.BINANCE
    return {
        "data": [_point(topic, point, whole=whole) for point in points],
        "symbol": _symbol(series),
        **_window(topic),
    }


def _point(topic: PriceTopic, point: Point, *, whole: bool) -> dict[str, Any]:
    """A price as a bare number and, if `whole`, as a text without loss."""
    body = {"timestamp": point.timestamp, "value": float(point.value)}
    if not whole:
        return body
    if topic.kind is Kind.CRYPTO:
        return {"full_accuracy_value": str(int(point.value * E18)), **body}
    places = 8 if topic.kind is Kind.BINANCE else topic.kind.value
    return {"full_accuracy_value": f"{point.value:.{places}f}", **body}


def _window(topic: PriceTopic) -> dict[str, int]:
    return {} if topic.window is None else {"window_s": topic.window}


def _symbol(series: Series) -> str:
    """As these topics spell it."""
    if series.kind is Kind.CRYPTO:
        return f"{series.symbol.removesuffix('usd')}/usd"
    return series.symbol.upper() if series.kind is Kind.EQUITY else series.symbol
