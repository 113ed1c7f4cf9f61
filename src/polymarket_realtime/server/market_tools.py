"""The tools that anybody may use: prices and order books."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from polymarket_realtime._hub.subscription import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import BookTopic, PriceTopic, Topic

from .lookup import Lookup
from .push import Pusher
from .results import (
    BookArguments,
    CallbackType,
    PriceArguments,
    Resolved,
    Subscribed,
    describe_assets,
)
from .toolbox import Context

__all__ = ["MarketTools"]


@attrs.frozen
class MarketTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    lookup: Lookup
    pusher: Pusher

    async def subscribe_market_prices(self, ctx: Context, arguments: PriceArguments) -> Subscribed:
        """Watch the prices of Polymarket outcomes as they change, until unsubscribe_realtime.

        Use it to follow a market, not to ask once. Needs no credentials. The current price of
        each token is the first event; then a `price_change` comes whenever the best bid, the
        best ask or the last trade has moved, the newest only if many come at once. Prices are
        decimal strings from 0 to 1: the market's probability of the outcome. `price` is what the
        venue displays: the midpoint, or the last trade if the spread is above 0.10.

        Events that say whether to trust the data: after `interrupted` (a connection was lost; it
        is dialled again by itself) or `out_of_sync` (one book is in doubt), distrust the earlier
        prices of these tokens until `resynced`. `dropped` says that this client was too slow.
        `market_resolved` is the end of a market.
        """

        def topic(asset_id: AssetId) -> Topic:
            return PriceTopic(asset_id)

        return await self._subscribe(
            ctx,
            arguments.market_ids,
            arguments.callback_type,
            topic,
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

        Events that say whether to trust the data: after `interrupted` (a connection was lost; it
        is dialled again by itself) or `out_of_sync` (one book is in doubt), distrust the earlier
        books of these tokens until `resynced`. `dropped` says that this client was too slow.
        `market_resolved` is the end of a market.
        """

        def topic(asset_id: AssetId) -> Topic:
            return BookTopic(asset_id, arguments.depth)

        return await self._subscribe(
            ctx,
            arguments.token_ids,
            arguments.callback_type,
            topic,
            type_=EventType.AGG_ORDERBOOK,
            what=f"the order books, {arguments.depth} levels a side,",
        )

    async def _subscribe(
        self,
        ctx: Context,
        identifiers: Sequence[str],
        callback_type: CallbackType,
        topic: Callable[[AssetId], Topic],
        *,
        type_: EventType,
        what: str,
    ) -> Subscribed:
        unique = tuple(dict.fromkeys(identifiers))
        assets = await self.lookup.assets(unique)
        note = SubscriptionNote(type=type_, market_ids=unique, callback_type=callback_type)
        self.pusher.meet(ctx.session)
        topics = [topic(asset_id) for asset_id in dict.fromkeys(a.asset_id for a in assets)]
        subscription = self.pusher.subscribe(*topics, note=note)
        delivery = self.pusher.describe_delivery(ctx.session, callback_type)
        return Subscribed(
            subscription_id=subscription.id,
            message=f"Listening to {what} of {describe_assets(assets)}; {delivery.note}.",
            resolved=[Resolved.from_asset(asset) for asset in assets],
            delivery=delivery,
        )
