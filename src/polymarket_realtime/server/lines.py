"""MCP over a pair of Trio byte streams, one JSON-RPC message a line.

The reader and the writer are what `mcp.server.lowlevel.Server.run` takes as its two streams:

- a read can be cancelled, and a peer that goes away in any manner is the end of the input;
- a line that is no message costs that line only; one beyond `MAX_LINE` bytes is never held;
- frames leave whole: one task owns the output, and cancelling a sender cannot cut a frame in two;
- a peer that does not read makes `LineWriter.send` wait once `capacity` frames are queued, and
  delays the end by `flush_timeout` seconds at most.

Source of the framing: modelcontextprotocol.io, Transports, stdio (2025-11-25 and 2026-07-28).
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import anyio
import mcp_types as types
import trio
from mcp.shared.message import SessionMessage

__all__ = ["MAX_LINE", "LineReader", "LineWriter", "serve_streams"]

MAX_LINE = 8 << 20
"""Longest inbound line, in bytes; the arguments of a call are a few kilobytes."""

_CHUNK = 65536
"""Bytes asked for in one read, and where a batch of frames stops growing: what a pipe holds."""

logger = logging.getLogger("polymarket_realtime.server.lines")


class _LineSplitter:
    """Cuts a stream of bytes into lines, in time linear in the length of the stream."""

    def __init__(self, limit: int) -> None:
        self._limit, self._line, self._size = limit, bytearray(), 0

    def feed(self, chunk: bytes) -> list[bytes | ValueError]:
        """The lines that `chunk` completes, without blank ones; for one too long, the error."""
        *ends, rest = chunk.split(b"\n")
        lines: list[bytes | ValueError] = []
        for end in ends:
            self._extend(end)
            line = self._take()
            if isinstance(line, ValueError) or (line and not line.isspace()):
                lines.append(line)
        self._extend(rest)
        return lines

    def _extend(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self._line += piece
        else:
            self._line.clear()

    def _take(self) -> bytes | ValueError:
        line, size = bytes(self._line), self._size
        self._line.clear()
        self._size = 0
        if size > self._limit:
            return ValueError(f"a line of {size} bytes exceeds the limit of {self._limit}")
        return line


class LineReader:
    """Messages from the peer; what the SDK calls a read stream.

    Args:
        stream: Where lines come from. The caller closes it.
        max_line: Longest line accepted, in bytes.
    """

    def __init__(self, stream: trio.abc.ReceiveStream, *, max_line: int = MAX_LINE) -> None:
        self._stream, self._splitter = stream, _LineSplitter(max_line)
        self._lines: deque[bytes | ValueError] = deque()
        self._ended = self._closed = False

    async def receive(self) -> SessionMessage | Exception:
        """The next message, or the `ValueError` that says why a line was none.

        Raises:
            anyio.EndOfStream: The peer has closed its end, or is gone.
            anyio.ClosedResourceError: This reader, or the stream below it, is closed.
        """
        if self._closed:
            raise anyio.ClosedResourceError
        if self._lines:
            await trio.lowlevel.checkpoint()
        while not self._lines:
            if self._ended:
                raise anyio.EndOfStream
            await self._read()
        return _parse(self._lines.popleft())

    async def _read(self) -> None:
        try:
            chunk = bytes(await self._stream.receive_some(_CHUNK))
        except trio.BrokenResourceError:
            chunk = b""
        except trio.ClosedResourceError:
            raise anyio.ClosedResourceError from None
        self._ended = not chunk
        # At the end of the input a last line may lack its newline.
        self._lines.extend(self._splitter.feed(chunk or b"\n"))

    async def aclose(self) -> None:
        """Receive nothing more. The stream below stays open: its owner closes it."""
        self._closed = True
        await trio.lowlevel.checkpoint()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def _parse(line: bytes | ValueError) -> SessionMessage | ValueError:
    """Failures are values, not raised: the SDK's loop survives them, and so does the session."""
    if isinstance(line, ValueError):
        logger.warning("skipped an inbound line: %s", line)
        return line
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as exc:
        if b"\\ud" in line.lower() and (mended := _without_surrogates(line)) is not None:
            return mended
        logger.warning("skipped an inbound line: %d bytes, no JSON-RPC message", len(line))
        return exc


def _without_surrogates(line: bytes) -> SessionMessage | None:
    """The message with half characters as `?`; None if that is not what is wrong with it.

    They are JSON, and clients make them by cutting a text within an emoji.
    """
    try:
        text = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(text, by_name=False))
    except (ValueError, RecursionError):
        return None


class LineWriter:
    """Messages to the peer; what the SDK calls a write stream.

    Args:
        capacity: How many frames may wait before `send` does.
    """

    def __init__(self, capacity: int) -> None:
        self._frames_in, self._frames_out = trio.open_memory_channel[bytes](capacity)

    async def send(self, item: SessionMessage, /) -> None:
        """Queue one message, whole or, if cancelled, not at all.

        Raises:
            anyio.ClosedResourceError: The writer is closed.
            anyio.BrokenResourceError: The peer is gone.
        """
        frame = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
        try:
            await self._frames_in.send(frame)
        except trio.ClosedResourceError:
            raise anyio.ClosedResourceError from None
        except trio.BrokenResourceError:
            raise anyio.BrokenResourceError from None

    def backlog(self) -> int:
        """Frames that wait to be written, of at most `capacity`."""
        return self._frames_in.statistics().current_buffer_used

    async def run(self, stream: trio.abc.SendStream) -> None:
        """Write frames to `stream` until the writer is closed and empty, or the peer is gone.

        What has piled up during one write leaves with the next one. To cancel this may cut a
        frame in two; nothing may be written to `stream` thereafter.
        """
        with self._frames_out:
            async for frame in self._frames_out:
                try:
                    await stream.send_all(self._batch(frame))
                except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
                    logger.info("the peer no longer reads: %r", exc.__cause__ or exc)
                    return

    def _batch(self, frame: bytes) -> bytes:
        frames, size = [frame], len(frame)
        while size < _CHUNK:
            try:
                frames.append(self._frames_out.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                break
            size += len(frames[-1])
        return b"".join(frames)

    def close(self) -> None:
        """Accept nothing more; what is queued is still written."""
        self._frames_in.close()

    async def aclose(self) -> None:
        """Do `close`."""
        self.close()
        await trio.lowlevel.checkpoint()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


@asynccontextmanager
async def serve_streams(
    rx: trio.abc.ReceiveStream,
    tx: trio.abc.SendStream,
    *,
    capacity: int = 256,
    flush_timeout: float = 0.5,
) -> AsyncIterator[tuple[LineReader, LineWriter]]:
    """Speak MCP over a pair of byte streams, which may be the two faces of one.

    Args:
        rx: Where the peer's lines come from.
        tx: Where ours go. Only this function may write to it.
        capacity: Frames that may wait for the peer before a sender does.
        flush_timeout: Seconds that queued frames are given when the block is left or cancelled.

    Resource handling: both streams belong to the caller, and `tx` is of no further use.
    """
    reader, writer = LineReader(rx), LineWriter(capacity)
    flush = trio.CancelScope(shield=True)

    async def write_frames() -> None:
        with flush:
            await writer.run(tx)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write_frames, name="write MCP frames")
        try:
            yield reader, writer
        finally:
            writer.close()
            flush.deadline = trio.current_time() + flush_timeout
