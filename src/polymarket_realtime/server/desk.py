"""What one client has subscribed to, and what has happened to it, to be read at any time.

Whoever delivers reads from here and none of them from each other: the tools that wait, the
resources, the pusher, MCP Events.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Never

import trio

from polymarket_realtime._hub.history import PriceHistory
from polymarket_realtime._hub.journals import Journals
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.events import USER_FEED
from polymarket_realtime._model.feed import FeedEvent
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import PriceChangeEvent
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.delivery import Counted, Deliveries
from polymarket_realtime.errors import TooManySubscriptions, UnknownSubscription
from polymarket_realtime.service import Service

from .refs import Refs
from .results import counted

__all__ = ["MOST_SUBSCRIPTIONS", "Desk"]

_CAPACITY: Final = 1024
"""Events of a subscription that are kept one by one, beside the newest of what conflates."""

_ACCOUNT_CAPACITY: Final = 8192
"""The same of one's own orders and trades."""

MOST_SUBSCRIPTIONS: Final = 256
"""Of one client, resources that it watches and MCP Events included."""

_SAMPLING: Final = 5.0
"""Seconds between two looks at the prices of all subscribed tokens."""

_REMEMBERED: Final = 256
"""Subscriptions that have ended by themselves, of which a client may not have heard."""


class Desk:
    """The subscriptions of one client.

    Attributes:
        service: The feed.
        journals: What has happened to each subscription that the client asked for by a tool.
        refs: The short names of its tokens.
        history: What their prices were.
        version: Grows when a subscription comes or goes, and with whatever happens to the feed.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.journals = Journals()
        self.refs = Refs()
        self.history = PriceHistory()
        interval = service.settings.notify_interval
        self._deliveries = Deliveries(service, self._write, interval, self._finish)
        self._written_to: dict[str, tuple[Journals, str]] = {}
        self._about: dict[str, str] = {}
        self._ended: deque[str] = deque(maxlen=_REMEMBERED)
        self._all_journals: set[Journals] = {self.journals}
        self._changed = Wakeup()
        self.version = 0

    async def run(self) -> None:
        """Keep the journals, until cancelled; then the subscriptions end.

        Raises:
            ExceptionGroup: An error of the feed's side, which is a bug.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._deliveries.run, name="keep MCP journals")
                nursery.start_soon(self._sample, name="sample prices")
        finally:
            self._deliveries.close()

    def subscribe(
        self,
        *topics: Topic,
        note: SubscriptionNote,
        condition: Condition | None = None,
        journals: Journals | None = None,
        name: str | None = None,
    ) -> Subscription:
        """Begin a subscription and its journal.

        Args:
            *topics: What to listen to.
            note: What a status says of it.
            condition: If it is to tell only the moments that meet it.
            journals: Where to keep its journal; the desk's own unless given.
            name: By what the journal is called there; the subscription's id unless given.

        Raises:
            TooManySubscriptions: The client has as many as it may have.
        """
        if len(self._written_to) >= MOST_SUBSCRIPTIONS:
            raise TooManySubscriptions(MOST_SUBSCRIPTIONS)
        subscription = self._deliveries.subscribe(*topics, note=note, condition=condition)
        kept = self.journals if journals is None else journals
        self._all_journals.add(kept)
        own = topics[0].endpoint == USER_FEED
        kept.open(name or subscription.id, capacity=_ACCOUNT_CAPACITY if own else _CAPACITY)
        self._written_to[subscription.id] = kept, name or subscription.id
        self._about[subscription.id] = _title(subscription)
        self.version += 1
        self._changed.ring()
        return subscription

    def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription. Its journal can be read for a while.

        Raises:
            UnknownSubscription: There is none with that id.
        """
        if not self._deliveries.unsubscribe(subscription_id):
            unknown = UnknownSubscription(subscription_id)
            if subscription_id in self._ended:
                unknown.add_note("It has ended by itself: nothing more can come of it.")
            raise unknown
        self._close(subscription_id)

    def get(self, subscription_id: str) -> Subscription | None:
        """The subscription with this id; None if there is none, or it has ended."""
        return self._deliveries.get(subscription_id)

    def title_of(self, subscription_id: str) -> str:
        """What a subscription is, or was, about: its kind and how many tokens it had."""
        return self._about.get(subscription_id, "")

    @property
    def asset_ids(self) -> tuple[AssetId, ...]:
        """The tokens of all subscriptions, each once."""
        held = (self.get(subscription_id) for subscription_id in self._written_to)
        ids = (each for one in held if one is not None for each in one.asset_ids)
        return tuple(dict.fromkeys(ids))

    async def _write(self, subscription: Subscription, events: list[Counted]) -> None:
        journals, name = self._written_to[subscription.id]
        journals.write(name, events)
        for event, _ in events:
            if isinstance(event, PriceChangeEvent):
                self.history.begin(event.asset_id, event.price, trio.current_time())
        if any(isinstance(event, FeedEvent) for event, _ in events):
            self.version += 1
        self._changed.ring()

    def _finish(self, subscription: Subscription) -> None:
        self._ended.append(subscription.id)
        self._close(subscription.id)

    def _close(self, subscription_id: str) -> None:
        journals, name = self._written_to.pop(subscription_id)
        journals.end(name, trio.current_time())
        self.version += 1
        self._changed.ring()

    async def wait_changed(self) -> None:
        """Wait until anything has been written, begun or ended. For one task only: the pusher."""
        await self._changed.wait()

    async def _sample(self) -> Never:
        """Note prices, and forget what has ended long ago."""
        while True:
            now = trio.current_time()
            for journals in self._all_journals:
                if journals.forget(now):
                    self._changed.ring()
            for subscription_id in self._about.keys() - self._written_to.keys():
                if subscription_id not in self.journals:
                    del self._about[subscription_id]
            subscribed = self.asset_ids
            self.history.retain(frozenset(subscribed))
            for asset_id in subscribed:
                price = self.service.price(asset_id)
                if price is not None:
                    self.history.add(asset_id, price.price, now)
            await trio.sleep(_SAMPLING)


def _title(subscription: Subscription) -> str:
    tokens, kind = len(subscription.asset_ids), subscription.note.type
    return f"{kind}, {counted(tokens, 'token')}" if tokens else kind
