"""Order books, kept by the venue's rules.

A `book` frame replaces everything; a change sets the absolute size of one level, and 0 removes
it. There are no sequence numbers on this wire and nothing is replayed: after a gap only the
next snapshot is the truth. Source: docs.polymarket.com, "Market Channel"; behaviour measured
2026-10-04.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from typing import Final

import attrs

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.market import BookSnapshot, OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._model.values import (
    Level,
    Side,
    WireLevel,
    decimal,
    optional_decimal,
)
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime.errors import CodecError

__all__ = ["Book"]

_Levels = dict[int, WireLevel]
_NO_MARKET: Final = ConditionId("")


@attrs.define(eq=False)
class Book:
    """What is known of one asset: its levels, and whether they are the truth.

    One protocol writes it; anybody in the same thread may read it between two checkpoints.

    Attributes:
        epoch: Number of the current gapless run, from 1; 0 before the first snapshot.
        revision: Grows by one with each change, over all epochs.
        timestamp_ms: The last change, by the venue's clock.
        snapshot_ms: The `timestamp` of the snapshot that the levels are built on.
        reason: Why it is out of sync; None while it is in sync.
        out_of_sync_since: Seconds since the epoch; None while in sync, and before the first
            snapshot until its absence was told.
        received: When it last changed here, in seconds since the epoch.
        last_trade_price: Of this token, since we listen.
        price: The latest displayed price, once there is one.
        quoted: Best bid key, best ask key and last trade that `price` was made of.
        names: Where its token's name will be, once the catalogue has said it.
    """

    asset_id: AssetId
    keys: PriceKeys = attrs.field(repr=False)
    market: ConditionId = _NO_MARKET
    tick_size: str | None = None
    hash: str | None = None
    epoch: int = 0
    revision: int = 0
    timestamp_ms: int = 0
    snapshot_ms: int = 0
    received: float = 0.0
    reason: str | None = "no snapshot yet"
    out_of_sync_since: float | None = None
    last_trade_price: str | None = None
    price: PriceChangeEvent | None = attrs.field(default=None, repr=False)
    quoted: tuple[int | None, int | None, str | None] | None = None
    names: Names = attrs.field(factory=Names, repr=False)
    _about: AssetName | None = attrs.field(default=None, init=False, repr=False)
    best_bid_key: int | None = attrs.field(default=None, init=False)
    best_ask_key: int | None = attrs.field(default=None, init=False)
    _bids: _Levels = attrs.field(factory=dict, init=False, repr=False)
    _asks: _Levels = attrs.field(factory=dict, init=False, repr=False)

    @property
    def about(self) -> AssetName | None:
        """What its token is called; None until that is known."""
        if self._about is None:
            self._about = self.names.get(self.asset_id)
        return self._about

    @property
    def in_sync(self) -> bool:
        """Whether the levels are the truth."""
        return self.reason is None

    def mark_out_of_sync(self, reason: str, wall: float) -> bool:
        """Say that the levels must not be trusted; whether that is news."""
        if self.reason is not None:
            return False
        self.reason = reason
        self.out_of_sync_since = wall
        return True

    def replace(self, bids: Iterable[WireLevel], asks: Iterable[WireLevel]) -> None:
        """Take a snapshot's levels in place of all others.

        Raises:
            CodecError: A price or size is not a number; the book is left as it was.
        """
        new_bids, new_asks = self._keyed(bids), self._keyed(asks)
        self._bids, self._asks = new_bids, new_asks
        self.best_bid_key = max(new_bids, default=None)
        self.best_ask_key = min(new_asks, default=None)

    def _keyed(self, levels: Iterable[WireLevel]) -> _Levels:
        levels = list(levels)
        if not _are_usual([size for _, size in levels]):
            levels = [level for level in levels if _is_present(level[1])]
        keys = self.keys
        return {keys[level[0]]: level for level in levels}

    def set_level(self, side: Side, price: str, size: str) -> bool:
        """Set the total size of one level; whether anything changed by it.

        Raises:
            CodecError: The price or the size is not a number.
        """
        key = self.keys[price]
        levels = self._bids if side == "BUY" else self._asks
        if not _is_present(size):
            if levels.pop(key, None) is None:
                return False
            self._level_removed(side, key)
            return True
        held = levels.get(key)
        if held is not None and held[1] == size:
            return False
        levels[key] = (price, size)
        if side == "BUY":
            if self.best_bid_key is None or key > self.best_bid_key:
                self.best_bid_key = key
        elif self.best_ask_key is None or key < self.best_ask_key:
            self.best_ask_key = key
        return True

    def _level_removed(self, side: Side, key: int) -> None:
        if side == "BUY":
            if key == self.best_bid_key:
                self.best_bid_key = max(self._bids, default=None)
        elif key == self.best_ask_key:
            self.best_ask_key = min(self._asks, default=None)

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
        keys = self.keys
        if best_bid is not None:
            claimed = keys[best_bid] if best_bid else 0
            if claimed != (self.best_bid_key or 0):
                return False
        if best_ask is not None:
            top = keys["1"]
            claimed = keys[best_ask] if best_ask else top
            if claimed != (top if self.best_ask_key is None else self.best_ask_key):
                return False
        return not self.is_crossed

    def wire_bids(self) -> tuple[WireLevel, ...]:
        """Buy levels in the order of the wire: prices ascend, the best is last."""
        return _in_order(self._bids, sorted(self._bids))

    def wire_asks(self) -> tuple[WireLevel, ...]:
        """Sell levels in the order of the wire: prices descend, the best is last."""
        return _in_order(self._asks, sorted(self._asks, reverse=True))

    def snapshot(self, raw: bytes = b"") -> BookSnapshot:
        """The whole book as an event."""
        return BookSnapshot(
            received=self.received,
            raw=raw,
            asset_id=self.asset_id,
            market=self.market,
            timestamp_ms=self.timestamp_ms,
            epoch=self.epoch,
            revision=self.revision,
            about=self.about,
            wire_bids=self.wire_bids(),
            wire_asks=self.wire_asks(),
            wire_tick_size=self.tick_size,
            hash=self.hash,
        )

    def view(self, depth: int | None = None) -> OrderbookUpdate:
        """The `depth` best levels of each side, best first; all of them if None."""
        return OrderbookUpdate(
            received=self.received,
            asset_id=self.asset_id,
            market=self.market,
            timestamp_ms=self.timestamp_ms,
            epoch=self.epoch,
            revision=self.revision,
            about=self.about,
            bids=_levels(self._bids, nlargest(_count(self._bids, depth), self._bids)),
            asks=_levels(self._asks, nsmallest(_count(self._asks, depth), self._asks)),
            tick_size=optional_decimal(self.tick_size),
            in_sync=self.in_sync,
        )


def _in_order(levels: _Levels, keys: list[int]) -> tuple[WireLevel, ...]:
    # So they are right after a snapshot; looking each up would take twice as long.
    if keys == list(levels):
        return tuple(levels.values())
    return tuple(map(levels.__getitem__, keys))


def _count(levels: _Levels, depth: int | None) -> int:
    return len(levels) if depth is None else depth


def _levels(levels: _Levels, keys: list[int]) -> tuple[Level, ...]:
    return tuple(Level(decimal(levels[key][0]), decimal(levels[key][1])) for key in keys)


_usual_sizes: Final = re.compile(r"(?:(?:[1-9][0-9]*+\.?+|0\.0*+[1-9])[0-9]*+ )*+").fullmatch


def _are_usual(sizes: list[str]) -> bool:
    """Whether all are numbers above zero in the venue's spelling. If not, look at each.

    One match for a whole side of a book takes two fifths of the time of `_is_present` for each.
    """
    text = " ".join(sizes) + " "
    return text.count(" ") == len(sizes) and _usual_sizes(text) is not None


def _is_present(size: str) -> bool:
    """Whether a size is more than zero: plain digits with at most one point.

    Building a `Decimal` would cost three times as much.
    """
    if not (size.isascii() and size.replace(".", "", 1).isdecimal()):
        raise CodecError("size", f"{size[:40]!r} is not a number of shares")
    return size.strip("0.") != ""
