"""Identifiers of the venue.

An *asset id* names one outcome token and is what the market channel speaks; the venue's pages
also call it "token id". A *condition id* names a market, which has one asset per outcome.
"""

from __future__ import annotations

import re
from typing import NewType

from polymarket_realtime.errors import InvalidIdentifier

__all__ = [
    "AssetId",
    "ConditionId",
    "hash_or_none",
    "is_condition_id",
    "is_id",
    "parse_asset_id",
    "parse_condition_id",
]

AssetId = NewType("AssetId", str)
"""Decimal digits of a 256-bit number, for example `"5540…9864"` (77 digits)."""

ConditionId = NewType("ConditionId", str)
"""`0x` and hexadecimal digits: 64 as a rule, 62 for some newer markets."""

# Ids are hashes, so a token id of fewer digits is a typing error or an id of another kind.
_ASSET_ID = re.compile(r"[1-9][0-9]{29,77}")
_CONDITION_ID = re.compile(r"0x[0-9a-fA-F]{40,64}")

_LONGEST_ID = 128
"""The longest are the hexadecimal digits of 512 bits, which the venue has none of."""


def is_id(text: str) -> bool:
    """Whether `text` can be an id of anything: visible ASCII without a space, and not long.

    Less than the venue's ids are, but enough that none can hold a sentence or steer a terminal.
    """
    if not (text.isascii() and 0 < len(text) <= _LONGEST_ID):
        return False
    return text.isalnum() or (text.isprintable() and " " not in text)


def hash_or_none(text: str | None) -> str | None:
    """The same, if it can be a hash: a short word of letters and digits."""
    usual = text and text.isalnum() and text.isascii() and len(text) <= _LONGEST_ID
    return text if usual else None


def parse_asset_id(text: str) -> AssetId:
    """Check that `text` is a token id.

    Raises:
        InvalidIdentifier: It is not.
    """
    if _ASSET_ID.fullmatch(text) is None or int(text) >= 1 << 256:
        raise InvalidIdentifier(text, "a token id (a decimal number of about 77 digits)")
    return AssetId(text)


def is_condition_id(text: str) -> bool:
    """Whether `text` has the form of a condition id."""
    return _CONDITION_ID.fullmatch(text) is not None


def parse_condition_id(text: str) -> ConditionId:
    """Check that `text` is a condition id, and put it in lower case as the wire does.

    Raises:
        InvalidIdentifier: It is not.
    """
    if not is_condition_id(text):
        raise InvalidIdentifier(text, "a condition id (0x and 64 hexadecimal digits)")
    return ConditionId(text.lower())
