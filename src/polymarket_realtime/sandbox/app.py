"""The ASGI application: the WebSocket channels, and HTTP beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from .account_api import AccountApi
from .auth_api import AuthApi
from .exchange import Exchange
from .faults_api import FaultsApi
from .gamma_api import GammaApi
from .replay import ReplayVenue
from .rest import ClobApi


class Socket(Protocol):
    """The server's half of a channel."""

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""


def make_app(
    venue: Exchange | ReplayVenue,
    *,
    sockets: Mapping[str, Socket],
    clob_api: ClobApi,
    faults_api: FaultsApi,
    gamma_api: GammaApi,
    auth_api: AuthApi,
    account_api: AccountApi,
    urls: dict[str, str],
) -> Starlette:
    """Everything that the sandbox answers.

    Args:
        venue: What stands behind it.
        sockets: The channels by path.
        clob_api: Books and prices.
        faults_api: What breaks it.
        gamma_api: Lookups.
        auth_api: API keys.
        account_api: Orders and trades of the account.
        urls: What the front page says of itself.
    """

    async def front_page(_: Request) -> Response:
        return JSONResponse(_front_page(venue, urls))

    async def no_such_channel(websocket: WebSocket) -> None:
        await websocket.send_denial_response(Response(status_code=404))

    routes: list[BaseRoute] = [
        Route("/", front_page),
        *clob_api.routes(),
        *gamma_api.routes(),
        *faults_api.routes(),
        *auth_api.routes(),
        *account_api.routes(),
        *(WebSocketRoute(path, socket.serve) for path, socket in sockets.items()),
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
