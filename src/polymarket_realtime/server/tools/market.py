"""The tools that anybody may use: prices and order books."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import AssetTopicBase, BookTopic, PriceTopic
from polymarket_realtime.following import followed_events, plan_topics, topic_for
from polymarket_realtime.server.conditions import read_condition
from polymarket_realtime.server.lookup import Lookup
from polymarket_realtime.server.results import (
    BookArguments,
    MarketArguments,
    Subscribed,
    describe_found,
)
from polymarket_realtime.server.subscribing import Subscriber
from polymarket_realtime.server.toolbox import Context

__all__ = ["MarketTools"]


@attrs.frozen
class MarketTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    lookup: Lookup
    subscriber: Subscriber

    async def subscribe_market_prices(self, ctx: Context, arguments: MarketArguments) -> Subscribed:
        """Watch the prices of Polymarket outcomes as they change, until unsubscribe_realtime.

        Use it to follow markets or a whole event; to ask once, get_realtime_snapshot. Needs no
        credentials. Then call wait_for_realtime_events. The current price comes first, then a
        `price_change` when best bid, best ask or last trade has moved. Prices are decimal strings
        from 0 to 1, the market's probability. Of an event also come `event_prices` and
        `market_created`. `market_resolved` ends a market, and the last one the subscription.

        `state_changed` says what may be believed, and why: act on `live` and `quiet` only; after
        `frozen`, `out_of_sync` or `resyncing` earlier prices are wrong until `live` again, and a
        gap says what may be missing. A lost connection is dialled again by itself.
        """
        return await self._subscribe(
            ctx,
            arguments.market_ids,
            arguments,
            PriceTopic,
            type_=EventType.PRICE_CHANGE,
            what="the prices",
        )

    async def subscribe_orderbook_updates(
        self, ctx: Context, arguments: BookArguments
    ) -> Subscribed:
        """Watch the order books of Polymarket outcomes as they change, until unsubscribe_realtime.

        Use it for liquidity and spreads; subscribe_market_prices costs less. Needs no credentials.
        The current book comes first, then an `agg_orderbook` when a level that is shown has
        changed: `depth` levels a side as [price, shares], best first. All other events are those of
        subscribe_market_prices.
        """
        return await self._subscribe(
            ctx,
            arguments.token_ids,
            arguments,
            partial(BookTopic, depth=arguments.depth),
            type_=EventType.AGG_ORDERBOOK,
            what=f"the order books, {arguments.depth} levels a side,",
        )

    async def _subscribe(
        self,
        ctx: Context,
        identifiers: Sequence[str],
        arguments: MarketArguments | BookArguments,
        each: Callable[[AssetId], AssetTopicBase],
        *,
        type_: EventType,
        what: str,
    ) -> Subscribed:
        condition = read_condition(arguments.condition)
        if condition is not None:
            each = partial(topic_for, condition)
        unique = tuple(dict.fromkeys(identifiers))
        found = await self.lookup.open_markets(unique)
        topics = plan_topics(found, each)
        following = followed_events(topics)
        note = SubscriptionNote(
            type=type_, market_ids=unique, callback_type=arguments.callback_type
        )
        subscription_id, delivery = self.subscriber.begin(
            ctx, *topics, note=note, condition=condition
        )
        about = describe_found(found, following)
        doing = f"Listening to {what} of {about}"
        if condition is not None:
            doing = f"Watching {about}, and telling only when: {condition.describe()}"
        return Subscribed(
            subscription_id=subscription_id,
            message=f"{doing}.",
            resolved=self.subscriber.resolved(found.assets),
            following=following,
            condition=None if condition is None else condition.describe(),
            delivery=delivery,
        )
