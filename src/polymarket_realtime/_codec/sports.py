"""The sports channel: text to frames.

One game's state a frame, without an envelope; whatever is no text is such a state. What is
optional here is really left out at times. Source: docs.polymarket.com, "Sports Channel"; shapes
measured 2026-07-25 and 2026-10-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame
from polymarket_realtime._codec.tolerant import (
    UNREADABLE,
    UNSTRUCTURED,
    as_text,
    decode_fields,
    decode_shapes,
    problem_of,
)
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import CodecError

__all__ = ["GameFrame", "SportsFrame", "decode_sports_frames"]


@attrs.frozen(kw_only=True)
class GameFrame:
    """The state of a game. Texts are `""`, and the rest None, where the venue says nothing.

    Attributes:
        game_id: `gameId`; of sports without one `metadataGameId`, or the slug.
        updated_at: When the state became this one, cut to microseconds.
        finished_at: When the game ended, likewise.
    """

    game_id: str
    league: str
    home_team: str
    away_team: str
    score: str
    period: str
    status: str
    elapsed: str
    live: bool
    ended: bool
    updated_at: datetime | None
    finished_at: datetime | None
    tournament: str
    slug: str


SportsFrame = GameFrame | TextFrame | MalformedFrame

_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def decode_sports_frames(payload: bytes) -> list[tuple[SportsFrame, bytes]]:
    """Read one message of the sports channel. Never raises.

    Returns:
        Its frames in order, each with its own text. An empty array gives none; text that is
        not JSON gives a `TextFrame`.
    """
    return decode_shapes(payload, _decode_object, lambda raw: [(_decode_object(raw), raw)])


def _decode_object(body: bytes) -> GameFrame | MalformedFrame:
    try:
        fields = decode_fields(body)
    except UNREADABLE as error:
        return MalformedFrame("object", str(error))
    try:
        return _game(fields)
    except UNSTRUCTURED as error:
        return MalformedFrame("game", problem_of(error))


def _game(fields: Mapping[str, Any]) -> GameFrame:
    state = fields.get("eventState")
    if not isinstance(state, dict):
        state = {}
    both = {**state, **{name: value for name, value in fields.items() if value is not None}}
    finished = both.get("finishedTimestamp") or both.get("finished_timestamp")
    return GameFrame(
        game_id=_game_id(fields),
        league=_text(both, "leagueAbbreviation"),
        home_team=_text(both, "homeTeam"),
        away_team=_text(both, "awayTeam"),
        score=_text(both, "score"),
        period=_text(both, "period"),
        status=_text(both, "status"),
        elapsed=_text(both, "elapsed"),
        live=_flag(both, "live"),
        ended=_flag(both, "ended"),
        updated_at=_time(state.get("updatedAt")),
        finished_at=_time(finished),
        tournament=_text(both, "tournamentName"),
        slug=_text(both, "slug"),
    )


def _game_id(fields: Mapping[str, Any]) -> str:
    for name in ("gameId", "metadataGameId", "slug"):
        if game_id := _text(fields, name):
            return game_id
    raise CodecError("game", "neither gameId nor metadataGameId nor slug")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else plain_text(as_text(value), 100)


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields[name]
    if isinstance(value, bool):
        return value
    raise CodecError("game", f"{name} {value!r:.60} is neither true nor false")


def _time(value: object) -> datetime | None:
    """An RFC 3339 time; None if it is none, for a state without its time is a state still."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if time is None or time.tzinfo is None or not _EARLIEST <= time <= _LATEST:
        return None
    return time.astimezone(UTC)
