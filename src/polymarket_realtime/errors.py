"""Every exception that the package raises on purpose.

::

    PolymarketRealtimeError
    ├── InvalidIdentifier        (also ValueError)  not an id of the expected kind
    ├── SettingsError            (also ValueError)  a knob has a value that cannot work
    │   ├── InsecureUrl                             plain text to a host that is not loopback
    │   └── CredentialsError                        keys that cannot work; never repeats a value
    │       └── WalletSupportMissing                a signature needs the extra `wallet`
    ├── CodecError               (also ValueError)  a known frame that does not hold what it must
    ├── TransportError                              the supervisor redials after one of these
    │   ├── ConnectFailed                           no WebSocket was opened
    │   ├── ConnectionLost                          an open WebSocket ended
    │   ├── HeartbeatTimeout                        nothing was heard for too long
    │   └── CredentialsRejected                     the venue does not accept the credentials
    ├── RestFailed                                  the venue's REST did not answer usefully
    │   ├── LookupFailed                            the question was about a market
    │   └── Unauthorized                            401: the venue refuses the signature
    ├── NoApiKey                 (also LookupError) the wallet has no API credentials yet
    ├── MarketNotFound           (also LookupError) the venue knows no such market
    ├── UnknownSubscription      (also LookupError) no subscription has this id
    ├── SubscriptionLagged                          a reader that asked for everything fell behind
    └── AuthenticationRequired   (also RuntimeError)  the feed is private: credentials are needed

Facts are attributes; the message is one sentence that says what to do. No message ever holds a
secret.
"""

from __future__ import annotations

__all__ = [
    "AuthenticationRequired",
    "CodecError",
    "ConnectFailed",
    "ConnectionLost",
    "CredentialsError",
    "CredentialsRejected",
    "HeartbeatTimeout",
    "InsecureUrl",
    "InvalidIdentifier",
    "LookupFailed",
    "MarketNotFound",
    "NoApiKey",
    "PolymarketRealtimeError",
    "RestFailed",
    "SettingsError",
    "SubscriptionLagged",
    "TransportError",
    "Unauthorized",
    "UnknownSubscription",
    "WalletSupportMissing",
]

_SHOWN_INPUT = 96
"""Longest piece of somebody's input that an error repeats."""


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN_INPUT else value[: _SHOWN_INPUT - 1] + "…")


class PolymarketRealtimeError(Exception):
    """Base of all errors of this package."""


class InvalidIdentifier(PolymarketRealtimeError, ValueError):
    """A text that is not an identifier of the expected kind."""

    def __init__(self, value: str, expected: str) -> None:
        super().__init__(f"{_shown(value)} is not {expected}")
        self.value, self.expected = value, expected


class SettingsError(PolymarketRealtimeError, ValueError):
    """A setting whose value cannot work; `name` is the setting, `value` what it was."""

    def __init__(self, name: str, value: object, problem: str) -> None:
        super().__init__(f"{name}={_shown(str(value))}: {problem}")
        self.name, self.value, self.problem = name, value, problem


class InsecureUrl(SettingsError):
    """A URL without TLS that does not point at this machine."""

    def __init__(self, name: str, url: str, secure_scheme: str) -> None:
        super().__init__(
            name, url, f"only loopback may be reached without TLS; use {secure_scheme}://"
        )


class CredentialsError(SettingsError):
    """Credentials that cannot work; `name` is the variable. Its value is not kept."""

    def __init__(self, name: str, problem: str) -> None:
        Exception.__init__(self, f"{name}: {problem}")
        self.name, self.value, self.problem = name, None, problem


class WalletSupportMissing(CredentialsError):
    """Something is to be signed with a private key, and the library for it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "POLYGON_PRIVATE_KEY",
            "signing needs eth-account; install it with: pip install 'polymarket-realtime[wallet]'",
        )


class CodecError(PolymarketRealtimeError, ValueError):
    """A frame of a known kind whose content breaks the venue's own format."""

    def __init__(self, event_type: str, problem: str) -> None:
        super().__init__(f"malformed {event_type} frame: {problem}")
        self.event_type, self.problem = event_type, problem


class TransportError(PolymarketRealtimeError):
    """A connection that could not be opened or did not last."""


class ConnectFailed(TransportError):
    """No WebSocket was opened.

    Attributes:
        url: What was dialled.
        status: The HTTP status of a refused handshake, or None if none was received.
        retry_after: Seconds that the server asked to wait, or None.
    """

    def __init__(
        self,
        url: str,
        problem: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"cannot connect to {url}: {problem}")
        self.url, self.problem = url, problem
        self.status, self.retry_after = status, retry_after


class ConnectionLost(TransportError):
    """An open WebSocket ended.

    Attributes:
        code: The close code received, or None if the peer vanished without a close frame.
        reason: The peer's words; empty if it gave none.
    """

    def __init__(self, code: int | None, reason: str = "") -> None:
        how = "connection dropped without a close frame" if code is None else f"closed with {code}"
        super().__init__(f"{how}: {reason}" if reason else how)
        self.code, self.reason = code, reason


class HeartbeatTimeout(TransportError):
    """Nothing at all was heard for `silent_for` seconds, PONG included."""

    def __init__(self, silent_for: float) -> None:
        super().__init__(f"no frame for {silent_for:.0f} s, not even PONG")
        self.silent_for = silent_for


class CredentialsRejected(TransportError):
    """The venue does not accept the credentials; trying again at once would not help."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"credentials rejected: {problem}")
        self.problem = problem


class RestFailed(PolymarketRealtimeError):
    """The venue's REST could not be asked, or answered something unusable.

    Attributes:
        url: What was asked, without the query.
        problem: What came instead of an answer.
        status: The HTTP status, or None if no answer came.
        retry_after: Seconds that the server asked to wait, or None.
    """

    advice = "try again later"

    def __init__(
        self,
        url: str,
        problem: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{url} did not answer: {problem}; {self.advice}")
        self.url, self.problem = url, problem
        self.status, self.retry_after = status, retry_after


class LookupFailed(RestFailed):
    """The venue could not be asked about a market."""

    advice = "try again, or pass token ids"


class Unauthorized(RestFailed):
    """The venue refuses a signed request: 401."""

    advice = "check the API credentials and POLYGON_ADDRESS"


class NoApiKey(PolymarketRealtimeError, LookupError):
    """The wallet has no API credentials, and none were to be made."""

    def __init__(self, address: str | None) -> None:
        wallet = "the wallet" if address is None else f"the wallet {address}"
        super().__init__(f"{wallet} has no API credentials yet; let them be made")
        self.address = address


class MarketNotFound(PolymarketRealtimeError, LookupError):
    """The venue was asked and knows no market by this id."""

    def __init__(self, value: str) -> None:
        super().__init__(f"no market with an order book has the id {_shown(value)}")
        self.value = value


class UnknownSubscription(PolymarketRealtimeError, LookupError):
    """No subscription has this id; it may have been removed before."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"subscription {_shown(subscription_id)} not found")
        self.subscription_id = subscription_id


class SubscriptionLagged(PolymarketRealtimeError):
    """A subscription with `Overflow.RAISE` fell behind and lost events."""

    def __init__(self, dropped: int) -> None:
        super().__init__(f"{dropped} events were lost; read faster, or let the mailbox conflate")
        self.dropped = dropped


class AuthenticationRequired(PolymarketRealtimeError, RuntimeError):
    """A private feed was asked for without credentials.

    Attributes:
        needed: The variables that are missing.
        instead: Those that would do in their place.
    """

    def __init__(self, feed: str, needed: tuple[str, ...], instead: tuple[str, ...] = ()) -> None:
        or_else = f"; or {' and '.join(instead)}, to derive these" if instead else ""
        super().__init__(
            f"authentication required: {feed} need {', '.join(needed)}{or_else}. "
            "Set them in the environment of this program"
        )
        self.feed, self.needed, self.instead = feed, needed, instead
