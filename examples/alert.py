"""Wait for one moment instead of reading a stream: a price that moves by a cent within a minute.

A subscription with a condition hands out the moments that meet it, and what says that one may
have been missed. It ends by itself when nothing can meet it any more. This one runs on the
built-in exchange.
"""

from __future__ import annotations

from decimal import Decimal

import trio

from polymarket_realtime import (
    AssetId,
    Condition,
    ConditionMet,
    Gap,
    PriceTopic,
    Settings,
    When,
    open_service,
)
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


async def wait_for_it(settings: Settings, asset_id: AssetId) -> None:
    condition = Condition(when=When.PRICE_MOVES, threshold=Decimal("0.01"), window_seconds=60)
    print(f"waiting: {condition.describe()}")
    async with open_service(settings) as service:
        with service.subscribe(PriceTopic(asset_id), condition=condition) as moments:
            async for event in moments:
                match event:
                    case ConditionMet(before=before, value=price):
                        print(f"from {before} to {price}")
                    case Gap(reason=reason):
                        print(f"a moment may have been missed: {reason}")
    print("over")


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=100)) as sandbox:
        asset_id = AssetId(sandbox.exchange.markets[0].token_ids[0])
        await wait_for_it(Settings(market_url=sandbox.market_url), asset_id)


if __name__ == "__main__":
    trio.run(main)
