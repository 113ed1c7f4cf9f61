"""Act on prices only while they are the truth, through a lost connection.

A reader that trades must know when what it shows is old: it keeps each price that comes, and acts
on none between `Interrupted` (or `OutOfSync`) and `Resynced`. It runs on the built-in exchange,
which cuts the connection once.
"""

from __future__ import annotations

import trio

from polymarket_realtime import (
    AssetId,
    Interrupted,
    OutOfSync,
    PriceChangeEvent,
    PriceTopic,
    Resynced,
    Settings,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox


async def follow(settings: Settings, asset_id: AssetId, sandbox: Sandbox) -> None:
    trusted, price, seen = True, None, 0
    async with open_service(settings) as service:
        with service.subscribe(PriceTopic(asset_id)) as events:
            async for event in events:
                match event:
                    case Interrupted(reason=reason) | OutOfSync(reason=reason):
                        trusted = False
                        print(f"do not trust: {reason}")
                    case Resynced(gap_seconds=gap):
                        trusted = True
                        print(f"the truth again after {gap:.2f} s, price {price}")
                        break
                    case PriceChangeEvent():
                        price = event.price
                        if trusted:
                            print(f"price {price}")
                            seen += 1
                            if seen == 3:
                                sandbox.faults.cut()


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=40)) as sandbox:
        asset_id = AssetId(sandbox.exchange.markets[0].token_ids[0])
        settings = Settings(market_url=sandbox.market_url, backoff_initial=0.2)
        await follow(settings, asset_id, sandbox)


if __name__ == "__main__":
    trio.run(main)
