"""A TLS stream that hands over all that has arrived, not one record at a time.

`trio.SSLStream.receive_some` returns at most one TLS record and passes through the scheduler for
each, although the next ones are already in memory. A venue that puts one small message in one
record then costs a task switch per message, and no batch ever forms. Only public `ssl` is used.
"""

from __future__ import annotations

import contextlib
import operator
import ssl
from collections.abc import Callable
from typing import cast, final

import trio

from .scratch import SCRATCH_SIZE, scratch

__all__ = ["DrainingTLSStream"]


@final
class DrainingTLSStream(trio.abc.Stream):
    """The client's end of a TLS connection over *transport*, which it owns.

    Call `do_handshake` before anything else. One task may receive while another sends.

    Args:
        transport: A connected stream of bytes; closed with this one.
        context: Whom to trust. A default context checks the certificate and the host name.
        server_hostname: Sent as SNI, and what the certificate must be for.
    """

    def __init__(
        self, transport: trio.abc.Stream, context: ssl.SSLContext, server_hostname: str
    ) -> None:
        self._transport = transport
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        # Into a buffer, it gives the size, which its annotation does not know.
        self._read_into = cast("Callable[[int, memoryview], int]", self._tls.read)
        # Records must leave in the order they were made, so writers of them queue up.
        self._flushing = trio.StrictFIFOLock()
        self._scratch = scratch()
        self._sending = False
        self._closed = False
        self._broken: ssl.SSLError | None = None

    async def do_handshake(self) -> None:
        """Agree on keys and check the certificate.

        Raises:
            BrokenResourceError: caused by the `ssl.SSLError` that says why, if it was TLS.
        """
        while True:
            obstacle: ssl.SSLError | None = None
            try:
                self._tls.do_handshake()
            except ssl.SSLError as exc:
                obstacle = exc
            await self._flush()  # our part of it, or the alert that tells the server why not
            if obstacle is None:
                return
            if not isinstance(obstacle, ssl.SSLWantReadError):
                raise trio.BrokenResourceError from obstacle
            await self._fill()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send. If cancelled, part of *data* may be on its way: close the stream."""
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this stream")
        if self._closed:
            raise trio.ClosedResourceError
        self._sending = True
        try:
            with memoryview(data) as rest:
                sent = 0
                while sent < len(rest):
                    sent += self._tls.write(rest[sent:])
            await self._flush()
        except ssl.SSLError as exc:
            raise trio.BrokenResourceError from exc
        finally:
            self._sending = False

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the transport takes more."""
        await self._transport.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """All that has been decrypted, at most *max_bytes* and 64 KiB; empty at the end.

        The end is also a transport that ends without TLS's own farewell, as many servers do: the
        protocol above knows whether its message was whole. If cancelled, nothing is lost.
        """
        most = SCRATCH_SIZE if max_bytes is None else operator.index(max_bytes)
        if most < 1:
            raise ValueError("max_bytes must be at least 1")
        if self._incoming.pending or self._tls.pending():
            await trio.lowlevel.checkpoint()
        while True:
            if self._closed:
                raise trio.ClosedResourceError
            if self._outgoing.pending:
                # OpenSSL's own answer, to new keys or to an end without farewell. If it cannot
                # be sent, there may still be something to receive.
                with contextlib.suppress(trio.BrokenResourceError):
                    await self._flush()
            data = self._decrypt(most)
            if data is not None:
                return data
            await self._fill()

    async def aclose(self) -> None:
        """Say farewell, without waiting for the peer's, and close the transport."""
        try:
            if not self._closed:
                self._closed = True
                # The peer's farewell has not come, or the stream is broken: both are fine here.
                with contextlib.suppress(ssl.SSLError):
                    self._tls.unwrap()
                with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self._flush()
        finally:
            await self._transport.aclose()

    def _decrypt(self, most: int) -> bytes | None:
        """Empty every record; None if more must arrive first, b"" at the end."""
        if self._broken is not None:
            raise trio.BrokenResourceError from self._broken
        incoming, tls, ended = self._incoming, self._tls, False
        room, size = self._scratch[:most], 0
        try:
            # Asked in vain, OpenSSL answers with an exception that costs as much as a record.
            while size < len(room) and (incoming.pending or tls.pending() or incoming.eof):
                length = self._read_into(len(room) - size, room[size:])
                if not length:
                    ended = True
                    break
                size += length
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLEOFError:
            ended = True
        except ssl.SSLError as exc:
            self._broken = exc
            if not size:
                raise trio.BrokenResourceError from exc
        return bytes(room[:size]) if size or ended else None

    async def _fill(self) -> None:
        arrived = await self._transport.receive_some()
        if arrived:
            self._incoming.write(arrived)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        async with self._flushing:
            if records := self._outgoing.read():
                await self._transport.send_all(records)
