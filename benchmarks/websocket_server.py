"""The server's half of one WebSocket over a blocking socket, plain or TLS, as far as needed here.

Written by hand so that the benchmark decides what stands in one TLS record and in one system
call. It trusts its peer: no limits, no fragments.
"""

from __future__ import annotations

import base64
import hashlib
import select
import socket
import ssl
import struct
import time
from typing import Final

__all__ = ["Peer", "text_frame"]

_KEY: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


def text_frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """An unmasked, final frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


class Peer:
    """One client, from the handshakes to its leaving.

    What cannot be sent at once waits here, so a slow client never delays the clock of the venue.

    Args:
        connection: Accepted, blocking.
        context: For TLS; None for plain.

    Attributes:
        texts: What the client has said, without `PING`. To be taken from.
        gone: Whether it has closed.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self.texts: list[bytes] = []
        self.gone = False
        self._received = bytearray()
        self._backlog = bytearray()
        self._replies: list[bytes] = []
        if context is not None:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._shake_tls_hands()
        self._shake_hands()
        connection.settimeout(0.0)

    def _shake_tls_hands(self) -> None:
        assert self._tls is not None
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                self._incoming.write(self._socket.recv(65536))
            else:
                self._socket.sendall(self._outgoing.read())
                return

    def _shake_hands(self) -> None:
        self._received += self._decrypted(b"")  # what came with the end of the TLS handshake
        while b"\r\n\r\n" not in self._received:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the client left during the handshake")
            self._received += self._decrypted(data)
        request, self._received = self._received.split(b"\r\n\r\n", 1)
        lines = [line.partition(b":") for line in bytes(request).split(b"\r\n")]
        keys = [value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(keys[0] + _KEY, usedforsecurity=False).digest())
        answer = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._socket.sendall(self.encrypted(answer))

    def encrypted(self, data: bytes) -> bytes:
        """One TLS record, as long as 16 KiB are enough for it; or the data itself.

        Records have to be sent in the order in which they were made.
        """
        if self._tls is None:
            return data
        self._tls.write(data)
        return self._outgoing.read()

    def _decrypted(self, data: bytes) -> bytes:
        if self._tls is None:
            return data
        self._incoming.write(data)
        plain = bytearray()
        try:
            while chunk := self._tls.read(65536):
                plain += chunk
        except ssl.SSLWantReadError:
            pass
        return bytes(plain)

    def send(self, data: bytes) -> None:
        """Send what is encrypted already, as much of it as the socket takes now."""
        if self._backlog:
            self._backlog += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.gone = True
            return
        if sent < len(data):
            self._backlog += memoryview(data)[sent:]

    def send_all(self, data: bytes) -> None:
        """Send, and wait until the client has taken all of it; replies wait meanwhile."""
        view = memoryview(data)
        while view and not self.gone:
            readable, writable, _ = select.select([self._socket], [self._socket], [], 30.0)
            if not readable and not writable:
                raise TimeoutError("the client takes nothing any more")
            if readable:
                self._read()
            if writable:
                try:
                    view = view[self._socket.send(view) :]
                except BlockingIOError:
                    continue
                except OSError:
                    self.gone = True
        self._reply()

    def wait(self, until: float) -> None:
        """Listen, and send what is left over, until a time of `time.monotonic`; once at least."""
        while not self.gone:
            writing = [self] if self.backlogged else []
            rest = max(0.0, until - time.monotonic())
            readable, writable, _ = select.select([self], writing, [], rest)
            self.turn(readable=bool(readable), writable=bool(writable))
            if rest == 0.0 or readable:
                return

    def fileno(self) -> int:
        """The socket's, to wait for several clients at once."""
        return self._socket.fileno()

    @property
    def backlogged(self) -> bool:
        """Whether something waits until the client takes more."""
        return bool(self._backlog)

    def turn(self, *, readable: bool, writable: bool) -> None:
        """Do what the socket is ready for."""
        if writable:
            self._flush()
        if readable:
            self._read()
            self._reply()

    def _flush(self) -> None:
        try:
            with memoryview(self._backlog) as view:
                sent = self._socket.send(view)
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
            return
        del self._backlog[:sent]

    def _read(self) -> None:
        try:
            data = self._socket.recv(65536)
            self.gone |= not data
            self._received += self._decrypted(data)
        except BlockingIOError:
            return
        except OSError:  # ssl.SSLError as well: the client has left without a goodbye
            self.gone = True
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        data = self._received
        if len(data) < 6:
            return None
        size, start = data[1] & 0x7F, 2
        if size == 126:
            size, start = struct.unpack_from("!H", data, 2)[0], 4
        elif size == 127 and len(data) >= 10:
            size, start = struct.unpack_from("!Q", data, 2)[0], 10
        if len(data) < start + 4 + size:
            return None
        mask = bytes(data[start : start + 4])
        masked = data[start + 4 : start + 4 + size]
        key = (mask * (size // 4 + 1))[:size]
        payload = (int.from_bytes(masked) ^ int.from_bytes(key)).to_bytes(size)
        opcode = data[0] & 0x0F
        del data[: start + 4 + size]
        return opcode, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self._replies.append(text_frame(payload, _PONG))
        elif opcode == _CLOSE:
            self._replies.append(text_frame(payload, _CLOSE))
        elif opcode == _TEXT and payload == b"PING":
            self._replies.append(text_frame(b"PONG"))
        elif opcode == _TEXT:
            self.texts.append(payload)

    def _reply(self) -> None:
        replies, self._replies = self._replies, []
        for reply in replies:
            self.send(self.encrypted(reply))
