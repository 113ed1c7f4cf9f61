"""How long to wait before dialling, or asking, again."""

from __future__ import annotations

from collections.abc import Callable

import attrs

__all__ = ["Backoff", "Uniform"]

Uniform = Callable[[float, float], float]
"""`random.uniform`, or something less surprising in a test."""


@attrs.frozen
class Backoff:
    """The waits between dials, by default 1, 2, 4, 8, 16, 32, 60, 60, … seconds.

    Wait number `n`, from 0, is `min(initial * multiplier ** n, maximum)`.

    Args:
        initial: Seconds before the first retry.
        maximum: Seconds that no wait exceeds.
        multiplier: Growth from one retry to the next.
        jitter: The part of a wait that chance may take away, from 0 (none) to 0.5.
    """

    initial: float = 1.0
    maximum: float = 60.0
    multiplier: float = 2.0
    jitter: float = 0.0

    def delay(self, attempt: int, uniform: Uniform) -> float:
        """Seconds to wait before retry number `attempt`, the first being 0."""
        # The exponent is capped because a float overflows long before a patient service does.
        longest = min(self.initial * self.multiplier ** min(attempt, 64), self.maximum)
        return uniform(longest * (1 - self.jitter), longest)
