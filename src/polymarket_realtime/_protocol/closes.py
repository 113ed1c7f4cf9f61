"""What to do after a connection has ended.

The venue's closes, measured 2026-08 to 2026-10: 1000 `all subscribed assets resolved`, 1008
`invalid subscription payload`, 1013 `slow consumer: send buffer full`, and no close frame at
all on an idle cut or a deploy.
"""

from __future__ import annotations

from typing import Final

import attrs

from polymarket_realtime.errors import ConnectFailed, ConnectionLost, TransportError

__all__ = ["Redial", "plan_redial"]

_RESOLVED: Final = "all subscribed assets resolved"
_SLOWLY: Final = 30.0
"""Seconds: dialling again at once would only be refused again."""

_PATIENCE: Final = 60.0
"""Seconds that a server may make us wait by `Retry-After`."""


@attrs.frozen
class Redial:
    """Whether and how to dial again.

    Attributes:
        park: Do not dial until somebody wants other assets.
        at_least: Seconds that the wait has at the least, whatever the backoff says.
        reason: What happened, one sentence for a person.
    """

    reason: str
    park: bool = False
    at_least: float = 0.0


def plan_redial(error: TransportError) -> Redial:
    """Choose the reaction to the end of a connection."""
    if isinstance(error, ConnectionLost):
        return _after_close(error)
    if isinstance(error, ConnectFailed):
        return _after_refusal(error)
    return Redial(str(error))


def _after_close(error: ConnectionLost) -> Redial:
    match error.code:
        case 1000 if _RESOLVED in error.reason:
            return Redial("every asset of this connection is resolved", park=True)
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
