"""The synthetic order flow: what happens next in one book. Pure decisions; chance is an argument.

Every plan is made in the view of one token, as a buyer: a fall of one token is a rise of the other,
so there is one kind of move instead of two.
"""

from __future__ import annotations

import random

import attrs

from .books import ONE, SHARE, Change, Side, View

DEPTH = 6
"""Levels that either side is refilled to, where the prices leave room."""

MOST_LEVELS = 24

REVERSION = 8
"""Ticks away from its anchor at which a price moves back nine times out of ten."""


@attrs.frozen
class Taker:
    """An order that takes liquidity: `side` and `size` in the terms of token `outcome`."""

    outcome: int
    side: Side
    size: int


def plan_step(
    views: tuple[View, View], tick: int, anchor: int, rng: random.Random
) -> list[Change] | Taker:
    """What the next participant does, given the views of both tokens.

    Returns:
        Changes to make at one instant, or an order that trades. The changes never lock or cross
        the book; an empty list means that nothing happens.
    """
    for outcome in (0, 1):
        if thin := _plan_refill(views[outcome], outcome, tick, anchor, rng):
            return thin
    action = rng.random()
    if action < 0.45:
        outcome = _drift(views[0], tick, anchor, rng)
        return plan_advance(views[outcome], outcome, tick, rng)
    outcome = rng.randrange(2)
    if action < 0.68:
        return _plan_join(views[outcome], outcome, tick, rng)
    if action < 0.82:
        return _plan_cancel(views[outcome], outcome, rng)
    return _plan_taker(views[outcome], outcome, rng)


def plan_opening(anchor: int, tick: int, rng: random.Random) -> list[Change]:
    """The levels of a new market: one tick wide around `anchor`, thinning out on both sides."""
    changes: list[Change] = []
    for outcome, best in ((0, anchor), (1, ONE - anchor - tick)):
        price = best
        for _ in range(rng.randint(DEPTH + 2, DEPTH + 6)):
            if price < tick:
                break
            changes.append(Change(outcome, "BUY", price, _size(rng)))
            price -= tick * rng.choice((1, 1, 1, 2, 3))
    return changes


def plan_advance(view: View, outcome: int, tick: int, rng: random.Random) -> list[Change]:
    """The best bid rises by a tick; asks in its way withdraw and requote behind it."""
    if view.best_bid is None or view.best_ask is None:
        return []
    bid = view.best_bid + tick
    if bid > ONE - 2 * tick:
        return []
    changes = [Change(outcome, "SELL", price, 0) for price in sorted(view.asks) if price <= bid]
    changes.append(Change(outcome, "BUY", bid, _size(rng)))
    ask = bid + tick * rng.choice((1, 1, 1, 2))
    if ask < ONE and ask not in view.asks:
        changes.append(Change(outcome, "SELL", ask, _size(rng)))
    return changes


def _drift(view: View, tick: int, anchor: int, rng: random.Random) -> int:
    """Which token rises: chance, pulled back towards the anchor."""
    middle = ((view.best_bid or 0) + (view.best_ask or ONE)) / 2
    pull = 0.4 * (anchor - middle) / (REVERSION * tick)
    return 0 if rng.random() < 0.5 + max(-0.4, min(0.4, pull)) else 1


def _plan_refill(
    view: View, outcome: int, tick: int, anchor: int, rng: random.Random
) -> list[Change]:
    """Bids for a side that has become thin, from just below the best ask downwards."""
    own = anchor if outcome == 0 else ONE - anchor
    ceiling = own if view.best_ask is None else view.best_ask - tick
    room = range(ceiling // tick * tick, 0, -tick)
    if len(view.bids) >= min(DEPTH, len(room)):
        return []
    free = [price for price in room[: 2 * DEPTH] if price not in view.bids]
    wanted = DEPTH - len(view.bids)
    return [Change(outcome, "BUY", price, _size(rng)) for price in free[:wanted]]


def _plan_join(view: View, outcome: int, tick: int, rng: random.Random) -> list[Change]:
    """A bid inside the spread, at the best bid, or some way below it."""
    if view.best_bid is None or view.best_ask is None:
        return []
    price = view.best_bid - tick * rng.choice((-1, -1, 0, 0, 1, 1, 2, 3, 5, 8))
    if not tick <= price < view.best_ask:
        price = view.best_bid
    changes = [Change(outcome, "BUY", price, view.bids.get(price, 0) + _size(rng))]
    if len(view.bids) >= MOST_LEVELS:
        changes.append(Change(outcome, "BUY", min(view.bids), 0))
    return changes


def _plan_cancel(view: View, outcome: int, rng: random.Random) -> list[Change]:
    """Somebody's bid goes, in part or whole."""
    if len(view.bids) <= DEPTH:
        return []
    price = rng.choice(sorted(view.bids))
    size = view.bids[price]
    left = 0 if rng.random() < 0.6 else size // 2 // (SHARE // 100) * (SHARE // 100)
    return [Change(outcome, "BUY", price, left)]


def _plan_taker(view: View, outcome: int, rng: random.Random) -> list[Change] | Taker:
    """Part of the best level, or a sweep through it."""
    side: Side = rng.choice(("BUY", "SELL"))
    levels = view.asks if side == "BUY" else view.bids
    if len(levels) < 3:
        return []
    best, second = sorted(levels, reverse=side == "SELL")[:2]
    if rng.random() < 0.3:
        size = levels[best] + levels[second] // 3
    else:
        size = max(1, int(levels[best] * rng.uniform(0.1, 0.9)))
    return Taker(outcome, side, size)


def _size(rng: random.Random) -> int:
    """Shares as people quote them: round lots, and machines' fractions."""
    if rng.random() < 0.5:
        return rng.choice((20, 50, 100, 200, 250, 500, 1000, 2500)) * SHARE
    return rng.randint(500, 400_000) * SHARE // 100
