"""Counts HTTP requests, and refuses some of them with 429 if it was told to."""

from __future__ import annotations

from collections import Counter

import attrs
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RateLimit"]


@attrs.frozen
class _Refusal:
    left: int
    retry_after: float


@attrs.define(eq=False)
class RateLimit:
    """What every HTTP request passes first.

    Attributes:
        requests: How many came so far, by method and path, as in `"GET /time"`; refused ones too.
    """

    requests: Counter[str] = attrs.field(factory=Counter, init=False)
    _refusals: dict[str, _Refusal] = attrs.field(factory=dict, init=False)

    def refuse_next(self, path: str, requests: int = 1, *, retry_after: float = 1.0) -> None:
        """Answer the next requests of a path with 429; `retry_after` in seconds, 0 or more."""
        self._refusals[path] = _Refusal(requests, retry_after)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The application behind this limit."""

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            answer = app
            if scope["type"] == "http":
                self.requests[f"{scope['method']} {scope['path']}"] += 1
                answer = self._refused(scope["path"]) or app
            await answer(scope, receive, send)

        return limited

    def _refused(self, path: str) -> ASGIApp | None:
        refusal = self._refusals.get(path)
        if refusal is None or not refusal.left:
            return None
        self._refusals[path] = attrs.evolve(refusal, left=refusal.left - 1)
        return JSONResponse(
            {"error": "Too Many Requests"},
            429,
            headers={"Retry-After": f"{refusal.retry_after:g}"},
        )
