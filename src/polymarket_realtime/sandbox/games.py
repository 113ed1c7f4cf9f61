"""The games of the sports channel, and how they look on it.

There are no schemas: every sport has its own fields, its own spelling of the status and its own
form of the score. Source: frames recorded on 2026-07-25 and 2026-10-01.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from .sports import FIXTURES, Fixture, advance

__all__ = ["Game", "Games"]

FIRST_GAME_EVENT_ID = 500_000_000
"""What is added to the id of a game to make the id of its event."""


@attrs.define(eq=False)
class Game:
    """One game, as it stands.

    Attributes:
        game_id: As text; of cricket it is no number.
        started: When, in nanoseconds since the epoch, and when it `changed`.
    """

    game_id: str
    fixture: Fixture
    started: int
    changed: int
    score: str
    period: str
    elapsed: str | None
    ended: bool = False

    @property
    def sport(self) -> str:
        """`soccer`, `tennis`, `esports` or `cricket`."""
        return self.fixture.sport

    @property
    def league(self) -> str:
        """As the venue abbreviates it."""
        return self.fixture.league

    @property
    def teams(self) -> tuple[str, str]:
        """Home and away; of cricket the channel does not tell them."""
        return self.fixture.home, self.fixture.away

    def frame(self) -> dict[str, Any]:
        """The state, as the channel sends it."""
        state: dict[str, Any] = {"score": self.score}
        if self.elapsed is not None:
            state["elapsed"] = self.elapsed
        state |= {"period": self.period, "live": not self.ended, "ended": self.ended}
        return {**self._head(), **self._event_state(state), **state, **self._ending()}

    def _head(self) -> dict[str, Any]:
        sport = self.fixture
        if sport.sport == "cricket":
            return {"metadataGameId": self.game_id, "leagueAbbreviation": sport.league}
        return {
            "gameId": int(self.game_id),
            "leagueAbbreviation": sport.league,
            "homeTeam": sport.home,
            "awayTeam": sport.away,
            "status": "finished" if self.ended else sport.running,
        }

    def _event_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state once more, where the sport has that; never in a final frame."""
        if not self.fixture.details or self.ended:
            return {}
        times = {"createdAt": _when(self.started), "updatedAt": _when(self.changed)}
        more = {k: v for k, v in self.fixture.details.items() if k != "type"}
        return {"eventState": {"type": self.fixture.details["type"], **times, **state, **more}}

    def _ending(self) -> dict[str, str]:
        return {"finishedTimestamp": _when(self.changed)} if self.ended else {}


@attrs.define(eq=False)
class Games:
    """All games: those that are on, and those that were.

    Attributes:
        clock: Seconds since the epoch.
    """

    clock: Callable[[], float]
    _games: dict[str, Game] = attrs.field(factory=dict, init=False)
    _begun: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        for fixture in FIXTURES:
            self.begin(fixture)

    @property
    def all(self) -> tuple[Game, ...]:
        """Oldest first."""
        return tuple(self._games.values())

    @property
    def running(self) -> tuple[Game, ...]:
        """Those that are not over, oldest first."""
        return tuple(game for game in self._games.values() if not game.ended)

    def game(self, game_id: str | int) -> Game:
        """The game with this id; ValueError if there is none."""
        if str(game_id) not in self._games:
            raise ValueError(f"there is no game {game_id}")
        return self._games[str(game_id)]

    def begin(self, fixture: Fixture) -> Game:
        """A game begins, with an id of its own."""
        number = fixture.first_id + self._begun
        self._begun += 1
        now = self._now()
        game = Game(
            f"id{number}" if fixture.sport == "cricket" else str(number),
            fixture,
            now,
            now,
            fixture.score,
            fixture.period,
            fixture.elapsed,
        )
        self._games[game.game_id] = game
        return game

    def score(self, game: Game, score: str, period: str, elapsed: str | None = None) -> None:
        """A running game stands like this now; ValueError if it is over."""
        if game.ended:
            raise ValueError(f"game {game.game_id} is over")
        game.score, game.period, game.changed = score, period, self._now()
        game.elapsed = elapsed or game.elapsed

    def end(self, game: Game) -> None:
        """A game is over, as it stands; ValueError if it was already."""
        self.score(game, game.score, "FT")
        game.ended = True

    def advance(self, chance: random.Random) -> Game:
        """Something happens in one of the running games; when it is over, it starts anew."""
        game = chance.choice(self.running)
        step = advance(game.sport, game.score, game.period, game.elapsed, chance)
        self.score(game, step.score, step.period, step.elapsed)
        if step.over:
            self.end(game)
            self.begin(game.fixture)
        return game

    def find(self, game_ids: Iterable[str]) -> list[Game]:
        """Those with these numbers, in the order of beginning; cricket has no numbers."""
        wanted = frozenset(game_ids)
        return [g for g in self.all if g.game_id in wanted and g.game_id.isdigit()]

    @staticmethod
    def render_event(game: Game) -> dict[str, Any]:
        """The game as an event of Gamma, in which a final state that was missed can be read."""
        home, away = game.teams
        title = f"{home} vs. {away}"
        slug = f"{game.league}-{game.game_id}".replace(" ", "-")
        return {
            "id": str(FIRST_GAME_EVENT_ID + int(game.game_id)),
            "slug": slug,
            "ticker": slug,
            "title": title,
            "active": True,
            "closed": False,
            "gameId": int(game.game_id),
            **{k: v for k, v in game.frame().items() if k in _OF_EVENTS},
            "markets": [],
        }

    def _now(self) -> int:
        return int(self.clock() * 1e9)


_OF_EVENTS = frozenset({"score", "elapsed", "period", "live", "ended", "finishedTimestamp"})


def _when(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
