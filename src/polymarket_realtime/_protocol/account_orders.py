"""The account's orders: each in its latest state, which never goes back to an older one."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Final

import attrs

from polymarket_realtime._codec.user_frames import OrderFrame
from polymarket_realtime._model.user import OrderUpdate, UpdateSource
from polymarket_realtime._model.values import decimal
from polymarket_realtime._protocol.account_translate import order_update
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.retention import Retention
from polymarket_realtime._protocol.translate import Receipt

__all__ = ["OrderRecords"]


@attrs.define
class _Order:
    """The latest update, and every state told: those must not be told again.

    Attributes:
        news_at: When the update came, on the protocol's clock.
        inferred: The end was concluded from the venue's not knowing the order any more.
    """

    update: OrderUpdate
    news_at: float
    told: set[tuple[str, Decimal]] = attrs.field(factory=set)
    inferred: bool = False


class OrderRecords:
    """See `AccountLedger`, which owns it. `revision` is what an update gets if there is one."""

    def __init__(self, counters: FeedCounters, keep: int) -> None:
        self._counters = counters
        self._orders: Retention[str, _Order] = Retention(keep)

    def open(self) -> list[OrderUpdate]:
        """The latest update of each open order, oldest first."""
        updates = [order.update for _, order in self._orders.living()]
        return sorted(updates, key=lambda update: update.created_at or update.received_at)

    def knows(self, order_id: str) -> bool:
        """Whether the order was heard of, and not forgotten."""
        return self._orders.get(order_id) is not None

    def unlisted(self, listed: Container[str], asked_at: float) -> list[str]:
        """The open orders that are not listed, and of which there was no news since."""
        return [
            order_id
            for order_id, order in self._orders.living()
            if order_id not in listed and order.news_at < asked_at
        ]

    def take(
        self, frame: OrderFrame, receipt: Receipt, source: UpdateSource, revision: int
    ) -> OrderUpdate | None:
        """The order's update, if what was said of it is news."""
        known = self._orders.get(frame.id)
        said = decimal(frame.size_matched or "0")
        filled = said if known is None else max(said, known.update.filled_size)
        update = order_update(frame, receipt, source, filled=filled, revision=revision)
        if known is None:
            return self._tell(_Order(update, receipt.now), update, receipt)
        state = (update.status, update.filled_size)
        if state in known.told:
            latest = (known.update.status, known.update.filled_size)
            same = state == latest and (said == filled or not frame.size_matched)
            self._pass_over(source, duplicate=same)
            return None
        if not _may_follow(update, known):
            self._pass_over(source, duplicate=False)
            return None
        known.inferred = False
        return self._tell(known, update, receipt)

    def _pass_over(self, source: UpdateSource, *, duplicate: bool) -> None:
        # That REST repeats what is known is no accident of the stream.
        if source is UpdateSource.STREAM:
            self._counters.duplicate_updates += duplicate
            self._counters.late_updates += not duplicate

    def infer_end(
        self, order_id: str, traded: Decimal, receipt: Receipt, revision: int
    ) -> OrderUpdate | None:
        """The end of an order that the venue does not know any more, judged by its trades."""
        known = self._orders.get(order_id)
        if known is None or not known.update.is_open:
            return None
        was = known.update
        filled = max(was.filled_size, min(traded, was.original_size))
        known.inferred = True
        update = attrs.evolve(
            was,
            received=receipt.received,
            raw=receipt.raw,
            timestamp_ms=None,
            source=UpdateSource.RECONCILED,
            revision=revision,
            action=None,
            status="MATCHED" if filled == was.original_size else "CANCELED",
            filled_size=filled,
        )
        return self._tell(known, update, receipt)

    def _tell(self, order: _Order, update: OrderUpdate, receipt: Receipt) -> OrderUpdate:
        order.update, order.news_at = update, receipt.now
        order.told.add((update.status, update.filled_size))
        self._orders.put(update.order_id, order, over=not update.is_open)
        return update


_FILLED: Final = 2
_GONE: Final = 3


def _may_follow(new: OrderUpdate, known: _Order) -> bool:
    """Whether `new`, which was not told before, can be the later one of two states."""
    before, after = _stage(known.update), _stage(new)
    if known.inferred:
        return after >= _FILLED
    if before == after == _GONE:
        return new.filled_size > known.update.filled_size
    return after >= before


def _stage(update: OrderUpdate) -> int:
    if update.status.startswith("CANCEL") or update.status == "INVALID":
        return _GONE
    if update.status == "MATCHED" and not update.remaining_size:
        return _FILLED
    # An order that was matched in part when it was placed may rest with what is left.
    return 0 if update.status == "DELAYED" else 1
