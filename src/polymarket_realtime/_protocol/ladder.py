"""What is done for a token whose book does not come, step by step.

First it is subscribed to anew on its own connection. Then it is moved to a new one, unless nothing
at all comes on the old one: then that is replaced. In the end its connection is replaced again and
again, less and less often. None of it costs another token anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

__all__ = ["Ladder", "Remedy"]

_RELAPSE: Final = 600.0
"""Seconds within which a token that falls silent again begins where it left off."""

_WAITS: Final = (5.0, 15.0, 20.0)
"""Seconds that each step has to work; the last one doubles."""

_LONGEST_WAIT: Final = 120.0


class Remedy(StrEnum):
    """What can be done."""

    RESUBSCRIBE = "resubscribe"
    MOVE = "move"
    REPLACE = "replace"

    @property
    def words(self) -> str:
        """What is being done, for a person."""
        return _WORDS[self]


_WORDS: Final = {
    Remedy.RESUBSCRIBE: "subscribing to it anew",
    Remedy.MOVE: "moving it to a new connection",
    Remedy.REPLACE: "replacing the connection",
}


@attrs.define
class Ladder:
    """Where one token stands. Times are seconds on the caller's clock.

    Attributes:
        until: When the present step has had its time.
        tries: How many steps were taken since the token froze.
    """

    until: float = 0.0
    tries: int = 0
    _rung: int = 0
    _left_at: float = float("-inf")

    def begin(self, now: float) -> None:
        """The token has just frozen, or has again without having been back."""
        if not self.tries and now - self._left_at > _RELAPSE:
            self._rung = 0

    def climb(self, now: float, *, deaf: bool) -> Remedy:
        """Take the next step.

        Args:
            now: The time.
            deaf: Whether nothing has come on the connection for any token.
        """
        rung = self._rung
        wait = _WAITS[min(rung, 2)] * 2 ** max(0, min(rung, 8) - 2)
        self.until = now + min(wait, _LONGEST_WAIT)
        self._rung, self.tries = rung + 1, self.tries + 1
        if rung == 0:
            return Remedy.RESUBSCRIBE
        return Remedy.MOVE if rung == 1 and not deaf else Remedy.REPLACE

    def leave(self, now: float) -> None:
        """The token is back."""
        if self.tries:
            self.tries, self._left_at = 0, now
