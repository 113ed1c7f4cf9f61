"""How many messages a second, and how much CPU each costs.

Every figure stands beside the same work done the obvious way (`naive.py`), measured in turns
within the same run: absolute numbers depend on the machine and its neighbours, ratios much
less. `python benchmarks/run.py [MESSAGES] [ROUNDS]`
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import naive
import trio
from traffic import BEGAN, Traffic

from polymarket_realtime import AssetId, AssetTopic, Overflow, Settings, open_service
from polymarket_realtime._codec.market import decode_market_frames, encode_market_interest
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.market import MarketProtocol

Measured = tuple[float, float]
"""CPU seconds and wall seconds."""


def timed(work: Callable[[], object]) -> Measured:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare(name: str, count: int, rounds: int, *contestants: Callable[[], Measured]) -> None:
    """Run two contestants in turns and print the medians."""
    times: list[list[Measured]] = [[] for _ in contestants]
    for _ in range(rounds):
        for number, contestant in enumerate(contestants):
            times[number].append(contestant())
    (ours, ours_wall), (theirs, theirs_wall) = (
        (statistics.median(cpu for cpu, _ in each), statistics.median(wall for _, wall in each))
        for each in times
    )
    ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in zip(*times, strict=True))
    print(
        f"{name:<12}{ours / count * 1e6:>9.1f} µs {count / ours_wall:>11,.0f} /s"
        f"{theirs / count * 1e6:>9.1f} µs {count / theirs_wall:>11,.0f} /s{ratio:>7.1f} x"
    )


def consume(results: Iterable[object]) -> None:
    """Run through an iterator and keep nothing: what is kept costs the collector's time."""
    deque(results, maxlen=0)


def decode_ours(messages: list[bytes]) -> Measured:
    return timed(lambda: consume(map(decode_market_frames, messages)))


def decode_naively(messages: list[bytes]) -> Measured:
    return timed(lambda: consume(map(naive.decode, messages)))


def book_ours(assets: frozenset[AssetId], messages: list[bytes]) -> Measured:
    protocol = MarketProtocol(BookStore(), assets, 0.0)

    def work() -> None:
        for start in range(0, len(messages), 100):
            protocol.receive(messages[start : start + 100], 0.0)

    measured = timed(work)
    assert protocol.counters.malformed == protocol.counters.resyncs == 0
    return measured


def book_naively(messages: list[bytes]) -> Measured:
    books = naive.Books()
    return timed(lambda: consume(books.apply(naive.decode(message)) for message in messages))


def end_to_end_ours(url: str, assets: frozenset[AssetId], last_ms: int) -> Measured:
    async def work() -> None:
        settings = Settings(market_url=url, assets_per_connection=500)
        topics = [AssetTopic(asset) for asset in sorted(assets)]
        async with open_service(settings) as service:
            with service.subscribe(*topics, overflow=Overflow.RAISE, capacity=1 << 20) as events:
                newest = 0
                while newest < last_ms:
                    batch = await events.receive_batch()
                    newest = getattr(batch[-1], "timestamp_ms", 0)

    return timed(lambda: trio.run(work))


def end_to_end_naively(url: str, assets: frozenset[AssetId], count: int) -> Measured:
    frame = encode_market_interest(sorted(assets))
    return timed(lambda: trio.run(naive.listen, url, frame, count))


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    traffic = Traffic()
    messages = [*traffic.opening(), *traffic.messages(count)]
    assets = frozenset(map(AssetId, traffic.assets))
    total = len(messages)
    size = sum(map(len, messages)) / total
    print(f"{total:,} messages of {size:,.0f} bytes over {len(assets)} tokens, {rounds} rounds")
    print("CPU per message, and messages per second of wall time; medians")
    print(f"{'':<12}{'this package':^27}{'the obvious way':^26}{'ratio':>9}")
    compare(
        "decode", total, rounds, lambda: decode_ours(messages), lambda: decode_naively(messages)
    )
    compare(
        "book", total, rounds, lambda: book_ours(assets, messages), lambda: book_naively(messages)
    )
    server = [sys.executable, str(Path(__file__).with_name("server.py"))]
    with subprocess.Popen(
        [*server, str(count), str(2 * rounds)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = f"ws://127.0.0.1:{int(process.stdout.readline())}/ws/market"
        compare(
            "end to end",
            total,
            rounds,
            lambda: end_to_end_ours(url, assets, BEGAN + count),
            lambda: end_to_end_naively(url, assets, total),
        )


if __name__ == "__main__":
    main()
