"""What the operating system and OpenSSL cost by themselves: a blocking socket, read and dropped.

After the opening nothing is looked at but the last bytes of each read; in runs that measure
latency, where each message has to be recognised, frames are told by their headers.
"""

from __future__ import annotations

import base64
import re
import secrets
import socket
import ssl
import struct
from urllib.parse import urlsplit

from common import Job, Meter

_TIMESTAMP = re.compile(rb'"timestamp":"(\d+)"')


def connect(job: Job) -> socket.socket:
    """A WebSocket, with all tokens subscribed."""
    parts = urlsplit(job.url)
    connection: socket.socket = socket.create_connection((parts.hostname, parts.port), 30)
    if job.ca:
        context = ssl.create_default_context(cafile=job.ca)
        connection = context.wrap_socket(connection, server_hostname=parts.hostname)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    connection.sendall(
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    payload = job.subscription.encode()
    # A mask of zeros is a valid one.
    connection.sendall(struct.pack("!BBHI", 0x81, 0xFE, len(payload), 0) + payload)
    return connection


class Floor:
    """Reads into one buffer that is used again and again."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self._job, self._meter = job, meter
        self._buffer = bytearray(1 << 22)
        self._filled = 0

    def run(self, connection: socket.socket) -> None:
        """Read until the last message."""
        tokens = len(self._job.tokens)
        while self._meter.delivered < tokens:
            self._read_frames(connection)
        if not self._job.receipts:
            self._drain(connection)
            return
        while self._read_frames(connection) < self._job.last:
            pass

    def _drain(self, connection: socket.socket) -> None:
        """Read and drop until the last bytes there will be."""
        end = f'"timestamp":"{self._job.last}","event_type":"price_change"}}'.encode()
        view, tail = memoryview(self._buffer), b""
        while not tail.endswith(end):
            count = connection.recv_into(view)
            if not count:
                raise ConnectionError("the venue hung up")
            tail = (tail + self._buffer[max(0, count - len(end)) : count])[-len(end) :]

    def _read_frames(self, connection: socket.socket) -> int:
        """Read once, and look for timestamps in the whole frames there are; the newest of them."""
        count = connection.recv_into(memoryview(self._buffer)[self._filled :])
        if not count:
            raise ConnectionError("the venue hung up")
        self._filled += count
        whole = self._whole_frames()
        newest = 0
        for found in _TIMESTAMP.finditer(self._buffer, 0, whole):
            newest = int(found[1])
            self._meter.took(newest)
        self._buffer[: self._filled - whole] = self._buffer[whole : self._filled]
        self._filled -= whole
        return newest

    def _whole_frames(self) -> int:
        """Bytes of the whole frames in the buffer."""
        buffer, filled, at = self._buffer, self._filled, 0
        while filled - at >= 2:
            length, header = buffer[at + 1], 2
            if length == 126:
                length, header = int.from_bytes(buffer[at + 2 : at + 4]), 4
            elif length == 127:
                length, header = int.from_bytes(buffer[at + 2 : at + 10]), 10
            if filled < at + header + length:
                break
            at += header + length
        return at


def main() -> None:
    """Do the job."""
    job = Job.load()
    meter = Meter(job)
    floor = Floor(job, meter)
    meter.begin()
    with connect(job) as connection:
        floor.run(connection)
        meter.end()
    meter.report(openssl=ssl.OPENSSL_VERSION)


if __name__ == "__main__":
    main()
