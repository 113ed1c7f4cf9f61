"""What one connection carries: which books it was asked for, and which it keeps.

A connection *listens* to a book once it has subscribed to it, and *carries* it once it has sent it
whole: from then on its changes follow without a gap. Several connections may carry a book. As
long as there is one, losing another costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.recovery import Recovery

__all__ = ["Carriage"]

_UNDER_WAY: Final = frozenset({AssetState.RESYNCING, AssetState.FROZEN})
"""States that only an open connection can lead out of."""

_ASKED_FOR: Final = "its book has been asked for"


class Carriage:
    """The books of one connection. Times called `wall` are seconds since the epoch.

    Attributes:
        recovery: Which snapshots are awaited.
        heard: When anything last came on the connection, in seconds since the epoch.
        data_at: When something about a book last did, on the protocol's clock.
        late: Whether what it brings is late.
    """

    def __init__(self, books: BookStore, wall: float) -> None:
        self._books = books
        self.recovery = Recovery()
        self.heard, self.data_at = wall, -math.inf
        self.late = False

    def watch(self, assets: Iterable[AssetId], now: float, wall: float) -> None:
        """These were subscribed to: their snapshots should come."""
        for asset_id in assets:
            book = self._books.ensure(asset_id)
            book.listeners.add(self)
            self.recovery.expect(asset_id, now)
            if book.carriers or book.state is AssetState.FROZEN:
                continue
            if len(book.listeners) == 1:
                book.backlog.clear()
            if book.awaited_since is None:
                book.awaited_since = now
            # Whatever is still held was not kept up while nobody listened.
            state = AssetState.RESYNCING if book.epoch else AssetState.CONNECTING
            if book.in_sync:
                self._books.note(book.lose(state, _ASKED_FOR, wall, book.received))
            else:
                self._books.note(book.enter(state, _ASKED_FOR, wall))

    def recall(self, assets: Iterable[AssetId], now: float, wall: float) -> None:
        """Have the books sent again that were discarded while they stayed subscribed."""
        gone = [asset_id for asset_id in assets if self._books.get(asset_id) is None]
        self.watch(gone, now, wall)
        for asset_id in gone:
            self.recovery.insist(asset_id, now)

    def forget(self, assets: Iterable[AssetId], now: float, wall: float) -> None:
        """Nobody wants these here any more; another connection may have been asked for them."""
        assets = list(assets)
        self.recovery.forget(assets)
        for asset_id in assets:
            if (book := self._books.get(asset_id)) is None:
                continue
            book.carriers.discard(self)
            book.listeners.discard(self)
            self._end_lag(book, wall)
            if book.in_sync and book.listeners and not book.carriers:
                book.awaited_since = now
                reason = f"{_ASKED_FOR} on another connection"
                lost = book.lose(AssetState.RESYNCING, reason, wall, book.received)
                self._books.note(lost)

    def connection_lost(self, assets: Iterable[AssetId], wall: float) -> None:
        """None of these comes any more; those that nobody else keeps are not the truth."""
        for asset_id in sorted(assets):
            if (book := self._books.get(asset_id)) is None:
                continue
            book.carriers.discard(self)
            book.listeners.discard(self)
            if not book.listeners:
                book.awaited_since = None
                book.backlog.clear()
                self._books.refresh.discard(asset_id)
            self._end_lag(book, wall)
            lost = not book.carriers if book.in_sync else book.state in _UNDER_WAY
            if lost and (book.in_sync or not book.listeners):
                reason = "the connection was lost"
                self._books.note(book.lose(AssetState.OUT_OF_SYNC, reason, wall, self.heard))

    def is_covering(self) -> bool:
        """Whether nothing would be lost if all other connections of these books ended."""
        held = (self._books.get(asset_id) for asset_id in self.recovery.expected())
        return not any(book is not None and book.carriers - {self} for book in held)

    def carry(self, book: Book, now: float, wall: float) -> None:
        """It has come whole."""
        book.carriers.add(self)
        self.recovery.arrived(book.asset_id, now)
        self._end_lag(book, wall)

    def is_late(self, book: Book) -> bool:
        """Whether a book that this connection may carry comes late on all that do."""
        return _all_late(book.carriers | {self})

    def has_requests(self) -> bool:
        """Whether `take_requests` would give any."""
        return self.recovery.has_requests() or bool(self._books.refresh)

    def take_requests(self, now: float, wall: float) -> list[AssetId]:
        """The assets whose books are to be asked for again, since the last call."""
        for asset_id in self._books.take_refresh(self):
            self.recovery.insist(asset_id, now)
        assets = self.recovery.take_requests()
        for asset_id in assets:
            book = self._books.get(asset_id)
            if book is not None and book.state is AssetState.OUT_OF_SYNC:
                reason = f"its book has been asked for: {book.reason}"
                self._books.note(book.enter(AssetState.RESYNCING, reason, wall))
        return assets

    def _end_lag(self, book: Book, wall: float) -> None:
        """Whether a book is late depends on who carries it."""
        if book.doubt is Doubt.LAG and book.carriers and not _all_late(book.carriers):
            self._books.note(book.enter(AssetState.LIVE, "", wall))


def _all_late(carriers: Iterable[object]) -> bool:
    return all(isinstance(each, Carriage) and each.late for each in carriers)
