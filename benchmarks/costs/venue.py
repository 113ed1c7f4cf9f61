"""The venue for the cost curves: as `venue.py`, over as many connections as the client opens.

`python -m costs.venue PLAN.json`. A message goes to each connection that carries one
of its tokens, as the real venue sends it. Beside the file of the times, whose name is in the plan,
are two more: `….ready`, which the client makes when it has the opening, and `….json` with a
`Sent`, so that nobody has to take the client's word for what it received.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import ssl
import time
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs

from stream import BEGAN, Generator, Message, Stream
from venue import BOOKS_PER_ARRAY, VenuePlan, opened_plan
from websocket_server import Peer, text_frame

__all__ = ["Sent", "told_of"]

_PATIENCE: Final = 60.0
"""Seconds that the client may take to subscribe to everything, to take it, and to leave."""

_BACKLOG: Final = 1024
"""Connections that may be dialled at once."""

_ASSET: Final = re.compile(rb'"asset_id":"(\d+)"')

_Routed = tuple[Message, tuple[Peer, ...]]


@attrs.frozen
class Sent:
    """What the venue has sent after the opening.

    Attributes:
        messages: Of the stream.
        frames: The same, as often as they went to a connection.
        touching: Frames that changed each book for the first time, before.
        connections: How many the client has opened.
        events: By the venue's kind, how often a message told a subscribed token something.
    """

    messages: int
    frames: int
    touching: int
    connections: int
    events: dict[str, int]


def told_of(message: Message) -> list[str]:
    """The tokens that a message is about, each once."""
    return list(dict.fromkeys(token.decode() for token in _ASSET.findall(message.text)))


class Venue:
    """One client, served once over all its connections."""

    def __init__(
        self,
        plan: VenuePlan,
        stream: Stream,
        listener: socket.socket,
        context: ssl.SSLContext | None,
    ) -> None:
        self._plan, self._stream = plan, stream
        self._listener, self._context = listener, context
        self._sends = array("q")
        self._books = dict(zip(stream.tokens, stream.opening, strict=True))
        self._carriers: dict[str, Peer] = {}
        self._peers: list[Peer] = []
        self._events: Counter[str] = Counter()
        self._frames = self._messages = self._touching = 0
        self._selector = selectors.SelectSelector()  # not epoll, which rounds to milliseconds
        self._selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """The opening, the stream, and then nothing until the client leaves."""
        self._open()
        self._touch()
        self._await_reader()
        begins = time.monotonic() + self._plan.pause
        if self._plan.live:
            self._pace(self._made(), begins, timed=False)
        elif self._plan.rate:
            self._pace(map(self._routed, self._stream.messages), begins, timed=True)
        else:
            self._blast(list(map(self._routed, self._stream.messages)), begins)
        self._finish()
        deadline = time.monotonic() + _PATIENCE
        while self._peers and time.monotonic() < deadline:
            self._wait(deadline)

    # Connections

    def _wait(self, until: float) -> None:
        """Do what the sockets are ready for; wait for that until a time of `time.monotonic`."""
        for peer in self._peers:
            interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.backlogged else 0)
            if self._selector.get_key(peer).events != interest:
                self._selector.modify(peer, interest, peer)
        for key, ready in self._selector.select(max(0.0, until - time.monotonic())):
            if key.data is None:
                self._accept()
            else:
                self._turn(key.data, ready)

    def _turn(self, peer: Peer, ready: int) -> None:
        peer.turn(
            readable=bool(ready & selectors.EVENT_READ),
            writable=bool(ready & selectors.EVENT_WRITE),
        )
        if peer.gone:
            self._selector.unregister(peer)
            self._peers.remove(peer)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(_PATIENCE)
        peer = Peer(connection, self._context)
        self._peers.append(peer)
        self._selector.register(peer, selectors.EVENT_READ, peer)

    def _open(self) -> None:
        """Answer each subscription with the books of its tokens, until all are subscribed."""
        deadline = time.monotonic() + _PATIENCE
        while len(self._carriers) < len(self._books):
            if time.monotonic() > deadline:
                missing = len(self._books) - len(self._carriers)
                raise ConnectionError(f"{missing} tokens were not subscribed")
            self._wait(deadline)
            for peer in self._peers:
                texts, peer.texts = peer.texts, []
                for text in texts:
                    self._subscribe(peer, json.loads(text))

    def _touch(self) -> None:
        """Change every book once; that counts as opening."""
        for message, peers in map(self._routed, self._stream.touches):
            frame = text_frame(message.text)
            for peer in peers:
                peer.send(peer.encrypted(frame))
        self._touching = self._frames
        self._messages = self._frames = 0
        self._events.clear()

    def _await_reader(self) -> None:
        """Books are sent in no time, but read in some: nothing may come on top of them."""
        ready, deadline = Path(self._plan.sends + ".ready"), time.monotonic() + _PATIENCE
        while not ready.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the client does not say that it has all books")
            self._wait(time.monotonic() + 0.01)

    def _subscribe(self, peer: Peer, request: dict[str, Any]) -> None:
        if not request.get("custom_feature_enabled", True):
            raise ConnectionError("the client does not want best_bid_ask, which it is sent")
        tokens = [token for token in request["assets_ids"] if token in self._books]
        self._carriers.update(dict.fromkeys(tokens, peer))
        for start in range(0, len(tokens), BOOKS_PER_ARRAY):
            books = [self._books[token] for token in tokens[start : start + BOOKS_PER_ARRAY]]
            now = time.monotonic_ns()
            for book in books:
                self._sends.extend((book.timestamp, now))
            text = b"[" + b",".join(book.text for book in books) + b"]\n"
            peer.send(peer.encrypted(text_frame(text)))

    # Messages

    def _routed(self, message: Message) -> _Routed:
        """A message with the connections that it goes to; counted as sent."""
        carried = [self._carriers[t] for t in told_of(message) if t in self._carriers]
        peers = tuple(dict.fromkeys(carried))
        self._messages += 1
        self._frames += len(peers)
        self._events[message.kind] += len(carried)
        return message, peers

    def _made(self) -> Iterator[_Routed]:
        """Messages made from the seed as they are asked for, stamped with the time that passes."""
        facts = self._stream.facts
        generator = Generator(facts["seed"], facts["tokens"] // 2)
        start = BEGAN + len(generator.opening(BEGAN)) + 1000
        start += len(generator.touches(start))
        began = time.monotonic()
        for _ in range(self._plan.live):
            # The time at which it is made: a venue that falls behind must not seem to lag.
            elapsed = int((time.monotonic() - began) * 1000)
            yield self._routed(generator.message(start + elapsed))

    def _blast(self, messages: list[_Routed], begins: float) -> None:
        """Everything at once; encrypted beforehand, so that the client alone is the limit."""
        blobs = {peer: bytearray() for peer in self._peers}
        while (rest := begins - 0.5 - time.monotonic()) > 0:
            self._wait(time.monotonic() + rest)
        for message, peers in messages:
            frame = text_frame(message.text)
            for peer in peers:
                blobs[peer] += peer.encrypted(frame)
        # Nothing may be encrypted between here and there, so a PING waits for its answer.
        while (rest := begins - time.monotonic()) > 0:
            time.sleep(rest)
        now = time.monotonic_ns()
        for message, _ in messages:
            self._sends.extend((message.timestamp, now))
        for peer, blob in blobs.items():
            peer.send(bytes(blob))
        deadline = time.monotonic() + _PATIENCE
        while any(peer.backlogged for peer in self._peers):
            if time.monotonic() > deadline:
                raise TimeoutError("the client takes nothing any more")
            self._wait(deadline)

    def _pace(self, messages: Iterable[_Routed], begins: float, *, timed: bool) -> None:
        """At a rate, whether or not the client keeps up; of untimed ones the first is noted."""
        for number, (message, peers) in enumerate(messages):
            due = begins + number / self._plan.rate
            self._wait(0.0)
            while time.monotonic() < due:
                self._wait(due)
            if timed or not number:
                self._sends.extend((message.timestamp, time.monotonic_ns()))
            frame = text_frame(message.text)
            for peer in peers:
                peer.send(peer.encrypted(frame))

    def _finish(self) -> None:
        """Write down what was sent, and then when: who sees the second file finds the first."""
        sent = Sent(
            self._messages,
            self._frames,
            self._touching,
            len(self._peers),
            dict(self._events),
        )
        Path(self._plan.sends + ".json").write_text(json.dumps(attrs.asdict(sent)))
        unfinished = Path(self._plan.sends + ".unfinished")
        unfinished.write_bytes(self._sends.tobytes())
        unfinished.replace(self._plan.sends)


def main() -> None:
    """Serve the plan."""
    with opened_plan(_BACKLOG) as (plan, stream, listener, context):
        Venue(plan, stream, listener, context).serve()


if __name__ == "__main__":
    main()
