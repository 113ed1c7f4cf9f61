"""All views of one subscription."""

from __future__ import annotations

import attrs

from polymarket_realtime._hub.views import BookView, EventView, PriceView, SnapshotView, View
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.ids import AssetId, ConditionId
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
        markets = {each.condition_id: each for each in group.markets if not each.closed}
        self.events[group.slug] = view = EventView(group.slug, group.title, markets)
        return [view]

    def events_with(self, asset_id: AssetId) -> list[EventView]:
        """The views of events that a token is an outcome in."""
        return [view for view in self.events.values() if asset_id in view.asset_ids]

    def widen(self, slug: str, market: Market) -> None:
        """A market was added to an event."""
        self.events[slug].markets[market.condition_id] = market

    def narrow(self, market: ConditionId) -> list[EventView]:
        """A market is settled; the views that have changed by it."""
        return [v for v in self.events.values() if v.markets.pop(market, None) is not None]

    def drop(self, topic: Topic) -> None:
        """Forget the views of a topic that is listened to no longer."""
        if isinstance(topic, EventTopic):
            self.events.pop(topic.group.slug, None)
        elif isinstance(topic, AssetTopicBase):
            for views in (self.books, self.prices, self.snapshots):
                views.pop(topic.asset_id, None)
