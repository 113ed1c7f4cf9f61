"""One market, ninety seconds, and faults by chance: is a wrong book ever shown as live?"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
import trio
import trio.testing
from trust_world import World, open_world

from polymarket_realtime import AssetState
from polymarket_realtime.sandbox.flow import Taker, plan_step
from virtual.virtual_sandbox import virtual_wall

__all__ = ["Outcome", "run_seed"]

PEACE = 25.0
"""Seconds before the first fault, in which the tokens show how busy they are."""

TROUBLE = 45.0
"""Seconds in which faults begin."""

RECOVERY = 150.0
"""Seconds after which everything has to be right again; then some more of quiet trading."""

PACE = 1.5
"""Changes of the market a second, on average."""


@attrs.frozen
class Outcome:
    """What came of one seed.

    Attributes:
        faults: What was done, and when.
        wrong_live: Seconds for which a wrong book was shown as live, at most.
        wrong_quiet: The same of quiet.
        right: Whether everything was right in the end.
        in_doubt: Seconds from the end of all faults until everything was.
    """

    seed: int
    faults: tuple[tuple[float, str], ...]
    wrong_live: float
    wrong_quiet: float
    right: bool
    in_doubt: float


async def trade(world: World, chance: random.Random) -> None:
    """Move the one market, at random moments."""
    market = next(m for m in world.sandbox.exchange.markets if world.busy[0] in m.token_ids)
    trading = world.sandbox.exchange._trading
    while True:
        await trio.sleep(chance.expovariate(PACE))
        views = market.book.view(0), market.book.view(1)
        plan = plan_step(views, market.book.tick, market.anchor, chance)
        if isinstance(plan, Taker):
            trading.trade(market, plan)
        else:
            trading.move(market, plan)


Fault = Callable[[World, random.Random], Awaitable[None]]


def at_once(act: Callable[[Any, str, random.Random], object]) -> Fault:
    async def fault(world: World, chance: random.Random) -> None:
        act(world.sandbox, chance.choice(world.busy), chance)

    return fault


def for_a_while(begin: Callable[[Any], object], end: Callable[[Any], object]) -> Fault:
    async def fault(world: World, chance: random.Random) -> None:
        begin(world.sandbox)
        await trio.sleep(chance.uniform(1, 40))
        end(world.sandbox)

    return fault


def _heal_faults(sandbox: Any) -> None:
    sandbox.faults.heal()


def _heal_feed(sandbox: Any) -> None:
    sandbox.feed_faults.heal()


def _heal_rest(sandbox: Any) -> None:
    sandbox.rest_faults.heal()


def _refine(sandbox: Any, token: str, _: random.Random) -> None:
    market = next(m for m in sandbox.exchange.markets if token in m.token_ids)
    if market.book.tick > 10:
        sandbox.exchange.change_tick(market.condition_id, "0.001")


FAULTS: dict[str, Fault] = {
    "cut": at_once(lambda s, _t, _c: s.faults.cut()),
    "close": at_once(lambda s, _t, _c: s.feed_faults.close()),
    "lose one": at_once(lambda s, t, _c: s.feed_faults.lose(t)),
    "lose some": at_once(lambda s, t, c: s.feed_faults.lose(t, c.randint(2, 5))),
    "hold back": at_once(lambda s, t, c: s.feed_faults.hold_back(t, behind=c.randint(1, 4))),
    "corrupt digit": at_once(lambda s, t, _c: s.feed_faults.corrupt(t, "digit")),
    "corrupt field": at_once(lambda s, t, _c: s.feed_faults.corrupt(t, "field")),
    "corrupt cut": at_once(lambda s, t, _c: s.feed_faults.corrupt(t, "cut")),
    "tick": at_once(_refine),
    "skew": at_once(lambda s, _t, c: setattr(s.clock, "offset", c.uniform(0, 3))),
    "freeze": for_a_while(lambda s: s.faults.freeze(), _heal_faults),
    "stall": for_a_while(lambda s: s.faults.stall(), _heal_faults),
    "half-open": for_a_while(lambda s: s.faults.half_open(), _heal_faults),
    "delay": for_a_while(lambda s: s.faults.delay(7), _heal_faults),
    "slight delay": for_a_while(lambda s: s.faults.delay(0.4), _heal_faults),
    "refuse": for_a_while(lambda s: (s.faults.cut(), s.faults.refuse()), _heal_faults),
    "duplicate": for_a_while(lambda s: s.feed_faults.duplicate(0.3, random.Random(1)), _heal_feed),
    "freeze token": for_a_while(
        lambda s: s.feed_faults.freeze(s.exchange.markets[0].token_ids[0]), _heal_feed
    ),
    "freeze token, resubscribe": at_once(
        lambda s, t, _c: s.feed_faults.freeze(t, cure="resubscribe")
    ),
    "freeze token, reconnect": at_once(lambda s, t, _c: s.feed_faults.freeze(t, cure="reconnect")),
    "REST down": for_a_while(lambda s: s.rest_faults.down(), _heal_rest),
    "REST hangs": for_a_while(lambda s: s.rest_faults.hang(), _heal_rest),
    "REST limited": for_a_while(lambda s: s.rest_faults.limit(5), _heal_rest),
}


async def _live(seed: int, dual: bool) -> Outcome:
    chance = random.Random(seed)
    done: list[tuple[float, str]] = []

    async def trouble(name: str, delay: float) -> None:
        await trio.sleep(delay)
        done.append((round(trio.current_time(), 1), name))
        await FAULTS[name](world, chance)

    async with (
        open_world(seed=seed, rate=0, busy=1, silent=0, dual_connection=dual) as world,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(trade, world, random.Random(seed))
        await trio.sleep(PEACE)
        async with trio.open_nursery() as troubles:
            for _ in range(chance.randint(1, 4)):
                name = chance.choice(sorted(FAULTS))
                troubles.start_soon(trouble, name, chance.uniform(0, TROUBLE))
        world.heal()
        began = trio.current_time()
        with trio.move_on_after(RECOVERY):
            await world.until_right(RECOVERY + 1)
            await trio.sleep(20)
            await world.until_right(RECOVERY + 1)
        nursery.cancel_scope.cancel()
    judge = world.judge
    return Outcome(
        seed=seed,
        faults=tuple(done),
        wrong_live=judge.longest(AssetState.LIVE),
        wrong_quiet=judge.longest(AssetState.QUIET),
        right=judge.is_right(),
        in_doubt=trio.current_time() - began,
    )


def run_seed(seed: int, *, dual: bool = False) -> Outcome:
    """One run, the same for the same seed: Trio's own choices are seeded as well."""
    trio._core._run._r.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        virtual_wall(patch)
        return trio.run(_live, seed, dual, clock=trio.testing.MockClock(autojump_threshold=0.0))
