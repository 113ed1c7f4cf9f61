"""One open connection: the seam between a socket and a protocol that does no I/O."""

from __future__ import annotations

import math

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._protocol.base import PROBE, FeedProtocol
from polymarket_realtime._venue.portions import Portions
from polymarket_realtime._venue.publish import Companion, hand_over, publish
from polymarket_realtime._venue.shard import Shard
from polymarket_realtime._venue.stream import TextStream

__all__ = ["run_connection"]


async def run_connection(
    stream: TextStream,
    protocol: FeedProtocol,
    shard: Shard,
    events_in: trio.MemorySendChannel[list[Event]],
    companion: Companion | None = None,
) -> None:
    """Drive one open connection until it is lost.

    The body reads messages into `protocol` and sends the resulting events, in order and in
    batches, on `events_in`. A second task sends what the protocol queues: subscriptions as the
    shard's interest changes, heartbeats as they fall due. Only that task writes frames; a probe,
    which it starts, waits for its answer in a task of its own.

    Args:
        stream: An open connection. The caller closes it.
        protocol: A fresh protocol; it must not have served another connection.
        shard: What this connection is to carry.
        events_in: Where events go. Waiting here pauses the socket, so its reader is fast.
        companion: Run, as a third task, whenever the protocol finds itself incomplete.

    Raises:
        ExceptionGroup: with `ConnectionLost` or `HeartbeatTimeout`.
    """
    connection = _Connection(stream, protocol, shard, events_in, companion)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.write_frames, nursery, name=f"write {shard.name}")
        await connection.read_messages(nursery)


@attrs.define(eq=False)
class _Connection:
    stream: TextStream
    protocol: FeedProtocol
    shard: Shard
    events_in: trio.MemorySendChannel[list[Event]]
    companion: Companion | None
    accompanied: bool = False
    writer_deadline: float = math.inf

    async def read_messages(self, nursery: trio.Nursery) -> None:
        protocol, shard, portions = self.protocol, self.shard, Portions()
        while True:
            batch = await self.stream.receive_batch()
            now = trio.current_time()
            portions.begin(now)
            for start in range(0, len(batch), portions.size):
                if start:
                    for _ in range(portions.turns):
                        await trio.lowlevel.checkpoint()
                    now = trio.current_time()
                portion = batch[start : start + portions.size]
                events = protocol.receive(portion, now)
                shard.heard(now)
                self._judge()
                portions.worked(len(portion), now, trio.current_time())
                if events:
                    await hand_over(self.events_in, events)
            if self.companion is not None and protocol.incomplete and not self.accompanied:
                self.accompanied = True
                nursery.start_soon(self.accompany, self.companion, name=f"complete {shard.name}")
            self._wake_writer()

    async def accompany(self, companion: Companion) -> None:
        await companion(self.shard.name, self.events_in)
        self.accompanied = False

    async def probe(self) -> None:
        await self.stream.probe()
        now = trio.current_time()
        self.protocol.alive(now)
        self.shard.heard(now)
        self._wake_writer()

    def _judge(self) -> None:
        """Note what the connection has shown so far."""
        if self.protocol.proven:
            self.shard.prove()
        if self.shard.predecessor is not None and self.protocol.covering:
            self.shard.cover()

    def _wake_writer(self) -> None:
        """Have it look, if there is something for it earlier than it knows of."""
        protocol = self.protocol
        if protocol.has_frames() or protocol.next_deadline() < self.writer_deadline:
            self.shard.changed.ring()

    async def write_frames(self, nursery: trio.Nursery) -> None:
        protocol, shard = self.protocol, self.shard
        while True:
            protocol.set_interest(shard.keys, trio.current_time())
            for frame in protocol.frames_to_send():
                if frame == PROBE:
                    nursery.start_soon(self.probe, name=f"probe {shard.name}")
                else:
                    await self.stream.send(frame)
            self.writer_deadline = protocol.next_deadline()
            with trio.move_on_at(self.writer_deadline):
                await shard.changed.wait()
            events = protocol.advance(trio.current_time())
            self._judge()
            if events:
                await publish(self.events_in, events)
