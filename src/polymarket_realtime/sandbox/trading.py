"""What participants do in the books, so that the account's orders always stand in them.

A level never holds less than the account's open orders in it, and those orders are never crossed:
whoever would take them away spares them, and whoever would pass them by trades with them.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .account import Account
from .books import Change, show_price, show_size
from .floor import Announce, Floor, reach
from .flow import Taker
from .markets import Market
from .orders import Order

__all__ = ["Trading"]


@attrs.frozen
class Trading:
    """The acts of strangers, `place` to `settle`, and those of the account, `*_own`.

    All of them check first: after a `ValueError` nothing has happened.
    """

    floor: Floor
    account: Account

    def place(self, market: Market, order: Change) -> None:
        """Add an order to its level; ValueError if it is off the tick, locks or crosses."""
        tick, price = market.book.tick, show_price(order.price)
        if order.price % tick:
            raise ValueError(f"{price} is not a multiple of {show_price(tick)}")
        if any(
            _crosses(order, facing) for facing in market.book.view(order.outcome).facing(order.side)
        ):
            raise ValueError(f"{order.side} at {price} would cross the book; use trade()")
        self._set(market, attrs.evolve(order, size=_held(market, order) + order.size))

    def cancel(self, market: Market, level: Change, size: int | None) -> None:
        """Take `size`, by default all, of what strangers have in a level."""
        held, own = _held(market, level), self.account.share(market, level)
        gone = held - own if size is None else size
        if not 0 < gone <= held - own:
            raise ValueError(
                f"{level.side} at {show_price(level.price)} holds {show_size(held - own)}"
            )
        self._set(market, attrs.evolve(level, size=held - gone))

    def trade(self, market: Market, taker: Taker) -> None:
        """Take from the best levels, the account's orders included."""
        self._match(market, taker)
        self.floor.refine(market)

    def move(self, market: Market, changes: Sequence[Change]) -> None:
        """Give levels new sizes at one instant, in a way that keeps the account's orders right."""
        for change in changes:
            self._clear_the_way(market, change)
        spared = (self._spare(market, change) for change in changes)
        self.floor.apply(market, [[change] for change in spared if change is not None])
        self.floor.refine(market)

    def settle(self, market: Market, winner: int | None, announce: Announce = "once") -> None:
        """End a market; the account's orders in it are cancelled first."""
        for order in self.account.open_orders:
            if order.market is market:
                self.account.cancel(order, "CANCELED_MARKET_RESOLVED")
        self.floor.settle(market, winner, announce)

    def place_own(self, market: Market, order: Change) -> Order:
        """Rest an order of the account."""
        self.place(market, order)
        return self.account.rest(market, order.outcome, order.side, order.price, order.size)

    def cancel_own(self, order: Order) -> None:
        """Cancel what is left of an order of the account."""
        if not order.open:
            raise ValueError(f"order {order.id} is {order.status}")
        level = Change(order.outcome, order.side, order.price, 0)
        self.account.cancel(order)
        self.cancel(order.market, level, order.left)

    def take_own(self, market: Market, taker: Taker) -> Order:
        """Take for the account; ValueError if it would trade with itself."""
        if any(self.account.share(market, level) for level in reach(market.book, taker)):
            raise ValueError("the account would trade with itself")
        order = self.account.take(self.floor.take(market, taker))
        self.floor.refine(market)
        return order

    def _match(self, market: Market, taker: Taker) -> None:
        self.account.make(self.floor.take(market, taker))

    def _set(self, market: Market, change: Change) -> None:
        self.floor.apply(market, [[change]])
        self.floor.refine(market)

    def _clear_the_way(self, market: Market, change: Change) -> None:
        """Trade with the account as far as its orders would be passed by a new level."""
        facing = market.book.view(change.outcome).facing(change.side)
        side = change.mirrored().side
        passed = [price for price in facing if _crosses(change, price)]
        own = [
            price
            for price in passed
            if self.account.share(market, Change(change.outcome, side, price, 0))
        ]
        if own and change.size:
            worst = max(own) if change.side == "BUY" else min(own)
            better = [p for p in passed if (p <= worst if change.side == "BUY" else p >= worst)]
            size = sum(facing[price] for price in better)
            self._match(market, Taker(change.outcome, change.side, size))

    def _spare(self, market: Market, change: Change) -> Change | None:
        """The change without harm to the account; None if nothing of it remains."""
        spared = attrs.evolve(change, size=max(change.size, self.account.share(market, change)))
        return None if spared.size == _held(market, change) else spared


def _held(market: Market, level: Change) -> int:
    return market.book.view(level.outcome).side(level.side).get(level.price, 0)


def _crosses(order: Change, facing: int) -> bool:
    """Whether an order locks or crosses a price of the other side."""
    return order.price >= facing if order.side == "BUY" else order.price <= facing
