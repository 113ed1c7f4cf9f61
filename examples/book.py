"""Print the top of one order book whenever it changes.

With a token id as its argument it listens to the live venue; without one, to the built-in
exchange, for ten changes.
"""

from __future__ import annotations

import sys

import trio

from polymarket_realtime import AssetId, BookTopic, OrderbookUpdate, Settings, open_service
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


async def print_book(settings: Settings, asset_id: AssetId, most: float = float("inf")) -> None:
    seen = 0
    async with open_service(settings) as service:
        with service.subscribe(BookTopic(asset_id, depth=1)) as events:
            async for event in events:
                if isinstance(event, OrderbookUpdate):
                    print(f"{event.timestamp:%H:%M:%S} bid {event.best_bid} ask {event.best_ask}")
                    seen += 1
                if seen >= most:
                    break


async def main() -> None:
    if len(sys.argv) > 1:
        await print_book(Settings(), AssetId(sys.argv[1]))
        return
    async with open_sandbox(SandboxConfig(rate=40)) as sandbox:
        settings = Settings(market_url=sandbox.market_url)
        await print_book(settings, AssetId(sandbox.exchange.markets[0].token_ids[0]), most=10)


if __name__ == "__main__":
    trio.run(main)
