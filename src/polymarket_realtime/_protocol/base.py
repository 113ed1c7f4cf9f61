"""What the connection needs of any channel's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from polymarket_realtime._model.events import Event

__all__ = ["PROBE", "FeedProtocol"]

PROBE: Final = "\x00probe"
"""In place of a frame: the connection is to see by a ping of the WebSocket protocol whether the
peer is there, and to call `alive` with the answer."""


class FeedProtocol(Protocol):
    """The state of one connection, without its I/O.

    An instance serves one connection and is then thrown away. Times are seconds on the
    caller's clock; only differences matter.
    """

    @property
    def proven(self) -> bool:
        """Whether the connection has shown that it works, so that backoff may start anew."""

    @property
    def covering(self) -> bool:
        """Whether a connection before this one that carries the same is not needed any more."""

    @property
    def incomplete(self) -> bool:
        """Whether something is missing that has to be asked for elsewhere."""

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order. May queue frames.

        Raises:
            CredentialsRejected: The venue said so; give the connection up.
        """

    def alive(self, now: float) -> None:
        """The peer has answered a `PROBE`."""

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any."""

    def frames_to_send(self) -> list[str]:
        """The frames queued since the last call; `PROBE` among them is none."""

    def set_interest(self, wanted: frozenset[str], now: float) -> None:
        """Queue whatever makes the venue send exactly what is wanted.

        Args:
            wanted: Keys of `Topic.wants`: asset ids on the market channel, streams elsewhere.
            now: The time.
        """

    def next_deadline(self) -> float:
        """When `advance` must be called."""

    def advance(self, now: float) -> list[Event]:
        """Let time pass. May queue frames.

        Raises:
            HeartbeatTimeout: Nothing was heard for too long; give the connection up.
        """

    def connection_lost(self, now: float) -> None:
        """Mark everything that this connection kept true as out of sync."""
