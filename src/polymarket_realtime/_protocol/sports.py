"""The sports channel: frames in, events out.

The channel tells of all games to whoever connects. A state is sent again and again while it
lasts, the final one once. The venue's own heartbeat is a text `ping` by its documents and one of
the WebSocket protocol by measurement (every 15 s, 2026-07-25), and a channel without a game is
silent: so silence alone proves nothing, and the peer is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame
from polymarket_realtime._codec.sports import GameFrame, SportsFrame, decode_sports_frames
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.live import SPORTS_FEED, SportResult
from polymarket_realtime._protocol.base import PROBE
from polymarket_realtime._protocol.heartbeat import Heartbeat
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.translate import Receipt

__all__ = ["SportsProtocol"]

log = logging.getLogger("polymarket_realtime.feed.sports")

_PING: Final = "ping"
_PONG: Final = "pong"
"""The venue asks, and in lower case: the opposite of the CLOB channels."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SportsProtocol:
    """One connection to the sports channel. See `FeedProtocol`.

    Args:
        streams: What is known of the channel; it outlives the connection.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        probe_interval: Seconds of silence after which the peer is asked whether it is there.
        timeout: Seconds of silence, without an answer, after which the connection is given up.

    Attributes:
        proven: Whether anything was heard after at least one `probe_interval`.
        incomplete: False: there is nowhere else to ask.
    """

    incomplete = False

    def __init__(
        self,
        streams: Streams,
        now: float,
        *,
        wall_offset: float = 0.0,
        probe_interval: float = 30.0,
        timeout: float = 60.0,
    ) -> None:
        self.counters = streams.counters
        self.proven = False
        self._streams, self._wall_offset = streams, wall_offset
        self._heartbeat = Heartbeat(
            now, interval=probe_interval, timeout=timeout, after_silence=True
        )
        self._proven_from = now + probe_interval
        self._heard_at = now
        self._outbox: list[str] = []
        self._owed: list[Event] = []
        streams.carry(SPORTS_FEED)

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
        """Nothing to do: the channel tells of all games, and readers choose among them."""

    # Time

    def next_deadline(self) -> float:
        """When `advance` must be called: at once if `alive` has left an event behind."""
        if self._owed:
            return self._heard_at
        return self._heartbeat.next_deadline()

    def advance(self, now: float) -> list[Event]:
        """Ask for a sign of life when it is due.

        Raises:
            HeartbeatTimeout: There was none for `timeout` seconds.
        """
        if self._heartbeat.advance(now):
            self._outbox.append(PROBE)
        return self._pay()

    def connection_lost(self, now: float) -> None:  # noqa: ARG002  when it was heard counts
        """Since it was last heard something may have happened that was not told."""
        self._streams.lose(SPORTS_FEED, self._heard_at + self._wall_offset)

    # Frames in

    def alive(self, now: float) -> None:
        """The peer has answered a `PROBE`, so the channel flows, whether or not a game is on."""
        self._heard(now)

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order; give the states that are news."""
        self._heard(now)
        self.counters.messages += len(payloads)
        events = self._pay()
        for payload in payloads:
            for frame, raw in decode_sports_frames(payload):
                events += self._take(frame, Receipt(raw, now, now + self._wall_offset))
        return events

    def _heard(self, now: float) -> None:
        self._heard_at = now
        self._heartbeat.heard(now)
        self.proven = self.proven or now >= self._proven_from
        gap = self._streams.flow(SPORTS_FEED, now + self._wall_offset)
        if gap is not None:
            # The final state of a game is sent once: what was on before may be over.
            self._streams.valid_from = gap.received
            self._owed.append(gap)

    def _pay(self) -> list[Event]:
        owed, self._owed = self._owed, []
        return owed

    def _take(self, frame: SportsFrame, receipt: Receipt) -> Sequence[Event]:
        match frame:
            case GameFrame():
                self._streams.count(EventType.SPORT_RESULT, receipt.received)
                return self._on_state(_sport_result(frame, receipt))
            case TextFrame():
                self._on_text(frame.text)
            case MalformedFrame():
                self.counters.malformed += 1
                log.warning("malformed %s frame: %s", frame.event_type, frame.problem)
                log.debug("malformed frame was %r", receipt.raw[:1000])
        return ()

    def _on_state(self, state: SportResult) -> Sequence[Event]:
        """A state is told if it is another one than the last, and nothing after the final one."""
        last = self._streams.latest(state.game_id)
        end = ("ended", state.game_id)
        is_over = self._streams.was_told(end)
        is_known = isinstance(last, SportResult) and _content(last) == _content(state)
        if state.ended:
            self._streams.is_news(end)
            self._streams.discard(state.game_id)
        elif not is_over:
            self._streams.keep(state.game_id, state)
        if is_over or is_known:
            self.counters.duplicates += 1
            return ()
        return (state,)

    def _on_text(self, text: str) -> None:
        if text == _PING:
            self._outbox.append(_PONG)
        elif text:
            self.counters.heard_text(text)
            log.info("the venue says %r", text)


def _content(state: SportResult) -> SportResult:
    """The state without what differs each time that it is sent."""
    return attrs.evolve(state, received=0.0, timestamp_ms=0)


def _sport_result(frame: GameFrame, receipt: Receipt) -> SportResult:
    time = frame.updated_at or frame.finished_at
    timestamp_ms = (
        int(receipt.received * 1000)
        if time is None
        else (time - _EPOCH) // timedelta(milliseconds=1)
    )
    return SportResult(
        received=receipt.received,
        raw=receipt.raw,
        timestamp_ms=timestamp_ms,
        game_id=frame.game_id,
        league=frame.league,
        home_team=frame.home_team or None,
        away_team=frame.away_team or None,
        score=frame.score,
        period=frame.period,
        status=frame.status or None,
        elapsed=frame.elapsed or None,
        live=frame.live,
        ended=frame.ended,
        finished_at=frame.finished_at,
        tournament=frame.tournament or None,
        slug=frame.slug or None,
    )
