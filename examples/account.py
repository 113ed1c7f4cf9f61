"""Follow one's own orders and trades, and know when that is all there is to know.

Runs on the built-in exchange, whose account trades by itself:  python examples/account.py
"""

import trio

from polymarket_realtime import (
    Credentials,
    Incomplete,
    Interrupted,
    OrderUpdate,
    Reconciled,
    Secret,
    Settings,
    TradeUpdate,
    UserOrderTopic,
    UserTradeTopic,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox


async def follow(settings: Settings, sandbox: Sandbox) -> None:
    """Print what happens to the account until a gap has come and has been filled."""
    gaps = 0
    async with open_service(settings) as service:
        with service.subscribe(UserOrderTopic(), UserTradeTopic()) as events:
            async for event in events:
                if isinstance(event, OrderUpdate):
                    print("order", event.order_id[:10], event.status, event.filled_size)
                elif isinstance(event, TradeUpdate):
                    print("trade", event.trade_id[:8], event.status, event.side, event.size)
                elif isinstance(event, Interrupted | Incomplete):
                    print("something may be missing:", event.reason)
                elif isinstance(event, Reconciled):
                    gaps += 1
                    print("complete:", len(service.account.open_orders()), "open orders")
                    if gaps == 2:
                        return
                    sandbox.faults.cut()


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=40)) as sandbox:
        keys = sandbox.credentials
        settings = Settings(
            market_url=sandbox.market_url,
            user_url=sandbox.user_url,
            clob_url=sandbox.clob_url,
            gamma_url=sandbox.gamma_url,
            address=sandbox.address,
            credentials=Credentials(
                api_key=Secret(keys.api_key),
                secret=Secret(keys.secret),
                passphrase=Secret(keys.passphrase),
            ),
        )
        await follow(settings, sandbox)


trio.run(main)
