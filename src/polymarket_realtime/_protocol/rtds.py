"""RTDS, the venue's real-time data service: frames in, events and frames out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.rtds import decode_rtds_frames
from polymarket_realtime._codec.rtds_frames import (
    ActivityFrame,
    CommentFrame,
    ErrorFrame,
    PriceFrame,
    ReactionFrame,
    RtdsFrame,
    UntoldFrame,
)
from polymarket_realtime._codec.rtds_topics import (
    PRICE_TOPICS,
    encode_subscription,
    plan_subscription,
)
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.live import ACTIVITY, COMMENTS, ActivityTrade, Comment, Reaction
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._protocol import rtds_translate as translate
from polymarket_realtime._protocol.base import PROBE
from polymarket_realtime._protocol.heartbeat import PING, Heartbeat
from polymarket_realtime._protocol.price_flow import tell_history, tell_price
from polymarket_realtime._protocol.rtds_carried import CarriedStreams
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.translate import Receipt
from polymarket_realtime.errors import StreamStalled

__all__ = ["RtdsProtocol"]

log = logging.getLogger("polymarket_realtime.feed.rtds")

_ANSWER_WITHIN: Final = 20.0
"""Seconds that the peer has to answer a `PROBE`."""

_WITH_CREDENTIALS: Final = "set API credentials: these prices come over PolyBolt then"

_UNCLEAR: Final = ("object", "array", "element")
"""Kinds of malformed frames that may have been about anything."""


class RtdsProtocol:
    """One connection to RTDS. See `FeedProtocol`.

    `PING` is never answered, but without it the venue falls silent after six minutes. So it is
    the data that shows whether a stream flows: one that is never quiet has to bring some within
    `data_timeout`. Source: docs.polymarket.com, "Real-Time Data"; measured 2026-08 to 2026-09.

    Args:
        streams: What is known of the streams; it outlives the connection, and its counters too.
        interest: Keys of the streams to carry.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        ping_interval: Seconds between two `PING`. As long after its subscription, a stream that
            may be quiet counts as served, unless the venue has said that it is not.
        data_timeout: Seconds without data after which a stream that is never quiet has stalled.
        silence: Seconds without any frame after which the peer is probed.

    Attributes:
        proven: Whether data has come after at least one `ping_interval`; or, if all streams may
            be quiet, whether the connection has lasted so long.
    """

    def __init__(
        self,
        streams: Streams,
        interest: frozenset[str],
        now: float,
        *,
        wall_offset: float = 0.0,
        ping_interval: float = 5.0,
        data_timeout: float = 20.0,
        silence: float = 600.0,
    ) -> None:
        self.counters = streams.counters
        self.proven = self.incomplete = False
        self._streams = streams
        self._opened_at = self._heard_at = now
        self._proven_from = now + ping_interval
        self._wall_offset = wall_offset
        self._heartbeat = Heartbeat(now, interval=ping_interval)
        self._probing = Heartbeat(
            now, interval=silence, timeout=silence + _ANSWER_WITHIN, after_silence=True
        )
        self._carried = CarriedStreams(
            streams,
            now,
            wall_offset=wall_offset,
            settle_within=ping_interval,
            data_timeout=data_timeout,
        )
        self._not_served: set[str] = set()
        self._stalled: StreamStalled | None = None
        self._unasked: dict[str, str] = {}
        self._outbox: list[str] = []
        self.set_interest(interest, now)

    # Frames out

    @property
    def covering(self) -> bool:
        """Whether a connection before this one is not needed any more."""
        return self.proven

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any."""
        return bool(self._outbox)

    def frames_to_send(self) -> list[str]:
        """The frames queued since the last call; `PROBE` among them is none."""
        frames, self._outbox = self._outbox, []
        return frames

    def set_interest(self, wanted: frozenset[str], now: float) -> None:
        """Queue subscriptions to what is newly wanted, and the end of those to what is not."""
        # What was forgotten meanwhile, because nobody wanted it, is asked for and told anew.
        still = self._not_served & wanted
        self._not_served = {k for k in still if k in self._unasked or self._streams.is_gone(k)}
        self._unasked = {k: why for k, why in self._unasked.items() if k in wanted}
        # What was forgotten while it was carried begins anew too: its history comes again.
        forgotten = {k for k in self._carried.keys() & wanted if not self._streams.knows(k)}
        for key in sorted(self._carried.keys() - (wanted - forgotten)):
            if (left := self._carried.remove(key)) is not None:
                self._outbox.append(encode_subscription("unsubscribe", left.subscription))
        for key in sorted(wanted - self._carried.keys() - self._not_served):
            self._ask(key, now)

    def _ask(self, key: str, now: float) -> None:
        subscription = plan_subscription(key)
        if subscription is None:
            reason = "the venue's public feed has no such price"
            # Only noted when it is told: the connection may end before.
            self._not_served.add(key)
            self._unasked[key] = reason
        else:
            self._carried.add(key, subscription, now)
            self._outbox.append(encode_subscription("subscribe", subscription))

    def _end(self, key: str, reason: str, wall: float) -> list[Event]:
        """The venue does not have this stream: ask for it no more on this connection."""
        self._not_served.add(key)
        self._carried.remove(key)
        instead = None if key in (ACTIVITY, COMMENTS) else _WITH_CREDENTIALS
        gone = self._streams.end(key, reason, instead, wall)
        return [] if gone is None else [gone]

    # Time

    def next_deadline(self) -> float:
        """When `advance` must be called."""
        if self._unasked:
            return self._opened_at
        return min(
            self._heartbeat.next_deadline(),
            self._probing.next_deadline(),
            self._carried.next_deadline(),
        )

    def advance(self, now: float) -> list[Event]:
        """Send `PING` or `PROBE` when it is due, and give what only time tells.

        Raises:
            StreamStalled: A stream that is never quiet has brought nothing for `data_timeout`.
            HeartbeatTimeout: Nothing was heard for `silence`, nor was the `PROBE` answered.
        """
        try:
            self._carried.check(now)
        except StreamStalled as stalled:
            self._stalled = stalled
            raise
        if self._heartbeat.advance(now):
            self._outbox.append(PING)
        if self._probing.advance(now):
            self._outbox.append(PROBE)
        # Where nothing has to come by itself, not having been refused is all there is.
        self.proven = self.proven or (now >= self._proven_from and not self._carried.any_watched())
        return [*self._tell_unasked(now), *self._carried.advance(now)]

    def alive(self, now: float) -> None:
        """The peer has answered a `PROBE`."""
        self._heard(now)

    def connection_lost(self, now: float) -> None:  # noqa: ARG002  when it was heard counts
        """Note since when something of each stream may be missing."""
        self._carried.lose(self._heard_at, self._stalled)

    def _heard(self, now: float) -> None:
        self._heard_at = now
        self._probing.heard(now)

    def _tell_unasked(self, now: float) -> list[Event]:
        unasked, self._unasked = self._unasked, {}
        wall = now + self._wall_offset
        return [each for key, reason in unasked.items() for each in self._end(key, reason, wall)]

    # Frames in

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order; give what is news."""
        self._heard(now)
        self.counters.messages += len(payloads)
        events = self._tell_unasked(now)
        for payload in payloads:
            for frame, raw in decode_rtds_frames(payload):
                events += self._take(frame, Receipt(raw, now, now + self._wall_offset))
        brought = self._carried.data_at == now
        self.proven = self.proven or (brought and now >= self._proven_from)
        return events

    def _take(self, frame: RtdsFrame, receipt: Receipt) -> Sequence[Event]:
        match frame:
            case ActivityFrame():
                return self._tell(translate.activity_trade(frame, receipt), receipt)
            case CommentFrame():
                return self._tell(translate.comment(frame, receipt), receipt)
            case ReactionFrame():
                return self._tell(translate.reaction(frame, receipt), receipt)
            case PriceFrame():
                return self._take_prices(frame, receipt)
            case ErrorFrame():
                return self._on_error(frame, receipt)
            case MalformedFrame():
                self._on_malformed(frame, receipt)
            case UntoldFrame():
                self._streams.count(frame.name, receipt.received)
            case UnknownFrame():
                self._streams.count(EventType.UNKNOWN, receipt.received)
                log.info("a frame of the unknown kind %r", frame.event_type)
            case TextFrame() if frame.text:
                self.counters.heard_text(frame.text)
                log.info("the venue says %r", frame.text)
        return ()

    def _tell(self, event: ActivityTrade | Comment | Reaction, receipt: Receipt) -> Sequence[Event]:
        self._streams.count(event.type, receipt.received)
        [key] = event.routes
        carried = self._carried.get(key)
        if carried is None:
            return ()
        self._carried.brought([carried], receipt.now)
        gap = self._streams.flow(key, receipt.received)
        before = () if gap is None else (gap,)
        is_news = self._streams.is_news(translate.identity_of(event))
        return (*before, event) if is_news else before

    def _take_prices(self, frame: PriceFrame, receipt: Receipt) -> Sequence[Event]:
        self._streams.count(EventType.REFERENCE_PRICE, receipt.received)
        carried = self._carried.get(frame.stream.key)
        if carried is None:
            return ()
        self._carried.brought([carried], receipt.now)
        prices = translate.reference_prices(frame, receipt)
        if frame.backfill:
            carried.history_due = False
            new, carried.held = carried.held, []
            events = tell_history(self._streams, prices)
        elif carried.history_due and self._streams.is_interrupted(carried.key):
            carried.held += prices
            return ()
        else:
            new, events = prices, []
        for price in new:
            events += tell_price(self._streams, price)
        return events

    def _on_error(self, frame: ErrorFrame, receipt: Receipt) -> Sequence[Event]:
        message = plain_text(frame.message)
        self.counters.heard_text(message)
        log.warning("the venue refuses a request: %s", message)
        if frame.missing_topic is None:
            return ()
        reason = f"the venue has no topic {plain_text(frame.missing_topic)}"
        return [
            event
            for each in self._carried.of_topic(frame.missing_topic)
            for event in self._end(each.key, reason, receipt.received)
        ]

    def _on_malformed(self, frame: MalformedFrame, receipt: Receipt) -> None:
        self.counters.malformed += 1
        log.warning("malformed %s frame: %s", frame.event_type, frame.problem)
        log.debug("malformed frame was %r", receipt.raw[:1000])
        # A new connection would bring the same, so this is no silence.
        self._carried.brought(self._carried.of_topic(frame.event_type), receipt.now)
        if frame.event_type in PRICE_TOPICS:
            return  # the next price makes up for it
        for key in (ACTIVITY, COMMENTS):
            carried = self._carried.get(key)
            if carried is not None and frame.event_type in (carried.subscription.topic, *_UNCLEAR):
                problem = f"a frame could not be read: {plain_text(frame.problem)}"
                self._streams.damage(key, receipt.received, problem)
