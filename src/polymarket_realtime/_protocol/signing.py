"""What proves a request to the venue's REST: an EIP-712 signature, or an HMAC.

The private key of a wallet signs only to be given API credentials ("L1"); these sign everything
else ("L2"). WebSockets use neither: the user channel carries the credentials themselves.
Source: docs.polymarket.com, "Authentication"; the official clients sign the same.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import sys
from typing import TYPE_CHECKING, Final

from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime.errors import CredentialsError, WalletSupportMissing

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

__all__ = ["address_of", "decode_api_secret", "sign_l1", "sign_l2"]

POLYGON: Final = 137
"""Chain id of the network that the venue settles on."""

_ATTESTATION: Final = "This message attests that I control the given wallet"

_CLOB_AUTH: Final = {
    "ClobAuth": [
        {"name": "address", "type": "address"},
        {"name": "timestamp", "type": "string"},
        {"name": "nonce", "type": "uint256"},
        {"name": "message", "type": "string"},
    ]
}


def sign_l1(
    private_key: Secret, *, timestamp: int, nonce: int = 0, chain_id: int = POLYGON
) -> dict[str, str]:
    """The headers that ask for API credentials in the name of a wallet.

    The first call in a process imports eth-account, which takes most of a second.

    Args:
        private_key: 64 hexadecimal digits, with or without `0x`.
        timestamp: Unix seconds by the venue's clock.
        nonce: Which of the wallet's API credentials: each nonce has its own.
        chain_id: 137, or 80002 for the test network.

    Raises:
        WalletSupportMissing: eth-account is not installed.
        CredentialsError: This is no private key.
    """
    account = _account(private_key)
    signed = account.sign_typed_data(
        domain_data={"name": "ClobAuthDomain", "version": "1", "chainId": chain_id},
        message_types=_CLOB_AUTH,
        message_data={
            "address": account.address,
            "timestamp": str(timestamp),
            "nonce": nonce,
            "message": _ATTESTATION,
        },
    )
    return {
        "POLY_ADDRESS": account.address,
        "POLY_SIGNATURE": "0x" + bytes(signed.signature).hex(),
        "POLY_TIMESTAMP": str(timestamp),
        "POLY_NONCE": str(nonce),
    }


def address_of(private_key: Secret) -> str:
    """The address that belongs to a private key, in checksum spelling.

    Raises:
        WalletSupportMissing: eth-account is not installed.
        CredentialsError: This is no private key.
    """
    return str(_account(private_key).address)


def sign_l2(
    credentials: Credentials,
    *,
    address: str | None,
    timestamp: int,
    method: str,
    path: str,
    body: str | None = None,
) -> dict[str, str]:
    """The headers of one signed request.

    Args:
        credentials: The account's.
        address: The signer's, not that of a proxy that holds the funds; its header is left out
            if None.
        timestamp: Unix seconds by the venue's clock.
        method: In capitals, as sent.
        path: From the first slash, without the query.
        body: Exactly the text sent.

    Raises:
        CredentialsError: The API secret is not base64.
    """
    signed = f"{timestamp}{method}{path}{body or ''}".encode()
    digest = hmac.digest(decode_api_secret(credentials.secret), signed, hashlib.sha256)
    named = {} if address is None else {"POLY_ADDRESS": address}
    return named | {
        "POLY_SIGNATURE": base64.urlsafe_b64encode(digest).decode(),
        "POLY_TIMESTAMP": str(timestamp),
        "POLY_API_KEY": credentials.api_key.reveal(),
        "POLY_PASSPHRASE": credentials.passphrase.reveal(),
    }


def decode_api_secret(secret: Secret) -> bytes:
    """The key that an API secret spells, in either alphabet of base64, padded or not.

    Raises:
        CredentialsError: It is not base64.
    """
    key = _base64_bytes(secret.reveal())
    if key is None:
        raise CredentialsError("POLYMARKET_API_SECRET", "not base64; copy it again, whole")
    return key


def _base64_bytes(text: str) -> bytes | None:
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return None  # and not raised from there: no error is to know what was tried


def _account(private_key: Secret) -> LocalAccount:
    """The wallet of a key, without any trace of the key in what may be raised."""
    # A library below eth-account raises the limit to 100,000 when imported. The JSON decoder
    # relies on it against frames that nest deeper than the C stack.
    limit = sys.getrecursionlimit()
    try:
        from eth_account import Account  # noqa: PLC0415 - slow, and an optional extra
    except ImportError:
        raise WalletSupportMissing from None
    finally:
        sys.setrecursionlimit(limit)
    account: LocalAccount | None = None
    with contextlib.suppress(ValueError, TypeError):  # raised anew below, without what they know
        account = Account.from_key(private_key.reveal())
    if account is None:
        raise CredentialsError("POLYGON_PRIVATE_KEY", "not a private key: 64 hexadecimal digits")
    return account
