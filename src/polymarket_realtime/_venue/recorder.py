"""Recordings of connections, in the form that the sandbox replays.

JSON Lines, appended: `t` (seconds since the epoch), `kind` (`open`, `sent`, `recv` or `close`),
`conn` (a name that no other recording has), and `text`, or `rcvd` of a close. No line is ever
waited for: the feed goes on whatever the disk does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import trio

from polymarket_realtime.errors import ConnectionLost, SettingsError

from .stream import OpenStream, TextStream

__all__ = ["NOT_RECORDED", "open_recorder"]

NOT_RECORDED: Final = "<not recorded>"
"""What stands for the credentials in a frame."""

_MOST_LINES: Final = 8192
_MOST_CHARACTERS: Final = 32 * 1024 * 1024
"""What may wait for the disk; lines beyond are dropped and counted."""

_GATHERING: Final = 0.1
"""Seconds from the first line of a write to the write, which costs a change of thread."""

_LAST_WRITE: Final = 5.0
"""Most seconds that leaving waits for the disk."""

log = logging.getLogger("polymarket_realtime.recorder")

Scrub = Callable[[bytes], bytes]
"""Takes secrets out of a text, as `Credentials.scrub` does."""


@asynccontextmanager
async def open_recorder(
    path: Path, scrub: Scrub
) -> AsyncIterator[Callable[[OpenStream], OpenStream]]:
    """Record, for as long as the block lasts, what diallers connect to.

    Yields a function that wraps a dialler: whatever its connections send and receive is appended
    to `path`. What a frame says under `auth` is left out, and everything else goes through
    `scrub` before it is kept anywhere.

    **Resource handling:** one task writes, in a thread. At most 8192 lines or some 32 MB wait for
    it; lines beyond are dropped, which is logged. Leaving writes what waits, for at most 5 s,
    also when cancelled. A new file is its owner's only; one process at a time may write to it.

    **Error handling:** an error of the disk is logged and ends the recording, not the block.
    What the block raises arrives in an `ExceptionGroup`.

    Raises:
        SettingsError: The file cannot be opened for writing.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        file = await trio.to_thread.run_sync(os.open, path, flags, 0o600)
    except OSError as exc:
        raise SettingsError("record", path, f"cannot be written: {exc.strerror}") from exc
    lines_in, lines_out = trio.open_memory_channel[dict[str, Any]](_MOST_LINES)
    recorder = _Recorder(path, file, scrub, lines_in, lines_out)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.write_lines, name=f"record to {path}")
        try:
            yield recorder.wrap
        finally:
            recorder.finish()


@attrs.define(eq=False)
class _Recorder:
    """The lines on their way to one file.

    Attributes:
        waiting: Characters of text that have not been written.
        dropped: Lines that found too much waiting.
        ending: Shields the writer, for the lines of the end are written while all is cancelled.
            Its deadline is set by `finish`.
    """

    path: Path
    file: int
    scrub: Scrub
    lines_in: trio.MemorySendChannel[dict[str, Any]]
    lines_out: trio.MemoryReceiveChannel[dict[str, Any]]
    started: str = attrs.field(init=False)
    connections: int = attrs.field(default=0, init=False)
    waiting: int = attrs.field(default=0, init=False)
    dropped: int = attrs.field(default=0, init=False)
    finished: trio.Event = attrs.field(factory=trio.Event, init=False)
    ending: trio.CancelScope = attrs.field(init=False)

    @started.default
    def _now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    @ending.default
    def _shield(self) -> trio.CancelScope:
        return trio.CancelScope(shield=True)

    def wrap(self, open_stream: OpenStream) -> OpenStream:
        """The same dialler, recorded."""

        @asynccontextmanager
        async def open_recorded(url: str) -> AsyncIterator[TextStream]:
            async with open_stream(url) as stream:
                self.connections += 1
                channel = urlsplit(url).path.rpartition("/")[2] or "connection"
                # The time, since the file may hold connections of earlier runs.
                name = f"{channel}#{self.connections}@{self.started}"
                self.add({"t": time.time(), "kind": "open", "conn": name})
                yield _RecordedStream(stream, self, name)

        return open_recorded

    def add(self, line: dict[str, Any]) -> None:
        """Have a line written, unless too much waits already or the recording has ended."""
        size = len(line.get("text", ""))
        try:
            if self.waiting + size > _MOST_CHARACTERS:
                raise trio.WouldBlock  # noqa: TRY301 - full is full, in lines or in characters
            self.lines_in.send_nowait(line)
        except trio.WouldBlock:
            if not self.dropped:
                log.warning("recording to %s: the disk is too slow; lines are dropped", self.path)
            self.dropped += 1
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # said when it ended
        else:
            self.waiting += size

    def finish(self) -> None:
        """Have the writer write what waits, and end."""
        self.lines_in.close()
        self.finished.set()
        self.ending.deadline = trio.current_time() + _LAST_WRITE

    async def write_lines(self) -> None:
        """Write until `finish`, or until the disk fails."""
        with self.ending, self.lines_out:
            try:
                async for first in self.lines_out:
                    await self._write_from(first)
            except OSError as problem:
                log.warning("recording to %s has ended: %s", self.path, problem.strerror)
            with contextlib.suppress(OSError):  # every line is written, or the disk has failed
                await trio.to_thread.run_sync(os.close, self.file, abandon_on_cancel=True)
        if self.ending.cancelled_caught:
            log.warning("recording to %s: the disk is too slow; its end is missing", self.path)
        if self.dropped:
            log.warning("recording to %s: %d lines were dropped", self.path, self.dropped)

    async def _write_from(self, first: dict[str, Any]) -> None:
        with trio.move_on_after(_GATHERING):
            await self.finished.wait()
        lines = [first]
        with contextlib.suppress(trio.WouldBlock, trio.EndOfChannel):
            while True:
                lines.append(self.lines_out.receive_nowait())
        await trio.to_thread.run_sync(_append, self.file, lines, abandon_on_cancel=True)
        self.waiting -= sum(len(line.get("text", "")) for line in lines)


@attrs.define(eq=False)
class _RecordedStream:
    """A `TextStream` that tells its recorder what passes."""

    stream: TextStream
    recorder: _Recorder
    name: str
    lost: bool = attrs.field(default=False, init=False)

    async def receive_batch(self) -> list[bytes]:
        try:
            batch = await self.stream.receive_batch()
        except ConnectionLost as exc:
            self._record_end(exc)
            raise
        for payload in batch:
            self._record("recv", text=self._scrubbed(payload))
        return batch

    async def send(self, text: str) -> None:
        # Before it is sent, or its answer could be recorded first.
        self._record("sent", text=self._scrubbed(_without_auth(text).encode()))
        try:
            await self.stream.send(text)
        except ConnectionLost as exc:
            self._record_end(exc)
            raise

    async def probe(self) -> None:
        await self.stream.probe()

    def _scrubbed(self, text: bytes) -> str:
        return self.recorder.scrub(text).decode(errors="replace")

    def _record(self, kind: str, **facts: Any) -> None:
        self.recorder.add({"t": time.time(), "kind": kind, "conn": self.name, **facts})

    def _record_end(self, lost: ConnectionLost) -> None:
        if not self.lost:
            self.lost = True
            closed = lost.code is not None and 1000 <= lost.code < 5000
            reason = self._scrubbed(lost.reason.encode())
            self._record("close", rcvd={"code": lost.code, "reason": reason} if closed else None)


def _without_auth(text: str) -> str:
    """A frame to send, with what it says under `auth` replaced whole."""
    if '"auth"' not in text:
        return text
    try:
        frame = json.loads(text)
    except ValueError:
        return NOT_RECORDED
    if not isinstance(frame, dict) or "auth" not in frame:
        return NOT_RECORDED  # not as we know it, so nothing of it is sure to be harmless
    return json.dumps(frame | {"auth": NOT_RECORDED}, separators=(",", ":"))


def _append(file: int, lines: list[dict[str, Any]]) -> None:
    """Write whole lines, or, as far as the disk lets us, none of them."""
    size = os.fstat(file).st_size
    rest = "".join(json.dumps(line) + "\n" for line in lines).encode()
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise
