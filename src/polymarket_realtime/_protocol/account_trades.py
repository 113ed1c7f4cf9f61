"""The account's trades: which steps of their settlement are known."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from polymarket_realtime._codec.user_frames import TradeFrame
from polymarket_realtime._model.user import UpdateSource
from polymarket_realtime._model.values import decimal
from polymarket_realtime._protocol.account_translate import OwnPart, milliseconds_of
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.retention import Retention

__all__ = ["TradeRecords"]

_FINAL: Final = frozenset({"CONFIRMED", "FAILED"})
_STAGES: Final = {"MATCHED_NOT_BROADCASTED": 0, "MATCHED": 1, "CONFIRMED": 3, "FAILED": 3}
_SETTLING: Final = 2
"""`MINED`, `RETRYING`, and whatever else the venue may call what lies between."""


@attrs.define
class _Part:
    """One's own order in a trade: its shares, and the statuses seen, in order."""

    size: Decimal = Decimal(0)
    statuses: list[str] = attrs.field(factory=list)


@attrs.define
class _Trade:
    """A trade, or one bucket of it if its settlement takes several transactions.

    Attributes:
        matched_ms: When the orders met; None if the venue did not say.
        parts: By one's own order; None stands for one that could not be found out.
    """

    matched_ms: int | None
    parts: dict[str | None, _Part] = attrs.field(factory=dict)

    def part(self, own: OwnPart) -> _Part:
        part = self.parts.get(own.order_id)
        if part is None:
            # What was heard before one knew whose order it was, was heard of this one.
            part = self.parts[own.order_id] = self.parts.pop(None, _Part())
            part.size = decimal(own.size)
        return part

    @property
    def is_final(self) -> bool:
        return all(part.statuses[-1] in _FINAL for part in self.parts.values())


class TradeRecords:
    """See `AccountLedger`, which owns it.

    Attributes:
        forgotten_until_ms: The time of the latest trade that had to be forgotten.
    """

    def __init__(self, counters: FeedCounters, keep: int) -> None:
        self.forgotten_until_ms = 0
        self._counters = counters
        self._trades: Retention[tuple[str, int], _Trade] = Retention(keep)

    def knows(self, frame: TradeFrame) -> bool:
        """Whether this trade was heard of before, in any status."""
        return self._trades.get(_key(frame)) is not None

    def take(
        self, frame: TradeFrame, parts: Iterable[OwnPart], source: UpdateSource
    ) -> list[OwnPart]:
        """Those parts of which the frame's status is news."""
        trade = self._trades.get(_key(frame)) or _Trade(milliseconds_of(frame.match_time))
        news = [own for own in parts if self._add(trade.part(own).statuses, frame.status, source)]
        forgotten = self._trades.put(_key(frame), trade, over=trade.is_final)
        if forgotten is not None and forgotten.matched_ms is not None:
            self.forgotten_until_ms = max(self.forgotten_until_ms, forgotten.matched_ms)
        return news

    def _add(self, statuses: list[str], status: str, source: UpdateSource) -> bool:
        # That REST repeats what is known is no accident of the stream.
        counts = source is UpdateSource.STREAM
        if statuses:
            latest = statuses[-1]
            if status == latest:
                self._counters.duplicate_updates += counts
                return False
            if status in statuses or latest in _FINAL or _stage(status) < _stage(latest):
                self._counters.late_updates += counts
                return False
        statuses.append(status)
        return True

    def oldest_unsettled(self) -> float | None:
        """When the oldest trade that is not final was made, in seconds since the epoch."""
        times = (trade.matched_ms for _, trade in self._trades.living())
        oldest = min((time for time in times if time is not None), default=None)
        return None if oldest is None else oldest / 1000

    def traded(self, order_id: str) -> Decimal:
        """The shares of one's own order in all known trades, failed ones included.

        Those were matched too: what failed is their settlement.
        """
        parts = (trade.parts.get(order_id) for trade in self._trades)
        return sum((part.size for part in parts if part), Decimal(0))


def _key(frame: TradeFrame) -> tuple[str, int]:
    return frame.id, frame.bucket_index or 0


def _stage(status: str) -> int:
    return _STAGES.get(status, _SETTLING)
