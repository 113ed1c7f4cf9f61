"""Checks what clients sign: EIP-712 with a wallet, HMAC with an API secret.

Source: docs.polymarket.com, Authentication.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

__all__ = ["SignerMissing", "l2_signature", "recover_signer"]

CHAIN_ID = 137
"""Polygon."""

STATEMENT = "This message attests that I control the given wallet"

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")

_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
    ],
    "ClobAuth": [
        {"name": "address", "type": "address"},
        {"name": "timestamp", "type": "string"},
        {"name": "nonce", "type": "uint256"},
        {"name": "message", "type": "string"},
    ],
}


class SignerMissing(Exception):
    """The library that recovers signers is not installed."""


def recover_signer(address: str, timestamp: str, nonce: int, signature: str) -> str | None:
    """The address that signed a `ClobAuth` of these values; None for what is no signature.

    Takes about a second when called first, for the import.

    Raises:
        SignerMissing: eth-account is not installed.
    """
    limit = sys.getrecursionlimit()
    try:
        # An optional extra of the package, and slow to import.
        from eth_account import Account  # noqa: PLC0415
        from eth_account.messages import encode_typed_data  # noqa: PLC0415
        from eth_keys.exceptions import BadSignature  # noqa: PLC0415
    except ImportError as error:
        raise SignerMissing from error
    finally:
        # Raised by a library below eth-account to what no C stack can hold.
        sys.setrecursionlimit(limit)
    if not _ADDRESS.fullmatch(address) or not _SIGNATURE.fullmatch(signature):
        return None
    if not 0 <= nonce < 2**256:
        return None
    message: dict[str, Any] = {
        "types": _TYPES,
        "primaryType": "ClobAuth",
        "domain": {"name": "ClobAuthDomain", "version": "1", "chainId": CHAIN_ID},
        "message": {
            "address": address,
            "timestamp": timestamp,
            "nonce": nonce,
            "message": STATEMENT,
        },
    }
    try:
        signable = encode_typed_data(full_message=message)
        return str(Account.recover_message(signable, signature=signature))
    except (ValueError, BadSignature):
        return None


def l2_signature(secret: str, timestamp: str, method: str, path: str, body: str = "") -> str:
    """HMAC-SHA256 in url-safe Base64, padding kept, of what a client sends; `path` has no query."""
    signed = f"{timestamp}{method}{path}{body}".encode()
    digest = hmac.new(urlsafe_b64decode(secret), signed, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode()
