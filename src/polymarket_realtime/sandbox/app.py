"""The ASGI application: the market and user channels, and HTTP beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from .account_api import AccountApi
from .auth_api import AuthApi
from .exchange import Exchange
from .faults import Faults
from .gamma_api import GammaApi
from .market_socket import MarketSocket
from .replay import ReplayVenue
from .rest import ClobApi, FaultsApi
from .user_socket import UserSocket


def make_app(
    venue: Exchange | ReplayVenue,
    faults: Faults,
    *,
    market_socket: MarketSocket,
    user_socket: UserSocket,
    auth_api: AuthApi,
    account_api: AccountApi,
    urls: dict[str, str],
    clock: Callable[[], float],
) -> Starlette:
    """Everything that the sandbox answers; `urls` is what its front page says of itself."""

    async def front_page(_: Request) -> Response:
        return JSONResponse(_front_page(venue, urls))

    async def no_such_channel(websocket: WebSocket) -> None:
        await websocket.send_denial_response(Response(status_code=404))

    routes: list[BaseRoute] = [
        Route("/", front_page),
        *ClobApi(venue, clock).routes(),
        *GammaApi(venue).routes(),
        *FaultsApi(faults).routes(),
        *auth_api.routes(),
        *account_api.routes(),
        WebSocketRoute("/ws/market", market_socket.serve),
        WebSocketRoute("/ws/user", user_socket.serve),
        # Without this, Starlette would refuse an unknown channel with 403.
        WebSocketRoute("/{path:path}", no_such_channel),
    ]
    return Starlette(routes=routes)


def _front_page(venue: Exchange | ReplayVenue, urls: dict[str, str]) -> dict[str, Any]:
    return {
        "what": "a sandbox that speaks like Polymarket; nothing here is real",
        **urls,
        "markets": [
            {
                "question": market.question,
                "slug": market.slug,
                "condition_id": market.condition_id,
                "tokens": dict(zip(market.outcomes, market.token_ids, strict=True)),
                "closed": not market.live,
            }
            for market in venue.markets
        ],
    }
