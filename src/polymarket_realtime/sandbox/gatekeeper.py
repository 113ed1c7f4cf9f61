"""Who is asking? Verifies the headers of signed REST requests.

L1 proves a wallet, L2 an API key. A refusal never says which header was wrong, as at the venue.
Source: docs.polymarket.com, Authentication.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio
from starlette.requests import Request
from starlette.responses import JSONResponse

from .credentials import ApiCredentials, KeyDesk
from .signatures import SignerMissing, l2_signature, recover_signer

__all__ = ["Caller", "Gatekeeper", "Recover", "Refused", "recover_here", "recover_in_thread"]

MAX_SKEW = 10.0
"""Seconds that a request's timestamp may be off, in either direction."""

MAX_DIGITS = 78
"""Of a uint256."""

UNAUTHORIZED = "Unauthorized/Invalid api key"
NO_SIGNER = (
    "this sandbox cannot check signatures: install eth-account with "
    "pip install 'polymarket-realtime[wallet]'"
)


class Refused(Exception):
    """A request that is not answered; `response` is what is said instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = JSONResponse({"error": message}, status)


@attrs.frozen
class Caller:
    """Who has signed a request, with the API key that belongs to it."""

    address: str
    credentials: ApiCredentials


Recover = Callable[[str, str, int, str], Awaitable[str | None]]
"""`recover_signer`, for callers who can wait."""


async def recover_in_thread(address: str, timestamp: str, nonce: int, signature: str) -> str | None:
    """Pure arithmetic, but slow arithmetic, and the first call imports the library."""
    return await trio.to_thread.run_sync(recover_signer, address, timestamp, nonce, signature)


async def recover_here(address: str, timestamp: str, nonce: int, signature: str) -> str | None:
    """The same without a thread, for a virtual clock would not wait for one."""
    await trio.lowlevel.checkpoint()
    return recover_signer(address, timestamp, nonce, signature)


@attrs.frozen
class Gatekeeper:
    """Lets signed requests pass; all methods raise `Refused` for the others.

    Attributes:
        desk: All API keys.
        clock: Seconds since the epoch.
        recover: Finds out whose signature it is.
    """

    desk: KeyDesk
    clock: Callable[[], float]
    recover: Recover

    async def wallet(self, request: Request) -> tuple[str, int]:
        """The address and the nonce that an L1 request is signed for."""
        address, signature = _header(request, "ADDRESS"), _header(request, "SIGNATURE")
        timestamp, nonce = _header(request, "TIMESTAMP"), _natural(_header(request, "NONCE"))
        self._check_time(timestamp)
        try:
            signer = await self.recover(address, timestamp, nonce, signature)
        except SignerMissing as error:
            raise Refused(501, NO_SIGNER) from error
        if signer is None or signer.lower() != address.lower():
            raise Refused(401, UNAUTHORIZED)
        return address, nonce

    async def caller(self, request: Request) -> Caller:
        """Whose API key an L2 request is signed with."""
        address, signature = _header(request, "ADDRESS"), _header(request, "SIGNATURE")
        timestamp, api_key = _header(request, "TIMESTAMP"), _header(request, "API_KEY")
        self._check_time(timestamp)
        credentials = self.desk.find(api_key)
        if credentials is None or not self.desk.owns(address, api_key):
            raise Refused(401, UNAUTHORIZED)
        body = (await request.body()).decode(errors="replace")
        expected = l2_signature(
            credentials.secret, timestamp, request.method, request.url.path, body
        )
        if (signature, _header(request, "PASSPHRASE")) != (expected, credentials.passphrase):
            raise Refused(401, UNAUTHORIZED)
        return Caller(address, credentials)

    def _check_time(self, timestamp: str) -> None:
        if abs(_natural(timestamp) - self.clock()) > MAX_SKEW:
            raise Refused(401, UNAUTHORIZED)


def _header(request: Request, name: str) -> str:
    value = request.headers.get(f"POLY_{name}")
    if not value:
        raise Refused(401, UNAUTHORIZED)
    return value


def _natural(text: str) -> int:
    """A decimal number without sign or blanks."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise Refused(401, UNAUTHORIZED)
    return int(text)
