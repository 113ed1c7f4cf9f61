"""One try of one question, over httpx2: what it brought, or what was wrong.

Foreign exceptions end here, and so do secrets: see `rest.py`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import attrs
import httpx2

from polymarket_realtime._codec.account import decode_error
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._protocol.budget import parse_retry_after
from polymarket_realtime._venue.call import Call, Failure, Scrub
from polymarket_realtime._venue.http import root_cause
from polymarket_realtime.errors import RestFailed, Unauthorized

__all__ = ["Asker"]

_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses that may be better a second later."""

_LONGEST_WORDS: Final = 200
_JSON: Final = {"content-type": "application/json"}

_SHORTEST_SECRET: Final = 16
"""A header's value of at least this length is cut out of what a server says. Shorter ones are
numbers and times, which stand for themselves."""


@attrs.frozen(eq=False)
class Asker:
    """Asks once at a time.

    Attributes:
        http: The connections.
        max_message_size: Bytes of the longest answer that is read.
    """

    http: httpx2.AsyncClient = attrs.field(repr=False)
    max_message_size: int

    async def ask(self, call: Call) -> bytes | Failure:
        """One request; the body of its answer, or what was wrong. No foreign error leaves."""
        headers = {} if call.sign is None else await call.sign()
        for name, value in headers.items():
            # Lower floors would refuse it too, and repeat it in their errors and logs.
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise RestFailed(call.url, f"the value of {name} cannot be sent in a header")
        try:
            async with self.http.stream(
                call.method,
                call.url,
                params=httpx2.QueryParams(list(call.params)) if call.params else None,
                headers={**headers, **(_JSON if call.body else {})},
                content=call.body,
                follow_redirects=False,
            ) as response:
                body = await self._read(response)
        except httpx2.HTTPError as error:
            return _break(call, error, headers)
        if body is None:
            limit = self.max_message_size
            return Failure(RestFailed(call.url, f"an answer of more than {limit} bytes"))
        if response.is_success:
            return call.scrub(body)
        return _refusal(call, response, _words(decode_error(body), call.scrub, headers))

    async def _read(self, response: httpx2.Response) -> bytes | None:
        """The body, or None if it is longer than a message may be."""
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self.max_message_size:
                    return None
        return bytes(body)


def _break(call: Call, error: httpx2.HTTPError, headers: Mapping[str, str]) -> Failure:
    root = root_cause(error)
    said, passing = str(error) or str(root), True
    if isinstance(root, ssl.SSLCertVerificationError):
        said, passing = f"the certificate was not accepted: {root.verify_message}", False
    return Failure(
        RestFailed(call.url, _words(said, call.scrub, headers) or type(root).__name__),
        passing=passing,
        unprocessed=isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout),
    )


def _refusal(call: Call, response: httpx2.Response, words: str) -> Failure:
    status = response.status_code
    asked = parse_retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
    error_type = Unauthorized if status == 401 else RestFailed
    problem = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    return Failure(
        error_type(call.url, problem, status=status, retry_after=asked),
        passing=status in _PASSING,
        unprocessed=status == 429,
    )


def _words(text: str, scrub: Scrub, headers: Mapping[str, str]) -> str:
    """What somebody else said: short, printable, and without what we had said to them."""
    for name, value in headers.items():
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"<{name}>")
    text = scrub(text.encode(errors="replace")).decode(errors="replace")
    return plain_text(text, _LONGEST_WORDS)
