"""The upstream addresses, and what is particular to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager

import attrs

from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.backoff import Backoff
from polymarket_realtime._protocol.base import FeedProtocol
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime._venue.transport import TextStream
from polymarket_realtime.settings import Settings

__all__ = ["Endpoint", "OpenStream", "market_endpoint"]

OpenStream = Callable[[str], AbstractAsyncContextManager[TextStream]]
"""How to dial a URL: `open_text_stream` with its knobs set, or a test's venue in memory."""

MakeProtocol = Callable[[frozenset[AssetId], float, float], FeedProtocol]
"""From the interest, the time on Trio's clock and the offset to wall time."""


@attrs.frozen
class Endpoint:
    """One upstream address.

    Attributes:
        capacity: Most assets of one connection.
        counters: Where all its connections count.
        interrupt: Note that the readers of these assets are told, at this wall time, that the
            connection was lost.
    """

    name: str
    url: str
    capacity: int
    backoff: Backoff
    counters: FeedCounters
    make_protocol: MakeProtocol
    interrupt: Callable[[Iterable[AssetId], float], None]


def market_endpoint(settings: Settings, books: BookStore) -> Endpoint:
    """The CLOB market channel: public, wanted by asset id."""
    counters = FeedCounters()

    def make_protocol(
        interest: frozenset[AssetId], now: float, wall_offset: float
    ) -> MarketProtocol:
        return MarketProtocol(
            books,
            interest,
            now,
            wall_offset=wall_offset,
            counters=counters,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
        )

    return Endpoint(
        name="market",
        url=settings.market_url,
        capacity=settings.assets_per_connection,
        backoff=Backoff(
            settings.backoff_initial,
            settings.backoff_maximum,
            settings.backoff_multiplier,
            settings.backoff_jitter,
        ),
        counters=counters,
        make_protocol=make_protocol,
        interrupt=books.interrupt,
    )
