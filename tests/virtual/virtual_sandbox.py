"""A sandbox in memory on the virtual clock: its wall, its HTTP, and settings that lead to it."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
import trio

from polymarket_realtime import Credentials, Secret, Settings
from polymarket_realtime.sandbox import MemorySandbox, Sandbox

__all__ = ["T0", "asgi_transport", "settings_of_memory", "virtual_wall"]

T0 = 1_791_072_000.0
"""Seconds since the epoch when Trio's clock shows 0: midnight of 2026-10-04, UTC."""

URLS = (
    *("market_url", "user_url", "rtds_url", "polybolt_url", "sports_url"),
    *("clob_url", "gamma_url"),
)


def virtual_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `time.time` follow Trio's clock while there is one, from `T0` on."""
    real = time.time

    def now() -> float:
        try:
            return T0 + trio.current_time()
        except RuntimeError:  # outside of a run
            return real()

    monkeypatch.setattr(time, "time", now)


def asgi_transport(app: Any) -> httpx2.AsyncBaseTransport:
    """Carries requests to an ASGI application; what it refuses is a `ConnectError`."""
    return _MemoryTransport(app)


def settings_of_memory(
    opened: MemorySandbox | Sandbox, *, account: bool = False, **changes: Any
) -> Settings:
    """The settings of production, waits included, for they cost nothing here."""
    sandbox = opened.sandbox if isinstance(opened, MemorySandbox) else opened
    values: dict[str, Any] = {name: getattr(sandbox, name) for name in URLS}
    if account:
        given = sandbox.credentials
        values["address"] = sandbox.address
        values["credentials"] = Credentials(
            api_key=Secret(given.api_key),
            secret=Secret(given.secret),
            passphrase=Secret(given.passphrase),
        )
    return Settings(**(values | changes))


class _MemoryTransport(httpx2.AsyncBaseTransport):
    def __init__(self, app: Any) -> None:
        self._inner = httpx2.ASGITransport(app)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await trio.lowlevel.checkpoint()
        try:
            return await self._inner.handle_async_request(request)
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
