"""The venue's REST: one client, polite by itself, that says what went wrong in one way.

What a signed request carries is secret: no error, log record or `repr` of this module holds a
header's value, and what the server answers goes through the caller's `scrub` first.
"""

from __future__ import annotations

import logging
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from itertools import count
from typing import Final

import attrs
import httpx2
import trio

from polymarket_realtime._codec.account import decode_error
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.budget import Budget, parse_retry_after
from polymarket_realtime._venue.http import open_http, root_cause
from polymarket_realtime.errors import RestFailed, Unauthorized
from polymarket_realtime.settings import Settings

__all__ = ["RestClient", "Scope", "Scrub", "Sign", "open_rest"]

log = logging.getLogger("polymarket_realtime.rest")

Sign = Callable[[], Awaitable[Mapping[str, str]]]
"""Gives the headers of one try: signatures hold the time, so each try needs its own."""

Scrub = Callable[[bytes], bytes]

_TRIES: Final = 3
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses that may be better a second later."""

_LONGEST_WORDS: Final = 200
_JSON: Final = {"content-type": "application/json"}

_SHORTEST_SECRET: Final = 16
"""A header's value of at least this length is cut out of what a server says. Shorter ones are
numbers and times, which stand for themselves."""


class Scope(Enum):
    """Paths that share one of the venue's rate limits, and how many requests we allow in 10 s.

    At most half of what is published: one address may run more than one program. Source:
    docs.polymarket.com, "Rate Limits".
    """

    GAMMA_MARKETS = ("gamma markets", 150)
    """Of 300."""
    LEDGER = ("ledger", 250)
    """Orders and trades, of 500 each and 900 together."""
    AUTH = ("auth", 50)
    """Of 100."""
    CLOB = ("clob", 100)
    """Everything public; the least of its limits is 200."""

    @property
    def limit(self) -> int:
        """Requests in 10 s."""
        return self.value[1]


@attrs.frozen
class _Call:
    """What is asked, however often."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...]
    sign: Sign | None
    body: bytes
    scrub: Scrub
    repeat: bool


@attrs.frozen
class _Failure:
    """How one try failed.

    Attributes:
        passing: Whether another try may succeed.
        unprocessed: Whether the server has certainly done nothing.
    """

    error: RestFailed
    passing: bool = False
    unprocessed: bool = False

    def may_repeat(self, call: _Call) -> bool:
        return call.repeat and self.passing and (call.method == "GET" or self.unprocessed)


def _make_budgets() -> dict[Scope, Budget]:
    return {scope: Budget(scope.limit) for scope in Scope}


@attrs.frozen(eq=False)
class RestClient:
    """Asks, within the rate limits and within `Settings.lookup_timeout`. Made by `open_rest`."""

    settings: Settings
    _http: httpx2.AsyncClient = attrs.field(repr=False)
    _uniform: Uniform = attrs.field(repr=False)
    _budgets: dict[Scope, Budget] = attrs.field(factory=_make_budgets, init=False, repr=False)

    async def request(
        self,
        method: str,
        url: str,
        *,
        scope: Scope,
        params: Sequence[tuple[str, str]] = (),
        sign: Sign | None = None,
        body: bytes = b"",
        scrub: Scrub = bytes,
        repeat: bool = True,
    ) -> bytes:
        """Ask, and ask again if that can help: a GET at most three times.

        Anything but GET is repeated only if the server certainly did nothing: it said 429, or
        no connection was opened. Redirects are not followed.

        Args:
            method: In capitals.
            url: Without a query.
            scope: Whose rate limit this counts towards. After a 429 all of it waits.
            params: The query.
            sign: Gives each try its headers.
            body: JSON, sent as it is.
            repeat: Whether to ask again at all; callers with a budget of their own count each try.
            scrub: What everything that the server says goes through before it is looked at.

        Returns:
            The body of the answer, whose status is 200 to 299.

        Raises:
            Unauthorized: The server said 401.
            RestFailed: It said something else, or nothing in time. `retry_after` is set if it
                asked for a longer wait than the rest of the time allows.
        """
        call = _Call(method, url, tuple(params), sign, body, scrub, repeat=repeat)
        deadline = trio.current_time() + self.settings.lookup_timeout
        failure: _Failure | None = None
        with trio.move_on_at(deadline):
            for attempt in count():
                await self._wait_turn(scope, url, deadline)
                answer = await self._try(call)
                if isinstance(answer, bytes):
                    return answer
                failure = answer
                await self._wait_to_repeat(call, failure, scope, attempt, deadline)
        raise _too_late(url, self.settings.lookup_timeout, failure)

    async def _wait_turn(self, scope: Scope, url: str, deadline: float) -> None:
        budget = self._budgets[scope]
        # In turns: when the window opens, several may have been waiting for it.
        while (ready := budget.ready_at(now := trio.current_time())) > now:
            if ready >= deadline:
                wait = ready - now
                problem = f"too many requests; the next may go in {wait:.1f} s"
                raise RestFailed(url, problem, retry_after=wait)
            await trio.sleep_until(ready)
        budget.take(now)

    async def _wait_to_repeat(
        self, call: _Call, failure: _Failure, scope: Scope, attempt: int, deadline: float
    ) -> None:
        error, now = failure.error, trio.current_time()
        delay = max(
            self.settings.backoff.delay(attempt, self._uniform),
            error.retry_after or 0.0,
        )
        if error.status == 429:
            # Not longer than any other wait: a server may ask for years.
            self._budgets[scope].pause(now + min(delay, self.settings.backoff_maximum))
        last = attempt + 1 == _TRIES or not failure.may_repeat(call)
        if last or now + delay >= deadline:
            raise error
        log.info("%s %s: %s; again in %.1f s", call.method, call.url, error.problem, delay)
        await trio.sleep(delay)

    async def _try(self, call: _Call) -> bytes | _Failure:
        """One request; the body of its answer, or what was wrong. No foreign error leaves."""
        headers = {} if call.sign is None else await call.sign()
        for name, value in headers.items():
            # Lower floors would refuse it too, and repeat it in their errors and logs.
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise RestFailed(call.url, f"the value of {name} cannot be sent in a header")
        try:
            async with self._http.stream(
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
            limit = self.settings.max_message_size
            return _Failure(RestFailed(call.url, f"an answer of more than {limit} bytes"))
        if response.is_success:
            return call.scrub(body)
        return _refusal(call, response, _words(decode_error(body), call.scrub, headers))

    async def _read(self, response: httpx2.Response) -> bytes | None:
        """The body, or None if it is longer than a message may be."""
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self.settings.max_message_size:
                    return None
        return bytes(body)


def _break(call: _Call, error: httpx2.HTTPError, headers: Mapping[str, str]) -> _Failure:
    root = root_cause(error)
    said, passing = str(error) or str(root), True
    if isinstance(root, ssl.SSLCertVerificationError):
        said, passing = f"the certificate was not accepted: {root.verify_message}", False
    return _Failure(
        RestFailed(call.url, _words(said, call.scrub, headers) or type(root).__name__),
        passing=passing,
        unprocessed=isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout),
    )


def _refusal(call: _Call, response: httpx2.Response, words: str) -> _Failure:
    status = response.status_code
    asked = parse_retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
    error_type = Unauthorized if status == 401 else RestFailed
    problem = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    return _Failure(
        error_type(call.url, problem, status=status, retry_after=asked),
        passing=status in _PASSING,
        unprocessed=status == 429,
    )


def _too_late(url: str, timeout: float, failure: _Failure | None) -> RestFailed:
    problem = f"no answer within {timeout:g} s"
    if failure is None:
        return RestFailed(url, problem)
    error = failure.error
    return RestFailed(url, f"{problem}; before that: {error.problem}", status=error.status)


def _words(text: str, scrub: Scrub, headers: Mapping[str, str]) -> str:
    """What somebody else said: short, printable, and without what we had said to them."""
    for name, value in headers.items():
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"<{name}>")
    text = scrub(text.encode(errors="replace")).decode(errors="replace")
    return plain_text(text, _LONGEST_WORDS)


@asynccontextmanager
async def open_rest(
    settings: Settings,
    *,
    uniform: Uniform = random.uniform,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[RestClient]:
    """Hold the connections to the venue's REST. Nothing is dialled before the first question.

    Args:
        settings: Time limits and backoff.
        uniform: Where the jitter of the backoff comes from.
        transport: What carries the requests, in place of real connections.
    """
    async with open_http(settings.user_agent, transport) as http:
        yield RestClient(settings, http, uniform)
