"""The nursery tree: what runs for as long as the feed does."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._model.events import MARKET_FEED, Event
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime.account import make_account
from polymarket_realtime.facade import Service
from polymarket_realtime.settings import Settings
from polymarket_realtime.wiring import (
    make_book_reader,
    make_dialler,
    make_endpoints,
    make_known,
    make_market_watch,
    make_witness,
    open_recording,
)

if TYPE_CHECKING:
    from polymarket_realtime._venue.http import Transport

__all__ = ["Service", "open_service"]

_BATCHES: Final = 16
"""Socket reads that may wait for the hub, which never waits itself."""


@asynccontextmanager
async def open_service(
    settings: Settings | None = None,
    *,
    open_stream: OpenStream | None = None,
    transport: Transport | None = None,
    uniform: Uniform = random.uniform,
) -> AsyncIterator[Service]:
    """Run the feed for as long as the block lasts.

    Nothing is dialled before somebody subscribes. Leaving the block ends every subscription
    after what it has pending, closes every connection, and leaves no task behind.

    Args:
        settings: The knobs; the defaults point at the venue.
        open_stream: How to dial, in place of real sockets. Without a `transport` beside it, the
            catalogue is only asked what the program itself asks, and nothing in the background.
        transport: What carries REST requests, in place of real connections.
        uniform: Where the jitter of the backoff comes from.

    Raises:
        SettingsError: The file for a recording cannot be written; before the block is entered.
        ExceptionGroup: An error of the block arrives in the groups of the nurseries that it
            leaves: catch it with `except*`.
    """
    settings = Settings() if settings is None else settings
    events_in, events_out = trio.open_memory_channel[list[Event]](_BATCHES)
    async with open_rest(settings, transport=transport) as rest:
        account = make_account(settings, rest)
        async with (
            open_recording(settings, account) as record,
            trio.open_nursery() as registry,  # consumers: outlive every producer
        ):
            dial = make_dialler(settings) if open_stream is None else open_stream
            known = make_known(settings, account.ledger)
            pools = {
                each.name: Pool(each, Interest(), record(each.guard(dial)), uniform)
                for each in make_endpoints(settings, account, known, uniform)
            }
            known.streams.update(
                (name, pool.endpoint.streams)
                for name, pool in pools.items()
                if pool.endpoint.streams is not None
            )
            interests = {name: pool.interest for name, pool in pools.items()}
            catalog = Catalog(settings, rest, known.names)
            market = pools[MARKET_FEED]
            watch = make_market_watch(settings, catalog, known.resolutions, market.interest)
            books = make_book_reader(settings, rest)
            witness = make_witness(settings, known, books, market)
            hub = Hub(known, interests, watch=watch, capacity=settings.mailbox_capacity)
            registry.start_soon(hub.run, events_out, name="hub")
            async with trio.open_nursery() as feeds:  # producers: one pool per endpoint
                with events_in:
                    for name, pool in pools.items():
                        feeds.start_soon(pool.run, events_in.clone(), name=f"pool {name}")
                    if open_stream is None or transport is not None:
                        feeds.start_soon(watch.run, events_in.clone(), name="market watch")
                        feeds.start_soon(witness.run, events_in.clone(), name="witness")
                yield Service(settings, account, hub, known, pools, catalog, watch, books)
                feeds.cancel_scope.cancel()
