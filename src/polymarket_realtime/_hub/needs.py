"""What topics need of the floors below: keys to carry, index entries, events to follow."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from polymarket_realtime._model.catalog import EventRef, Market, MarketGroup, Outcome
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.lifecycle import MarketCreated
from polymarket_realtime._model.topics import EventTopic, Topic
from polymarket_realtime._venue.interest import Interest

__all__ = ["Needs", "adjust", "entries_of", "expanded", "followed", "market_of", "type_of"]


def expanded(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """The topics, each once, and with an event those of its tokens."""
    parts = (
        each
        for topic in topics
        for each in (topic, *(topic.parts if isinstance(topic, EventTopic) else ()))
    )
    return tuple(dict.fromkeys(parts))


def entries_of(topics: tuple[Topic, ...]) -> dict[tuple[type[Event], str], None]:
    """The index entries of some topics, each once."""
    return dict.fromkeys(entry for topic in topics for entry in topic.entries)


@attrs.frozen
class Needs:
    """What some topics need of one endpoint.

    Attributes:
        keys: What its connections have to carry, in the order of the topics.
        broadcasts: Whether something is wanted that needs a connection, but no key on it.
    """

    keys: dict[str, None]
    broadcasts: bool

    @classmethod
    def of(cls, topics: tuple[Topic, ...], endpoint: str) -> Needs:
        wanted = [topic.wants for topic in topics if topic.endpoint == endpoint]
        return cls(dict.fromkeys(key for key in wanted if key is not None), None in wanted)


def adjust(interest: Interest, old: Needs, new: Needs) -> None:
    """Change what the connections of an endpoint are to carry, as far as it has changed."""
    if old == new:
        return
    added = [key for key in new.keys if key not in old.keys]
    removed = [key for key in old.keys if key not in new.keys]
    # In this order, so that nothing is given up for a moment.
    interest.acquire(added, broadcasts=new.broadcasts and not old.broadcasts)
    interest.release(removed, broadcasts=old.broadcasts and not new.broadcasts)


def followed(topics: tuple[Topic, ...]) -> dict[str, MarketGroup]:
    """The events among them, by slug."""
    return {topic.group.slug: topic.group for topic in topics if isinstance(topic, EventTopic)}


def market_of(event: MarketCreated) -> Market:
    """An announcement in the form of the catalogue."""
    slug = event.event_slug
    return Market(
        condition_id=event.market,
        question=event.question,
        slug=event.slug,
        label=event.label,
        outcomes=tuple(map(Outcome, event.asset_ids, event.outcomes)),
        event=None if slug is None else EventRef("", slug, event.event_title or slug),
    )


def type_of(topics: tuple[Topic, ...]) -> str:
    """What a status calls them, if nobody says something better."""
    names = dict.fromkeys(type(topic).__name__.removesuffix("Topic").lower() for topic in topics)
    return "+".join(names)
