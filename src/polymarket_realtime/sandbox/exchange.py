"""A synthetic exchange: markets, their books, and a seeded order flow that moves them.

No sockets and no waiting: the clock and the listener are arguments, every call is instantaneous.
With one seed, the n-th `step` always does the same, whatever the time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from polymarket_realtime.errors import MarketNotFound

from . import frames
from .account import Account
from .account_flow import DEFAULT_REST, AccountScript
from .books import Change, Side, parse_price, parse_size, show_price
from .broker import Broker
from .floor import Announce, Floor, Match
from .flow import Taker
from .frames import Frame
from .listings import Registrar, slug_of
from .markets import DEFAULT_LASTS, PROGRAMME, Listing, Market
from .programme import Programme, busy
from .trading import Trading


def _nobody(_: Frame | Match) -> None:
    """The listener of an exchange without an audience."""


@attrs.define(eq=False)
class Exchange:
    """Markets that trade.

    Arguments in market terms are the venue's own: token ids, condition ids, decimal strings.
    `MarketNotFound` means that no live market has the id, `ValueError` that the order cannot be.

    Attributes:
        publish: Called with each frame, in order, at once; must not wait or raise.
        clock: Seconds since the epoch.
        matched: Called with each trade, whoever makes it, in the same way.
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
    matched: Callable[[Match], None] = _nobody
    broker: Broker = attrs.field(init=False)
    steps: int = attrs.field(default=0, init=False)
    _floor: Floor = attrs.field(init=False)
    _registrar: Registrar = attrs.field(init=False)
    _trading: Trading = attrs.field(init=False)
    _programme: Programme = attrs.field(init=False)
    _script: AccountScript = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        flow = random.Random(self.seed)  # noqa: S311 - a game of chance, not a secret
        self._floor = Floor(self.seed, self.publish, self.clock, self.matched)
        self._trading = Trading(self._floor, self.account)
        self.broker = Broker(self._trading)
        self._script = AccountScript(self.broker, self.seed, self.account_rest)
        self._registrar = Registrar(self._floor, self.publish, flow)
        self._programme = Programme(self.seed, self._trading, self._registrar, flow, self.lifecycle)
        for group in PROGRAMME:
            self._registrar.open_group(group)

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
        self._programme.step(self.steps)
        if self.account_acts and self._script.wants_to_act():
            self.account_step()

    def account_step(self) -> None:
        """The account places, takes or cancels an order, or its trades come closer to an end."""
        self._script.act(busy(self.markets))

    def create_market(
        self,
        question: str,
        *,
        slug: str | None = None,
        outcomes: tuple[str, str] = ("Yes", "No"),
        price: str = "0.5",
        tick_size: str = "0.01",
        neg_risk: bool = False,
        event: str | None = None,
        label: str = "",
        lasts: int = DEFAULT_LASTS,
        silent: bool = False,
    ) -> Market:
        """List a market with a book around `price`, and announce it.

        Args:
            question: Passed through untouched, whatever it holds.
            slug: Made of the question unless given.
            outcomes: Their names.
            price: Of the first outcome.
            tick_size: The smallest step of prices.
            neg_risk: Of an event of its own; that of a given `event` counts otherwise.
            event: Slug of the event that it joins; it gets one of its own without.
            label: What tells it from the other markets of the event.
            lasts: Seconds to the announced end, which may be over already.
            silent: The announcement is lost.

        Raises:
            ValueError: There is a market with this slug, or no such event.
        """
        slug = slug or slug_of(question)
        home = (
            self._registrar.open_event(slug, question, neg_risk=neg_risk)
            if event is None
            else self._registrar.event(event)
        )
        listing = Listing(slug, question, price, outcomes, tick_size, label, lasts=lasts)
        market = self._registrar.list_market(listing, home)
        if not silent:
            self._registrar.announce([market])
        return market

    def create_event(
        self,
        slug: str,
        title: str,
        labels: Sequence[str],
        *,
        neg_risk: bool = True,
        event_id: str | None = None,
        announce: bool = False,
    ) -> tuple[Market, ...]:
        """An event of many markets at once, thin ones that the order flow leaves alone.

        With `event_id` the event may have the id of a market, which is as ambiguous as it sounds.

        Raises:
            ValueError: There is an event with this slug or id, or a market of this name.
        """
        event = self._registrar.open_event(slug, title, neg_risk=neg_risk, event_id=event_id)
        markets = self._registrar.list_thinly(event, labels)
        if announce:
            self._registrar.announce(markets)
        return markets

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

    def resolve(
        self, condition_id: str, winner_index: int | None, *, announce: Announce = "once"
    ) -> None:
        """Empty the books, announce the winner, and fall silent; None splits the payout in halves.

        Raises:
            ValueError: `winner_index` is not 0, 1 or None.
        """
        if winner_index is not None:
            _check_outcome(winner_index)
        self._trading.settle(self._floor.live_market(condition_id), winner_index, announce)

    def propose(self, condition_id: str, outcome: int) -> None:
        """Somebody proposes an outcome to the oracle, which only Gamma tells, and not which.

        Raises:
            ValueError: `outcome` is neither 0 nor 1.
        """
        _check_outcome(outcome)
        self._floor.live_market(condition_id).uma.append("proposed")

    def dispute(self, condition_id: str) -> None:
        """Somebody disputes the proposal; ValueError if there is none."""
        market = self._floor.live_market(condition_id)
        if market.uma[-1:] != ["proposed"]:
            raise ValueError(f"no outcome of {market.slug} is proposed")
        market.uma.append("disputed")

    def _render(
        self, token_id: str, make: Callable[[Market, int], dict[str, Any]]
    ) -> dict[str, Any] | None:
        try:
            return make(*self._floor.live_token(token_id))
        except MarketNotFound:
            return None


def _check_outcome(index: int) -> None:
    if index not in {0, 1}:
        raise ValueError(f"a market has outcomes 0 and 1, not {index}")
