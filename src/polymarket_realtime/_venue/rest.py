"""The venue's REST: one client, polite by itself, that says what went wrong in one way.

What a signed request carries is secret: no error, log record or `repr` of this module holds a
header's value, and what the server answers goes through the caller's `scrub` first.
"""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import Enum
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Final

import attrs
import trio

from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._protocol.budget import Budget
from polymarket_realtime._venue.call import Call, Failure, Scrub, Sign
from polymarket_realtime.errors import RestFailed
from polymarket_realtime.settings import Settings

if TYPE_CHECKING:
    from polymarket_realtime._venue.attempt import Asker
    from polymarket_realtime._venue.http import Transport

__all__ = ["RestClient", "Scope", "Scrub", "Sign", "open_rest"]

log = logging.getLogger("polymarket_realtime.rest")

_TRIES: Final = 3


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


def _make_budgets() -> dict[Scope, Budget]:
    return {scope: Budget(scope.limit) for scope in Scope}


@attrs.frozen(eq=False)
class RestClient:
    """Asks, within the rate limits and within `Settings.lookup_timeout`. Made by `open_rest`."""

    settings: Settings
    _asker: Callable[[], Asker] = attrs.field(repr=False)
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
        call = Call(method, url, tuple(params), sign, body, scrub, repeat=repeat)
        deadline = trio.current_time() + self.settings.lookup_timeout
        failure: Failure | None = None
        with trio.move_on_at(deadline):
            for attempt in count():
                await self._wait_turn(scope, url, deadline)
                answer = await self._asker().ask(call)
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
        self, call: Call, failure: Failure, scope: Scope, attempt: int, deadline: float
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


def _too_late(url: str, timeout: float, failure: Failure | None) -> RestFailed:
    problem = f"no answer within {timeout:g} s"
    if failure is None:
        return RestFailed(url, problem)
    error = failure.error
    return RestFailed(url, f"{problem}; before that: {error.problem}", status=error.status)


@asynccontextmanager
async def open_rest(
    settings: Settings,
    *,
    uniform: Uniform = random.uniform,
    transport: Transport | None = None,
) -> AsyncIterator[RestClient]:
    """Hold the connections to the venue's REST. Nothing is made before the first question.

    Args:
        settings: Time limits and backoff.
        uniform: Where the jitter of the backoff comes from.
        transport: What carries the requests, in place of real connections.
    """
    async with AsyncExitStack() as opened:

        @cache
        def asker() -> Asker:
            # Here, at the first question: httpx2 takes 50 ms and some MiB, and a program that
            # knows its tokens may never ask.
            from polymarket_realtime._venue.attempt import Asker  # noqa: PLC0415
            from polymarket_realtime._venue.http import discreet_log, make_http  # noqa: PLC0415

            opened.enter_context(discreet_log())
            http = make_http(settings.user_agent, transport)
            opened.push_async_callback(http.aclose)
            return Asker(http, settings.max_message_size)

        yield RestClient(settings, asker, uniform)
