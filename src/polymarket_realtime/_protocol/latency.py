"""How long things take, how far the venue's clock is from ours, and whether a feed runs late.

Everything here has a fixed size and knows no clock: times are given. What is asked once for each
frame costs a fraction of a microsecond.
"""

from __future__ import annotations

import math
from collections import deque
from math import log10
from typing import Final

import attrs

__all__ = ["ClockSkew", "Histogram", "Lag", "LatencySummary"]

_LOWEST: Final = 1e-5
_HIGHEST: Final = 1e3
_PER_DECADE: Final = 25
"""Buckets for a factor of ten, so that each is 9.65 % wide."""

_SHIFT: Final = 126
"""Brings 10 µs, whose logarithm is -5, to bucket 1; bucket 0 is for all that is shorter."""

_BUCKETS: Final = 203
"""With the last one for what takes 1000 s or longer. The one before it is for times so little
below that their logarithm is rounded to 3."""

_PARTS: Final = 6
"""A window slides by one part at a time. More would forget more evenly, and cost more."""

_DAY: Final = 86400.0


@attrs.frozen
class LatencySummary:
    """Durations in short.

    Attributes:
        count: How many were recorded.
        p50: The median in seconds; None where nothing was recorded, as with the others.
        p99: What one in a hundred is longer than, in seconds.
        maximum: The longest, in seconds; exact.
    """

    count: int
    p50: float | None
    p99: float | None
    maximum: float | None


def _no_counts() -> list[int]:
    return [0] * _BUCKETS


@attrs.define(eq=False)
class Histogram:
    """Counts of durations by order of magnitude.

    Quantiles of what lies between 10 µs and 1000 s are right to the width of a bucket, 10 %.
    One that is shorter is told as 10 µs, one that is longer as the maximum.
    """

    _counts: list[int] = attrs.field(factory=_no_counts, init=False, repr=False)
    _maximum: float = attrs.field(default=0.0, init=False)

    def record(self, seconds: float) -> None:
        """Count one duration. A negative one, from a clock that was put back, counts as 0."""
        if seconds > self._maximum:
            self._maximum = seconds
        if _LOWEST <= seconds < _HIGHEST:
            self._counts[int(log10(seconds) * _PER_DECADE + _SHIFT)] += 1
        else:
            self._counts[-1 if seconds >= _HIGHEST else 0] += 1

    def summary(self) -> LatencySummary:
        """What was recorded so far."""
        count = sum(self._counts)
        if not count:
            return LatencySummary(0, None, None, None)
        return LatencySummary(
            count, self._quantile(50, count), self._quantile(99, count), self._maximum
        )

    def _quantile(self, percent: int, count: int) -> float:
        """The smallest duration that at least so many of a hundred do not exceed."""
        left = -(-count * percent // 100)  # rounded up, without the errors of floats
        for bucket, held in enumerate(self._counts):
            left -= held
            if left <= 0:
                return min(_middle(bucket), self._maximum)
        return self._maximum


def _middle(bucket: int) -> float:
    """What stands for all durations of a bucket, in seconds."""
    if bucket == 0:
        return _LOWEST
    if bucket == _BUCKETS - 1:
        return math.inf
    return math.pow(10.0, (bucket - _SHIFT + 0.5) / _PER_DECADE)


def _deque_of_parts() -> deque[tuple[float, float]]:
    return deque(maxlen=_PARTS - 1)


# Validators are for the constructor: attrs would go through them, in Python, at every assignment.
@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP)
class ClockSkew:
    """How far the venue's clock is ahead of ours.

    A frame that was sent at one clock's time and received at another's tells the delay on its
    way *minus* the skew, and never one without the other. Of all such readings within the window
    the smallest has the shortest delay. That delay is taken to be half of the shortest round
    trip, and the rest to be skew. Therefore:

    - While no round trip is known the shortest delay counts as skew, and delays are told as
      what they are above it.
    - A delay that all frames share, and `PONG` does not, looks like skew. So does the difference
      between a slow way there and a fast way back: the error is half of it at most.
    - Whatever the skew, a delay that *grows* is seen, up to the length of a window. One that
      stays is the new normal after that.
    - A clock that steps so that frames seem to arrive earlier is followed at once. One that
      steps the other way looks like a delay until the former readings have left the window.
    - Of several clocks of the venue the one that is most ahead is believed, and so is a wrong
      stamp from the future; but not one of more than a day.

    Attributes:
        window: Seconds for which a reading counts. They leave a sixth of it at a time, so some
            count for five sixths only.
        offset: Seconds by which the venue's clock is ahead of ours, negative if it is behind;
            None before the first reading.
    """

    window: float = attrs.field(default=600.0, validator=attrs.validators.gt(0))
    offset: float | None = attrs.field(default=None, init=False)
    _began: float = attrs.field(default=-math.inf, init=False, repr=False)
    _ends: float = attrs.field(default=-math.inf, init=False, repr=False)
    _past: deque[tuple[float, float]] = attrs.field(factory=_deque_of_parts, init=False, repr=False)
    # The smallest reading and round trip of this part of the window, and of all of it.
    _gap: float = attrs.field(default=math.inf, init=False, repr=False)
    _trip: float = attrs.field(default=math.inf, init=False, repr=False)
    _least_gap: float = attrs.field(default=math.inf, init=False, repr=False)
    _least_trip: float = attrs.field(default=math.inf, init=False, repr=False)

    def heard(self, sent_ms: int, received: float) -> None:
        """A frame has come.

        Args:
            sent_ms: The venue's stamp in milliseconds since the epoch. An old one, of a book
                that has not changed for hours, does no harm.
            received: When it came, in seconds since the epoch by our clock.
        """
        if not self._began <= received < self._ends:
            self._turn(received)
        gap = received - sent_ms / 1000
        if gap < self._gap:
            self._learn(gap)

    def answered(self, round_trip: float) -> None:
        """A `PING` was answered after so many seconds. Negative ones are passed over."""
        if 0 <= round_trip < self._trip:
            self._trip = round_trip
            if round_trip < self._least_trip:
                self._least_trip = round_trip
                self._reckon()

    def delay_of(self, sent_ms: int, received: float) -> float | None:
        """Seconds that a frame was on its way, as far as can be known, and never negative.

        Args:
            sent_ms: As for `heard`.
            received: As for `heard`.

        Returns:
            None before the first reading.
        """
        offset = self.offset
        if offset is None:
            return None
        delay = received - sent_ms / 1000 + offset
        # `max` would cost as much as all of this.
        if delay < 0.0:
            return 0.0
        return delay

    def _learn(self, gap: float) -> None:
        if gap < -_DAY:
            return
        self._gap = gap
        if gap < self._least_gap:
            self._least_gap = gap
            self._reckon()

    def _turn(self, received: float) -> None:
        """Begin the part of the window that *received* is in."""
        part = self.window / _PARTS
        passed = (received - self._began) / part
        if passed < 0:
            # Our clock was put back. That makes readings smaller, so the former ones are no harm.
            self._began, self._ends = received, received + part
            return
        steps = int(min(passed, _PARTS))
        self._past.append((self._gap, self._trip))
        self._past.extend([(math.inf, math.inf)] * (steps - 1))
        self._gap = self._trip = math.inf
        self._began = received if steps == _PARTS else self._began + steps * part
        self._ends = self._began + part
        self._least_gap = min(gap for gap, _ in self._past)
        # What was last known is better than nothing: the way is still the same as a rule.
        trip = min(trip for _, trip in self._past)
        self._least_trip = trip if trip < math.inf else self._least_trip
        self._reckon()

    def _reckon(self) -> None:
        way = self._least_trip / 2 if self._least_trip < math.inf else 0.0
        self.offset = way - self._least_gap if self._least_gap < math.inf else None


@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP)
class Lag:
    """Whether a feed runs late: from a delay above the limit until one below half of it.

    Attributes:
        limit: Seconds.
        late: Whether it does.
        delay: The latest delay in seconds, for words like "frames come 6.2 s late"; 0 before.
    """

    limit: float = attrs.field(validator=attrs.validators.gt(0))
    late: bool = attrs.field(default=False, init=False)
    delay: float = attrs.field(default=0.0, init=False)

    def note(self, delay: float) -> bool | None:
        """A frame was so many seconds on its way.

        Returns:
            True if the feed is late from now on, False if it is in time again, None if it is
            as it was.
        """
        self.delay = delay
        if self.late:
            if delay < self.limit / 2:
                self.late = False
                return False
        elif delay > self.limit:
            self.late = True
            return True
        return None
