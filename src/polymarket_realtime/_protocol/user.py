"""The CLOB user channel: frames in, events and frames out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._codec.user import (
    UserFrame,
    decode_user_frames,
    encode_user_subscription,
)
from polymarket_realtime._codec.user_frames import OrderFrame, TradeFrame
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.user import UpdateSource
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.heartbeat import PING, PONG, Heartbeat
from polymarket_realtime._protocol.translate import Receipt

__all__ = ["UserProtocol"]

log = logging.getLogger("polymarket_realtime.feed.user")

_ABOUT_THE_ACCOUNT: Final = frozenset({"order", "trade", "array", "object"})
"""Kinds whose loss leaves the account incomplete. What cannot be read may have been one."""


class UserProtocol:
    """One connection to the user channel. See `FeedProtocol`.

    Every payload loses the account's secrets before anything reads it: none can reach an event,
    a log or an error.

    Args:
        ledger: What is known of the account; it outlives the connection, and so do its counters.
        authentication: Is told what the connection shows about the credentials.
        credentials: Sent in the first frame.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        ping_interval: Seconds between two `PING`. The first goes right behind the subscription:
            its `PONG` is the only sign that the subscription was read.
        ping_timeout: Seconds of silence after which the connection is given up.

    Attributes:
        accepted: Whether an order, a trade or `PONG` has come.
        proven: Whether one came after at least one `ping_interval`.
    """

    def __init__(
        self,
        ledger: AccountLedger,
        authentication: Authentication,
        credentials: Credentials,
        now: float,
        *,
        wall_offset: float = 0.0,
        ping_interval: float = 10.0,
        ping_timeout: float = 30.0,
    ) -> None:
        self.counters = ledger.counters
        self.accepted = self.proven = False
        self._ledger, self._authentication = ledger, authentication
        self._credentials = credentials
        self._proven_from = now + ping_interval
        self._wall_offset = wall_offset
        self._heartbeat = Heartbeat(now, interval=ping_interval, timeout=ping_timeout)
        self._outbox = [encode_user_subscription(credentials), PING]
        authentication.subscribing(now, now + wall_offset)

    @property
    def incomplete(self) -> bool:
        """Whether the venue reads, and there is a gap that REST is to fill."""
        return self.accepted and not self._ledger.complete

    # Frames out

    @property
    def covering(self) -> bool:
        """Whether a connection before this one is not needed any more."""
        return self.proven

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any."""
        return bool(self._outbox)

    def frames_to_send(self) -> list[str]:
        """The frames queued since the last call. The first one holds secrets."""
        frames, self._outbox = self._outbox, []
        return frames

    def set_interest(self, wanted: frozenset[str], now: float) -> None:
        """Nothing to do: the channel tells of all markets, and readers choose among them."""

    def alive(self, now: float) -> None:
        """Count as heard: the peer has answered a probe, which nothing here asks for."""
        self._heartbeat.heard(now)

    # Time

    def next_deadline(self) -> float:
        """When `advance` must be called."""
        return self._heartbeat.next_deadline()

    def advance(self, now: float) -> list[Event]:
        """Send `PING` when it is due.

        Raises:
            HeartbeatTimeout: No frame was heard for `ping_timeout` seconds.
        """
        if self._heartbeat.advance(now):
            self._outbox.append(PING)
        return []

    def connection_lost(self, now: float) -> None:
        """Note that from now on something may happen to the account that is not told."""
        self._ledger.interrupt(now + self._wall_offset)
        self._authentication.disconnected()

    # Frames in

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order; give the updates that are news."""
        self._heartbeat.heard(now)
        self.counters.messages += len(payloads)
        events: list[Event] = []
        for payload in payloads:
            for frame, raw in decode_user_frames(self._credentials.scrub(payload)):
                events += self._take(frame, Receipt(raw, now, now + self._wall_offset))
        return events

    def _take(self, frame: UserFrame, receipt: Receipt) -> Sequence[Event]:
        match frame:
            case OrderFrame():
                self._heard_data(EventType.ORDER, receipt)
                return self._ledger.take_order(frame, receipt, UpdateSource.STREAM)
            case TradeFrame():
                self._heard_data(EventType.TRADE, receipt)
                return self._ledger.take_trade(frame, receipt, UpdateSource.STREAM)
            case TextFrame():
                self._on_text(frame, receipt)
            case UnknownFrame():
                # Not handed on as an event: it may be private, and nobody asked for its kind.
                self._count(EventType.UNKNOWN, receipt)
                log.info("a frame of the unknown kind %r", frame.event_type[:40])
            case MalformedFrame():
                return self._on_malformed(frame, receipt)
        return ()

    def _heard_data(self, name: EventType, receipt: Receipt) -> None:
        self._count(name, receipt)
        self._heard_sense(receipt)
        self._authentication.data(receipt.received)

    def _heard_sense(self, receipt: Receipt) -> None:
        self.accepted = True
        self.proven = self.proven or receipt.now >= self._proven_from

    def _count(self, name: EventType, receipt: Receipt) -> None:
        self.counters.events[name] += 1
        self.counters.last_event = receipt.received

    def _on_text(self, frame: TextFrame, receipt: Receipt) -> None:
        if frame.text == PONG:
            self._heard_sense(receipt)
            self._authentication.accepted(receipt.now, receipt.received)
        elif frame.text:
            self.counters.heard_text(frame.text)
            log.info("the venue says %r", frame.text)

    def _on_malformed(self, frame: MalformedFrame, receipt: Receipt) -> Sequence[Event]:
        self.counters.malformed += 1
        log.warning("malformed %s frame: %s", frame.event_type, frame.problem)
        log.debug("malformed frame was %r", receipt.raw[:1000])
        if frame.event_type not in _ABOUT_THE_ACCOUNT:
            return ()
        problem = f"a frame could not be read: {frame.problem}"
        self._ledger.interrupt(receipt.received, problem)
        return [Incomplete(received=receipt.received, reason=problem)]
