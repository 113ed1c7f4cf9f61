"""What can be subscribed to.

Every topic also carries the events of the feed that say whether the data can be trusted; every
topic of an asset its `TickSizeChange` and `MarketResolved` as well.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from polymarket_realtime._model import feed, market, user
from polymarket_realtime._model.events import MARKET_FEED, USER_FEED, Event
from polymarket_realtime._model.ids import AssetId, ConditionId

__all__ = [
    "AssetTopic",
    "AssetTopicBase",
    "BookTopic",
    "DeltaTopic",
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
    feed.OutOfSync,
    feed.Resynced,
)
_OF_EVERY_ASSET: tuple[type[Event], ...] = (
    *_CONTINUITY,
    market.TickSizeChange,
    market.MarketResolved,
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
    """`MarketResolved`, as far as the venue announces it."""

    accepts: ClassVar = (*_CONTINUITY, market.MarketResolved)


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
        market.UnknownEvent,
    )


@attrs.frozen
class NewMarketTopic(Topic):
    """`MarketCreated`: every new market of the venue, in bursts of hundreds a minute."""

    accepts: ClassVar = (feed.Connected, feed.Interrupted, market.MarketCreated)

    @property
    def route(self) -> str:
        return MARKET_FEED


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
    feed.Incomplete,
    feed.Reconciled,
)


@attrs.frozen
class UserOrderTopic(UserTopicBase):
    """`OrderUpdate`: one's own orders, the open ones first."""

    accepts: ClassVar = (*_OF_THE_ACCOUNT, user.OrderUpdate)


@attrs.frozen
class UserTradeTopic(UserTopicBase):
    """`TradeUpdate`: one's own trades, and each step of their settlement."""

    accepts: ClassVar = (*_OF_THE_ACCOUNT, user.TradeUpdate)
