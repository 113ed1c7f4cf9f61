"""Recorded sessions, served again byte for byte.

A recording is JSON Lines, one object each: `t` (seconds since the epoch, or null for "with the
previous line"), `kind` (`open`, `sent`, `recv` or `close`, as seen by the client that recorded),
`conn` (a name), and `text` or `rcvd` (`{"code", "reason"}`, null if the connection was dropped).
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import trio

from polymarket_realtime.errors import SettingsError

from .connection import Close
from .recorded import RecordedMarket, find_markets

KINDS = frozenset({"open", "sent", "recv", "close"})


@attrs.frozen
class RecordedFrame:
    """A text, the seconds since the first of its connection, and the books that it holds."""

    after: float
    text: str
    books: tuple[dict[str, Any], ...] = ()


@attrs.frozen
class Recording:
    """What one recorded connection received, and how it ended, if it did."""

    name: str
    frames: tuple[RecordedFrame, ...]
    ending: Close | None


@attrs.define(eq=False)
class ReplayVenue:
    """Plays recordings to clients and remembers the books that it has shown.

    Attributes:
        speed: 1 as recorded, N for N times as fast, `math.inf` for no pauses.
        connection: Name of the recording that every client gets; None gives the n-th client the
            n-th recording, and the last one to those who come later.
        markets: What the recordings are about.
    """

    recordings: tuple[Recording, ...]
    speed: float = 1.0
    connection: str | None = None
    markets: tuple[RecordedMarket, ...] = attrs.field(init=False)
    _books: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)

    @markets.default
    def _find_markets(self) -> tuple[RecordedMarket, ...]:
        return find_markets(frame.text for each in self.recordings for frame in each.frames)

    def recording(self, number: int) -> Recording:
        """What the client with this number, counted from 1, gets."""
        if self.connection is not None:
            return next(r for r in self.recordings if r.name == self.connection)
        return self.recordings[min(number, len(self.recordings)) - 1]

    async def play(self, recording: Recording, send: Callable[[str], Awaitable[None]]) -> None:
        """Hand the texts to `send`, at the recorded distances."""
        start = trio.current_time()
        for frame in recording.frames:
            if frame.after:
                await trio.sleep_until(start + frame.after / self.speed)
            await send(frame.text)
            for book in frame.books:
                self._books[book["asset_id"]] = book

    def book(self, token_id: str) -> dict[str, Any] | None:
        """The last book shown of a token; None before the first."""
        book = self._books.get(token_id)
        return {k: v for k, v in book.items() if k != "event_type"} if book else None


def load_replay(path: Path, *, speed: float = 1.0, connection: str | None = None) -> ReplayVenue:
    """Read a recorded session.

    Raises:
        SettingsError: The file cannot be read, is not of this form (the message names the line),
            or holds no received frames of the wanted connection.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError("replay", path, f"cannot be read: {exc}") from exc
    drafts: dict[str, _Draft] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                _read_line(line, drafts)
            except ValueError as exc:
                raise SettingsError("replay", path, f"line {number}: {exc}") from exc
    recordings = tuple(draft.finish() for draft in drafts.values() if draft.frames)
    if not recordings:
        raise SettingsError("replay", path, "no connection in it received anything")
    if connection is not None and all(r.name != connection for r in recordings):
        names = ", ".join(r.name for r in recordings)
        raise SettingsError("connection", connection, f"{path.name} has {names}")
    return ReplayVenue(recordings, speed, connection)


@attrs.define(eq=False)
class _Draft:
    """A connection while its lines are read."""

    name: str
    frames: list[RecordedFrame] = attrs.field(factory=list)
    ending: Close | None = None
    first: float | None = None
    after: float = 0.0

    def receive(self, at: float | None, text: str) -> None:
        if at is not None:
            self.first = at if self.first is None else self.first
            # A clock that was set back while recording must not reorder frames.
            self.after = max(self.after, at - self.first)
        if text != "PONG":
            self.frames.append(RecordedFrame(self.after, text, _books_in(text)))

    def finish(self) -> Recording:
        return Recording(self.name, tuple(self.frames), self.ending)


def _read_line(line: str, drafts: dict[str, _Draft]) -> None:
    """Add one line to its connection; ValueError says what is wrong with it."""
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the caller turns it into a SettingsError
    at, kind, name = record.get("t"), record.get("kind"), record.get("conn")
    if at is not None and (type(at) not in {int, float} or not math.isfinite(at)):
        raise ValueError(f"t is {at!r}, not seconds or null")
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, not one of {', '.join(sorted(KINDS))}")
    if not isinstance(name, str):
        raise ValueError(f"conn is {name!r}, not a name")  # noqa: TRY004
    draft = drafts.setdefault(name, _Draft(name))
    if kind == "recv":
        draft.receive(at, _text_of(record))
    elif kind == "close":
        draft.ending = _ending_of(record.get("rcvd"))


def _text_of(record: dict[str, Any]) -> str:
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("recv without a text")  # noqa: TRY004
    return text


def _ending_of(received: Any) -> Close:
    if received is None:
        return Close(None)
    code = received.get("code") if isinstance(received, dict) else None
    if type(code) is not int or not 1000 <= code < 5000:
        raise ValueError(f"rcvd is {received!r}, not a close code and reason")
    return Close(code, str(received.get("reason") or ""))


def _books_in(text: str) -> tuple[dict[str, Any], ...]:
    """The books of a frame, if it is JSON and holds any."""
    if '"book"' not in text:
        return ()
    try:
        body = json.loads(text)
    except ValueError:
        return ()
    items = body if isinstance(body, list) else [body]
    return tuple(
        item
        for item in items
        if isinstance(item, dict)
        and item.get("event_type") == "book"
        and isinstance(item.get("asset_id"), str)
    )
