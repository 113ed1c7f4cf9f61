"""When to ask the catalogue again about something that only it can tell."""

from __future__ import annotations

import math
from typing import Final

import attrs

__all__ = ["Inquiry", "Rhythm"]

_AHEAD: Final = 0.2
"""Part of a wait that may be left out, so that questions go out together."""

_HURRY: Final = (2.0, 10.0, 30.0, 90.0, 270.0)
"""Seconds before each of the questions after a hint; the catalogue follows an announced
settlement by 51 s to 3 minutes. Measured 2026-10-04."""

_DEAF: Final = 60.0
"""Seconds after a hint during which more hints change nothing."""


@attrs.frozen
class Rhythm:
    """How far apart questions are.

    Attributes:
        first: Seconds between the first two questions that are expected to bring news.
        longest: Seconds between two questions at most.
        growth: From one wait to the next.
    """

    first: float = 15.0
    longest: float = 600.0
    growth: float = 1.5


@attrs.define(eq=False)
class Inquiry:
    """The next question about one thing. Times are seconds on the caller's clock.

    Attributes:
        rhythm: The waits.
        at: When the question is due.
        asked_at: When the latest answer, or failure to get one, came; minus infinity before.
        answered: Whether an answer ever came, if only that nothing is known.
    """

    rhythm: Rhythm
    at: float
    asked_at: float = attrs.field(default=-math.inf, init=False)
    answered: bool = attrs.field(default=False, init=False)
    _wait: float = attrs.field(default=0.0, init=False)
    _lead: float = attrs.field(default=0.0, init=False)
    _hurry: int = attrs.field(default=len(_HURRY), init=False)
    _hinted_at: float = attrs.field(default=-math.inf, init=False)

    def joins(self, now: float) -> bool:
        """Whether the question may go out with another that goes now."""
        return self.at - self._lead <= now

    def wait_for_end(self, now: float, end: float) -> None:
        """Answered, and nothing is expected before *end*: ask a little after it.

        Without an end in sight every `longest`; the thing may also end early.
        """
        self._wait = 0.0
        self._answer(now, min(self.rhythm.longest, end - now + self.rhythm.first))

    def wait_for_news(self, now: float, *, anew: bool = False) -> None:
        """Answered, and the awaited news may come any time: ask at growing distances.

        Args:
            now: The time.
            anew: Whether the distances start again from `first`: there was some news.
        """
        self._answer(now, self._grow(anew=anew))

    def fail(self, now: float, *, wait_at_least: float = 0.0) -> None:
        """Nobody could be asked: try again, at growing distances."""
        wait = max(self._grow(), min(wait_at_least, self.rhythm.longest))
        self._note(now, wait)

    def resume(self, now: float) -> None:
        """Somebody cares again: ask at once, unless that was done a moment ago."""
        self.at = min(self.at, max(now, self.asked_at + self.rhythm.first))

    def hint(self, now: float) -> None:
        """There may be news: ask soon, and a few times more. Frequent hints count as one."""
        if now >= self._hinted_at + _DEAF:
            self._hinted_at = now
            self._hurry = 0
            self._hasten(now)

    def _grow(self, *, anew: bool = False) -> float:
        wait = 0.0 if anew else self._wait * self.rhythm.growth
        self._wait = min(max(wait, self.rhythm.first), self.rhythm.longest)
        return self._wait

    def _answer(self, now: float, wait: float) -> None:
        self.answered = True
        self._note(now, wait)
        self._hasten(now)

    def _note(self, now: float, wait: float) -> None:
        self.asked_at, self.at, self._lead = now, now + wait, _AHEAD * wait

    def _hasten(self, now: float) -> None:
        if self._hurry < len(_HURRY):
            wait = _HURRY[self._hurry]
            self._hurry += 1
            if now + wait < self.at:
                self.at, self._lead = now + wait, _AHEAD * wait
