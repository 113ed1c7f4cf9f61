"""The sandbox's HTTP but for Gamma: public CLOB endpoints, and the switches of the fault proxy.

Source for paths, parameters and errors: docs.polymarket.com, CLOB.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .exchange import Exchange
from .faults import Faults
from .replay import ReplayVenue

NO_BOOK = "No orderbook exists for the requested token id"


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


@attrs.frozen
class ClobApi:
    """Books, and prices made from them."""

    venue: Exchange | ReplayVenue
    clock: Callable[[], float]

    def routes(self) -> list[Route]:
        """All paths of this API."""
        return [
            Route("/time", self.time),
            Route("/books", self.books, methods=["POST"]),
            Route("/book", self._answer(lambda book, _: book)),
            Route("/midpoint", self._answer(_midpoint)),
            Route("/spread", self._answer(_spread)),
            Route("/price", self._answer(_price)),
            Route("/last-trade-price", self._answer(_last_trade_price)),
            Route("/tick-size", self._answer(_tick_size)),
            Route("/neg-risk", self._answer(lambda book, _: {"neg_risk": book.get("neg_risk")})),
        ]

    async def time(self, _: Request) -> Response:
        """Seconds since the epoch."""
        return PlainTextResponse(str(int(self.clock())))

    async def books(self, request: Request) -> Response:
        """The books of many tokens; unknown ones are left out."""
        try:
            tokens = [str(item["token_id"]) for item in await request.json()]
        except (ValueError, TypeError, KeyError):
            return _error(400, "Invalid payload")
        return JSONResponse([book for token in tokens if (book := self.venue.book(token))])

    def _answer(
        self, make: Callable[[dict[str, Any], Request], dict[str, Any] | None]
    ) -> Callable[[Request], Any]:
        """An endpoint for one token's book, or something made from it."""

        async def endpoint(request: Request) -> Response:
            token = request.query_params.get("token_id")
            if not token:
                return _error(400, "Invalid token id")
            book = self.venue.book(token)
            answer = make(book, request) if book else None
            return JSONResponse(answer) if answer else _error(404, NO_BOOK)

        return endpoint


def _top(book: dict[str, Any]) -> tuple[Decimal, Decimal] | None:
    if not book["bids"] or not book["asks"]:
        return None
    return Decimal(book["bids"][-1]["price"]), Decimal(book["asks"][-1]["price"])


def _midpoint(book: dict[str, Any], _: Request) -> dict[str, Any] | None:
    top = _top(book)
    return {"mid": str((top[0] + top[1]) / 2)} if top else None


def _spread(book: dict[str, Any], _: Request) -> dict[str, Any] | None:
    top = _top(book)
    return {"spread": str(top[1] - top[0])} if top else None


def _price(book: dict[str, Any], request: Request) -> dict[str, Any] | None:
    buying = request.query_params.get("side", "").upper() == "BUY"
    levels = book["bids"] if buying else book["asks"]
    return {"price": levels[-1]["price"]} if levels else None


def _last_trade_price(book: dict[str, Any], _: Request) -> dict[str, Any]:
    return {"price": book.get("last_trade_price", "")}


def _tick_size(book: dict[str, Any], _: Request) -> dict[str, Any] | None:
    tick = book.get("tick_size")
    return {"minimum_tick_size": float(tick)} if tick else None


def _seconds(body: dict[str, Any]) -> float:
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(f"{body['fault']} needs seconds, a number of 0 or more")
    return float(seconds)


@attrs.frozen
class FaultsApi:
    """`POST /sandbox/faults` with `{"fault": name}`, and `seconds` for `delay` and `refuse`."""

    faults: Faults

    def routes(self) -> list[Route]:
        """The one path."""
        return [Route("/sandbox/faults", self.inject, methods=["POST"])]

    async def inject(self, request: Request) -> Response:
        """Flip a switch; 400 and `error` for what is no switch."""
        try:
            body = json.loads(await request.body())
            if not isinstance(body, dict):
                return _error(400, "send a JSON object")
            return JSONResponse({"fault": body.get("fault"), **self._inject(body)})
        except ValueError as exc:
            return _error(400, str(exc))

    def _inject(self, body: dict[str, Any]) -> dict[str, Any]:
        match body.get("fault"):
            case "cut":
                return {"connections": self.faults.cut()}
            case "refuse":
                # Without an end, nobody could get through to heal it.
                self.faults.refuse(_seconds(body))
            case "stall":
                self.faults.stall()
            case "half_open":
                self.faults.half_open()
            case "freeze":
                self.faults.freeze()
            case "delay":
                self.faults.delay(_seconds(body))
            case "heal":
                self.faults.heal()
            case unknown:
                raise ValueError(
                    f"{unknown!r} is no fault; there are cut, refuse, stall, half_open, freeze, "
                    "delay and heal"
                )
        return {}
