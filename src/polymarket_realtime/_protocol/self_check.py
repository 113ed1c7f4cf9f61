"""What a book and the venue's word on it disagree about, until that is settled or too late.

The frames of one burst share a timestamp, and within it a book may be crossed, or behind the
venue's word, for a moment. A hint (`best_bid_ask`) comes a moment before the change that it is
about. Only what is still wrong afterwards is a loss of sync.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.book import Book

__all__ = ["SelfCheck"]

_SETTLE: Final = 1.0
"""Seconds that the frames of one burst may take to agree with each other."""

_HINT: Final = 2.0
"""Seconds in which the change that a hint is about has to follow it."""

_AHEAD_MS: Final = 5
"""A hint is stamped about 1 ms later than its change. Measured 2026-10-04."""


@attrs.frozen
class _Doubt:
    timestamp_ms: int
    due: float


class SelfCheck:
    """The disagreements of one connection. Times are seconds on the caller's clock.

    Attributes:
        unsettled: The books in the middle of a burst that has to go on. To be read, and to be
            taken from: each change asks.
    """

    def __init__(self) -> None:
        self.unsettled: dict[AssetId, _Doubt] = {}
        self._hints: dict[AssetId, _Doubt] = {}
        self._rests: dict[AssetId, _Doubt] = {}

    def disagrees(self, asset_id: AssetId, timestamp_ms: int, now: float) -> None:
        """At this point of a burst the book is not what it should be at its end."""
        before = self.unsettled.get(asset_id)
        due = now + _SETTLE if before is None else before.due
        self.unsettled[asset_id] = _Doubt(timestamp_ms, due)

    def is_over(self, asset_id: AssetId, timestamp_ms: int) -> bool:
        """Whether a frame of this time shows that a burst ended in disagreement."""
        doubt = self.unsettled.get(asset_id)
        return doubt is not None and timestamp_ms > doubt.timestamp_ms

    def hint(self, book: Book, timestamp_ms: int, now: float, *, agrees: bool) -> None:
        """The venue says what the top is, and the book shows it already, or does not."""
        pending = self._hints.get(book.asset_id)
        if agrees:
            self._hints.pop(book.asset_id, None)
        elif pending is None or pending.timestamp_ms <= book.timestamp_ms <= timestamp_ms:
            self._hints[book.asset_id] = _Doubt(timestamp_ms, now + _HINT)

    def rests(self, asset_id: AssetId, now: float) -> None:
        """Its present burst will be over soon, and the book is to be compared then."""
        self._rests[asset_id] = _Doubt(0, now + _SETTLE)

    def forget(self, assets: Iterable[AssetId]) -> None:
        """Nothing is known of these books any more, or they were sent anew."""
        for asset_id in assets:
            for table in self._tables():
                table.pop(asset_id, None)

    def _tables(self) -> tuple[dict[AssetId, _Doubt], ...]:
        return (self.unsettled, self._hints, self._rests)

    def next_deadline(self) -> float:
        """When `due` has something to give."""
        if not any(self._tables()):
            return math.inf
        dues = (doubt.due for table in self._tables() for doubt in table.values())
        return min(dues, default=math.inf)

    def bursts_due(self, now: float) -> list[AssetId]:
        """Those whose burst has not settled in time; they are forgotten here."""
        return [asset_id for asset_id, _ in _take_due(self.unsettled, now)]

    def rests_due(self, now: float) -> list[AssetId]:
        """Those whose burst is over by now."""
        return [asset_id for asset_id, _ in _take_due(self._rests, now)]

    def hints_due(self, now: float) -> list[tuple[AssetId, int]]:
        """Those of whose hints it is time to see what came, with the time that it has to reach."""
        due = _take_due(self._hints, now)
        return [(asset_id, doubt.timestamp_ms - _AHEAD_MS) for asset_id, doubt in due]


def _take_due(table: dict[AssetId, _Doubt], now: float) -> list[tuple[AssetId, _Doubt]]:
    due = [(asset_id, doubt) for asset_id, doubt in table.items() if doubt.due <= now]
    for asset_id, _ in due:
        del table[asset_id]
    return due
