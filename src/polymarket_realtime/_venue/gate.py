"""What stands before each dial of the user channel: credentials, and whether they still hold."""

from __future__ import annotations

import logging
import time
from typing import Final

import attrs
import trio

from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.closes import Redial
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime.errors import (
    ConnectFailed,
    CredentialsError,
    CredentialsRejected,
    RestFailed,
    TransportError,
    Unauthorized,
)

__all__ = ["Gate", "have_credentials"]

log = logging.getLogger("polymarket_realtime.feed.user")

_NO_ADDRESS: Final = "; POLYGON_ADDRESS, which belongs to a signature, is not set"


async def have_credentials(api: AccountApi) -> None:
    """Derive the credentials unless they are there.

    Raises:
        CredentialsRejected: The wallet cannot work, or the venue does not accept it.
        ConnectFailed: The venue cannot be asked.
    """
    if api.credentials is not None:
        return
    try:
        await api.prepare()
    except CredentialsError as error:
        raise CredentialsRejected(str(error)) from error
    except RestFailed as error:
        raise ConnectFailed(
            error.url, error.problem, status=error.status, retry_after=error.retry_after
        ) from error


@attrs.frozen
class Gate:
    """Lets the user channel be dialled with credentials that may work, and with no others."""

    api: AccountApi
    ledger: AccountLedger
    authentication: Authentication

    async def open(self) -> None:
        """Have credentials at hand: derived if need be, and asked about if they are in doubt.

        Raises:
            CredentialsRejected: The venue does not accept them, or the wallet.
            ConnectFailed: They have to be derived, and the venue cannot be asked.
        """
        self.ledger.begin(time.time())
        if self.api.credentials is None:
            self.authentication.deriving(time.time())
            await have_credentials(self.api)
        if self.authentication.doubtful or self.authentication.is_rejected:
            await self._ask()

    async def _ask(self) -> None:
        """The channel itself never says that it rejects somebody; REST does."""
        try:
            await self.api.check()
        except Unauthorized as error:
            # What was derived can be derived again: a wallet outlives its keys.
            self.api.forget_derived()
            hint = "" if self.api.address is not None else _NO_ADDRESS
            raise CredentialsRejected(error.problem + hint) from error
        except RestFailed as error:
            log.warning("whether the credentials are accepted cannot be found out: %s", error)
        else:
            self.authentication.confirmed()

    def plan_redial(self, error: TransportError) -> Redial:
        """What the end of a connection, or of an attempt at one, says of the credentials."""
        return self.authentication.ended(error, trio.current_time(), time.time())
