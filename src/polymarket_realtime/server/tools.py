"""The tools, apart from the server that shows them.

Any MCP server can host them beside its own: answer `tools/list` and `tools/call` from
`make_toolbox(service, pusher)`, and keep `pusher.run()` going while the client is connected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import attrs
import trio

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime._hub.subscription import SubscriptionNote
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId, is_condition_id
from polymarket_realtime._model.topics import BookTopic, PriceTopic, Topic
from polymarket_realtime.errors import LookupFailed, MarketNotFound
from polymarket_realtime.service import Service
from polymarket_realtime.status import Status

from .push import Pusher
from .results import (
    BookArguments,
    CallbackType,
    NoArguments,
    PriceArguments,
    Resolved,
    Subscribed,
    UnsubscribeArguments,
    Unsubscribed,
    describe_assets,
)
from .schema import make_converter
from .toolbox import Context, Toolbox

__all__ = ["RealtimeTools", "make_toolbox"]

_LONGEST_LOOKUP: Final = 45.0
"""Seconds. Hosts give a tool call about sixty, and 200 ids can take many questions."""

_ACCEPTED: Final = (
    "Accepted are token ids (decimal, about 77 digits) and condition ids (0x and 64 hexadecimal "
    "digits), as the venue shows them."
)


def make_toolbox(service: Service, pusher: Pusher) -> Toolbox:
    """The tools of one client; the order is that of `tools/list`."""
    tools = RealtimeTools(service, pusher)
    converter = make_converter()
    # Milliseconds, as in every event.
    converter.register_unstructure_hook(datetime, unstructure)
    box = Toolbox(converter)
    box.tool(
        PriceArguments,
        Subscribed,
        title="Subscribe to market prices",
        read_only_hint=False,
        destructive_hint=False,
        idempotent_hint=False,
        open_world_hint=True,
    )(tools.subscribe_market_prices)
    box.tool(
        BookArguments,
        Subscribed,
        title="Subscribe to order books",
        read_only_hint=False,
        destructive_hint=False,
        idempotent_hint=False,
        open_world_hint=True,
    )(tools.subscribe_orderbook_updates)
    box.tool(
        NoArguments,
        Status,
        title="Real-time status",
        read_only_hint=True,
        idempotent_hint=True,
        open_world_hint=False,
    )(tools.get_realtime_status)
    box.tool(
        UnsubscribeArguments,
        Unsubscribed,
        title="End a subscription",
        read_only_hint=False,
        destructive_hint=True,
        idempotent_hint=False,
        open_world_hint=False,
    )(tools.unsubscribe_realtime)
    return box


@attrs.frozen
class RealtimeTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    service: Service
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

    async def get_realtime_status(self, ctx: Context, _arguments: NoArguments) -> Status:
        """Show connections, subscriptions and counts at this moment; works whatever is down.

        `subscriptions.active` has, for each token, the best bid and ask now and whether its book
        is the truth (`in_sync`; if not, `reason`). `connections` says what is up and when the
        next dial is due. Use it to see current prices when events are not shown to you, and to
        find out why no events come: a quiet market, a lost connection, or a wrong id.
        """
        self.pusher.meet(ctx.session)
        return self.service.status()

    async def unsubscribe_realtime(
        self, ctx: Context, arguments: UnsubscribeArguments
    ) -> Unsubscribed:
        """End one subscription; no events of it come after the answer.

        Other subscriptions to the same tokens go on. An id that is unknown, or was ended before,
        is an error that changes nothing.
        """
        self.pusher.meet(ctx.session)
        self.pusher.unsubscribe(arguments.subscription_id)
        message = f"Subscription {arguments.subscription_id} has ended."
        return Unsubscribed(success=True, message=message)

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
        assets = await self._resolve(unique)
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

    async def _resolve(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        try:
            return await self._look_up(identifiers)
        except MarketNotFound as error:
            error.add_note(_ACCEPTED)
            raise
        except LookupFailed as error:
            # Token ids alone can do without an answer.
            asked = [each for each in identifiers if is_condition_id(each.strip())]
            first, *others = asked or identifiers
            more = f" and {len(others)} more" if others else ""
            error.add_note(f"Asked about {first}{more}.")
            raise

    async def _look_up(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        try:
            with trio.fail_after(_LONGEST_LOOKUP):
                return await self.service.resolve(identifiers)
        except trio.TooSlowError:
            url = self.service.settings.gamma_url
            raise LookupFailed(url, f"not done within {_LONGEST_LOOKUP:g} s") from None
