"""What the account does when nobody tells it: a seeded script, apart from the order flow.

An order that it rests is left alone for some steps, so that whoever was cut off in the meantime
still finds it among the open orders.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import attrs

from .books import ONE, SHARE, Change, Side, show_price, show_size
from .broker import Broker
from .markets import Market

__all__ = ["DEFAULT_REST", "AccountScript"]

DEFAULT_REST = 8
"""Account steps for which an order is not cancelled."""

EAGERNESS = 0.25
"""Chance that the account acts after a step of the exchange."""

MOST_OPEN = 24
"""Open orders above which no more are placed: a page of REST, and some."""


@attrs.define(eq=False)
class AccountScript:
    """Acts through a broker; one seed gives one sequence of decisions.

    Attributes:
        rest: Account steps for which an order is not cancelled.
    """

    broker: Broker
    seed: int
    rest: int = DEFAULT_REST
    _chance: random.Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}/script")  # noqa: S311 - a game of chance

    def wants_to_act(self) -> bool:
        """Whether the account does something now."""
        return self._chance.random() < EAGERNESS

    def act(self, live: Sequence[Market]) -> None:
        """Do one thing in one of these markets; if it cannot be done, let trades settle."""
        self.broker.account.steps += 1
        action, done = self._chance.random(), False
        if action < 0.4:
            done = bool(live) and self._place(self._pick(live))
        elif action < 0.55:
            done = self._cancel()
        elif action < 0.7:
            done = bool(live) and self._take(self._pick(live))
        if not done:
            self.broker.account.settle_trades()

    def _place(self, market: Market) -> bool:
        """Rest an order at the top of the book or a little behind it."""
        if len(self.broker.account.open_orders) >= MOST_OPEN:
            return False
        outcome, side = self._chance.randrange(2), self._side()
        view, tick = market.book.view(outcome), market.book.tick
        best = view.best_bid if side == "BUY" else view.best_ask
        if best is None:
            return False
        behind = tick * self._chance.choice((0, 0, 0, 1, 1, 2))
        price = best - behind if side == "BUY" else best + behind
        if not tick <= price <= ONE - tick:
            return False
        size = self._chance.choice((500, 1000, 2500, 3333, 20_000, 80_000))
        self.broker.place(
            market.token_ids[outcome], side, show_price(price), show_size(size * SHARE // 100)
        )
        return True

    def _cancel(self) -> bool:
        """Give up one of the orders that have rested for long enough."""
        account = self.broker.account
        old = [order for order in account.open_orders if account.steps - order.born > self.rest]
        if not old:
            return False
        self.broker.cancel(self._chance.choice(old).id)
        return True

    def _take(self, market: Market) -> bool:
        """Trade with a little of the best level, unless that is the account's own."""
        outcome, side = self._chance.randrange(2), self._side()
        levels = market.book.view(outcome).facing(side)
        if len(levels) < 3:
            return False
        best = min(levels) if side == "BUY" else max(levels)
        level = Change(outcome, "SELL" if side == "BUY" else "BUY", best, 0)
        if self.broker.account.share(market, level):
            return False
        size = min(levels[best], self._chance.choice((5, 10, 15, 25)) * SHARE)
        self.broker.take(market.token_ids[outcome], side, show_size(size))
        return True

    def _pick(self, live: Sequence[Market]) -> Market:
        """A market, the busier the likelier."""
        return self._chance.choices(live, [market.weight for market in live])[0]

    def _side(self) -> Side:
        return self._chance.choice(("BUY", "SELL"))
