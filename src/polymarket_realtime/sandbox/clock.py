"""The time at the sandbox, which need not be the time of its clients."""

from __future__ import annotations

import time

import attrs

__all__ = ["VenueClock"]


@attrs.define(eq=False)
class VenueClock:
    """Seconds since the epoch when called.

    Attributes:
        offset: Seconds by which the venue is ahead of this machine; may be changed at any time.
    """

    offset: float = 0.0

    def __call__(self) -> float:
        """The venue's time."""
        return time.time() + self.offset
