"""Whether silence is quiet or a stuck feed, and what to do about it.

A socket may stay open and answer PONG while its data has stopped, for all tokens or for one. So
each token that has been silent for longer than it usually is, is compared with what the venue's
REST shows. Equal: it is quiet. REST has moved on: it is frozen, and brought back step by step.
REST cannot be asked: it is suspect, and says so.

Pure and without a clock: times called `now` are seconds on the caller's, those called `wall`
since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.ladder import Remedy
from polymarket_realtime._protocol.mending import Mending
from polymarket_realtime._protocol.questions import Questions
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.scrutiny import Scrutiny
from polymarket_realtime._protocol.silence import SilenceLimits, in_words
from polymarket_realtime._protocol.testimony import Testimony
from polymarket_realtime._protocol.verdict import UNCLEAR
from polymarket_realtime._protocol.watches import Watches

__all__ = ["Freshness"]

_SHORTEST_LOOK: Final = 0.1


class Freshness:
    """The state of every wanted token, as far as silence decides it.

    Ask `advance` at `next_deadline`; put to the witness what `take_questions` gives at
    `next_question`, and tell `learn` or `failed` what came of it; do what `take_remedies` gives.

    Args:
        books: The books; protocols write them as well.
        resolutions: Which markets are settled.
        limits: How long silence may last.
        counters: Where gaps count.

    Attributes:
        verdicts: What the witness has said, by word; `unreachable` where it said nothing.
        remedies: What was done for tokens in trouble, by name.
    """

    def __init__(
        self,
        books: BookStore,
        resolutions: Resolutions,
        limits: SilenceLimits,
        counters: FeedCounters,
    ) -> None:
        self._books, self._limits = books, limits
        self._watches, self._questions, self._mending = Watches(), Questions(), Mending(books)
        self._testimony = Testimony(self._watches, self._mending, resolutions, limits, counters)
        self.verdicts, self.remedies = self._testimony.verdicts, self._mending.applied
        self._scrutiny = Scrutiny(
            books, self._watches, self._questions, self._mending, resolutions, limits
        )
        self._controls: dict[AssetId, None] = {}

    def take_remedies(self) -> list[tuple[Remedy, AssetId]]:
        """What is to be done now, and for which token."""
        return self._mending.take()

    def retain(self, wanted: Iterable[AssetId], now: float) -> None:
        """Follow these tokens and no others."""
        for asset_id in self._watches.retain(wanted, now + 1.0):
            self._questions.drop(asset_id)

    # Time

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        if self._books.attention or self._books.untold:
            return float("-inf")
        return self._watches.next_deadline()

    def next_question(self) -> float:
        """When `take_questions` gives something."""
        return self._questions.next_deadline()

    def advance(self, now: float, wall: float) -> list[Event]:
        """Look at the tokens whose time has come; what to tell of them."""
        for asset_id in self._books.take_attention():
            if (watch := self._watches.get(asset_id)) is not None:
                self._watches.look(watch, now)
        events = self._books.take_untold()
        for watch in self._watches.take_due(now):
            due = self._scrutiny.look(watch, now, wall, events)
            self._watches.look(watch, max(due, now + _SHORTEST_LOOK))
        return events

    # The witness

    def take_questions(self, now: float, most: int) -> list[AssetId]:
        """What to ask the witness about now: nothing, or at most so many tokens.

        With them goes one that is known to flow, by which a stale witness gives itself away.
        """
        batch = self._questions.take(now, most - 1)
        if not batch:
            return []
        self._controls = dict.fromkeys(self._pick_control(now))
        for asset_id in (*batch, *self._controls):
            book, watch = self._books.get(asset_id), self._watches.get(asset_id)
            if watch is not None:
                watch.asked = (0 if book is None else book.timestamp_ms, now)
        return list(dict.fromkeys((*batch, *self._controls)))

    def _pick_control(self, now: float) -> list[AssetId]:
        latest: Book | None = None
        for watch in self._watches:
            book = self._books.get(watch.asset_id)
            if book is not None and book.state is AssetState.LIVE:
                latest = book if latest is None or book.heard_at > latest.heard_at else latest
        if latest is None or latest.heard_at < now - self._limits.maximum:
            return []
        return [latest.asset_id]

    def excuse(self, problem: str) -> None:
        """Why questions have to wait."""
        self._questions.problem = problem

    def failed(
        self, asked: Iterable[AssetId], problem: str, now: float, wall: float, retry_after: float
    ) -> list[Event]:
        """Nobody could be asked about these; what to tell.

        Args:
            asked: What `take_questions` gave.
            problem: Why, one sentence.
            now: The time.
            wall: Likewise.
            retry_after: Seconds that the witness asked to wait.
        """
        asked = list(asked)
        events: list[Event] = []
        self._questions.problem = f"REST cannot be asked: {problem}"
        for asset_id in asked:
            self.verdicts["unreachable"] += 1
            book, watch = self._books.get(asset_id), self._watches.get(asset_id)
            if watch is not None:
                watch.unclear = ""
            if book is not None and book.in_sync and not self._questions.is_curious(asset_id):
                self._mending.suspect(book, self._questions.problem, now, wall, events)
        self._questions.failed(asked, now, retry_after)
        return events

    def learn(
        self, asked: Iterable[AssetId], shown: Iterable[WitnessBook], now: float, wall: float
    ) -> list[Event]:
        """Take the witness's answer about these; what to tell."""
        asked = list(asked)
        answers = {each.asset_id: each for each in shown}
        if behind := self._testimony.seconds_behind(self._controls, answers):
            problem = f"what it shows is {in_words(behind)} old"
            return self.failed(asked, problem, now, wall, retry_after=0.0)
        self._questions.problem = ""
        events: list[Event] = []
        for asset_id in asked:
            book, watch = self._books.get(asset_id), self._watches.get(asset_id)
            if book is None or watch is None or self._is_only_curious(asset_id, book, answers):
                continue
            verdict, news = self._testimony.hear(watch, book, answers.get(asset_id), now, wall)
            events += news
            if verdict in UNCLEAR:
                self._questions.failed((asset_id,), now, 0.0)
            else:
                self._questions.drop(asset_id)
            self._watches.look(watch, now + _SHORTEST_LOOK)
        return events

    def _is_only_curious(
        self, asset_id: AssetId, book: Book, answers: dict[AssetId, WitnessBook]
    ) -> bool:
        """Whether nothing of the answer matters but the rules that it tells."""
        if not book.in_sync or not self._questions.is_curious(asset_id):
            return False
        self._questions.drop(asset_id)
        if (answer := answers.get(asset_id)) is not None:
            self._testimony.note_rules(book, answer)
        return True
