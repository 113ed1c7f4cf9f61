"""Compares books with the venue's hash of them.

The hash is made of the levels and of four things more: the tick size, two that only REST tells,
and the market's last trade, which enters it before it is announced. It stands at the end of the
text, so the rest is hashed once and every price that the trade can have had is tried on a copy:
a thousand tries cost about a millisecond, and a match is a proof all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.trust import AssetState, Doubt, Proof, Verification
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.evidence import Evidence

__all__ = ["Verifier", "has_equal_hash"]

_SAMPLE: Final = 10.0
"""Seconds between two hashes of one book that are compared in `Verification.SAMPLE`."""

_USUAL_SIZE: Final = "5"
"""The smallest order of nearly all markets; tried where REST has not said it."""

_TRADES: Final = ("", *(f"{number / 1000:.3f}" for number in range(1001)))
"""Every last trade there can be."""

_encode: Final = msgspec.json.Encoder().encode


class Verifier:
    """Compares books with their hashes, as often as was asked for.

    Args:
        verification: How often.
        counters: Where to count.

    Attributes:
        compares_tops: Whether the best prices are to be compared as well.
    """

    def __init__(self, verification: Verification, counters: FeedCounters) -> None:
        self.compares_tops = verification is not Verification.OFF
        self._hashes = verification in (Verification.SAMPLE, Verification.ALWAYS)
        self._pause = 0.0 if verification is Verification.ALWAYS else _SAMPLE
        self._counters = counters

    def is_due(self, book: Book, now: float) -> bool:
        """Whether the book is to be compared as soon as its burst is over."""
        return self._hashes and now >= book.evidence.verify_at

    def verify(self, book: Book, now: float, wall: float) -> StateChanged | None:
        """Compare a book at the end of a burst; what to tell, if its state changes by that.

        A match proves the book. A mismatch alone proves nothing, but raises a doubt that the
        witness, or a fresh book, has to settle.
        """
        book.evidence.verify_at = now + self._pause
        equal = has_equal_hash(book)
        if equal is None:
            self._counters.hashes_unknown += 1
            return None
        if equal:
            self._counters.hashes_equal += 1
            book.evidence.prove(Proof.HASH, wall)
            return book.enter(AssetState.LIVE, "", wall) if book.doubt is Doubt.HASH else None
        self._counters.hashes_unequal += 1
        reason = "it is not what the venue's hash says"
        return book.enter(AssetState.SUSPECT, reason, wall, Doubt.HASH)


def has_equal_hash(book: Book) -> bool | None:
    """Whether the venue's hash of a book is that of the levels here.

    Learns from a match what the hash is made of.

    Returns:
        None if that cannot be told: there is no hash, the tick size is not known, or no hash of
        this book could ever be recomputed, so that one that differs says nothing.
    """
    evidence = book.evidence
    if not book.hash or book.tick_size is None:
        return None
    known = evidence.min_order_size is not None and evidence.neg_risk is not None
    levels = hashlib.sha1(_text_of_levels(book), usedforsecurity=False)
    for size, neg_risk in _forms(evidence):
        middle = levels.copy()
        middle.update(_text_of_rules(size, book.tick_size, neg_risk=neg_risk))
        for trade in _trades(book, thoroughly=known):
            attempt = middle.copy()
            attempt.update(f'{trade}"}}'.encode())
            if attempt.hexdigest() == book.hash:
                evidence.min_order_size, evidence.neg_risk = size, neg_risk
                evidence.last_trade, evidence.reproducible = trade, True
                return True
    return False if evidence.reproducible else None


def _forms(evidence: Evidence) -> Iterator[tuple[str, bool]]:
    size = evidence.min_order_size or _USUAL_SIZE
    for neg_risk in (False, True) if evidence.neg_risk is None else (evidence.neg_risk,):
        yield size, neg_risk


def _trades(book: Book, *, thoroughly: bool) -> Iterable[str]:
    """The likely ones first."""
    if book.evidence.last_trade is not None:
        yield book.evidence.last_trade
    if book.last_trade_price:
        yield f"{float(book.last_trade_price):.3f}"
    yield from _TRADES if thoroughly else _TRADES[:1]


def _text_of_levels(book: Book) -> bytes:
    """The beginning of the JSON that is hashed, up to the levels."""
    fields: dict[str, Any] = {
        "market": book.market,
        "asset_id": book.asset_id,
        "timestamp": str(book.timestamp_ms),
        "hash": "",
        "bids": book.wire_bids(),
        "asks": book.wire_asks(),
    }
    return _encode(fields)[:-1]


def _text_of_rules(min_order_size: str, tick_size: str, *, neg_risk: bool) -> bytes:
    """What follows, up to the last trade."""
    fields = {"min_order_size": min_order_size, "tick_size": tick_size, "neg_risk": neg_risk}
    return b"," + _encode(fields)[1:-1] + b',"last_trade_price":"'
