"""The API keys that the sandbox hands out, and the wallet that its account belongs to.

Shapes as at the venue: the key is a UUID, the secret url-safe Base64 of 32 bytes, the passphrase
64 hexadecimal digits. All come from the seed, so none of them protects anything.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import attrs

from .markets import seeded_hex

__all__ = ["ADDRESS", "WALLET_KEY", "ApiCredentials", "KeyDesk", "funder_of", "seeded_uuid"]

WALLET_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""A private key that every Ethereum developer knows: the first of Hardhat's test accounts."""

ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
"""The address that belongs to it."""


def _mask(_: str) -> str:
    return "<masked>"


@attrs.frozen
class ApiCredentials:
    """The three values of one API key, readable, but not shown by `repr`."""

    api_key: str = attrs.field(repr=_mask)
    secret: str = attrs.field(repr=_mask)
    passphrase: str = attrs.field(repr=_mask)


@attrs.frozen
class _Issue:
    """A key with whom it was given to; `address` in lower case."""

    address: str
    nonce: int
    credentials: ApiCredentials


def _nobody(_: str) -> None:
    """The listener of a desk without an audience."""


@attrs.define(eq=False)
class KeyDesk:
    """Issues, finds and revokes API keys. Addresses are compared without regard to case.

    A wallet's address and a nonce have one key at most and get the same one whenever they ask; only
    after it was revoked is there another, and that must be created.

    Attributes:
        revoked: Called with each API key that has just been revoked.
    """

    seed: int = 7
    revoked: Callable[[str], None] = _nobody
    _valid: dict[str, _Issue] = attrs.field(factory=dict, init=False, repr=False)
    _issued: Counter[tuple[str, int]] = attrs.field(factory=Counter, init=False)

    def derive(self, address: str, nonce: int) -> ApiCredentials | None:
        """The credentials of this address and nonce, or None if there are none."""
        asked = address.lower(), nonce
        for issue in self._valid.values():
            if (issue.address, issue.nonce) == asked:
                return issue.credentials
        return None

    def create(self, address: str, nonce: int) -> ApiCredentials | None:
        """New credentials, or None if this address and nonce have some already."""
        return self.issue(address, nonce) if self.derive(address, nonce) is None else None

    def issue(self, address: str, nonce: int) -> ApiCredentials:
        """New credentials for an address and a nonce that have none."""
        asked = address.lower(), nonce
        self._issued[asked] += 1
        name = f"{address.lower()}/{nonce}/{self._issued[asked]}"
        credentials = ApiCredentials(
            seeded_uuid(self.seed, "api key", name),
            urlsafe_b64encode(bytes.fromhex(seeded_hex(self.seed, "secret", name))).decode(),
            seeded_hex(self.seed, "passphrase", name),
        )
        self.accept(address, nonce, credentials)
        return credentials

    def accept(self, address: str, nonce: int, credentials: ApiCredentials) -> None:
        """Make these valid, wherever they come from."""
        self._valid[credentials.api_key] = _Issue(address.lower(), nonce, credentials)

    def find(self, api_key: str) -> ApiCredentials | None:
        """The credentials with this key, or None if it is unknown or revoked."""
        issue = self._valid.get(api_key)
        return issue.credentials if issue else None

    def owns(self, address: str, api_key: str) -> bool:
        """Whether a valid key belongs to this address."""
        issue = self._valid.get(api_key)
        return issue is not None and issue.address == address.lower()

    def keys_of(self, address: str) -> list[str]:
        """The valid API keys of an address, oldest first."""
        return [key for key, issue in self._valid.items() if issue.address == address.lower()]

    def revoke(self, api_key: str) -> None:
        """Make a key worthless from now on; KeyError if it is unknown or already revoked."""
        del self._valid[api_key]
        self.revoked(api_key)


def seeded_uuid(seed: int, purpose: str, name: str) -> str:
    """A UUID that depends on nothing but the arguments."""
    return str(UUID(seeded_hex(seed, purpose, name)[:32], version=4))


def funder_of(seed: int, name: str) -> str:
    """An address that holds somebody's funds: `0x` and 40 hexadecimal digits."""
    return "0x" + seeded_hex(seed, "funder", name)[:40]
