"""How long events take: from the venue to here, and from here to their readers."""

from __future__ import annotations

import attrs

from polymarket_realtime._protocol.latency import ClockSkew, Histogram

__all__ = ["Timing"]


@attrs.define(eq=False)
class Timing:
    """Of one service.

    Attributes:
        skew: How far the venue's clock is ahead of this machine's.
        arrival: Seconds from the venue's stamp to the arrival here, less the skew; of the first
            change of each read.
        delivery: Seconds from the arrival to the reader; of the oldest event that is handed over
            at once.
    """

    skew: ClockSkew = attrs.field(factory=ClockSkew)
    arrival: Histogram = attrs.field(factory=Histogram)
    delivery: Histogram = attrs.field(factory=Histogram)

    def arrived(self, sent_ms: int, received: float) -> float:
        """A change stamped then has come now: seconds that it took, never negative."""
        self.skew.heard(sent_ms, received)
        delay = self.skew.delay_of(sent_ms, received) or 0.0
        self.arrival.record(delay)
        return delay
