"""What a subscription with a condition hands out in place of its events."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

import attrs

from polymarket_realtime._hub.condition import ConditionWatch
from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.condition import Condition, ConditionMet, When
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped, Gap, Interrupted, StateChanged, StreamGone
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.topics import AssetTopicBase, Topic
from polymarket_realtime._model.trust import NOT_YET, AssetState

__all__ = ["Moments"]


@attrs.frozen(eq=False)
class Moments:
    """The moments at which a condition is met, and what says that one may have been missed.

    Attributes:
        condition: What is waited for.
        known: The state below the hub.
    """

    condition: Condition
    known: Known
    _watch: ConditionWatch = attrs.field(init=False)

    @_watch.default
    def _make_watch(self) -> ConditionWatch:
        return ConditionWatch(self.condition)

    def opening(self, topics: Iterable[Topic]) -> Iterator[Event]:
        """What nobody else tells a reader who joins: whose data does not flow yet, or just now."""
        if self.condition.when is not When.STALE_FOR:
            return
        for topic in topics:
            if isinstance(topic, AssetTopicBase):
                book = self.known.books.get(topic.asset_id)
                if book is None or book.state is AssetState.CONNECTING:
                    yield StateChanged(
                        received=time.time(),
                        asset_id=topic.asset_id,
                        state=NOT_YET.state,
                        before=None,
                        reason=NOT_YET.reason,
                    )
            elif isinstance(topic, LiveTopic) and self._is_interrupted(topic):
                yield Interrupted(
                    received=time.time(),
                    connection=topic.endpoint,
                    asset_ids=(AssetId(topic.route),),
                    reason="no connection",
                    retry_in=None,
                )

    def select(self, events: Sequence[Event], topics: Sequence[Topic], now: float) -> list[Event]:
        """What to hand out of these events, in order, with the moments that they bring.

        Args:
            events: As they would be handed out without a condition.
            topics: What is listened to.
            now: On Trio's clock.
        """
        told: list[Event] = []
        for event in events:
            told += self._watch.take(self._narrowed(event, topics), now)
            if _is_told(event):
                told.append(event)
        told += self._watch.advance(now)
        return list(map(self._named, told))

    def next_deadline(self) -> float:
        """When to call `select` even without events, on Trio's clock; `inf` if not at all."""
        return self._watch.next_deadline()

    def is_over(self, topics: Sequence[Topic]) -> bool:
        """Whether nothing more can be met on these topics."""
        # Of events and of the account nobody knows what will come.
        ends = all(isinstance(topic, AssetTopicBase | LiveTopic) for topic in topics)
        return ends and self._watch.is_over({topic.route for topic in topics})

    def _narrowed(self, event: Event, topics: Sequence[Topic]) -> Event:
        """The loss of a connection as that of what is listened to, tokens and streams alike."""
        if not isinstance(event, Interrupted):
            return event
        own = {t.asset_id for t in topics if isinstance(t, AssetTopicBase)} & {*event.asset_ids}
        endpoint = event.connection.partition("#")[0]
        live = [t for t in topics if isinstance(t, LiveTopic) and t.endpoint == endpoint]
        own |= {AssetId(topic.route) for topic in live if self._is_interrupted(topic)}
        return attrs.evolve(event, asset_ids=tuple(sorted(own)))

    def _is_interrupted(self, topic: LiveTopic) -> bool:
        streams = self.known.streams.get(topic.endpoint)
        return streams is not None and streams.is_interrupted(topic.route)

    def _named(self, event: Event) -> Event:
        if not isinstance(event, ConditionMet) or event.about or event.asset_id is None:
            return event
        return attrs.evolve(event, about=self.known.names.get(event.asset_id))


def _is_told(event: Event) -> bool:
    """Whether it says that a moment may have been missed, or that nothing more will come."""
    if isinstance(event, Gap):
        return not event.filled
    return isinstance(event, Dropped | StreamGone | Incomplete | MarketResolved)
