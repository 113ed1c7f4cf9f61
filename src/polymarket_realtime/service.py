"""The nursery tree, and what a program holds of it."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import attrs
import trio

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.subscription import Subscription, SubscriptionNote
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._venue.endpoints import OpenStream, market_endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.rest import Catalog, open_catalog
from polymarket_realtime._venue.transport import open_text_stream
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.reporting import report_status
from polymarket_realtime.resolving import resolve_assets
from polymarket_realtime.settings import Settings
from polymarket_realtime.status import Status

__all__ = ["Service", "open_service"]

_BATCHES: Final = 16
"""Socket reads that may wait for the hub, which never waits itself."""


@asynccontextmanager
async def open_service(
    settings: Settings | None = None,
    *,
    open_stream: OpenStream | None = None,
    uniform: Uniform = random.uniform,
) -> AsyncIterator[Service]:
    """Run the feed for as long as the block lasts.

    Nothing is dialled before somebody subscribes. Leaving the block ends every subscription
    after what it has pending, closes every connection, and leaves no task behind.

    Args:
        settings: The knobs; the defaults point at the venue.
        open_stream: How to dial, in place of real sockets.
        uniform: Where the jitter of the backoff comes from.

    Raises:
        ExceptionGroup: An error of the block arrives in the groups of the two nurseries that
            it leaves: catch it with `except*`.
    """
    settings = Settings() if settings is None else settings
    books, interest = BookStore(), Interest()
    hub = Hub(books, interest, capacity=settings.mailbox_capacity)
    pool = Pool(
        market_endpoint(settings, books),
        interest,
        books,
        _dialler(settings) if open_stream is None else open_stream,
        uniform,
    )
    events_in, events_out = trio.open_memory_channel[list[Event]](_BATCHES)
    async with (
        open_catalog(settings) as catalog,
        trio.open_nursery() as registry,  # consumers: outlive every producer
    ):
        registry.start_soon(hub.run, events_out, name="hub")
        async with trio.open_nursery() as feeds:  # producers: one pool per endpoint
            with events_in:
                feeds.start_soon(pool.run, events_in.clone(), name="pool market")
            yield Service(settings, hub, books, interest, pool, catalog)
            feeds.cancel_scope.cancel()


def _dialler(settings: Settings) -> OpenStream:
    # Reading the machine's certificates takes some 20 ms: once, and not at every dial.
    secure = settings.market_url.startswith("wss:")
    return partial(
        open_text_stream,
        ssl_context=ssl.create_default_context() if secure else None,
        open_timeout=settings.open_timeout,
        max_message_size=settings.max_message_size,
        user_agent=settings.user_agent,
    )


@attrs.frozen(eq=False)
class Service:
    """The feed, as a program sees it. Made by `open_service`."""

    settings: Settings
    _hub: Hub
    _books: BookStore
    _interest: Interest
    _pool: Pool
    _catalog: Catalog
    started: float = attrs.field(factory=time.time, init=False)

    def subscribe(
        self,
        *topics: Topic,
        overflow: Overflow = Overflow.CONFLATE,
        capacity: int | None = None,
        wakeup: Wakeup | None = None,
        note: SubscriptionNote | None = None,
    ) -> Subscription:
        """Listen to `topics`; use the result as a context manager and iterate over it.

        What is known already comes first. Overlapping subscriptions share their connections.

        Args:
            *topics: At least one.
            overflow: What happens when the reader is slower than its events.
            capacity: Most pending events; `Settings.mailbox_capacity` if None.
            wakeup: Rung whenever something is pending, to wait for several at once.
            note: What `status` says of it.
        """
        return self._hub.subscribe(
            *topics, overflow=overflow, capacity=capacity, wakeup=wakeup, note=note
        )

    def book(self, asset_id: AssetId, depth: int | None = None) -> OrderbookUpdate | None:
        """The book of a subscribed asset as it is, best levels first.

        Look at `in_sync` before you act on it. None before the first snapshot.
        """
        book = self._books.get(asset_id)
        return book.view(depth) if book is not None and book.epoch else None

    def price(self, asset_id: AssetId) -> PriceChangeEvent | None:
        """The displayed price of a subscribed asset; None while its book is not the truth."""
        book = self._books.get(asset_id)
        return book.price if book is not None and book.in_sync else None

    async def resolve(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        """Find the tokens that token ids and condition ids stand for.

        Raises:
            InvalidIdentifier: One is neither.
            MarketNotFound: The venue does not know one.
            LookupFailed: The venue cannot be asked about a condition id.
        """
        return await resolve_assets(self._catalog, identifiers)

    def status(self) -> Status:
        """Connections, subscriptions and counts at this moment."""
        return report_status(
            self._pool, self._interest, self._hub, self._books, started=self.started
        )

    async def wait_connected(self) -> None:
        """Wait until there is a connection for everything that is subscribed to.

        Redials go on meanwhile; bound the wait with `trio.move_on_after` or `fail_after`.
        """
        await self._pool.wait_connected()

    async def suspend(self) -> None:
        """Close every connection and hold none until `resume`. Subscriptions stay."""
        self._interest.suspend(suspended=True)
        await self._pool.wait_disconnected()

    def resume(self) -> None:
        """Connect again after `suspend`."""
        self._interest.suspend(suspended=False)

    def redial(self) -> None:
        """Replace every connection, at once."""
        self._pool.redial()
