"""The venue: a process that serves one client the stream, and writes down when it said what.

`python benchmarks/venue.py PLAN.json`, where the plan is a `VenuePlan`. Prints one line of JSON
with its ports as soon as it listens. It answers no REST: that port refuses connections, so that
nothing goes out to the network.
"""

from __future__ import annotations

import json
import pickle
import socket
import ssl
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs

from stream import Message, Stream
from websocket_server import Peer, text_frame

__all__ = ["BOOKS_PER_ARRAY", "VenuePlan", "opened_plan"]

BOOKS_PER_ARRAY: Final = 100
"""Books in one array of the opening. 200 would be 0.8 MB, and busy books are larger than these,
but the official SDK and polymarket-apis refuse messages above 1 MiB."""

_PATIENCE: Final = 60.0
"""Seconds that a client may take to connect, to subscribe, and to leave."""


@attrs.frozen
class VenuePlan:
    """How to say it.

    Attributes:
        stream: File of a pickled `Stream`.
        sends: File for the times: pairs of int64, the timestamp of a message and nanoseconds of
            the monotonic clock just before it was encrypted and sent.
        rate: Messages a second; 0 for as fast as the client takes them.
        burst: How many are sent together, in one system call.
        pause: Seconds between the opening and the stream.
        frames_per_record: Frames in one TLS record; only with rate 0.
        certificate: PEM file with certificate and key for TLS; empty for plain.
        live: Messages to make while they are sent, at their rate, in place of those of the stream;
            only `costs/venue.py` does.
    """

    stream: str
    sends: str
    rate: float = 0.0
    burst: int = 1
    pause: float = 0.0
    frames_per_record: int = 1
    certificate: str = ""
    live: int = 0


class Venue:
    """One client, served once."""

    def __init__(self, plan: VenuePlan, stream: Stream, peer: Peer) -> None:
        self._plan, self._stream, self._peer = plan, stream, peer
        self._sends = array("q")
        self._hints = False
        self._books = dict(zip(stream.tokens, stream.opening, strict=True))

    def serve(self) -> None:
        """The opening, the stream, and then nothing until the client leaves."""
        self._open()
        messages = [
            message
            for message in self._stream.messages
            if self._hints or message.kind != "best_bid_ask"
        ]
        begins = time.monotonic() + self._plan.pause
        if self._plan.rate:
            self._wait(begins)
            self._pace(messages)
        else:
            self._blast(messages, begins)
        unfinished = Path(self._plan.sends + ".unfinished")
        unfinished.write_bytes(self._sends.tobytes())
        unfinished.replace(self._plan.sends)
        self._wait(time.monotonic() + _PATIENCE)

    def _wait(self, until: float) -> None:
        while not self._peer.gone and time.monotonic() < until:
            self._peer.wait(until)

    def _open(self) -> None:
        """Answer each subscription with the books of its tokens, until all are subscribed."""
        missing, deadline = set(self._books), time.monotonic() + _PATIENCE
        while missing:
            self._peer.wait(deadline)
            if self._peer.gone or time.monotonic() > deadline:
                raise ConnectionError(f"{len(missing)} tokens were not subscribed")
            texts, self._peer.texts = self._peer.texts, []
            for text in texts:
                request: dict[str, Any] = json.loads(text)
                self._hints |= bool(request.get("custom_feature_enabled"))
                tokens = [each for each in request["assets_ids"] if each in missing]
                missing.difference_update(tokens)
                for start in range(0, len(tokens), BOOKS_PER_ARRAY):
                    self._send_books(tokens[start : start + BOOKS_PER_ARRAY])

    def _send_books(self, tokens: list[str]) -> None:
        books = [self._books[token] for token in tokens]
        now = time.monotonic_ns()
        for book in books:
            self._sends.extend((book.timestamp, now))
        array_text = b"[" + b",".join(book.text for book in books) + b"]\n"
        self._peer.send(self._peer.encrypted(text_frame(array_text)))

    def _blast(self, messages: list[Message], begins: float) -> None:
        """Everything at once; encrypted beforehand, so that the client alone is the limit."""
        size = self._plan.frames_per_record
        frames = [text_frame(message.text) for message in messages]
        records = [b"".join(frames[at : at + size]) for at in range(0, len(frames), size)]
        self._peer.wait(0.0)
        blob = b"".join(map(self._peer.encrypted, records))
        # Nothing may be encrypted between here and there, so a PING waits for its answer.
        while (rest := begins - time.monotonic()) > 0:
            time.sleep(rest)
        now = time.monotonic_ns()
        for message in messages:
            self._sends.extend((message.timestamp, now))
        self._peer.send_all(blob)

    def _pace(self, messages: list[Message]) -> None:
        """At a rate, whether or not the client keeps up."""
        burst, rate = self._plan.burst, self._plan.rate
        begins = time.monotonic()
        for start in range(0, len(messages), burst):
            due = begins + start / rate
            while not self._peer.gone and time.monotonic() < due:
                self._peer.wait(due)
            group = messages[start : start + burst]
            frames = [text_frame(message.text) for message in group]
            now = time.monotonic_ns()
            for message in group:
                self._sends.extend((message.timestamp, now))
            self._peer.send(b"".join(map(self._peer.encrypted, frames)))


@contextmanager
def opened_plan(
    backlog: int | None = None,
) -> Iterator[tuple[VenuePlan, Stream, socket.socket, ssl.SSLContext | None]]:
    """The plan that the command line names, its stream, and a socket whose port was told.

    Args:
        backlog: Connections that may be dialled at once; None for the system's choice.
    """
    plan = VenuePlan(**json.loads(Path(sys.argv[1]).read_text()))
    stream: Stream = pickle.loads(Path(plan.stream).read_bytes())
    context = None
    if plan.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(plan.certificate)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener,
        socket.socket() as refusing,
    ):
        refusing.bind(("127.0.0.1", 0))
        ports = {"port": listener.getsockname()[1], "rest_port": refusing.getsockname()[1]}
        print(json.dumps(ports), flush=True)
        yield plan, stream, listener, context


def main() -> None:
    """Serve the plan."""
    with opened_plan() as (plan, stream, listener, context):
        listener.settimeout(_PATIENCE)
        connection, _ = listener.accept()
        connection.settimeout(_PATIENCE)
        with connection:
            Venue(plan, stream, Peer(connection, context)).serve()


if __name__ == "__main__":
    main()
