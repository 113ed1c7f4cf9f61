"""What to subscribe to, given what identifiers stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from polymarket_realtime._hub.condition_topics import topic_for
from polymarket_realtime._lookup.resolving import Found
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import AssetTopicBase, EventTopic, Topic

__all__ = ["followed_events", "plan_topics", "topic_for"]


def plan_topics(found: Found, each: Callable[[AssetId], AssetTopicBase]) -> list[Topic]:
    """A topic for every token, and one for every event that was named, to hear of new markets.

    Args:
        found: What identifiers stand for.
        each: Makes the topic of a token; `partial(topic_for, condition)` the one that a
            condition needs.
    """
    # An event that is over gets no market any more.
    events = (
        EventTopic(group, each(AssetId("")))
        for group in found.groups
        if any(not market.closed for market in group.markets)
    )
    tokens = (each(asset.asset_id) for asset in found.assets)
    return list(dict.fromkeys([*events, *tokens]))


def followed_events(topics: Iterable[Topic]) -> list[str]:
    """The slugs of the events that are followed with these."""
    return [topic.group.slug for topic in topics if isinstance(topic, EventTopic)]
