"""How events reach the client of one MCP session. Nothing else here knows of protocol eras.

=================== ===================================== =====================================
                    handshake era (to 2025-11-25)         2026-07-28
=================== ===================================== =====================================
an event            `notifications/message`, for the      no message: the specification allows
                    subscription's `callback_type`        none outside of a request
a resource has      `notifications/resources/updated`,    the same, for those who opened
changed             after `resources/subscribe`           `subscriptions/listen`
a condition is met  `notifications/claude/channel`,       nothing: no host takes it
                    if the server was started with it
=================== ===================================== =====================================

One task does it all, in rounds: of each subscription the newest that has not been told, within a
budget of messages a second; of each resource at most one update a round. A client that does not
read makes this task wait, and nobody else. Afterwards it goes on with the newest: what is older
than the newest messages of a second is left out, and counted in a `dropped`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, get_args

import attrs
import mcp_types as types
import trio
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated, SubscriptionBus
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from polymarket_realtime._codec.converter import event_to_dict
from polymarket_realtime._codec.describe import describe
from polymarket_realtime._hub.journals import Page
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.condition import ConditionMet
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped, Gap, Interrupted, StateChanged, StreamGone
from polymarket_realtime._model.trust import AssetState

from .channel import Channel
from .desk import Desk

__all__ = ["LOGGER", "Pusher", "is_modern", "unknown_resource_code"]

LOGGER: Final = "polymarket.websocket"
"""The logger that messages name."""

_LEVELS: Final[tuple[types.LoggingLevel, ...]] = get_args(types.LoggingLevel)
"""Least severe first."""

_ALARMING: Final = (Interrupted, Incomplete, Dropped, Gap, StreamGone)

_HARMLESS: Final = frozenset(
    {AssetState.LIVE, AssetState.QUIET, AssetState.CONNECTING, AssetState.RESOLVED}
)


def is_modern(protocol_version: str) -> bool:
    """Whether a session of this revision has no messages but answers."""
    return protocol_version in MODERN_PROTOCOL_VERSIONS


def unknown_resource_code(protocol_version: str) -> int:
    """The error code of a resource that does not exist, which has changed in 2026-07-28."""
    return types.INVALID_PARAMS if is_modern(protocol_version) else -32002


def _is_alarming(event: Event) -> bool:
    """Whether it says that something is missing, or not to be trusted."""
    if isinstance(event, StateChanged):
        return event.state not in _HARMLESS
    return isinstance(event, _ALARMING) and not (isinstance(event, Gap) and event.filled)


@attrs.define
class _Outgoing:
    """A subscription whose events are pushed.

    Attributes:
        as_log: Whether as lines of text.
        cursor: Up to where it has been told.
        sent: How many messages that were.
    """

    as_log: bool
    cursor: str
    sent: int = 0


class Pusher:
    """The one task that tells a client what it has not asked for.

    Args:
        desk: The client's subscriptions.
        bus: Where listeners of the 2026-07-28 era hear of changed resources.
        channel: For conditions that are met; None if nobody listens there.
    """

    def __init__(self, desk: Desk, bus: SubscriptionBus, channel: Channel | None = None) -> None:
        self._desk, self._bus, self._channel = desk, bus, channel
        settings = desk.service.settings
        self._interval = settings.notify_interval
        self._second = settings.notify_budget
        self._round = max(1, round(settings.notify_budget * settings.notify_interval))
        self._session: ServerSession | None = None
        self.level: types.LoggingLevel = "info"
        self._outgoing: dict[str, _Outgoing] = {}
        self._listed = desk.journals.names
        self._watched: dict[str, tuple[Callable[[], Hashable], Hashable]] = {}

    async def run(self) -> None:
        """Tell the client what happens, until cancelled."""
        more = False
        while True:
            if not more:
                await self._desk.wait_changed()
            more = await self._push()
            await self._announce()
            await trio.sleep(self._interval)

    # What the client asks for

    def meet(self, session: ServerSession) -> None:
        """Note through which session the client can be reached, at the first occasion.

        That is `notifications/initialized`, or the first tool call of a client that forgets it.
        A session of the 2026-07-28 era lasts for one request only and is not kept.
        """
        if self._session is None and not is_modern(session.protocol_version):
            self._session = session

    def set_level(self, level: types.LoggingLevel) -> None:
        """Send no messages less severe than `level`."""
        self.level = level

    def is_wanted(self, level: types.LoggingLevel) -> bool:
        """Whether the client wants messages of this level."""
        return _LEVELS.index(level) >= _LEVELS.index(self.level)

    def add(self, subscription_id: str, *, as_log: bool, cursor: str) -> None:
        """Push the events of a subscription from a position on."""
        self._outgoing[subscription_id] = _Outgoing(as_log, cursor)

    def remove(self, subscription_id: str) -> None:
        """Push nothing more of it."""
        self._outgoing.pop(subscription_id, None)

    def watch(self, uri: str, version: Callable[[], Hashable]) -> None:
        """Tell when a resource has changed.

        Args:
            uri: Its address.
            version: Gives something that differs whenever the resource does.
        """
        if uri not in self._watched:
            self._watched[uri] = version, version()

    def unwatch(self, uri: str) -> None:
        """Tell no more when this resource changes."""
        self._watched.pop(uri, None)

    # What the client is told

    async def _push(self) -> bool:
        """One round of messages; whether its budget was not enough."""
        left, share = self._round, self._share()
        for subscription_id, outgoing in list(self._outgoing.items()):
            if left <= 0:
                break
            left -= await self._push_some(subscription_id, outgoing, left, share)
        return left <= 0

    def _share(self) -> int:
        """How many events of one subscription may wait, so that all are told within a second."""
        pending = [each for each in map(self._pending, self._outgoing) if each]
        if sum(pending) <= self._second:
            return self._second
        return max(1, self._second // len(pending))

    def _pending(self, subscription_id: str) -> int:
        journals, outgoing = self._desk.journals, self._outgoing[subscription_id]
        if subscription_id not in journals:
            return 0
        return journals.pending(subscription_id, outgoing.cursor)

    async def _push_some(
        self, subscription_id: str, outgoing: _Outgoing, most: int, share: int
    ) -> int:
        """Send at most so many messages of one subscription; how many there were to send."""
        if self._outgoing.get(subscription_id) is not outgoing:
            # Ended by the client while another one was told.
            return 0
        if subscription_id not in self._desk.journals:
            # It has ended, and so long ago that nothing is kept: the client did not read.
            self.remove(subscription_id)
            return 0
        page = self._next_page(subscription_id, outgoing, most, share)
        events = page.events
        if page.missed:
            events.insert(0, Dropped(received=time.time(), count=page.missed))
        if not events and self._desk.get(subscription_id) is None:
            self.remove(subscription_id)
        elif events:
            # Next time the others come first.
            self._outgoing[subscription_id] = self._outgoing.pop(subscription_id)
        for event in events:
            # May have been ended while an earlier event waited for the client.
            if self._outgoing.get(subscription_id) is not outgoing:
                break
            await self._send(subscription_id, outgoing, event)
        return len(events)

    def _next_page(self, subscription_id: str, outgoing: _Outgoing, most: int, share: int) -> Page:
        """What comes next; what is older than the newest of a second is left out and counted."""
        read, names = self._desk.journals.read, [subscription_id]
        missed = 0
        too_many = self._pending(subscription_id) - max(share, most)
        if too_many > 0:
            skipped = read(names, outgoing.cursor, too_many, counting=False)
            outgoing.cursor, missed = skipped.cursor, skipped.missed + len(skipped.records)
        page = read(names, outgoing.cursor, most, counting=False)
        outgoing.cursor = page.cursor
        return attrs.evolve(page, missed=page.missed + missed)

    async def _send(self, subscription_id: str, outgoing: _Outgoing, event: Event) -> None:
        session = self._session
        if session is None:
            return
        if isinstance(event, ConditionMet) and self._channel is not None:
            message = self._channel.message(subscription_id, event, trio.current_time())
            if message is not None:
                await session.send_notification(message)  # type: ignore[arg-type]  # a vendor's
        level: types.LoggingLevel = "warning" if _is_alarming(event) else "info"
        if not self.is_wanted(level):
            return
        outgoing.sent += 1
        if outgoing.as_log:
            data: Any = f"[{subscription_id[:8]}] {describe(event)}"
        else:
            # `seq`, because clients handle notifications concurrently and may swap two.
            head = {"subscription_id": subscription_id, "seq": outgoing.sent}
            data = head | event_to_dict(event)
        # `send_log_message` would do the same, and warn that the era is over at every call.
        params = types.LoggingMessageNotificationParams(level=level, logger=LOGGER, data=data)
        await session.send_notification(types.LoggingMessageNotification(params=params))

    async def _announce(self) -> None:
        """Tell of each watched resource that has changed, and of resources that came or went."""
        if (listed := self._desk.journals.names) != self._listed:
            self._listed = listed
            await self._bus.publish(ResourcesListChanged())
            if self._session is not None:
                await self._session.send_resource_list_changed()
        for uri, (version, told) in list(self._watched.items()):
            now = version()
            # It may have been let go while another one was told.
            if now == told or self._watched.get(uri) != (version, told):
                continue
            self._watched[uri] = version, now
            await self._bus.publish(ResourceUpdated(uri))
            if self._session is not None:
                await self._session.send_resource_updated(uri)
