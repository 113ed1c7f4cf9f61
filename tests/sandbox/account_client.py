"""Signs REST requests and first frames as a client does, with eth-account and nothing of ours."""

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import attrs
import httpx2
from eth_account import Account

STRANGER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
"""The second of Hardhat's test accounts, as public as the first."""


def sign_wallet(key, *, nonce=0, timestamp=None, address=None, chain_id=137):
    """The headers that prove a wallet."""
    wallet = Account.from_key(key)
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    signature = wallet.sign_typed_data(
        {"name": "ClobAuthDomain", "version": "1", "chainId": chain_id},
        {
            "ClobAuth": [
                {"name": "address", "type": "address"},
                {"name": "timestamp", "type": "string"},
                {"name": "nonce", "type": "uint256"},
                {"name": "message", "type": "string"},
            ]
        },
        {
            "address": address or wallet.address,
            "timestamp": timestamp,
            "nonce": nonce,
            "message": "This message attests that I control the given wallet",
        },
    ).signature
    return {
        "POLY_ADDRESS": address or wallet.address,
        "POLY_SIGNATURE": "0x" + signature.hex().removeprefix("0x"),
        "POLY_TIMESTAMP": timestamp,
        "POLY_NONCE": str(nonce),
    }


def sign_call(credentials, address, method, path, *, timestamp=None, body=""):
    """The headers that prove an API key."""
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    key = urlsafe_b64decode(credentials.secret)
    digest = hmac.new(key, f"{timestamp}{method}{path}{body}".encode(), hashlib.sha256).digest()
    return {
        "POLY_ADDRESS": address,
        "POLY_SIGNATURE": urlsafe_b64encode(digest).decode(),
        "POLY_TIMESTAMP": timestamp,
        "POLY_API_KEY": credentials.api_key,
        "POLY_PASSPHRASE": credentials.passphrase,
    }


def opening_frame(credentials, **more):
    """The first frame of the user channel, as fields."""
    auth = {
        "apiKey": credentials.api_key,
        "secret": credentials.secret,
        "passphrase": credentials.passphrase,
    }
    return {"type": "user", "auth": auth, **more}


@attrs.frozen
class Caller:
    """The account's owner on REST."""

    http: httpx2.AsyncClient
    sandbox: object

    async def wallet(self, method, path, key=None, **more):
        headers = sign_wallet(key or self.sandbox.wallet_key, **more)
        return await self.http.request(method, path, headers=headers)

    async def call(self, path, method="GET", credentials=None, timestamp=None, **params):
        headers = sign_call(
            credentials or self.sandbox.credentials,
            self.sandbox.address,
            method,
            path,
            timestamp=timestamp,
        )
        return await self.http.request(method, path, headers=headers, params=params)

    async def rows(self, path, **params):
        """All pages, and how many there were."""
        rows, pages, cursor = [], 0, "MA=="
        while cursor != "LTE=":
            answer = await self.call(path, next_cursor=cursor, **params)
            page = answer.raise_for_status().json()
            assert page["count"] == len(page["data"]) <= page["limit"]
            rows, pages, cursor = rows + page["data"], pages + 1, page["next_cursor"]
        return rows, pages
