"""One reader of the feed."""

from __future__ import annotations

import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self

import trio

from polymarket_realtime._hub.filters import hears
from polymarket_realtime._hub.known import Known
from polymarket_realtime._hub.mailbox import Mailbox, Overflow
from polymarket_realtime._hub.moments import Moments
from polymarket_realtime._hub.note import SubscriptionNote, SubscriptionStatistics
from polymarket_realtime._hub.outlook import Outlook
from polymarket_realtime._hub.views import BookView, EventView, View
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped, Gap
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.lifecycle import MarketCreated, MarketResolved
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.market import BookEvent, PriceChangeEvent
from polymarket_realtime._model.topics import AssetTopicBase, Topic
from polymarket_realtime._model.user import UserEvent
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.errors import SubscriptionLagged

__all__ = ["Subscription"]


class Subscription:
    """The events of some topics, in order.

    Use it as a context manager and iterate over it, or call `receive_batch` for speed. Only
    one task may read it. Events that came together are handed out without a checkpoint
    between them. It ends, without an error, when it is closed, when the service ends, and when
    all that it listens to is settled: the last event is then a `MarketResolved`. One with a
    condition hands out the moments that meet it, and ends when nothing can meet it any more.

    Attributes:
        id: Unique, and short, because models repeat it; what `unsubscribe` takes.
        topics: What it listens to now: settled markets leave, markets new in an event join.
        note: What a status says of it.
        condition: What it waits for; None if it hands out every event.
        created: Seconds since the epoch.
    """

    def __init__(
        self,
        known: Known,
        *,
        overflow: Overflow,
        capacity: int,
        wakeup: Wakeup | None,
        note: SubscriptionNote,
        condition: Condition | None = None,
        on_close: Callable[[Subscription], None],
    ) -> None:
        self.id = secrets.token_hex(5)
        self.topics: tuple[Topic, ...] = ()
        self.note = note
        self.condition = condition
        self.created = time.time()
        self._known = known
        self._mailbox: Mailbox[Event | View] = Mailbox(capacity, overflow)
        self._conflates = overflow is Overflow.CONFLATE
        self._wakeup = Wakeup() if wakeup is None else wakeup
        self._on_close = on_close
        self._batch: deque[Event] = deque()
        self._outlook = Outlook()
        self._moments = None if condition is None else Moments(condition, known)
        self._live: tuple[LiveTopic, ...] = ()
        self._delivered = self._dropped_told = 0
        self._last_event: float | None = None
        self._oldest: float | None = None
        self._ended = self._closed = False
        self._account_seen = known.ledger.revision

    @property
    def asset_ids(self) -> tuple[AssetId, ...]:
        """The assets of all topics, each once."""
        assets = (t.asset_id for t in self.topics if isinstance(t, AssetTopicBase))
        return tuple(dict.fromkeys(assets))

    # The hub's side

    def retune(self, topics: Sequence[Topic]) -> None:
        """Listen to these from now on; those that are new begin with what is known already."""
        before, after = dict.fromkeys(self.topics), dict.fromkeys(topics)
        self.topics = tuple(after)
        self._live = tuple(topic for topic in after if isinstance(topic, LiveTopic))
        for topic in before:
            if topic not in after:
                self._outlook.drop(topic)
        self._join([topic for topic in after if topic not in before])

    def _join(self, topics: Sequence[Topic]) -> None:
        for standing in self._known.of_assets(topics):
            self._mailbox.put(standing, standing.conflation_key)
        for topic in topics:
            for view in self._outlook.add(topic):
                self._begin_with(view)
        opening = () if self._moments is None else self._moments.opening(topics)
        for event in (*self._known.of_feeds(topics), *opening):
            self._mailbox.put(event, event.conflation_key if self._conflates else None)

    def _begin_with(self, view: View) -> None:
        if self._conflates or isinstance(view, BookView | EventView):
            self._mailbox.keep(view, view)
        # A reader that wants everything wants what is now, and then what follows.
        elif (event := view.look_up(self._known.books)) is not None:
            self._mailbox.put(event)

    def offer(self, *events: Event) -> None:
        """Take events from the hub, all of one moment and in order. Never waits."""
        for event in events:
            if isinstance(event, BookEvent):
                self._offer_book(event)
            elif isinstance(event, PriceChangeEvent):
                self._offer_price(event)
            else:
                self._offer_other(event)
        if self._mailbox:
            self._last_event = events[-1].received
            self._oldest = self._oldest or self._last_event
            self._wakeup.ring()

    def _offer_other(self, event: Event) -> None:
        # What is older than what this reader began with would only take it back.
        if isinstance(event, UserEvent) and event.revision <= self._account_seen:
            return
        if hears(event, self.topics, self._live):
            if isinstance(event, Gap) and event.stream is None:
                event = event.among(self.asset_ids)
            self._mailbox.put(event, event.conflation_key if self._conflates else None)

    def _offer_price(self, event: PriceChangeEvent) -> None:
        if not self._conflates:
            self._mailbox.put(event)
        elif (prices := self._outlook.prices.get(event.asset_id)) is not None:
            self._mailbox.keep(prices, prices)
        for view in self._outlook.events_with(event.asset_id):
            self._mailbox.keep(view, view)

    def _offer_book(self, event: BookEvent) -> None:
        if self._outlook.books or self._outlook.events:
            for view in self._outlook.of_book(event.asset_id):
                self._mailbox.keep(view, view)
        snapshots = self._outlook.snapshots.get(event.asset_id)
        if snapshots is None or event.revision <= snapshots.seen:
            return
        if not self._conflates:
            self._mailbox.put(event)
        else:
            # So many changes mean that the reader is behind: one snapshot stands for them all.
            self._mailbox.keep_few(event, snapshots)

    def lacks(self, event: MarketCreated) -> bool:
        """Whether it follows the event of a new market, and does not have the market yet."""
        view = self._outlook.events.get(event.event_slug or "")
        settled = (self._known.resolutions.resolution_of(each) for each in event.asset_ids)
        return view is not None and event.market not in view.markets and not any(settled)

    def widen(self, slug: str, market: Market) -> None:
        """A market was added to an event that is followed."""
        self._outlook.widen(slug, market)

    def narrow(self, event: MarketResolved) -> None:
        """A market is settled: it leaves the view of its event."""
        for view in self._outlook.narrow(event):
            self._mailbox.keep(view, view)

    def is_over(self, topic: Topic) -> bool:
        """Whether this is an event, and every market of it is settled."""
        return self._outlook.is_over(topic)

    def end(self) -> None:
        """Let the reader finish what is pending, and then stop."""
        self._ended = True
        self._wakeup.ring()

    @property
    def finished(self) -> bool:
        """Whether it has ended and nothing is left to read."""
        return self._ended and not self._mailbox and not self._batch

    # The reader's side

    def receive_nowait(self) -> list[Event]:
        """Everything pending, in order; nothing if there is nothing new.

        Raises:
            SubscriptionLagged: Events were lost under `Overflow.RAISE`.
        """
        books, items = self._known.books, self._mailbox.take()
        now = [i if isinstance(i, Event) else i.look_up(books) for i in items]
        return self._handed_out(list(filter(None, now)))

    def receive_counted(self) -> list[tuple[Event, int]]:
        """As `receive_nowait`, each event with how many of its kind and subject it stands for."""
        books, items = self._known.books, self._mailbox.take_counted()
        now = [(i if isinstance(i, Event) else i.look_up(books), count) for i, count in items]
        events = self._handed_out([event for event, _ in now if event is not None])
        # By identity: conditions put other events in their place, which stand for themselves.
        counts = {id(event): count for event, count in now}
        return [(event, counts.get(id(event), 1)) for event in events]

    def _handed_out(self, events: list[Event]) -> list[Event]:
        lost = self._mailbox.dropped - self._dropped_told
        if lost:
            self._dropped_told = self._mailbox.dropped
            if self._mailbox.lagged:
                self.close()
                raise SubscriptionLagged(lost)
            events.insert(0, Dropped(received=time.time(), count=lost))
        if self._moments is not None:
            events = self._moments.select(events, self.topics, trio.current_time())
        self._delivered += len(events)
        if self._oldest is not None:
            self._known.timing.delivery.record(time.time() - self._oldest)
            self._oldest = None
        if self._batch:
            events = [*self._batch, *events]
            self._batch.clear()
        if self._moments is not None and events and self._moments.is_over(self.topics):
            self.close()
        return events

    async def receive_batch(self) -> list[Event]:
        """Wait for events and take all there are, in order.

        Raises:
            trio.EndOfChannel: The subscription has ended.
            SubscriptionLagged: Events were lost under `Overflow.RAISE`.
        """
        # Waiting is a checkpoint too; one more would cost as much as the rest of a lone event.
        if self._mailbox or self._batch or self._moments is not None or self._ended:
            await trio.lowlevel.checkpoint()
        while True:
            events = self.receive_nowait()
            if events:
                return events
            if self._ended:
                raise trio.EndOfChannel
            if self._moments is None:
                await self._wakeup.wait()
            else:
                with trio.move_on_at(self.next_deadline()):
                    await self._wakeup.wait()

    def next_deadline(self) -> float:
        """When to look again even if nothing comes, on Trio's clock; `inf` without a condition."""
        return self._moments.next_deadline() if self._moments and not self._ended else math.inf

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
        if not self._closed:
            self._closed = True
            self.end()
            self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
