"""The account as a person typed it into environment variables, checked before it is used.

What goes wrong is told at start-up, by the name of the variable and what to do about it. No
message holds a part of a value, since the wrong value is often a secret in the wrong place.
Addresses are public and the exception.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Final

import attrs

from polymarket_realtime._model.credentials import (
    CREDENTIAL_VARIABLES,
    WALLET_VARIABLES,
    Credentials,
    Secret,
    Wallet,
)
from polymarket_realtime._protocol.signing import address_of, decode_api_secret
from polymarket_realtime.errors import CredentialsError, WalletSupportMissing

__all__ = ["AccountInput", "check_address", "read_account"]

_API_KEY, _API_SECRET, _PASSPHRASE = CREDENTIAL_VARIABLES
_PRIVATE_KEY, _ADDRESS = WALLET_VARIABLES

_CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Private keys of secp256k1 are below it."""

_SECRET_BYTES: Final = range(16, 129)
"""How long the key in an API secret may be; the venue makes 32 bytes."""

_LONGEST_PASSPHRASE: Final = 256
"""Characters; the venue makes 64."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PRINTABLE: Final = re.compile("[!-~]+")
_SIXTY_FOUR_DIGITS: Final = re.compile(r"(0[xX])?[0-9a-fA-F]{64}")
_FORTY_DIGITS: Final = re.compile(r"(0[xX])?[0-9a-fA-F]{40}")
_QUOTES: Final = "\"'`“”‘’"  # noqa: RUF001 - editors put the last four in unasked


@attrs.frozen(kw_only=True)
class AccountInput:
    """What the variables give: credentials, or a wallet to derive them with, or neither.

    Attributes:
        credentials: The complete set, if it is given; then there is no `wallet`.
        wallet: The private key and its address.
        address: The signer's, as far as it is known.
    """

    credentials: Credentials | None = None
    wallet: Wallet | None = None
    address: str | None = None


def read_account(environ: Mapping[str, str]) -> AccountInput:
    """Read the variables of the account; blanks around a value and empty values do not count.

    A wallet that is needed, because the API credentials are not complete, costs the import of
    eth-account here: most of a second.

    Raises:
        CredentialsError: A value cannot work, or one is missing.
        WalletSupportMissing: The wallet is needed and eth-account is not installed.
    """
    typed = {
        name: value
        for name in (*CREDENTIAL_VARIABLES, *WALLET_VARIABLES)
        if (value := _typed(environ, name)) is not None
    }
    _check_forms(typed)
    key, address = typed.get(_PRIVATE_KEY), typed.get(_ADDRESS)
    private_key = None if key is None else Secret(_digits(key))
    named = None if address is None else address.reveal()
    missing = [name for name in CREDENTIAL_VARIABLES if name not in typed]
    if not missing:
        return AccountInput(
            credentials=Credentials(
                # As the venue spells it, whose frames name the owner of an order by it.
                api_key=Secret(typed[_API_KEY].reveal().lower()),
                secret=typed[_API_SECRET],
                passphrase=typed[_PASSPHRASE],
            ),
            address=_address_if_known(private_key, named),
        )
    if len(missing) < len(CREDENTIAL_VARIABLES):
        raise _incomplete(missing)
    if private_key is not None:
        wallet = _wallet(private_key, named)
        return AccountInput(wallet=wallet, address=wallet.address)
    return AccountInput(address=named)


def check_address(name: str, value: Secret) -> None:
    """Refuse what is not `0x` and 40 hexadecimal digits.

    Raises:
        CredentialsError: about `name`.
    """
    text = value.reveal()
    if _SIXTY_FOUR_DIGITS.fullmatch(text):
        raise CredentialsError(
            name, f"looks like a private key; that belongs into {_PRIVATE_KEY} only"
        )
    if not (text.startswith("0x") and _FORTY_DIGITS.fullmatch(text)):
        raise CredentialsError(name, "not an address: 0x and 40 hexadecimal digits")


def _typed(environ: Mapping[str, str], name: str) -> Secret | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise CredentialsError(name, "has quotes around it; write the value without them")
    if not _PRINTABLE.fullmatch(text):
        raise CredentialsError(name, "has blanks or signs beyond ASCII in it; copy it again")
    return Secret(text)


def _check_forms(typed: Mapping[str, Secret]) -> None:
    """Every value alone, needed or not, and then for having been put where another belongs."""
    if (key := typed.get(_PRIVATE_KEY)) is not None:
        _check_private_key(key)
    if (address := typed.get(_ADDRESS)) is not None:
        check_address(_ADDRESS, address)
    for name in CREDENTIAL_VARIABLES:
        # A passphrase may look like a private key, and is sent to the venue.
        if name in typed and key is not None and _digits(typed[name]) == _digits(key):
            raise CredentialsError(
                name, f"the same as {_PRIVATE_KEY}, which must not leave this machine"
            )
    if (api_key := typed.get(_API_KEY)) is not None and not _UUID.fullmatch(api_key.reveal()):
        raise CredentialsError(
            _API_KEY, "not a UUID: groups of 8, 4, 4, 4 and 12 hexadecimal digits with hyphens"
        )
    if (secret := typed.get(_API_SECRET)) is not None:
        _check_api_secret(secret, typed.get(_PASSPHRASE))
    if len(typed.get(_PASSPHRASE, Secret("")).reveal()) > _LONGEST_PASSPHRASE:
        raise CredentialsError(
            _PASSPHRASE, f"longer than {_LONGEST_PASSPHRASE} characters; copy it again"
        )


def _check_api_secret(secret: Secret, passphrase: Secret | None) -> None:
    text = secret.reveal()
    # The venue's passphrases are 64 hexadecimal digits, which are base64 as well.
    if secret == passphrase or re.fullmatch("[0-9a-fA-F]{64}", text):
        raise CredentialsError(
            _API_SECRET, f"looks like the passphrase; are {_API_SECRET} and {_PASSPHRASE} swapped?"
        )
    if _UUID.fullmatch(text):
        raise CredentialsError(
            _API_SECRET, f"looks like an API key; that belongs into {_API_KEY} only"
        )
    if len(decode_api_secret(secret)) not in _SECRET_BYTES:
        raise CredentialsError(
            _API_SECRET, "too short or too long: 16 to 128 bytes as base64; copy it again, whole"
        )


def _check_private_key(key: Secret) -> None:
    text = key.reveal()
    if _FORTY_DIGITS.fullmatch(text):
        raise CredentialsError(
            _PRIVATE_KEY, f"looks like an address; are {_PRIVATE_KEY} and {_ADDRESS} swapped?"
        )
    if not _SIXTY_FOUR_DIGITS.fullmatch(text):
        raise CredentialsError(
            _PRIVATE_KEY, "not a private key: 64 hexadecimal digits, with or without 0x"
        )
    if not 0 < int(_digits(key), 16) < _CURVE_ORDER:
        raise CredentialsError(
            _PRIVATE_KEY, "no wallet has this key: it is zero, or too large for secp256k1"
        )


def _digits(key: Secret) -> str:
    """The digits of a private key in one spelling."""
    return key.reveal().lower().removeprefix("0x")


def _wallet(private_key: Secret, named: str | None) -> Wallet:
    own = address_of(private_key)
    if named is not None and named.lower() != own.lower():
        raise CredentialsError(
            _ADDRESS,
            f"{named} does not belong to {_PRIVATE_KEY}, whose address is {own}; name that one "
            "(not the proxy that holds the funds), or none",
        )
    return Wallet(private_key=private_key, address=own)


def _address_if_known(private_key: Secret | None, named: str | None) -> str | None:
    """The address for signing with complete credentials, which need no wallet."""
    if named is None and private_key is not None:
        with contextlib.suppress(WalletSupportMissing):
            return address_of(private_key)
    return named


def _incomplete(missing: list[str]) -> CredentialsError:
    first, *others = missing
    also = f", and neither is {others[0]}" if others else ""
    return CredentialsError(
        first,
        f"not set{also}; API credentials are complete with all of "
        f"{', '.join(CREDENTIAL_VARIABLES)}; "
        f"or set none of them, and {_PRIVATE_KEY} to derive them",
    )
