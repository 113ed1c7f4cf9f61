"""The upstream addresses, and what is particular to each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import attrs

from polymarket_realtime._model.events import MARKET_FEED, USER_FEED
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.backoff import Backoff, Uniform
from polymarket_realtime._protocol.base import FeedProtocol
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.closes import Redial, plan_redial
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime._protocol.user import UserProtocol
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime._venue.discreet import make_discreet
from polymarket_realtime._venue.gate import Gate
from polymarket_realtime._venue.publish import Companion
from polymarket_realtime._venue.reconcile import Reconciler
from polymarket_realtime._venue.transport import OpenStream
from polymarket_realtime.errors import TransportError
from polymarket_realtime.settings import Settings

__all__ = [
    "Endpoint",
    "market_endpoint",
    "user_endpoint",
]

MakeProtocol = Callable[[frozenset[AssetId], float, float], FeedProtocol]
"""From the interest, the time on Trio's clock and the offset to wall time."""


async def _nothing_to_prepare() -> None:
    """What a public endpoint does before it dials."""


def _unguarded(open_stream: OpenStream) -> OpenStream:
    """Nothing secret is sent to a public endpoint."""
    return open_stream


@attrs.frozen
class Endpoint:
    """One upstream address.

    Attributes:
        capacity: Most assets of one connection.
        counters: Where all its connections count.
        interrupt: Note that the readers of these assets are told, at this wall time, that the
            connection was lost.
        retain: Forget what is known of all but these assets; and of what needs no asset, unless
            somebody still wants it.
        prepare: What has to be done before each dial. May raise `TransportError`.
        companion: What runs beside a connection whose protocol finds itself incomplete, until it
            returns. May raise `TransportError`, which ends the connection.
        guard: What its dialler has to be wrapped in.
        plan_redial: How to go on after the end of a connection, or of an attempt at one.
    """

    name: str
    url: str
    capacity: int
    backoff: Backoff
    counters: FeedCounters
    make_protocol: MakeProtocol
    interrupt: Callable[[Iterable[AssetId], float], None]
    retain: Callable[[frozenset[AssetId], bool], None]
    prepare: Callable[[], Awaitable[None]] = _nothing_to_prepare
    companion: Companion | None = None
    guard: Callable[[OpenStream], OpenStream] = _unguarded
    plan_redial: Callable[[TransportError], Redial] = plan_redial


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
        name=MARKET_FEED,
        url=settings.market_url,
        capacity=settings.assets_per_connection,
        backoff=settings.backoff,
        counters=counters,
        make_protocol=make_protocol,
        interrupt=books.interrupt,
        retain=lambda wanted, _: books.retain(wanted),
    )


def user_endpoint(
    settings: Settings,
    api: AccountApi,
    ledger: AccountLedger,
    authentication: Authentication,
    uniform: Uniform,
) -> Endpoint:
    """The CLOB user channel: one connection, whatever is wanted, because it tells all markets."""
    backoff = settings.backoff
    gate = Gate(api, ledger, authentication)

    def make_protocol(_: frozenset[AssetId], now: float, wall_offset: float) -> UserProtocol:
        assert api.credentials is not None, "the gate does not open without"
        return UserProtocol(
            ledger,
            authentication,
            api.credentials,
            now,
            wall_offset=wall_offset,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
        )

    return Endpoint(
        name=USER_FEED,
        url=settings.user_url,
        capacity=settings.assets_per_connection,
        backoff=backoff,
        counters=ledger.counters,
        make_protocol=make_protocol,
        interrupt=lambda _, wall: ledger.interrupt(wall),
        retain=lambda _, wanted: None if wanted else ledger.rest(),
        prepare=gate.open,
        companion=Reconciler(api, ledger, authentication, backoff, uniform).run,
        guard=lambda open_stream: make_discreet(open_stream, api.scrub_words),
        plan_redial=gate.plan_redial,
    )
