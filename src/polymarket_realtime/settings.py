"""Every knob of the service: its unit, its default, its environment variable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
from polymarket_realtime._model.trust import Verification
from polymarket_realtime._protocol.backoff import Backoff
from polymarket_realtime.credentials_input import check_address, read_account
from polymarket_realtime.errors import CredentialsError, SettingsError
from polymarket_realtime.settings_fields import (
    channel_url,
    not_negative,
    parse_field,
    positive,
    rest_url,
    socket_url,
)

__all__ = ["Settings"]

_PREFIX: Final = "POLYMARKET_"


@attrs.frozen(kw_only=True)
class Settings:
    """How the service connects, waits, buffers and delivers.

    The environment variable of a field is its name in capitals after `POLYMARKET_`, for
    example `POLYMARKET_MARKET_URL`. The account has variables of its own: `POLYMARKET_API_KEY`,
    `POLYMARKET_API_SECRET` and `POLYMARKET_PASSPHRASE`, or `POLYGON_PRIVATE_KEY`, and
    `POLYGON_ADDRESS`.

    Attributes:
        market_url: The CLOB market channel. `ws://` is accepted for loopback only.
        user_url: The CLOB user channel, for one's own orders and trades; as `market_url`.
        rtds_url: The real-time data service: everybody's trades, comments, reference prices.
        polybolt_url: The newer feed of reference prices, used if there are credentials.
        sports_url: The sports channel.
        clob_url: Base of the CLOB's REST.
        gamma_url: Base of the Gamma REST, which knows the markets' names.
        open_timeout: Seconds to wait for DNS, TCP, TLS and handshake together.
        lookup_timeout: Seconds to wait for a REST answer.
        ping_interval: Seconds between two `PING`.
        ping_timeout: Seconds without any frame after which a connection is replaced; longer
            than `ping_interval`.
        data_timeout: Seconds that a live stream which is never quiet, such as everybody's trades,
            may be silent before its connection is replaced.
        connection_lifetime: Seconds after which a connection that the venue would end by itself
            is replaced, without a gap. RTDS ends each after 7,200.
        market_lifetime: The same of the market channel, where tokens fall silent on connections
            that have lasted for many hours.
        churn_limit: How many tokens may have been added to a connection of the market channel, or
            taken from it, before it is replaced in the same way.
        silence_minimum: Seconds that a busy token may be silent before the venue's REST is asked
            whether that is right.
        silence_maximum: The same for a token that is seldom heard; between the two, each token
            has a limit by its own usual rate.
        quiet_interval: Seconds between two questions about a token that stays silent.
        first_book_timeout: Seconds that the first book of a token may take.
        lag_limit: Seconds by which frames may come late before their tokens are in doubt.
        witness_budget: Most questions a minute to REST about books; 0 for none.
        verification: How much is done to find books that are wrong without anybody saying so.
        dual_connection: Whether two connections carry each token, so that losing one costs
            nothing. The first copy of what they say counts.
        resolution_interval: Seconds between the first two questions whether a market that has
            ended is settled; later ones are further apart.
        resolution_interval_maximum: Seconds between two such questions at most, and while a
            market has not ended.
        backoff_initial: Seconds before the first redial.
        backoff_maximum: Seconds that no wait for a redial exceeds.
        backoff_multiplier: Growth from one wait to the next, from 1 to 10.
        backoff_jitter: Part of a wait that chance may take away, from 0 to 0.5.
        assets_per_connection: Most assets that one connection carries.
        tokens_per_subscription: Most tokens that the identifiers of one call may stand for.
        max_message_size: Bytes of the largest message accepted; an opening dump of 200 books
            is one message.
        mailbox_capacity: Events that a subscription holds for a slow reader.
        notify_interval: Seconds between two rounds of delivery to MCP clients and callbacks.
        notify_budget: Messages a second that one MCP client is sent without asking.
        channel_budget: Messages a minute that `serve --channel` puts into a conversation.
        user_agent: What the venue's edge is told.
        record: File that everything received and sent is appended to, or None.
        credentials: The API credentials of an account; not needed for public feeds.
        wallet: What to derive them with if they are not given.
        address: The signer's, for signed REST calls; the wallet's unless given.
        credentials_problem: Why there is no account although one was asked for.
    """

    market_url: str = channel_url("market")
    user_url: str = channel_url("user")
    rtds_url: str = socket_url("wss://ws-live-data.polymarket.com")
    polybolt_url: str = socket_url("wss://ws-live-v2.polymarket.com/ws")
    sports_url: str = socket_url("wss://sports-api.polymarket.com/ws")
    clob_url: str = rest_url("https://clob.polymarket.com")
    gamma_url: str = rest_url("https://gamma-api.polymarket.com")
    open_timeout: float = positive(10.0)
    lookup_timeout: float = positive(10.0)
    ping_interval: float = positive(10.0)
    ping_timeout: float = attrs.field(default=30.0)
    data_timeout: float = positive(20.0)
    connection_lifetime: float = positive(6600.0)
    market_lifetime: float = positive(4 * 3600.0)
    churn_limit: int = positive(2000)
    silence_minimum: float = positive(10.0)
    silence_maximum: float = attrs.field(default=60.0)
    quiet_interval: float = positive(120.0)
    first_book_timeout: float = positive(10.0)
    lag_limit: float = positive(5.0)
    witness_budget: int = not_negative(30)
    verification: Verification = Verification.SAMPLE
    dual_connection: bool = False
    resolution_interval: float = positive(15.0)
    resolution_interval_maximum: float = positive(600.0)
    backoff_initial: float = positive(1.0)
    backoff_maximum: float = positive(60.0)
    backoff_multiplier: float = attrs.field(default=2.0)
    backoff_jitter: float = attrs.field(default=0.2)
    assets_per_connection: int = attrs.field(default=200)
    tokens_per_subscription: int = positive(200)
    max_message_size: int = positive(32 * 1024 * 1024)
    mailbox_capacity: int = positive(1024)
    notify_interval: float = positive(0.25)
    notify_budget: int = positive(100)
    channel_budget: int = positive(6)
    user_agent: str = "polymarket-realtime"
    record: Path | None = None
    credentials: Credentials | None = None
    wallet: Wallet | None = None
    address: str | None = attrs.field()
    credentials_problem: CredentialsError | None = attrs.field(default=None, eq=False)

    @property
    def socket_urls(self) -> tuple[str, ...]:
        """Every WebSocket that may be dialled."""
        return (
            self.market_url,
            self.user_url,
            self.rtds_url,
            self.polybolt_url,
            self.sports_url,
        )

    @property
    def backoff(self) -> Backoff:
        """The waits between dials, and between tries of REST."""
        return Backoff(
            self.backoff_initial,
            self.backoff_maximum,
            self.backoff_multiplier,
            self.backoff_jitter,
        )

    @property
    def has_account(self) -> bool:
        """Whether there are credentials, or a wallet to derive them with."""
        return self.credentials is not None or self.wallet is not None

    @address.default
    def _address_of_wallet(self) -> str | None:
        return None if self.wallet is None else self.wallet.address

    @address.validator
    def _check_address(self, attribute: attrs.Attribute[str | None], value: str | None) -> None:
        if value is not None:
            check_address(attribute.name, Secret(value))

    @ping_timeout.validator
    def _check_timeout(self, attribute: attrs.Attribute[float], value: float) -> None:
        if not self.ping_interval < value < math.inf:
            raise SettingsError(
                attribute.name,
                value,
                f"must be longer than ping_interval ({self.ping_interval}): a quiet market is "
                "only heard of by its answers",
            )

    @silence_maximum.validator
    def _check_silence(self, attribute: attrs.Attribute[float], value: float) -> None:
        if not self.silence_minimum <= value < math.inf:
            problem = f"must not be shorter than silence_minimum ({self.silence_minimum})"
            raise SettingsError(attribute.name, value, problem)

    @backoff_multiplier.validator
    def _check_multiplier(self, attribute: attrs.Attribute[float], value: float) -> None:
        if not 1 <= value <= 10:
            raise SettingsError(attribute.name, value, "must be from 1 to 10")

    @backoff_jitter.validator
    def _check_jitter(self, attribute: attrs.Attribute[float], value: float) -> None:
        if not 0 <= value <= 0.5:
            raise SettingsError(attribute.name, value, "must be from 0 to 0.5")

    @assets_per_connection.validator
    def _check_assets(self, attribute: attrs.Attribute[int], value: int) -> None:
        if not 1 <= value <= 500:
            raise SettingsError(
                attribute.name, value, "must be from 1 to 500: above, the venue loses data"
            )

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        *,
        postpone_credentials: bool = False,
        **overrides: Any,
    ) -> Settings:
        """Read the settings from variables such as `os.environ`.

        Args:
            environ: The variables; unknown ones are left alone, empty ones count as unset.
            postpone_credentials: Keep what is wrong with the account in `credentials_problem`,
                for a service whose public feeds are to run without it.
            **overrides: Values that win over the variables. With one of `credentials`, `wallet`
                and `address`, the variables of the account are not read at all.

        Raises:
            SettingsError: A variable has a value that cannot work.
            CredentialsError: The same of the account, unless postponed.
        """
        values: dict[str, Any] = {}
        for field in attrs.fields(cls):
            text = environ.get(_PREFIX + field.name.upper())
            if text and field.name not in _OF_ACCOUNT:
                variable = _PREFIX + field.name.upper()
                values[field.name] = parse_field(field, variable, text)
        if _OF_ACCOUNT.isdisjoint(overrides):
            values |= _account(environ, postpone=postpone_credentials)
        return cls(**(values | overrides))


_OF_ACCOUNT: Final = frozenset({"credentials", "wallet", "address", "credentials_problem"})
"""The fields that the variables of the account fill, by rules of their own."""


def _account(environ: Mapping[str, str], *, postpone: bool) -> dict[str, Any]:
    try:
        account = read_account(environ)
    except CredentialsError as problem:
        if not postpone:
            raise
        # Kept for long, so without the frames that read the values.
        return {"credentials_problem": problem.with_traceback(None)}
    return {
        "credentials": account.credentials,
        "wallet": account.wallet,
        "address": account.address,
    }
