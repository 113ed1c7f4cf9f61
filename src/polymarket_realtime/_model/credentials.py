"""What proves to the venue whose orders and trades are asked for.

API credentials (three values, made by the venue) open the user channel and sign REST calls; a
wallet's private key can make the venue hand them out. Source: docs.polymarket.com,
"Authentication".
"""

from __future__ import annotations

import hmac
from typing import Final, NoReturn

import attrs

__all__ = ["CREDENTIAL_VARIABLES", "WALLET_VARIABLES", "Credentials", "Secret", "Wallet"]

CREDENTIAL_VARIABLES: Final = (
    "POLYMARKET_API_KEY",
    "POLYMARKET_API_SECRET",
    "POLYMARKET_PASSPHRASE",
)
WALLET_VARIABLES: Final = ("POLYGON_PRIVATE_KEY", "POLYGON_ADDRESS")

_MASK: Final = "<secret>"

_TELLING: Final = 6
"""Characters of a secret that are too many to be shown."""


class Secret:
    """A text that shows itself only to who calls `reveal`.

    Printing, formatting, logging and `repr` give a mask; it cannot be pickled or copied into
    JSON. Two secrets are compared in constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Never log, store or put it into an error."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret stays in the memory of its process")


@attrs.frozen(kw_only=True)
class Credentials:
    """The API credentials of one account: all three, or none.

    Attributes:
        api_key: A UUID. The venue also calls it the "owner" of an order.
        secret: Base64 of the key that signs REST calls.
        passphrase: Sent along with every signed call.
    """

    api_key: Secret
    secret: Secret
    passphrase: Secret

    def scrub(self, text: bytes) -> bytes:
        """Replace every occurrence of the three values, for data that comes from the network."""
        for secret, mask in (
            (self.secret, b"<secret>"),
            (self.passphrase, b"<passphrase>"),
            (self.api_key, OWN_KEY_MASK.encode()),
        ):
            text = text.replace(secret.reveal().encode(), mask)
        return text

    def scrub_words(self, words: str) -> str:
        """Replace every piece of the three values, for words that may have been cut off.

        Not for data: a piece of a key may well be a piece of some innocent id.
        """
        words = self.scrub(words.encode()).decode("utf-8", "replace")
        for secret in (self.secret, self.passphrase, self.api_key):
            value = secret.reveal()
            for start in range(len(value) - _TELLING + 1):
                words = words.replace(value[start : start + _TELLING], "…")
        return words


OWN_KEY_MASK: Final = "<api key>"
"""What stands for one's own API key after `Credentials.scrub`: it still marks one's orders."""


@attrs.frozen(kw_only=True)
class Wallet:
    """A private key, and the address that belongs to it.

    Attributes:
        private_key: 64 hexadecimal digits, without `0x`.
        address: `0x` and 40 hexadecimal digits; None if it is to be found from the key.
    """

    private_key: Secret
    address: str | None = None
