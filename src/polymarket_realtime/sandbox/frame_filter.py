"""Finds the frames in what a WebSocket server sends, so that a proxy can withhold some of them.

Server frames are unmasked (RFC 6455, 5.1) and, since the proxy strips the offer of extensions,
never compressed.
"""

from __future__ import annotations

import attrs

_TEXT = 0x1
_CONTINUATION = 0x0
_FIRST_CONTROL = 0x8
_LONGEST_HEARTBEAT = 125
_HEAD_END = b"\r\n\r\n"


@attrs.frozen
class _Header:
    opcode: int
    length: int  # of the header itself, in bytes
    payload: int

    @property
    def total(self) -> int:
        return self.length + self.payload


def _read_header(data: bytes, start: int) -> _Header | None:
    """The frame header at `start`, or None while it is incomplete. Source: RFC 6455, 5.2."""
    if len(data) < start + 2:
        return None
    opcode, short = data[start] & 0x0F, data[start + 1] & 0x7F
    wide = {126: 2, 127: 8}.get(short, 0)
    if len(data) < start + 2 + wide:
        return None
    payload = int.from_bytes(data[start + 2 : start + 2 + wide], "big") if wide else short
    return _Header(opcode, 2 + wide, payload)


@attrs.define(eq=False)
class FrameFilter:
    """Follows one server's stream of bytes, HTTP response first."""

    _pending: bytes = b""
    _upgrading: bool = True
    _refused: bool = False
    _left: int = 0
    _passing: bool = True
    _data_passes: bool = True

    def feed(self, data: bytes, *, frozen: bool) -> bytes:
        """What of `data`, and of what was held back, goes to the client now.

        While `frozen`, that is control frames and texts of a heartbeat. A frame is never cut: one
        that has begun to pass, or to vanish, ends as it began.
        """
        data, self._pending = self._pending + data, b""
        if self._upgrading:
            end = data.find(_HEAD_END)
            if end < 0:
                self._pending = data
                return b""
            self._upgrading = False
            self._refused = not data.startswith(b"HTTP/1.1 101")
            head, data = data[: end + len(_HEAD_END)], data[end + len(_HEAD_END) :]
            return head + self.feed(data, frozen=frozen)
        return data if self._refused else self._pick(data, frozen=frozen)

    def _pick(self, data: bytes, *, frozen: bool) -> bytes:
        passed = bytearray()
        position = 0
        while position < len(data):
            if not self._left:
                header = _read_header(data, position)
                if header is None or (frozen and _may_be_heartbeat(header, data, position)):
                    self._pending = data[position:]
                    break
                self._passing = self._passes(header, data, position, frozen=frozen)
                self._left = header.total
            size = min(self._left, len(data) - position)
            if self._passing:
                passed += data[position : position + size]
            self._left -= size
            position += size
        return bytes(passed)

    def _passes(self, header: _Header, data: bytes, start: int, *, frozen: bool) -> bool:
        if header.opcode >= _FIRST_CONTROL:
            return True
        if header.opcode != _CONTINUATION:
            payload = data[start + header.length : start + header.total]
            self._data_passes = not frozen or (header.opcode == _TEXT and is_heartbeat(payload))
        return self._data_passes


def is_heartbeat(payload: bytes) -> bool:
    """Whether a text is the heartbeat of one of the channels."""
    return payload in (b"PONG", b"ping") or payload.startswith(b'{"op":"pong"')


def _may_be_heartbeat(header: _Header, data: bytes, start: int) -> bool:
    """Whether the frame at `start` is short enough for a heartbeat and has not arrived whole."""
    short = header.opcode == _TEXT and header.payload <= _LONGEST_HEARTBEAT
    return short and len(data) < start + header.total
