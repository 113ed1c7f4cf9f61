"""Hands each event to those who asked for it."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import trio

from polymarket_realtime._hub.condition_topics import check_topics
from polymarket_realtime._hub.index import Index
from polymarket_realtime._hub.known import Known
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._hub.needs import (
    Needs,
    adjust,
    entries_of,
    expanded,
    followed,
    market_of,
    type_of,
)
from polymarket_realtime._hub.note import HubStatistics, SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.events import MARKET_FEED, Event
from polymarket_realtime._model.feed import Connected
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._model.lifecycle import MarketCreated, MarketResolved, event_route
from polymarket_realtime._model.topics import AssetTopicBase, EventTopic, Topic
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.market_watch import MarketWatch
from polymarket_realtime._venue.wakeup import Wakeup

__all__ = ["Hub"]

_MOST_REMEMBERED: Final = 4096


class Hub:
    """The only reader of the event channel.

    Fan-out is synchronous: a slow reader fills its own mailbox and delays nobody. The index is
    by kind and by key (asset id, condition id, endpoint), so its cost does not depend on how
    many others are subscribed.

    Args:
        known: What is known already when a reader joins.
        interests: By endpoint, what its connections are to carry.
        watch: Is told which events are followed, and which tokens need a name.
        capacity: Most pending events of a subscription that asks for nothing else.
    """

    def __init__(
        self,
        known: Known,
        interests: Mapping[str, Interest],
        *,
        watch: MarketWatch | None = None,
        capacity: int = 1024,
    ) -> None:
        self._known, self._watch = known, watch
        self._interests, self._capacity = interests, capacity
        self._special: Final[dict[type[Event], Callable[[Any], None]]] = {
            Connected: self._publish_connected,
            MarketCreated: self._publish_created,
            MarketResolved: self._publish_resolved,
            OrderUpdate: self._publish_own,
            TradeUpdate: self._publish_own,
        }
        self._index = Index()
        self._subscriptions: dict[Subscription, None] = {}
        self._announced: OrderedDict[ConditionId, None] = OrderedDict()
        self._newcomers: dict[str, dict[ConditionId, Market]] = {}
        self._published = self._unmatched = self._repeated = 0
        self._gone = (0, 0, 0)
        self._ended = False

    async def run(self, events_out: trio.MemoryReceiveChannel[list[Event]]) -> None:
        """Publish what comes until every producer has closed its end; then end all readers."""
        try:
            with events_out:
                async for batch in events_out:
                    self.publish(*batch)
        finally:
            self._ended = True
            for subscription in self._subscriptions:
                subscription.end()

    def publish(self, *events: Event) -> None:
        """Offer each event to those who asked for it. Never waits."""
        special, readers_of = self._special, self._index.readers_of
        self._published += len(events)
        waiting: defaultdict[Subscription, list[Event]] = defaultdict(list)
        for event in events:
            if event.__class__ in special:
                # It may change who listens to what: what came before it goes first.
                self._hand_out(waiting)
                special[event.__class__](event)
            elif readers := readers_of(event):
                for subscription in readers:
                    waiting[subscription].append(event)
            else:
                self._unmatched += 1
        self._hand_out(waiting)

    def _hand_out(self, waiting: dict[Subscription, list[Event]]) -> None:
        for subscription, events in waiting.items():
            subscription.offer(*events)
        waiting.clear()

    def _offer(self, event: Event) -> tuple[Subscription, ...]:
        readers = self._index.readers_of(event)
        if not readers:
            self._unmatched += 1
        for subscription in readers:
            subscription.offer(event)
        return readers

    def _publish_connected(self, event: Connected) -> None:
        """What the market channel announced while it was cut is asked for."""
        self._offer(event)
        reconnected = event.attempt > 1 and event.connection.startswith(f"{MARKET_FEED}#")
        if reconnected and self._watch is not None:
            self._watch.hint_all()

    def _publish_created(self, event: MarketCreated) -> None:
        """A market is told once, and joins the readers of its event."""
        # The venue announces it on every connection, and the catalogue tells it once more.
        if event.market in self._announced:
            self._repeated += 1
            readers = tuple(s for s in self._index.readers_of(event) if s.lacks(event))
        else:
            self._announced[event.market] = None
            if len(self._announced) > _MOST_REMEMBERED:
                self._announced.popitem(last=False)
            readers = self._index.readers_of(event)
            self._unmatched += not readers
        for subscription in readers:
            subscription.offer(event)
            self._widen(subscription, event)

    def _widen(self, subscription: Subscription, event: MarketCreated) -> None:
        if not subscription.lacks(event):
            return
        market = market_of(event)
        topics = subscription.topics
        for topic in topics:
            if isinstance(topic, EventTopic) and topic.group.slug == event.event_slug:
                self._newcomers.setdefault(topic.group.slug, {})[market.condition_id] = market
                self._known.names.learn(market)
                subscription.widen(topic.group.slug, market)
                topics = (*topics, *map(topic.topic_of, event.asset_ids))
        self._retune(subscription, tuple(dict.fromkeys(topics)))

    def _publish_resolved(self, event: MarketResolved) -> None:
        """A settled market leaves its readers, and whoever has nothing else left ends."""
        for markets in self._newcomers.values():
            markets.pop(event.market, None)
        for subscription in self._offer(event):
            self._settle(subscription, event)

    def _settle(self, subscription: Subscription, event: MarketResolved) -> None:
        subscription.narrow(event)
        over = frozenset(event.asset_ids)
        topics = subscription.topics
        left = [t for t in topics if not (isinstance(t, AssetTopicBase) and t.asset_id in over)]
        self._retune(subscription, tuple(t for t in left if not subscription.is_over(t)))
        if not subscription.topics:
            subscription.end()

    def _publish_own(self, event: OrderUpdate | TradeUpdate) -> None:
        """The channel of the account does not say what the markets ask."""
        about = self._known.names.get(event.asset_id)
        if about is None and self._watch is not None:
            self._watch.name_wanted(event.asset_id)
        self._offer(attrs.evolve(event, about=about))

    def subscribe(
        self,
        *topics: Topic,
        overflow: Overflow = Overflow.CONFLATE,
        capacity: int | None = None,
        wakeup: Wakeup | None = None,
        note: SubscriptionNote | None = None,
        condition: Condition | None = None,
    ) -> Subscription:
        """Listen to `topics`. The caller closes the subscription.

        Args:
            *topics: At least one.
            overflow: What happens when the reader is too slow.
            capacity: Most pending events, at least 1.
            wakeup: Rung whenever something is pending; share one to wait for several
                subscriptions at once.
            note: What a status says of it.
            condition: Deliver nothing but the moments that meet it.
        """
        if not topics:
            raise ValueError("subscribe to at least one topic")
        if condition is not None:
            check_topics(condition, topics)
        subscription = Subscription(
            self._known,
            overflow=overflow,
            capacity=self._capacity if capacity is None else capacity,
            wakeup=wakeup,
            note=SubscriptionNote(type=type_of(topics)) if note is None else note,
            condition=condition,
            on_close=self._remove,
        )
        self._subscriptions[subscription] = None
        wanted = expanded(map(self._as_known, topics))
        self._retune(subscription, wanted)
        for settlement in dict.fromkeys(map(self._known.settlement, wanted)):
            if settlement is not None:
                subscription.offer(settlement)
                self._settle(subscription, settlement)
        # An event that was over before has no settlement left to tell.
        topics = subscription.topics
        self._retune(subscription, tuple(t for t in topics if not subscription.is_over(t)))
        if self._ended or not subscription.topics:
            subscription.end()
        return subscription

    def _as_known(self, topic: Topic) -> Topic:
        """An event with the markets that joined it since the catalogue was asked."""
        if not isinstance(topic, EventTopic):
            return topic
        listed = {market.condition_id for market in topic.group.markets}
        joined = self._newcomers.get(topic.group.slug, {})
        new = [market for condition_id, market in joined.items() if condition_id not in listed]
        return topic.with_markets(new) if new else topic

    def _retune(self, subscription: Subscription, topics: tuple[Topic, ...]) -> None:
        """Let a subscription listen to these topics in place of what it listened to."""
        before = subscription.topics
        old, new = entries_of(before), entries_of(topics)
        for cls, route in new:
            if (cls, route) not in old:
                self._index.add(subscription, cls, route)
        for cls, route in old:
            if (cls, route) not in new:
                self._index.remove(subscription, cls, route)
        subscription.retune(topics)
        for endpoint, interest in self._interests.items():
            adjust(interest, Needs.of(before, endpoint), Needs.of(topics, endpoint))
        self._follow(followed(before), followed(topics))

    def _follow(self, before: dict[str, MarketGroup], after: dict[str, MarketGroup]) -> None:
        for slug in before.keys() - after.keys():
            if not self._index.has(MarketCreated, event_route(slug)):
                self._newcomers.pop(slug, None)
        if self._watch is None:
            return
        for slug in after.keys() - before.keys():
            self._watch.follow(slug, after[slug].markets)
        for slug in before.keys() - after.keys():
            self._watch.unfollow(slug)

    def _remove(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription]
        counts = subscription.statistics()
        delivered, conflated, dropped = self._gone
        self._gone = (
            delivered + counts.delivered,
            conflated + counts.conflated,
            dropped + counts.dropped,
        )
        self._retune(subscription, ())

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
