"""How events reach the client of one MCP session. Nothing else here knows of protocol eras.

=================== ===================================== =====================================
                    handshake era (to 2025-11-25)         2026-07-28
=================== ===================================== =====================================
an event            `notifications/message`               no message: the specification allows
                                                          none outside of a request
status has changed  `notifications/resources/updated`,    the same, for those who opened
                    after `resources/subscribe`           `subscriptions/listen`
=================== ===================================== =====================================

The status counts as changed when a connection was made or lost, when a book was lost or came back,
and when a subscription came or went; on 2026-07-28 also when any event came, as no message tells.

A client that does not read makes the pusher wait, here, for room in the writer. Meanwhile mailboxes
conflate or drop, and count it; the feed goes on. Answers to tool calls go through the same writer
and wait with the pusher: nothing can reach a client that does not read.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, get_args

import mcp_types as types
import trio
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ResourceUpdated, SubscriptionBus
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from polymarket_realtime._codec.converter import event_to_dict
from polymarket_realtime._codec.describe import describe
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.feed import (
    Dropped,
    FeedEvent,
    Gap,
    Interrupted,
    StateChanged,
    StreamGone,
)
from polymarket_realtime._model.topics import Topic
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.delivery import Deliveries
from polymarket_realtime.errors import UnknownSubscription
from polymarket_realtime.service import Service

from .results import Delivery

__all__ = ["LOGGER", "Pusher", "unknown_resource_code"]

LOGGER: Final = "polymarket.websocket"
"""The logger that messages name."""

_LEVELS: Final[tuple[types.LoggingLevel, ...]] = get_args(types.LoggingLevel)
"""Least severe first."""

_ALARMING: Final = (Interrupted, Incomplete, Dropped, Gap, StreamGone)

_HARMLESS: Final = frozenset(
    {AssetState.LIVE, AssetState.QUIET, AssetState.CONNECTING, AssetState.RESOLVED}
)

_METHOD: Final = "notifications/message"

_IN_STATUS: Final = (EventType.PRICE_CHANGE, EventType.AGG_ORDERBOOK)
"""Kinds of which the status shows the latest."""

_REMEMBERED: Final = 256
"""Subscriptions that have ended by themselves, of which a client may not have heard."""


def unknown_resource_code(protocol_version: str) -> int:
    """The error code of a resource that does not exist, which has changed in 2026-07-28."""
    return types.INVALID_PARAMS if protocol_version in MODERN_PROTOCOL_VERSIONS else -32002


def _is_alarming(event: Event) -> bool:
    """Whether it says that something is missing, or not to be trusted."""
    if isinstance(event, StateChanged):
        return event.state not in _HARMLESS
    return isinstance(event, _ALARMING) and not (isinstance(event, Gap) and event.filled)


class Pusher:
    """The subscriptions of one client, and the tasks that tell it what happens.

    Args:
        service: The feed.
        bus: Where listeners of the 2026-07-28 era hear of changed resources.
        status_uri: The resource that changes.
    """

    def __init__(self, service: Service, bus: SubscriptionBus, status_uri: str) -> None:
        self._bus, self._status_uri = bus, status_uri
        self._interval = service.settings.notify_interval
        self._deliveries = Deliveries(service, self._push, self._interval, self._finish)
        self._session: ServerSession | None = None
        self._level: types.LoggingLevel = "info"
        self._watched = False
        self._status_changed = Wakeup()
        self._sent: dict[str, int] = {}
        self._finished: deque[str] = deque(maxlen=_REMEMBERED)

    async def run(self) -> None:
        """Tell the client what happens, until cancelled; then its subscriptions end.

        Raises:
            ExceptionGroup: An error of the feed's side, which is a bug.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._deliveries.run, name="push MCP events")
                nursery.start_soon(self._announce, name="announce MCP status")
        finally:
            self._deliveries.close()

    # What the client asks for

    def meet(self, session: ServerSession) -> None:
        """Note through which session the client can be reached, at the first occasion.

        That is `notifications/initialized`, or the first tool call of a client that forgets it.
        A session of the 2026-07-28 era lasts for one request only and is not kept.
        """
        if self._session is None and session.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            self._session = session

    def set_level(self, level: types.LoggingLevel) -> None:
        """Send no messages less severe than `level`."""
        self._level = level

    def watch_status(self, *, watched: bool) -> None:
        """Whether the client has asked, by `resources/subscribe`, to hear of the status."""
        self._watched = watched

    def subscribe(
        self, session: ServerSession, *topics: Topic, note: SubscriptionNote
    ) -> tuple[str, Delivery]:
        """Begin to send the events of `topics`; the subscription's id, and what to expect of it."""
        self.meet(session)
        subscription = self._deliveries.subscribe(*topics, note=note)
        self._sent[subscription.id] = 0
        self._status_changed.ring()
        return subscription.id, self._describe_delivery(session, note)

    def unsubscribe(self, subscription_id: str) -> None:
        """Send nothing more of this subscription.

        Raises:
            UnknownSubscription: This client has none with that id.
        """
        if not self._deliveries.unsubscribe(subscription_id):
            unknown = UnknownSubscription(subscription_id)
            if subscription_id in self._finished:
                unknown.add_note("It has ended by itself: all its markets are settled.")
            raise unknown
        del self._sent[subscription_id]
        self._status_changed.ring()

    def why_deaf(self, session: ServerSession) -> str | None:
        """Why the client of this session gets no events, and what it can do; None if it does."""
        if session.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return "your client is sent no events by its protocol: read the newest state here"
        if not self._is_wanted("info"):
            return f"your client hides events by its log level {self._level!r}"
        return None

    def _describe_delivery(self, session: ServerSession, note: SubscriptionNote) -> Delivery:
        version, callback_type = session.protocol_version, note.callback_type
        if note.type in _IN_STATUS:
            instead = "get_realtime_status has the current state"
        else:
            instead = "get_realtime_status has only counts of them"
        if version in MODERN_PROTOCOL_VERSIONS:
            words = (
                f"MCP {version} has no messages that nobody asked for, so events are not sent: "
                f"{instead}; updates of the resource {self._status_uri} tell when it has changed"
            )
            method = logger = None
        else:
            form = "an object" if callback_type == "notification" else "a line of text"
            words = (
                f"each event arrives as {form} in {_METHOD} with logger {LOGGER}; not every host "
                f"shows these to its model, and {instead}"
            )
            if not self._is_wanted("info"):
                words += f"; the log level {self._level!r} that the client has set hides most"
            method, logger = _METHOD, LOGGER
        return Delivery(
            protocol_version=version,
            method=method,
            logger=logger,
            interval_seconds=self._interval,
            note=words,
        )

    # What the client is told

    async def _push(self, subscription: Subscription, events: list[Event]) -> None:
        if self._session is None or any(isinstance(event, FeedEvent) for event in events):
            self._status_changed.ring()
        for event in events:
            # May have been closed while an earlier event waited for the client.
            if self._session is None or subscription.id not in self._sent:
                return
            level: types.LoggingLevel = "warning" if _is_alarming(event) else "info"
            if self._is_wanted(level):
                self._sent[subscription.id] += 1
                await self._send(self._session, level, self._render(subscription, event))

    def _finish(self, subscription: Subscription) -> None:
        del self._sent[subscription.id]
        self._finished.append(subscription.id)
        self._status_changed.ring()

    def _is_wanted(self, level: types.LoggingLevel) -> bool:
        return _LEVELS.index(level) >= _LEVELS.index(self._level)

    def _render(self, subscription: Subscription, event: Event) -> Any:
        if subscription.note.callback_type == "log":
            return f"[{subscription.id[:8]}] {describe(event)}"
        # `seq`, because clients handle notifications concurrently and may swap two.
        head = {"subscription_id": subscription.id, "seq": self._sent[subscription.id]}
        return head | event_to_dict(event)

    async def _send(self, session: ServerSession, level: types.LoggingLevel, data: Any) -> None:
        # `send_log_message` would do the same, and warn that the era is over at every call.
        params = types.LoggingMessageNotificationParams(level=level, logger=LOGGER, data=data)
        await session.send_notification(types.LoggingMessageNotification(params=params))

    async def _announce(self) -> None:
        while True:
            await self._status_changed.wait()
            await self._bus.publish(ResourceUpdated(self._status_uri))
            if self._watched and self._session is not None:
                await self._session.send_resource_updated(self._status_uri)
            await trio.sleep(self._interval)
