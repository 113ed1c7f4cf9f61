"""Whether an event passes the filters of the topics by whose routes it came."""

from __future__ import annotations

from collections.abc import Sequence

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.lifecycle import MarketCreated
from polymarket_realtime._model.live import LiveEvent
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.topics import EventTopic, NewMarketTopic, Topic

__all__ = ["hears"]


def hears(event: Event, topics: Sequence[Topic], live: Sequence[LiveTopic]) -> bool:
    """Whether one of the topics lets the event pass; `live` are those of live feeds."""
    if isinstance(event, LiveEvent):
        return any(topic.matches(event) for topic in live)
    if isinstance(event, MarketCreated):
        kinds = (NewMarketTopic, EventTopic)
        return any(topic.matches(event) for topic in topics if isinstance(topic, kinds))
    return True
