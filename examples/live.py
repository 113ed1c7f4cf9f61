"""The trades of everybody and a reference price, through a lost connection.

These feeds replay nothing: a `Gap` says since when something may be missing, unless the venue
keeps enough of the past to fill it, as it does of prices. It runs on the built-in exchange.
"""

from __future__ import annotations

from decimal import Decimal

import trio

from polymarket_realtime import (
    ActivityTopic,
    ActivityTrade,
    Gap,
    Interrupted,
    PriceKind,
    PriceStream,
    ReferencePrice,
    ReferencePriceTopic,
    Settings,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

BITCOIN = PriceStream(PriceKind.CRYPTO, "btcusd")


async def listen(settings: Settings, sandbox: Sandbox) -> None:
    topics = ActivityTopic(minimum_size=Decimal(10)), ReferencePriceTopic(BITCOIN)
    gaps = seen = 0
    async with open_service(settings) as service:
        with service.subscribe(*topics) as events:
            async for event in events:
                match event:
                    case ActivityTrade():
                        print(f"{event.side} {event.size} {event.outcome!r} at {event.price}")
                    case ReferencePrice(backfilled=late):
                        print(f"btcusd {event.price}{' (late)' if late else ''}")
                        seen += 1
                        if seen == 4:
                            sandbox.faults.cut()
                    case Interrupted(connection=name):
                        print(f"lost {name}")
                    case Gap(stream=stream, filled=filled):
                        print(f"{stream}: {'nothing' if filled else 'something'} is missing")
                        gaps += 1
                if gaps == 2:
                    break


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=40, price_interval=0.2)) as sandbox:
        await listen(Settings(rtds_url=sandbox.rtds_url, backoff_initial=0.2), sandbox)


if __name__ == "__main__":
    trio.run(main)
