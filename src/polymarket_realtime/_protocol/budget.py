"""When the venue's REST may be asked again, so that it never has to refuse."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from email.utils import parsedate_to_datetime

import attrs

__all__ = ["Budget", "parse_retry_after"]


def _deque_of_limit(budget: Budget) -> deque[float]:
    return deque(maxlen=budget.limit)


@attrs.define(eq=False)
class Budget:
    """A sliding window: no `per` seconds ever hold more than `limit` requests.

    Asked with the time, it knows no clock. Times must not run backwards.

    Args:
        limit: Most requests within one window, at least 1.
        per: Length of the window in seconds.
    """

    limit: int = attrs.field(validator=attrs.validators.ge(1))
    per: float = 10.0
    _taken: deque[float] = attrs.field(
        default=attrs.Factory(_deque_of_limit, takes_self=True), init=False, repr=False
    )
    _paused_until: float = attrs.field(default=0.0, init=False)

    def ready_at(self, now: float) -> float:
        """When the next request may go, as things stand: `now`, or later."""
        at = max(now, self._paused_until)
        if len(self._taken) == self.limit:
            at = max(at, self._taken[0] + self.per)
        return at

    def take(self, now: float) -> None:
        """A request goes now; `ready_at(now)` has to allow it."""
        assert self.ready_at(now) <= now, "the budget was not asked"
        self._taken.append(now)

    def pause(self, until: float) -> None:
        """Let nothing go before *until*. An earlier end than one set before changes nothing."""
        self._paused_until = max(self._paused_until, until)


def parse_retry_after(value: str, now: datetime) -> float | None:
    """The header of that name in seconds from *now*; it holds seconds or a date. RFC 9110.

    Args:
        value: The header's text.
        now: The time, aware.

    Returns:
        0 for a date that is over, None if the text is neither.
    """
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return None
