"""The ledger of the sandbox's one account: its orders, its trades, and all that was said of them.

It hears of what happens in the books and never touches them. Every change is announced at once, to
whoever listens; the ledger does not care whether anybody does.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

import attrs

from .books import Change, Side
from .credentials import ADDRESS, funder_of, seeded_uuid
from .floor import Match
from .markets import Market, seeded_hex
from .orders import FINAL, MakerOrder, Order, OrderNews, Trade, UserFrame, order_frame, trade_frame
from .strangers import Party, Strangers

__all__ = ["Account", "Told"]

ROUTES = {
    ("MINED", "CONFIRMED"): 8,
    ("RETRYING", "MINED", "CONFIRMED"): 1,
    ("RETRYING", "FAILED"): 1,
}
"""How a trade may be settled after MATCHED, with weights."""

NO_KEY = "00000000-0000-0000-0000-000000000000"
"""The owner of orders as long as nobody has an API key."""


class Told(NamedTuple):
    """Something that was announced; `filled` is the account's share, in millionths."""

    kind: str
    id: str
    status: str
    filled: int


def _nobody(_: UserFrame) -> None:
    """The listener of an account without an audience."""


@attrs.define(eq=False)
class Account:
    """One account. It grows for as long as the sandbox runs: nothing is ever forgotten.

    Attributes:
        publish: Called with each frame, in order, at once; must not wait or raise.
        clock: Seconds since the epoch.
        address: Of the wallet that signs.
        owner: The API key under which orders are placed.
        funder: Of the wallet that pays: the `maker_address` of the account's own orders.
        orders: Oldest first, those that are gone too.
        trades: Oldest first.
        history: Everything announced, in order.
        steps: How often the account has acted by its script.
    """

    seed: int = 7
    publish: Callable[[UserFrame], None] = _nobody
    clock: Callable[[], float] = time.time
    owner: str = attrs.field(default=NO_KEY, repr=False)
    address: str = ADDRESS
    funder: str = attrs.field(init=False)
    orders: list[Order] = attrs.field(factory=list, init=False, repr=False)
    trades: list[Trade] = attrs.field(factory=list, init=False, repr=False)
    history: list[Told] = attrs.field(factory=list, init=False, repr=False)
    steps: int = attrs.field(default=0, init=False)
    _open: dict[str, Order] = attrs.field(factory=dict, init=False, repr=False)
    _settling: list[Trade] = attrs.field(factory=list, init=False, repr=False)
    _chance: random.Random = attrs.field(init=False, repr=False)
    _strangers: Strangers = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.funder = funder_of(self.seed, self.address)
        self._chance = random.Random(f"{self.seed}/account")  # noqa: S311 - a game of chance
        self._strangers = Strangers(self.seed, self._chance)

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """What rests in the books, oldest first."""
        return tuple(self._open.values())

    def order(self, order_id: str) -> Order | None:
        """The order with this id, open or gone; None if there never was one."""
        return next((order for order in self.orders if order.id == order_id), None)

    def resting(self, market: Market, level: Change) -> list[Order]:
        """The open orders that stand in a level, oldest first; its size is ignored."""
        return [
            order
            for order in self._open.values()
            if order.market is market and order.rests_at(level)
        ]

    def share(self, market: Market, level: Change) -> int:
        """How much of a level is the account's own."""
        return sum(order.left for order in self.resting(market, level))

    def rest(self, market: Market, outcome: int, side: Side, price: int, size: int) -> Order:
        """Note an order that has just been added to the book."""
        order = self._new_order(market, outcome, side, price, size, "GTC")
        self._open[order.id] = order
        self._tell_order(order, "PLACEMENT")
        return order

    def cancel(self, order: Order, status: str = "CANCELED") -> None:
        """Note that an open order is to leave the book; KeyError if it is not open."""
        del self._open[order.id]
        order.status = status
        self._tell_order(order, "CANCELLATION")

    def take(self, match: Match) -> Order:
        """Note a trade that the account itself has just made by taking."""
        taker = match.taker
        order = self._new_order(
            match.market, taker.outcome, taker.side, match.price, taker.size, "FAK"
        )
        makers = [maker for level in match.levels for maker in self._strangers.make(level)]
        order.matched, order.status = order.size, "MATCHED"
        trade = self._new_trade(match, makers, order)
        order.trade_ids.append(trade.id)
        self._tell_order(order, "PLACEMENT")
        self._tell_trade(trade)
        return order

    def make(self, match: Match) -> None:
        """Note a trade of somebody else's, which may have filled orders of the account.

        Whoever shares a level with the account is served after it: fills are what it is there for.
        """
        if not any(self.resting(match.market, level) for level in match.levels):
            return
        makers: list[MakerOrder] = []
        filled: list[Order] = []
        for level in match.levels:
            left = level.size
            for order in self.resting(match.market, level):
                amount = min(left, order.left)
                if amount:
                    order.matched += amount
                    left -= amount
                    filled.append(order)
                    makers.append(_own_share(order, amount))
            makers += self._strangers.make(attrs.evolve(level, size=left))
        self._chance.shuffle(makers)
        trade = self._new_trade(match, makers, None)
        for order in filled:
            order.trade_ids.append(trade.id)
            if not order.left:
                order.status = "MATCHED"
                del self._open[order.id]
            self._tell_order(order, "UPDATE")
        self._tell_trade(trade)

    def settle_trades(self) -> None:
        """Every trade that is not final takes its next status."""
        for trade in self._settling:
            trade.status = trade.to_come.pop(0)
            trade.updated_at = int(self.clock())
            self._tell_trade(trade)
        self._settling = [trade for trade in self._settling if trade.status not in FINAL]

    def _new_order(
        self, market: Market, outcome: int, side: Side, price: int, size: int, order_type: str
    ) -> Order:
        order = Order(
            id="0x" + seeded_hex(self.seed, "own order", str(len(self.orders))),
            owner=self.owner,
            maker_address=self.funder,
            market=market,
            outcome=outcome,
            side=side,
            price=price,
            size=size,
            order_type=order_type,
            created=int(self.clock()),
            born=self.steps,
        )
        self.orders.append(order)
        return order

    def _new_trade(self, match: Match, makers: list[MakerOrder], own: Order | None) -> Trade:
        """A trade with the account as the taker, by its order `own`, or else among the makers."""
        (route,) = self._chance.choices(list(ROUTES), list(ROUTES.values()))
        taker = Party(own.owner, own.maker_address, own.id) if own else self._strangers.meet()
        share = sum(maker.amount for maker in makers if maker.maker_address == self.funder)
        now = int(self.clock())
        trade = Trade(
            id=seeded_uuid(self.seed, "own trade", str(len(self.trades))),
            role="TAKER" if own else "MAKER",
            taker_order_id=taker.order_id,
            owner=taker.owner,
            maker_address=taker.maker_address,
            market=match.market,
            outcome=match.taker.outcome,
            side=match.taker.side,
            price=match.price,
            size=match.taker.size,
            share=own.size if own else share,
            makers=tuple(makers),
            matched_at=now,
            updated_at=now,
            transaction=match.transaction,
            to_come=list(route),
        )
        self.trades.append(trade)
        self._settling.append(trade)
        return trade

    def _tell_order(self, order: Order, news: OrderNews) -> None:
        self.history.append(Told("order", order.id, order.status, order.matched))
        self.publish(order_frame(order, news, self._now()))

    def _tell_trade(self, trade: Trade) -> None:
        self.history.append(Told("trade", trade.id, trade.status, trade.share))
        self.publish(trade_frame(trade, self._now()))

    def _now(self) -> int:
        return int(self.clock() * 1000)


def _own_share(order: Order, amount: int) -> MakerOrder:
    return MakerOrder(
        order.id, order.owner, order.maker_address, order.outcome, order.side, order.price, amount
    )
