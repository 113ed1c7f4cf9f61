"""The nursery tree, and what a program holds of it."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import attrs
import trio

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.subscription import Subscription, SubscriptionNote
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.events import USER_FEED, Event
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.market import OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.endpoints import market_endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.recorder import open_recorder
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime._venue.transport import OpenStream, open_text_stream
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.account import Account, make_account
from polymarket_realtime.reporting import report_status
from polymarket_realtime.resolving import resolve_assets, resolve_markets
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
        SettingsError: The file for a recording cannot be written; before the block is entered.
        ExceptionGroup: An error of the block arrives in the groups of the nurseries that it
            leaves: catch it with `except*`.
    """
    settings = Settings() if settings is None else settings
    books = BookStore()
    events_in, events_out = trio.open_memory_channel[list[Event]](_BATCHES)
    async with open_rest(settings) as rest:
        account = make_account(settings, rest)
        async with (
            _open_recording(settings, account) as record,
            trio.open_nursery() as registry,  # consumers: outlive every producer
        ):
            dial = _dialler(settings) if open_stream is None else open_stream
            endpoints = market_endpoint(settings, books), account.endpoint(settings, uniform)
            pools = {
                each.name: Pool(each, Interest(), record(each.guard(dial)), uniform)
                for each in endpoints
            }
            interests = {name: pool.interest for name, pool in pools.items()}
            hub = Hub(books, account.ledger, interests, capacity=settings.mailbox_capacity)
            registry.start_soon(hub.run, events_out, name="hub")
            async with trio.open_nursery() as feeds:  # producers: one pool per endpoint
                with events_in:
                    for name, pool in pools.items():
                        feeds.start_soon(pool.run, events_in.clone(), name=f"pool {name}")
                yield Service(settings, account, hub, books, pools, Catalog(settings, rest))
                feeds.cancel_scope.cancel()


@asynccontextmanager
async def _open_recording(
    settings: Settings, account: Account
) -> AsyncIterator[Callable[[OpenStream], OpenStream]]:
    """A function that has all connections of a dialler recorded, if the settings ask for it."""
    if settings.record is None:
        yield lambda open_stream: open_stream
        return
    async with open_recorder(settings.record, account.api.scrub) as record:
        yield record


def _dialler(settings: Settings) -> OpenStream:
    # Reading the machine's certificates takes some 20 ms: once, and not at every dial.
    secure = any(url.startswith("wss:") for url in (settings.market_url, settings.user_url))
    return partial(
        open_text_stream,
        ssl_context=ssl.create_default_context() if secure else None,
        open_timeout=settings.open_timeout,
        max_message_size=settings.max_message_size,
        user_agent=settings.user_agent,
    )


@attrs.frozen(eq=False)
class Service:
    """The feed, as a program sees it. Made by `open_service`.

    Attributes:
        settings: The knobs.
        account: One's own account: its credentials and open orders.
        started: Seconds since the epoch.
    """

    settings: Settings
    account: Account
    _hub: Hub
    _books: BookStore
    _pools: Mapping[str, Pool]
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

        Raises:
            AuthenticationRequired: A topic is of one's own account, and there are no credentials.
            CredentialsError: Those that there are cannot work.
        """
        if any(topic.endpoint == USER_FEED for topic in topics):
            self.account.require()
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

    def use_credentials(self, credentials: Credentials) -> None:
        """Prove oneself with these from now on, in place of any that there were."""
        self.account.use(credentials)
        self._pools[USER_FEED].redial()

    async def resolve(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        """Find the tokens that token ids and condition ids stand for.

        Raises:
            InvalidIdentifier: One is neither.
            MarketNotFound: The venue does not know one.
            LookupFailed: The venue cannot be asked about a condition id.
        """
        return await resolve_assets(self._catalog, identifiers)

    async def resolve_markets(
        self, identifiers: Sequence[str]
    ) -> tuple[tuple[ConditionId, ...], tuple[ResolvedAsset, ...]]:
        """Find the markets that token ids and condition ids stand for, and their tokens.

        Raises:
            InvalidIdentifier: One is neither.
            MarketNotFound: The venue does not know one.
            LookupFailed: The venue cannot be asked about a token id.
        """
        return await resolve_markets(self._catalog, identifiers)

    def status(self) -> Status:
        """Connections, subscriptions and counts at this moment."""
        return report_status(
            self._pools, self.account, self._hub, self._books, started=self.started
        )

    async def wait_connected(self) -> None:
        """Wait until there is a connection for everything that is subscribed to.

        Redials go on meanwhile; bound the wait with `trio.move_on_after` or `fail_after`.
        """
        for pool in self._pools.values():
            await pool.wait_connected()

    async def suspend(self) -> None:
        """Close every connection and hold none until `resume`. Subscriptions stay."""
        for pool in self._pools.values():
            pool.interest.suspend(suspended=True)
        for pool in self._pools.values():
            await pool.wait_disconnected()

    def resume(self) -> None:
        """Connect again after `suspend`."""
        for pool in self._pools.values():
            pool.interest.suspend(suspended=False)

    def redial(self) -> None:
        """Replace every connection, at once."""
        for pool in self._pools.values():
            pool.redial()
