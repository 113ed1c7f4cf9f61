"""The levels of a book, kept by the venue's rules.

A `book` frame replaces everything; a change sets the absolute size of one level, and 0 removes
it. There are no sequence numbers on this wire and nothing is replayed: after a gap only the
next snapshot is the truth. Source: docs.polymarket.com, "Market Channel"; behaviour measured
2026-10-04.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest, nsmallest

import attrs

from polymarket_realtime._codec.frames import PriceChange
from polymarket_realtime._model.values import Level, WireChange, WireLevel, decimal
from polymarket_realtime._protocol.price_key import TOP, PriceKeys
from polymarket_realtime._protocol.sizes import are_usual, is_present

__all__ = ["Levels"]

_Side = dict[int, WireLevel]


@attrs.define(eq=False)
class Levels:
    """Both sides of one book, with the best level of each at hand.

    Attributes:
        keys: The integers that stand for prices.
        best_bid_key, best_ask_key: Of the best levels; None of an empty side.
        off_tick: The price of a level that has come and is no multiple of the tick size.
        moved: Whether a best level may be another one than when this was last set back.
    """

    keys: PriceKeys = attrs.field(repr=False)
    best_bid_key: int | None = attrs.field(default=None, init=False)
    best_ask_key: int | None = attrs.field(default=None, init=False)
    off_tick: str | None = attrs.field(default=None, init=False)
    moved: bool = attrs.field(default=False, init=False)
    _tick_size: str | None = attrs.field(default=None, init=False)
    _tick_key: int = attrs.field(default=1, init=False, repr=False)
    _bids: _Side = attrs.field(factory=dict, init=False, repr=False)
    _asks: _Side = attrs.field(factory=dict, init=False, repr=False)

    @property
    def tick_size(self) -> str | None:
        """The smallest step of its prices; None while it is not known."""
        return self._tick_size

    def set_tick_size(self, tick_size: str | None) -> None:
        """Note the smallest step, or that it is not known any more.

        Raises:
            CodecError: It is no price.
        """
        # Every number is a multiple of 1: a tick that is not known, or 0, allows all prices.
        self._tick_key = (self.keys[tick_size] or 1) if tick_size else 1
        self._tick_size = tick_size

    def replace(self, bids: Iterable[WireLevel], asks: Iterable[WireLevel]) -> None:
        """Take a snapshot's levels in place of all others.

        Raises:
            CodecError: A price or size is not a number; the book is left as it was.
        """
        new_bids, new_asks = self._keyed(bids), self._keyed(asks)
        self._bids, self._asks = new_bids, new_asks
        self.best_bid_key = max(new_bids, default=None)
        self.best_ask_key = min(new_asks, default=None)
        self.moved = True

    def _keyed(self, levels: Iterable[WireLevel]) -> _Side:
        levels = list(levels)
        if not are_usual([level.size for level in levels]):
            levels = [level for level in levels if is_present(level.size)]
        keys = self.keys
        return {keys[level.price]: level for level in levels}

    def apply(self, changes: Iterable[PriceChange]) -> tuple[WireChange, ...]:
        """Set the total sizes of some levels; those that changed anything by it.

        Raises:
            CodecError: A price or size is not a number; what came before it is applied.
        """
        keys = self.keys
        applied: tuple[WireChange, ...] = ()
        for change in changes:
            side, price, size = change.side, change.price, change.size
            key = keys[price]
            buys = side == "BUY"
            levels = self._bids if buys else self._asks
            if size == "0" or not is_present(size):
                if levels.pop(key, None) is None:
                    continue
                self._removed(key, buys=buys)
            else:
                held = levels.get(key)
                if held is None:
                    self._added(price, key, buys=buys)
                elif held.size == size:
                    continue
                levels[key] = WireLevel(price, size)
            applied += ((side, price, size),)
        return applied

    def _added(self, price: str, key: int, *, buys: bool) -> None:
        if key % self._tick_key:
            self.off_tick = price
        if buys:
            if self.best_bid_key is None or key > self.best_bid_key:
                self.best_bid_key, self.moved = key, True
        elif self.best_ask_key is None or key < self.best_ask_key:
            self.best_ask_key, self.moved = key, True

    def _removed(self, key: int, *, buys: bool) -> None:
        if buys:
            if key == self.best_bid_key:
                self.best_bid_key, self.moved = max(self._bids, default=None), True
        elif key == self.best_ask_key:
            self.best_ask_key, self.moved = min(self._asks, default=None), True

    @property
    def best_bid(self) -> WireLevel | None:
        """The highest buy level, in constant time."""
        return None if self.best_bid_key is None else self._bids[self.best_bid_key]

    @property
    def best_ask(self) -> WireLevel | None:
        """The lowest sell level, in constant time."""
        return None if self.best_ask_key is None else self._asks[self.best_ask_key]

    @property
    def is_crossed(self) -> bool:
        """Whether somebody seems to buy for no less than somebody sells."""
        bid, ask = self.best_bid_key, self.best_ask_key
        return bid is not None and ask is not None and bid >= ask

    def agrees_with(self, best_bid: str | None, best_ask: str | None) -> bool:
        """Whether the top is what the venue says it is, if it says so, and possible at all.

        The venue writes an empty side as `""`, as a best bid of 0 or as a best ask of 1.

        Raises:
            CodecError: The venue's word is not a price.
        """
        keys, bid, ask = self.keys, self.best_bid_key, self.best_ask_key
        if best_bid is not None and (keys[best_bid] if best_bid else 0) != (bid or 0):
            return False
        if best_ask is not None:
            claimed = keys[best_ask] if best_ask else TOP
            if claimed != (TOP if ask is None else ask):
                return False
        return bid is None or ask is None or bid < ask

    def wire_bids(self) -> tuple[WireLevel, ...]:
        """Buy levels in the order of the wire: prices ascend, the best is last."""
        return _in_order(self._bids, sorted(self._bids))

    def wire_asks(self) -> tuple[WireLevel, ...]:
        """Sell levels in the order of the wire: prices descend, the best is last."""
        return _in_order(self._asks, sorted(self._asks, reverse=True))

    def same_as(self, bids: Iterable[WireLevel], asks: Iterable[WireLevel]) -> bool:
        """Whether these are its levels, however their numbers are written.

        Raises:
            CodecError: A price or size is not a number.
        """
        for own, others in ((self._bids, bids), (self._asks, asks)):
            theirs = self._keyed(others)
            if own != theirs and (
                own.keys() != theirs.keys()
                or any(decimal(own[key].size) != decimal(theirs[key].size) for key in own)
            ):
                return False
        return True

    def best_bids(self, depth: int | None) -> tuple[Level, ...]:
        """The *depth* best buy levels, best first; all of them if None."""
        return _levels(self._bids, nlargest(_count(self._bids, depth), self._bids))

    def best_asks(self, depth: int | None) -> tuple[Level, ...]:
        """The same of sell levels."""
        return _levels(self._asks, nsmallest(_count(self._asks, depth), self._asks))


def _in_order(levels: _Side, keys: list[int]) -> tuple[WireLevel, ...]:
    # So they are right after a snapshot; looking each up would take twice as long.
    if keys == list(levels):
        return tuple(levels.values())
    return tuple(map(levels.__getitem__, keys))


def _count(levels: _Side, depth: int | None) -> int:
    return len(levels) if depth is None else depth


def _levels(levels: _Side, keys: list[int]) -> tuple[Level, ...]:
    best = map(levels.__getitem__, keys)
    return tuple(Level(decimal(level.price), decimal(level.size)) for level in best)
