"""`WebSocketManager`: subscriptions by id, with callbacks.

For programs that were written against the Polymarket MCP server that came before. It runs on the
built-in exchange.
"""

from __future__ import annotations

from typing import Any

import trio

from polymarket_realtime import EventType, Settings, open_websocket_manager
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


async def main() -> None:
    enough = trio.Event()
    seen = 0

    async def on_event(data: dict[str, Any]) -> None:
        nonlocal seen
        print(data["type"], data.get("price", ""))
        seen += 1
        if seen == 5:
            enough.set()

    async with open_sandbox(SandboxConfig(rate=40)) as sandbox:
        settings = Settings(market_url=sandbox.market_url, gamma_url=sandbox.gamma_url)
        market = sandbox.exchange.markets[0]
        async with open_websocket_manager(settings, notification_callback=on_event) as manager:
            subscription_id = await manager.subscribe(
                EventType.PRICE_CHANGE, market_ids=[market.condition_id]
            )
            await manager.start_background_task()
            await enough.wait()
            print("connected:", manager.get_status()["connections"]["clob"]["connected"])
            print("unsubscribed:", await manager.unsubscribe(subscription_id))


if __name__ == "__main__":
    trio.run(main)
