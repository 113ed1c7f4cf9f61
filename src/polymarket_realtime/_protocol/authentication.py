"""What is known about the account's credentials.

The user channel never says that it accepts them. On bad ones it hangs up without a close frame,
by all reports within seconds; on good ones it says nothing before the account trades. So silence
is normal, a hang-up is a doubt, and only REST, or data, ends it. Source: docs.polymarket.com,
"User Channel"; py-clob-client #204, rs-clob-client #218, clob-client #303.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from polymarket_realtime._model.credentials import CREDENTIAL_VARIABLES, WALLET_VARIABLES
from polymarket_realtime._protocol.closes import Redial, plan_redial
from polymarket_realtime.errors import ConnectionLost, CredentialsRejected, TransportError

__all__ = ["Authentication", "AuthenticationState"]

_SOON: Final = 5.0
"""Seconds after the first frame within which a hang-up casts doubt on the credentials."""

_HANG_UPS: Final = 2
"""How many such hang-ups in a row: one may be a deploy."""

_AFTER_REJECTION: Final = 300.0
"""Seconds. Nothing but another configuration, or the venue's operators, can help."""


class AuthenticationState(StrEnum):
    """The last thing known about the credentials, whether or not a connection is open now."""

    NOT_CONFIGURED = "not configured"
    CONFIGURED = "configured"
    DERIVING = "deriving"
    SUBSCRIBED = "subscribed (unproven)"
    PROVEN = "proven"
    REJECTED = "rejected"


_SENTENCES: Final = {
    AuthenticationState.NOT_CONFIGURED: (
        f"no credentials are set: give {', '.join(CREDENTIAL_VARIABLES)}, "
        f"or {WALLET_VARIABLES[0]} to have them derived"
    ),
    AuthenticationState.CONFIGURED: (
        "credentials are set; the venue sees them when the user channel is dialled"
    ),
    AuthenticationState.DERIVING: "the venue is being asked for the wallet's API credentials",
    AuthenticationState.PROVEN: "the venue has told something about the account's orders or trades",
}


@attrs.define
class Authentication:
    """A state machine, told what happens.

    Durations are measured on the caller's clock, `now`; `wall` is seconds since the epoch. An
    attempt that is cancelled never reaches `ended`, so it counts for nothing.

    Attributes:
        state: The last thing known.
        since: When that became known, wall time; None before anything happened.
    """

    state: AuthenticationState = AuthenticationState.NOT_CONFIGURED
    since: float | None = None
    _problem: str = ""
    _connected: bool = False
    _answered: bool = False
    _confirmed_after: int | None = None
    """How many hang-ups of this series REST has answered for; None if it was not asked."""
    _subscribed_at: float | None = None
    _hang_ups: int = 0
    _ending: str = ""

    @property
    def is_rejected(self) -> bool:
        """Whether the venue has refused the credentials."""
        return self.state is AuthenticationState.REJECTED

    @property
    def doubtful(self) -> bool:
        """Whether the venue behaves as it does on bad credentials: ask REST about them.

        What REST has said holds for the hang-ups before, and not for ever.
        """
        return self._hang_ups - (self._confirmed_after or 0) >= _HANG_UPS

    @property
    def why(self) -> str:
        """The state in one sentence for a person."""
        if self.is_rejected:
            return (
                f"the venue does not accept the credentials: {self._problem}; correct them, they "
                f"are tried again every {_AFTER_REJECTION / 60:.0f} minutes"
            )
        if self._hang_ups >= _HANG_UPS:
            return self._why_doubted()
        if self.state is not AuthenticationState.SUBSCRIBED:
            return _SENTENCES[self.state]
        if not self._connected:
            ending = f" ({self._ending})" if self._ending else ""
            return f"the connection ended before any order or trade was told{ending}"
        if not self._answered:
            return "the credentials are sent; the venue never confirms them by a word of its own"
        return (
            "the venue keeps the connection open; it says nothing as long as no order is placed "
            "and none trades, so silence is normal"
        )

    def _why_doubted(self) -> str:
        what = f"the venue hung up {self._hang_ups} times in a row right after the subscription"
        if self._confirmed_after is not None:
            return (
                f"{what}, although its REST accepts the credentials; keys made in the web page "
                "and builder keys behave so: use keys that are derived with the wallet"
            )
        return f"{what}, as it does on credentials that it does not know"

    # Before a connection

    def configured(self, wall: float) -> None:
        """Credentials are set, or others have taken their place; none was tried yet."""
        self._enter(AuthenticationState.CONFIGURED, wall)
        self._end_series()

    def deriving(self, wall: float) -> None:
        """The venue is asked for the credentials of a wallet."""
        self._enter(AuthenticationState.DERIVING, wall)

    def subscribing(self, now: float, wall: float) -> None:
        """The first frame of a connection is on its way. It does not undo what is known."""
        self._connected, self._answered = True, False
        self._subscribed_at = now
        if self.state not in (AuthenticationState.PROVEN, AuthenticationState.REJECTED):
            self._enter(AuthenticationState.SUBSCRIBED, wall)

    # During a connection

    def accepted(self, now: float, wall: float) -> None:
        """`PONG` has come. It may come even if the venue is about to refuse: no proof.

        But what is still there some seconds after the subscription was not refused this time.
        """
        self._answered = True
        if self._subscribed_at is not None and now - self._subscribed_at > _SOON:
            self._end_series()
            if self.is_rejected:
                self._enter(AuthenticationState.SUBSCRIBED, wall)

    def data(self, wall: float) -> None:
        """An order or a trade has come: proof."""
        self._end_series()
        # A proven run casts no doubt, however soon it ends.
        self._subscribed_at = None
        self._enter(AuthenticationState.PROVEN, wall)

    def disconnected(self) -> None:
        """The connection is gone, for whatever reason."""
        self._connected = False

    # Verdicts

    def ended(self, error: TransportError, now: float, wall: float) -> Redial:
        """An attempt has failed or its connection was lost: how to go on.

        A failed dial says nothing about the credentials, and neither does what ends later than
        some seconds after the subscription.
        """
        self._connected = False
        if isinstance(error, CredentialsRejected):
            return self.rejected(error.problem, wall)
        redial = plan_redial(error)
        self._ending = redial.reason
        subscribed_at, self._subscribed_at = self._subscribed_at, None
        if subscribed_at is not None:
            hung_up = isinstance(error, ConnectionLost) and now - subscribed_at <= _SOON
            if hung_up:
                self._hang_ups += 1
            else:
                self._end_series()
        if self._hang_ups >= _HANG_UPS:
            return attrs.evolve(redial, reason=f"{redial.reason}; {self._why_doubted()}")
        return redial

    def confirmed(self) -> None:
        """REST has accepted the credentials: whatever the channel does, they are not rejected."""
        self._confirmed_after = self._hang_ups or None
        if self.is_rejected:
            self.state = AuthenticationState.CONFIGURED

    def rejected(self, problem: str, wall: float) -> Redial:
        """The venue has refused the credentials in so many words."""
        self._enter(AuthenticationState.REJECTED, wall)
        self._problem = problem
        self._end_series()
        return Redial(str(CredentialsRejected(problem)), at_least=_AFTER_REJECTION)

    def _end_series(self) -> None:
        """What comes next is a new story."""
        self._hang_ups, self._confirmed_after = 0, None

    def _enter(self, state: AuthenticationState, wall: float) -> None:
        if state is not self.state:
            self.state, self.since = state, wall
