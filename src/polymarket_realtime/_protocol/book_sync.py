"""Keeps the books of one connection, and finds out when one is not the truth.

A book stops being the truth when something says so: a lost connection, a top that is not the
venue's at the end of a burst, a level off the tick, a change of the tick, a malformed frame, a
change that comes too late. It is the truth again with its next snapshot, on which what came
meanwhile is replayed. What one connection to a book has said is not taken from another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polymarket_realtime._codec.frames import (
    BestBidAskFrame,
    BookFrame,
    PriceChange,
    TickSizeChangeFrame,
)
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import LastTradePrice
from polymarket_realtime._model.trust import AssetState, Doubt, Proof, Verification
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.display_price import next_price
from polymarket_realtime._protocol.ordering import Order, is_behind, order_of
from polymarket_realtime._protocol.regain import put_to_proof, regain, replay, tell
from polymarket_realtime._protocol.self_check import SelfCheck
from polymarket_realtime._protocol.translate import Receipt, book_delta
from polymarket_realtime._protocol.verification import Verifier
from polymarket_realtime.errors import CodecError

__all__ = ["BookSync"]

_NEXT, _BURST, _LIVE = Order.NEXT, Order.BURST, AssetState.LIVE
"""At hand, because each change asks: a member of an Enum is looked up by a descriptor."""


class BookSync:
    """The books of one connection.

    Args:
        books: Where they are kept.
        carriage: Which of them the connection carries.
        counters: Where to count.
        verification: How much is compared.
    """

    def __init__(
        self,
        books: BookStore,
        carriage: Carriage,
        counters: FeedCounters,
        verification: Verification,
    ) -> None:
        self._books, self._carriage, self._counters = books, carriage, counters
        self._verifier = Verifier(verification, counters)
        self._compares_tops = self._verifier.compares_tops
        self._check = SelfCheck()

    def take_snapshot(
        self, frame: BookFrame, timestamp_ms: int, receipt: Receipt, events: list[Event]
    ) -> None:
        """Replace a book, unless it is ahead already.

        Raises:
            CodecError: A price or size is not a number.
        """
        book = self._books.ensure(frame.asset_id)
        new_here = self._carriage not in book.carriers
        if book.in_sync and is_behind(book, frame, timestamp_ms, new_here=new_here):
            self._counters.late_books += not new_here
            self._carriage.carry(book, receipt.now, receipt.received)
            return
        if book.in_sync and book.wants_proof:
            tell(events, put_to_proof(book, frame.bids, frame.asks, receipt.received))
        # While it was frozen it may have changed, and only an opening book names it.
        if frame.tick_size or book.state is AssetState.FROZEN:
            book.set_tick_size(frame.tick_size)
        book.replace(frame.bids, frame.asks)
        self._check.forget((frame.asset_id,))
        book.begin(frame.market, timestamp_ms, frame.hash)
        book.heard_at = receipt.now
        if frame.last_trade_price is not None:
            book.evidence.last_trade = frame.last_trade_price
        if not book.in_sync:
            self._counters.replayed += replay(book)
        self._carriage.carry(book, receipt.now, receipt.received)
        if not book.in_sync and timestamp_ms < book.evidence.witness_ms:
            return  # It is as stale as the stream was: the witness has to confirm it.
        events += regain(
            book, self._counters, received=receipt.received, by=Proof.SNAPSHOT, raw=receipt.raw
        )
        if book.is_crossed:
            self._check.disagrees(book.asset_id, book.timestamp_ms, receipt.now)

    def take_changes(
        self,
        asset_id: AssetId,
        changes: Sequence[PriceChange],
        timestamp_ms: int,
        receipt: Receipt,
        events: list[Event],
    ) -> None:
        """Apply the changes of one frame to one book."""
        book = self._books.get(asset_id)
        if book is None or not book.in_sync:
            self._counters.early_changes += 1
            if book is not None:
                book.backlog.keep(timestamp_ms, changes)
            return
        unsettled = self._check.unsettled
        if unsettled and self._check.is_over(asset_id, timestamp_ms):
            self._disagree(book, receipt.now, receipt.received, events)
            book.backlog.keep(timestamp_ms, changes)
            return
        # A new burst is about to begin: what the one before has left can be compared.
        if receipt.now >= book.evidence.verify_at and timestamp_ms > book.timestamp_ms:
            self._verify(book, receipt.now, receipt.received, events)
        order = order_of(book, changes, timestamp_ms)
        if order is _NEXT or order is _BURST:
            book.timestamp_ms = timestamp_ms
            self._apply(book, changes, receipt, events)
        elif order is Order.COPY:
            self._counters.duplicates += 1
        else:
            self._counters.late_changes += 1
            if order is Order.MISSED:
                # What it sets may have been overtaken, or not: nobody can tell.
                late = book.timestamp_ms - timestamp_ms
                reason = f"a change came {late} ms too late"
                intact = book.received - late / 1000
                self.lose(asset_id, reason, receipt.now, receipt.received, events, intact)

    def _apply(
        self,
        book: Book,
        changes: Sequence[PriceChange],
        receipt: Receipt,
        events: list[Event],
    ) -> None:
        last, compares_tops = changes[-1], self._compares_tops
        try:
            applied = book.apply(changes)
            agrees = not compares_tops or book.agrees_with(last.best_bid, last.best_ask)
        except CodecError as error:
            self._counters.malformed += 1
            what = f"a malformed change: {error.problem}"
            self.lose(book.asset_id, what, receipt.now, receipt.received, events)
            return
        book.heard_at = receipt.now
        if not applied:
            self._counters.duplicates += 1
            book.hash = last.hash
            return
        if book.off_tick is not None and compares_tops:
            reason = f"a level at {book.off_tick} is off the tick {book.tick_size}"
            book.set_tick_size(None)
            self.lose(book.asset_id, reason, receipt.now, receipt.received, events, book.agreed)
            return
        changed = None if book.state is _LIVE else self._wake(book, receipt)
        events.append(book_delta(book, applied, last, receipt))
        if agrees:
            if self._check.unsettled:
                self._check.unsettled.pop(book.asset_id, None)
            book.agreed = receipt.received
            if book.moved:
                tell(events, next_price(book, book.timestamp_ms, receipt.received, receipt.raw))
        else:
            self._check.disagrees(book.asset_id, book.timestamp_ms, receipt.now)
        if changed is not None:
            events.append(changed)

    def _wake(self, book: Book, receipt: Receipt) -> StateChanged | None:
        """A silent book has changed: what happened meanwhile may have been missed."""
        if book.doubt is Doubt.LAG:
            return None  # It was not silent, and who cannot keep up has no time to compare more.
        book.evidence.verify_at = receipt.now
        if book.doubt is None:
            self._check.rests(book.asset_id, receipt.now)
            return book.enter(AssetState.LIVE, "", receipt.received)
        if book.doubt is Doubt.SILENCE and not self._carriage.recovery.is_expected(book.asset_id):
            # Nobody has said that it was right until now, so only a fresh book can.
            book.reason = f"it moves again, and its book has been asked for: {book.reason}"
            self._carriage.recovery.insist(book.asset_id, receipt.now)
        return None

    def take_hint(self, frame: BestBidAskFrame, timestamp_ms: int, now: float) -> None:
        """The venue says what the top is, without a change.

        Raises:
            CodecError: A price is not a number.
        """
        book = self._books.get(frame.asset_id)
        if book is not None and book.in_sync and self._verifier.compares_tops:
            agrees = book.agrees_with(frame.best_bid, frame.best_ask)
            self._check.hint(book, timestamp_ms, now, agrees=agrees)
            book.heard_at = now

    def forget(self, assets: Iterable[AssetId], now: float, wall: float) -> None:
        """Nobody wants these here any more, or nothing will come of them."""
        assets = list(assets)
        self._check.forget(assets)
        self._carriage.forget(assets, now, wall)

    def take_trade(
        self, price: str, trade: LastTradePrice, now: float, events: list[Event]
    ) -> None:
        """Remember the last trade, which may be the displayed price."""
        book = self._books.get(trade.asset_id)
        if book is None:
            return
        book.last_trade_price, book.last_trade_ms = price, trade.timestamp_ms
        book.moved = True
        book.heard_at = now
        if book.in_sync and trade.asset_id not in self._check.unsettled:
            book.received = received = trade.received
            tell(events, next_price(book, trade.timestamp_ms, received, trade.raw))

    def take_tick_size(
        self, frame: TickSizeChangeFrame, receipt: Receipt, events: list[Event]
    ) -> None:
        """Note the new step. Levels off it may be gone, so the book is had anew."""
        book = self._books.get(frame.asset_id)
        if book is not None:
            book.set_tick_size(frame.new_tick_size)
            reason = f"the tick size changed from {frame.old_tick_size} to {frame.new_tick_size}"
            self.lose(frame.asset_id, reason, receipt.now, receipt.received, events)

    def lose(
        self,
        asset_id: AssetId,
        reason: str,
        now: float,
        received: float,
        events: list[Event],
        intact_until: float | None = None,
    ) -> None:
        """A book is not the truth any more: say so, and have it sent again."""
        self._check.forget((asset_id,))
        book = self._books.get(asset_id)
        if book is None or not book.in_sync:
            return  # Its snapshot is awaited already, or, once resolved, will never come.
        self._counters.resyncs += 1
        book.carriers.discard(self._carriage)
        book.awaited_since, book.off_tick = now, None
        self._books.attention.add(asset_id)
        intact = received if intact_until is None else intact_until
        tell(events, book.lose(AssetState.OUT_OF_SYNC, reason, received, intact))
        self._carriage.recovery.ask(asset_id, now)

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        return min(self._carriage.recovery.next_deadline(), self._check.next_deadline())

    def advance(self, now: float, received: float, events: list[Event]) -> None:
        """Give up on bursts that do not settle, and ask again for snapshots that are late."""
        for asset_id in self._check.bursts_due(now):
            if (book := self._books.get(asset_id)) is not None:
                self._disagree(book, now, received, events)
        for asset_id, timestamp_ms in self._check.hints_due(now):
            book = self._books.get(asset_id)
            if book is not None and book.timestamp_ms < timestamp_ms:
                reason = "a change of its best prices was announced and never came"
                self.lose(asset_id, reason, now, received, events, book.agreed)
        for asset_id in self._check.rests_due(now):
            if (book := self._books.get(asset_id)) is not None and book.in_sync:
                self._verify(book, now, received, events)
        self._carriage.recovery.advance(now)

    def _disagree(self, book: Book, now: float, received: float, events: list[Event]) -> None:
        what = "the book is crossed" if book.is_crossed else "its top is not the venue's"
        self.lose(book.asset_id, what, now, received, events, book.agreed)

    def _verify(self, book: Book, now: float, received: float, events: list[Event]) -> None:
        if not self._verifier.is_due(book, now):
            return
        if (changed := self._verifier.verify(book, now, received)) is not None:
            events.append(changed)
            self._books.attention.add(book.asset_id)
