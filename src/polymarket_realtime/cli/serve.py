"""`serve`: the MCP server on stdin and stdout."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import partial

from polymarket_realtime.settings import Settings

from .exits import CommandFailed, run_command, say
from .options import LogLevel, VenueOptions, log_to_stderr, open_venue

__all__ = ["run_serve", "serve"]

_HINT = (
    "Waiting for MCP on stdin. A host starts this itself, once it is added: "
    "claude mcp add polymarket-realtime -- polymarket-realtime serve"
)


def run_serve(
    options: VenueOptions, *, channel: bool = False, log_level: LogLevel = "warning"
) -> int:
    """Serve MCP until stdin ends or a signal comes; gives the exit code."""
    log_to_stderr(log_level)
    # Here, because importing the SDK takes a second that no other command should wait for.
    from polymarket_realtime.server.serve import serve_stdio  # noqa: PLC0415

    serving = partial(serve_stdio, channel=channel)
    return run_command(partial(serve, channel=channel), options, serving)


async def serve(
    options: VenueOptions, serve_stdio: Callable[[Settings], Awaitable[None]], *, channel: bool
) -> None:
    """Serve MCP until stdin ends or a signal comes.

    Credentials that cannot work cost the private tools only: one line on stderr says why, and so
    do these tools.

    Raises:
        CommandFailed: stdin or stdout is not open.
        SettingsError: A URL, or another environment variable, has a value that cannot work.
    """
    if sys.stdin is None or sys.stdout is None:
        raise CommandFailed("MCP is spoken over stdin and stdout: both must be open")
    async with open_venue(options, postpone_credentials=True) as (settings, sandbox):
        if settings.credentials_problem is not None:
            say(f"warning: no private feeds: {settings.credentials_problem}")
        if sandbox is not None:
            say(f"sandbox: {sandbox.clob_url}/ lists markets and token ids")
        if channel:
            say("channel: conditions that are met are put into the host's conversation")
        if sys.stdin.isatty():
            say(_HINT)
        await serve_stdio(settings)
