"""HTTP without a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx2
import trio

__all__ = ["Handler", "Query", "make_transport"]

Query = Sequence[tuple[str, str]]

Handler = Callable[[str, str, Query, bytes], tuple[int, bytes]]
"""From method, path, query and body to the status and the body of the answer."""


def make_transport(handler: Handler) -> httpx2.AsyncBaseTransport:
    """Carries every request to a function, whatever its host."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        await trio.lowlevel.checkpoint()
        url = request.url
        status, body = handler(
            request.method, url.path, url.params.multi_items(), await request.aread()
        )
        return httpx2.Response(status, content=body, headers={"content-type": "application/json"})

    return httpx2.MockTransport(answer)
