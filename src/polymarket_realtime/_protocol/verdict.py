"""What the witness, the venue's REST, says about a book.

It is compared in the right direction: levels are what counts, times only say which of the two is
newer, and a witness that is older than the book proves nothing. REST has served stale books.
Source: py-clob-client #180.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._protocol.book import Book
from polymarket_realtime.errors import CodecError

__all__ = ["UNCLEAR", "Verdict", "judge"]


class Verdict(StrEnum):
    """How a book stands to the witness's."""

    EQUAL = "equal"
    """The witness is not older and has the same levels."""
    MOVED = "moved"
    """The witness is newer and has others."""
    OLDER = "older"
    """The witness is older: that proves nothing."""
    DIVERGED = "diverged"
    """Both are of the same moment and differ: the book is wrong."""
    UNCLEAR = "unclear"
    """The book is in the middle of a change, or the witness cannot be read."""
    NO_BOOK = "no_book"
    """The witness has none."""


UNCLEAR: Final = {
    Verdict.OLDER: "what REST shows is older",
    Verdict.UNCLEAR: "what REST shows cannot be compared",
}
"""Answers that leave the question open, for a person."""


def judge(book: Book, shown: WitnessBook | None, *, calm: bool) -> Verdict:
    """Compare a book with what the witness has shown.

    Args:
        book: One that has been the truth at some time.
        shown: The witness's answer; None if it has left the token out.
        calm: Whether nothing about the book has come for so long that it cannot be in the middle
            of a burst.
    """
    if shown is None:
        return Verdict.NO_BOOK
    try:
        same = book.same_as(shown.bids, shown.asks)
    except CodecError:
        return Verdict.UNCLEAR
    if shown.hash and shown.hash == book.hash:
        return Verdict.EQUAL if same else Verdict.DIVERGED
    if shown.timestamp_ms < book.timestamp_ms:
        return Verdict.OLDER
    if same:
        return Verdict.EQUAL
    if shown.timestamp_ms > book.timestamp_ms:
        return Verdict.MOVED
    return Verdict.DIVERGED if calm else Verdict.UNCLEAR
