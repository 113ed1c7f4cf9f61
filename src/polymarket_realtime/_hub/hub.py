"""Hands each event to those who asked for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Final

import attrs
import trio

from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.subscription import Subscription, SubscriptionNote
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import MarketCreated, MarketResolved
from polymarket_realtime._model.topics import AssetTopicBase, Topic
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.wakeup import Wakeup

__all__ = ["Hub", "HubStatistics"]

_MOST_REMEMBERED: Final = 4096


@attrs.frozen(kw_only=True)
class HubStatistics:
    """Counts over all subscriptions, those that have ended included.

    Attributes:
        published: Events that came from the feed.
        unmatched: Events that nobody had asked for.
        repeated: Announcements that had come before, on another connection.
        subscriptions: Open subscriptions.
    """

    published: int
    unmatched: int
    repeated: int
    subscriptions: int
    delivered: int
    conflated: int
    dropped: int


class Hub:
    """The only reader of the event channel.

    Fan-out is synchronous: a slow reader fills its own mailbox and delays nobody. The index is
    by kind and by key (asset id, condition id, endpoint), so its cost does not depend on how
    many others are subscribed.

    Args:
        books: What is known already of assets.
        ledger: What is known already of the account.
        interests: By endpoint, what its connections are to carry.
        capacity: Most pending events of a subscription that asks for nothing else.
    """

    def __init__(
        self,
        books: BookStore,
        ledger: AccountLedger,
        interests: Mapping[str, Interest],
        *,
        capacity: int = 1024,
    ) -> None:
        self._books, self._ledger = books, ledger
        self._interests, self._capacity = interests, capacity
        self._index: dict[type[Event], dict[str, tuple[Subscription, ...]]] = {}
        self._subscriptions: dict[Subscription, None] = {}
        self._announced: OrderedDict[Hashable, None] = OrderedDict()
        self._published = self._unmatched = self._repeated = 0
        self._gone = (0, 0, 0)
        self._ended = False

    async def run(self, events_out: trio.MemoryReceiveChannel[list[Event]]) -> None:
        """Publish what comes until every producer has closed its end; then end all readers."""
        try:
            with events_out:
                async for batch in events_out:
                    for event in batch:
                        self.publish(event)
        finally:
            self._ended = True
            for subscription in self._subscriptions:
                subscription.end()

    def publish(self, event: Event) -> None:
        """Offer one event to those who asked for it. Never waits."""
        self._published += 1
        if isinstance(event, (MarketCreated, MarketResolved)) and self._is_repeated(event):
            return
        readers = self._readers(event)
        if not readers:
            self._unmatched += 1
        for subscription in readers:
            subscription.offer(event)

    def _readers(self, event: Event) -> tuple[Subscription, ...]:
        by_route = self._index.get(event.__class__)
        if by_route is None:
            return ()
        routes = event.routes
        if len(routes) == 1:
            return by_route.get(routes[0], ())
        return tuple(dict.fromkeys(s for route in routes for s in by_route.get(route, ())))

    def _is_repeated(self, event: MarketCreated | MarketResolved) -> bool:
        """The venue announces a market on every connection, and a settlement perhaps twice."""
        created = isinstance(event, MarketCreated)
        key = (event.type, event.market, event.timestamp_ms if created else None)
        if key in self._announced:
            self._repeated += 1
            return True
        self._announced[key] = None
        if len(self._announced) > _MOST_REMEMBERED:
            self._announced.popitem(last=False)
        return False

    def subscribe(
        self,
        *topics: Topic,
        overflow: Overflow = Overflow.CONFLATE,
        capacity: int | None = None,
        wakeup: Wakeup | None = None,
        note: SubscriptionNote | None = None,
    ) -> Subscription:
        """Listen to `topics`. The caller closes the subscription.

        Args:
            *topics: At least one.
            overflow: What happens when the reader is too slow.
            capacity: Most pending events, at least 1.
            wakeup: Rung whenever something is pending; share one to wait for several
                subscriptions at once.
            note: What a status says of it.
        """
        if not topics:
            raise ValueError("subscribe to at least one topic")
        subscription = Subscription(
            topics,
            self._books,
            self._ledger,
            overflow=overflow,
            capacity=self._capacity if capacity is None else capacity,
            wakeup=wakeup,
            note=SubscriptionNote(type=_type_of(topics)) if note is None else note,
            on_close=self._remove,
        )
        self._subscriptions[subscription] = None
        for cls, route in _entries(topics):
            by_route = self._index.setdefault(cls, {})
            by_route[route] = (*by_route.get(route, ()), subscription)
        for endpoint, wanted in _by_endpoint(topics).items():
            self._interests[endpoint].acquire(_assets(wanted), broadcasts=_beyond_assets(wanted))
        if self._ended:
            subscription.end()
        return subscription

    def _remove(self, subscription: Subscription) -> None:
        if subscription not in self._subscriptions:
            return
        del self._subscriptions[subscription]
        counts = subscription.statistics()
        delivered, conflated, dropped = self._gone
        self._gone = (
            delivered + counts.delivered,
            conflated + counts.conflated,
            dropped + counts.dropped,
        )
        for cls, route in _entries(subscription.topics):
            by_route = self._index[cls]
            rest = tuple(s for s in by_route[route] if s is not subscription)
            if rest:
                by_route[route] = rest
            else:
                del by_route[route]
        for endpoint, wanted in _by_endpoint(subscription.topics).items():
            self._interests[endpoint].release(_assets(wanted), broadcasts=_beyond_assets(wanted))

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """The open subscriptions, oldest first."""
        return tuple(self._subscriptions)

    def statistics(self) -> HubStatistics:
        """The counts at this moment."""
        now = [subscription.statistics() for subscription in self._subscriptions]
        delivered, conflated, dropped = self._gone
        return HubStatistics(
            published=self._published,
            unmatched=self._unmatched,
            repeated=self._repeated,
            subscriptions=len(self._subscriptions),
            delivered=delivered + sum(s.delivered for s in now),
            conflated=conflated + sum(s.conflated for s in now),
            dropped=dropped + sum(s.dropped for s in now),
        )


def _entries(topics: tuple[Topic, ...]) -> list[tuple[type[Event], str]]:
    """The index entries of some topics, each once."""
    return list(dict.fromkeys(entry for topic in topics for entry in topic.entries))


def _by_endpoint(topics: tuple[Topic, ...]) -> dict[str, list[Topic]]:
    groups: dict[str, list[Topic]] = {}
    for topic in topics:
        groups.setdefault(topic.endpoint, []).append(topic)
    return groups


def _assets(topics: list[Topic]) -> set[AssetId]:
    return {topic.asset_id for topic in topics if isinstance(topic, AssetTopicBase)}


def _beyond_assets(topics: list[Topic]) -> bool:
    """Whether something is wanted that needs a connection, but no asset on it."""
    return not all(isinstance(topic, AssetTopicBase) for topic in topics)


def _type_of(topics: tuple[Topic, ...]) -> str:
    names = dict.fromkeys(type(topic).__name__.removesuffix("Topic").lower() for topic in topics)
    return "+".join(names)
