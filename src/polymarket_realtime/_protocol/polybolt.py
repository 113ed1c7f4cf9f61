"""PolyBolt, the feed of reference prices: frames in, events and frames out.

The venue pings by the WebSocket protocol every 25 s, which only the transport sees; `ping` of
our own shows that the application behind it lives as well.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.polybolt import (
    AnswerFrame,
    PolyBoltFrame,
    PriceFrame,
    decode_polybolt_frames,
)
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._protocol.heartbeat import Heartbeat
from polymarket_realtime._protocol.polybolt_prices import Prices
from polymarket_realtime._protocol.polybolt_requests import Requests
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.translate import Receipt

__all__ = ["PolyBoltProtocol"]

log = logging.getLogger("polymarket_realtime.feed.prices")


class PolyBoltProtocol:
    """One connection to PolyBolt. See `FeedProtocol`.

    Every payload loses the account's secrets before anything reads it: none can reach an event,
    a log or an error. Streams are asked for once the venue has accepted the credentials.

    Args:
        streams: What is known of the streams; it outlives the connection, and so do its counters.
        credentials: Sent in the first frame.
        interest: The `PriceStream.key` of the streams to carry, at most 64.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        ping_interval: Seconds between two pings.
        ping_timeout: Seconds without any frame after which the connection is given up.
        data_timeout: Seconds without a price of a crypto stream after which it is given up too.
            Equities have none: they are quiet while their market is closed.

    Attributes:
        proven: Whether a price or a `pong` came after at least one `ping_interval`.
        incomplete: False: what the venue keeps of the past comes by itself.
    """

    incomplete = False

    def __init__(
        self,
        streams: Streams,
        credentials: Credentials,
        interest: frozenset[str],
        now: float,
        *,
        wall_offset: float = 0.0,
        ping_interval: float = 30.0,
        ping_timeout: float = 90.0,
        data_timeout: float = 20.0,
    ) -> None:
        self.counters = streams.counters
        self.proven = False
        self._credentials, self._wall_offset = credentials, wall_offset
        self._proven_from = now + ping_interval
        self._now = self._heard_at = now
        self._heartbeat = Heartbeat(now, interval=ping_interval, timeout=ping_timeout)
        self._prices = Prices(streams, wall_offset=wall_offset, data_timeout=data_timeout)
        self._requests = Requests(credentials, streams, now)
        self._requests.want(interest)

    # Frames out

    @property
    def covering(self) -> bool:
        """Whether a connection before this one is not needed any more."""
        return self.proven

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any: one may go now."""
        return self._requests.is_ready(self._now)

    def frames_to_send(self) -> list[str]:
        """At most one; `next_deadline` says when the next may go. The first holds secrets."""
        op = self._requests.take(self._now)
        if op is None:
            return []
        for key in op.asked:
            self._prices.begin(key)
        for key in op.left:
            self._prices.end(key)
        return [op.text]

    def set_interest(self, wanted: frozenset[str], now: float) -> None:
        """Ask for exactly these streams from now on, by their `PriceStream.key`."""
        self._now = now
        self._requests.want(wanted)
        # Streams that lost their place here, and that nobody wants back, need no goodbye.
        for key in self._prices.keys() - wanted - self._requests.held():
            self._prices.end(key)

    # Time

    def next_deadline(self) -> float:
        """When `advance` must be called."""
        return min(
            self._heartbeat.next_deadline(),
            self._requests.next_deadline(self._now),
            self._prices.next_deadline(),
        )

    def advance(self, now: float) -> list[Event]:
        """Send what has become due; tell the gaps that nothing has filled.

        Raises:
            HeartbeatTimeout: No frame was heard for `ping_timeout` seconds.
            RequestFailed: The venue has not answered a request.
            StreamStalled: A crypto price has brought nothing for `data_timeout` seconds.
        """
        self._now = now
        if self._heartbeat.advance(now):
            self._requests.ping()
        self._requests.check(now)
        return self._prices.advance(now)

    def connection_lost(self, now: float) -> None:
        """Note since when each stream may miss something."""
        self._prices.lose(now, self._heard_at)

    # Frames in

    def alive(self, now: float) -> None:
        """The peer has answered by the WebSocket protocol; no probe is ever asked for."""
        self._heartbeat.heard(now)

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order; give the prices that are news, and the gaps.

        Raises:
            CredentialsRejected: The venue does not accept the credentials.
            RequestFailed: It could not check them.
        """
        self._now = self._heard_at = now
        self._heartbeat.heard(now)
        self.counters.messages += len(payloads)
        events: list[Event] = []
        for payload in payloads:
            for frame, raw in decode_polybolt_frames(self._credentials.scrub(payload)):
                events += self._take(frame, Receipt(raw, now, now + self._wall_offset))
        return events

    def _take(self, frame: PolyBoltFrame, receipt: Receipt) -> Sequence[Event]:
        match frame:
            case PriceFrame():
                self._heard_sense(receipt.now)
                return self._prices.tell(frame, receipt)
            case AnswerFrame():
                return self._on_answer(frame, receipt.now)
            case TextFrame():
                if frame.text:
                    self.counters.heard_text(frame.text)
                    log.info("the venue says %r", frame.text)
            case UnknownFrame():
                self.counters.events[EventType.UNKNOWN] += 1
                log.info("a frame of the unknown kind %r", frame.event_type)
            case MalformedFrame():
                self.counters.malformed += 1
                log.warning("malformed %s frame: %s", frame.event_type, frame.problem)
                log.debug("malformed frame was %r", receipt.raw[:1000])
                self._prices.hear(frame.event_type, receipt.now)
        return ()

    def _on_answer(self, frame: AnswerFrame, now: float) -> Sequence[Event]:
        if frame.op == "pong":
            self._heard_sense(now)
        elif frame.op == "error":
            self.counters.heard_text(f"error {frame.code}")
            log.warning(
                "the venue refuses request %s (%s): %s", frame.rid, frame.channel, frame.code
            )
        verdict = self._requests.answer(frame, now)
        if verdict is None:
            return ()
        if verdict.refusal is not None:
            return self._prices.refuse(verdict.key, verdict.refusal, now)
        self._prices.serve(verdict.key, now)
        return ()

    def _heard_sense(self, now: float) -> None:
        self.proven = self.proven or (self._requests.authed and now >= self._proven_from)
