"""What `watch --orders` knows: fed with events, read by whoever draws it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

import attrs

from polymarket_realtime._model import feed, user
from polymarket_realtime._model.events import Event

__all__ = ["OrdersState"]

_MOST_CLOSED: Final = 20
_MOST_TRADES: Final = 200

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _trade_key(trade: user.TradeUpdate) -> Hashable:
    return trade.trade_id, trade.bucket_index, trade.order_id


@attrs.define
class OrdersState:
    """One's own orders and trades, in the order in which they became known.

    Attributes:
        open: By order id.
        closed: Orders that cannot trade any more; the latest are kept.
        trades: The latest; each in the last status that was told.
        interrupted: Why there is no connection; None while there is one, or before the first.
        events: How many were taken.
    """

    open: dict[str, user.OrderUpdate] = attrs.field(factory=dict)
    closed: dict[str, user.OrderUpdate] = attrs.field(factory=dict)
    trades: dict[Hashable, user.TradeUpdate] = attrs.field(factory=dict)
    interrupted: feed.Interrupted | None = None
    events: int = 0

    def take(self, event: Event) -> None:
        """Take one event of the subscription, in order."""
        self.events += 1
        match event:
            case user.OrderUpdate():
                self._take_order(event)
            case user.TradeUpdate():
                self.trades[_trade_key(event)] = event
                _forget_oldest(self.trades, _MOST_TRADES)
            case feed.Connected():
                self.interrupted = None
            case feed.Interrupted():
                self.interrupted = event
            case _:
                pass

    def _take_order(self, order: user.OrderUpdate) -> None:
        if order.is_open:
            # An order that was taken for gone may turn out to be alive.
            self.closed.pop(order.order_id, None)
            self.open[order.order_id] = order
            return
        self.open.pop(order.order_id, None)
        self.closed.pop(order.order_id, None)
        self.closed[order.order_id] = order
        _forget_oldest(self.closed, _MOST_CLOSED)

    def replace_open(self, orders: Iterable[user.OrderUpdate]) -> None:
        """Take these for all open orders there are, after events were lost."""
        self.open = {order.order_id: order for order in orders}


def _forget_oldest(known: dict[K, V], most: int) -> None:
    while len(known) > most:
        del known[next(iter(known))]
