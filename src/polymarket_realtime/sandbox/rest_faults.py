"""Faults of the public CLOB endpoints: down, behind the times, hanging, or too busy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import attrs
import trio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .exchange import Exchange
from .replay import ReplayVenue

__all__ = ["RestFaults"]

Endpoint = Callable[[Request], Awaitable[Response]]


@attrs.define(eq=False)
class RestFaults:
    """The switches. All take effect at once and none waits.

    `down`, `hang` and `limit` replace each other; old books can be had besides. WebSockets, Gamma,
    API keys and the account are not affected.

    Attributes:
        injected: How many faults were switched on so far.
    """

    _venue: Exchange | ReplayVenue
    injected: int = attrs.field(default=0, init=False)
    _state: Literal["up", "down", "hanging", "limited"] = attrs.field(default="up", init=False)
    _retry_after: float = attrs.field(default=0.0, init=False)
    _old: dict[str, dict[str, Any] | None] = attrs.field(factory=dict, init=False)
    _all_old: bool = attrs.field(default=False, init=False)
    _changed: trio.Event = attrs.field(factory=trio.Event, init=False)

    def down(self) -> None:
        """Answer everything with 503."""
        self._switch("down")

    def hang(self) -> None:
        """Answer nothing; who still waits when another switch is made is answered then."""
        self._switch("hanging")

    def limit(self, retry_after: float) -> None:
        """Answer everything with 429; `retry_after` in seconds.

        Raises:
            ValueError: `retry_after` is negative or no number.
        """
        if not retry_after >= 0:
            raise ValueError(f"{retry_after} is not seconds to wait, 0 or more")
        self._retry_after = retry_after
        self._switch("limited")

    def stale(self, tokens: Iterable[str] | None = None) -> None:
        """From now on, answer by books as they are at this moment: of these tokens, or of all.

        What has no book at this moment does not get one.
        """
        self.injected += 1
        if tokens is None:
            self._all_old = True
            tokens = [token for market in self._venue.markets for token in market.token_ids]
        self._old |= {token: self._venue.book(token) for token in tokens}

    def heal(self) -> None:
        """End all of them."""
        self._old.clear()
        self._all_old = False
        self._set("up")

    # For the endpoints

    def book(self, token: str) -> dict[str, Any] | None:
        """The book that answers are made of, or None for a token that has none."""
        if token in self._old or self._all_old:
            return self._old.get(token)
        return self._venue.book(token)

    def guard(self, endpoint: Endpoint) -> Endpoint:
        """An endpoint that is subject to these faults."""

        async def answer(request: Request) -> Response:
            if self._state == "hanging":
                await self._wait_while_hanging(request)
            if self._state == "limited":
                headers = {"Retry-After": f"{self._retry_after:g}"}
                return JSONResponse({"error": "Too Many Requests"}, 429, headers)
            if self._state != "up":
                return JSONResponse({"error": "Service Unavailable"}, 503)
            return await endpoint(request)

        return answer

    async def _wait_while_hanging(self, request: Request) -> None:
        """Return when this is over, or when the client has gone."""
        await request.body()  # kept for the endpoint; what comes after it is the client's leaving
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_wait_gone, request, nursery.cancel_scope)
            while self._state == "hanging":
                await self._changed.wait()
            nursery.cancel_scope.cancel()

    def _switch(self, state: Literal["down", "hanging", "limited"]) -> None:
        self.injected += 1
        self._set(state)

    def _set(self, state: Literal["up", "down", "hanging", "limited"]) -> None:
        self._state = state
        self._changed.set()
        self._changed = trio.Event()


async def _wait_gone(request: Request, scope: trio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
