"""Asks the catalogue what the market channel may not say: ends, new markets of events, names."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Final, Never, Protocol, cast

import attrs
import trio

from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.followed import FollowedEvents
from polymarket_realtime._protocol.names_wanted import NamesWanted
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.publish import publish
from polymarket_realtime.errors import LookupFailed

__all__ = ["MarketCatalog", "MarketWatch"]

log = logging.getLogger("polymarket_realtime.catalog")

_LONGEST_SLEEP: Final = 5.0
"""Seconds. Protocols hint that a market may be at its end, and cannot ring a bell."""


class MarketCatalog(Protocol):
    """What is asked of the catalogue. Raises `LookupFailed`; names what it finds by itself."""

    async def markets_of_assets(
        self, assets: Iterable[AssetId], *, fresh: bool = False
    ) -> list[Market]:
        """The markets of these tokens; unknown tokens give none."""

    async def group_by_slug(self, slug: str, *, fresh: bool = False) -> MarketGroup | None:
        """An event with its markets."""


@attrs.define(eq=False)
class MarketWatch:
    """Keeps `resolutions` and `followed` true, in one task, with one question at a time.

    Nothing is asked while the interest is suspended; what became due then is asked afterwards.

    Attributes:
        catalog: Whom to ask.
        resolutions: Which markets are settled; the market channel's protocols write it too.
        interest: What is wanted on the market channel.
        followed: Events whose new markets are wanted.
        names: Tokens to be named beside those that are wanted.
    """

    catalog: MarketCatalog
    resolutions: Resolutions
    interest: Interest
    followed: FollowedEvents = attrs.field(factory=FollowedEvents)
    names: NamesWanted = attrs.field(factory=NamesWanted)

    async def run(self, events_in: trio.MemorySendChannel[list[Event]]) -> Never:
        """Ask, whenever something is due, and tell what that brings.

        Resource handling:
            `events_in` is this task's own clone and is closed when it ends.

        Error handling:
            A catalogue that cannot be asked is asked again later; nothing is lost meanwhile.
        """
        with events_in:
            while True:
                wanted = cast("frozenset[AssetId]", self.interest.wanted)
                self.resolutions.retain(wanted, trio.current_time())
                with trio.move_on_at(self._deadline()):
                    await self.interest.watched.wait()
                    continue
                await self._ask_about_markets(events_in)
                await self._ask_about_events(events_in)
                await self._ask_for_names()

    def follow(self, slug: str, markets: Iterable[Market] | None = None) -> None:
        """Have markets told that are added to an event; `markets` are those known already.

        If that is not said, the catalogue's next answer is the beginning.
        """
        self.followed.follow(slug, trio.current_time(), markets)
        self.interest.watched.ring()

    def unfollow(self, slug: str) -> None:
        """Take one `follow` back."""
        self.followed.unfollow(slug)

    def name_wanted(self, asset_id: AssetId) -> None:
        """Have the name of a token looked up that nobody subscribed to."""
        if self.names.want(asset_id, trio.current_time()):
            self.interest.watched.ring()

    def hint(self, assets: Iterable[AssetId]) -> None:
        """Ask soon about the markets of these tokens: they may be at their end."""
        self.resolutions.hint(assets, trio.current_time())
        self.interest.watched.ring()

    def hint_all(self) -> None:
        """Ask soon about everything: announcements may have been missed."""
        self.followed.hint(trio.current_time())
        self.hint(cast("frozenset[AssetId]", self.interest.wanted))

    def _deadline(self) -> float:
        if self.interest.suspended:
            return float("inf")
        deadlines = (
            self.resolutions.next_deadline(),
            self.followed.next_deadline(),
            self.names.next_deadline(),
        )
        longest = trio.current_time() + _LONGEST_SLEEP if self.interest.wanted else float("inf")
        return min(*deadlines, longest)

    async def _ask_about_markets(self, events_in: trio.MemorySendChannel[list[Event]]) -> None:
        due = self.resolutions.due(trio.current_time())
        new = [each for each in due if self.resolutions.is_new(each)]
        await self._ask(new, events_in, fresh=False)
        await self._ask([each for each in due if each not in new], events_in, fresh=True)

    async def _ask(
        self,
        assets: Sequence[AssetId],
        events_in: trio.MemorySendChannel[list[Event]],
        *,
        fresh: bool,
    ) -> None:
        if not assets:
            return
        try:
            markets = await self.catalog.markets_of_assets(assets, fresh=fresh)
        except LookupFailed as error:
            log.info("%d markets cannot be asked about: %s", len(assets), error)
            now, retry_after = trio.current_time(), error.retry_after or 0.0
            self.resolutions.failed(assets, now, retry_after=retry_after)
            return
        events = self.resolutions.learn(markets, trio.current_time(), time.time(), assets)
        if events:
            await publish(events_in, events)

    async def _ask_about_events(self, events_in: trio.MemorySendChannel[list[Event]]) -> None:
        for slug in self.followed.due(trio.current_time()):
            try:
                group = await self.catalog.group_by_slug(slug, fresh=True)
            except LookupFailed as error:
                log.info("the event %s cannot be asked about: %s", slug, error)
                now, retry_after = trio.current_time(), error.retry_after or 0.0
                self.followed.failed(slug, now, retry_after=retry_after)
                continue
            now, wall = trio.current_time(), time.time()
            events: list[Event] = [*self.followed.learn(slug, group, now, wall)]
            if group is not None:
                events += self.resolutions.learn(group.markets, now, wall)
            if events:
                await publish(events_in, events)

    async def _ask_for_names(self) -> None:
        assets = self.names.due(trio.current_time())
        if not assets:
            return
        try:
            await self.catalog.markets_of_assets(assets)
        except LookupFailed as error:
            log.info("%d tokens cannot be named: %s", len(assets), error)
            self.names.failed(trio.current_time(), retry_after=error.retry_after or 0.0)
        else:
            self.names.asked(assets, trio.current_time())
