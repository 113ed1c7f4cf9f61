"""Pieces of text that several views show."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from polymarket_realtime._model.text import plain_text

__all__ = ["age", "capped", "exact", "printable"]


_LONGEST_LINE: Final = 4_000


def printable(text: str) -> str:
    """A line with words from the network, without anything that would steer a terminal."""
    return plain_text(text, _LONGEST_LINE)


def capped(text: str, longest: int) -> str:
    """The same, printable, and at most so many characters of it."""
    return plain_text(text, longest)


def exact(value: Decimal) -> str:
    """A number with the digits that it needs, never in scientific notation."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def age(since: float | None, now: float) -> str:
    """Time gone by, both in seconds since the epoch.

    Whole units, so that what shows it is redrawn only when it says something else.
    """
    if since is None:
        return "-"
    seconds = max(0, int(now - since))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m"
    return f"{seconds // 3600} h" if seconds < 2 * 86400 else f"{seconds // 86400} d"
