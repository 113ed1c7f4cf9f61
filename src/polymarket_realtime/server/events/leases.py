"""Which upstream subscriptions MCP Events keep, and for how long.

All who ask for the same, by `events/poll` or `events/stream`, share one subscription and its
journal. It lasts while streams are open, and for `LEASE` seconds after the last poll.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, Never

import attrs
import trio
from mcp import MCPError

from polymarket_realtime._hub.journals import Journals
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.feed import Gap
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import (
    AssetTopicBase,
    BookTopic,
    PriceTopic,
    ResolutionTopic,
    Topic,
    TradeTopic,
    UserOrderTopic,
    UserTradeTopic,
)
from polymarket_realtime.following import plan_topics, topic_for
from polymarket_realtime.live_data import LiveFeed, plan_live_topics
from polymarket_realtime.server.desk import Desk
from polymarket_realtime.server.lookup import Lookup

from .codes import LIMIT_REACHED
from .types import (
    AccountArguments,
    BookArguments,
    CreatedArguments,
    EventRequest,
    ResolvedArguments,
)

__all__ = ["LEASE", "MOST", "Lease", "Leases"]

LEASE: Final = 300.0
"""Seconds after a poll."""

MOST: Final = 64
"""Different subscriptions at once, and streams at once."""

_CHECK: Final = 5.0
"""Seconds between two looks at what has run out."""

_EACH: Final[dict[EventType, Callable[[AssetId], AssetTopicBase]]] = {
    EventType.PRICE_CHANGE: PriceTopic,
    EventType.LAST_TRADE_PRICE: TradeTopic,
    EventType.STATE_CHANGED: PriceTopic,
}
"""What brings the events of one token."""


@attrs.define(eq=False)
class Lease:
    """One upstream subscription, and who keeps it.

    Attributes:
        request: What it is to.
        subscription_id: It has ended if the desk does not know it any more.
        streams: How many are open.
        until: When the lease of those who poll ends, on Trio's clock.
    """

    request: EventRequest
    subscription_id: str
    streams: int = 0
    until: float = -math.inf

    @property
    def names(self) -> list[str]:
        """What its journal is called, as `Journals` takes it."""
        return [self.request.key]


@attrs.define(eq=False)
class Leases:
    """The subscriptions of one client.

    Attributes:
        desk: Where they are kept.
        lookup: Finds what is named.
        journals: What has happened to each, by `EventRequest.key`.
    """

    desk: Desk
    lookup: Lookup
    journals: Journals = attrs.field(factory=Journals, init=False)
    _leases: dict[str, Lease] = attrs.field(factory=dict, init=False)

    async def run(self) -> Never:
        """End what nobody asks for any more, for ever."""
        while True:
            now = trio.current_time()
            for lease in list(self._leases.values()):
                self._end_unless_kept(lease, now)
            await trio.sleep(_CHECK)

    async def lease(self, request: EventRequest, *, anew: bool) -> Lease:
        """What brings the events of a request; begun if there is nothing that does.

        The caller keeps it at once, by `poll` or `stream`.

        Args:
            request: What is asked for.
            anew: Whether one that has ended by itself is to be begun again.

        Raises:
            MCPError: There are too many.
            AuthenticationRequired: It needs credentials.
            InvalidCondition: What is named cannot meet the condition.
            InvalidIdentifier: Of what is named, like the other errors of `Lookup`.
        """
        await trio.lowlevel.checkpoint()
        if (lease := self._find(request, anew=anew)) is not None:
            return lease
        self._check_room(request)
        topics = await self._plan(request)
        # While the names were looked up somebody else may have come.
        if (lease := self._find(request, anew=anew)) is not None:
            return lease
        self._check_room(request)
        return self._begin(request, topics)

    def poll(self, lease: Lease) -> None:
        """Keep it for a while, unless it has ended by itself."""
        if not self.is_over(lease):
            lease.until = trio.current_time() + LEASE

    @contextmanager
    def stream(self, lease: Lease) -> Iterator[None]:
        """Keep it within the block.

        Raises:
            MCPError: There are too many streams.
        """
        if sum(each.streams for each in self._leases.values()) >= MOST:
            raise _too_many("streams")
        lease.streams += 1
        try:
            yield
        finally:
            lease.streams -= 1
            self._end_unless_kept(lease, trio.current_time())

    def is_over(self, lease: Lease) -> bool:
        """Whether it has ended by itself: nothing more will be written to its journal."""
        return self.desk.get(lease.subscription_id) is None

    def _find(self, request: EventRequest, *, anew: bool) -> Lease | None:
        lease = self._leases.get(request.key)
        return None if lease is None or (anew and self.is_over(lease)) else lease

    def _check_room(self, request: EventRequest) -> None:
        if len(self._leases) >= MOST and request.key not in self._leases:
            raise _too_many("subscriptions")

    def _begin(self, request: EventRequest, topics: Sequence[Topic]) -> Lease:
        note = SubscriptionNote(
            type=request.kind.about,
            channel=topics[0].endpoint,
            market_ids=request.markets,
            callback_type="events",
        )
        ended_at = self.journals.ended_at(request.key)
        subscription = self.desk.subscribe(
            *topics,
            note=note,
            condition=request.condition,
            journals=self.journals,
            name=request.key,
        )
        if ended_at is not None:
            now, unheard = time.time(), trio.current_time() - ended_at
            reason = "nobody was subscribed"
            gap = Gap(received=now, feed=note.channel, reason=reason, gap_since=now - unheard)
            self.journals.write(request.key, [(gap, 1)])
        lease = self._leases.setdefault(request.key, Lease(request, subscription.id))
        lease.subscription_id = subscription.id
        return lease

    def _end_unless_kept(self, lease: Lease, now: float) -> None:
        if lease.streams or lease.until > now:
            return
        if self._leases.get(lease.request.key) is lease:
            del self._leases[lease.request.key]
            if not self.is_over(lease):
                self.desk.unsubscribe(lease.subscription_id)

    async def _plan(self, request: EventRequest) -> Sequence[Topic]:
        """What to subscribe to."""
        service, kind, arguments = self.desk.service, request.kind, request.arguments
        each: Callable[[AssetId], AssetTopicBase]
        if isinstance(arguments, CreatedArguments):
            filters = attrs.asdict(arguments)
            planning = plan_live_topics(service, LiveFeed.NEW_MARKETS, filters=filters)
            return (await self.lookup.bounded(planning, [kind.name])).topics
        if isinstance(arguments, AccountArguments):
            service.account.require()
            own = UserOrderTopic if kind.about is EventType.ORDER else UserTradeTopic
            conditions = (await self.lookup.own_markets(request.markets)).conditions
            return [own(condition) for condition in conditions or (None,)]
        if isinstance(arguments, ResolvedArguments):
            return plan_topics(await self.lookup.all_markets(request.markets), ResolutionTopic)
        if request.condition is not None:
            each = partial(topic_for, request.condition)
        elif isinstance(arguments, BookArguments):
            each = partial(BookTopic, depth=arguments.depth)
        else:
            each = _EACH[kind.about]
        return plan_topics(await self.lookup.open_markets(request.markets), each)


def _too_many(limit: str) -> MCPError:
    message = f"ResourceExhausted: there are {MOST} {limit} already; end one first"
    return MCPError(LIMIT_REACHED, message, {"limit": limit, "max": MOST})
