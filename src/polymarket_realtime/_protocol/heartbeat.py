"""When to give a sign of life, when to ask for one, and when silence has lasted too long.

The CLOB channels want the text `PING`: the venue drops a socket without a close frame after 125 s
in which neither side spoke, answers with `PONG` (delayed by up to 11 s behind queued data), and
closes with 1008 if `PING` comes before the first subscription. Measured 2026-10-04. The other
feeds have words of their own, or none; what to say is their protocols' business.
"""

from __future__ import annotations

import math
from typing import Final

from polymarket_realtime.errors import HeartbeatTimeout

__all__ = ["PING", "PONG", "Heartbeat"]

PING: Final = "PING"
PONG: Final = "PONG"


class Heartbeat:
    """The clockwork of one sign, without the sign.

    Args:
        now: When the first frame was sent, on the caller's clock.
        interval: Seconds between two signs.
        timeout: Seconds without any inbound frame after which the connection is given up.
        after_silence: Whether the interval begins anew with each inbound frame, so that a sign
            is only due on a connection that is silent.
    """

    __slots__ = ("_after_silence", "_due_at", "_heard_at", "_interval", "_timeout")

    def __init__(
        self, now: float, *, interval: float, timeout: float = math.inf, after_silence: bool = False
    ) -> None:
        self._interval, self._timeout = interval, timeout
        self._after_silence = after_silence
        self._heard_at = now
        self._due_at = now + interval

    def heard(self, now: float) -> None:
        """A frame has come, of any kind: the socket lives."""
        self._heard_at = now
        if self._after_silence:
            self._due_at = now + self._interval

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        return min(self._due_at, self._heard_at + self._timeout)

    def advance(self, now: float) -> bool:
        """Whether a sign is due.

        Raises:
            HeartbeatTimeout: Nothing was heard for `timeout` seconds.
        """
        if now >= self._heard_at + self._timeout:
            raise HeartbeatTimeout(now - self._heard_at)
        if now < self._due_at:
            return False
        self._due_at = now + self._interval
        return True
