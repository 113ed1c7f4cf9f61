"""What a frame is to a book, by the venue's time: news, a copy, or too late.

Per token, frames come in the order of their times, except that copies may come up to 120 ms
later, and that a change older than the opening book may follow it. Measured 2026-10-04. Frames of
a second connection to the same book are copies too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from polymarket_realtime._codec.frames import BookFrame, PriceChange
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.book import Book

__all__ = ["Order", "by_asset", "fingerprint", "is_behind", "order_of"]

_OF_ONE_MARKET: Final = 2
"""Changes of nearly every frame: one of each token."""


class Order(Enum):
    """How a frame of changes stands to what the book has."""

    NEXT = "next"
    """Newer than everything."""
    BURST = "burst"
    """Of the latest burst, and not a copy."""
    COPY = "copy"
    """It has come before."""
    OLD = "old"
    """Older than the book's snapshot, or than what is remembered."""
    MISSED = "missed"
    """It should have come before others that are applied already."""


def by_asset(changes: Sequence[PriceChange]) -> Iterable[tuple[AssetId, Sequence[PriceChange]]]:
    """The changes of a frame by the asset that they are about, in order."""
    if len(changes) == _OF_ONE_MARKET and changes[0].asset_id != changes[1].asset_id:
        first, second = changes
        return ((first.asset_id, (first,)), (second.asset_id, (second,)))
    grouped: dict[AssetId, list[PriceChange]] = {}
    for change in changes:
        grouped.setdefault(change.asset_id, []).append(change)
    return grouped.items()


def order_of(book: Book, changes: Sequence[PriceChange], timestamp_ms: int) -> Order:
    """What a frame of changes is, and remember it if it is to be applied."""
    if timestamp_ms > book.timestamp_ms:
        book.recent.append(timestamp_ms)
        book.burst = (fingerprint(changes),)
        return Order.NEXT
    if timestamp_ms == book.timestamp_ms:
        mark = fingerprint(changes)
        if mark in book.burst:
            return Order.COPY
        book.burst += (mark,)
        return Order.BURST
    if timestamp_ms in book.recent:
        return Order.COPY
    full = len(book.recent) == book.recent.maxlen
    known_from = book.recent[0] if full else book.snapshot_ms
    return Order.MISSED if timestamp_ms > known_from else Order.OLD


def is_behind(book: Book, frame: BookFrame, timestamp_ms: int, *, new_here: bool) -> bool:
    """Whether a snapshot says nothing that a book in sync does not have already.

    Args:
        book: The book.
        frame: The snapshot.
        timestamp_ms: Its time.
        new_here: Whether it is the first that its connection sends of this book.

    Raises:
        CodecError: A price or size is not a number.
    """
    if timestamp_ms != book.timestamp_ms:
        return timestamp_ms < book.timestamp_ms
    # What the only connection repeats was asked for, and so is what comes while in doubt.
    if book.wants_proof or (not new_here and len(book.carriers) == 1):
        return False
    same = bool(frame.hash) and frame.hash == book.hash
    return same and book.same_as(frame.bids, frame.asks)


def fingerprint(changes: Sequence[PriceChange]) -> int:
    """Equal for two frames that say the same; the venue may swap the entries of a copy.

    The changes themselves would be some twenty objects to each book, which have left every cache
    by the time when the next change of it lets them go.
    """
    return hash(changes[0]) if len(changes) == 1 else hash(frozenset(changes))
