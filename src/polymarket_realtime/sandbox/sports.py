"""The rules of four games, as far as a scoreboard needs them. Chance is an argument."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping

import attrs

__all__ = ["FIXTURES", "Fixture", "Step", "advance"]


@attrs.frozen
class Fixture:
    """A pairing, and how it stands when the sandbox opens.

    Attributes:
        running: The spelling of the status, which is another one in every sport.
        details: What the sport puts into `eventState` besides the state; None if it has none.
        first_id: Of the ids that its games get.
    """

    sport: str
    league: str
    home: str
    away: str
    running: str
    score: str
    period: str
    first_id: int
    elapsed: str | None = None
    details: Mapping[str, str] | None = None


@attrs.frozen
class Step:
    """How a game stands after something has happened."""

    score: str
    period: str
    elapsed: str | None = None
    over: bool = False


FIXTURES = (
    Fixture(
        "soccer",
        "kor",
        "Harbour City FC",
        "Northern Rovers",
        "InProgress",
        "0-0",
        "1H",
        90_106_100,
        elapsed="12",
        details={"type": "soccer"},
    ),
    Fixture(
        "tennis",
        "wta challenger",
        "Ada Sample",
        "Bea Example",
        "inprogress",
        "6-7(3-7), 2-1",
        "S2",
        6_361_400,
        details={"type": "tennis", "tournamentName": "Sandbox Open", "tennisRound": "Final"},
    ),
    Fixture(
        "esports",
        "lol",
        "Loopback Gaming",
        "Team Localhost",
        "running",
        "000-000|0-0|Bo5",
        "1/5",
        1_590_100,
    ),
    Fixture("cricket", "cricket", "", "", "", "21-178", "Live", 2_703_680_373_085_500),
)
"""What is on when the sandbox opens; all names are made up."""


def advance(
    sport: str, score: str, period: str, elapsed: str | None, chance: random.Random
) -> Step:
    """What happens next in a game that stands like this and is not over.

    Nothing does if somebody has given it a score that its sport does not have.
    """
    try:
        return _RULES[sport](score, period, elapsed, chance)
    except ValueError:
        return Step(score, period, elapsed)


def _soccer(score: str, _: str, elapsed: str | None, chance: random.Random) -> Step:
    """A few minutes pass; in one case of five with a goal."""
    minute = min(90, int(elapsed or 0) + chance.randint(1, 4))
    goals = [int(side) for side in score.split("-")]
    if chance.random() < 0.2:
        goals[chance.randrange(2)] += 1
    period = "1H" if minute <= 45 else "2H"
    return Step(f"{goals[0]}-{goals[1]}", period, str(minute), over=minute == 90)


def _tennis(score: str, period: str, _: str | None, chance: random.Random) -> Step:
    """Somebody wins a game; with six of them the set, and with two sets the match."""
    *finished, now = score.split(", ")
    games = [int(side) for side in now.split("-")]
    games[chance.randrange(2)] += 1
    sets = [*finished, f"{games[0]}-{games[1]}"]
    if max(games) < 6:
        return Step(", ".join(sets), period)
    if max(Counter(map(_home_won, sets)).values()) == 2:
        return Step(", ".join(sets), period, over=True)
    return Step(", ".join((*sets, "0-0")), f"S{len(sets) + 1}")


def _home_won(tennis_set: str) -> bool:
    home, away = tennis_set.partition("(")[0].split("-")
    return int(home) > int(away)


def _esports(score: str, _: str, __: str | None, chance: random.Random) -> Step:
    """A few kills; whoever has twenty wins the map, and with three maps the match."""
    kills, maps, best_of = score.split("|")
    killed, won = ([int(side) for side in part.split("-")] for part in (kills, maps))
    side = chance.randrange(2)
    killed[side] += chance.randint(1, 5)
    if killed[side] >= 20:
        won[side] += 1
        killed = [0, 0]
    over = max(won) == 3
    standing = f"{killed[0]:03}-{killed[1]:03}|{won[0]}-{won[1]}|{best_of}"
    return Step(standing, f"{min(5, sum(won) + 1)}/5", over=over)


def _cricket(score: str, period: str, _: str | None, chance: random.Random) -> Step:
    """The side that bats second scores runs, until it has more than the other."""
    chasing, target = (int(side) for side in score.split("-"))
    chasing += chance.choice((1, 1, 2, 4, 6))
    return Step(f"{chasing}-{target}", period, over=chasing > target)


_RULES: Mapping[str, Callable[[str, str, str | None, random.Random], Step]] = {
    "soccer": _soccer,
    "tennis": _tennis,
    "esports": _esports,
    "cricket": _cricket,
}
