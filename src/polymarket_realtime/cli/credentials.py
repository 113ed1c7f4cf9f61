"""`credentials derive`: the API credentials that belong to a wallet, for the environment.

stdout gets what was asked to be exported and nothing else, so that a shell can evaluate it.
Everything else is said on stderr, and none of it is secret.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection
from contextlib import suppress
from typing import Final

import trio

from polymarket_realtime._model.credentials import (
    CREDENTIAL_VARIABLES,
    WALLET_VARIABLES,
    Credentials,
)
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime.errors import NoApiKey

from .exits import CommandFailed, run_until_signal, say
from .options import Part, VenueOptions, open_venue
from .output import write_stdout

__all__ = ["derive", "derive_until_signal"]

_LONGEST_ANSWER: Final = 1024


async def derive_until_signal(
    options: VenueOptions, parts: Collection[Part], *, create: bool
) -> None:
    """Do `derive`, unless a signal ends it.

    Raises:
        CommandFailed: It did. Who waits for exports must not take their absence for success.
    """
    done = trio.Event()

    async def work() -> None:
        await derive(options, parts, create=create)
        done.set()

    await run_until_signal(work)
    if not done.is_set():
        raise CommandFailed("interrupted, and nothing was written", code=1)


async def derive(options: VenueOptions, parts: Collection[Part], *, create: bool) -> None:
    """Ask the venue for a wallet's API credentials, and write what is to be exported.

    Args:
        options: Where the venue is.
        parts: What to export; without any, only whether there are credentials is said.
        create: Whether to have credentials made without asking, if there are none.

    Raises:
        CommandFailed: There is no wallet, or there are no credentials and none were wanted.
        CredentialsError: What the environment says about the wallet cannot work.
        WalletSupportMissing: The extra `wallet` is not installed.
        ExceptionGroup: Holding what the venue has against it.
    """
    async with open_venue(options, wallet_only=True) as (settings, _):
        if settings.wallet is None:
            raise CommandFailed(
                f"credentials are derived with a wallet: set {WALLET_VARIABLES[0]} in the "
                "environment of this program"
            )
        async with open_rest(settings) as rest:
            api = AccountApi(settings, rest)
            try:
                credentials = await api.prepare(create=create)
            except NoApiKey as error:
                await _agree_to_create(error)
                credentials = await api.prepare(create=True)
    if parts:
        with suppress(BrokenPipeError):
            await write_stdout(_exports(credentials, api.address, parts))
    else:
        say(
            f"API credentials exist for {api.address}. To export them: "
            'eval "$(polymarket-realtime credentials derive --export all)"'
        )


def _exports(credentials: Credentials, address: str | None, parts: Collection[Part]) -> str:
    api_key, secret, passphrase = CREDENTIAL_VARIABLES
    _, address_variable = WALLET_VARIABLES
    lines: tuple[tuple[Part, str, str | None], ...] = (
        ("api-key", api_key, credentials.api_key.reveal()),
        ("secret", secret, credentials.secret.reveal()),
        ("passphrase", passphrase, credentials.passphrase.reveal()),
        ("address", address_variable, address),
    )
    return "".join(
        f"export {variable}={shlex.quote(value)}\n"
        for part, variable, value in lines
        if value is not None and (part in parts or "all" in parts)
    )


async def _agree_to_create(missing: NoApiKey) -> None:
    """Ask the person in front of the terminal, if there is one.

    Raises:
        CommandFailed: There is nobody to ask, or the answer is no.
    """
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise CommandFailed(f"{_none_for(missing)}; to have them created, add --create")
    sys.stderr.write(f"Create API credentials for {missing.address}? [y/N] ")
    sys.stderr.flush()
    # Left behind when cancelled, and without the lock of sys.stdin, which the exit would wait for.
    answer = await trio.to_thread.run_sync(
        os.read, sys.stdin.fileno(), _LONGEST_ANSWER, abandon_on_cancel=True
    )
    if answer.strip().lower() not in (b"y", b"yes"):
        raise CommandFailed(f"{_none_for(missing)}, and none were created", code=1)


def _none_for(missing: NoApiKey) -> str:
    return f"there are no API credentials for {missing.address}"
