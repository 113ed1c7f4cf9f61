"""One WebSocket connection without a network: whole messages in place of bytes, the same faults."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import attrs
import trio
from starlette.types import ASGIApp, Message, Scope

from polymarket_realtime.errors import ConnectFailed, ConnectionLost

from .faults import Faults, Link, Mode
from .frame_filter import is_heartbeat

__all__ = ["HUNG_UP", "MemoryLink"]

CAPACITY = 1_048_576
"""Bytes that may be on their way to a client; then the server waits, and soon counts it as slow."""

UPWARD = 64
"""Messages that may be on their way to the server."""

HUNG_UP = "the server hung up during the WebSocket handshake"

Item = bytes | Callable[[], None]
"""On its way to the client: a text, or what a control frame does when it arrives."""


@attrs.define(eq=False, kw_only=True)
class MemoryLink(Link):
    """A connection, with the methods of either end.

    The client's end is a stream of texts: `wait_open`, `receive_batch`, `send`, `probe`, `leave`.
    The server's end is `run`, which lets an ASGI application serve it.

    Attributes:
        url: What was dialled.
        faults: What happens to everything on its way.
    """

    url: str
    faults: Faults
    _answered: trio.Event = attrs.field(factory=trio.Event, init=False)
    _refusal: ConnectFailed | None = attrs.field(default=None, init=False)
    _ending: tuple[int | None, str] | None = attrs.field(default=None, init=False)
    """Code and reason, as the client learned them."""
    _inbox: list[bytes] = attrs.field(factory=list, init=False)
    _late: deque[tuple[float, Item]] = attrs.field(factory=deque, init=False)
    _unread: int = attrs.field(default=0, init=False)
    """Bytes on their way to the client and in its inbox."""
    _silent: bool = attrs.field(default=False, init=False)
    """Whether nothing more will come from the server."""
    _probes: list[trio.Event] = attrs.field(factory=list, init=False)
    _reader: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _carrier: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _sender: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _up_in: trio.MemorySendChannel[Message] = attrs.field(init=False)
    _up_out: trio.MemoryReceiveChannel[Message] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._up_in, self._up_out = trio.open_memory_channel[Message](UPWARD)
        self._up_in.send_nowait({"type": "websocket.connect"})

    # The client's end

    async def wait_open(self, seconds: float) -> None:
        """Wait for the answer to the opening handshake.

        Raises:
            ConnectFailed: There is none after so many seconds, or the server does not want to.
        """
        with trio.move_on_after(seconds) as patience:
            await self._answered.wait()
        if patience.cancelled_caught:
            problem = f"the WebSocket handshake was not done within {seconds:g} s"
            raise ConnectFailed(self.url, problem)
        if self._refusal is not None:
            raise self._refusal

    async def receive_batch(self) -> list[bytes]:
        """All texts that have arrived, at least one. If cancelled, nothing is lost.

        Raises:
            ConnectionLost: Once everything that arrived before the end has been handed over.
        """
        if self._inbox:
            await trio.lowlevel.checkpoint()
        while not self._inbox:
            self._check_open()
            await self._reader.park()
        batch, self._inbox = self._inbox, []
        self._make_room(sum(map(len, batch)))
        return batch

    async def send(self, text: str) -> None:
        """Send one text; ConnectionLost if the connection has ended."""
        self._check_open()
        if self.faults.swallows(self):
            await trio.lowlevel.checkpoint()
            return
        try:
            await self._up_in.send({"type": "websocket.receive", "text": text})
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._lose(None)
            self._check_open()

    async def probe(self) -> None:
        """Wait for the answer to a ping of the WebSocket protocol, which the server owes at once.

        Raises:
            ConnectionLost: The connection has ended.
        """
        self._check_open()
        answer = trio.Event()
        self._probes.append(answer)
        try:
            if not self.faults.swallows(self):
                self._push(answer.set)
            await answer.wait()
        finally:
            self._probes.remove(answer)
        self._check_open()

    def leave(self) -> None:
        """Hang up. Whatever the faults, the server notices; nobody waits for it."""
        self._lose(None if self.faults.swallows(self) else 1000)
        self.part()

    # The server's end

    async def run(self, app: ASGIApp) -> None:
        """Let the application serve this connection until either end is gone."""
        try:
            with self.faults.track(self), self.whole:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._serve, app)
                    await self._carry()
                    nursery.cancel_scope.cancel()
        finally:
            self._lose(None)
            self._up_out.close()

    async def _serve(self, app: ASGIApp) -> None:
        with self.reading:
            await app(self._scope(), self._receive, self._send)
        self._silent = True
        self._carrier.unpark_all()

    def _scope(self) -> Scope:
        parts = urlsplit(self.url)
        path = parts.path or "/"
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "server": (parts.hostname, parts.port),
            "client": ("127.0.0.1", self.port),
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(b"host", parts.netloc.encode())],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }

    async def _receive(self) -> Message:
        try:
            return await self._up_out.receive()
        except trio.EndOfChannel:
            code, reason = self._ending or (None, "")
            return {"type": "websocket.disconnect", "code": code or 1006, "reason": reason}

    async def _send(self, message: Message) -> None:
        """Take what the application says.

        No checkpoint as long as there is room: what a session has queued arrives as one batch.
        """
        match message["type"]:
            case "websocket.send":
                data = message["text"].encode()
                while self._unread >= CAPACITY:
                    await self._sender.park()
                self._unread += len(data)
                self._push(data)
            case "websocket.accept":
                self._push(self._answered.set)
            case "websocket.close":
                self._push(partial(self._hear_close, message["code"], message.get("reason") or ""))
            case "websocket.http.response.start":
                self._push(partial(self._hear_refusal, message["status"]))

    # Between them

    def _push(self, item: Item) -> None:
        """Send something on its way to the client, where it is at once if nothing is wrong."""
        if self._late or not self.faults.is_clear(self):
            self._late.append((trio.current_time() + self.faults.latency_of(self), item))
            self._carrier.unpark_all()
        else:
            self._arrive(item)

    async def _carry(self) -> None:
        """Bring what is late to the client, in order, until nothing more can come."""
        while self._late or not self._silent:
            if not self._late:
                await self._carrier.park()
                continue
            await self.faults.wait_due(self._late[0][0], self)
            # All that is due at once arrives at once, as one read brings it from a socket.
            while self._late and self._late[0][0] <= trio.current_time():
                _, item = self._late.popleft()
                if not self.faults.swallows(self):
                    self._arrive(item)
                elif isinstance(item, bytes):
                    self._make_room(len(item))
        await self.faults.wait_until_seen(self)

    def _arrive(self, item: Item) -> None:
        if not isinstance(item, bytes):
            item()
        elif self._ending is not None or (
            self.faults.mode_of(self) is Mode.FROZEN and not is_heartbeat(item)
        ):
            self._make_room(len(item))
        else:
            self._inbox.append(item)
            self._reader.unpark_all()

    def _make_room(self, size: int) -> None:
        self._unread -= size
        self._sender.unpark_all()

    def _hear_close(self, code: int, reason: str) -> None:
        """A close frame is answered at once; in place of an answer to the dial it refuses it."""
        if self._answered.is_set():
            self._lose(code, reason)
        else:
            self._hear_refusal(403)

    def _hear_refusal(self, status: int) -> None:
        problem = f"the server refused the WebSocket handshake with HTTP {status}"
        self._refusal = ConnectFailed(self.url, problem, status=status)
        self._lose(None)

    def _lose(self, code: int | None, reason: str = "") -> None:
        """The client learns that this is over, unless it knows already; the server hears of it."""
        if self._ending is not None:
            return
        self._ending = (code, reason)
        if not self._answered.is_set():
            self._refusal = self._refusal or ConnectFailed(self.url, HUNG_UP)
            self._answered.set()
        self._up_in.close()
        self._reader.unpark_all()
        for probe in self._probes:
            probe.set()

    def _check_open(self) -> None:
        if self._ending is not None:
            raise ConnectionLost(*self._ending)
