"""The text heartbeat of the CLOB channels.

The venue drops a socket without a close frame after 125 s in which neither side spoke, answers
`PING` with `PONG` (delayed by up to 11 s behind queued data), and closes with 1008 if `PING`
comes before the first subscription. Measured 2026-10-04.
"""

from __future__ import annotations

from typing import Final

from polymarket_realtime.errors import HeartbeatTimeout

__all__ = ["PING", "PONG", "Heartbeat"]

PING: Final = "PING"
PONG: Final = "PONG"


class Heartbeat:
    """When to say `PING`, and when silence has lasted too long.

    Args:
        now: When the first frame was sent, on the caller's clock.
        interval: Seconds between two `PING`.
        timeout: Seconds without any inbound frame after which the connection is given up.
    """

    __slots__ = ("_heard_at", "_interval", "_ping_at", "_timeout")

    def __init__(self, now: float, *, interval: float, timeout: float) -> None:
        self._interval, self._timeout = interval, timeout
        self._heard_at = now
        self._ping_at = now + interval

    def heard(self, now: float) -> None:
        """A frame has come, of any kind: the socket lives."""
        self._heard_at = now

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        return min(self._ping_at, self._heard_at + self._timeout)

    def advance(self, now: float) -> bool:
        """Whether a `PING` is due.

        Raises:
            HeartbeatTimeout: Nothing was heard for `timeout` seconds.
        """
        if now >= self._heard_at + self._timeout:
            raise HeartbeatTimeout(now - self._heard_at)
        if now < self._ping_at:
            return False
        self._ping_at = now + self._interval
        return True
