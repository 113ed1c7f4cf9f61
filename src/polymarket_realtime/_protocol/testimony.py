"""What follows from the witness's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState, Doubt, Proof
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.mending import Mending
from polymarket_realtime._protocol.regain import adopt, resume, tell
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits, in_words
from polymarket_realtime._protocol.verdict import UNCLEAR, Verdict, judge
from polymarket_realtime._protocol.verification import has_equal_hash
from polymarket_realtime._protocol.watches import Watch, Watches

__all__ = ["Testimony"]

_GRACE: Final = 2.0
"""Seconds in which the socket may still bring what the witness has shown already, and by which
the witness may be behind the socket."""

_CALM: Final = 1.0
"""Seconds after which no burst goes on."""


class Testimony:
    """Takes answers about one token at a time.

    Attributes:
        verdicts: What was said, by word.
    """

    def __init__(
        self,
        watches: Watches,
        mending: Mending,
        resolutions: Resolutions,
        limits: SilenceLimits,
        counters: FeedCounters,
    ) -> None:
        self._watches, self._mending = watches, mending
        self._resolutions, self._limits, self._counters = resolutions, limits, counters
        self.verdicts: Counter[str] = Counter()

    def seconds_behind(
        self, asked: Iterable[AssetId], answers: Mapping[AssetId, WitnessBook]
    ) -> float:
        """By how much the witness is behind what the socket had said when it was asked.

        0 if that is no more than it may be.

        Args:
            asked: Tokens that are known to flow: about others the socket may be wrong.
            answers: What the witness said.
        """
        behind = (
            (watch.asked[0] - answers[asset_id].timestamp_ms) / 1000
            for asset_id in asked
            if asset_id in answers and (watch := self._watches.get(asset_id)) is not None
        )
        worst = max(behind, default=0.0)
        return worst if worst > _GRACE else 0.0

    def note_rules(self, book: Book, answer: WitnessBook) -> None:
        """Keep what the hash is made of and only REST tells."""
        evidence = book.evidence
        if book.tick_size is None and answer.tick_size is not None:
            book.set_tick_size(answer.tick_size)
        if evidence.min_order_size is None:
            evidence.min_order_size = answer.min_order_size
        if evidence.neg_risk is None:
            evidence.neg_risk = answer.neg_risk

    def hear(
        self, watch: Watch, book: Book, answer: WitnessBook | None, now: float, wall: float
    ) -> tuple[Verdict, list[Event]]:
        """Take the answer about one token: what it amounts to, and what to tell of it."""
        if answer is not None:
            self.note_rules(book, answer)
        events: list[Event] = []
        if book.in_sync:
            verdict = judge(book, answer, calm=now >= book.heard_at + _CALM)
            self._hear_of_silence(verdict, watch, book, answer, now, wall, events)
        else:
            verdict = self._hear_of_absence(watch, book, answer, now, wall, events)
        self.verdicts[verdict] += 1
        return verdict, events

    def _hear_of_silence(
        self,
        verdict: Verdict,
        watch: Watch,
        book: Book,
        answer: WitnessBook | None,
        now: float,
        wall: float,
        events: list[Event],
    ) -> None:
        if answer is None:
            self._resolutions.hint((book.asset_id,), now)
            watch.confirmed_at = now
            why = "REST has no book of it: it may be settled"
            self._mending.suspect(book, why, now, wall, events)
        elif verdict is Verdict.EQUAL:
            self._confirm(watch, book, answer, now, wall, events)
        elif verdict is Verdict.DIVERGED:
            self._contradict(watch, book, answer, now, wall, events)
        else:
            watch.unclear = UNCLEAR.get(verdict, "")
            if verdict is Verdict.MOVED:
                watch.ahead = answer.timestamp_ms, now + _GRACE
            if book.doubt is Doubt.HASH:
                # It moves too fast to be compared: a fresh book decides.
                self._mending.renew(book, now)
            elif verdict is Verdict.OLDER:
                self._mending.suspect(book, watch.unclear, now, wall, events)

    def _contradict(
        self,
        watch: Watch,
        book: Book,
        answer: WitnessBook,
        now: float,
        wall: float,
        events: list[Event],
    ) -> None:
        """A book that is shown is wrong: take the witness's, or ask for another."""
        watch.confirmed_at = now
        reason = "REST shows other levels at the same moment"
        intact_until = book.evidence.verified_at or book.since
        book.carriers.clear()
        tell(events, book.lose(AssetState.OUT_OF_SYNC, reason, wall, intact_until))
        events += adopt(book, answer, self._counters, wall=wall)
        if not book.in_sync:
            self._mending.renew(book, now)

    def _confirm(
        self,
        watch: Watch,
        book: Book,
        answer: WitnessBook,
        now: float,
        wall: float,
        events: list[Event],
    ) -> None:
        """The witness agrees with a book that is shown."""
        watch.confirmed_at, watch.unclear = now, ""
        if answer.tick_size is not None:
            book.set_tick_size(answer.tick_size)
        if book.doubt is Doubt.HASH:
            # The book is right, so if it is not the tick size that has made the difference, its
            # hash is made in another way than is known here.
            book.evidence.reproducible = bool(has_equal_hash(book))
        book.evidence.prove(Proof.REST, wall)
        silent = now - book.heard_at
        if book.doubt is Doubt.LAG:
            return
        if silent >= watch.pace.limit(self._limits):
            reason = f"silent for {in_words(silent)}; REST agrees"
            tell(events, book.enter(AssetState.QUIET, reason, wall))
        else:
            tell(events, book.enter(AssetState.LIVE, "", wall))

    def _hear_of_absence(
        self,
        watch: Watch,
        book: Book,
        answer: WitnessBook | None,
        now: float,
        wall: float,
        events: list[Event],
    ) -> Verdict:
        watch.confirmed_at = now
        if answer is None:
            self._hear_of_nothing(book, now, wall, events)
            return Verdict.NO_BOOK
        verdict = Verdict.MOVED
        same = book.carriers and judge(book, answer, calm=True) is Verdict.EQUAL
        if same and book.backlog.is_whole:
            # It came while the witness was ahead of it, and is the truth by now.
            verdict = Verdict.EQUAL
            events += resume(book, self._counters, wall=wall)
        elif len(book.backlog) and book.backlog.reaches(answer.timestamp_ms):
            events += adopt(book, answer, self._counters, wall=wall)
        if book.in_sync:
            book.heard_at = max(book.heard_at, now)  # silence begins anew
        elif book.state is not AssetState.FROZEN:
            why = "its book has been asked for and does not come, though REST has one"
            self._mending.freeze(watch, book, why, now, wall, events)
        # Older ones that may come are not the truth.
        book.evidence.witness_ms = max(book.evidence.witness_ms, answer.timestamp_ms)
        return verdict

    def _hear_of_nothing(self, book: Book, now: float, wall: float, events: list[Event]) -> None:
        """The witness has no book of a token whose book does not come: the catalogue knows why."""
        self._resolutions.hint((book.asset_id,), now)
        if self._resolutions.is_new(book.asset_id):
            book.reason = "REST has no book of it, and the catalogue has not answered yet"
            return
        market = self._resolutions.market_of(book.asset_id)
        if market is None:
            reason = "no such book: neither REST nor the catalogue knows this token"
        elif market.closed:
            reason = "no such book: its market is closed"
        else:
            reason = "no such book: its market has no order book"
        tell(events, book.lose(AssetState.UNKNOWN_ASSET, reason, wall, wall))
