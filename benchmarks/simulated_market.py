"""One simulated market: the book of its Yes token, and that of its No token as the mirror of it.

All prices here are whole numbers: thousandths, unless a market is made with a number of levels. The
venue shows a market's one book twice: what bids `p` for Yes asks `1 - p` for No. So there is one
set of levels, and two texts of each.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left, insort
from itertools import pairwise
from typing import Final

import attrs

__all__ = ["Change", "SimulatedMarket", "price_text"]

MINIMUM_ORDER: Final = "5"

AT_THE_TOP: Final = 0.08
"""Part of the changes at the best price or better. Captures of 2026-10-04: 2 of 26."""

REMOVED: Final = 0.38
"""Part of the changes that remove a level. Captures of 2026-10-04: 10 of 26."""

FEWEST: Final = 8
"""Levels that a side keeps."""


def price_text(price: int, scale: int = 1000) -> str:
    """A price as the venue writes it: no trailing zeros."""
    return f"{price / scale:.{len(str(scale)) - 1}f}".rstrip("0")


@attrs.frozen
class Change:
    """The new total size of one level of the Yes token; `"0"` removes it."""

    side: str
    price: int
    size: str


@attrs.define
class _Side:
    """The levels of one side, with their JSON for both tokens."""

    name: str
    prices: list[int]
    sizes: dict[int, str]
    scale: int
    yes: dict[int, str]
    no: dict[int, str]
    target: int = 0

    @classmethod
    def empty(cls, name: str, scale: int) -> _Side:
        return cls(name, [], {}, scale, {}, {})

    def set_level(self, price: int, size: str) -> None:
        if size == "0":
            del self.prices[bisect_left(self.prices, price)]
            for table in (self.sizes, self.yes, self.no):
                del table[price]
            return
        if price not in self.sizes:
            insort(self.prices, price)
        self.sizes[price] = size
        yes, no = price_text(price, self.scale), price_text(self.scale - price, self.scale)
        self.yes[price] = f'{{"price":"{yes}","size":"{size}"}}'
        self.no[price] = f'{{"price":"{no}","size":"{size}"}}'


class SimulatedMarket:
    """A market whose book changes at random and stays a possible one.

    Args:
        number: Its place in the stream, for its name.
        chance: Where the randomness comes from; shared by all markets of a stream.
        levels: How many its book has on average, at ticks of 0.0001; 0 for as many as chance
            gives it, at the venue's usual ticks.

    Attributes:
        condition: The condition id.
        tokens: The ids of Yes and No.
        scale: The price of certainty: 1,000, or 10,000 with a number of levels.
        tick: In parts of `scale`, 1 or 10.
        last_trade: The last trade of either token with three decimals; empty before the first.
    """

    def __init__(self, number: int, chance: random.Random, *, levels: int = 0) -> None:
        self._chance = chance
        self.condition = f"0x{chance.getrandbits(256):064x}"
        self.tokens = tuple(str(10**76 + chance.randrange(10**76 * 8)) for _ in range(2))
        self.scale = 10_000 if levels else 1000
        self.tick = 1 if levels or number % 2 else 10
        self.neg_risk = chance.random() < 0.5
        self.last_trade = price_text(chance.randrange(10, 990)).ljust(5, "0")
        self._bids, self._asks = (_Side.empty(name, self.scale) for name in ("BUY", "SELL"))
        self._fewest = min(FEWEST, levels // 2 - 1) if levels else FEWEST
        if levels:
            self._fill_evenly(chance.randrange(1000, 9000), levels // 2)
        else:
            self._fill(chance.randrange(50, 950) // self.tick * self.tick)

    def _fill(self, middle: int) -> None:
        """Levels at most whole cents, and, where the tick is finer, close to the middle as well."""
        for side, step in ((self._bids, -self.tick), (self._asks, self.tick)):
            price = middle + step
            while 0 < price < 1000:
                near = abs(price - middle) <= 30 and self._chance.random() < 0.7
                if (price % 10 == 0 and self._chance.random() < 0.85) or near:
                    side.set_level(price, self._size())
                price += step
            for extra in range(FEWEST):
                price = middle + step * (extra + 1)
                if len(side.prices) < FEWEST and 0 < price < 1000 and price not in side.sizes:
                    side.set_level(price, self._size())
            side.target = len(side.prices)

    def _fill_evenly(self, middle: int, count: int) -> None:
        """So many levels a side, without a hole."""
        for side, step in ((self._bids, -1), (self._asks, 1)):
            for distance in range(1, count + 1):
                side.set_level(middle + step * distance, self._size())
            side.target = count

    @property
    def best_bid(self) -> int:
        """The highest bid for Yes."""
        return self._bids.prices[-1]

    @property
    def best_ask(self) -> int:
        """The lowest ask for Yes."""
        return self._asks.prices[0]

    def top(self, outcome: int) -> tuple[int, int]:
        """Best bid and best ask of a token."""
        if outcome == 0:
            return self.best_bid, self.best_ask
        return self.scale - self.best_ask, self.scale - self.best_bid

    def text(self, price: int) -> str:
        """A price of this market as the venue writes it."""
        return price_text(price, self.scale)

    def level_count(self) -> int:
        """Levels of both sides."""
        return len(self._bids.prices) + len(self._asks.prices)

    def change(self, *, but: Change | None = None) -> Change:
        """Change the book somewhere, but not where it has just been changed."""
        for _ in range(100):
            side = self._bids if self._chance.random() < 0.5 else self._asks
            change = self._at_the_top(side) if self._chance.random() < AT_THE_TOP else None
            change = change or self._deeper(side)
            if but is None or change.price != but.price:
                side.set_level(change.price, change.size)
                return change
        raise RuntimeError("no level to change")

    def _at_the_top(self, side: _Side) -> Change:
        inwards = self.tick if side is self._bids else -self.tick
        best = self.best_bid if side is self._bids else self.best_ask
        chance = self._chance.random()
        if chance < 0.4 and self.best_ask - self.best_bid > self.tick:
            return Change(side.name, best + inwards, self._size())
        if chance < 0.7 and len(side.prices) > self._fewest:
            return Change(side.name, best, "0")
        return Change(side.name, best, self._other_size(side.sizes[best]))

    def _deeper(self, side: _Side) -> Change:
        outwards = -self.tick if side is self._bids else self.tick
        best = self.best_bid if side is self._bids else self.best_ask
        behind = side.prices[:-1] if side is self._bids else side.prices[1:]
        chance = self._chance.random()
        fullness = len(side.prices) / max(side.target, self._fewest)
        if chance < REMOVED * fullness and len(side.prices) > self._fewest:
            return Change(side.name, self._chance.choice(behind), "0")
        if chance < REMOVED * (fullness + 1):
            price = best + outwards * (1 + int(self._chance.expovariate(1 / 25)))
            while price in side.sizes:
                price += outwards
            if 0 < price < self.scale:
                return Change(side.name, price, self._size())
        price = self._chance.choice(behind)
        return Change(side.name, price, self._other_size(side.sizes[price]))

    def trade(self, outcome: int, *, buys: bool) -> tuple[str, str]:
        """A print at the top: its price and size."""
        bid, ask = self.top(outcome)
        price = self.text(ask if buys else bid)
        # With three decimals, whatever the tick is.
        self.last_trade = f"{float(price):.3f}"
        return price, f"{self._chance.lognormvariate(3.5, 1.5):.6f}".rstrip("0").rstrip(".")

    def sides(self, outcome: int) -> tuple[str, str]:
        """The JSON of a token's bids, which ascend, and asks, which descend."""
        bids, asks = self._bids, self._asks
        if outcome == 0:
            return (
                ",".join([bids.yes[price] for price in bids.prices]),
                ",".join([asks.yes[price] for price in reversed(asks.prices)]),
            )
        return (
            ",".join([asks.no[price] for price in reversed(asks.prices)]),
            ",".join([bids.no[price] for price in bids.prices]),
        )

    def hash_of(self, outcome: int, timestamp: int, bids: str, asks: str) -> str:
        """The venue's hash of a token's book: SHA-1 of its JSON with the rules of the market."""
        text = (
            f'{{"market":"{self.condition}","asset_id":"{self.tokens[outcome]}",'
            f'"timestamp":"{timestamp}","hash":"","bids":[{bids}],"asks":[{asks}],'
            f'"min_order_size":"{MINIMUM_ORDER}","tick_size":"{self.text(self.tick)}",'
            f'"neg_risk":{"true" if self.neg_risk else "false"},'
            f'"last_trade_price":"{self.last_trade}"}}'
        )
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def is_possible(self) -> bool:
        """Whether the book is sorted and not crossed."""
        sides = (self._bids.prices, self._asks.prices)
        return self.best_bid < self.best_ask and all(
            low < high for prices in sides for low, high in pairwise(prices)
        )

    def _size(self) -> str:
        """From a few shares to millions; half are whole, as in the captures."""
        size = max(5.0, self._chance.lognormvariate(8.0, 2.0))
        if self._chance.random() < 0.54:
            return str(round(size))
        return f"{size:.2f}".rstrip("0").rstrip(".")

    def _other_size(self, size: str) -> str:
        while (other := self._size()) == size:
            pass
        return other
