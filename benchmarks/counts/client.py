"""What the guard measures against: the client that one writes first, in few and plain lines.

It decodes into dicts, keeps a sorted list of prices and a dict of sizes for each side, and makes
one object of each change: the same mixture of compiled decoder, allocation and interpreted Python
as the service's own way, so that another Python moves both alike. It must not be made faster, or
slower: all budgets are relative to it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, Final

import msgspec

__all__ = ["PlainClient"]

_decode: Final = msgspec.json.decode

_MOST_EVENTS: Final = 100
"""Events that are kept before they are thrown away, about as many as one read brings."""


class _Delta:
    __slots__ = ("asset_id", "best_ask", "best_bid", "price", "raw", "side", "size", "timestamp")

    def __init__(
        self,
        asset_id: str,
        price: str,
        size: str,
        side: str,
        best_bid: float | None,
        best_ask: float | None,
        timestamp: int,
        raw: bytes,
    ) -> None:
        self.asset_id = asset_id
        self.price = price
        self.size = size
        self.side = side
        self.best_bid = best_bid
        self.best_ask = best_ask
        self.timestamp = timestamp
        self.raw = raw


class _Side:
    def __init__(self) -> None:
        self.prices: list[float] = []
        self.sizes: dict[float, str] = {}

    def put(self, price: str, size: str) -> None:
        key = float(price)
        if size == "0":
            if self.sizes.pop(key, None) is not None:
                del self.prices[bisect_left(self.prices, key)]
            return
        if key not in self.sizes:
            insort(self.prices, key)
        self.sizes[key] = size


class _Book:
    def __init__(self, asset_id: str) -> None:
        self.asset_id = asset_id
        self.bids, self.asks = _Side(), _Side()
        self.timestamp = 0

    def change(self, change: dict[str, str], timestamp: int, raw: bytes) -> _Delta:
        price, size, side = change["price"], change["size"], change["side"]
        (self.bids if side == "BUY" else self.asks).put(price, size)
        self.timestamp = timestamp
        bids, asks = self.bids.prices, self.asks.prices
        best_bid, best_ask = bids[-1] if bids else None, asks[0] if asks else None
        return _Delta(self.asset_id, price, size, side, best_bid, best_ask, timestamp, raw)


class PlainClient:
    """Keeps books, and has an object for each change of them."""

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._events: list[_Delta] = []

    def receive(self, payloads: Sequence[bytes]) -> None:
        """Take messages in order."""
        for payload in payloads:
            self._take(_decode(payload), payload)
            if len(self._events) >= _MOST_EVENTS:
                self._events.clear()

    def _take(self, said: dict[str, Any], raw: bytes) -> None:
        kind = said["event_type"]
        if kind == "price_change":
            timestamp = int(said["timestamp"])
            for change in said["price_changes"]:
                book = self._book(change["asset_id"])
                self._events.append(book.change(change, timestamp, raw))
        elif kind == "book":
            self._replace(said)

    def _book(self, asset_id: str) -> _Book:
        book = self._books.get(asset_id)
        if book is None:
            book = self._books[asset_id] = _Book(asset_id)
        return book

    def _replace(self, said: dict[str, Any]) -> None:
        book = self._books[said["asset_id"]] = _Book(said["asset_id"])
        for level in said["bids"]:
            book.bids.put(level["price"], level["size"])
        for level in said["asks"]:
            book.asks.put(level["price"], level["size"])
