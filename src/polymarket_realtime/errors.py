"""Every exception that the package raises on purpose.

::

    PolymarketRealtimeError
    ├── InvalidIdentifier        (also ValueError)  not an id of the expected kind
    │   ├── AmbiguousIdentifier                     it may mean more than one thing
    │   └── UnknownSymbol                           no reference price has this symbol
    ├── InvalidFilter            (also ValueError)  a live feed cannot be filtered like this
    ├── InvalidCondition         (also ValueError)  nothing can be watched for like this
    ├── InvalidCursor            (also ValueError)  a position in what was told that is none
    ├── TooManyTokens            (also ValueError)  the ids stand for more tokens than allowed
    ├── TooManySubscriptions     (also ValueError)  a client has as many as it may have
    ├── SettingsError            (also ValueError)  a knob has a value that cannot work
    │   ├── InsecureUrl                             plain text to a host that is not loopback
    │   └── CredentialsError                        keys that cannot work; never repeats a value
    │       └── WalletSupportMissing                a signature needs the extra `wallet`
    ├── CodecError               (also ValueError)  a known frame that does not hold what it must
    ├── TransportError                              the supervisor redials after one of these
    │   ├── ConnectFailed                           no WebSocket was opened
    │   ├── ConnectionLost                          an open WebSocket ended
    │   ├── HeartbeatTimeout                        nothing was heard for too long
    │   ├── StreamStalled                           one stream stopped, its connection did not
    │   ├── RequestFailed                           an open connection does not do what was asked
    │   └── CredentialsRejected                     the venue does not accept the credentials
    ├── RestFailed                                  the venue's REST did not answer usefully
    │   ├── LookupFailed                            the question was about a market
    │   └── Unauthorized                            401: the venue refuses the signature
    ├── NoApiKey                 (also LookupError) the wallet has no API credentials yet
    ├── MarketNotFound           (also LookupError) the venue knows no such market
    ├── MarketClosed             (also LookupError) the market is settled: nothing will come
    ├── UnknownSubscription      (also LookupError) no subscription has this id
    ├── NothingSubscribed        (also LookupError) there is no subscription to wait for
    ├── SubscriptionLagged                          a reader that asked for everything fell behind
    └── AuthenticationRequired   (also RuntimeError)  the feed is private: credentials are needed

Facts are attributes; the message is one sentence that says what to do. No message ever holds a
secret.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AmbiguousIdentifier",
    "AuthenticationRequired",
    "CodecError",
    "ConnectFailed",
    "ConnectionLost",
    "CredentialsError",
    "CredentialsRejected",
    "HeartbeatTimeout",
    "InsecureUrl",
    "InvalidCondition",
    "InvalidCursor",
    "InvalidFilter",
    "InvalidIdentifier",
    "LookupFailed",
    "MarketClosed",
    "MarketNotFound",
    "NoApiKey",
    "NothingSubscribed",
    "PolymarketRealtimeError",
    "RequestFailed",
    "RestFailed",
    "SettingsError",
    "StreamStalled",
    "SubscriptionLagged",
    "TooManySubscriptions",
    "TooManyTokens",
    "TransportError",
    "Unauthorized",
    "UnknownSubscription",
    "UnknownSymbol",
    "WalletSupportMissing",
]

_SHOWN_INPUT = 96
"""Longest piece of somebody's input that an error repeats."""


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN_INPUT else value[: _SHOWN_INPUT - 1] + "…")


def _listed(candidates: Sequence[str]) -> str:
    return ", ".join(map(_shown, candidates))


class PolymarketRealtimeError(Exception):
    """Base of all errors of this package."""


class InvalidIdentifier(PolymarketRealtimeError, ValueError):
    """A text that is not an identifier of the expected kind."""

    def __init__(self, value: str, expected: str) -> None:
        super().__init__(f"{_shown(value)} is not {expected}")
        self.value, self.expected = value, expected


class AmbiguousIdentifier(InvalidIdentifier):
    """A text that may mean more than one thing; `candidates` are texts that mean only one."""

    def __init__(self, value: str, candidates: Sequence[str]) -> None:
        super().__init__(value, f"clear; it may mean {_listed(candidates)}")
        self.candidates = tuple(candidates)


_SYMBOLS = "; coins are like btcusd or eth, shares like AAPL"


class UnknownSymbol(InvalidIdentifier):
    """No reference price has this symbol; `candidates` are like it, the nearest first."""

    def __init__(self, value: str, candidates: Sequence[str]) -> None:
        meant = f"; did you mean {_listed(candidates)}?" if candidates else _SYMBOLS
        super().__init__(value, f"a symbol that a price is known of{meant}")
        self.candidates = tuple(candidates)


class InvalidFilter(PolymarketRealtimeError, ValueError):
    """A filter that a live feed cannot be asked for; `problem` says what it can."""

    def __init__(self, feed: str, problem: str) -> None:
        super().__init__(f"the filter of {feed} {problem}")
        self.feed, self.problem = feed, problem


class InvalidCondition(PolymarketRealtimeError, ValueError):
    """A condition that cannot be, or cannot be met by what it is to be watched on.

    Attributes:
        field: The field that cannot be like this.
        value: What it is; None if it is missing.
        problem: What would do.
    """

    def __init__(self, field: str, value: object, problem: str) -> None:
        given = "missing" if value is None else _shown(str(value))
        super().__init__(f"the condition's {_shown(field)} cannot be {given}: {problem}")
        self.field, self.value, self.problem = field, value, problem


class InvalidCursor(PolymarketRealtimeError, ValueError):
    """A text that is no position in what is kept; `problem` says why."""

    def __init__(self, value: str, problem: str) -> None:
        super().__init__(f"the cursor {_shown(value)} {problem}")
        self.value, self.problem = value, problem


class TooManyTokens(PolymarketRealtimeError, ValueError):
    """Identifiers that stand for more tokens than one subscription may have.

    Attributes:
        value: The identifier that stands for the most.
        count: How many tokens all of them stand for.
        limit: How many are allowed.
    """

    def __init__(self, value: str, count: int, limit: int) -> None:
        super().__init__(
            f"{count} tokens were asked for, {_shown(value)} the most of them, and at most {limit} "
            "are allowed at once: pass single markets of it, or token ids"
        )
        self.value, self.count, self.limit = value, count, limit


class TooManySubscriptions(PolymarketRealtimeError, ValueError):
    """A client has `limit` subscriptions already, and wants one more."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a client may have {limit} subscriptions at once: end one first")
        self.limit = limit


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


class StreamStalled(TransportError):
    """A stream that is never quiet has brought nothing for `silent_for` seconds."""

    def __init__(self, stream: str, silent_for: float) -> None:
        super().__init__(
            f"no data of {stream} for {silent_for:.0f} s although the connection is open"
        )
        self.stream, self.silent_for = stream, silent_for


class RequestFailed(TransportError):
    """The venue does not do what an open connection has asked for; another may fare better."""

    def __init__(self, request: str, problem: str) -> None:
        super().__init__(f"the request to {request} failed: {problem}")
        self.request, self.problem = request, problem


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

    advice = "try again later; token ids alone are understood without it"


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
    """The venue was asked and knows no market by this name.

    Attributes:
        tried: What it was taken for, for example `market slug` and `event slug`.
        candidates: Identifiers like it that do exist, the nearest first.
    """

    def __init__(
        self, value: str, tried: Sequence[str] = (), candidates: Sequence[str] = ()
    ) -> None:
        how = f" (tried as {' and as '.join(tried)})" if tried else ""
        meant = f"did you mean {_listed(candidates)}?" if candidates else "search for it by words"
        super().__init__(f"no market with an order book is called {_shown(value)}{how}; {meant}")
        self.value, self.tried, self.candidates = value, tuple(tried), tuple(candidates)


class MarketClosed(PolymarketRealtimeError, LookupError):
    """The market is settled: it has no book, and no price will come.

    Attributes:
        question: The market's, as the venue writes it.
        winner: The outcome that pays; None if it is not known, or the settlement was a split.
        candidates: Identifiers of open markets of the same event.
    """

    def __init__(
        self, value: str, question: str, winner: str | None, candidates: Sequence[str] = ()
    ) -> None:
        won = "" if winner is None else f" ({_shown(winner)} has won)"
        still = f"; still open in its event: {_listed(candidates)}" if candidates else ""
        super().__init__(
            f"{_shown(value)} is settled{won}, so nothing will come of {_shown(question)}{still}"
        )
        self.value, self.question, self.winner = value, question, winner
        self.candidates = tuple(candidates)


class UnknownSubscription(PolymarketRealtimeError, LookupError):
    """No subscription has this id; it may have been removed before."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__(
            f"subscription {_shown(subscription_id)} not found; the status lists those there are"
        )
        self.subscription_id = subscription_id


class NothingSubscribed(PolymarketRealtimeError, LookupError):
    """Somebody waits for the events of all subscriptions, and there is none."""

    def __init__(self) -> None:
        super().__init__("there is no subscription to wait for: begin one with a subscribe_* tool")


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
