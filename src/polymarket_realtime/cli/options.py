"""Options that several commands share."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import attrs
from cyclopts import Parameter

from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox
from polymarket_realtime.settings import Settings

from .exits import CommandFailed, say

__all__ = ["Flag", "LogLevel", "VenueOptions", "log_to_stderr", "open_venue", "sandbox_urls"]

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option that is given or not; there is no `--no-…`."""

LogLevel = Literal["debug", "info", "warning", "error"]


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class VenueOptions:
    """Where the data comes from.

    Attributes:
        sandbox: Use a built-in exchange with invented markets instead of the venue.
        market_url: WebSocket of the market channel; ws:// for this machine only.
        clob_url: Base of the CLOB's REST.
        gamma_url: Base of Gamma's REST, which knows the markets' names.
    """

    sandbox: Flag = False
    market_url: str | None = None
    clob_url: str | None = None
    gamma_url: str | None = None

    @property
    def urls(self) -> dict[str, str]:
        """The URLs that were given, by the names of `Settings`."""
        given = attrs.asdict(self, filter=lambda field, _: field.name != "sandbox")
        return {name: url for name, url in given.items() if url is not None}


@asynccontextmanager
async def open_venue(options: VenueOptions) -> AsyncIterator[tuple[Settings, Sandbox | None]]:
    """The settings to use, and the sandbox behind them if there is one.

    Raises:
        CommandFailed: Both a sandbox and a URL were asked for.
        SettingsError: A URL, or an environment variable, has a value that cannot work.
    """
    if not options.sandbox:
        yield Settings.from_environ(os.environ, **options.urls), None
        return
    if options.urls:
        name = next(iter(options.urls)).replace("_", "-")
        raise CommandFailed(f"--sandbox and --{name} exclude each other")
    async with open_sandbox(SandboxConfig()) as sandbox:
        yield Settings.from_environ(os.environ, **sandbox_urls(sandbox)), sandbox


def sandbox_urls(sandbox: Sandbox) -> dict[str, str]:
    """Where a sandbox listens, by the names of `Settings`."""
    return {
        "market_url": sandbox.market_url,
        "clob_url": sandbox.clob_url,
        "gamma_url": sandbox.gamma_url,
    }


class _StderrHandler(logging.Handler):
    """Writes to what stderr is at the time: a live table replaces it and makes room for lines."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


def log_to_stderr(level: LogLevel) -> None:
    """Send log records of this level and above to stderr; of libraries, warnings at most."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[_StderrHandler()]
    )
    logging.getLogger("polymarket_realtime").setLevel(level.upper())
