"""Changes that come while a book is not the truth, until a snapshot says what they change."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from polymarket_realtime._codec.frames import PriceChange

__all__ = ["Backlog", "Held"]

Held = tuple[int, Sequence[PriceChange]]
"""The venue's time, in milliseconds, and the changes of one frame."""

_MOST: Final = 1_000
_time_of: Final = itemgetter(0)


class Backlog:
    """The latest thousand frames about one book."""

    __slots__ = ("_forgotten_ms", "_frames")

    def __init__(self) -> None:
        self._frames: deque[Held] = deque(maxlen=_MOST)
        self._forgotten_ms = 0

    def __len__(self) -> int:
        return len(self._frames)

    def keep(self, timestamp_ms: int, changes: Sequence[PriceChange]) -> None:
        """Add the changes of one frame."""
        if len(self._frames) == _MOST:
            self._forgotten_ms = max(self._forgotten_ms, self._frames[0][0])
        self._frames.append((timestamp_ms, changes))

    def reaches(self, timestamp_ms: int) -> bool:
        """Whether everything that has changed since this time is here.

        What was said before the first of these frames may have been missed.
        """
        first_ms = self._frames[0][0] if self._frames else 0
        return timestamp_ms >= max(first_ms, self._forgotten_ms)

    @property
    def is_whole(self) -> bool:
        """Whether nothing that has come had to be forgotten."""
        return not self._forgotten_ms

    def since(self, timestamp_ms: int) -> list[Held]:
        """What is to be replayed on a snapshot of this time, in the order of the venue's times.

        What is stamped like the snapshot as well: sizes are absolute, so what is in it already
        changes nothing.
        """
        return sorted((each for each in self._frames if each[0] >= timestamp_ms), key=_time_of)

    def clear(self) -> None:
        """Forget everything, and begin to keep."""
        self._frames.clear()
        self._forgotten_ms = 0
