"""How long a token may be silent, by its own usual rate."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["Pace", "SilenceLimits", "in_words"]

_GAPS: Final = 8.0
"""Usual gaps between two changes that make a silence. Were changes to come at random, one gap
in three thousand would be as long."""

_RISE: Final = 0.2
_FALL: Final = 0.5
"""What a new measure weighs against the old one, in logarithms."""

_ENOUGH: Final = 8
"""Changes that tell a rate."""

_WINDOW: Final = 30.0
"""Seconds after which fewer changes have to do."""


@attrs.frozen
class SilenceLimits:
    """Seconds of silence before a question.

    Attributes:
        minimum: About a token that is always busy.
        maximum: About one that is seldom heard.
        quiet: Between two questions about one that stays silent.
        first_book: Before the first book has come.
        resync: Before a book has come again that was asked for.
    """

    minimum: float = 10.0
    maximum: float = 60.0
    quiet: float = 120.0
    first_book: float = 10.0
    resync: float = 5.0


@attrs.define
class Pace:
    """How often one token changes. Times are seconds on the caller's clock.

    Attributes:
        usual_gap: Seconds between two changes; None while it is not known.
    """

    usual_gap: float | None = None
    _place: tuple[int, int] = (0, 0)
    _since: float = 0.0

    def observe(self, epoch: int, revision: int, now: float) -> None:
        """The token's book is at this place now. What lies between two epochs does not count."""
        changes, elapsed = revision - self._place[1], now - self._since
        if epoch == self._place[0]:
            if elapsed <= 0 or (changes < _ENOUGH and elapsed < _WINDOW):
                return
            self._learn(elapsed / max(changes, 0.5))
        self._place, self._since = (epoch, revision), now

    def _learn(self, gap: float) -> None:
        """Believe in less at once and in more only slowly: a stuck feed must not look usual."""
        if self.usual_gap is None:
            self.usual_gap = gap
        else:
            weight = _RISE if gap > self.usual_gap else _FALL
            self.usual_gap = self.usual_gap ** (1 - weight) * gap**weight

    def limit(self, limits: SilenceLimits) -> float:
        """Seconds of silence that are too long for this token."""
        if self.usual_gap is None:
            return limits.maximum
        return min(max(_GAPS * self.usual_gap, limits.minimum), limits.maximum)


def in_words(seconds: float) -> str:
    """A time span for a person: `38 s`, `5 min`, `3 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
