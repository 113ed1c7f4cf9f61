"""`/auth/…`: API keys for wallets.

Source: docs.polymarket.com, Authentication.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .account import Account
from .credentials import ApiCredentials, KeyDesk
from .gatekeeper import Gatekeeper, Refused

__all__ = ["AuthApi", "signed"]

NONE_YET = "Could not derive api key!"
ONE_ALREADY = "Could not create api key"

Endpoint = Callable[[Request], Awaitable[Response]]


def signed(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose refusals are answers."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return refused.response

    return answer


@attrs.frozen
class AuthApi:
    """Derives, creates, lists and deletes API keys."""

    desk: KeyDesk
    gatekeeper: Gatekeeper
    account: Account

    def routes(self) -> list[Route]:
        """All paths of this API."""
        return [
            Route("/auth/derive-api-key", signed(self.derive), methods=["GET"]),
            Route("/auth/api-key", signed(self.create), methods=["POST"]),
            Route("/auth/api-key", signed(self.delete), methods=["DELETE"]),
            Route("/auth/api-keys", signed(self.list_keys), methods=["GET"]),
        ]

    async def derive(self, request: Request) -> Response:
        """The credentials that a wallet has for a nonce."""
        credentials = self.desk.derive(*await self.gatekeeper.wallet(request))
        if credentials is None:
            raise Refused(400, NONE_YET)
        return _show(credentials)

    async def create(self, request: Request) -> Response:
        """New credentials for a wallet; 400 if it has some for this nonce."""
        address, nonce = await self.gatekeeper.wallet(request)
        credentials = self.desk.create(address, nonce)
        if credentials is None:
            raise Refused(400, ONE_ALREADY)
        if address.lower() == self.account.address.lower():
            self.account.owner = credentials.api_key
        return _show(credentials)

    async def list_keys(self, request: Request) -> Response:
        """All API keys of the caller's address."""
        caller = await self.gatekeeper.caller(request)
        return JSONResponse({"apiKeys": self.desk.keys_of(caller.address)})

    async def delete(self, request: Request) -> Response:
        """Revoke the key that signed this."""
        caller = await self.gatekeeper.caller(request)
        self.desk.revoke(caller.credentials.api_key)
        return JSONResponse("OK")


def _show(credentials: ApiCredentials) -> Response:
    return JSONResponse(
        {
            "apiKey": credentials.api_key,
            "secret": credentials.secret,
            "passphrase": credentials.passphrase,
        }
    )
