"""What is known of the account's orders and trades, over all connections.

Two sources tell about the same things: the user channel, which replays nothing after a cut, and
REST, whose snapshots may be older than what the channel has said meanwhile. Each state of an
order or a trade is told once, whoever says it first, and nothing ever goes backwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from polymarket_realtime._codec.user_frames import OrderFrame, TradeFrame
from polymarket_realtime._model.account_feed import Reconciled
from polymarket_realtime._model.credentials import OWN_KEY_MASK
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate, UpdateSource
from polymarket_realtime._protocol.account_orders import OrderRecords
from polymarket_realtime._protocol.account_trades import TradeRecords
from polymarket_realtime._protocol.account_translate import (
    milliseconds_of,
    own_parts,
    trade_update,
)
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.translate import Receipt

__all__ = ["AccountLedger"]

_CLOCK_MARGIN: Final = 60
"""Seconds that are asked for beyond what is needed: the venue names whole seconds."""

_CLOCK_ERROR: Final = 2.0
"""Seconds by which `clock_offset` may be wrong."""


class AccountLedger:
    """The account's orders and trades as known.

    The protocol of the one living connection writes, and the reconciler beside it, never in the
    middle of each other's calls. Anybody may read.

    Args:
        counters: Those of the user channel, over all its connections.
        address: Of the account, if known. It shows which orders made with other keys are its own,
            like the addresses that its orders show.
        keep: How many closed orders, and how many final trades, are remembered.

    Attributes:
        counters: Where everything that was not news is counted.
        revision: How many updates were told: the `revision` of the latest.
        incomplete_since: When the account's state stopped being complete, in seconds since the
            epoch; None while it is complete, and before anybody cared.
        last_reconciled: What was said when it became complete; None while it is not.
        interruptions: How often something may have been missed.
        clock_offset: Seconds that the venue's clock is ahead of this machine's; None until it was
            asked for the time.
        problem: Why it is not complete, one sentence; None if that is only a matter of time.
    """

    def __init__(
        self,
        counters: FeedCounters | None = None,
        *,
        address: str | None = None,
        keep: int = 5_000,
    ) -> None:
        self.revision = self.interruptions = 0
        self.incomplete_since: float | None = None
        self.last_reconciled: Reconciled | None = None
        self.problem: str | None = None
        self.clock_offset: float | None = None
        self.counters = FeedCounters() if counters is None else counters
        self._addresses = set() if address is None else {address.lower()}
        self._orders = OrderRecords(self.counters, keep)
        self._trades = TradeRecords(self.counters, keep)
        self._shown: dict[str, None] = {}
        self._began: float | None = None

    # Gaps

    @property
    def complete(self) -> bool:
        """Whether everything that happens to the account is told, and all that happened was."""
        return self._began is not None and self.incomplete_since is None

    def begin(self, wall: float) -> None:
        """Note that somebody cares from `wall` on, in seconds since the epoch.

        What was over by then is no news. Does nothing if somebody cared already.
        """
        if self._began is None:
            self._began = wall
            self.interrupt(wall)

    def interrupt(self, wall: float, problem: str | None = None) -> None:
        """Note that from `wall` on something may be missed, if anybody cares."""
        if self._began is None:
            return
        self.interruptions += 1
        self.problem = problem
        if self.incomplete_since is None or wall < self.incomplete_since:
            self.incomplete_since = wall
        self.last_reconciled = None

    def rest(self) -> None:
        """Note that nobody cares any more: what happens until somebody does is no news.

        What is known stays, so that it is not told again.
        """
        self._began = self.incomplete_since = None
        self.last_reconciled = self.problem = None

    def conclude(self, reconciled: Reconciled) -> None:
        """Note that everything missed has been found."""
        self.incomplete_since = self.problem = None
        self.last_reconciled = reconciled

    def trades_after(self) -> int:
        """From when on REST must be asked for trades, in seconds since the epoch.

        Early enough for all that happened in the gap, and for what became since of every trade
        whose settlement was not over.
        """
        gap = self._began if self.incomplete_since is None else self.incomplete_since
        moments = [] if gap is None else [gap + (self.clock_offset or 0.0)]
        if (oldest := self._trades.oldest_unsettled()) is not None:
            moments.append(oldest)
        return max(0, int(min(moments, default=0)) - _CLOCK_MARGIN)

    # Orders

    def open_orders(self, market: ConditionId | None = None) -> tuple[OrderUpdate, ...]:
        """The latest update of each open order, of one market or of all, oldest first."""
        return tuple(u for u in self._orders.open() if market in (None, u.market))

    def take_order(
        self, frame: OrderFrame, receipt: Receipt, source: UpdateSource
    ) -> list[OrderUpdate]:
        """Take what was said of an order; its update if that is news.

        Filled sizes never go back. An order that is gone does not come back: a snapshot of
        REST may be older than what the channel said.
        """
        if frame.owner == OWN_KEY_MASK and frame.maker_address:
            self._addresses.add(frame.maker_address.lower())
        self._shown.pop(frame.id, None)
        return self._told(self._orders.take(frame, receipt, source, self.revision + 1))

    def take_open_orders(
        self, rows: Iterable[OrderFrame], receipt: Receipt, asked_at: float
    ) -> tuple[list[OrderUpdate], list[str]]:
        """Take REST's list of all open orders.

        Args:
            rows: The whole list.
            receipt: When it came.
            asked_at: When it was asked for, on the protocol's clock.

        Returns:
            The updates that it amounts to, and the ids of the orders that are open as far as is
            known but not in the list: each has to be asked for. Those of which there was news
            since the question are not among them, because the list may be older.
        """
        events: list[OrderUpdate] = []
        listed: set[str] = set()
        for row in rows:
            listed.add(row.id)
            events += self.take_order(row, receipt, UpdateSource.RECONCILED)
        return events, self._orders.unlisted(listed, asked_at)

    def unknown_orders(self) -> list[str]:
        """Own orders that trades have shown and of which nothing else was ever said.

        They were placed, filled and perhaps cancelled in one gap.
        """
        return list(self._shown)

    def take_closed_order(
        self, order_id: str, row: OrderFrame | None, receipt: Receipt
    ) -> list[OrderUpdate]:
        """Take REST's answer about an order that its list of open ones did not have.

        Without a `row` the venue does not know it any more: it was filled if its known trades
        fill it, and cancelled otherwise. Trades from before anybody cared are not known, so of
        an order that is older than that the conclusion may be too low.
        """
        if row is not None:
            return self.take_order(row, receipt, UpdateSource.RECONCILED)
        self._shown.pop(order_id, None)
        traded = self._trades.traded(order_id)
        return self._told(self._orders.infer_end(order_id, traded, receipt, self.revision + 1))

    def _told(self, update: OrderUpdate | None) -> list[OrderUpdate]:
        if update is None:
            return []
        self.revision = update.revision
        return [update]

    # Trades

    def take_trade(
        self, frame: TradeFrame, receipt: Receipt, source: UpdateSource
    ) -> list[TradeUpdate]:
        """Take what was said of a trade; an update for each own order of which it is news.

        What REST says of trades that were made before anybody cared is only remembered.
        """
        is_new = not self._trades.knows(frame)
        is_history = is_new and source is UpdateSource.RECONCILED and self._is_history(frame)
        news = self._trades.take(frame, own_parts(frame, self._addresses), source)
        if is_history:
            return []
        events = []
        for own in news:
            if is_new and own.order_id is not None and not self._orders.knows(own.order_id):
                self._shown[own.order_id] = None
            self.revision += 1
            events.append(trade_update(frame, own, receipt, source, revision=self.revision))
        return events

    def _is_history(self, frame: TradeFrame) -> bool:
        """Whether a trade that is not remembered was made before it could have been news."""
        if self._began is None:
            return True
        # By the venue's clock, as far as that is known: rather an old trade too many than one lost.
        error = 0.0 if self.clock_offset is None else _CLOCK_ERROR
        began = self._began + (self.clock_offset or 0.0) - error
        matched_ms = milliseconds_of(frame.match_time)
        # The venue counts whole seconds here: one that had begun already may hold news.
        return matched_ms is not None and (
            matched_ms < int(began) * 1000 or matched_ms <= self._trades.forgotten_until_ms
        )
