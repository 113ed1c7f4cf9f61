"""The upstream addresses, and what is particular to each: a row for each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, cast

from polymarket_realtime._model.events import MARKET_FEED, USER_FEED
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.live import PRICES_FEED, RTDS_FEED, SPORTS_FEED
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.closes import plan_polybolt_redial
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime._protocol.polybolt import PolyBoltProtocol
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.rtds import RtdsProtocol
from polymarket_realtime._protocol.sports import SportsProtocol
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.timing import Timing
from polymarket_realtime._protocol.user import UserProtocol
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime._venue.discreet import make_discreet
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.gate import Gate, have_credentials
from polymarket_realtime._venue.reconcile import Reconciler
from polymarket_realtime.settings import Settings

__all__ = [
    "market_endpoint",
    "polybolt_endpoint",
    "rtds_endpoint",
    "sports_endpoint",
    "user_endpoint",
]

_POLYBOLT_CAPACITY: Final = 64
"""Streams of one connection; one more, and the venue closes it. Source: docs.polymarket.com,
"PolyBolt WebSocket"."""


def market_endpoint(
    settings: Settings,
    books: BookStore,
    resolutions: Resolutions,
    timing: Timing,
    counters: FeedCounters,
) -> Endpoint:
    """The CLOB market channel: public, wanted by asset id."""

    def make_protocol(interest: frozenset[str], now: float, wall_offset: float) -> MarketProtocol:
        return MarketProtocol(
            books,
            interest,
            now,
            wall_offset=wall_offset,
            resolutions=resolutions,
            counters=counters,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            verification=settings.verification,
            timing=timing,
            lag_limit=settings.lag_limit,
        )

    return Endpoint(
        name=MARKET_FEED,
        url=settings.market_url,
        capacity=settings.assets_per_connection,
        backoff=settings.backoff,
        counters=counters,
        make_protocol=make_protocol,
        interrupt=lambda keys, reason, wall: books.interrupt(map(AssetId, keys), reason, wall),
        untold=books.take_untold,
        retain=lambda wanted, _: books.retain(cast("frozenset[AssetId]", wanted)),
        lifetime=settings.market_lifetime,
        churn_limit=settings.churn_limit,
        copies=2 if settings.dual_connection else 1,
        of_assets=True,
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

    def make_protocol(_: frozenset[str], now: float, wall_offset: float) -> UserProtocol:
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

    def interrupt(_keys: Iterable[str], _reason: str, wall: float) -> Collection[str]:
        ledger.interrupt(wall)
        return ()

    return Endpoint(
        name=USER_FEED,
        url=settings.user_url,
        capacity=settings.assets_per_connection,
        backoff=backoff,
        counters=ledger.counters,
        make_protocol=make_protocol,
        interrupt=interrupt,
        retain=lambda _, wanted: None if wanted else ledger.rest(),
        prepare=gate.open,
        companion=Reconciler(api, ledger, authentication, backoff, uniform).run,
        guard=lambda open_stream: make_discreet(open_stream, api.scrub_words),
        plan_redial=gate.plan_redial,
        private=True,
    )


def rtds_endpoint(settings: Settings, *, name: str = RTDS_FEED) -> Endpoint:
    """The real-time data service: public; activity and comments, and reference prices."""
    streams = Streams(name)

    def make_protocol(interest: frozenset[str], now: float, wall_offset: float) -> RtdsProtocol:
        return RtdsProtocol(
            streams,
            interest,
            now,
            wall_offset=wall_offset,
            ping_interval=settings.ping_interval / 2,
            data_timeout=settings.data_timeout,
        )

    return Endpoint(
        name=name,
        url=settings.rtds_url,
        capacity=settings.assets_per_connection,
        backoff=settings.backoff,
        counters=streams.counters,
        make_protocol=make_protocol,
        interrupt=lambda keys, _, wall: streams.interrupt(keys, wall),
        retain=lambda wanted, _: streams.retain(wanted),
        lifetime=settings.connection_lifetime,
        streams=streams,
    )


def polybolt_endpoint(settings: Settings, api: AccountApi) -> Endpoint:
    """PolyBolt: reference prices for those who have credentials."""
    streams = Streams(PRICES_FEED)

    def make_protocol(interest: frozenset[str], now: float, wall_offset: float) -> PolyBoltProtocol:
        assert api.credentials is not None, "nothing is dialled without"
        return PolyBoltProtocol(
            streams,
            api.credentials,
            interest,
            now,
            wall_offset=wall_offset,
            ping_interval=settings.ping_interval * 3,
            ping_timeout=settings.ping_timeout * 3,
            data_timeout=settings.data_timeout,
        )

    return Endpoint(
        name=PRICES_FEED,
        url=settings.polybolt_url,
        capacity=_POLYBOLT_CAPACITY,
        backoff=settings.backoff,
        counters=streams.counters,
        make_protocol=make_protocol,
        interrupt=lambda keys, _, wall: streams.interrupt(keys, wall),
        retain=lambda wanted, _: streams.retain(wanted),
        prepare=lambda: have_credentials(api),
        guard=lambda open_stream: make_discreet(open_stream, api.scrub_words),
        plan_redial=plan_polybolt_redial,
        private=True,
        streams=streams,
    )


def sports_endpoint(settings: Settings) -> Endpoint:
    """The sports channel: public, and tells everybody of all games."""
    streams = Streams(SPORTS_FEED)

    def make_protocol(_: frozenset[str], now: float, wall_offset: float) -> SportsProtocol:
        return SportsProtocol(
            streams,
            now,
            wall_offset=wall_offset,
            probe_interval=settings.ping_interval * 3,
            timeout=settings.ping_timeout * 2,
        )

    return Endpoint(
        name=SPORTS_FEED,
        url=settings.sports_url,
        capacity=settings.assets_per_connection,
        backoff=settings.backoff,
        counters=streams.counters,
        make_protocol=make_protocol,
        interrupt=lambda _keys, _reason, wall: streams.interrupt([SPORTS_FEED], wall),
        retain=lambda _, wanted: streams.retain([SPORTS_FEED] if wanted else ()),
        streams=streams,
    )
