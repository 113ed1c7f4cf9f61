"""Polymarket's own `polymarket-client`: its asynchronous stream, read as its documentation says.

It keeps no books. Its address is part of an `Environment`, which only its private
`create_environment` makes; nothing else of it is touched.
"""

from __future__ import annotations

import asyncio
import dataclasses

from polymarket import AsyncPublicClient
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.streams import MarketSpec

from common import Job, Meter


async def main() -> None:
    """Do the job."""
    job = Job.load()
    meter = Meter(job)
    config = dataclasses.replace(PRODUCTION_CONFIG, clob_market_ws_url=job.url)
    environment = create_environment(name="benchmark", config=config)
    spec = MarketSpec(asset_ids=job.tokens, custom_feature_enabled=True)
    async with AsyncPublicClient(environment=environment) as client:
        meter.begin()
        events = await client.subscribe(spec)
        async for event in events:
            if meter.took(round(event.payload.timestamp.timestamp() * 1000)):
                break
        meter.end()
        meter.report("polymarket-client", "websockets", "pydantic", dropped=events.dropped)


if __name__ == "__main__":
    asyncio.run(main())
