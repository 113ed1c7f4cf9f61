"""Deals for the account, in the venue's own terms: token ids, order ids, decimal strings."""

from __future__ import annotations

import attrs

from .account import Account
from .books import Change, Side, parse_price, parse_size
from .flow import Taker
from .orders import Order
from .trading import Trading

__all__ = ["Broker"]


@attrs.frozen
class Broker:
    """What the account can do.

    `MarketNotFound` means that no live market has the token, `ValueError` that it cannot be done;
    after either, nothing has happened.
    """

    _trading: Trading

    @property
    def account(self) -> Account:
        """The ledger in which it is noted."""
        return self._trading.account

    def place(self, token_id: str, side: Side, price: str, size: str) -> Order:
        """Rest an order; ValueError if it is off the tick, or would lock or cross the book."""
        market, outcome = self._trading.floor.live_token(token_id)
        order = Change(outcome, side, parse_price(price), parse_size(size))
        return self._trading.place_own(market, order)

    def take(self, token_id: str, side: Side, size: str) -> Order:
        """Trade at once; ValueError if the book lacks it or the account would meet itself."""
        market, outcome = self._trading.floor.live_token(token_id)
        return self._trading.take_own(market, Taker(outcome, side, parse_size(size)))

    def cancel(self, order_id: str) -> Order:
        """Cancel what is left of an order; ValueError if it is not open."""
        order = self.account.order(order_id)
        if order is None:
            raise ValueError(f"the account has no order {order_id}")
        self._trading.cancel_own(order)
        return order
