"""Which tokens the witness is to be asked about, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId

__all__ = ["Questions", "Urgency"]

_FIRST_RETRY: Final = 5.0
_LONGEST_RETRY: Final = 60.0
"""Seconds before a question that nobody answered is asked again; doubled each time."""

_CURIOUS: Final = 5.0
"""Seconds that a question which can wait does so, for others to go out with it."""


class Urgency(IntEnum):
    """What a question is for; the lower, the sooner."""

    WRONG = 0
    """A book that is not the truth, or speaks against itself."""
    SILENT = 1
    """A book that has been silent for too long."""
    CURIOUS = 2
    """A book of which something is not known that only REST tells."""


@attrs.define
class _Question:
    urgency: Urgency
    since: float
    at: float
    failures: int = 0
    under_way: bool = False


class Questions:
    """The open questions. Times are seconds on the caller's clock.

    Attributes:
        problem: Why the latest ones have no answer; "" if they have.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._open: dict[AssetId, _Question] = {}

    def want(self, asset_id: AssetId, urgency: Urgency, now: float) -> None:
        """Ask about it; more urgently, if it is asked about already."""
        question = self._open.get(asset_id)
        if question is None:
            at = now + _CURIOUS if urgency is Urgency.CURIOUS else now
            self._open[asset_id] = _Question(urgency, now, at)
        elif urgency < question.urgency:
            question.urgency, question.since, question.at = urgency, now, now

    def drop(self, asset_id: AssetId) -> None:
        """It need not be asked about any more."""
        self._open.pop(asset_id, None)

    def open_for(self, asset_id: AssetId, now: float) -> float:
        """Seconds for which an answer has been wanted; 0 if none is."""
        question = self._open.get(asset_id)
        return 0.0 if question is None else now - question.since

    def is_curious(self, asset_id: AssetId) -> bool:
        """Whether nothing but curiosity asks about it, if anything does."""
        question = self._open.get(asset_id)
        return question is None or question.urgency is Urgency.CURIOUS

    def take(self, now: float, most: int) -> list[AssetId]:
        """What goes out now, at most so many tokens, the most urgent first.

        If anything is due, what can wait goes with it as far as there is room.
        """
        waiting = [(q.urgency, q.since, a) for a, q in self._open.items() if not q.under_way]
        due = [row for row in waiting if self._open[row[2]].at <= now]
        if not due:
            return []
        rest = [row for row in waiting if row[0] is Urgency.CURIOUS and row not in due]
        batch = [asset_id for _, _, asset_id in (*sorted(due), *sorted(rest))][:most]
        for asset_id in batch:
            self._open[asset_id].under_way = True
        return batch

    def failed(self, assets: Iterable[AssetId], now: float, retry_after: float) -> None:
        """Nobody answered: ask about these again, later and later."""
        for asset_id in assets:
            if (question := self._open.get(asset_id)) is not None:
                wait = min(_FIRST_RETRY * 2.0 ** min(question.failures, 8), _LONGEST_RETRY)
                question.at = now + max(wait, min(retry_after, _LONGEST_RETRY))
                question.failures += 1
                question.under_way = False

    def next_deadline(self) -> float:
        """When `take` gives something."""
        dues = (each.at for each in self._open.values() if not each.under_way)
        return min(dues, default=math.inf)
