"""One order book per market, seen from either of its two tokens.

A bid for one token at *p* is an offer of its complement at 1 - *p*, so a market has one book, kept
in the terms of outcome 0, and both tokens are renderings of it. Inside, prices are integers in
ten-thousandths and sizes integers in millionths: exact, and mirrored by subtraction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

import attrs
import msgspec

Side = Literal["BUY", "SELL"]

ONE = 10_000
"""The price 1, at which a winning share is redeemed."""

SHARE = 1_000_000
"""The size of one share."""

MIN_ORDER_SIZE = "5"

_OPPOSITE: Mapping[Side, Side] = {"BUY": "SELL", "SELL": "BUY"}


def parse_price(text: str) -> int:
    """Integer form of a decimal price strictly between 0 and 1; ValueError for anything else."""
    price = _parse(text, ONE)
    if not 0 < price < ONE:
        raise ValueError(f"{text!r} is not a price between 0 and 1")
    return price


def parse_size(text: str) -> int:
    """Integer form of a positive decimal size; ValueError for anything else."""
    size = _parse(text, SHARE)
    if size <= 0:
        raise ValueError(f"{text!r} is not a positive size")
    return size


def _parse(text: str, unit: int) -> int:
    try:
        value = Decimal(text) * unit
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a decimal number") from None
    if not value.is_finite() or value != int(value):
        raise ValueError(f"{text!r} has more than {len(str(unit)) - 1} decimal places")
    return int(value)


# Remembered, because most levels of a book are the same each time that it is shown.
@lru_cache(maxsize=ONE + 1)
def show_price(price: int) -> str:
    """The venue's spelling: no trailing zeros, `"0"` and `"1"` for the ends."""
    return _show(price, ONE)


@lru_cache(maxsize=65_536)
def show_size(size: int) -> str:
    """The venue's spelling: no trailing zeros, `"0"` for a level that is gone."""
    return _show(size, SHARE)


def _show(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    places = len(str(unit)) - 1
    return f"{whole}.{rest:0{places}}".rstrip("0") if rest else str(whole)


@attrs.frozen
class Change:
    """One level of one token takes a new total size; 0 removes it."""

    outcome: int
    side: Side
    price: int
    size: int

    def mirrored(self) -> Change:
        """The same order, in the terms of the complementary token."""
        return Change(1 - self.outcome, _OPPOSITE[self.side], ONE - self.price, self.size)


@attrs.frozen
class View:
    """One token's side of a book: price to size, in no order; a copy, so free to keep."""

    bids: dict[int, int]
    asks: dict[int, int]

    def side(self, side: Side) -> dict[int, int]:
        """The levels of those who buy, or sell."""
        return self.bids if side == "BUY" else self.asks

    def facing(self, side: Side) -> dict[int, int]:
        """The levels that somebody who buys, or sells, trades with."""
        return self.asks if side == "BUY" else self.bids

    @property
    def best_bid(self) -> int | None:
        """The highest bid; None without any."""
        return max(self.bids, default=None)

    @property
    def best_ask(self) -> int | None:
        """The lowest ask; None without any."""
        return min(self.asks, default=None)

    @property
    def top(self) -> tuple[str, str]:
        """Best bid and best ask; `"0"` and `"1"` for empty sides, as in `price_change`."""
        bid, ask = self.best_bid, self.best_ask
        return show_price(bid or 0), show_price(ONE if ask is None else ask)

    def wire_bids(self) -> list[dict[str, str]]:
        """Ascending: the best bid is last. Source: docs.polymarket.com, Market Channel."""
        return [_level(price, self.bids[price]) for price in sorted(self.bids)]

    def wire_asks(self) -> list[dict[str, str]]:
        """Descending: the best ask is last."""
        return [_level(price, self.asks[price]) for price in sorted(self.asks, reverse=True)]


def _level(price: int, size: int) -> dict[str, str]:
    return {"price": show_price(price), "size": show_size(size)}


@attrs.define(eq=False)
class MarketBook:
    """The book of one market.

    Attributes:
        tick: Smallest price step, in ten-thousandths.
        timestamp: Milliseconds since the epoch of the last change.
        last_trade: Price of the last print on either token, or None.
    """

    tick: int
    timestamp: int
    last_trade: int | None = None
    _bids: dict[int, int] = attrs.field(factory=dict)
    _asks: dict[int, int] = attrs.field(factory=dict)

    def apply(self, change: Change) -> None:
        """Set one level; the caller has made sure that the book does not cross."""
        own = change if change.outcome == 0 else change.mirrored()
        levels = self._bids if own.side == "BUY" else self._asks
        if own.size:
            levels[own.price] = own.size
        else:
            levels.pop(own.price, None)

    def view(self, outcome: int) -> View:
        """The book of one token."""
        if outcome == 0:
            return View(dict(self._bids), dict(self._asks))
        return View(
            {ONE - price: size for price, size in self._asks.items()},
            {ONE - price: size for price, size in self._bids.items()},
        )

    @property
    def middle(self) -> int | None:
        """Halfway between the best prices of outcome 0; None while a side is empty."""
        if not self._bids or not self._asks:
            return None
        return (max(self._bids) + min(self._asks)) // 2

    @property
    def last_trade_price(self) -> str:
        """Three decimals, as the venue writes it; `""` if the market never traded."""
        return "" if self.last_trade is None else f"{Decimal(self.last_trade) / ONE:.3f}"


def digest(
    *,
    market: str,
    asset_id: str,
    timestamp: int,
    view: View,
    tick: int,
    neg_risk: bool,
    last_trade_price: str,
) -> str:
    """The venue's `hash`: SHA-1, in hexadecimal, of one token's book as compact JSON.

    Undocumented; recomputed from frames recorded on 2026-10-04. Key order matters, the hash itself
    is empty, and `timestamp` is that of the event.
    """
    summary = {
        "market": market,
        "asset_id": asset_id,
        "timestamp": str(timestamp),
        "hash": "",
        "bids": view.wire_bids(),
        "asks": view.wire_asks(),
        "min_order_size": MIN_ORDER_SIZE,
        "tick_size": show_price(tick),
        "neg_risk": neg_risk,
        "last_trade_price": last_trade_price,
    }
    return hashlib.sha1(msgspec.json.encode(summary), usedforsecurity=False).hexdigest()
