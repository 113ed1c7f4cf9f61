"""The feed, as a program sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._lookup.resolving import Found, find_markets, look_up, look_up_markets
from polymarket_realtime._model.catalog import AssetName, Market, ResolvedAsset
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.events import MARKET_FEED, USER_FEED
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved, ResolutionStage
from polymarket_realtime._model.market import OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._model.trust import NOT_YET, Standing
from polymarket_realtime._venue.books import BookReader
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.market_watch import MarketWatch
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.account import Account
from polymarket_realtime.diagnosis import Finding
from polymarket_realtime.reporting import report_findings, report_status
from polymarket_realtime.settings import Settings
from polymarket_realtime.snapshot import MarketSnapshot, take_snapshots
from polymarket_realtime.status import Status

__all__ = ["Service"]


_MOST_TOKENS: Final = 10_000
"""What identifiers may stand for if only their markets matter."""


@attrs.frozen(eq=False)
class Service:
    """Subscriptions, and all that can be asked at any time. Made by `open_service`.

    Attributes:
        settings: The knobs.
        account: One's own account: its credentials and open orders.
        started: Seconds since the epoch.
    """

    settings: Settings
    account: Account
    _hub: Hub
    _known: Known
    _pools: Mapping[str, Pool]
    _catalog: Catalog
    _watch: MarketWatch
    _reader: BookReader
    started: float = attrs.field(factory=time.time, init=False)

    def subscribe(
        self,
        *topics: Topic,
        overflow: Overflow = Overflow.CONFLATE,
        capacity: int | None = None,
        wakeup: Wakeup | None = None,
        note: SubscriptionNote | None = None,
        condition: Condition | None = None,
    ) -> Subscription:
        """Listen to `topics`; use the result as a context manager and iterate over it.

        What is known already comes first. Overlapping subscriptions share their connections.

        Args:
            *topics: At least one.
            overflow: What happens when the reader is slower than its events.
            capacity: Most pending events; `Settings.mailbox_capacity` if None.
            wakeup: Rung whenever something is pending, to wait for several at once.
            note: What `status` says of it.
            condition: Deliver but the moments that meet it, and what says that one was missed.

        Raises:
            AuthenticationRequired: A topic is of one's own account, and there are no credentials.
            CredentialsError: Those that there are cannot work.
            InvalidCondition: The topics do not bring what the condition needs.
        """
        if any(topic.endpoint == USER_FEED for topic in topics):
            self.account.require()
        return self._hub.subscribe(
            *topics,
            overflow=overflow,
            capacity=capacity,
            wakeup=wakeup,
            note=note,
            condition=condition,
        )

    def book(self, asset_id: AssetId, depth: int | None = None) -> OrderbookUpdate | None:
        """The book of a subscribed asset as it is, best levels first.

        Look at `in_sync` before you act on it. None before the first snapshot.
        """
        book = self._known.books.get(asset_id)
        return book.view(depth) if book is not None and book.epoch else None

    def price(self, asset_id: AssetId) -> PriceChangeEvent | None:
        """The displayed price of a subscribed asset; None while its book is not the truth."""
        book = self._known.books.get(asset_id)
        return book.price if book is not None and book.in_sync else None

    def standing(self, asset_id: AssetId) -> Standing | None:
        """What may be believed of a subscribed asset, since when and why; None of others."""
        book = self._known.books.get(asset_id)
        if book is not None:
            return book.standing
        return NOT_YET if asset_id in self._pools[MARKET_FEED].interest.wanted else None

    def use_credentials(self, credentials: Credentials) -> None:
        """Prove oneself with these from now on, in place of any that there were.

        Reference prices that came from the public feed so far go on coming from there.
        """
        self.account.use(credentials)
        for pool in self._pools.values():
            if pool.endpoint.private:
                pool.redial()

    def name_of(self, asset_id: AssetId) -> AssetName | None:
        """What a token is called, if that is known yet. Text of the venue: data."""
        return self._known.names.get(asset_id)

    def resolution(self, asset_id: AssetId) -> MarketResolved | None:
        """How the market of a token was settled; None if it was not, as far as is known."""
        return self._known.resolutions.resolution_of(asset_id)

    def resolution_stage(self, market: ConditionId) -> ResolutionStage | None:
        """How far a subscribed market is on its way to settlement; None if it is not known."""
        return self._known.resolutions.stage_of(market)

    async def look_up(self, identifiers: Sequence[str], *, include_closed: bool = False) -> Found:
        """Find what people call markets by: ids, slugs, URLs, Gamma ids, in any mixture.

        Args:
            identifiers: Token ids, condition ids, slugs of markets and of events, URLs of
                polymarket.com, and Gamma's numbers.
            include_closed: Whether the settled markets of an event count as well. Those that are
                named themselves, and events that are over, are found all the same.

        Raises:
            InvalidIdentifier: One cannot be any of these, or may mean several things.
            MarketNotFound: The venue does not know one; says what is like it.
            TooManyTokens: They stand for more than `Settings.tokens_per_subscription`.
            LookupFailed: The venue cannot be asked about what needs an answer. Token ids need
                none: they are found without their names.
        """
        return await look_up(
            self._catalog,
            identifiers,
            limit=self.settings.tokens_per_subscription,
            include_closed=include_closed,
        )

    async def look_up_markets(self, identifiers: Sequence[str]) -> Found:
        """Find markets as `look_up` does, settled ones too, for what needs no token of them.

        Condition ids need no answer of the venue: they are in `Found.conditions` without.
        """
        # No connection carries anything for their tokens, so an event may be as big as they come.
        return await look_up_markets(self._catalog, identifiers, limit=_MOST_TOKENS)

    async def resolve(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        """The tokens that identifiers stand for, as `look_up` finds them, settled ones too.

        Raises:
            InvalidIdentifier: As `look_up`, like all others.
        """
        return (await self.look_up(identifiers, include_closed=True)).assets

    async def find_markets(
        self, query: str, *, limit: int = 10, include_closed: bool = False
    ) -> tuple[Market, ...]:
        """Search by words; the best match first.

        Raises:
            InvalidIdentifier: The query has no word.
            LookupFailed: The venue cannot be asked.
        """
        return await find_markets(self._catalog, query, limit=limit, include_closed=include_closed)

    def status(self) -> Status:
        """Connections, subscriptions and counts at this moment."""
        return report_status(
            self._pools, self.account, self._hub, self._known, started=self.started
        )

    def diagnose(self, subscriptions: Sequence[Subscription]) -> list[Finding]:
        """How each of these is doing and why: its worst state, and one sentence."""
        return report_findings(self._pools, self.account, self._known, subscriptions)

    async def snapshot(
        self, asset_ids: Sequence[AssetId], depth: int = 5
    ) -> dict[AssetId, MarketSnapshot]:
        """The present of some tokens: of subscribed ones as kept, of others asked for by REST.

        Raises:
            RestFailed: It had to be asked, and did not answer usefully. `CodecError` likewise.
        """
        return await take_snapshots(self._known, self._reader, asset_ids, depth)

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
        self._watch.hint_all()

    def redial(self) -> None:
        """Replace every connection, at once."""
        for pool in self._pools.values():
            pool.redial()
