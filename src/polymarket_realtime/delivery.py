"""Subscriptions whose events are handed to somebody, instead of being iterated over."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Never

import attrs
import trio

from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.service import Service

__all__ = ["Counted", "Deliveries", "Sink"]

Counted = tuple[Event, int]
"""An event, and how many of its kind and subject it stands for."""

Sink = Callable[[Subscription, list[Counted]], Awaitable[None]]
"""Takes the events of one subscription, in order. It may wait; nothing else stalls for it."""


def _nobody(_: Subscription) -> None:
    """Whom it does not matter to that a subscription has ended."""


@attrs.define(eq=False)
class Deliveries:
    """Subscriptions by id, and the one task that hands over their events.

    The task looks at most once per `interval` seconds, so a busy market reaches a model as a
    few fresh events and not as a flood; what could not be handed over in time is conflated or
    dropped, and counted, in each subscription's own mailbox.

    Attributes:
        finished: Called when a subscription has ended with all that it listens to, after its
            last event was handed over. It is forgotten by then.
    """

    service: Service
    sink: Sink
    interval: float
    finished: Callable[[Subscription], None] = _nobody
    _wakeup: Wakeup = attrs.field(factory=Wakeup, init=False)
    _subscriptions: dict[str, Subscription] = attrs.field(factory=dict, init=False)

    def subscribe(
        self, *topics: Topic, note: SubscriptionNote, condition: Condition | None = None
    ) -> Subscription:
        """Begin to hand over the events of `topics`, or the moments that meet a condition."""
        subscription = self.service.subscribe(
            *topics, note=note, wakeup=self._wakeup, condition=condition
        )
        self._subscriptions[subscription.id] = subscription
        self._wakeup.ring()
        return subscription

    def get(self, subscription_id: str) -> Subscription | None:
        """The subscription with this id, if there is one."""
        return self._subscriptions.get(subscription_id)

    def unsubscribe(self, subscription_id: str) -> bool:
        """Hand over nothing more of this subscription; whether there was one."""
        subscription = self._subscriptions.pop(subscription_id, None)
        if subscription is None:
            return False
        subscription.close()
        return True

    def close(self) -> None:
        """Remove all subscriptions."""
        for subscription_id in list(self._subscriptions):
            self.unsubscribe(subscription_id)

    async def run(self) -> Never:
        """Hand over events, for ever."""
        while True:
            await self._wait()
            for subscription in list(self._subscriptions.values()):
                # It may have been removed while events of another one were handed over, or its own.
                if self._subscriptions.get(subscription.id) is not subscription:
                    continue
                events = subscription.receive_counted()
                if events:
                    await self.sink(subscription, events)
                if subscription.finished and self.unsubscribe(subscription.id):
                    self.finished(subscription)
            await trio.sleep(self.interval)

    async def _wait(self) -> None:
        """Until something is pending, or a condition is due."""
        due = min((each.next_deadline() for each in self._subscriptions.values()), default=math.inf)
        with trio.move_on_at(due):
            await self._wakeup.wait()
