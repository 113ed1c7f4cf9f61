"""After everything that can go wrong, the books are those of the exchange."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio

from polymarket_realtime import (
    AssetId,
    BookDelta,
    BookSnapshot,
    DeltaTopic,
    Event,
    Overflow,
    Settings,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

Sides = dict[str, dict[Decimal, Decimal]]


class OwnBooks:
    """What a reader of changes keeps for itself."""

    def __init__(self) -> None:
        self.books: dict[str, Sides] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, BookSnapshot):
            self.books[event.asset_id] = {"BUY": dict(event.bids), "SELL": dict(event.asks)}
        elif isinstance(event, BookDelta):
            for side, price, size in event.changes:
                levels = self.books[event.asset_id][side]
                levels[price] = size
                if not size:
                    del levels[price]


def on_the_exchange(sandbox: Sandbox, asset_id: str) -> Sides:
    book = sandbox.exchange.book(asset_id)
    assert book is not None
    return {
        side: {Decimal(level["price"]): Decimal(level["size"]) for level in book[levels]}
        for side, levels in (("BUY", "bids"), ("SELL", "asks"))
    }


@pytest.mark.parametrize("overflow", [Overflow.CONFLATE, Overflow.DROP_OLDEST])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_books_equal_those_of_the_exchange_after_cuts_and_tick_changes(seed, overflow):
    own = OwnBooks()
    async with open_sandbox(SandboxConfig(rate=0, seed=seed, lifecycle=False)) as sandbox:
        markets = sandbox.exchange.markets
        assets = [AssetId(token) for market in markets for token in market.token_ids]
        settings = Settings(market_url=sandbox.market_url, backoff_initial=0.02)
        async with open_service(settings) as service:
            with service.subscribe(
                *map(DeltaTopic, assets), overflow=overflow, capacity=100_000
            ) as events:
                await service.wait_connected()
                for step in range(600):
                    sandbox.exchange.step()
                    if step % 150 == 149:
                        sandbox.faults.cut()
                    if step == 400:
                        sandbox.exchange.change_tick(markets[0].condition_id, "0.001")
                    if step % 5 == 0:
                        await trio.lowlevel.checkpoint()
                        for event in events.receive_nowait():
                            own.take(event)
                with trio.fail_after(10):
                    while any(own.books.get(a) != on_the_exchange(sandbox, a) for a in assets):
                        for event in await events.receive_batch():
                            own.take(event)
                held = {asset: service.book(asset) for asset in assets}
            statistics = service.status().statistics
    assert all(book.in_sync for book in held.values())
    assert {a: {"BUY": dict(b.bids), "SELL": dict(b.asks)} for a, b in held.items()} == own.books
    assert statistics.reconnect_count >= 1
    assert statistics.malformed_frames == 0
