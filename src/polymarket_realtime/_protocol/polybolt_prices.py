"""What the streams on one connection to PolyBolt tell: prices, gaps between them, and silence.

Each stream begins with a snapshot, the prices of the last two minutes, so a short interruption
loses nothing. Frames are counted by channel: a jump says how many are missing, but not of which
of the channel's streams. Source: docs.polymarket.com, "PolyBolt WebSocket".
"""

from __future__ import annotations

import math
from typing import Final

import attrs

from polymarket_realtime._codec.polybolt import PriceFrame, PricePoint, channel_of
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.feed import Gap
from polymarket_realtime._model.live import PriceKind, PriceStream, ReferencePrice
from polymarket_realtime._protocol.price_flow import tell_history, tell_price
from polymarket_realtime._protocol.price_symbols import never_closes
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.translate import Receipt
from polymarket_realtime.errors import StreamStalled

__all__ = ["Prices"]

_SNAPSHOT_WITHIN: Final = 5.0
"""Seconds after the venue has agreed to serve a stream."""

_AVERAGED_OVER: Final = 60
"""Seconds: averages over other times can be asked for, and bring nothing."""


@attrs.define
class _Line:
    """One stream on this connection.

    Attributes:
        flowing: Whether it is known to be served.
        quiet_since: When it last spoke, of streams that have to; None of others.
        settle_at: When its gap is told without waiting any longer for the snapshot; None if it
            has none.
    """

    stream: PriceStream
    flowing: bool = False
    quiet_since: float | None = None
    settle_at: float | None = None

    @property
    def never_rests(self) -> bool:
        """Of crypto there is a price a second; equities are quiet while their market is closed."""
        return never_closes(self.stream)

    @property
    def is_odd(self) -> bool:
        """Whether it is an average that is served nowhere."""
        return self.stream.window_seconds not in (None, _AVERAGED_OVER)


class Prices:
    """The streams that one connection has asked for.

    Args:
        streams: What is known of them; it outlives the connection.
        wall_offset: Add it to a time for seconds since the epoch.
        data_timeout: Seconds of silence after which a crypto price has stalled.
    """

    def __init__(self, streams: Streams, *, wall_offset: float, data_timeout: float) -> None:
        self._streams = streams
        self._wall_offset, self._data_timeout = wall_offset, data_timeout
        self._lines: dict[str, _Line] = {}
        self._seqs: dict[str, int] = {}

    def keys(self) -> frozenset[str]:
        """The streams that are asked for."""
        return frozenset(self._lines)

    def begin(self, key: str) -> None:
        """The stream is asked for; perhaps not for the first time."""
        if key not in self._lines:
            self._lines[key] = _Line(PriceStream.from_key(key))
            self._streams.carry(key)

    def end(self, key: str) -> None:
        """It is not wanted any more."""
        if self._lines.pop(key, None) is not None:
            self._streams.leave(key)

    def serve(self, key: str, now: float) -> None:
        """The venue has agreed to serve it. Its gap ends with the snapshot that comes now."""
        line = self._lines[key]
        line.quiet_since = now if line.never_rests else None
        if self._streams.is_gone(key):
            return  # only a price shows that it is back
        if self._streams.is_interrupted(key):
            line.settle_at = now + _SNAPSHOT_WITHIN
        else:
            self._flow(line, now + self._wall_offset)

    def refuse(self, key: str, code: str, now: float) -> list[Event]:
        """The venue does not know it."""
        stream = self._lines[key].stream
        self.end(key)
        return self._gone(stream, f"the venue does not serve {_words(stream)}: {code}", now)

    # Data

    def tell(self, frame: PriceFrame, receipt: Receipt) -> list[Event]:
        """The events of a frame: gaps first, unless what it brings fills them."""
        events = self._left_out(frame, receipt.received)
        line = self._lines.get(frame.stream.key)
        if line is None:
            return events
        line.quiet_since = receipt.now if line.never_rests else None
        self._streams.count(EventType.REFERENCE_PRICE, receipt.received)
        prices = [_reference_price(frame, point, receipt) for point in frame.points]
        if frame.snapshot and not prices:
            return [*events, *self._on_nothing(line, receipt.now)]
        line.flowing, line.settle_at = True, None
        if frame.snapshot:
            return events + tell_history(self._streams, prices)
        return events + [event for price in prices for event in tell_price(self._streams, price)]

    def _on_nothing(self, line: _Line, now: float) -> list[Event]:
        """The venue has no price to begin with: what it never told one of cannot stall."""
        if self._streams.latest(line.stream.key) is None:
            line.quiet_since = None
        if line.is_odd and line.quiet_since is None:
            line.settle_at = None
            reason = f"the venue has no prices of {_words(line.stream)}"
            return self._gone(line.stream, reason, now)
        gap = self._flow(line, now + self._wall_offset)
        return [gap] if gap is not None else []

    def _left_out(self, frame: PriceFrame, wall: float) -> list[Event]:
        before = self._seqs.get(frame.channel, frame.seq - 1)
        self._seqs[frame.channel] = frame.seq
        missed = max(frame.seq - before - 1, frame.dropped)
        if missed <= 0:
            return []
        lines = [line for line in self._lines.values() if channel_of(line.stream) == frame.channel]
        gaps = [
            self._streams.flow(line.stream.key, wall, missed=missed)
            for line in lines
            if line.flowing and not self._streams.is_interrupted(line.stream.key)
        ]
        known = missed if len(lines) == 1 else None
        return [attrs.evolve(gap, missed=known) for gap in gaps if gap is not None]

    def hear(self, channel: str, now: float) -> None:
        """A frame of this channel has come that cannot be read: its streams have not stalled."""
        for line in self._lines.values():
            if line.quiet_since is not None and channel_of(line.stream) == channel:
                line.quiet_since = now

    # Time

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        times = [line.settle_at for line in self._lines.values() if line.settle_at is not None]
        times += [
            line.quiet_since + self._data_timeout
            for line in self._lines.values()
            if line.quiet_since is not None
        ]
        return min(times, default=math.inf)

    def advance(self, now: float) -> list[Event]:
        """Tell the gaps that no snapshot has ended.

        Raises:
            StreamStalled: A stream that never rests has said nothing for too long.
        """
        stalled = [line for line in self._lines.values() if self._is_stalled(line, now)]
        for line in stalled:
            key = line.stream.key
            if not line.is_odd or self._streams.latest(key) is not None:
                raise StreamStalled(key, self._data_timeout)
        events = [event for line in stalled for event in self._on_nothing(line, now)]
        for line in self._lines.values():
            if line.settle_at is not None and now >= line.settle_at:
                gap = self._flow(line, now + self._wall_offset)
                events += [gap] if gap is not None else []
        return events

    def lose(self, now: float, heard_at: float) -> None:
        """The connection has ended, which was last heard at `heard_at`."""
        for key, line in self._lines.items():
            if line.quiet_since is not None and self._is_stalled(line, now):
                problem = "it stopped although the connection was open"
                self._streams.lose(key, line.quiet_since + self._wall_offset, problem)
            else:
                self._streams.lose(key, heard_at + self._wall_offset)
        self._lines.clear()

    def _is_stalled(self, line: _Line, now: float) -> bool:
        return line.quiet_since is not None and now >= line.quiet_since + self._data_timeout

    # Streams

    def _flow(self, line: _Line, wall: float) -> Gap | None:
        line.flowing, line.settle_at = True, None
        return self._streams.flow(line.stream.key, wall)

    def _gone(self, stream: PriceStream, reason: str, now: float) -> list[Event]:
        wall = now + self._wall_offset
        event = self._streams.end(stream.key, reason, _instead_of(stream), wall)
        return [event] if event is not None else []


def _reference_price(frame: PriceFrame, point: PricePoint, receipt: Receipt) -> ReferencePrice:
    return ReferencePrice(
        received=receipt.received,
        raw=receipt.raw,
        timestamp_ms=point.timestamp_ms,
        stream=frame.stream,
        price=point.price,
        provider=frame.provider,
        backfilled=frame.snapshot,
        carried_forward=frame.carried_forward,
        market_status=frame.market_status,
    )


def _words(stream: PriceStream) -> str:
    window = "" if stream.window_seconds is None else f" averaged over {stream.window_seconds} s"
    return f"the {stream.kind} price {stream.symbol}{window}"


def _instead_of(stream: PriceStream) -> str | None:
    if stream.window_seconds is not None and stream.window_seconds != _AVERAGED_OVER:
        return f"subscribe to its average over {_AVERAGED_OVER} s"
    if stream.kind is PriceKind.CRYPTO and stream.symbol.endswith("usdt"):
        return f"subscribe to {stream.symbol[:-1]}"
    return None
