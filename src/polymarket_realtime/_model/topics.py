"""What can be subscribed to.

Every topic also carries the events of the feed that say whether the data can be trusted; every
topic of an asset its `TickSizeChange` and `MarketResolved` as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import attrs

from polymarket_realtime._model import account_feed, events, feed, lifecycle, market, user
from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.events import MARKET_FEED, USER_FEED, Event
from polymarket_realtime._model.ids import AssetId, ConditionId

__all__ = [
    "AssetTopic",
    "AssetTopicBase",
    "BookTopic",
    "DeltaTopic",
    "EventTopic",
    "NewMarketTopic",
    "PriceTopic",
    "ResolutionTopic",
    "Topic",
    "TradeTopic",
    "UserOrderTopic",
    "UserTopicBase",
    "UserTradeTopic",
]

_CONTINUITY: tuple[type[Event], ...] = (
    feed.Connected,
    feed.Interrupted,
    feed.StateChanged,
    feed.Gap,
    feed.Resynced,
)
_OF_EVERY_ASSET: tuple[type[Event], ...] = (
    *_CONTINUITY,
    market.TickSizeChange,
    lifecycle.MarketResolved,
)


@attrs.frozen
class Topic:
    """Base of all topics."""

    endpoint: ClassVar[str] = MARKET_FEED
    """The endpoint whose connections carry it."""
    accepts: ClassVar[tuple[type[Event], ...]]
    """The kinds of event that it is served from."""

    @property
    def route(self) -> str:
        """The key of `Event.routes` that it listens to."""
        raise NotImplementedError

    @property
    def wants(self) -> str | None:
        """What a connection has to carry for it; None if any connection of the endpoint does."""
        return None

    @property
    def entries(self) -> tuple[tuple[type[Event], str], ...]:
        """Each accepted kind with the key by which it finds this topic."""
        return tuple((cls, self.route) for cls in self.accepts)


@attrs.frozen
class AssetTopicBase(Topic):
    """Base of the topics of one asset."""

    asset_id: AssetId

    @property
    def route(self) -> str:
        return self.asset_id

    @property
    def wants(self) -> str:
        return self.asset_id


@attrs.frozen
class PriceTopic(AssetTopicBase):
    """`PriceChangeEvent`: best bid, best ask or last trade has moved. The current one first."""

    accepts: ClassVar = (*_OF_EVERY_ASSET, market.PriceChangeEvent)


@attrs.frozen
class BookTopic(AssetTopicBase):
    """`OrderbookUpdate`: the book as it is, `depth` levels a side, best first.

    The current book comes first. A reader that is slower than the market sees fewer, newer
    books: it never sees an old one.
    """

    accepts: ClassVar = (*_OF_EVERY_ASSET, market.BookSnapshot, market.BookDelta)

    depth: int = attrs.field(default=10, validator=attrs.validators.ge(1))


@attrs.frozen
class DeltaTopic(AssetTopicBase):
    """`BookSnapshot` first, then each `BookDelta`, for a reader that keeps a book of its own."""

    accepts: ClassVar = (*_OF_EVERY_ASSET, market.BookSnapshot, market.BookDelta)


@attrs.frozen
class TradeTopic(AssetTopicBase):
    """`LastTradePrice`: every trade that the venue announces."""

    accepts: ClassVar = (*_OF_EVERY_ASSET, market.LastTradePrice)


@attrs.frozen
class ResolutionTopic(AssetTopicBase):
    """`MarketResolved`, once, even if the venue does not announce it; `ResolutionStatus` before.

    Whether a book is the truth is of no concern here: the catalogue is asked besides.
    """

    accepts: ClassVar = (
        feed.Connected,
        feed.Interrupted,
        lifecycle.ResolutionStatus,
        lifecycle.MarketResolved,
    )


@attrs.frozen
class AssetTopic(AssetTopicBase):
    """Everything about one asset, the venue's hints and unknown events included."""

    accepts: ClassVar = (
        *_OF_EVERY_ASSET,
        market.BookSnapshot,
        market.BookDelta,
        market.PriceChangeEvent,
        market.LastTradePrice,
        market.BestBidAsk,
        events.UnknownEvent,
    )


@attrs.frozen(kw_only=True)
class NewMarketTopic(Topic):
    """`MarketCreated`: every new market of the venue, in bursts of hundreds a minute.

    Attributes:
        tag: Only with this tag, in any case, for example `Crypto`.
        words: Only if the question or the event's title has all of these words, in any case.
        event_slug: Only in this event.
    """

    accepts: ClassVar = (feed.Connected, feed.Interrupted, lifecycle.MarketCreated)

    tag: str | None = None
    words: str | None = None
    event_slug: str | None = None

    @property
    def route(self) -> str:
        return MARKET_FEED

    def matches(self, event: lifecycle.MarketCreated) -> bool:
        """Whether an announcement passes the filter."""
        tags = {tag.casefold() for tag in event.tags}
        text = f"{event.question} {event.event_title or ''}".casefold()
        return (
            (self.tag is None or self.tag.casefold() in tags)
            and self.event_slug in (None, event.event_slug)
            and all(word in text for word in (self.words or "").casefold().split())
        )


@attrs.frozen
class EventTopic(Topic):
    """What the venue calls an event, as a whole: `EventPrices`, and each of its markets.

    Stands for a topic of every token of the event. Markets that are added later are joined,
    after their `MarketCreated`; settled ones leave with their `MarketResolved`.

    Attributes:
        group: The event and its markets as they are now.
        each: The topic that its tokens are listened to with; its `asset_id` means nothing.
    """

    accepts: ClassVar = (lifecycle.MarketCreated,)

    group: MarketGroup
    each: AssetTopicBase = PriceTopic(AssetId(""))

    @property
    def route(self) -> str:
        return lifecycle.event_route(self.group.slug)

    def matches(self, event: lifecycle.MarketCreated) -> bool:
        """Whether a new market is one of this event."""
        return event.event_slug == self.group.slug

    def with_markets(self, markets: Iterable[Market]) -> EventTopic:
        """The same with more markets."""
        group = attrs.evolve(self.group, markets=(*self.group.markets, *markets))
        return attrs.evolve(self, group=group)

    def topic_of(self, asset_id: AssetId) -> AssetTopicBase:
        """The topic of one of its tokens."""
        return attrs.evolve(self.each, asset_id=asset_id)

    @property
    def parts(self) -> tuple[AssetTopicBase, ...]:
        """The topics of the tokens of its markets that are not settled."""
        return tuple(
            self.topic_of(asset_id)
            for each in self.group.markets
            if not each.closed
            for asset_id in each.asset_ids
        )


@attrs.frozen
class UserTopicBase(Topic):
    """Base of the topics of one's own account, which need credentials.

    Attributes:
        market: The condition id to hear of; None for all markets.
    """

    endpoint: ClassVar = USER_FEED

    market: ConditionId | None = None

    @property
    def route(self) -> str:
        return self.market or USER_FEED

    @property
    def entries(self) -> tuple[tuple[type[Event], str], ...]:
        # Of one market, but the feed's own events are about the whole account.
        return tuple(
            (cls, USER_FEED if issubclass(cls, feed.FeedEvent) else self.route)
            for cls in self.accepts
        )


_OF_THE_ACCOUNT: tuple[type[Event], ...] = (
    feed.Connected,
    feed.Interrupted,
    account_feed.Incomplete,
    account_feed.Reconciled,
)


@attrs.frozen
class UserOrderTopic(UserTopicBase):
    """`OrderUpdate`: one's own orders, the open ones first."""

    accepts: ClassVar = (*_OF_THE_ACCOUNT, user.OrderUpdate)


@attrs.frozen
class UserTradeTopic(UserTopicBase):
    """`TradeUpdate`: one's own trades, and each step of their settlement."""

    accepts: ClassVar = (*_OF_THE_ACCOUNT, user.TradeUpdate)
