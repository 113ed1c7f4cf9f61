"""What follows from the silence of one token, and what to do about it."""

from __future__ import annotations

from typing import Final

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.mending import Mending
from polymarket_realtime._protocol.questions import Questions, Urgency
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits, in_words
from polymarket_realtime._protocol.watches import Watch, Watches

__all__ = ["Scrutiny"]

_PATIENCE: Final = 5.0
"""Seconds that an answer may take before a silent token is in doubt."""

_LONGEST_LOOK: Final = 30.0
"""Seconds after which each token is looked at again, to know its pace."""

_SIBLING_MS: Final = 2_000
"""By how much the other token of a market may be ahead: changes come for both at once."""


class Scrutiny:
    """Looks at one token at a time. Times called `now` and `wall` are those of `Freshness`."""

    def __init__(
        self,
        books: BookStore,
        watches: Watches,
        questions: Questions,
        mending: Mending,
        resolutions: Resolutions,
        limits: SilenceLimits,
    ) -> None:
        self._books, self._watches, self._questions = books, watches, questions
        self._mending, self._resolutions, self._limits = mending, resolutions, limits

    def look(self, watch: Watch, now: float, wall: float, events: list[Event]) -> float:
        """Look at one token; when to do so again."""
        book = self._books.get(watch.asset_id)
        if book is None or book.state is AssetState.RESOLVED:
            return now + _LONGEST_LOOK
        if self._resolutions.resolution_of(watch.asset_id) is not None:
            self._questions.drop(watch.asset_id)
            self._books.settle((watch.asset_id,), wall)
            events += self._books.take_untold()
            return now + _LONGEST_LOOK
        if book.in_sync:
            return self._look_at_silence(watch, book, now, wall, events)
        if book.state is not AssetState.FROZEN:
            due = self._look_at_absence(watch, book, now)
        elif now < watch.ladder.until:
            due = watch.ladder.until
        else:
            self._questions.want(book.asset_id, Urgency.WRONG, now)
            self._mending.climb(watch, book, now)
            due = watch.ladder.until
        return self._soon(due, now)

    def _soon(self, due: float, now: float) -> float:
        """When to look at a token in trouble: it may be back, and stuck again, before *due*."""
        return min(due, now + self._limits.minimum)

    def _look_at_silence(
        self, watch: Watch, book: Book, now: float, wall: float, events: list[Event]
    ) -> float:
        watch.pace.observe(book.epoch, book.revision, now)
        watch.ladder.leave(now)
        if watch.ahead is not None:
            return self._look_whether_it_follows(watch, book, now, wall, events)
        if book.doubt is Doubt.HASH:
            return self._look_at_doubt(watch, book, now, wall, events)
        book.awaited_since = None
        if (due := self._silent_from(watch, book)) > now:
            if not self._questions.is_curious(book.asset_id):
                self._questions.drop(book.asset_id)
            if book.evidence.min_order_size is None or book.tick_size is None:
                self._questions.want(book.asset_id, Urgency.CURIOUS, now)
            known = watch.pace.usual_gap is not None
            return min(due, now + (_LONGEST_LOOK if known else self._limits.minimum))
        self._questions.want(book.asset_id, Urgency.SILENT, now)
        if self._questions.open_for(book.asset_id, now) >= _PATIENCE:
            self._mending.suspect(book, self._excuse(watch), now, wall, events)
        return now + _PATIENCE

    def _silent_from(self, watch: Watch, book: Book) -> float:
        """When a book that is shown has to be asked about, if it stays silent."""
        limits = self._limits
        limit = limits.quiet if book.state is AssetState.QUIET else watch.pace.limit(limits)
        if self._is_left_behind(book):
            limit = limits.minimum
        return max(book.heard_at, watch.confirmed_at) + limit

    def _is_left_behind(self, book: Book) -> bool:
        """Whether the other token of its market has moved, which moves both."""
        others = map(self._books.get, self._watches.siblings(book.market, book.asset_id))
        return any(
            other is not None
            and other.in_sync
            and other.timestamp_ms > book.timestamp_ms + _SIBLING_MS
            for other in others
        )

    def _look_whether_it_follows(
        self, watch: Watch, book: Book, now: float, wall: float, events: list[Event]
    ) -> float:
        """The witness is ahead of the socket, which may only be a moment slower."""
        assert watch.ahead is not None
        stamp, until = watch.ahead
        if book.timestamp_ms < stamp and book.heard_at <= watch.asked[1]:
            if now < until:
                return until
            self._questions.drop(book.asset_id)
            self._mending.freeze(watch, book, "REST has moved on", now, wall, events)
            book.evidence.witness_ms = stamp
            until = self._soon(watch.ladder.until, now)
        watch.ahead = None
        return until

    def _look_at_doubt(
        self, watch: Watch, book: Book, now: float, wall: float, events: list[Event]
    ) -> float:
        """The book is not what its hash says: the witness decides, or a fresh book."""
        asked, patience = book.awaited_since, self._limits.resync + _PATIENCE
        if asked is not None and now >= asked + patience:
            self._questions.drop(book.asset_id)
            why = f"{book.reason}, and its book has been asked for and does not come"
            self._mending.freeze(watch, book, why, now, wall, events)
            return self._soon(watch.ladder.until, now)
        self._questions.want(book.asset_id, Urgency.WRONG, now)
        if asked is not None:
            return min(asked + patience, now + _PATIENCE)
        if self._questions.open_for(book.asset_id, now) >= _PATIENCE:
            self._questions.drop(book.asset_id)
            self._mending.renew(book, now)
        return now + _PATIENCE

    def _look_at_absence(self, watch: Watch, book: Book, now: float) -> float:
        if book.awaited_since is None:
            self._questions.drop(book.asset_id)
            return now + _LONGEST_LOOK
        patience = self._limits.resync if book.epoch else self._limits.first_book
        if book.state is AssetState.UNKNOWN_ASSET:
            patience = self._limits.quiet
        if (due := max(book.awaited_since, watch.confirmed_at) + patience) > now:
            return due
        self._questions.want(book.asset_id, Urgency.WRONG, now)
        if self._questions.open_for(book.asset_id, now) >= _PATIENCE:
            waited = in_words(now - book.awaited_since)
            book.reason = f"its book has not come for {waited}, and {self._excuse(watch)}"
        return now + _PATIENCE

    def _excuse(self, watch: Watch) -> str:
        return watch.unclear or self._questions.problem or "REST has not answered yet"
