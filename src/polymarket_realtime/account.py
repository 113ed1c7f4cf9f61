"""One's own account as the service holds it: how it proves itself, and what is known of it."""

from __future__ import annotations

import time
from importlib.util import find_spec

import attrs

from polymarket_realtime._model.credentials import (
    CREDENTIAL_VARIABLES,
    WALLET_VARIABLES,
    Credentials,
)
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._model.user import OrderUpdate
from polymarket_realtime._model.values import utc_from_seconds
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.backoff import Uniform
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime._venue.endpoint import Endpoint
from polymarket_realtime._venue.endpoints import user_endpoint
from polymarket_realtime._venue.rest import RestClient
from polymarket_realtime.errors import (
    AuthenticationRequired,
    CredentialsError,
    WalletSupportMissing,
)
from polymarket_realtime.settings import Settings
from polymarket_realtime.status import AuthenticationStatus

__all__ = ["Account", "make_account"]


def make_account(settings: Settings, rest: RestClient) -> Account:
    """The account that the settings name, if they name one."""
    api = AccountApi(settings, rest)
    authentication = Authentication()
    if api.configured:
        authentication.configured(time.time())
    return Account(
        api=api,
        ledger=AccountLedger(address=api.address),
        authentication=authentication,
        given_problem=settings.credentials_problem,
    )


@attrs.frozen(eq=False)
class Account:
    """The parts that the user channel, the hub and the status share.

    Attributes:
        given_problem: What is wrong with the credentials of the settings, if anything is.
    """

    api: AccountApi
    ledger: AccountLedger
    authentication: Authentication
    given_problem: CredentialsError | None = None

    @property
    def _problem(self) -> CredentialsError | None:
        return self.given_problem if self.api.credentials is None else None

    def require(self) -> None:
        """Make sure that private feeds can be asked for at all.

        Raises:
            AuthenticationRequired: Nothing was given to prove oneself with.
            CredentialsError: What was given cannot work.
        """
        if self.api.credentials is not None:
            return
        if self._problem is not None:
            raise self._problem.with_traceback(None)
        if not self.api.configured:
            raise AuthenticationRequired(
                "one's own orders and trades", CREDENTIAL_VARIABLES, WALLET_VARIABLES
            )
        if find_spec("eth_account") is None:
            raise WalletSupportMissing

    def open_orders(self, market: ConditionId | None = None) -> tuple[OrderUpdate, ...]:
        """One's own orders that can still trade, oldest first, as far as they are known.

        They are all there are while `status` says `complete`.
        """
        return self.ledger.open_orders(market)

    def use(self, credentials: Credentials) -> None:
        """Take these in place of any that there were."""
        self.api.replace(credentials)
        self.authentication.configured(time.time())

    def endpoint(self, settings: Settings, uniform: Uniform) -> Endpoint:
        """The user channel, as the connections to it are kept."""
        return user_endpoint(settings, self.api, self.ledger, self.authentication, uniform)

    def status(self) -> AuthenticationStatus:
        """How it stands at this moment."""
        ledger, authentication = self.ledger, self.authentication
        since = ledger.incomplete_since
        return AuthenticationStatus(
            state=authentication.state,
            why=authentication.why if self._problem is None else str(self._problem),
            since=None if authentication.since is None else utc_from_seconds(authentication.since),
            address=self.api.address,
            complete=ledger.complete,
            incomplete_at=None if since is None else utc_from_seconds(since),
            problem=ledger.problem,
            open_orders=len(ledger.open_orders()),
            clock_offset=round(self.api.clock_offset, 1),
        )
