"""The tools that need credentials: one's own orders and trades."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import USER_FEED, EventType
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._model.topics import Topic, UserOrderTopic, UserTradeTopic
from polymarket_realtime.server.conditions import read_condition, told_only
from polymarket_realtime.server.lookup import Lookup
from polymarket_realtime.server.results import Subscribed, UserArguments
from polymarket_realtime.server.subscribing import Subscriber
from polymarket_realtime.server.toolbox import Context
from polymarket_realtime.service import Service

__all__ = ["AccountTools"]


@attrs.frozen
class AccountTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    service: Service
    lookup: Lookup
    subscriber: Subscriber

    async def subscribe_user_orders(self, ctx: Context, arguments: UserArguments) -> Subscribed:
        """Watch the user's own orders as they are placed, filled and cancelled.

        Needs API credentials in the server's environment, not in the call; without them the
        answer is "authentication required" and names the variables. The open orders come first,
        then an `order` event whenever one has changed: `status` (LIVE, MATCHED, CANCELED, …),
        `filled` `of` so many shares. `size_at_least` as condition: so many shares are filled.

        After `interrupted` orders may change unseen, until `reconciled`; what the venue did not say
        meanwhile comes before it, with `source` "reconciled". Nothing is told twice.
        """
        return await self._subscribe_account(ctx, arguments, UserOrderTopic, EventType.ORDER)

    async def subscribe_user_trades(self, ctx: Context, arguments: UserArguments) -> Subscribed:
        """Watch the user's own trades, from the match to the final settlement.

        Needs API credentials, as subscribe_user_orders. A `trade` event comes at each step:
        `status` is MATCHED, MINED and in the end CONFIRMED, or RETRYING and FAILED. `order_id`,
        `side`, `price` and `size` are those of the user's own order. Trades from before the
        subscription are not told. What may be missing is told as in subscribe_user_orders.
        """
        return await self._subscribe_account(ctx, arguments, UserTradeTopic, EventType.TRADE)

    async def _subscribe_account(
        self,
        ctx: Context,
        arguments: UserArguments,
        topic: Callable[[ConditionId | None], Topic],
        type_: EventType,
    ) -> Subscribed:
        self.service.account.require()
        condition = read_condition(arguments.condition)
        unique = tuple(dict.fromkeys(arguments.market_ids or ()))
        found = await self.lookup.own_markets(unique)
        note = SubscriptionNote(
            type=type_,
            channel=USER_FEED,
            market_ids=unique,
            callback_type=arguments.callback_type,
        )
        topics = map(topic, found.conditions or (None,))
        subscription_id, delivery = self.subscriber.begin(
            ctx, *topics, note=note, condition=condition
        )
        chosen = len(found.conditions)
        where = f"{chosen} of your markets" if chosen else "all markets"
        authentication = self.service.account.status()
        return Subscribed(
            subscription_id=subscription_id,
            message=(
                f"Listening to your own {type_}s in {where}{told_only(condition)}. "
                f"Authentication: {authentication.state}; {authentication.why}."
            ),
            resolved=self.subscriber.resolved(found.assets),
            following=[],
            condition=None if condition is None else condition.describe(),
            delivery=delivery,
        )
