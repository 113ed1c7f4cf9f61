"""One reader of the feed."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import attrs
import trio

from polymarket_realtime._hub.mailbox import Mailbox, Overflow
from polymarket_realtime._hub.views import BookView, PriceView, SnapshotView, View
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped, Incomplete, OutOfSync
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import BookDelta, BookSnapshot, PriceChangeEvent
from polymarket_realtime._model.topics import (
    AssetTopic,
    AssetTopicBase,
    BookTopic,
    DeltaTopic,
    PriceTopic,
    Topic,
    UserOrderTopic,
    UserTopicBase,
)
from polymarket_realtime._model.user import UserEvent
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.errors import SubscriptionLagged

__all__ = ["Subscription", "SubscriptionNote", "SubscriptionStatistics"]


@attrs.frozen(kw_only=True)
class SubscriptionStatistics:
    """Counts of one subscription.

    Attributes:
        received: Events that the feed had for it.
        delivered: Events that its reader got.
        conflated: Events replaced by newer ones before they were read.
        dropped: Events thrown away because the reader was too slow.
        pending: Events waiting now.
        last_event: When the latest came, in seconds since the epoch; None before the first.
    """

    received: int
    delivered: int
    conflated: int
    dropped: int
    pending: int
    last_event: float | None


@attrs.frozen(kw_only=True)
class SubscriptionNote:
    """What a status says of a subscription beside its counts.

    Attributes:
        type: Public name of the events that it is about.
        channel: The venue's channel.
        market_ids: As somebody passed them.
        callback_type: How its events are delivered.
    """

    type: str = ""
    channel: str = "market"
    market_ids: tuple[str, ...] = ()
    callback_type: str = "iterator"


class Subscription:
    """The events of some topics, in order.

    Use it as a context manager and iterate over it, or call `receive_batch` for speed. Only
    one task may read it. Events that came together are handed out without a checkpoint
    between them. It ends, without an error, when it is closed or the service ends.

    Attributes:
        id: Unique and unguessable; what `unsubscribe` takes.
        topics: What it listens to.
        note: What a status says of it.
        created: Seconds since the epoch.
    """

    def __init__(
        self,
        topics: Sequence[Topic],
        books: BookStore,
        ledger: AccountLedger,
        *,
        overflow: Overflow,
        capacity: int,
        wakeup: Wakeup | None,
        note: SubscriptionNote,
        on_close: Callable[[Subscription], None],
    ) -> None:
        self.id = str(uuid.uuid4())
        self.topics = tuple(topics)
        self.note = note
        self.created = time.time()
        self._books, self._ledger = books, ledger
        self._mailbox: Mailbox[Event | View] = Mailbox(capacity, overflow)
        self._conflates = overflow is Overflow.CONFLATE
        self._wakeup = Wakeup() if wakeup is None else wakeup
        self._on_close = on_close
        self._batch: deque[Event] = deque()
        self._book_views: dict[AssetId, BookView] = {}
        self._price_views: dict[AssetId, PriceView] = {}
        self._snapshot_views: dict[AssetId, SnapshotView] = {}
        self._delivered = self._dropped_told = 0
        self._last_event: float | None = None
        self._ended = False
        self._account_seen = ledger.revision
        for topic in topics:
            if isinstance(topic, AssetTopicBase):
                self._join(topic)
        self._join_account([topic for topic in topics if isinstance(topic, UserTopicBase)])

    @property
    def asset_ids(self) -> tuple[AssetId, ...]:
        """The assets of all topics, each once."""
        assets = (t.asset_id for t in self.topics if isinstance(t, AssetTopicBase))
        return tuple(dict.fromkeys(assets))

    def _join(self, topic: AssetTopicBase) -> None:
        """Prepare for a topic, and begin with what is known already."""
        asset_id = topic.asset_id
        if isinstance(topic, BookTopic):
            self._book_views[asset_id] = view = BookView(asset_id, topic.depth)
            self._mailbox.keep(view, view)
        # Two topics of one asset may want the same: they share a view, and hear it once.
        if isinstance(topic, PriceTopic | AssetTopic) and asset_id not in self._price_views:
            self._price_views[asset_id] = prices = PriceView(asset_id)
            self._begin_with(prices)
        if isinstance(topic, DeltaTopic | AssetTopic) and asset_id not in self._snapshot_views:
            self._snapshot_views[asset_id] = snapshots = SnapshotView(asset_id)
            self._begin_with(snapshots)
        book = self._books.get(asset_id)
        if book is not None and book.epoch and book.reason is not None:
            self._mailbox.put(
                OutOfSync(received=time.time(), asset_id=asset_id, reason=book.reason),
                (OutOfSync, asset_id),
            )

    def _begin_with(self, view: View) -> None:
        if self._conflates:
            self._mailbox.keep(view, view)
        # A reader that wants everything wants what is now, and then what follows.
        elif (event := view.look_up(self._books)) is not None:
            self._mailbox.put(event)

    def _join_account(self, topics: Sequence[UserTopicBase]) -> None:
        """Begin with the open orders, each once, and with whether they are all there are."""
        updates = {
            update.order_id: update
            for topic in topics
            if isinstance(topic, UserOrderTopic)
            for update in self._ledger.open_orders(topic.market)
        }
        for update in updates.values():
            self._mailbox.put(update)
        if topics and self._ledger.last_reconciled is not None:
            self._mailbox.put(self._ledger.last_reconciled)
        elif updates or (topics and self._ledger.incomplete_since is not None):
            reason = self._ledger.problem or "the user channel was not connected all the time"
            self._mailbox.put(Incomplete(received=time.time(), reason=reason))

    # The hub's side

    def offer(self, event: Event) -> None:
        """Take an event from the hub. Never waits."""
        self._last_event = event.received
        if isinstance(event, (BookSnapshot, BookDelta)):
            self._offer_book(event)
        elif isinstance(event, PriceChangeEvent) and self._conflates:
            prices = self._price_views[event.asset_id]
            self._mailbox.keep(prices, prices)
        elif isinstance(event, UserEvent):
            # What is older than what this reader began with would only take it back.
            if event.revision > self._account_seen:
                self._mailbox.put(event)
        else:
            self._mailbox.put(event, event.conflation_key if self._conflates else None)
        self._wakeup.ring()

    def _offer_book(self, event: BookSnapshot | BookDelta) -> None:
        view = self._book_views.get(event.asset_id)
        if view is not None:
            self._mailbox.keep(view, view)
        snapshots = self._snapshot_views.get(event.asset_id)
        if snapshots is None or (event.epoch, event.revision) <= snapshots.seen:
            return
        if not self._conflates:
            self._mailbox.put(event)
        # The first change waits as it is. A second one means that the reader is behind, and
        # from then on one snapshot stands for them all.
        elif self._mailbox.is_keeping(snapshots):
            self._mailbox.keep(snapshots, snapshots)
        else:
            self._mailbox.keep(event, snapshots)

    def end(self) -> None:
        """Let the reader finish what is pending, and then stop."""
        self._ended = True
        self._wakeup.ring()

    # The reader's side

    def receive_nowait(self) -> list[Event]:
        """Everything pending, in order; nothing if there is nothing new.

        Raises:
            SubscriptionLagged: Events were lost under `Overflow.RAISE`.
        """
        mailbox = self._mailbox
        now = [i if isinstance(i, Event) else i.look_up(self._books) for i in mailbox.take()]
        events = [event for event in now if event is not None]
        lost = mailbox.dropped - self._dropped_told
        if lost:
            self._dropped_told = mailbox.dropped
            if mailbox.lagged:
                self.close()
                raise SubscriptionLagged(lost)
            events.insert(0, Dropped(received=time.time(), count=lost))
        self._delivered += len(events)
        if self._batch:
            events = [*self._batch, *events]
            self._batch.clear()
        return events

    async def receive_batch(self) -> list[Event]:
        """Wait for events and take all there are, in order.

        Raises:
            trio.EndOfChannel: The subscription has ended.
            SubscriptionLagged: Events were lost under `Overflow.RAISE`.
        """
        await trio.lowlevel.checkpoint()
        while True:
            events = self.receive_nowait()
            if events:
                return events
            if self._ended:
                raise trio.EndOfChannel
            await self._wakeup.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if not self._batch:
            try:
                self._batch.extend(await self.receive_batch())
            except trio.EndOfChannel:
                raise StopAsyncIteration from None
        return self._batch.popleft()

    def close(self) -> None:
        """Stop listening. May be called twice."""
        if not self._ended:
            self.end()
            self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def statistics(self) -> SubscriptionStatistics:
        """The counts at this moment."""
        return SubscriptionStatistics(
            received=self._mailbox.received,
            delivered=self._delivered,
            conflated=self._mailbox.conflated,
            dropped=self._mailbox.dropped,
            pending=len(self._mailbox),
            last_event=self._last_event,
        )
