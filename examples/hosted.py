"""Run the service as one task of a larger program, with `nursery.start`.

The program gets the service when it is ready and ends it by cancelling its own nursery. It runs
on the built-in exchange.
"""

from __future__ import annotations

import trio

from polymarket_realtime import AssetId, LastTradePrice, Service, Settings, TradeTopic, open_service
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


async def run_feed(
    settings: Settings, *, task_status: trio.TaskStatus[Service] = trio.TASK_STATUS_IGNORED
) -> None:
    async with open_service(settings) as service:
        task_status.started(service)
        await trio.sleep_forever()


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=80)) as sandbox, trio.open_nursery() as nursery:
        settings = Settings(market_url=sandbox.market_url)
        service = await nursery.start(run_feed, settings)
        tokens = [AssetId(market.token_ids[0]) for market in sandbox.exchange.markets]
        trades = 0
        with service.subscribe(*map(TradeTopic, tokens)) as events:
            async for event in events:
                if isinstance(event, LastTradePrice):
                    print(f"{event.side} {event.size} at {event.price}")
                    trades += 1
                if trades == 3:
                    break
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
