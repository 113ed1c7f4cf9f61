"""The tools that anybody may use: prices and order books."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import AssetTopicBase, BookTopic, PriceTopic
from polymarket_realtime.following import followed_events, plan_topics

from .lookup import Lookup
from .push import Pusher
from .results import (
    BookArguments,
    CallbackType,
    MarketArguments,
    Resolved,
    Subscribed,
    describe_found,
)
from .toolbox import Context

__all__ = ["MarketTools"]


@attrs.frozen
class MarketTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    lookup: Lookup
    pusher: Pusher

    async def subscribe_market_prices(self, ctx: Context, arguments: MarketArguments) -> Subscribed:
        """Watch the prices of Polymarket outcomes as they change, until unsubscribe_realtime.

        Use it to follow a market or a whole event, not to ask once. Needs no credentials. The
        current price of each token is the first event; then a `price_change` comes whenever the
        best bid, the best ask or the last trade has moved, the newest only if many come at once.
        Prices are decimal strings from 0 to 1: the market's probability of the outcome. `price`
        is what the venue displays: the midpoint, or the last trade if the spread is above 0.10.

        Of an event also comes `event_prices` (the price of each outcome, and their sum) and
        `market_created` (a market was added, and has joined). `market_resolved` ends a market;
        the subscription ends with its last one. A market settled already is an error.

        Whether to trust the data: each event has `state`, and `state_changed` tells the next one,
        with a reason. Act on `live` and `quiet` only; `suspect` is in doubt; after `frozen`,
        `out_of_sync` or `resyncing` earlier prices are wrong until `resynced`, and a `gap` says
        what may be missing. `interrupted`: a connection was lost, it is dialled again by itself.
        `dropped`: this client was too slow.
        """
        return await self._subscribe(
            ctx,
            arguments.market_ids,
            arguments.callback_type,
            PriceTopic,
            type_=EventType.PRICE_CHANGE,
            what="the prices",
        )

    async def subscribe_orderbook_updates(
        self, ctx: Context, arguments: BookArguments
    ) -> Subscribed:
        """Watch the order books of Polymarket outcomes as they change, until unsubscribe_realtime.

        Use it for liquidity and spreads; for prices alone subscribe_market_prices says less and
        costs less. Needs no credentials. The current book of each token is the first event; then
        an `agg_orderbook` comes whenever a level that is shown has changed, the newest only if
        many come at once. It holds `depth` levels a side as [price, size], best first: bids from
        the highest, asks from the lowest; prices are decimal strings from 0 to 1, sizes shares.

        `event_prices`, `market_created`, `market_resolved`, and the events that say whether to
        trust the data, are those of subscribe_market_prices.
        """
        return await self._subscribe(
            ctx,
            arguments.token_ids,
            arguments.callback_type,
            partial(BookTopic, depth=arguments.depth),
            type_=EventType.AGG_ORDERBOOK,
            what=f"the order books, {arguments.depth} levels a side,",
        )

    async def _subscribe(
        self,
        ctx: Context,
        identifiers: Sequence[str],
        callback_type: CallbackType,
        each: Callable[[AssetId], AssetTopicBase],
        *,
        type_: EventType,
        what: str,
    ) -> Subscribed:
        unique = tuple(dict.fromkeys(identifiers))
        found = await self.lookup.open_markets(unique)
        topics = plan_topics(found, each)
        following = followed_events(topics)
        note = SubscriptionNote(type=type_, market_ids=unique, callback_type=callback_type)
        subscription_id, delivery = self.pusher.subscribe(ctx.session, *topics, note=note)
        about = describe_found(found, following)
        return Subscribed(
            subscription_id=subscription_id,
            message=f"Listening to {what} of {about}; {delivery.note}.",
            resolved=[Resolved.from_asset(asset) for asset in found.assets],
            following=following,
            delivery=delivery,
        )
