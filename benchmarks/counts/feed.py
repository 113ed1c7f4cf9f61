"""The feed that the guard counts: one protocol, one hub and one reader of the stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import trio
from trio.testing import wait_all_tasks_blocked

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.topics import AssetTopic
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime._venue.scratch import SCRATCH_SIZE
from stream import BEGAN, Message, Stream, make_stream

__all__ = ["FEW", "MANY", "READ", "Feed", "make_guard_stream", "reads_of"]

FEW: Final = 1000
"""Messages of the shorter run: enough for tables to be filled and bytecode to be specialised."""

MANY: Final = 4000

READ: Final = SCRATCH_SIZE
"""Bytes of one socket read."""

_CAPACITY: Final = 1 << 20

Payloads = tuple[list[bytes], float]
"""The messages of one read, and when they came."""


def make_guard_stream() -> Stream:
    """The messages of the longer run."""
    return make_stream(MANY)


def reads_of(messages: Sequence[Message], size: int) -> list[Payloads]:
    """Messages as reads of so many bytes bring them, at least one each, at the venue's times."""
    reads: list[Payloads] = []
    left = 0
    for message in messages:
        left -= len(message.text)
        if left < 0:
            left = size - len(message.text)
            reads.append(([], 0.0))
        payloads, _ = reads[-1]
        payloads.append(message.text)
        reads[-1] = payloads, (message.timestamp - BEGAN) / 1000
    return reads


class Feed:
    """One connection that carries all tokens, and one reader of all; the books are open."""

    def __init__(self, stream: Stream, overflow: Overflow) -> None:
        known = Known()
        self.stream = stream
        self.protocol = MarketProtocol(
            known.books,
            frozenset(stream.tokens),
            0.0,
            wall_offset=BEGAN / 1000,
            resolutions=known.resolutions,
            counters=known.counters,
            timing=known.timing,
        )
        self.hub = Hub(known, {})
        topics = [AssetTopic(AssetId(token)) for token in stream.tokens]
        self.reader = self.hub.subscribe(*topics, overflow=overflow, capacity=_CAPACITY)
        for payloads, now in reads_of(stream.opening, READ):
            for event in self.protocol.receive(payloads, now):
                self.hub.publish(event)
        self.delivered = len(self.reader.receive_nowait())

    def events(self, reads: Sequence[Payloads]) -> list[list[Event]]:
        """What the protocol makes of some reads."""
        batches = [self.protocol.receive(payloads, now) for payloads, now in reads]
        changes = [e for batch in batches for e in batch if isinstance(e, StateChanged)]
        if doubts := [change for change in changes if not change.state.in_sync]:
            raise RuntimeError(f"a book is in doubt: {doubts[0].reason}")
        return batches

    async def read(self) -> None:
        """Take all that the reader is told, until the hub ends."""
        while True:
            try:
                self.delivered += len(await self.reader.receive_batch())
            except trio.EndOfChannel:
                return

    async def deliver(self, batches: Sequence[Callable[[], list[Event]]]) -> None:
        """Make batches and bring them to the reader, each as soon as it has the one before.

        Trio chooses by chance which of two tasks runs first, so only one at a time can.
        """
        events_in, events_out = trio.open_memory_channel[list[Event]](1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.hub.run, events_out)
            nursery.start_soon(self.read)
            with events_in:
                for make in batches:
                    await events_in.send(make())
                    await wait_all_tasks_blocked()
