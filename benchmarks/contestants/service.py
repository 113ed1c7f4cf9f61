"""This service, end to end: books kept, checks on, every default but two.

One connection carries all tokens, as it does for every other contestant (the default is 200 a
connection), and REST is an address that refuses connections. The subscriber of `"raise"` is told
every single change; that of `"conflate"` is the default, which replaces what it had no time for.
"""

from __future__ import annotations

import time

import trio

from common import Job, Meter
from polymarket_realtime import (
    AssetId,
    AssetTopic,
    BookSnapshot,
    Overflow,
    Service,
    Settings,
    Subscription,
    open_service,
)


async def take_opening(events: Subscription) -> int:
    """Read until there was a book of every token; how many events came."""
    missing, delivered = set(events.asset_ids), 0
    while missing:
        batch = await events.receive_batch()
        delivered += len(batch)
        missing.difference_update(e.asset_id for e in batch if isinstance(e, BookSnapshot))
    return delivered


async def count(job: Job, meter: Meter, events: Subscription) -> int:
    """Read to the end without looking at each event; how many came."""
    delivered = await take_opening(events)
    meter.opened()
    newest = 0
    while newest < job.last:
        batch = await events.receive_batch()
        delivered += len(batch)
        newest = getattr(batch[-1], "timestamp_ms", 0)
    return delivered


async def time_each(job: Job, meter: Meter, events: Subscription) -> int:
    """The same with the time at which each message was handed out."""
    delivered, newest, missing = 0, 0, set(events.asset_ids)
    while newest < job.last:
        batch = await events.receive_batch()
        now = time.monotonic_ns()
        delivered += len(batch)
        for event in batch:
            newest = getattr(event, "timestamp_ms", 0)
            if newest:
                meter.receipt(newest, now)
            if missing and isinstance(event, BookSnapshot):
                missing.discard(event.asset_id)
                if not missing:
                    meter.opened()
    return delivered


def trust(service: Service) -> dict[str, int]:
    """Counts of what was wrong with the stream, and of the hashes that were recomputed."""
    statistics = service.status().statistics
    return {
        "resyncs": statistics.resyncs,
        "malformed": statistics.malformed_frames,
        "late": statistics.late_changes,
        "dropped": statistics.events_dropped,
        "conflated": statistics.events_conflated,
        "hashes_equal": statistics.trust.hashes["equal"],
        "hashes_unequal": statistics.trust.hashes["unequal"],
    }


async def main() -> None:
    """Do the job."""
    job = Job.load()
    meter = Meter(job)
    settings = Settings(
        market_url=job.url, clob_url=job.rest, gamma_url=job.rest, assets_per_connection=500
    )
    topics = [AssetTopic(AssetId(token)) for token in job.tokens]
    overflow = Overflow(job.options.get("overflow", "conflate"))
    capacity = 1 << 20 if overflow is Overflow.RAISE else None
    async with open_service(settings) as service:
        meter.begin()
        with service.subscribe(*topics, overflow=overflow, capacity=capacity) as events:
            read = time_each if job.receipts else count
            meter.delivered = await read(job, meter, events)
            meter.end()
            meter.report(
                "polymarket-realtime", "trio", "trio-websocket", "msgspec", **trust(service)
            )


if __name__ == "__main__":
    trio.run(main)
