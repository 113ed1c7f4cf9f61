"""The CLOB market channel: frames in, events and frames out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from polymarket_realtime._codec import frames as wire
from polymarket_realtime._codec.market import (
    batches,
    decode_market_frames,
    encode_market_interest,
    encode_operation,
)
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import Verification
from polymarket_realtime._protocol import translate
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.book_sync import BookSync
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.heartbeat import PING, PONG, Heartbeat
from polymarket_realtime._protocol.ordering import by_asset
from polymarket_realtime._protocol.punctuality import Punctuality
from polymarket_realtime._protocol.regain import merge_gaps
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.timing import Timing
from polymarket_realtime._protocol.translate import Receipt, milliseconds
from polymarket_realtime.errors import CodecError

__all__ = ["MarketProtocol"]

log = logging.getLogger("polymarket_realtime.feed.market")

_ABOUT_BOOKS: Final = frozenset({"book", "price_change", "tick_size_change", "array", "object"})
"""Kinds whose loss costs a book its truth. What cannot be read at all may have been one."""

_NO_BID: Final = frozenset({"0", ""})
_NO_ASK: Final = frozenset({"1", ""})
"""How the venue writes the top of an empty side."""


class MarketProtocol:
    """One connection to the market channel. See `FeedProtocol`.

    Args:
        books: Where the books are kept.
        interest: The assets to subscribe to first.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        resolutions: Which markets are settled; decides whether a settlement is news.
        counters: Where to count.
        ping_interval: Seconds between two `PING`.
        ping_timeout: Seconds of silence after which the connection is given up.
        verification: How much is done to find books that are wrong.
        timing: Where to note how long frames take.
        lag_limit: Seconds by which frames may come late before all books are in doubt.

    Attributes:
        incomplete: Never: what is missing here is asked for on the connection itself.
        proven: Whether frames that make sense came after at least one `ping_interval`. A
            server that greets and hangs up has proven nothing.
    """

    def __init__(
        self,
        books: BookStore,
        interest: frozenset[str],
        now: float,
        *,
        wall_offset: float = 0.0,
        resolutions: Resolutions | None = None,
        counters: FeedCounters | None = None,
        ping_interval: float = 10.0,
        ping_timeout: float = 30.0,
        verification: Verification = Verification.SAMPLE,
        timing: Timing | None = None,
        lag_limit: float = 5.0,
    ) -> None:
        self.counters = FeedCounters() if counters is None else counters
        self.incomplete = self.proven = False
        self._proven_from = now + ping_interval
        self._wall_offset = wall_offset
        self._heartbeat = Heartbeat(now, interval=ping_interval, timeout=ping_timeout)
        self._books = books
        self._carriage = Carriage(books, now + wall_offset)
        self._sync = BookSync(books, self._carriage, self.counters, verification)
        self._resolutions = Resolutions() if resolutions is None else resolutions
        self._subscribed: frozenset[AssetId] = frozenset()
        self._outbox: list[str] = []
        self._now, self._stamped = now, False
        self._punctuality = Punctuality(books, timing or Timing(), lag_limit)
        self._handlers: Final[dict[type, Callable[[Any, Receipt], None]]] = {
            wire.PriceChangeFrame: self._on_price_change,
            wire.BookFrame: self._on_book,
            wire.LastTradePriceFrame: self._on_last_trade_price,
            wire.BestBidAskFrame: self._on_best_bid_ask,
            wire.TickSizeChangeFrame: self._on_tick_size_change,
            wire.NewMarketFrame: self._on_new_market,
            wire.MarketResolvedFrame: self._on_market_resolved,
            wire.UnknownFrame: self._on_unknown,
            wire.MalformedFrame: self._on_malformed,
            wire.TextFrame: self._on_text,
        }
        self._events: list[Event] = []
        self._open_with(cast("frozenset[AssetId]", interest), now)

    # Frames out

    def has_frames(self) -> bool:
        """Whether `frames_to_send` would give any."""
        return bool(self._outbox) or self._carriage.has_requests()

    def frames_to_send(self) -> list[str]:
        """The frames queued since the last call."""
        frames, self._outbox = self._outbox, []
        again = self._carriage.take_requests(self._now, self._now + self._wall_offset)
        for operation in ("unsubscribe", "subscribe"):
            frames += [encode_operation(operation, batch) for batch in batches(again)]
        return frames

    def _open_with(self, interest: frozenset[AssetId], now: float) -> None:
        first, *rest = batches(sorted(interest)) or [()]
        self._outbox.append(encode_market_interest(first))
        self._outbox += [encode_operation("subscribe", batch) for batch in rest]
        self._subscribed = interest
        self._carriage.watch(interest, now, now + self._wall_offset)

    def set_interest(self, wanted: frozenset[str], now: float) -> None:
        """Queue whatever makes the venue send exactly the assets in `wanted`."""
        self._now, wall = now, now + self._wall_offset
        wanted = cast("frozenset[AssetId]", wanted)
        added, removed = wanted - self._subscribed, self._subscribed - wanted
        # Subscribe first: a connection whose assets are all gone may be closed by the venue.
        for operation, assets in (("subscribe", added), ("unsubscribe", removed)):
            self._outbox += [encode_operation(operation, b) for b in batches(sorted(assets))]
        self._subscribed = wanted
        self._carriage.watch(added, now, wall)
        self._sync.forget(removed, now, wall)
        self._carriage.recall(wanted, now, wall)

    def alive(self, now: float) -> None:
        """Count as heard: the peer has answered a probe, which nothing here asks for."""
        self._heartbeat.heard(now)

    # Time

    def next_deadline(self) -> float:
        """When `advance` must be called."""
        if self._books.untold:
            return self._now
        return min(self._heartbeat.next_deadline(), self._sync.next_deadline())

    def advance(self, now: float) -> list[Event]:
        """Send `PING` when it is due, and ask again for snapshots that do not come.

        Raises:
            HeartbeatTimeout: No frame was heard for `ping_timeout` seconds.
        """
        self._now = now
        if self._heartbeat.advance(now):
            self._outbox.append(PING)
            self._punctuality.asked(now)
        events = self._books.take_untold()
        self._sync.advance(now, now + self._wall_offset, events)
        # A book that is lost may be that of a market which was settled unannounced.
        lost = (e.asset_id for e in events if isinstance(e, StateChanged) and not e.state.in_sync)
        self._resolutions.hint(lost, now)
        return events

    def connection_lost(self, now: float) -> None:
        """Mark all books of this connection out of sync."""
        # A settlement may be the reason, or be announced while nobody listens.
        self._resolutions.hint(self._subscribed, now)
        self._carriage.connection_lost(self._subscribed, now + self._wall_offset)

    @property
    def covering(self) -> bool:
        """Whether another connection that carries the same could end without any loss."""
        return self._carriage.is_covering()

    # Frames in

    def receive(self, payloads: Sequence[bytes], now: float) -> list[Event]:
        """Take whole messages, in order; give the events that they amount to."""
        self._heartbeat.heard(now)
        self._now = now
        events = self._events = self._books.take_untold()
        received = self._carriage.heard = now + self._wall_offset
        handlers, counters = self._handlers, self.counters
        classes: list[type] = []
        counters.messages += len(payloads)
        self._stamped = False
        malformed_before, gaps_before = counters.malformed, counters.gaps
        for payload in payloads:
            for frame, raw in decode_market_frames(payload):
                cls = frame.__class__
                classes.append(cls)
                receipt = Receipt(raw, now, received)
                try:
                    handlers[cls](frame, receipt)
                except CodecError as error:
                    self._on_malformed(wire.as_malformed(frame, error.problem), receipt)
        if counters.heard_frames(classes, translate.PUBLIC_NAMES, received):
            self._carriage.data_at = now
        if now >= self._proven_from and counters.malformed == malformed_before:
            self.proven = True
        self._punctuality.judge(self._carriage, self._subscribed, received, events)
        if counters.gaps > gaps_before + 1:
            events = merge_gaps(events)
        return events

    def _on_book(self, frame: wire.BookFrame, receipt: Receipt) -> None:
        if frame.asset_id in self._subscribed:
            self._sync.take_snapshot(frame, milliseconds(frame.timestamp), receipt, self._events)

    def _on_price_change(self, frame: wire.PriceChangeFrame, receipt: Receipt) -> None:
        timestamp_ms = milliseconds(frame.timestamp)
        if not self._stamped:
            self._stamped = True
            self._punctuality.arrived(timestamp_ms, receipt.received)
        subscribed, take, events = self._subscribed, self._sync.take_changes, self._events
        for asset_id, changes in by_asset(frame.price_changes):
            if asset_id not in subscribed:
                self.counters.unwanted_changes += len(changes)
                continue
            last = changes[-1]
            if last.best_bid in _NO_BID and last.best_ask in _NO_ASK:
                # The venue empties the books of a market before it settles it.
                self._resolutions.hint((asset_id,), receipt.now)
            take(asset_id, changes, timestamp_ms, receipt, events)

    def _is_news(self, frame: wire.OfOneAsset) -> bool:
        """Whether a frame is about a wanted asset, and no other connection has brought it."""
        if frame.asset_id not in self._subscribed:
            return False
        if self._books.copies.is_copy(frame, self._carriage):
            self.counters.duplicates += 1
            return False
        return True

    def _on_last_trade_price(self, frame: wire.LastTradePriceFrame, receipt: Receipt) -> None:
        if self._is_news(frame):
            place = self._books.place(frame.asset_id)
            trade = translate.last_trade_price(frame, receipt, place)
            self._events.append(trade)
            self._sync.take_trade(frame.price, trade, receipt.now, self._events)

    def _on_best_bid_ask(self, frame: wire.BestBidAskFrame, receipt: Receipt) -> None:
        if self._is_news(frame):
            place = self._books.place(frame.asset_id)
            self._events.append(translate.best_bid_ask(frame, receipt, place))
            self._sync.take_hint(frame, milliseconds(frame.timestamp), receipt.now)

    def _on_tick_size_change(self, frame: wire.TickSizeChangeFrame, receipt: Receipt) -> None:
        if self._is_news(frame):
            place = self._books.place(frame.asset_id)
            self._events.append(translate.tick_size_change(frame, receipt, place))
            self._sync.take_tick_size(frame, receipt, self._events)

    def _on_new_market(self, frame: wire.NewMarketFrame, receipt: Receipt) -> None:
        self._events.append(translate.market_created(frame, receipt))

    def _on_market_resolved(self, frame: wire.MarketResolvedFrame, receipt: Receipt) -> None:
        resolved = translate.market_resolved(frame, receipt)
        news = self._resolutions.announce(resolved, receipt.now)
        if news is None:
            self.counters.duplicates += 1
        else:
            self._events.append(news)
        settled = self._subscribed.intersection(frame.assets_ids)
        self._books.settle(settled, receipt.received)
        self._sync.forget(settled, receipt.now, receipt.received)
        self._events += self._books.take_untold()

    def _on_unknown(self, frame: wire.UnknownFrame, receipt: Receipt) -> None:
        self._events.append(translate.unknown_event(frame, receipt))

    def _on_malformed(self, frame: wire.MalformedFrame, receipt: Receipt) -> None:
        self.counters.malformed += 1
        log.warning("malformed %s frame: %s", frame.event_type, frame.problem)
        log.debug("malformed frame was %r", receipt.raw[:1000])
        if frame.event_type not in _ABOUT_BOOKS:
            return
        touched = self._subscribed.intersection(frame.asset_ids or self._subscribed)
        for asset_id in sorted(touched):
            reason = f"a malformed {frame.event_type} frame: {frame.problem}"
            self._sync.lose(asset_id, reason, receipt.now, receipt.received, self._events)

    def _on_text(self, frame: wire.TextFrame, receipt: Receipt) -> None:
        if frame.text == PONG:
            self._punctuality.answered(receipt.now)
        elif frame.text:
            self.counters.heard_text(frame.text)
            log.info("the venue says %r", frame.text)
