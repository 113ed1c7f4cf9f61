"""`polymarket-apis`: its asynchronous WebSocket client, whose address is a public attribute.

By default it parses each message with json and pydantic, and keeps no book. Given a
`LocalOrderBookStore` it parses the text a second time into dictionaries of floats.
"""

from __future__ import annotations

import asyncio
from typing import Any

from polymarket_apis.clients.websockets_client import (
    AsyncPolymarketWebsocketsClient,
    LocalOrderBookStore,
)

from common import Job, Meter


async def main() -> None:
    """Do the job."""
    job = Job.load()
    meter, done = Meter(job), asyncio.Event()

    def subscriber(event: Any) -> None:
        for each in event if isinstance(event, list) else (event,):
            if meter.took(round(each.timestamp.timestamp() * 1000)):
                meter.end()
                done.set()

    client = AsyncPolymarketWebsocketsClient()
    client.url_market = job.url
    store = LocalOrderBookStore() if job.options.get("books") else None
    meter.begin()
    connection = await client.open_market_connection(
        token_ids=job.tokens, process_event=subscriber, local_order_books=store
    )
    ended = asyncio.ensure_future(connection.wait_closed())
    await asyncio.wait(
        [asyncio.ensure_future(done.wait()), ended], return_when=asyncio.FIRST_COMPLETED
    )
    health = connection.health()
    if not done.is_set():
        raise SystemExit(f"the connection ended: {health.last_process_event_error}")
    meter.report("polymarket-apis", "websockets", "pydantic")
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
