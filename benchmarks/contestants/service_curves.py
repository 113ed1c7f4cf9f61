"""This service for the cost curves: every change of the tokens that are spoken of, counted by kind.

As `service.py`, with as many connections as the settings make of the tokens, and with
subscriptions beside the reader's that nothing is said to. It tells the venue with a file when it
has all books, ends when all that the venue has sent has arrived, and fails if it has not.
"""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import trio

from common import Job, Meter, memory
from polymarket_realtime import (
    AssetId,
    AssetTopic,
    BestBidAsk,
    BookDelta,
    BookSnapshot,
    LastTradePrice,
    Overflow,
    Service,
    Settings,
    Subscription,
    open_service,
)

KINDS: Final[dict[str, type]] = {
    "price_change": BookDelta,
    "book": BookSnapshot,
    "last_trade_price": LastTradePrice,
    "best_bid_ask": BestBidAsk,
}
"""What becomes of the venue's kinds of messages."""

_CAPACITY: Final = 1 << 21

_OPENING: Final = 60.0
"""Seconds that all subscribing may take, and all opening books."""

_NEVER: Final = 86_400.0

_EXTRA: Final = 0.2
"""Seconds in which something may come that the venue has not sent."""


def topics_of(tokens: Iterable[str]) -> list[AssetTopic]:
    return [AssetTopic(AssetId(token)) for token in tokens]


class Opening:
    """What a subscription has to be told before anything is measured."""

    def __init__(self, events: Subscription) -> None:
        self._events = events
        self._books, self._changes = set(events.asset_ids), set(events.asset_ids)

    async def take_books(self) -> None:
        """Read until there was a book of every token."""
        while self._books:
            await self._take()

    async def take_changes(self) -> None:
        """Read until each book was changed once, which costs more than to change it again."""
        while self._changes:
            await self._take()

    async def _take(self) -> None:
        batch = await self._events.receive_batch()
        self._books.difference_update(e.asset_id for e in batch if isinstance(e, BookSnapshot))
        self._changes.difference_update(e.asset_id for e in batch if isinstance(e, BookDelta))


class Reader:
    """Counts what one subscription is told.

    Attributes:
        counts: Events by class, since the opening.
    """

    def __init__(self, events: Subscription, meter: Meter, *, timed: bool) -> None:
        self.counts: Counter[type] = Counter()
        self._events, self._meter, self._timed = events, meter, timed
        self._newest = 0

    async def read(self) -> None:
        """Take what there is."""
        batch = await self._events.receive_batch()
        self.counts.update(map(type, batch))
        if self._timed:
            now = time.monotonic_ns()
            for event in batch:
                stamp = getattr(event, "timestamp_ms", 0)
                if stamp > self._newest:
                    self._newest = stamp
                    self._meter.receipt(stamp, now)

    async def read_all(self, expected: dict[str, int]) -> None:
        """Take what is expected."""
        total, kinds, counts = sum(expected.values()), list(KINDS.values()), self.counts
        while sum([counts[kind] for kind in kinds]) < total:
            await self.read()

    async def read_until(self, sends: str) -> dict[str, int]:
        """Take everything that comes until the venue says what it has sent; give that."""
        while not Path(sends).exists():  # noqa: ASYNC240 - takes no time worth a thread
            with trio.move_on_after(0.5):
                while True:
                    await self.read()
        sent = json.loads(Path(sends + ".json").read_text())  # noqa: ASYNC240
        expected: dict[str, int] = sent["events"]
        return expected

    def by_kind(self) -> dict[str, int]:
        """What came, by the venue's kinds."""
        return {kind: self.counts[cls] for kind, cls in KINDS.items()}


async def sample(every: float, samples: list[list[float]]) -> None:
    """Note seconds and resident bytes again and again."""
    began = time.monotonic()
    while True:
        samples.append([time.monotonic() - began, memory("status", "VmRSS")])
        await trio.sleep(every)


async def add_silent(service: Service, stack: ExitStack, tokens: list[str], count: int) -> float:
    """So many subscriptions to tokens that nothing is said of; seconds for one.

    The first is to all of them, so that the connections carry the same whatever the count is.
    """
    if not count:
        return 0.0
    began = time.perf_counter()
    topics = topics_of(tokens)
    holder = stack.enter_context(service.subscribe(*topics))
    others = [
        stack.enter_context(service.subscribe(topics[number % len(topics)]))
        for number in range(count - 1)
    ]
    each = (time.perf_counter() - began) / count
    await Opening(holder).take_books()
    for subscription in others:
        subscription.receive_nowait()
    return each


def wrong_with(expected: dict[str, int], came: dict[str, int]) -> str:
    """What was lost, or came too often; empty if nothing."""
    differences = {
        kind: came[kind] - expected.get(kind, 0)
        for kind in came
        if came[kind] != expected.get(kind, 0)
    }
    return f"not what was sent: {differences} of {expected}" if differences else ""


async def follow(job: Job, reader: Reader, samples: list[list[float]]) -> dict[str, int]:
    """Read to the end; what should have come."""
    expected: dict[str, int] | None = job.options["expected"]
    with trio.move_on_after(job.options["patience"]):
        async with trio.open_nursery() as nursery:
            if every := job.options["sample"]:
                nursery.start_soon(sample, every, samples)
            if expected is None:
                expected = await reader.read_until(job.sends)
            await reader.read_all(expected)
            nursery.cancel_scope.cancel()
    return expected or {}


async def measure(job: Job) -> str:
    """Do the job; what is wrong with what came, empty if nothing is."""
    meter, options = Meter(job), job.options
    settings = Settings(
        market_url=job.url,
        clob_url=job.rest,
        gamma_url=job.rest,
        assets_per_connection=options["per_connection"],
        lag_limit=options["lag_limit"],
        # There is no REST to ask about silent tokens, and the venue sends no book a second time.
        silence_minimum=_NEVER,
        silence_maximum=_NEVER,
        first_book_timeout=_OPENING,
    )
    talking = job.tokens[: len(job.tokens) - options["silent"]]
    silent = job.tokens[len(talking) :]
    samples: list[list[float]] = []
    async with open_service(settings) as service:
        meter.begin()
        with ExitStack() as stack:
            topics = topics_of(talking)
            events = service.subscribe(*topics, overflow=Overflow.RAISE, capacity=_CAPACITY)
            stack.enter_context(events)
            with trio.fail_after(_OPENING):
                opening = Opening(events)
                await opening.take_books()
                each = await add_silent(service, stack, silent, options["others"])
                await opening.take_changes()
            gc.collect()
            # In a long run the times would be what memory grows by.
            timed = bool(job.receipts) and not options["sample"]
            reader = Reader(events, meter, timed=timed)
            meter.opened()
            Path(job.sends + ".ready").touch()  # noqa: ASYNC240
            expected = await follow(job, reader, samples)
            meter.end()
            with trio.move_on_after(_EXTRA):
                while True:
                    await reader.read()
            meter.delivered = sum(reader.by_kind().values())
            report(job, meter, service, len(talking), subscribing=each, samples=samples)
    return wrong_with(expected, reader.by_kind())


def report(job: Job, meter: Meter, service: Service, changed: int, **more: Any) -> None:
    """Say what was counted, after what can be collected is collected.

    Args:
        job: What was done.
        meter: What counted it.
        service: What it was done with.
        changed: Books that were changed before, and compared with their hashes at that.
        **more: To be told as well.
    """
    gc.collect()
    # Before the status is made, which is large with many subscriptions.
    resident = memory("status", "VmRSS")
    proportional = memory("smaps_rollup", "Pss")
    status = service.status()
    counts = status.statistics
    meter.report(
        "polymarket-realtime",
        "trio",
        "trio-websocket",
        "msgspec",
        resident=resident,
        proportional=proportional,
        frames=sum(counts.events_by_type.values()) - len(job.tokens),
        connections=len(status.connections["market"].connections),
        reconnects=counts.reconnect_count + counts.connection_errors,
        resyncs=counts.resyncs,
        malformed=counts.malformed_frames,
        late=counts.late_changes,
        dropped=counts.events_dropped,
        hashes_equal=counts.trust.hashes["equal"] - changed,
        hashes_unequal=counts.trust.hashes["unequal"],
        **more,
    )


if __name__ == "__main__":
    if problem := trio.run(measure, Job.load()):
        print(json.dumps({"problem": problem}), flush=True)
