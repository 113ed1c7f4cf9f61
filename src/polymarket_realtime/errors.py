"""Every exception that the package raises on purpose.

::

    PolymarketRealtimeError
    ├── InvalidIdentifier        (also ValueError)  not an id of the expected kind
    ├── SettingsError            (also ValueError)  a knob has a value that cannot work
    │   └── InsecureUrl                             plain text to a host that is not loopback
    ├── CodecError               (also ValueError)  a known frame that does not hold what it must
    ├── TransportError                              the supervisor redials after one of these
    │   ├── ConnectFailed                           no WebSocket was opened
    │   ├── ConnectionLost                          an open WebSocket ended
    │   └── HeartbeatTimeout                        nothing was heard for too long
    ├── LookupFailed                                the venue's REST did not answer usefully
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
    "HeartbeatTimeout",
    "InsecureUrl",
    "InvalidIdentifier",
    "LookupFailed",
    "MarketNotFound",
    "PolymarketRealtimeError",
    "SettingsError",
    "SubscriptionLagged",
    "TransportError",
    "UnknownSubscription",
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


class LookupFailed(PolymarketRealtimeError):
    """The venue's REST could not be asked, or answered something unusable."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"{url} did not answer: {problem}; try again, or pass token ids")
        self.url, self.problem = url, problem


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
    """A private feed was asked for without credentials; `needed` names the variables."""

    def __init__(self, feed: str, needed: tuple[str, ...]) -> None:
        super().__init__(f"authentication required: {feed} need {', '.join(needed)}")
        self.feed, self.needed = feed, needed
