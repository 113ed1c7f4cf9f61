"""Whether what one connection brings is late, and its books in doubt therefore."""

from __future__ import annotations

from collections.abc import Iterable

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime._protocol.latency import Lag
from polymarket_realtime._protocol.timing import Timing

__all__ = ["Punctuality"]


class Punctuality:
    """Judges one connection by the stamps of its frames, and by how long `PONG` takes.

    `PONG` waits behind queued data, so it tells of a slow connection on which nothing else comes,
    and of one that has been slow from the beginning.

    Args:
        books: The books.
        timing: Where to note how long frames take.
        limit: Seconds that they may.
    """

    def __init__(self, books: BookStore, timing: Timing, limit: float) -> None:
        self._books = books
        self._timing, self._lag = timing, Lag(limit)
        self._asked_at: float | None = None
        self._turned: bool | None = None

    def asked(self, now: float) -> None:
        """A `PING` goes out."""
        if self._asked_at is None:
            self._asked_at = now

    def answered(self, now: float) -> None:
        """A `PONG` has come."""
        if self._asked_at is not None:
            self._timing.skew.answered(now - self._asked_at)
            self._note(now - self._asked_at)
            self._asked_at = None

    def arrived(self, sent_ms: int, received: float) -> None:
        """A change stamped then has come now, in seconds since the epoch."""
        self._note(self._timing.arrived(sent_ms, received))

    def _note(self, delay: float) -> None:
        turned = self._lag.note(delay)
        if turned is not None:
            self._turned = turned

    def judge(
        self, carriage: Carriage, assets: Iterable[AssetId], wall: float, events: list[Event]
    ) -> None:
        """Say of its books that they come late, or in time again."""
        late, turned = self._lag.late, self._turned
        carriage.late, self._turned = late, None
        if not late and turned is None:
            return
        for book in filter(None, map(self._books.get, assets)):
            if late and book.in_sync and book.doubt in (None, Doubt.LAG):
                if not carriage.is_late(book):
                    continue  # another connection brings it in time
                reason = f"frames come {self._lag.delay:.1f} s late"
                changed = book.enter(AssetState.SUSPECT, reason, wall, Doubt.LAG)
            elif not late and book.doubt is Doubt.LAG:
                changed = book.enter(AssetState.LIVE, "", wall)
            else:
                continue
            if changed is not None:
                events.append(changed)
