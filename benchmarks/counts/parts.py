"""What the guard counts: each part of the way of a message, with the stream of the benchmarks.

`counting.py` starts this under valgrind. Here the books are opened once; then each part is
run in a process that is forked from this one, with few messages and with many. So every part
begins with the same memory, none is in the way of another, and whatever is not proportional to
the messages is the same in both runs. Prints a line for each: process, messages, part.

Only what is meant to last is used of the service: `receive` of a protocol, `run` of the hub,
`receive_batch` of a subscription, `decode_market_frames`, and the connection that cuts frames.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from counts.client import PlainClient
from counts.feed import FEW, MANY, READ, Feed, make_guard_stream, reads_of
from polymarket_realtime._codec.market import decode_market_frames
from polymarket_realtime._hub.mailbox import Overflow
from polymarket_realtime._model.events import Event
from polymarket_realtime._venue.frames import BatchConnection
from stream import Message

Work = Callable[[], object]
Plan = Callable[[Feed, Sequence[Message]], Work]
"""Prepares some messages, and gives what is to be counted."""


def plan_reference(_feed: Feed, messages: Sequence[Message]) -> Work:
    return partial(PlainClient().receive, [message.text for message in messages])


def plan_frames(_feed: Feed, messages: Sequence[Message]) -> Work:
    wire = b"".join(_frame(message.text) for message in messages)
    reads = [wire[start : start + READ] for start in range(0, len(wire), READ)]
    connection = BatchConnection(max_message_size=1 << 20)
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(connection.send(Request(host="venue.test", target="/ws")))
    list(server.events())
    connection.receive_data(server.send(AcceptConnection()))
    list(connection.events())

    def cut() -> None:
        for data in reads:
            connection.receive_data(data)
            connection.take_messages()

    return cut


def _frame(text: bytes) -> bytes:
    """A whole text frame of a server. RFC 6455, 5.2."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    width, marker = (2, 126) if size < 65_536 else (8, 127)
    return bytes((0x81, marker)) + size.to_bytes(width, "big") + text


def plan_decode(_feed: Feed, messages: Sequence[Message]) -> Work:
    payloads = [message.text for message in messages]

    def decode() -> None:
        for payload in payloads:
            decode_market_frames(payload)

    return decode


def plan_protocol(feed: Feed, messages: Sequence[Message], *, read: int = READ) -> Work:
    reads = reads_of(messages, read)

    def receive() -> None:
        for payloads, now in reads:
            feed.protocol.receive(payloads, now)

    return receive


def plan_hub(feed: Feed, messages: Sequence[Message]) -> Work:
    # All are made in the run with few as well: what it costs is then the same in both.
    batches = feed.events(reads_of(feed.stream.messages, READ))
    some = batches[: len(reads_of(messages, READ))]
    return partial(trio.run, feed.deliver, [partial(_same, batch) for batch in some])


def _same(batch: list[Event]) -> list[Event]:
    return batch


def plan_whole(feed: Feed, messages: Sequence[Message], *, read: int = READ) -> Work:
    receive = feed.protocol.receive
    batches = [partial(receive, payloads, now) for payloads, now in reads_of(messages, read)]
    return partial(trio.run, feed.deliver, batches)


PARTS: Final[Mapping[str, tuple[Overflow, Plan]]] = {
    "reference": (Overflow.RAISE, plan_reference),
    "frames": (Overflow.RAISE, plan_frames),
    "decode": (Overflow.RAISE, plan_decode),
    "protocol": (Overflow.RAISE, plan_protocol),
    "protocol, one by one": (Overflow.RAISE, partial(plan_protocol, read=0)),
    "hub": (Overflow.RAISE, plan_hub),
    "hub, conflating": (Overflow.CONFLATE, plan_hub),
    "whole": (Overflow.RAISE, plan_whole),
    "whole, one by one": (Overflow.RAISE, partial(plan_whole, read=0)),
}
"""By name, what the reader asks for and what is run."""


def run_forked(plan: Callable[[], Work]) -> int:
    """Plan and run a part in a process of its own, and wait for it; which one it was.

    Raises:
        RuntimeError: It has failed.
    """
    if (process := os.fork()) == 0:
        try:
            work = plan()
            # What was prepared is not looked through again by collections during the run.
            gc.collect()
            gc.freeze()
            work()
        except BaseException:  # noqa: BLE001  # told here, since nothing may leave the fork
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError(f"a counted process has failed with status {status}")
    return process


def main() -> None:
    stream = make_guard_stream()
    feeds = {overflow: Feed(stream, overflow) for overflow, _ in PARTS.values()}
    for name, (overflow, plan) in PARTS.items():
        for count in (FEW, MANY):
            some = partial(plan, feeds[overflow], stream.messages[:count])
            print(run_forked(some), count, name, sep="\t", flush=True)


if __name__ == "__main__":
    main()
