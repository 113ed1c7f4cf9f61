"""The client that one writes first, on Trio: libraries as they come.

trio-websocket, the standard library's JSON, cattrs with `Decimal` and `datetime` into attrs
classes, and a dictionary of levels. Books are kept, nothing is checked.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import cattrs
import trio
from trio_websocket import open_websocket_url

from common import Job, Meter


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


Event = Book | PriceChange | Trade | Hint

KINDS: dict[str, type[Event]] = {
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


def decode(payload: bytes | str) -> list[Event]:
    """The events of one frame."""
    data = json.loads(payload)
    fields = data if isinstance(data, list) else [data]
    return [converter.structure(each, KINDS[each["event_type"]]) for each in fields]


class Books:
    """Levels by asset and side."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], dict[Decimal, Decimal]] = {}

    def apply(self, event: Event) -> None:
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


async def listen(job: Job, meter: Meter, subscriber: Callable[[Event], bool]) -> None:
    """Read into books, and hand each event to the subscriber until it has enough."""
    books = Books()
    context = ssl.create_default_context(cafile=job.ca) if job.ca else None
    meter.begin()
    async with open_websocket_url(job.url, context, max_message_size=1 << 25) as websocket:
        await websocket.send_message(job.subscription)
        while True:
            for event in decode(await websocket.get_message()):
                books.apply(event)
                if subscriber(event):
                    return


async def main() -> None:
    """Do the job."""
    job = Job.load()
    meter = Meter(job)

    def subscriber(event: Event) -> bool:
        enough = meter.took(round(event.timestamp.timestamp() * 1000))
        if enough:
            meter.end()
        return enough

    await listen(job, meter, subscriber)
    meter.report("trio", "trio-websocket", "wsproto", "cattrs")


if __name__ == "__main__":
    trio.run(main)
