"""What can be subscribed to of the live feeds.

Every topic also carries `Connected`, `Interrupted`, `Gap` and `StreamGone` of its feed. Filters
are applied on this side: the venue's own are not reliable (real-time-data-client #34).
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from polymarket_realtime._model import feed, live
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.live import (
    ACTIVITY,
    COMMENTS,
    PRICES_FEED,
    RTDS_FEED,
    SPORTS_FEED,
    LiveEvent,
    PriceStream,
)
from polymarket_realtime._model.topics import Topic

__all__ = [
    "ActivityTopic",
    "CommentTopic",
    "LiveTopic",
    "ReferencePriceTopic",
    "SportsTopic",
]

_OF_EVERY_STREAM: tuple[type[Event], ...] = (
    feed.Connected,
    feed.Interrupted,
    feed.Gap,
    feed.StreamGone,
)
_OF_THE_CONNECTION = (feed.Connected, feed.Interrupted)


@attrs.frozen
class LiveTopic(Topic):
    """Base of the topics of live feeds."""

    @property
    def entries(self) -> tuple[tuple[type[Event], str], ...]:
        # A connection is told under its endpoint's name, whatever it carries.
        return tuple(
            (cls, self.endpoint if cls in _OF_THE_CONNECTION else self.route)
            for cls in self.accepts
        )

    def matches(self, event: LiveEvent) -> bool:
        """Whether an event of its kinds passes its filter."""
        return event.routes == (self.route,)

    def hears(self, event: Event) -> bool:
        """Whether it is to be told an event of its feed, whatever kind it is of."""
        if isinstance(event, LiveEvent):
            return self.matches(event)
        return any((type(event), route) in self.entries for route in event.routes)


@attrs.frozen(kw_only=True)
class ActivityTopic(LiveTopic):
    """`ActivityTrade`: the trades of everybody.

    Attributes:
        event_slug: Only of markets of this event.
        market: Only of this market: its condition id or its slug.
        wallet: Only of this trader.
        minimum_size: Only of at least so many shares.
        minimum_value: Only of at least so many dollars.
    """

    endpoint: ClassVar = RTDS_FEED
    accepts: ClassVar = (*_OF_EVERY_STREAM, live.ActivityTrade)

    event_slug: str | None = None
    market: str | None = None
    wallet: str | None = None
    minimum_size: Decimal | None = None
    minimum_value: Decimal | None = None

    @property
    def route(self) -> str:
        return ACTIVITY

    @property
    def wants(self) -> str:
        return ACTIVITY

    def matches(self, event: LiveEvent) -> bool:
        return (
            isinstance(event, live.ActivityTrade)
            and self.event_slug in (None, event.event_slug)
            and self.market in (None, event.market, event.slug)
            and (self.wallet is None or self.wallet.lower() == event.wallet.lower())
            and (self.minimum_size is None or event.size >= self.minimum_size)
            and (self.minimum_value is None or event.value >= self.minimum_value)
        )


@attrs.frozen(kw_only=True)
class CommentTopic(LiveTopic):
    """`Comment` and `Reaction`. A reaction does not say what its comment is about, so with a
    filter only comments come.

    Attributes:
        parent_type: `Event`, `Series` or `Market`.
        parent_id: Gamma's id of that.
        wallet: Only of this author.
    """

    endpoint: ClassVar = RTDS_FEED
    accepts: ClassVar = (*_OF_EVERY_STREAM, live.Comment, live.Reaction)

    parent_type: str | None = None
    parent_id: str | None = None
    wallet: str | None = None

    @property
    def route(self) -> str:
        return COMMENTS

    @property
    def wants(self) -> str:
        return COMMENTS

    def matches(self, event: LiveEvent) -> bool:
        if isinstance(event, live.Reaction):
            return self.parent_type is None and self.parent_id is None and self._is_of(event.wallet)
        return (
            isinstance(event, live.Comment)
            and self.parent_type in (None, event.parent_type)
            and self.parent_id in (None, event.parent_id)
            and self._is_of(event.wallet)
        )

    def _is_of(self, wallet: str) -> bool:
        return self.wallet is None or self.wallet.lower() == wallet.lower()


@attrs.frozen(kw_only=True)
class SportsTopic(LiveTopic):
    """`SportResult`: the games that are on. The latest state of each comes first.

    Attributes:
        league: Only of this league, in any case.
        team: Only games in which a team's name contains this, in any case.
        game_id: Only this game.
    """

    endpoint: ClassVar = SPORTS_FEED
    accepts: ClassVar = (*_OF_EVERY_STREAM, live.SportResult)

    league: str | None = None
    team: str | None = None
    game_id: str | None = None

    @property
    def route(self) -> str:
        return SPORTS_FEED

    def matches(self, event: LiveEvent) -> bool:
        if not isinstance(event, live.SportResult):
            return False
        teams = f"{event.home_team or ''}\n{event.away_team or ''}".casefold()
        return (
            (self.league is None or self.league.casefold() == event.league.casefold())
            and (self.team is None or self.team.casefold() in teams)
            and self.game_id in (None, event.game_id)
        )


@attrs.frozen
class ReferencePriceTopic(LiveTopic):
    """`ReferencePrice` of one stream; the latest comes first."""

    endpoint: ClassVar = PRICES_FEED
    accepts: ClassVar = (*_OF_EVERY_STREAM, live.ReferencePrice)

    stream: PriceStream

    @property
    def route(self) -> str:
        return self.stream.key

    @property
    def wants(self) -> str:
        return self.stream.key
