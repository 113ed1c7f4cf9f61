"""The parts that `open_service` puts together, each made from the settings."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache

from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.live import PRICES_FEED
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.budget import Budget
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.followed import FollowedEvents
from polymarket_realtime._protocol.freshness import Freshness
from polymarket_realtime._protocol.inquiry import Rhythm
from polymarket_realtime._protocol.names_wanted import NamesWanted
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits
from polymarket_realtime._venue.books import BookReader
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.endpoints import (
    market_endpoint,
    polybolt_endpoint,
    rtds_endpoint,
    sports_endpoint,
)
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.market_watch import MarketWatch
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.recorder import open_recorder
from polymarket_realtime._venue.rest import RestClient
from polymarket_realtime._venue.stream import OpenStream, TextStream
from polymarket_realtime._venue.witness import Witness
from polymarket_realtime.account import Account
from polymarket_realtime.settings import Settings

__all__ = [
    "make_book_reader",
    "make_dialler",
    "make_endpoints",
    "make_known",
    "make_market_watch",
    "make_witness",
    "open_recording",
]


def make_endpoints(
    settings: Settings, account: Account, known: Known, uniform: Uniform
) -> tuple[Endpoint, ...]:
    """A row for each upstream address; reference prices come from where one may ask."""
    prices = (
        polybolt_endpoint(settings, account.api)
        if account.api.configured
        else rtds_endpoint(settings, name=PRICES_FEED)
    )
    return (
        market_endpoint(settings, known.books, known.resolutions, known.timing, known.counters),
        account.endpoint(settings, uniform),
        rtds_endpoint(settings),
        prices,
        sports_endpoint(settings),
    )


def make_known(settings: Settings, ledger: AccountLedger) -> Known:
    """The state below the hub: nothing yet."""
    books, counters = BookStore(), FeedCounters()
    resolutions = Resolutions(settings.resolution_interval, settings.resolution_interval_maximum)
    limits = SilenceLimits(
        minimum=settings.silence_minimum,
        maximum=settings.silence_maximum,
        quiet=settings.quiet_interval,
        first_book=settings.first_book_timeout,
    )
    return Known(
        books=books,
        ledger=ledger,
        resolutions=resolutions,
        counters=counters,
        freshness=Freshness(books, resolutions, limits, counters),
    )


def make_book_reader(settings: Settings, rest: RestClient) -> BookReader:
    """Who asks REST for books."""
    return BookReader(rest, f"{settings.clob_url}/books")


def make_witness(settings: Settings, known: Known, books: BookReader, pool: Pool) -> Witness:
    """Who asks REST what the socket does not say."""
    return Witness(
        known.freshness,
        books,
        pool,
        pool.interest,
        Budget(settings.witness_budget, per=60.0) if settings.witness_budget else None,
    )


def make_market_watch(
    settings: Settings, catalog: Catalog, resolutions: Resolutions, interest: Interest
) -> MarketWatch:
    """Who asks the catalogue what the market channel may not say."""
    rhythm = settings.resolution_interval, settings.resolution_interval_maximum
    return MarketWatch(
        catalog, resolutions, interest, FollowedEvents(*rhythm), NamesWanted(Rhythm(*rhythm))
    )


@asynccontextmanager
async def open_recording(
    settings: Settings, account: Account
) -> AsyncIterator[Callable[[OpenStream], OpenStream]]:
    """A function that has all connections of a dialler recorded, if the settings ask for it."""
    if settings.record is None:
        yield lambda open_stream: open_stream
        return
    async with open_recorder(settings.record, account.api.scrub) as record:
        yield record


def make_dialler(settings: Settings) -> OpenStream:
    """How to dial any of the addresses, by real sockets."""
    # Reading the machine's certificates takes some 20 ms: once, and not before the first dial.
    read_certificates = cache(ssl.create_default_context)

    def dial(url: str) -> AbstractAsyncContextManager[TextStream]:
        # Here, so that who only asks, or serves before anybody subscribes, need not load it.
        from polymarket_realtime._venue.transport import open_text_stream  # noqa: PLC0415

        return open_text_stream(
            url,
            ssl_context=read_certificates() if url.startswith("wss:") else None,
            open_timeout=settings.open_timeout,
            max_message_size=settings.max_message_size,
            user_agent=settings.user_agent,
        )

    return dial
