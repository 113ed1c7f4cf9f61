"""Options that several commands share."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import attrs

from polymarket_realtime._model.credentials import (
    CREDENTIAL_VARIABLES,
    Credentials,
    Secret,
    Wallet,
)
from polymarket_realtime.settings import Settings

from .exits import CommandFailed, say
from .text import printable

if TYPE_CHECKING:
    from polymarket_realtime.sandbox import Sandbox

__all__ = ["LogLevel", "Part", "VenueOptions", "log_to_stderr", "open_venue", "sandbox_urls"]

LogLevel = Literal["debug", "info", "warning", "error"]

Part = Literal["api-key", "secret", "passphrase", "address", "all"]
"""Of what `credentials derive` exports."""


@attrs.frozen(kw_only=True)
class VenueOptions:
    """Where the data comes from.

    There is none for a secret, because every user of the machine can see a process's arguments.

    Attributes:
        sandbox: Use a built-in exchange with invented markets and an account of its own, and no
            credentials of yours.
        market_url: WebSocket of the market channel; ws:// for this machine only.
        user_url: WebSocket of the user channel, for one's own orders; likewise.
        rtds_url: WebSocket of the live data: everybody's trades, comments; likewise.
        polybolt_url: WebSocket of the reference prices for users with credentials; likewise.
        sports_url: WebSocket of the sports channel; likewise.
        clob_url: Base of the CLOB's REST.
        gamma_url: Base of Gamma's REST, which knows the markets' names.
    """

    sandbox: bool = False
    market_url: str | None = None
    user_url: str | None = None
    rtds_url: str | None = None
    polybolt_url: str | None = None
    sports_url: str | None = None
    clob_url: str | None = None
    gamma_url: str | None = None

    @property
    def urls(self) -> dict[str, Any]:
        """The URLs that were given, by the names of `Settings`."""
        given = attrs.asdict(self, filter=lambda field, _: field.name != "sandbox")
        return {name: url for name, url in given.items() if url is not None}


@asynccontextmanager
async def open_venue(
    options: VenueOptions, *, postpone_credentials: bool = False, wallet_only: bool = False
) -> AsyncIterator[tuple[Settings, Sandbox | None]]:
    """The settings to use, and the sandbox behind them if there is one.

    A sandbox comes with an account. The one in the environment is then not even read: what is
    secret there is nothing for a sandbox.

    Args:
        options: What was asked for.
        postpone_credentials: As in `Settings.from_environ`.
        wallet_only: Leave API credentials aside, so that they can be derived.

    Raises:
        CommandFailed: Both a sandbox and a URL were asked for.
        SettingsError: A URL, or an environment variable, has a value that cannot work.
        CredentialsError: The same of the account, unless postponed.
    """
    if not options.sandbox:
        left_out = CREDENTIAL_VARIABLES if wallet_only else ()
        environ = {name: text for name, text in os.environ.items() if name not in left_out}
        settings = Settings.from_environ(
            environ, postpone_credentials=postpone_credentials, **options.urls
        )
        yield settings, None
        return
    if options.urls:
        name = next(iter(options.urls)).replace("_", "-")
        raise CommandFailed(f"--sandbox and --{name} exclude each other")
    # Here, because it takes a quarter of a second that nobody else should wait for.
    from polymarket_realtime.sandbox import SandboxConfig, open_sandbox  # noqa: PLC0415

    async with open_sandbox(SandboxConfig()) as sandbox:
        account = _wallet_of(sandbox) if wallet_only else _credentials_of(sandbox)
        yield Settings.from_environ(os.environ, **(account | sandbox_urls(sandbox))), sandbox


def _credentials_of(sandbox: Sandbox) -> dict[str, Any]:
    given = sandbox.credentials
    credentials = Credentials(
        api_key=Secret(given.api_key),
        secret=Secret(given.secret),
        passphrase=Secret(given.passphrase),
    )
    return {"credentials": credentials, "address": sandbox.address}


def _wallet_of(sandbox: Sandbox) -> dict[str, Any]:
    private_key = Secret(sandbox.wallet_key.removeprefix("0x"))
    return {"wallet": Wallet(private_key=private_key, address=sandbox.address)}


def sandbox_urls(sandbox: Sandbox) -> dict[str, str]:
    """Where a sandbox listens, by the names of `Settings`."""
    return {
        "market_url": sandbox.market_url,
        "user_url": sandbox.user_url,
        "rtds_url": sandbox.rtds_url,
        "polybolt_url": sandbox.polybolt_url,
        "sports_url": sandbox.sports_url,
        "clob_url": sandbox.clob_url,
        "gamma_url": sandbox.gamma_url,
    }


class _StderrHandler(logging.Handler):
    """Writes to what stderr is at the time: a live table replaces it and makes room for lines."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


class _PlainFormatter(logging.Formatter):
    """One line a record, whatever words of the venue are in it; a traceback keeps its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        return printable(super().formatMessage(record))


def log_to_stderr(level: LogLevel) -> None:
    """Send log records of this level and above to stderr; of libraries, warnings at most."""
    handler = _StderrHandler()
    handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("polymarket_realtime").setLevel(level.upper())
