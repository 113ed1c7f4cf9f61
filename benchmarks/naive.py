"""The client that one writes first: the yardstick of the ratios.

trio-websocket as it comes, the standard library's JSON, cattrs with `Decimal` and `datetime`
into attrs classes, and a dictionary of levels.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import cattrs
from trio_websocket import open_websocket_url


@attrs.frozen
class Level:
    price: Decimal
    size: Decimal


@attrs.frozen
class Book:
    asset_id: str
    timestamp: datetime
    bids: list[Level]
    asks: list[Level]


@attrs.frozen
class Change:
    asset_id: str
    price: Decimal
    size: Decimal
    side: str
    best_bid: Decimal
    best_ask: Decimal


@attrs.frozen
class PriceChange:
    market: str
    timestamp: datetime
    price_changes: list[Change]


@attrs.frozen
class Trade:
    asset_id: str
    timestamp: datetime
    price: Decimal
    size: Decimal
    side: str


@attrs.frozen
class Hint:
    asset_id: str
    timestamp: datetime
    best_bid: Decimal
    best_ask: Decimal


KINDS = {
    "book": Book,
    "price_change": PriceChange,
    "last_trade_price": Trade,
    "best_bid_ask": Hint,
}

converter = cattrs.Converter()
converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
converter.register_structure_hook(
    datetime, lambda value, _: datetime.fromtimestamp(int(value) / 1000, UTC)
)


def decode(payload: bytes | str) -> object:
    """One message."""
    fields = json.loads(payload)
    return converter.structure(fields, KINDS[fields["event_type"]])


class Books:
    """Levels by asset and side."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], dict[Decimal, Decimal]] = {}

    def apply(self, event: object) -> None:
        """Take one event in."""
        if isinstance(event, Book):
            self.levels[event.asset_id, "BUY"] = {x.price: x.size for x in event.bids}
            self.levels[event.asset_id, "SELL"] = {x.price: x.size for x in event.asks}
        elif isinstance(event, PriceChange):
            for change in event.price_changes:
                levels = self.levels[change.asset_id, change.side]
                if change.size:
                    levels[change.price] = change.size
                else:
                    levels.pop(change.price, None)


async def listen(url: str, first_frame: str, count: int) -> int:
    """Read `count` messages into books; how many were read."""
    books, read = Books(), 0
    async with open_websocket_url(url, max_message_size=1 << 25) as websocket:
        await websocket.send_message(first_frame)
        while read < count:
            books.apply(decode(await websocket.get_message()))
            read += 1
    return read
