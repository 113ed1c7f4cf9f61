"""How much of a read is worked through before its events are handed over.

Handing over costs each of those who wait a turn of the scheduler, however few events there are;
what is handed over late has waited for all that was read with it. So a connection that had been
idle hands over early and lets the readers go first, and one that cannot keep up hands over as
much as takes a millisecond, and lets them go on beside it. A message that comes alone never waits.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Portions"]

_IDLE_HOLD: Final = 0.0005
_BUSY_HOLD: Final = 0.001
"""Seconds that an event may wait for the others of its portion."""

_FEWEST: Final = 8
_MOST: Final = 256

_WEIGHT: Final = 0.25
"""Of the latest portion in what is thought that a message takes."""


class Portions:
    """Of one connection. Times are seconds on one clock.

    Attributes:
        size: Messages that the next portion may have.
        turns: Checkpoints after a portion that more of the same read follows: one lets others go
            on, two let its events pass through the hub to their readers.
    """

    __slots__ = ("_ended", "_pace", "size", "turns")

    def __init__(self) -> None:
        self.size, self.turns = _MOST, 1
        self._ended, self._pace = -math.inf, 0.0

    def begin(self, now: float) -> None:
        """A read has brought something."""
        busy = now - self._ended < _BUSY_HOLD
        self.turns = 1 if busy else 2
        hold = _BUSY_HOLD if busy else _IDLE_HOLD
        self.size = _MOST if self._pace * _MOST <= hold else max(_FEWEST, int(hold / self._pace))

    def worked(self, messages: int, began: float, ended: float) -> None:
        """A portion of so many messages has taken so long."""
        self._pace += _WEIGHT * ((ended - began) / messages - self._pace)
        self._ended = ended
