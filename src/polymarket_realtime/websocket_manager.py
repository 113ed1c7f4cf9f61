"""The service under the names of the Polymarket MCP server that came before it.

For programs written against that `WebSocketManager`. New ones use `open_service`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Literal

import trio

from polymarket_realtime._codec.converter import event_to_dict, unstructure
from polymarket_realtime._codec.describe import describe
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._lookup.resolving import require_open
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.live import RTDS_FEED
from polymarket_realtime._model.topics import (
    AssetTopicBase,
    BookTopic,
    NewMarketTopic,
    PriceTopic,
    ResolutionTopic,
    Topic,
    TradeTopic,
    UserOrderTopic,
    UserTradeTopic,
)
from polymarket_realtime._protocol.authentication import AuthenticationState
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.delivery import Counted, Deliveries
from polymarket_realtime.errors import InvalidFilter
from polymarket_realtime.following import plan_topics
from polymarket_realtime.live_data import LiveFeed, plan_live_topics
from polymarket_realtime.service import Service, open_service
from polymarket_realtime.settings import Settings

__all__ = ["WebSocketManager", "open_websocket_manager"]

NotificationCallback = Callable[[dict[str, Any]], Awaitable[None]]
LogCallback = Callable[[str], Awaitable[None]]

_TOPICS: Final[dict[EventType, Callable[[AssetId], AssetTopicBase]]] = {
    EventType.PRICE_CHANGE: PriceTopic,
    EventType.LAST_TRADE_PRICE: TradeTopic,
}
_PRIVATE: Final[dict[EventType, Callable[[ConditionId | None], Topic]]] = {
    EventType.ORDER: UserOrderTopic,
    EventType.TRADE: UserTradeTopic,
}
_LIVE: Final[dict[EventType, LiveFeed]] = {
    EventType.ACTIVITY_TRADE: LiveFeed.ACTIVITY,
    EventType.COMMENT: LiveFeed.COMMENTS,
    EventType.SPORT_RESULT: LiveFeed.SPORTS,
    EventType.REFERENCE_PRICE: LiveFeed.PRICES,
}


@asynccontextmanager
async def open_websocket_manager(
    settings: Settings | None = None,
    *,
    notification_callback: NotificationCallback | None = None,
    log_callback: LogCallback | None = None,
    open_stream: OpenStream | None = None,
) -> AsyncIterator[WebSocketManager]:
    """Hold a manager for as long as the block lasts; its tasks live in the block's nursery.

    An error of a callback ends the block: it is not swallowed.

    Args:
        settings: The knobs; the defaults point at the venue.
        notification_callback: Gets the events of `callback_type="notification"`, as plain data.
        log_callback: Gets the events of `callback_type="log"`, as a line of text.
        open_stream: How to dial, in place of real sockets.
    """
    async with (
        open_service(settings, open_stream=open_stream) as service,
        trio.open_nursery() as nursery,
    ):
        manager = WebSocketManager(service, notification_callback, log_callback)
        nursery.start_soon(manager.run, name="deliver")
        yield manager
        nursery.cancel_scope.cancel()


class WebSocketManager:
    """Subscriptions by id, with callbacks. Made by `open_websocket_manager`."""

    def __init__(
        self,
        service: Service,
        notification_callback: NotificationCallback | None = None,
        log_callback: LogCallback | None = None,
    ) -> None:
        self._service = service
        self._notify, self._log = notification_callback, log_callback
        self._deliveries = Deliveries(service, self._deliver, service.settings.notify_interval)
        self._delivering: trio.CancelScope | None = None
        self._start = Wakeup()

    async def run(self) -> None:
        """Deliver whenever the background task is started. `open_websocket_manager` runs it."""
        while True:
            await self._start.wait()
            if self._delivering is not None:
                with self._delivering:
                    await self._deliveries.run()

    async def connect(self) -> None:
        """Connect, and wait at most `Settings.open_timeout` for all that is subscribed to.

        A venue that is down is no error: dialling goes on in the background.
        """
        self._service.resume()
        with trio.move_on_after(self._service.settings.open_timeout):
            await self._service.wait_connected()

    async def disconnect(self) -> None:
        """Close every connection; subscriptions stay for the next `connect`."""
        await self._service.suspend()

    async def reconnect(self) -> None:
        """Replace every connection, and wait as `connect` does."""
        self._service.redial()
        await trio.lowlevel.checkpoint()
        await self.connect()

    async def subscribe(
        self,
        event_type: EventType | str,
        channel: str = "market",
        market_ids: Sequence[str] | None = None,
        token_ids: Sequence[str] | None = None,
        callback_type: Literal["notification", "log"] = "notification",
        *,
        depth: int = 10,
        symbols: Sequence[str] = (),
    ) -> str:
        """Begin to call back with the events of a kind.

        Args:
            event_type: `PRICE_CHANGE`, `AGG_ORDERBOOK`, `LAST_TRADE_PRICE`, `MARKET_CREATED`,
                `MARKET_RESOLVED`, of one's own account `ORDER` and `TRADE`, or of the live feeds
                `ACTIVITY_TRADE`, `COMMENT`, `SPORT_RESULT` and `REFERENCE_PRICE`.
            channel: Noted in the status; the service knows which channel it needs.
            market_ids: Ids, slugs or polymarket.com links of markets and events, whose new
                markets join; for `ORDER` and `TRADE` none means all.
            token_ids: The same; both lists are taken together.
            callback_type: Which callback to call.
            depth: Levels a side, for `AGG_ORDERBOOK`.
            symbols: Whose prices, for `REFERENCE_PRICE`.

        Returns:
            The id that `unsubscribe` takes.

        Raises:
            AuthenticationRequired: For `ORDER` and `TRADE`, without credentials.
            CredentialsError: For these, with credentials that cannot work.
            InvalidIdentifier: An id cannot be one, may mean several things, or a symbol is none.
            InvalidFilter: A live feed with ids, or `symbols` with anything but prices.
            MarketNotFound: The venue does not know an id.
            MarketClosed: It is settled, and neither its resolution nor one's account is meant.
            TooManyTokens: They stand for too many tokens.
            LookupFailed: The venue cannot be asked about what needs an answer.
            ValueError: There are no such events, or they are not subscribed to by themselves.
        """
        kind = EventType(event_type)
        ids = [*(market_ids or ()), *(token_ids or ())]
        topics = await self._topics(kind, ids, depth, symbols)
        note = SubscriptionNote(
            type=kind,
            channel=channel,
            market_ids=tuple(market_ids or ()),
            callback_type=callback_type,
        )
        return self._deliveries.subscribe(*topics, note=note).id

    async def _topics(
        self, kind: EventType, ids: Sequence[str], depth: int, symbols: Sequence[str]
    ) -> Sequence[Topic]:
        if symbols and kind is not EventType.REFERENCE_PRICE:
            raise InvalidFilter(kind, f"takes no symbols: only {EventType.REFERENCE_PRICE} does")
        if kind in _LIVE:
            return await self._live_topics(kind, ids, symbols)
        if kind in _PRIVATE:
            return await self._own_topics(kind, ids)
        if kind is EventType.MARKET_CREATED:
            return [NewMarketTopic()]
        return await self._market_topics(kind, ids, depth)

    async def _market_topics(
        self, kind: EventType, ids: Sequence[str], depth: int
    ) -> Sequence[Topic]:
        if kind is EventType.MARKET_RESOLVED:
            found = await self._service.look_up(ids, include_closed=True)
            return plan_topics(found, ResolutionTopic)
        book = partial(BookTopic, depth=depth)
        each = book if kind is EventType.AGG_ORDERBOOK else _TOPICS.get(kind)
        if each is None:
            raise ValueError(f"{kind} events are not subscribed to by themselves")
        found = await self._service.look_up(ids)
        require_open(found)
        return plan_topics(found, each)

    async def _own_topics(self, kind: EventType, ids: Sequence[str]) -> Sequence[Topic]:
        self._service.account.require()
        found = await self._service.look_up_markets(ids)
        return [_PRIVATE[kind](market) for market in found.conditions or (None,)]

    async def _live_topics(
        self, kind: EventType, ids: Sequence[str], symbols: Sequence[str]
    ) -> Sequence[Topic]:
        if ids:
            raise InvalidFilter(kind, "takes no ids here: all of the feed comes")
        return (await plan_live_topics(self._service, _LIVE[kind], symbols=symbols)).topics

    async def unsubscribe(self, subscription_id: str) -> bool:
        """Call back no more; False if there is no such subscription."""
        await trio.lowlevel.checkpoint()
        return self._deliveries.unsubscribe(subscription_id)

    async def start_background_task(self) -> None:
        """Connect and call back from now on. Does nothing if that is so already."""
        await trio.lowlevel.checkpoint()
        if self._delivering is None:
            self._delivering = trio.CancelScope()
            self._start.ring()
            self._service.resume()

    async def stop_background_task(self) -> None:
        """Call back no more and disconnect. Does nothing if that is so already."""
        if self._delivering is not None:
            self._delivering.cancel()
            self._delivering = None
        await self.disconnect()

    def get_status(self) -> dict[str, Any]:
        """Plain data: `connections`, `subscriptions`, `statistics` and `background_task`.

        `connections.clob` is another name of `market`, and `realtime` of `rtds`.
        """
        status: dict[str, Any] = unstructure(self._service.status())
        connections = status["connections"]
        authenticated = self._service.account.status().state == AuthenticationState.PROVEN
        connections["clob"] = {**connections["market"], "authenticated": authenticated}
        connections["realtime"] = connections[RTDS_FEED]
        status["background_task"]["running"] = self._delivering is not None
        return status

    async def _deliver(self, subscription: Subscription, events: list[Counted]) -> None:
        for event, _ in events:
            if subscription.note.callback_type == "log":
                if self._log is not None:
                    await self._log(describe(event))
            elif self._notify is not None:
                await self._notify({"subscription_id": subscription.id, **event_to_dict(event)})
