"""The WebSocket under every feed: dialled, read in batches, closed within bounds.

trio-websocket does the handshake, answers pings and closes. Two things are ours: the connection
object that it reads frames with (`frames.py`) and the TLS stream under it (`tls.py`). Together they
make one socket read one wake-up of the reader, however many messages it brought.

Foreign exceptions end here: what leaves is `ConnectFailed` or `ConnectionLost`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection
from wsproto.connection import ConnectionState
from wsproto.events import RejectConnection
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from polymarket_realtime.errors import ConnectFailed, ConnectionLost

from .frames import BatchConnection
from .tls import DrainingTLSStream

__all__ = ["TextStream", "open_text_stream"]

_READ_SIZE = 65_536
"""Most bytes of one socket read, and so about the most that a batch of small messages holds."""

_CLOSE_GRACE = 0.5
"""Seconds that the closing handshake may take."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443}


class TextStream(Protocol):
    """An open WebSocket, as the rest of the package sees it."""

    async def receive_batch(self) -> list[bytes]:
        """All whole messages of one socket read, at least one, in order, not decoded.

        Text and binary alike. If cancelled, nothing is lost.

        Raises:
            ConnectionLost: once everything that arrived before the end has been handed over.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one text frame. If cancelled, it may be half sent: leave the connection.

        Raises:
            ConnectionLost: The connection has ended, or is ending.
        """
        ...


@asynccontextmanager
async def open_text_stream(
    url: str,
    *,
    open_timeout: float,
    max_message_size: int,
    user_agent: str,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[TextStream]:
    """Dial *url*, `ws://` or `wss://`; leaving the block closes. Compression is never offered.

    Args:
        url: Host and, if need be, port, path and query.
        open_timeout: Seconds for DNS, TCP, TLS and the opening handshake together.
        max_message_size: Most bytes of one message; a longer one ends the connection with 1009.
        user_agent: The header of that name.
        ssl_context: For `wss://`. The default trusts the system's authorities and is built
            anew, which takes some 20 ms: pass one to share it between connections.

    **Resource handling:** while nobody receives, at most two batches are read ahead, and pings
    behind them wait. Leaving sends a close frame and waits at most 0.5 s for the peer's. It
    does neither if the connection is lost already or the block was cancelled.

    **Error handling:** the block runs inside a nursery, so what it raises leaves in an
    `ExceptionGroup`; catch it with `except*`. `ConnectFailed` comes bare.

    Raises:
        ConnectFailed: No WebSocket was opened; `problem` names the step that failed.
        ValueError: *url* is not one of a WebSocket.
    """
    dial = _Dial.plan(url, open_timeout, trio.current_time())
    transport = await dial.connect(ssl_context)
    connection = BatchConnection(max_message_size)
    websocket = WebSocketConnection(
        transport,
        connection,
        host=dial.authority,
        path=dial.target,
        client_extra_headers=[(b"User-Agent", user_agent.encode("ascii"))],
        receive_buffer_size=_READ_SIZE,
    )
    stream = _OpenStream(websocket, connection)
    failure: ConnectFailed | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_run_reader, websocket, name=f"read frames of {url}")
            try:
                await dial.shake_hands(stream)
            except ConnectFailed as exc:
                failure = exc  # raised below, where no nursery wraps it
            else:
                try:
                    yield stream
                finally:
                    # Shielded, or a Cancelled from here would hide what ended the block.
                    with trio.move_on_after(_close_grace(), shield=True):
                        await stream.close()
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):  # for the same reason; it never waits
            await trio.aclose_forcefully(transport)
    if failure is not None:
        raise failure


@attrs.frozen
class _OpenStream:
    """The `TextStream` that `open_text_stream` yields; its batches are those of `connection`."""

    websocket: WebSocketConnection
    connection: BatchConnection

    async def receive_batch(self) -> list[bytes]:
        try:
            return await self.next_batch()
        except ConnectionClosed as exc:
            raise self._lost() from exc

    async def send(self, text: str) -> None:
        try:
            await self.websocket.send_message(text)
        except (ConnectionClosed, LocalProtocolError) as exc:
            raise self._lost() from exc

    async def next_batch(self) -> list[bytes]:
        """As `receive_batch`, but raises `ConnectionClosed`; the first batch is empty."""
        try:
            await self.websocket.get_message()  # carries nothing: the sign that a batch waits
        except ConnectionClosed:
            # What came in one read with an offence of the peer was never announced.
            if not self.connection.batches:
                raise
        return self.connection.batches.popleft()

    async def close(self) -> None:
        """Exchange close frames, if neither end has begun to close and nothing is broken."""
        if self.connection.state is ConnectionState.OPEN:
            await self.websocket.aclose()

    def _lost(self) -> ConnectionLost:
        ours, closed = self.connection.failure, self.websocket.closed
        if ours is not None:
            return ConnectionLost(int(ours.code), ours.reason or "")
        if closed is None or closed.code == CloseReason.ABNORMAL_CLOSURE:
            return ConnectionLost(None)
        return ConnectionLost(int(closed.code), closed.reason or "")


@attrs.frozen
class _Dial:
    """One attempt to open one WebSocket."""

    url: str
    secure: bool
    host: str
    port: int
    authority: str
    """The Host header."""
    target: str
    """Path and query, as the request line holds them."""
    timeout: float
    deadline: float
    """When `timeout` is over, on Trio's clock."""

    @classmethod
    def plan(cls, url: str, timeout: float, now: float) -> _Dial:
        """Take *url* apart, or raise `ValueError`."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is not a WebSocket URL: use wss://host or ws://host")
        default = _DEFAULT_PORTS[parts.scheme]
        port = parts.port or default
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(
            url=url,
            secure=parts.scheme == "wss",
            host=parts.hostname,
            port=port,
            authority=name if port == default else f"{name}:{port}",
            target=quote(target, safe="/?%:@!$&'()*+,;=-._~"),
            timeout=timeout,
            deadline=now + timeout,
        )

    async def connect(self, ssl_context: ssl.SSLContext | None) -> trio.abc.Stream:
        """DNS, TCP and, if asked for, TLS."""
        with self._step("TCP connection"):
            transport = await trio.open_tcp_stream(self.host, self.port)
        if not self.secure:
            return transport
        stream = DrainingTLSStream(transport, ssl_context or _default_context(), self.host)
        try:
            with self._step("TLS handshake"):
                await stream.do_handshake()
        except BaseException:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(transport)
            raise
        return stream

    async def shake_hands(self, stream: _OpenStream) -> None:
        """Wait for the answer to the opening handshake, while the reader runs."""
        try:
            with self._step("WebSocket handshake"):
                await stream.next_batch()  # empty: it only says that the handshake is done
        except ConnectionClosed as exc:
            raise self._refusal(stream.connection) from exc

    def _refusal(self, connection: BatchConnection) -> ConnectFailed:
        if connection.rejection is not None:
            status = connection.rejection.status_code
            problem = f"the server refused the WebSocket handshake with HTTP {status}"
            retry_after = _retry_after(connection.rejection, datetime.now(UTC))
            return ConnectFailed(self.url, problem, status=status, retry_after=retry_after)
        if connection.failure is not None:
            problem = f"the WebSocket handshake failed: {connection.failure.reason}"
            return ConnectFailed(self.url, problem)
        return ConnectFailed(self.url, "the server hung up during the WebSocket handshake")

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        try:
            with trio.fail_at(self.deadline):
                yield
        except trio.TooSlowError as exc:
            problem = f"the {name} was not done within {self.timeout:g} s"
            raise ConnectFailed(self.url, problem) from exc
        except socket.gaierror as exc:
            raise ConnectFailed(self.url, f"the DNS lookup failed: {exc.strerror}") from exc
        except (OSError, UnicodeError, trio.BrokenResourceError) as exc:
            raise ConnectFailed(self.url, f"the {name} failed: {_root_cause(exc)}") from exc


async def _run_reader(websocket: WebSocketConnection) -> None:
    # A close frame that cannot be sent any more; the next `get_message` tells the same.
    with contextlib.suppress(ConnectionClosed):
        await websocket._reader_task()  # noqa: SLF001  # pinned by a contract test


def _close_grace() -> float:
    """Seconds for the closing handshake: none if the block was cancelled."""
    cancelled = trio.current_effective_deadline() <= trio.current_time()
    return 0.0 if cancelled else _CLOSE_GRACE


def _default_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _root_cause(exc: BaseException) -> str:
    """What went wrong at the bottom; trio reports each address it tried in a group."""
    while below := exc.exceptions[0] if isinstance(exc, BaseExceptionGroup) else exc.__cause__:
        exc = below
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {exc.verify_message}"
    if isinstance(exc, OSError) and exc.errno and not isinstance(exc, ssl.SSLError):
        return os.strerror(exc.errno)
    return str(exc) or type(exc).__name__


def _retry_after(answer: RejectConnection, now: datetime) -> float | None:
    """The header of that name in seconds from *now*; it holds seconds or a date. RFC 9110."""
    value = dict(answer.headers).get(b"retry-after", b"").decode("ascii", "replace").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
