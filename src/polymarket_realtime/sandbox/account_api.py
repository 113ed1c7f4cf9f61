"""`/data/…`: the account's open orders and all its trades, in pages.

Source: docs.polymarket.com, CLOB. Cursors are Base64: `MA==` (0) is the first, `LTE=` (-1) means
that there is no more.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .account import Account
from .auth_api import signed
from .gatekeeper import Gatekeeper, Refused
from .orders import order_row, trade_row

__all__ = ["FIRST_CURSOR", "LAST_CURSOR", "PAGE_SIZE", "AccountApi"]

PAGE_SIZE = 50
"""Small, so that a client must turn pages."""

FIRST_CURSOR = "MA=="
LAST_CURSOR = "LTE="


@attrs.frozen
class AccountApi:
    """What the ledger answers; a key of another wallet has an account without anything."""

    account: Account
    gatekeeper: Gatekeeper

    def routes(self) -> list[Route]:
        """All paths of this API."""
        return [
            Route("/data/orders", signed(self.orders), methods=["GET"]),
            Route("/data/order/{id}", signed(self.order), methods=["GET"]),
            Route("/data/trades", signed(self.trades), methods=["GET"]),
        ]

    async def orders(self, request: Request) -> Response:
        """Open orders only, oldest first."""
        orders = self.account.open_orders if await self._is_ours(request) else ()
        rows = [order_row(order) for order in orders]
        return _page(request, [row for row in rows if _matches(request, row)])

    async def order(self, request: Request) -> Response:
        """One order, whatever became of it; `null` if there never was one."""
        ours = await self._is_ours(request)
        order = self.account.order(request.path_params["id"]) if ours else None
        return JSONResponse(None if order is None else order_row(order))

    async def trades(self, request: Request) -> Response:
        """All trades, oldest first; `after` and `before` are exclusive."""
        trades = self.account.trades if await self._is_ours(request) else ()
        after, before = _number(request, "after"), _number(request, "before")
        rows = [
            trade_row(trade)
            for trade in trades
            if (after is None or trade.matched_at > after)
            and (before is None or trade.matched_at < before)
        ]
        return _page(request, [row for row in rows if _matches(request, row)])

    async def _is_ours(self, request: Request) -> bool:
        caller = await self.gatekeeper.caller(request)
        return caller.address.lower() == self.account.address.lower()


def _matches(request: Request, row: dict[str, Any]) -> bool:
    query = request.query_params
    return all(row[name] == query[name] for name in ("id", "market", "asset_id") if name in query)


def _number(request: Request, name: str) -> int | None:
    """A query parameter in seconds since the epoch; None without it."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Refused(400, f"invalid {name}")
    return int(text)


def _page(request: Request, rows: Sequence[dict[str, Any]]) -> Response:
    start = _start(request.query_params.get("next_cursor", FIRST_CURSOR))
    data = rows[start : start + PAGE_SIZE] if start >= 0 else []
    more = start >= 0 and start + PAGE_SIZE < len(rows)
    cursor = b64encode(str(start + PAGE_SIZE).encode()).decode() if more else LAST_CURSOR
    return JSONResponse(
        {"limit": PAGE_SIZE, "count": len(data), "next_cursor": cursor, "data": data}
    )


def _start(cursor: str) -> int:
    try:
        return int(b64decode(cursor, validate=True))
    except ValueError:
        raise Refused(400, "invalid next_cursor") from None
