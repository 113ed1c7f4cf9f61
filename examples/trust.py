"""Act on prices only while they are the truth, through a lost connection.

A reader that trades must know when what it shows is old: one line refuses to act on anything but
`live`. What changes that, what may be missing and that all is well again is told in between. It
runs on the built-in exchange, which cuts the connection once.
"""

from __future__ import annotations

import trio

from polymarket_realtime import (
    AssetId,
    AssetState,
    Gap,
    PriceChangeEvent,
    PriceTopic,
    Resynced,
    Settings,
    StateChanged,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox


async def follow(settings: Settings, asset_id: AssetId, sandbox: Sandbox) -> None:
    acted = 0
    async with open_service(settings) as service:
        with service.subscribe(PriceTopic(asset_id)) as events:
            async for event in events:
                match event:
                    case StateChanged(state=state, reason=reason):
                        print(f"{state}: {reason}" if reason else state)
                    case Gap(gap_seconds=seconds, reason=reason):
                        print(f"unknown: {seconds:.2f} s, {reason}")
                    case Resynced(verified_by=proof):
                        print(f"the truth again, by {proof}")
                        break
                    case PriceChangeEvent(state=state, price=price):
                        if state is not AssetState.LIVE:
                            continue
                        print(f"price {price}")
                        acted += 1
                        if acted == 3:
                            sandbox.faults.cut()


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=40)) as sandbox:
        asset_id = AssetId(sandbox.exchange.markets[0].token_ids[0])
        settings = Settings(market_url=sandbox.market_url, backoff_initial=0.2)
        await follow(settings, asset_id, sandbox)


if __name__ == "__main__":
    trio.run(main)
