"""Follow a whole event by its name: the price of each outcome and their sum, until it is settled.

It runs on the built-in exchange, where a market joins the event late and all are settled in the
end, one of them without the announcement.
"""

from __future__ import annotations

import trio

from polymarket_realtime import (
    EventPrices,
    EventTopic,
    MarketCreated,
    MarketResolved,
    Settings,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

LINK = "https://polymarket.com/event/most-seats-in-the-next-general-election"


async def follow(settings: Settings, sandbox: Sandbox) -> None:
    async with open_service(settings) as service:
        (event,) = (await service.look_up([LINK])).groups
        with service.subscribe(EventTopic(event)) as events:
            seen = 0
            async for each in events:
                match each:
                    case EventPrices(outcomes=outcomes, total=total) if total is not None:
                        prices = ", ".join(f"{line.label} {line.price}" for line in outcomes)
                        print(f"{prices}; sum {total}")
                        seen += 1
                        if seen == 3:
                            add_a_market(sandbox, event.slug)
                    case MarketCreated(label=label):
                        print(f"new: {label}")
                        settle_everything(sandbox, event.slug)
                    case MarketResolved(question=question, winning_outcome=winner, source=source):
                        print(f"{winner}: {question} ({source})")
    print("the event is over")


def add_a_market(sandbox: Sandbox, slug: str) -> None:
    sandbox.exchange.create_market(
        "Will the New Party win the most seats in the next general election?",
        event=slug,
        label="New Party",
    )


def settle_everything(sandbox: Sandbox, slug: str) -> None:
    markets = [market for market in sandbox.exchange.markets if market.event.slug == slug]
    for number, market in enumerate(markets):
        # The venue does not announce every settlement; the catalogue tells the others.
        announce = "never" if number == 2 else "once"
        sandbox.exchange.resolve(market.condition_id, 0 if number == 1 else 1, announce=announce)


async def main() -> None:
    async with open_sandbox(SandboxConfig(rate=40, lifecycle=False)) as sandbox:
        settings = Settings(
            market_url=sandbox.market_url,
            gamma_url=sandbox.gamma_url,
            resolution_interval=0.5,
            resolution_interval_maximum=1.0,
        )
        await follow(settings, sandbox)


if __name__ == "__main__":
    trio.run(main)
