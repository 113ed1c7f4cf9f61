"""All views of one subscription."""

from __future__ import annotations

from typing import Final

import attrs

from polymarket_realtime._hub.views import (
    BookView,
    EventView,
    PriceView,
    SnapshotView,
    View,
    pays_first,
)
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.market import BookSnapshot, PriceChangeEvent
from polymarket_realtime._model.topics import (
    AssetTopic,
    AssetTopicBase,
    BookTopic,
    DeltaTopic,
    EventTopic,
    PriceTopic,
    Topic,
)

__all__ = ["Outlook"]

_OF_PRICES: Final = frozenset({BookSnapshot, PriceChangeEvent})
"""Events that make a reader look at the prices of a whole event again."""


@attrs.define(eq=False)
class Outlook:
    """The views of one subscription, by what they show.

    Two topics of one asset may want the same: they share a view, and the reader hears it once.
    """

    books: dict[AssetId, BookView] = attrs.field(factory=dict, init=False)
    prices: dict[AssetId, PriceView] = attrs.field(factory=dict, init=False)
    snapshots: dict[AssetId, SnapshotView] = attrs.field(factory=dict, init=False)
    events: dict[str, EventView] = attrs.field(factory=dict, init=False)

    def add(self, topic: Topic) -> list[View]:
        """Prepare for a topic; the views that are new."""
        if isinstance(topic, EventTopic):
            return self._add_event(topic)
        new: list[View] = []
        if isinstance(topic, BookTopic):
            self.books[topic.asset_id] = view = BookView(topic.asset_id, topic.depth)
            new.append(view)
        if isinstance(topic, PriceTopic | AssetTopic) and topic.asset_id not in self.prices:
            self.prices[topic.asset_id] = prices = PriceView(topic.asset_id)
            new.append(prices)
        if isinstance(topic, DeltaTopic | AssetTopic) and topic.asset_id not in self.snapshots:
            self.snapshots[topic.asset_id] = snapshots = SnapshotView(topic.asset_id)
            new.append(snapshots)
        return new

    def _add_event(self, topic: EventTopic) -> list[View]:
        group = topic.group
        if group.slug in self.events:
            return []
        self.events[group.slug] = view = EventView(
            group.slug,
            group.title,
            {each.condition_id: each for each in group.markets if not each.closed},
            priced=not _OF_PRICES.isdisjoint(topic.each.accepts),
            decided=any(pays_first(each.payouts or ()) for each in group.markets),
        )
        return [view]

    def events_with(self, asset_id: AssetId) -> list[EventView]:
        """The views of events that a token is an outcome in."""
        return [view for view in self.events.values() if asset_id in view.asset_ids]

    def of_book(self, asset_id: AssetId) -> list[BookView | EventView]:
        """The views that may change with the book of a token."""
        book = self.books.get(asset_id)
        return [*(() if book is None else (book,)), *self.events_with(asset_id)]

    def widen(self, slug: str, market: Market) -> None:
        """A market was added to an event."""
        self.events[slug].markets[market.condition_id] = market

    def narrow(self, event: MarketResolved) -> list[EventView]:
        """A market is settled; the views that have changed by it."""
        over = frozenset(event.asset_ids)
        return [view for view in self.events.values() if view.leave(over, event.payouts)]

    def is_over(self, topic: Topic) -> bool:
        """Whether this is an event, and every market of it is settled."""
        if not isinstance(topic, EventTopic):
            return False
        view = self.events.get(topic.group.slug)
        return view is not None and not view.markets

    def drop(self, topic: Topic) -> None:
        """Forget the views of a topic that is listened to no longer."""
        if isinstance(topic, EventTopic):
            self.events.pop(topic.group.slug, None)
        elif isinstance(topic, AssetTopicBase):
            for views in (self.books, self.prices, self.snapshots):
                views.pop(topic.asset_id, None)
