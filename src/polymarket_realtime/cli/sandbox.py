"""`sandbox`: a Polymarket in a box, for any client on this machine."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

import trio

from polymarket_realtime.sandbox import ReplayVenue, Sandbox, SandboxConfig, open_sandbox

from .exits import CommandFailed
from .options import sandbox_urls

__all__ = ["run_sandbox"]


async def run_sandbox(config: SandboxConfig) -> None:
    """Run the exchange until cancelled, and say on stdout how to use it.

    Raises:
        CommandFailed: The port is in use.
        SettingsError: The recording cannot be replayed.
    """
    try:
        async with open_sandbox(config) as sandbox:
            sys.stdout.write("".join(f"{line}\n" for line in _describe(sandbox)))
            sys.stdout.flush()
            await trio.sleep_forever()
    # Only what goes wrong before the sandbox's nurseries is not in a group.
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandFailed(f"cannot listen on {config.host}:{config.port}: {reason}") from error


def _describe(sandbox: Sandbox) -> Iterator[str]:
    yield "A sandbox that speaks like Polymarket. Nothing here is real."
    yield ""
    yield f"market channel  {sandbox.market_url}"
    yield f"user channel    {sandbox.user_url}"
    yield f"live data       {sandbox.rtds_url}"
    yield f"PolyBolt        {sandbox.polybolt_url}"
    yield f"sports          {sandbox.sports_url}"
    yield f"CLOB REST       {sandbox.clob_url}"
    yield f"Gamma REST      {sandbox.gamma_url}"
    yield ""
    for market in sandbox.exchange.markets:
        yield market.question
        yield f"  slug      {market.slug}"
        yield f"  condition {market.condition_id}"
        for outcome, token_id in zip(market.outcomes, market.token_ids, strict=True):
            yield f"  {outcome:9} {token_id}"
    yield ""
    if isinstance(sandbox.exchange, ReplayVenue):
        for recording in sandbox.exchange.recordings:
            yield f"replays {recording.name!r}, frames: {len(recording.frames)}"
        yield ""
    yield "Point this program at it:"
    yield from (f"  export {name}={shlex.quote(value)}" for name, value in _exports(sandbox))
    yield ""
    yield "Break it (cut, close, refuse, stall, half_open, delay, freeze; with a token"
    yield "freeze_token, lose, hold_back, corrupt; rest_down, rest_stale, rest_hang,"
    yield "rest_limit; heal):"
    yield f'  curl -d \'{{"fault": "cut"}}\' {sandbox.clob_url}/sandbox/faults'
    yield ""
    yield "Ctrl-C ends it."


def _exports(sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """The variables that lead to the sandbox; its account is invented, so nothing is secret."""
    for name, url in sandbox_urls(sandbox).items():
        yield f"POLYMARKET_{name.upper()}", url
    yield "POLYMARKET_API_KEY", sandbox.credentials.api_key
    yield "POLYMARKET_API_SECRET", sandbox.credentials.secret
    yield "POLYMARKET_PASSPHRASE", sandbox.credentials.passphrase
    yield "POLYGON_ADDRESS", sandbox.address
