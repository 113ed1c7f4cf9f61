"""What to do after a connection has ended.

The venue's closes, measured 2026-08 to 2026-10: 1000 `all subscribed assets resolved`, 1008
`invalid subscription payload`, 1013 `slow consumer: send buffer full`, and no close frame at
all on an idle cut or a deploy; 1001 after the two hours that a connection to the real-time data
service may last. PolyBolt's 4001 to 4008: docs.polymarket.com, "PolyBolt WebSocket".
"""

from __future__ import annotations

from typing import Final

import attrs

from polymarket_realtime.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsRejected,
    TransportError,
)

__all__ = ["Redial", "plan_polybolt_redial", "plan_redial"]

_RESOLVED: Final = "all subscribed assets resolved"
_SLOWLY: Final = 30.0
"""Seconds: dialling again at once would only be refused again."""

_PATIENCE: Final = 60.0
"""Seconds that a server may make us wait by `Retry-After`."""

_DRAINING: Final = 10.0
"""Seconds over which all clients of a node are to spread that goes down."""

_SET_RIGHT_ONES: Final = "; set the right POLYMARKET_API_KEY, _SECRET and _PASSPHRASE and restart"


@attrs.frozen
class Redial:
    """Whether and how to dial again.

    Attributes:
        reason: What happened, one sentence for a person.
        park: Do not dial until somebody wants something else.
        at_least: Seconds that the wait has at the least, whatever the backoff says.
        within: Wait a random time of up to so many seconds in place of the backoff; None: do not.
    """

    reason: str
    park: bool = False
    at_least: float = 0.0
    within: float | None = None


def plan_redial(error: TransportError) -> Redial:
    """Choose the reaction to the end of a connection."""
    if isinstance(error, ConnectionLost):
        return _after_close(error)
    if isinstance(error, ConnectFailed):
        return _after_refusal(error)
    return Redial(str(error))


def plan_polybolt_redial(error: TransportError) -> Redial:
    """The same after a connection to PolyBolt, which has close codes of its own."""
    match error:
        case CredentialsRejected():
            return Redial(f"{error}{_SET_RIGHT_ONES}", park=True)
        case ConnectionLost(code=4001):
            return Redial(f"the venue rejects the credentials{_SET_RIGHT_ONES}", park=True)
        case ConnectionLost(code=4002, reason=said):
            return Redial(_in_words("the venue found us reading or answering too slowly", said))
        case ConnectionLost(code=4003):
            return Redial("the venue takes this node out of service", within=_DRAINING)
        case ConnectionLost(code=4008, reason=said):
            return Redial(_in_words("the venue found its rules broken", said), park=True)
        case _:
            return plan_redial(error)


def _after_close(error: ConnectionLost) -> Redial:
    match error.code:
        case 1000 if _RESOLVED in error.reason:
            return Redial("every asset of this connection is resolved", park=True)
        case 1001:
            return Redial(_in_words("the venue ended the connection as planned", error.reason))
        case 1008:
            return Redial(f"the venue refused the subscription: {error.reason}", at_least=_SLOWLY)
        case 1009:
            return Redial(f"a frame was too big: {error.reason}", at_least=_SLOWLY)
        case 1013:
            return Redial(f"the venue found us reading too slowly: {error.reason}")
        case _:
            return Redial(str(error))


def _after_refusal(error: ConnectFailed) -> Redial:
    if error.retry_after is not None:
        return Redial(str(error), at_least=min(error.retry_after, _PATIENCE))
    if error.status in (403, 404, 429):
        return Redial(str(error), at_least=_SLOWLY)
    return Redial(str(error))


def _in_words(what: str, said: str) -> str:
    return f"{what}: {said}" if said else what
