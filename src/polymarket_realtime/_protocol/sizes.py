"""The venue's sizes: whether a level is there."""

from __future__ import annotations

import re
from typing import Final

from polymarket_realtime.errors import CodecError

__all__ = ["are_usual", "is_present"]

_usual_sizes: Final = re.compile(r"(?:(?:[1-9][0-9]*+\.?+|0\.0*+[1-9])[0-9]*+ )*+").fullmatch


def are_usual(sizes: list[str]) -> bool:
    """Whether all are numbers above zero in the venue's spelling. If not, look at each.

    One match for a whole side of a book takes two fifths of the time of `is_present` for each.
    """
    text = " ".join(sizes) + " "
    return text.count(" ") == len(sizes) and _usual_sizes(text) is not None


def is_present(size: str) -> bool:
    """Whether a size is more than zero: plain digits with at most one point.

    Building a `Decimal` would cost three times as much.

    Raises:
        CodecError: It is not a number.
    """
    if not (size.isascii() and size.replace(".", "", 1).isdecimal()):
        raise CodecError("size", f"{size[:40]!r} is not a number of shares")
    return size[0] > "0" or size.strip("0.") != ""
