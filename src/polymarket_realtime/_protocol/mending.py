"""What is said of a token in trouble, and done for it."""

from __future__ import annotations

from collections import Counter

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime._protocol.ladder import Remedy
from polymarket_realtime._protocol.regain import tell
from polymarket_realtime._protocol.silence import in_words
from polymarket_realtime._protocol.watches import Watch

__all__ = ["Mending"]

_SILENT_TOO: float = 2.0
"""Seconds by which the latest word on any token may be younger than that on a frozen one."""


class Mending:
    """The remedies, and the words that go with them.

    Attributes:
        applied: What was done so far, by name.
    """

    def __init__(self, books: BookStore) -> None:
        self._books = books
        self._due: list[tuple[Remedy, AssetId]] = []
        self.applied: Counter[str] = Counter()

    def take(self) -> list[tuple[Remedy, AssetId]]:
        """What is to be done now, and for which token."""
        due, self._due = self._due, []
        return due

    def apply(self, remedy: Remedy, asset_id: AssetId) -> None:
        """Have something done for a token."""
        self.applied[remedy] += 1
        if remedy is Remedy.RESUBSCRIBE:
            self._books.refresh.add(asset_id)
        self._due.append((remedy, asset_id))

    def renew(self, book: Book, now: float) -> None:
        """Have a book that is in doubt sent anew."""
        if book.awaited_since is None:
            book.awaited_since = now
        self.apply(Remedy.RESUBSCRIBE, book.asset_id)

    def suspect(self, book: Book, why: str, now: float, wall: float, events: list[Event]) -> None:
        """A silent book is in doubt, because nobody says that it is right."""
        if book.doubt is None or book.doubt is Doubt.SILENCE:
            reason = f"silent for {in_words(now - book.heard_at)}, and {why}"
            tell(events, book.enter(AssetState.SUSPECT, reason, wall, Doubt.SILENCE))

    def freeze(
        self, watch: Watch, book: Book, why: str, now: float, wall: float, events: list[Event]
    ) -> None:
        """The socket is stuck: what it has said last is wrong, and a fresh book is needed."""
        book.carriers.clear()
        watch.ladder.begin(now)
        tell(events, book.lose(AssetState.FROZEN, why, wall, book.proven_until))
        book.gap_reason = why
        if book.awaited_since is None:
            book.awaited_since = now
        self.climb(watch, book, now)

    def climb(self, watch: Watch, book: Book, now: float) -> None:
        """Take the next step for a frozen token."""
        remedy = watch.ladder.climb(now, deaf=_is_deaf(book))
        book.reason = f"{book.gap_reason}; {remedy.words}, try {watch.ladder.tries}"
        self.apply(remedy, book.asset_id)


def _is_deaf(book: Book) -> bool:
    """Whether the connections that listen to a book have said nothing of any other since."""
    listeners = [each for each in book.listeners if isinstance(each, Carriage)]
    return all(each.data_at <= book.heard_at + _SILENT_TOO for each in listeners)
