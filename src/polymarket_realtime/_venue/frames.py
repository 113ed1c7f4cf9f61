"""Many messages, one batch: WebSocket text frames cut straight out of what a read brought.

`BatchConnection` is the `wsproto.WSConnection` that we give to trio-websocket. wsproto makes
several objects for each frame and trio-websocket switches tasks twice for each message; with
hundreds of small messages in a read, that is nearly all the work there is. So whole, unfragmented
text frames are cut out here and wait in `BatchConnection.messages`, of which no event tells. Any
other frame (control, binary, fragment, or odd) goes to wsproto, in its place among the others
and once it is whole, so wsproto's checks and answers stay in force.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator
from typing import NoReturn

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    CloseConnection,
    Event,
    Message,
    RejectConnection,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError

__all__ = ["BatchConnection"]

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_MAX_HEAD = 65_536
"""Longest HTTP head, in bytes, that may answer the opening handshake."""

# The first byte of a frame is FIN, three reserved bits and the opcode; the second the mask bit,
# which no server may set, and the length or how many bytes of length follow. RFC 6455, 5.2.
_FIN, _CONTROL = 0x80, 0x08
_WHOLE_TEXT, _CLOSE = 0x81, 0x88
_KNOWN = frozenset({0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A})
_SHORT, _LENGTH_IN_2, _MASKED = 125, 126, 0x80
_ILLEGAL = -1
"""The size of a frame whose length is written as no server may write it."""


class BatchConnection(WSConnection):
    """The client's end of one WebSocket, without I/O.

    Text is not checked for UTF-8 unless it came in fragments: whoever decodes a message refuses
    it, and one bad message should not cost the connection.

    Args:
        max_message_size: Most bytes of one message. A frame, or a run of fragments, that
            announces more is refused with 1009 before it is buffered. It does not limit batches.

    Attributes:
        messages: Whole ones that nobody has taken yet, oldest first.
        rejection: The HTTP answer that refused the opening handshake, or None.
        failure: Why this end gave the connection up, or None.
    """

    def __init__(self, max_message_size: int) -> None:
        super().__init__(ConnectionType.CLIENT)
        self.messages: list[bytes] = []
        self.rejection: RejectConnection | None = None
        self.failure: CloseConnection | None = None
        self._max_message_size = max_message_size
        self._buffer = bytearray()
        self._needed = 0  # until the buffer holds this many bytes, no frame in it is whole
        self._fragments: list[bytes] = []
        self._fragments_size: int | None = None  # as announced; None between messages
        self._pending: deque[Event] = deque()
        self._close_frame = b""

    def receive_data(self, data: bytes | None) -> None:
        """Take what one read brought; `events` tells what it meant.

        Raises:
            RemoteProtocolError: This end gives up; `failure` says why. What was whole before that
                is in `messages`.
        """
        data = data or b""
        if self.connection is None:
            data = self._receive_handshake(data)
        if self.state not in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
            return
        if self._buffer:
            # A long message is joined once, when it is whole: many reads, yet linear time.
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            data = bytes(self._buffer)
            self._buffer.clear()
        self._buffer += data[self._cut_frames(data) :]
        if self.state is ConnectionState.LOCAL_CLOSING:
            self.messages.clear()  # Nobody wants them any more.

    def take_messages(self) -> list[bytes]:
        """The whole messages that nobody has taken yet, in order."""
        messages, self.messages = self.messages, []
        return messages

    def events(self) -> Generator[Event, None, None]:
        """What there is to act on beside messages: pings, and last the peer's close."""
        while self._pending:
            event = self._pending.popleft()
            # Once this end is closing, wsproto refuses to answer a ping, and nobody reads.
            if self.state is ConnectionState.OPEN:
                yield event
        if self._close_frame:
            # Kept until here: wsproto answers no ping after it has seen the peer's close.
            frame, self._close_frame = self._close_frame, b""
            super().receive_data(frame)
            yield from super().events()

    def _receive_handshake(self, data: bytes) -> bytes:
        """Give wsproto the HTTP head and return what follows it, which is frames."""
        self._buffer += data
        end = _END_OF_HEAD.search(self._buffer)
        if end is None:
            if len(self._buffer) > _MAX_HEAD:
                self._fail(CloseReason.PROTOCOL_ERROR, "endless HTTP head")
            return b""
        head, rest = bytes(self._buffer[: end.end()]), bytes(self._buffer[end.end() :])
        self._buffer.clear()
        try:
            super().receive_data(head)
        except RemoteProtocolError as exc:
            # Not its event_hint: that is an answer which only a server can send.
            self._fail(CloseReason.PROTOCOL_ERROR, str(exc))
        for event in super().events():
            if isinstance(event, RejectConnection):
                self.rejection = event
                self._fail(CloseReason.PROTOCOL_ERROR, f"HTTP status {event.status_code}")
            self._pending.append(event)
        return rest

    def _cut_frames(self, data: bytes) -> int:
        """Take all whole frames; returns where the first that is not whole begins."""
        position, end, limit = 0, len(data), self._max_message_size
        self._needed = 0
        while end - position >= 2:
            first, size, start = data[position], data[position + 1], position + 2
            if size > _SHORT:
                size, start = _long_size(data, position)
                if start > end:
                    break
            stop = start + size
            plain = first == _WHOLE_TEXT and 0 <= size <= limit and self._fragments_size is None
            if not plain and not self._vet(first, size):
                stop = end
            if stop > end:
                self._needed = stop - position
                break
            if plain:
                self.messages.append(data[start:stop])
            elif first == _CLOSE and stop - start == size:
                self._close_frame = data[position:stop]
                return end
            else:
                self._pass_on(first, size, data[position:stop])
            position = stop
        return position

    def _vet(self, first: int, size: int) -> bool:
        """Whether to wait for the frame; if not, wsproto refuses it for its header alone."""
        if first not in _KNOWN or size == _ILLEGAL:
            return False
        if first & _CONTROL:
            return size <= _SHORT
        if size + (self._fragments_size or 0) > self._max_message_size:
            reason = f"message of more than {self._max_message_size} bytes"
            self._fail(CloseReason.MESSAGE_TOO_BIG, reason)
        return True

    def _pass_on(self, first: int, size: int, frame: bytes) -> None:
        """Let wsproto judge one frame, and keep what it makes of it."""
        super().receive_data(frame)
        for event in super().events():
            if isinstance(event, CloseConnection):
                self._fail(event.code, event.reason or "")
            elif isinstance(event, Message):
                text = isinstance(event, TextMessage)
                self._fragments.append(event.data.encode() if text else bytes(event.data))
            else:
                self._pending.append(event)
        if first & _CONTROL:
            return
        if first & _FIN:
            self.messages.append(b"".join(self._fragments))
            self._fragments.clear()
            self._fragments_size = None
        else:
            self._fragments_size = size + (self._fragments_size or 0)

    def _fail(self, code: int, reason: str) -> NoReturn:
        """Give up; the exception carries the close frame for the peer, if one may be sent."""
        self.failure = CloseConnection(code=code, reason=reason)
        may_send = self.state is ConnectionState.OPEN
        raise RemoteProtocolError(reason, event_hint=self.failure if may_send else None)


def _long_size(data: bytes, position: int) -> tuple[int, int]:
    """The size that a second byte over 125 stands for, and where the header ends.

    The header may end beyond *data*; the size means nothing then.
    """
    masked, marker = divmod(data[position + 1], _MASKED)
    if marker <= _SHORT:
        return _ILLEGAL, position + 2
    start, least = (position + 4, 126) if marker == _LENGTH_IN_2 else (position + 10, 65_536)
    size = int.from_bytes(data[position + 2 : start], "big")
    legal = not masked and least <= size < 1 << 63
    return size if legal else _ILLEGAL, start
