"""What the connection needs of any channel's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId

__all__ = ["FeedProtocol"]


class FeedProtocol(Protocol):
    """The state of one connection, without its I/O.

    An instance serves one connection and is then thrown away. Times are seconds on the
    caller's clock; only differences matter.
    """

    @property
    def proven(self) -> bool:
        """Whether the connection has shown that it works, so that backoff may start anew."""

    @property
    def incomplete(self) -> bool:
        """Whether something is missing that has to be asked for elsewhere."""

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order. May queue frames."""

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any."""

    def frames_to_send(self) -> list[str]:
        """The frames queued since the last call."""

    def set_interest(self, wanted: frozenset[AssetId], now: float) -> None:
        """Queue whatever makes the venue send exactly what is wanted."""

    def next_deadline(self) -> float:
        """When `advance` must be called."""

    def advance(self, now: float) -> list[Event]:
        """Let time pass. May queue frames.

        Raises:
            HeartbeatTimeout: Nothing was heard for too long; give the connection up.
        """

    def connection_lost(self, now: float) -> None:
        """Mark everything that this connection kept true as out of sync."""
