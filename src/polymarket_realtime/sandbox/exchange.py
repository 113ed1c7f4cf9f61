"""A synthetic exchange: markets, their books, and a seeded order flow that moves them.

No sockets and no waiting: the clock and the listener are arguments, every call is instantaneous.
With one seed, the n-th `step` always does the same, whatever the time.

The programme, in steps (eight a second by default, so divide by eight for seconds):

=========  =====================================================================
48         a market is created (`markets.ANNOUNCED`) and trades from then on
96         `markets.SHORT_LIVED` resolves
from 160   every eighth step `markets.CLIMBER` rises a tick until it has passed
           0.96, where its tick size changes from 0.01 to 0.001 (by step 240)
=========  =====================================================================
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import attrs

from polymarket_realtime.errors import MarketNotFound

from . import frames
from .account import Account
from .account_flow import DEFAULT_REST, AccountScript
from .books import ONE, Change, Side, parse_price, parse_size, show_price
from .broker import Broker
from .floor import COARSE_TICK, UPPER_EDGE, Floor
from .flow import Taker, plan_advance, plan_opening, plan_step
from .frames import Frame
from .markets import CLIMBER, NEXT_WINDOW, PROGRAMME, SHORT_LIVED, Event, Listing, Market
from .trading import Trading

CREATION_STEP = 48
RESOLUTION_STEP = 96
CLIMB_FROM = 160
CLIMB_EVERY = 8

FIRST_EVENT_ID = 260_600


def _nobody(_: Frame) -> None:
    """The listener of an exchange without an audience."""


@attrs.define(eq=False)
class Exchange:
    """Markets that trade.

    Arguments in market terms are the venue's own: token ids, condition ids, decimal strings.
    `MarketNotFound` means that no live market has the id, `ValueError` that the order cannot be.

    Attributes:
        publish: Called with each frame, in order, at once; must not wait or raise.
        clock: Seconds since the epoch.
        lifecycle: Whether `step` creates and resolves a market.
        account: The ledger of the one account.
        account_acts: Whether the account acts by itself, about once in four steps.
        account_rest: Steps of the account for which it leaves an order alone, at least.
        broker: Places, takes and cancels for the account.
        steps: How many steps were made.
    """

    seed: int = 7
    publish: Callable[[Frame], None] = _nobody
    clock: Callable[[], float] = time.time
    lifecycle: bool = True
    account: Account = attrs.field(
        default=attrs.Factory(lambda self: Account(self.seed, clock=self.clock), takes_self=True)
    )
    account_acts: bool = False
    account_rest: int = DEFAULT_REST
    broker: Broker = attrs.field(init=False)
    steps: int = attrs.field(default=0, init=False)
    _events: int = attrs.field(default=0, init=False)
    _flow: random.Random = attrs.field(init=False)
    _floor: Floor = attrs.field(init=False)
    _trading: Trading = attrs.field(init=False)
    _script: AccountScript = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._flow = random.Random(self.seed)  # noqa: S311 - a game of chance, not a secret
        self._floor = Floor(self.seed, self.publish, self.clock)
        self._trading = Trading(self._floor, self.account)
        self.broker = Broker(self._trading)
        self._script = AccountScript(self.broker, self.seed, self.account_rest)
        for group in PROGRAMME:
            event = self._new_event(
                group.slug, group.title, neg_risk=group.neg_risk, tags=group.tags
            )
            for listing in group.listings:
                self._list(listing, event)

    @property
    def markets(self) -> tuple[Market, ...]:
        """All markets, resolved ones too, oldest first."""
        return tuple(self._floor.markets.values())

    def market(self, key: str) -> Market:
        """The market with this condition id or slug, resolved or not."""
        for market in self.markets:
            if key in {market.condition_id, market.slug}:
                return market
        raise MarketNotFound(key)

    def opening_book(self, token_id: str) -> dict[str, Any] | None:
        """The book as in an opening dump, or None for a token that does not trade."""
        return self._render(token_id, frames.opening_book)

    def book(self, token_id: str) -> dict[str, Any] | None:
        """The book as `GET /book` answers it, or None for a token that does not trade."""
        return self._render(token_id, frames.rest_book)

    def step(self) -> None:
        """One participant acts, somewhere; at certain steps the programme does."""
        self.steps += 1
        if self.lifecycle and self.steps == CREATION_STEP:
            tags = self.market(SHORT_LIVED).event.tags
            event = self._new_event(NEXT_WINDOW.slug, NEXT_WINDOW.question, tags=tags)
            self._announce(NEXT_WINDOW, event)
        elif self.lifecycle and self.steps == RESOLUTION_STEP:
            self._resolve_short_lived()
        elif self.steps < CLIMB_FROM or self.steps % CLIMB_EVERY or not self._climb():
            self._act()
        if self.account_acts and self._script.wants_to_act():
            self.account_step()

    def account_step(self) -> None:
        """The account places, takes or cancels an order, or its trades come closer to an end."""
        self._script.act([market for market in self.markets if market.live])

    def create_market(
        self,
        question: str,
        *,
        slug: str | None = None,
        outcomes: tuple[str, str] = ("Yes", "No"),
        price: str = "0.5",
        tick_size: str = "0.01",
        neg_risk: bool = False,
    ) -> Market:
        """List a market in an event of its own, with a book around `price`, and announce it."""
        words = "".join(c if c.isalnum() else " " for c in question.lower()).split()
        slug = slug or "-".join(words)
        event = self._new_event(slug, question, neg_risk=neg_risk)
        return self._announce(Listing(slug, question, price, outcomes, tick_size), event)

    def place(self, token_id: str, side: Side, price: str, size: str) -> None:
        """Add a resting order to a level.

        Raises:
            ValueError: The price is off the tick, or would lock or cross the book.
        """
        market, outcome = self._floor.live_token(token_id)
        self._trading.place(market, Change(outcome, side, parse_price(price), parse_size(size)))

    def cancel(self, token_id: str, side: Side, price: str, size: str | None = None) -> None:
        """Take `size`, by default all, from a level; ValueError if it does not hold as much.

        What the account has in the level stays.
        """
        market, outcome = self._floor.live_token(token_id)
        gone = None if size is None else parse_size(size)
        self._trading.cancel(market, Change(outcome, side, parse_price(price), 0), gone)

    def trade(self, token_id: str, side: Side, size: str) -> None:
        """Take `size` from the best levels; ValueError if the book does not hold as much."""
        market, outcome = self._floor.live_token(token_id)
        self._trading.trade(market, Taker(outcome, side, parse_size(size)))

    def change_tick(self, condition_id: str, tick_size: str) -> None:
        """Give a market a finer tick size, announce it, and quote finer levels.

        Raises:
            ValueError: The new tick is not a finer division of the old one.
        """
        market, tick = self._floor.live_market(condition_id), parse_price(tick_size)
        if tick >= market.book.tick or market.book.tick % tick:
            raise ValueError(f"{tick_size} does not divide {show_price(market.book.tick)}")
        self._floor.change_tick(market, tick)

    def resolve(self, condition_id: str, winner_index: int) -> None:
        """Empty the books, announce the winner, and fall silent.

        Raises:
            ValueError: `winner_index` is neither 0 nor 1.
        """
        if winner_index not in {0, 1}:
            raise ValueError(f"a market has outcomes 0 and 1, not {winner_index}")
        self._trading.settle(self._floor.live_market(condition_id), winner_index)

    def _render(
        self, token_id: str, make: Callable[[Market, int], dict[str, Any]]
    ) -> dict[str, Any] | None:
        try:
            return make(*self._floor.live_token(token_id))
        except MarketNotFound:
            return None

    def _new_event(
        self, slug: str, title: str, *, neg_risk: bool = False, tags: tuple[str, ...] = ()
    ) -> Event:
        self._events += 1
        return Event(str(FIRST_EVENT_ID + self._events), slug, title, neg_risk, tags)

    def _list(self, listing: Listing, event: Event) -> Market:
        opening = plan_opening(
            parse_price(listing.price), parse_price(listing.tick_size), self._flow
        )
        return self._floor.list_market(listing, event, opening)

    def _announce(self, listing: Listing, event: Event) -> Market:
        market = self._list(listing, event)
        self.publish(frames.new_market_frame(market))
        return market

    def _resolve_short_lived(self) -> None:
        market = self.market(SHORT_LIVED)
        if market.live:
            higher = (market.book.middle or market.anchor) >= ONE // 2
            self._trading.settle(market, 0 if higher else 1)

    def _climb(self) -> bool:
        """Lift the climber by a tick; False once it is over the edge."""
        market = self.market(CLIMBER)
        if not market.live or market.book.tick != COARSE_TICK:
            return False
        market.anchor = UPPER_EDGE
        changes = plan_advance(market.book.view(0), 0, market.book.tick, self._flow)
        self._trading.move(market, changes)
        return bool(changes)

    def _act(self) -> None:
        live = [market for market in self.markets if market.live]
        if not live:
            return
        (market,) = self._flow.choices(live, [market.weight for market in live])
        views = market.book.view(0), market.book.view(1)
        plan = plan_step(views, market.book.tick, market.anchor, self._flow)
        if isinstance(plan, Taker):
            self._trading.trade(market, plan)
        else:
            self._trading.move(market, plan)
