"""What happens on the exchange by itself: the order flow, and a few things at fixed steps.

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
from collections.abc import Iterable

import attrs

from .books import ONE
from .floor import COARSE_TICK, UPPER_EDGE
from .flow import Taker, plan_advance, plan_step
from .listings import Registrar
from .markets import CLIMBER, NEXT_WINDOW, SHORT_LIVED, Market, condition_id
from .trading import Trading

__all__ = ["Programme", "busy"]

CREATION_STEP = 48
RESOLUTION_STEP = 96
CLIMB_FROM = 160
CLIMB_EVERY = 8


def busy(markets: Iterable[Market]) -> list[Market]:
    """Those that something happens in by itself."""
    return [market for market in markets if market.live and market.weight]


@attrs.frozen
class Programme:
    """Makes the steps of one exchange.

    Attributes:
        lifecycle: Whether a market is created and another resolves.
    """

    seed: int
    trading: Trading
    registrar: Registrar
    chance: random.Random
    lifecycle: bool

    def step(self, number: int) -> None:
        """The n-th step: the programme acts if it is time, or else some participant, somewhere."""
        if self.lifecycle and number == CREATION_STEP:
            self._announce_next_window()
        elif self.lifecycle and number == RESOLUTION_STEP:
            self._resolve_short_lived()
        elif number < CLIMB_FROM or number % CLIMB_EVERY or not self._climb():
            self._act()

    def _market(self, slug: str) -> Market:
        return self.trading.floor.markets[condition_id(self.seed, slug)]

    def _announce_next_window(self) -> None:
        tags = self._market(SHORT_LIVED).event.tags
        event = self.registrar.open_event(NEXT_WINDOW.slug, NEXT_WINDOW.question, tags=tags)
        self.registrar.announce([self.registrar.list_market(NEXT_WINDOW, event)])

    def _resolve_short_lived(self) -> None:
        market = self._market(SHORT_LIVED)
        if market.live:
            higher = (market.book.middle or market.anchor) >= ONE // 2
            self.trading.settle(market, 0 if higher else 1)

    def _climb(self) -> bool:
        """Lift the climber by a tick; False once it is over the edge."""
        market = self._market(CLIMBER)
        if not market.live or market.book.tick != COARSE_TICK:
            return False
        market.anchor = UPPER_EDGE
        changes = plan_advance(market.book.view(0), 0, market.book.tick, self.chance)
        self.trading.move(market, changes)
        return bool(changes)

    def _act(self) -> None:
        markets = busy(self.trading.floor.markets.values())
        if not markets:
            return
        (market,) = self.chance.choices(markets, [market.weight for market in markets])
        views = market.book.view(0), market.book.view(1)
        plan = plan_step(views, market.book.tick, market.anchor, self.chance)
        if isinstance(plan, Taker):
            self.trading.trade(market, plan)
        else:
            self.trading.move(market, plan)
