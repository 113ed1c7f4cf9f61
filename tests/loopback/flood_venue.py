"""A market channel that says a prepared flood on time, as a process of its own.

It is told `go` on its stdin, and to `report`; it ends with its stdin. On its stdout are its port,
then a line of JSON every tenth of a second of the flood, then the reports. Each object of the wire
is a frame of its own, as at the venue; a tick is what is said at once.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

TICK = 0.01
"""Seconds."""

TICKS, PER_TICK = 500, 100
"""10,000 objects a second for 5 seconds."""

BURST = range(60, 90)
"""Ticks in which there is nothing but trades of one token, more of them than a mailbox holds."""

CHANGES, TRADES, CREATED = 40, 59, 1
"""Objects of each kind in any other tick."""

QUOTED = [str(10**76 + number) for number in range(30)]
TRADED = [str(2 * 10**76 + number) for number in range(8)]
TAGS = [f"flood-{number}" for number in range(12)]
"""Whom each kind is about: two sorts of tokens, and the tags of new markets."""

ASK = 9000
LOWEST = 8100
"""Prices in ten-thousandths. Each change of a price is a bid higher than all before."""

_SENT_AT = b"T" * 13
"""Where a frame has its time, in milliseconds since the epoch, which has as many digits."""

_UNSENT = 1 << 17
"""Bytes that the sender's own side of the connection may hold back."""


def bid_after(count: int) -> str:
    """The best bid of a token after so many changes of its price."""
    return f"0.{LOWEST + count}"


def kinds() -> Iterator[list[tuple[str, str]]]:
    """What each tick says, as pairs of a kind and whom it is about."""
    changes = trades = created = 0
    for tick in range(TICKS):
        if tick in BURST:
            yield [("trade", TRADED[0])] * PER_TICK
            continue
        said = [("change", QUOTED[(changes + n) % len(QUOTED)]) for n in range(CHANGES)]
        said += [("trade", TRADED[(trades + n) % len(TRADED)]) for n in range(TRADES)]
        said += [("created", TAGS[(created + n) % len(TAGS)]) for n in range(CREATED)]
        changes, trades, created = changes + CHANGES, trades + TRADES, created + CREATED
        yield said


def totals() -> Counter[str]:
    """How many objects there are about each token and tag."""
    return Counter(whom for said in kinds() for _, whom in said)


def market_of(token: str) -> str:
    return f"0x{int(token):064x}"


def _encode(body: dict) -> bytes:
    stamped = {**body, "timestamp": _SENT_AT.decode()}
    return json.dumps(stamped, separators=(",", ":")).encode()


def opening_book(token: str) -> dict:
    return {
        "market": market_of(token),
        "asset_id": token,
        "timestamp": str(time.time_ns() // 1_000_000),
        "hash": "0" * 40,
        "bids": [{"price": "0.1", "size": "5"}, {"price": bid_after(0), "size": "10"}],
        "asks": [{"price": f"0.{ASK}", "size": "10"}],
        "tick_size": "0.0001",
        "event_type": "book",
        "last_trade_price": "",
    }


def _change(token: str, number: int) -> dict:
    shared = {"asset_id": token, "side": "BUY", "hash": "0" * 40}
    top = {"best_bid": bid_after(number), "best_ask": f"0.{ASK}"}
    levels = ((bid_after(number), "10"), (bid_after(number - 1), "0"))
    changes = [{**shared, "price": price, "size": size, **top} for price, size in levels]
    return {"market": market_of(token), "price_changes": changes, "event_type": "price_change"}


def _trade(token: str, number: int) -> dict:
    """A trade whose size says which it is."""
    return {
        "market": market_of(token),
        "asset_id": token,
        "price": "0.8",
        "size": str(number),
        "fee_rate_bps": "0",
        "side": "BUY",
        "event_type": "last_trade_price",
        "transaction_hash": f"0x{number:064x}",
    }


def _created(tag: str, number: int) -> dict:
    """A market whose slug says which it is."""
    base = 3 * 10**76 + TAGS.index(tag) * 10**6 + 2 * number
    tokens = [str(base), str(base + 1)]
    return {
        "id": str(number),
        "question": f"Is this number {number} of {tag}?",
        "market": market_of(tokens[0]),
        "slug": f"{tag}-{number}",
        "assets_ids": tokens,
        "outcomes": ["Yes", "No"],
        "event_message": None,
        "event_type": "new_market",
        "tags": [tag],
    }


_BODIES = {"change": _change, "trade": _trade, "created": _created}


def _text_frame(payload: bytes) -> bytes:
    """An unmasked, final text frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    return struct.pack("!BBH", 0x81, 126, size) + payload


def prepare() -> list[bytes]:
    """The bytes of each tick, but for the time."""
    said: Counter[str] = Counter()
    ticks = []
    for tick in kinds():
        frames = []
        for kind, whom in tick:
            said[whom] += 1
            frames.append(_text_frame(_encode(_BODIES[kind](whom, said[whom]))))
        ticks.append(b"".join(frames))
    return ticks


class Venue:
    """The one connection, and what is counted on it."""

    def __init__(self, listener: socket.socket) -> None:
        self.connections, self.ended, self.pings, self.tokens = 1, False, 0, 0
        self._listener = listener
        self._peer, _ = listener.accept()
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT)
        self._wire = WSConnection(ConnectionType.SERVER)

    def attend(self, seconds: float) -> bytes:
        """Answer what comes within this time; gives what has come on stdin, if anything."""
        watched = [0, self._listener, *(() if self.ended else (self._peer,))]
        ready, _, _ = select.select(watched, [], [], max(0.0, seconds))
        if self._listener in ready:
            self.connections += 1
            self._listener.accept()[0].close()
        if self._peer in ready:
            self._take(self._peer.recv(65536))
        return (os.read(0, 100) or b"end") if 0 in ready else b""

    def _take(self, data: bytes) -> None:
        self.ended = not data
        self._wire.receive_data(data or None)
        for event in self._wire.events():
            if isinstance(event, Request):
                self._peer.sendall(self._wire.send(AcceptConnection()))
            elif isinstance(event, TextMessage):
                self._answer(event.data)
            elif isinstance(event, CloseConnection):
                self.ended = True

    def _answer(self, text: str) -> None:
        if text == "PING":
            self.pings += 1
            self.say(_text_frame(b"PONG"))
            return
        frame = json.loads(text)
        if frame.get("operation") != "unsubscribe" and frame["assets_ids"]:
            self.tokens += len(frame["assets_ids"])
            books = [opening_book(token) for token in frame["assets_ids"]]
            self.say(_text_frame(json.dumps(books).encode() + b"\n"))

    def say(self, data: bytes) -> None:
        self._peer.sendall(data)


def _tell(fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def pour(venue: Venue, ticks: list[bytes]) -> dict[str, float]:
    """Say each tick at its time, or as soon after it as the other side lets us."""
    pings, begun, lag = venue.pings, time.monotonic(), 0.0
    for number, tick in enumerate(ticks):
        due = begun + number * TICK
        while (early := due - time.monotonic()) > 0:
            venue.attend(early)
        venue.attend(0)
        venue.say(tick.replace(_SENT_AT, b"%d" % (time.time_ns() // 1_000_000)))
        lag = max(lag, time.monotonic() - due)
        if number % 10 == 9:
            _tell({"tick": number + 1, "lag": round(lag, 3)})
    took = time.monotonic() - begun
    rate = len(ticks) * PER_TICK / took
    return {"lag": lag, "took": took, "rate": rate, "pings": venue.pings - pings}


def main() -> None:
    """Serve one client until stdin ends."""
    poured: dict[str, float] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _tell(listener.getsockname()[1])
        ticks = prepare()
        venue = Venue(listener)
        while (command := venue.attend(1.0).strip()) != b"end":
            if command == b"go":
                poured = pour(venue, ticks)
            if command in (b"go", b"report"):
                kept = {"connections": venue.connections, "ended": venue.ended}
                _tell({**poured, **kept, "tokens": venue.tokens})


if __name__ == "__main__":
    sys.exit(main())
