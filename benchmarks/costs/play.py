"""One measurement of the cost curves: a stream, the venue and the service, each fresh."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import attrs

from costs.checks import what_is_wrong
from costs.points import Point
from costs.venue import told_of
from environments import make_environment
from play import PATIENCE, Arena, Scenario
from roster import Contestant
from stream import Stream, make_stream

__all__ = ["Stage"]

SERVICE: Final = Contestant(
    "service_curves", "this service", "service_curves.py", "own", books=True, note=""
)

_NEVER: Final = 3600.0
"""Seconds of lag from which books are doubted at saturation. There is nothing but backlog then, of
which one connection may be through with more than another, and the doubts would be measured."""

_SAMPLES: Final = 200
"""Readings of the memory in a long run, about; but none sooner than a second after another."""


class Stage:
    """Plays points, and keeps the arena of the one before if it serves the next as well.

    Args:
        folder: For what processes tell each other.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arenas: dict[tuple[Any, ...], Arena] = {}

    def play(self, point: Point) -> dict[str, Any]:
        """Run once.

        Returns:
            What `Arena.play` says, and what the venue has sent; or `problem`, also if something
            of that did not arrive.
        """
        arena = self._arena(point)
        count = 100 if point.live else point.messages
        stream, _ = arena.part(min(count, len(arena.stream.messages)))
        contestant = attrs.evolve(SERVICE, options=options_of(point, stream))
        scenario = Scenario(
            "curves",
            "",
            point.name,
            len(stream.messages),
            rate=point.rate,
            pause=point.pause,
            live=point.messages if point.live else 0,
        )
        for name in ("ready", "json"):
            (arena.folder / f"sends.bin.{name}").unlink(missing_ok=True)
        result = arena.play(contestant, scenario, make_environment("own", self._folder))
        if "problem" in result:
            return result
        sent = json.loads((arena.folder / "sends.bin.json").read_text())
        result["frames"] -= sent["touching"]
        if problem := what_is_wrong(result, sent):
            return {"problem": problem}
        result["sent"] = sent["messages"]  # a long run notes the time of the first one only
        return result | {
            "connections_opened": sent["connections"],
            "opened": len(stream.tokens),
        }

    def _arena(self, point: Point) -> Arena:
        step = -(-1000 // point.rate) if point.rate else 1
        count = 100 if point.live else point.messages
        key = count, point.tokens, point.silent, point.levels, step, point.seconds
        if key not in self._arenas:
            markets = (point.tokens + 1) // 2
            stream = make_stream(
                count,
                markets=markets,
                step=step,
                levels=point.levels,
                silent=point.silent // 2,
                touched=True,
            )
            folder = self._folder / f"arena-{len(self._arenas)}"
            folder.mkdir()
            patience = PATIENCE + 2 * point.seconds
            self._arenas[key] = Arena(
                folder, only_of(stream, point.tokens), venue="costs.venue", patience=patience
            )
        return self._arenas[key]


def only_of(stream: Stream, count: int) -> Stream:
    """The stream of the first tokens: without messages that are of no concern to them."""
    if count == len(stream.tokens):
        return stream
    kept = frozenset(stream.tokens[:count])
    return attrs.evolve(
        stream,
        tokens=stream.tokens[:count],
        opening=stream.opening[:count],
        touches=tuple(m for m in stream.touches if kept.intersection(told_of(m))),
        messages=tuple(m for m in stream.messages if kept.intersection(told_of(m))),
    )


def options_of(point: Point, stream: Stream) -> dict[str, Any]:
    """What the service is told to do, and to expect."""
    tokens, expected = frozenset(stream.tokens), Counter[str]()
    for message in stream.messages:
        expected[message.kind] += len(tokens.intersection(told_of(message)))
    return {
        "silent": point.silent,
        "others": point.others,
        "per_connection": point.per_connection,
        "lag_limit": 5.0 if point.rate else _NEVER,
        "expected": None if point.live else expected,
        "sample": max(1.0, point.seconds / _SAMPLES) if point.live else 0.0,
        "patience": PATIENCE - 20 + 2 * point.seconds,
    }
