"""Which books are the truth, and how the others become it again.

A book is out of sync from the moment something says so (a lost connection, a top of book that
is not the venue's, a tick size change, a malformed frame) until its next snapshot. A snapshot
is had by unsubscribing and subscribing again: the venue answers with a fresh `book`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

import attrs

from polymarket_realtime._codec.frames import BookFrame, PriceChange, TickSizeChangeFrame
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import OutOfSync, Resynced
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.market import BookDelta, LastTradePrice
from polymarket_realtime._model.values import WireChange
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.display_price import next_price
from polymarket_realtime._protocol.translate import Receipt
from polymarket_realtime.errors import CodecError

__all__ = ["BookSync"]

_SNAPSHOT_WAIT: Final = 5.0
"""Seconds until a snapshot that does not come is asked for again; doubled each time."""

_MOST_DOUBLINGS: Final = 4

_SETTLE: Final = 1.0
"""Seconds that the frames of one burst may take to agree with each other."""

_FORGIVEN: Final = 60.0
"""Seconds in sync after which an earlier loss no longer slows the next recovery."""

_price_and_size: Final = attrgetter("price", "size")


@attrs.define
class _Recovery:
    """How often a book was asked for, and when it last came back, if it ever did."""

    attempt: int = 0
    regained_at: float = math.inf


class BookSync:
    """The books of one connection."""

    def __init__(self, books: BookStore, counters: FeedCounters) -> None:
        self._books, self._counters = books, counters
        self._awaiting: dict[AssetId, float] = {}
        self._unsettled: dict[AssetId, tuple[int, float]] = {}
        self._recoveries: dict[AssetId, _Recovery] = {}
        self._asked_again: list[AssetId] = []

    def watch(self, assets: Iterable[AssetId], now: float, received: float) -> None:
        """These were subscribed to: their snapshots should come."""
        for asset_id in assets:
            # Whatever the store still holds was not kept up while nobody listened.
            self._books.ensure(asset_id).mark_out_of_sync("its book has not come yet", received)
            self._awaiting[asset_id] = now + _SNAPSHOT_WAIT

    def recall(self, assets: Iterable[AssetId], now: float, received: float) -> None:
        """Have the books sent again that were discarded while they stayed subscribed."""
        gone = [asset_id for asset_id in assets if self._books.get(asset_id) is None]
        self.watch(gone, now, received)
        self._asked_again += gone

    def forget(self, assets: Iterable[AssetId]) -> None:
        """Nobody wants these any more."""
        gone = frozenset(assets)
        self._asked_again = [each for each in self._asked_again if each not in gone]
        for asset_id in gone:
            for table in (self._awaiting, self._unsettled, self._recoveries):
                table.pop(asset_id, None)

    def has_requests(self) -> bool:
        """Whether `requests` would give any."""
        return bool(self._asked_again)

    def requests(self) -> list[tuple[str, Sequence[AssetId]]]:
        """The operations that ask for snapshots again, since the last call."""
        assets, self._asked_again = sorted(set(self._asked_again)), []
        return [("unsubscribe", assets), ("subscribe", assets)] if assets else []

    def take_snapshot(
        self, frame: BookFrame, timestamp_ms: int, receipt: Receipt, events: list[Event]
    ) -> None:
        """Replace a book. One that was out of sync begins a new epoch.

        Raises:
            CodecError: A price or size is not a number.
        """
        book = self._books.ensure(frame.asset_id)
        if frame.tick_size:
            book.keys.check(frame.tick_size)
        book.replace(map(_price_and_size, frame.bids), map(_price_and_size, frame.asks))
        self._awaiting.pop(frame.asset_id, None)
        self._unsettled.pop(frame.asset_id, None)
        lost_since = book.out_of_sync_since
        if not book.in_sync:
            book.epoch += 1
            book.reason = book.out_of_sync_since = None
            if frame.asset_id in self._recoveries:
                self._recoveries[frame.asset_id].regained_at = receipt.now
        book.market = frame.market
        book.tick_size = frame.tick_size or book.tick_size
        book.hash = frame.hash
        book.revision += 1
        book.timestamp_ms = book.snapshot_ms = timestamp_ms
        book.received = receipt.received
        events.append(book.snapshot(receipt.raw))
        if book.is_crossed:
            self._unsettled[frame.asset_id] = (timestamp_ms, receipt.now + _SETTLE)
        else:
            self._tell_price(book, timestamp_ms, receipt.raw, events)
        if lost_since is not None:
            events.append(
                Resynced(
                    received=receipt.received,
                    asset_id=book.asset_id,
                    about=book.about,
                    market=book.market,
                    epoch=book.epoch,
                    out_of_sync_since=lost_since,
                )
            )

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
            return
        if timestamp_ms < book.snapshot_ms:
            # Measured: a change stamped before the opening book can arrive after it.
            self._counters.late_changes += 1
            return
        if asset_id in self._unsettled and timestamp_ms > self._unsettled[asset_id][0]:
            self._disagree(book, receipt.now, receipt.received, events)
            return
        try:
            applied: list[WireChange] = [
                (change.side, change.price, change.size)
                for change in changes
                if book.set_level(change.side, change.price, change.size)
            ]
            agrees = book.agrees_with(changes[-1].best_bid, changes[-1].best_ask)
        except CodecError as error:
            self._counters.malformed += 1
            reason = f"a malformed change: {error.problem}"
            self.lose(asset_id, reason, receipt.now, receipt.received, events)
            return
        if not applied:
            self._counters.duplicates += 1
            return
        events.append(_record(book, applied, changes[-1], timestamp_ms, receipt))
        if agrees:
            self._unsettled.pop(asset_id, None)
            self._tell_price(book, timestamp_ms, receipt.raw, events)
        else:
            # Within a burst of one timestamp the book may be crossed or behind the venue's
            # word for a moment. Only what is still so at its end is a loss of sync.
            _, deadline = self._unsettled.get(asset_id, (0, receipt.now + _SETTLE))
            self._unsettled[asset_id] = (timestamp_ms, deadline)

    def take_trade(self, price: str, trade: LastTradePrice, events: list[Event]) -> None:
        """Remember the last trade, which may be the displayed price."""
        book = self._books.get(trade.asset_id)
        if book is None:
            return
        book.last_trade_price = price
        if book.in_sync and trade.asset_id not in self._unsettled:
            book.received = trade.received
            self._tell_price(book, trade.timestamp_ms, trade.raw, events)

    def take_tick_size(
        self, frame: TickSizeChangeFrame, receipt: Receipt, events: list[Event]
    ) -> None:
        """Note the new step. Levels off it may be gone, so the book is had anew."""
        book = self._books.get(frame.asset_id)
        if book is not None:
            book.tick_size = frame.new_tick_size
            reason = f"the tick size changed from {frame.old_tick_size} to {frame.new_tick_size}"
            self.lose(frame.asset_id, reason, receipt.now, receipt.received, events)

    def end(self, assets: Iterable[AssetId], received: float) -> None:
        """Their market is resolved: no snapshot will come any more."""
        for asset_id in assets:
            if (book := self._books.get(asset_id)) is not None:
                book.mark_out_of_sync("the market is resolved", received)
        self.forget(assets)

    def lose(
        self, asset_id: AssetId, reason: str, now: float, received: float, events: list[Event]
    ) -> None:
        """A book is no longer the truth: say so, and have it sent again.

        The first time at once; a book that is lost again and again is asked for less and less
        often, so that a lasting disagreement with the venue cannot become a storm of frames.
        """
        self._unsettled.pop(asset_id, None)
        book = self._books.get(asset_id)
        if book is None or not book.mark_out_of_sync(reason, received):
            return  # Its snapshot is awaited already, or, once resolved, will never come.
        self._counters.resyncs += 1
        events.append(_out_of_sync(book, reason, received))
        recovery = self._recoveries.setdefault(asset_id, _Recovery())
        if now - recovery.regained_at > _FORGIVEN:
            recovery.attempt = 0
        if recovery.attempt == 0:
            self._asked_again.append(asset_id)
        self._wait_longer(asset_id, recovery, now)

    def connection_lost(self, assets: Iterable[AssetId], received: float) -> None:
        """None of these is the truth any more."""
        for asset_id in assets:
            if (book := self._books.get(asset_id)) is not None:
                book.mark_out_of_sync("the connection was lost", received)

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        return min(
            min(self._awaiting.values(), default=math.inf),
            min((deadline for _, deadline in self._unsettled.values()), default=math.inf),
        )

    def advance(self, now: float, received: float, events: list[Event]) -> None:
        """Give up on bursts that do not settle, and ask again for snapshots that are late."""
        for asset_id in [a for a, (_, due) in self._unsettled.items() if due <= now]:
            del self._unsettled[asset_id]
            if (book := self._books.get(asset_id)) is not None:
                self._disagree(book, now, received, events)
        for asset_id in [a for a, due in self._awaiting.items() if due <= now]:
            recovery = self._recoveries.setdefault(asset_id, _Recovery())
            book = self._books.ensure(asset_id)
            if recovery.attempt == 0 and book.epoch == 0:
                reason = "no book has come: unknown or settled token, or a stuck feed"
                # It never was the truth, but readers are told now, so they get a `Resynced`.
                book.reason, book.out_of_sync_since = reason, received
                events.append(_out_of_sync(book, reason, received))
            self._asked_again.append(asset_id)
            self._wait_longer(asset_id, recovery, now)

    def _wait_longer(self, asset_id: AssetId, recovery: _Recovery, now: float) -> None:
        wait = _SNAPSHOT_WAIT * 2 ** min(recovery.attempt, _MOST_DOUBLINGS)
        self._awaiting[asset_id] = now + wait
        recovery.attempt += 1

    def _disagree(self, book: Book, now: float, received: float, events: list[Event]) -> None:
        what = "the book is crossed" if book.is_crossed else "its top is not the venue's"
        self.lose(book.asset_id, what, now, received, events)

    def _tell_price(self, book: Book, timestamp_ms: int, raw: bytes, events: list[Event]) -> None:
        event = next_price(book, timestamp_ms=timestamp_ms, received=book.received, raw=raw)
        if event is not None:
            events.append(event)


def _out_of_sync(book: Book, reason: str, wall: float) -> OutOfSync:
    return OutOfSync(received=wall, asset_id=book.asset_id, about=book.about, reason=reason)


def _record(
    book: Book, applied: list[WireChange], last: PriceChange, timestamp_ms: int, receipt: Receipt
) -> BookDelta:
    """Note on the book that it has changed, and give the event that says so."""
    book.revision += 1
    book.timestamp_ms = timestamp_ms
    book.received = receipt.received
    book.hash = last.hash
    return BookDelta(
        received=receipt.received,
        raw=receipt.raw,
        asset_id=book.asset_id,
        market=book.market,
        timestamp_ms=timestamp_ms,
        epoch=book.epoch,
        revision=book.revision,
        about=book.about,
        wire_changes=tuple(applied),
        wire_best_bid=last.best_bid,
        wire_best_ask=last.best_ask,
        hash=last.hash,
    )
