"""Every knob of the service: its unit, its default, its environment variable."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import cattrs

from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
from polymarket_realtime._protocol.backoff import Backoff
from polymarket_realtime.credentials_input import check_address, read_account
from polymarket_realtime.errors import CredentialsError, InsecureUrl, SettingsError

__all__ = ["Settings"]

_PREFIX: Final = "POLYMARKET_"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(_: Any, attribute: attrs.Attribute[str], url: str) -> None:
    plain, secure = attribute.metadata["schemes"]
    # First of all, so that no other message can repeat a password.
    without_user_info = re.sub(r"//.*@", "//…@", url)
    if without_user_info != url:
        raise SettingsError(attribute.name, without_user_info, "no user info in URLs")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(attribute.name, url, str(error)) from error
    if parts.scheme not in (plain, secure) or not host:
        raise SettingsError(attribute.name, url, f"expected a URL like {secure}://host/path")
    if parts.scheme == plain and not _is_loopback(host):
        raise InsecureUrl(attribute.name, url, secure)


def _check_positive(_: Any, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0 < value < math.inf:
        raise SettingsError(attribute.name, value, "must be greater than 0, and finite")


def _rest_url(default: str) -> Any:
    return attrs.field(
        default=default,
        validator=_check_url,
        converter=lambda url: url.rstrip("/"),
        metadata={"schemes": ("http", "https")},
    )


def _channel_url(channel: str) -> Any:
    def with_path(url: str) -> str:
        """The venue answers 404 on its bare base `/ws/`, which documents still name."""
        return f"{url.rstrip('/')}/{channel}" if url.rstrip("/").endswith("/ws") else url

    return attrs.field(
        default=f"wss://ws-subscriptions-clob.polymarket.com/ws/{channel}",
        validator=_check_url,
        converter=with_path,
        metadata={"schemes": ("ws", "wss")},
    )


def _socket_url(default: str) -> Any:
    return attrs.field(default=default, validator=_check_url, metadata={"schemes": ("ws", "wss")})


def _positive(default: float) -> Any:
    return attrs.field(default=default, validator=_check_positive)


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
        user_agent: What the venue's edge is told.
        record: File that everything received and sent is appended to, or None.
        credentials: The API credentials of an account; not needed for public feeds.
        wallet: What to derive them with if they are not given.
        address: The signer's, for signed REST calls; the wallet's unless given.
        credentials_problem: Why there is no account although one was asked for.
    """

    market_url: str = _channel_url("market")
    user_url: str = _channel_url("user")
    rtds_url: str = _socket_url("wss://ws-live-data.polymarket.com")
    polybolt_url: str = _socket_url("wss://ws-live-v2.polymarket.com/ws")
    sports_url: str = _socket_url("wss://sports-api.polymarket.com/ws")
    clob_url: str = _rest_url("https://clob.polymarket.com")
    gamma_url: str = _rest_url("https://gamma-api.polymarket.com")
    open_timeout: float = _positive(10.0)
    lookup_timeout: float = _positive(10.0)
    ping_interval: float = _positive(10.0)
    ping_timeout: float = attrs.field(default=30.0)
    data_timeout: float = _positive(20.0)
    connection_lifetime: float = _positive(6600.0)
    resolution_interval: float = _positive(15.0)
    resolution_interval_maximum: float = _positive(600.0)
    backoff_initial: float = _positive(1.0)
    backoff_maximum: float = _positive(60.0)
    backoff_multiplier: float = attrs.field(default=2.0)
    backoff_jitter: float = attrs.field(default=0.2)
    assets_per_connection: int = attrs.field(default=200)
    tokens_per_subscription: int = _positive(200)
    max_message_size: int = _positive(32 * 1024 * 1024)
    mailbox_capacity: int = _positive(1024)
    notify_interval: float = _positive(0.25)
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
                values[field.name] = _parsed(field, text)
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


_converter: Final = cattrs.Converter()


def _parsed(field: attrs.Attribute[Any], text: str) -> Any:
    wanted = {"str": str, "int": int, "float": float, "Path | None": Path}[str(field.type)]
    try:
        return _converter.structure(text, wanted)
    except ValueError:
        variable = _PREFIX + field.name.upper()
        kind = "a whole number" if wanted is int else "a number"
        raise SettingsError(variable, text, f"expected {kind}") from None
