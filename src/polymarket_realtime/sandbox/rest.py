"""The public CLOB endpoints: books, and what is made of them.

Source for paths, parameters and errors: docs.polymarket.com, CLOB.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .rest_faults import RestFaults

__all__ = ["ClobApi"]

METHODS = {"/books": "POST"}
"""Where it is not GET."""

NO_BOOK = "No orderbook exists for the requested token id"


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


@attrs.frozen
class ClobApi:
    """Books, and prices made from them.

    Attributes:
        faults: Where books come from, and what may be wrong with the endpoints.
        clock: Seconds since the epoch.
    """

    faults: RestFaults
    clock: Callable[[], float]

    def routes(self) -> list[Route]:
        """All paths of this API."""
        endpoints = {
            "/time": self.time,
            "/books": self.books,
            "/book": self._answer(lambda book, _: book),
            "/midpoint": self._answer(_midpoint),
            "/spread": self._answer(_spread),
            "/price": self._answer(_price),
            "/last-trade-price": self._answer(_last_trade_price),
            "/tick-size": self._answer(_tick_size),
            "/neg-risk": self._answer(lambda book, _: {"neg_risk": book.get("neg_risk")}),
        }
        return [
            Route(path, self.faults.guard(endpoint), methods=[METHODS.get(path, "GET")])
            for path, endpoint in endpoints.items()
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
        return JSONResponse([book for token in tokens if (book := self.faults.book(token))])

    def _answer(
        self, make: Callable[[dict[str, Any], Request], dict[str, Any] | None]
    ) -> Callable[[Request], Any]:
        """An endpoint for one token's book, or something made from it."""

        async def endpoint(request: Request) -> Response:
            token = request.query_params.get("token_id")
            if not token:
                return _error(400, "Invalid token id")
            book = self.faults.book(token)
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
