"""The desk from which the live feeds are moved: RTDS, the sports channel and PolyBolt."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

import attrs

from .activity import Activity
from .connection import Close, Connection
from .connections import Connections
from .floor import Match
from .forum import Forum
from .games import Game, Games
from .people import Crowd
from .polybolt_feed import CHANNELS, DRAINING, POLYBOLT, PolyboltConnection, PolyboltFeed
from .polybolt_socket import AUTH_FAILED
from .prices import PriceBoard
from .rtds_feed import RTDS, RtdsConnection, RtdsFeed
from .rtds_requests import TYPES
from .sports_socket import SPORTS, SportsConnection, SportsFeed

__all__ = ["FeedName", "LiveDesk"]

FeedName = Literal["rtds", "sports", "polybolt"]

_KINDS: dict[str, type[Connection]] = {
    RTDS: RtdsConnection,
    SPORTS: SportsConnection,
    POLYBOLT: PolyboltConnection,
}


@attrs.define(eq=False)
class LiveDesk:
    """Makes things happen on the live feeds, now. Nothing here waits.

    Names of feeds are `rtds`, `sports` and `polybolt`; what is not known is a `ValueError`.

    Attributes:
        clock: Seconds since the epoch.
        interval: Seconds between the prices that are there from the start.
        retired: Topics of RTDS that are gone from the start.
        prices: All reference prices.
        forum: All comments and reactions.
        scoreboard: All games.
    """

    seed: int
    clock: Callable[[], float]
    connections: Connections
    interval: float = 1.0
    retired: Iterable[str] = attrs.field(default=(), repr=False)
    prices: PriceBoard = attrs.field(init=False, repr=False)
    forum: Forum = attrs.field(init=False, repr=False)
    scoreboard: Games = attrs.field(init=False, repr=False)
    rtds: RtdsFeed = attrs.field(init=False, repr=False)
    sports: SportsFeed = attrs.field(init=False, repr=False)
    polybolt: PolyboltFeed = attrs.field(init=False, repr=False)
    _crowd: Crowd = attrs.field(init=False, repr=False)
    _chance: random.Random = attrs.field(init=False, repr=False)
    _activity: Activity = attrs.field(init=False, repr=False)
    _quiet: set[str] = attrs.field(factory=set, init=False)
    _retired: set[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._crowd, self._retired = Crowd(self.seed), set(self.retired)
        self._chance = self._game_of_chance("people")
        self._activity = Activity(self._crowd, self._game_of_chance("activity"))
        self.prices = PriceBoard(self.clock, self._game_of_chance("prices"), self.interval)
        self.forum, self.scoreboard = Forum(self.clock), Games(self.clock)
        self.rtds = RtdsFeed(self.connections, self.clock, self.prices, self._quiet, self._retired)
        self.sports = SportsFeed(self.connections, self.scoreboard, self._quiet)
        self.polybolt = PolyboltFeed(self.connections, self.clock, self.prices, self._quiet)

    # What is told

    def trade(self, match: Match) -> None:
        """Tell of a trade on the exchange: the taker's side, then the makers'."""
        rows = self._activity.rows(match, int(self.clock()))
        for row in rows:
            self.rtds.tell("activity", "trades", row)
        self.rtds.tell("activity", "orders_matched", rows[0])

    def tick(self) -> None:
        """All prices move, and are told."""
        for series in self.prices.tick():
            self.rtds.tell_price(series)
            self.polybolt.tell_price(series)

    def price(self, symbol: str, value: str | Decimal) -> None:
        """One price jumps, and is told: `btcusd`, `btcusdt` (Binance's) or `aapl`, for example."""
        series = self.prices.set(symbol, Decimal(value))
        self.rtds.tell_price(series)
        self.polybolt.tell_price(series)

    def comment(
        self,
        body: str,
        *,
        event_id: str | int,
        author: str | None = None,
        parent_type: str = "Event",
        reply_to: str | None = None,
    ) -> str:
        """Somebody comments; the comment's id. `event_id` may be that of another `parent_type`."""
        who = (
            self._chance.choice(self._crowd.people) if author is None else self._crowd.named(author)
        )
        payload = self.forum.write(
            who, body, parent_type=parent_type, parent_id=int(event_id), reply_to=reply_to
        )
        self.rtds.tell("comments", "comment_created", payload)
        return str(payload["id"])

    def remove_comment(self, comment_id: str) -> None:
        """A comment is taken away."""
        self.rtds.tell("comments", "comment_removed", self.forum.remove(comment_id))

    def react(self, comment_id: str, kind: str = "HEART") -> str:
        """Somebody reacts to a comment; the reaction's id."""
        who = self._chance.choice(self._crowd.people)
        payload = self.forum.react(who, comment_id, kind)
        self.rtds.tell("comments", "reaction_created", payload)
        return str(payload["id"])

    def take_back(self, reaction_id: str) -> None:
        """Somebody takes a reaction back."""
        self.rtds.tell("comments", "reaction_removed", self.forum.take_back(reaction_id))

    @property
    def games(self) -> tuple[Game, ...]:
        """All games, oldest first, those that are over too."""
        return self.scoreboard.all

    def score(
        self, game_id: str | int, score: str, period: str, elapsed: str | None = None
    ) -> None:
        """A game stands like this now; ValueError if it is over."""
        game = self.scoreboard.game(game_id)
        self.scoreboard.score(game, score, period, elapsed)
        self.sports.tell(game)

    def end_game(self, game_id: str | int) -> None:
        """A game is over, as it stands, which is told once."""
        game = self.scoreboard.game(game_id)
        self.scoreboard.end(game)
        self.sports.tell(game)

    def resend(self) -> None:
        """All games that are on are told once more, though nothing has changed."""
        for game in self.scoreboard.running:
            self.sports.tell(game)

    # What goes wrong

    def skip(self, channel: str, count: int = 1) -> None:
        """PolyBolt loses frames of a channel: for everybody, so many numbers never come."""
        _check(channel, CHANNELS)
        for connection in self.polybolt.clients:
            connection.skip(channel, count)

    def drop(self, channel: str, count: int = 1) -> None:
        """PolyBolt admits a loss: everybody's next frame of a channel says `dropped`."""
        _check(channel, CHANNELS)
        for connection in self.polybolt.clients:
            connection.dropped[channel] += count

    def drain(self) -> None:
        """PolyBolt is about to be restarted, and asks everybody to come back: 4003."""
        for connection in self.polybolt.clients:
            connection.close(DRAINING)

    def revoke(self, api_key: str) -> None:
        """PolyBolt parts with everybody who has shown this key: 4001."""
        for connection in self.polybolt.clients:
            if connection.api_key == api_key:
                connection.refuse("auth_expired", AUTH_FAILED)

    def close(self, code: int | None, reason: str, feed: FeedName) -> None:
        """Close all connections of a feed; without a code, drop them without a close frame."""
        _check(feed, _KINDS)
        for connection in self.connections.of_kind(_KINDS[feed]):
            connection.close(Close(code, reason))

    def retire(self, topic: str) -> None:
        """A topic of RTDS is gone: whoever subscribes it from now on is told so."""
        self._retired.add(topic)

    def quiet(self, name: str, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """Say nothing more of a feed, a topic or a channel, or go on: the connections stay.

        That is snapshots and repetitions too; acknowledgements and errors still come.
        """
        _check(name, (*_KINDS, *TYPES, *CHANNELS))
        if on:
            self._quiet.add(name)
        else:
            self._quiet.discard(name)

    def _game_of_chance(self, purpose: str) -> random.Random:
        """Of its own for each purpose, so that one does not change the course of another."""
        return random.Random(f"{self.seed}/live/{purpose}")  # noqa: S311 - no secret


def _check(name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
