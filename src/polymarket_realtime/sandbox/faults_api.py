"""`POST /sandbox/faults`: the switches of all faults, for clients in whatever language."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .damage import Damage
from .faults import Faults
from .feed_faults import FeedFaults
from .freezes import Cure
from .rest_faults import RestFaults

__all__ = ["FaultsApi"]

Body = dict[str, Any]


@attrs.frozen
class FaultsApi:
    """Takes `{"fault": name}` and what the fault needs; names are those of the methods.

    Those of `Faults` as they are; of `FeedFaults` `freeze_token`, `lose`, `hold_back`, `corrupt`
    and `close`; of `RestFaults` with `rest_` before them. Fields are named as the arguments, and
    may be left out if the arguments may. `heal` heals everything.
    """

    faults: Faults
    feed_faults: FeedFaults
    rest_faults: RestFaults

    def routes(self) -> list[Route]:
        """The one path."""
        return [Route("/sandbox/faults", self.inject, methods=["POST"])]

    async def inject(self, request: Request) -> Response:
        """Flip a switch; 400 and `error` for what is no switch."""
        try:
            return JSONResponse(self._inject(json.loads(await request.body())))
        except ValueError as exc:
            return JSONResponse({"error": str(exc)}, 400)

    def _inject(self, body: Any) -> Body:
        if not isinstance(body, dict):
            raise ValueError("send a JSON object")  # noqa: TRY004 - the caller answers it
        switches, name = self._switches(), body.get("fault")
        if not isinstance(name, str) or name not in switches:
            *most, last = switches
            raise ValueError(f"{name!r} is no fault; there are {', '.join(most)} and {last}")
        closed = switches[name](body)
        return {"fault": name} if closed is None else {"fault": name, "connections": closed}

    def _switches(self) -> dict[str, Callable[[Body], int | None]]:
        faults, feed, rest = self.faults, self.feed_faults, self.rest_faults
        return {
            "cut": lambda _: faults.cut(),
            # Without an end, nobody could get through to heal it.
            "refuse": lambda body: faults.refuse(_seconds(body)),
            "stall": lambda _: faults.stall(),
            "half_open": lambda _: faults.half_open(),
            "freeze": lambda _: faults.freeze(),
            "delay": lambda body: faults.delay(_seconds(body)),
            "freeze_token": lambda body: feed.freeze(
                _text(body, "token"), cure=cast("Cure", _text(body, "cure", "heal"))
            ),
            "lose": lambda body: feed.lose(_text(body, "token"), _whole(body, "changes", 1)),
            "hold_back": lambda body: feed.hold_back(
                _text(body, "token"), _whole(body, "changes", 1), _whole(body, "behind", 2)
            ),
            "corrupt": lambda body: feed.corrupt(
                _text(body, "token"), cast("Damage", _text(body, "how"))
            ),
            "close": lambda body: feed.close(
                _whole(body, "code", 1001), _text(body, "reason", "going away")
            ),
            "rest_down": lambda _: rest.down(),
            "rest_stale": lambda body: rest.stale(_tokens(body)),
            "rest_hang": lambda _: rest.hang(),
            "rest_limit": lambda body: rest.limit(_seconds(body, "retry_after")),
            "heal": lambda _: self._heal(),
        }

    def _heal(self) -> None:
        self.faults.heal()
        self.feed_faults.heal()
        self.rest_faults.heal()


def _seconds(body: Body, name: str = "seconds") -> float:
    seconds = body.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(f"{body['fault']} needs {name}, a number of 0 or more")
    return float(seconds)


def _text(body: Body, name: str, default: str | None = None) -> str:
    text = body.get(name, default)
    if not isinstance(text, str):
        raise ValueError(f"{body['fault']} needs {name}, a text")  # noqa: TRY004
    return text


def _whole(body: Body, name: str, default: int) -> int:
    number = body.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"{name} of {body['fault']} is a whole number, not {number!r}")  # noqa: TRY004
    return number


def _tokens(body: Body) -> list[str] | None:
    tokens = body.get("tokens")
    if tokens is None:
        return None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"tokens of {body['fault']} is a list of texts, or left out for all")
    return tokens
