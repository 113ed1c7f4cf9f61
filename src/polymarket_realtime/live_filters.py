"""What narrows down a live feed: read from JSON, and refused with words that help.

The venue's own wire has its filters as JSON within a string, and programs pass on what they have,
so both an object and such a string are taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Never

import attrs

from polymarket_realtime.errors import InvalidFilter

__all__ = ["LiveFeed", "LiveFilter", "read_filter"]

_LONGEST_JSON: Final = 4_000
_LONGEST_TEXT: Final = 300
_SHOWN: Final = 80
_MOST_DIGITS: Final = 18
_WALLET: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_DIGITS: Final = re.compile(r"[0-9]{1,20}")


class LiveFeed(StrEnum):
    """A feed that is not about prices and books of chosen markets."""

    ACTIVITY = "activity"
    """The trades of everybody."""
    COMMENTS = "comments"
    """Comments on the venue's site, and reactions to them."""
    SPORTS = "sports"
    """Scores of the games that are on."""
    PRICES = "prices"
    """What crypto and shares cost elsewhere: the prices that markets are settled by."""
    NEW_MARKETS = "new_markets"
    """Every market that is announced."""


_KEYS: Final[Mapping[LiveFeed, tuple[str, ...]]] = {
    LiveFeed.ACTIVITY: ("event", "market", "wallet", "min_size", "min_value"),
    LiveFeed.COMMENTS: ("event", "parent_type", "parent_id", "wallet"),
    LiveFeed.SPORTS: ("league", "team", "game_id"),
    LiveFeed.PRICES: ("window_seconds", "kind"),
    LiveFeed.NEW_MARKETS: ("tag", "words", "event"),
}


def read_filter(feed: LiveFeed, filters: Mapping[str, Any] | str | None) -> LiveFilter:
    """Check which keys are there; null counts as left out.

    Raises:
        InvalidFilter: It is no JSON object, or has a key that the feed does not know.
    """
    accepted = ", ".join(_KEYS[feed])
    if isinstance(filters, str):
        filters = _parse(feed, filters) if filters.strip() else None
    if not isinstance(filters, Mapping | None):
        raise InvalidFilter(feed, f"must be an object with some of {accepted}")
    values = {key: value for key, value in (filters or {}).items() if value is not None}
    if unknown := [key for key in values if key not in _KEYS[feed]]:
        shown = ", ".join(map(_shown, unknown[:5]))
        beside = "; symbols are passed beside it" if "symbols" in unknown else ""
        raise InvalidFilter(feed, f"has no {shown}; accepted are {accepted}{beside}")
    return LiveFilter(feed, values)


def _parse(feed: LiveFeed, text: str) -> Any:
    problem = f'must be an object like {{"{_KEYS[feed][0]}": …}}, or the JSON of one'
    if len(text) > _LONGEST_JSON:
        raise InvalidFilter(feed, f"{problem}, of at most {_LONGEST_JSON} characters")
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise InvalidFilter(feed, f"{problem}; {_shown(text)} is no JSON: {error}") from None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return repr(cut) if isinstance(value, str) else cut


@attrs.frozen
class LiveFilter:
    """The values of a filter whose keys are known to the feed. Each is None if it is left out.

    All methods raise `InvalidFilter` for a value that cannot be.
    """

    feed: LiveFeed
    values: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        """Words, an identifier, or a number that is one."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, "a text that is not empty")
        if len(value) > _LONGEST_TEXT or not value.isprintable():
            self.refuse(key, f"a printable text of at most {_LONGEST_TEXT} characters")
        return value.strip()

    def wallet(self, key: str) -> str | None:
        """The address of a trader or an author."""
        value = self.values.get(key)
        if value is not None and not (isinstance(value, str) and _WALLET.fullmatch(value.strip())):
            self.refuse(key, "an address: 0x and 40 hexadecimal digits")
        return None if value is None else value.strip()

    def number(self, key: str) -> Decimal | None:
        """An amount of shares or dollars, not below 0."""
        value = self.values.get(key)
        if value is None:
            return None
        amount = _amount(value)
        if amount is None:
            self.refuse(key, "a number of at least 0")
        return amount

    def digits(self, key: str) -> str | None:
        """A number that the venue has given to something."""
        value = self.text(key)
        if value is not None and not _DIGITS.fullmatch(value):
            self.refuse(key, "a number of the venue: digits only")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        """One of some texts, in any case."""
        value = self.text(key)
        if value is None:
            return None
        known = {choice.casefold(): choice for choice in choices}
        if value.casefold() not in known:
            self.refuse(key, f"one of {', '.join(choices)}")
        return known[value.casefold()]

    def refuse(self, key: str, wanted: str) -> Never:
        """Say what a key takes.

        Raises:
            InvalidFilter: Always.
        """
        raise InvalidFilter(self.feed, f"takes as {key} {wanted}, not {_shown(self.values[key])}")


def _amount(value: Any) -> Decimal | None:
    """A number, or the text of one; None for what is neither, and for what nobody means."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        return None
    # A float is written as its shortest text, so 0.1 stays 0.1.
    amount = Decimal(str(value).strip())
    if not amount.is_finite() or amount < 0:
        return None
    # Written out, 1e999999999 would fill the memory.
    return amount if amount == 0 or abs(amount.adjusted()) <= _MOST_DIGITS else None
