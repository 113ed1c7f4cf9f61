"""One attempt to open a WebSocket: DNS, TCP, TLS and the opening handshake, each told by name.

Foreign exceptions of these steps end here: what leaves is `ConnectFailed`.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import attrs
import trio

from polymarket_realtime._model.text import plain_text
from polymarket_realtime._protocol.budget import parse_retry_after
from polymarket_realtime.errors import ConnectFailed

from .inflow import wait_before_reading
from .tls import DrainingTLSStream

__all__ = ["Dial"]

_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_LONGEST_WORDS = 200


@attrs.frozen
class Dial:
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
    def plan(cls, url: str, timeout: float, now: float) -> Dial:
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
        with self.step("TCP connection"):
            transport = wait_before_reading(await trio.open_tcp_stream(self.host, self.port))
        if not self.secure:
            return transport
        stream = DrainingTLSStream(transport, ssl_context or _default_context(), self.host)
        try:
            with self.step("TLS handshake"):
                await stream.do_handshake()
        except BaseException:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(transport)
            raise
        return stream

    def refused(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> ConnectFailed:
        """The opening handshake was answered with a status that is no welcome."""
        problem = f"the server refused the WebSocket handshake with HTTP {status}"
        retry_after = _retry_after(headers, datetime.now(UTC))
        return ConnectFailed(self.url, problem, status=status, retry_after=retry_after)

    def failed(self, problem: str) -> ConnectFailed:
        """The opening handshake was answered with something else, which may be repeated here."""
        said = plain_text(problem, _LONGEST_WORDS)
        return ConnectFailed(self.url, f"the WebSocket handshake failed: {said}")

    def hung_up(self) -> ConnectFailed:
        """The opening handshake was not answered at all."""
        return ConnectFailed(self.url, "the server hung up during the WebSocket handshake")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do one step in the time that is left; whatever goes wrong becomes a `ConnectFailed`."""
        try:
            with trio.fail_at(self.deadline):
                yield
        except trio.TooSlowError as exc:
            problem = f"the {name} was not done within {self.timeout:g} s"
            raise ConnectFailed(self.url, problem) from exc
        except socket.gaierror as exc:
            raise ConnectFailed(self.url, f"the DNS lookup failed: {exc.strerror}") from exc
        except (OSError, UnicodeError, trio.BrokenResourceError) as exc:
            # The peer's certificate, and what a library repeats of its answer, are its words.
            cause = plain_text(_root_cause(exc), _LONGEST_WORDS)
            raise ConnectFailed(self.url, f"the {name} failed: {cause}") from exc


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


def _retry_after(headers: Iterable[tuple[bytes, bytes]], now: datetime) -> float | None:
    value = dict(headers).get(b"retry-after", b"")
    return parse_retry_after(value.decode("ascii", "replace"), now)
