"""Recordings of the live venue, replayed by the sandbox over a real socket."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from levels_in_words import levels
from polymarket_realtime import (
    AssetId,
    AssetTopic,
    BookDelta,
    BookSnapshot,
    MarketEvent,
    Overflow,
    Settings,
    UnknownEvent,
    open_service,
)
from polymarket_realtime._protocol.book_hash import book_hash
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

STREAM = "nslaughter/stream-no-replay-2026-10-04.jsonl"

# From the venue's REST at the time of the recording; the socket does not tell them.
HASHED_BESIDE_THE_BOOK = {"min_order_size": "5", "neg_risk": True, "last_trade_price": "0.110"}


def recorded(captures: Path, connection: str) -> list[dict]:
    rows = map(json.loads, (captures / STREAM).read_text().splitlines())
    texts = [r["text"] for r in rows if r["conn"] == connection and r["kind"] == "recv"]
    frames = (json.loads(text) for text in texts)
    return [f for frame in frames for f in (frame if isinstance(frame, list) else [frame])]


def assets_of(frames: list[dict]) -> list[AssetId]:
    return [AssetId(frame["asset_id"]) for frame in frames if frame["event_type"] == "book"]


async def replay(captures: Path, connection: str, changes: int) -> tuple[list, dict]:
    """Listen to a recorded connection until `changes` changes have come.

    Returns:
        The events, and the hash of each book right after each of its events.
    """
    assets = assets_of(recorded(captures, connection))
    config = SandboxConfig(replay=captures / STREAM, speed=math.inf, connection=connection)
    events: list = []
    async with open_sandbox(config) as sandbox:
        settings = Settings(
            market_url=sandbox.market_url,
            clob_url=sandbox.clob_url,
            gamma_url=sandbox.gamma_url,
        )
        async with open_service(settings) as service:
            every_event = service.subscribe(*map(AssetTopic, assets), overflow=Overflow.RAISE)
            with every_event as subscription, trio.fail_after(10):
                while service.status().statistics.events_by_type.get("price_change", 0) < changes:
                    events += await subscription.receive_batch()
                status = service.status()
            books = {asset: service.book(asset) for asset in assets}
    assert status.statistics.malformed_frames == 0
    assert status.statistics.unwanted_changes == 0
    assert status.statistics.resyncs == 0
    assert status.statistics.trust.hashes["unequal"] == 0
    assert not any(isinstance(event, UnknownEvent) for event in events)
    return events, books


@pytest.mark.parametrize(("connection", "changes"), [("reference", 9), ("test", 3), ("test-2", 1)])
async def test_every_recorded_frame_is_decoded(captures, connection, changes):
    _, books = await replay(captures, connection, changes)
    assert all(book.in_sync and book.epoch == 1 for book in books.values())
    assert all(book.revision == 1 + changes for book in books.values())


async def test_the_books_kept_from_changes_equal_the_venues_own_next_snapshot(captures):
    """Another connection of the recording was opened later: its dump is what ours must be."""
    reference = recorded(captures, "reference")
    later_dump = {f["asset_id"]: f for f in recorded(captures, "test-2") if "bids" in f}
    frames = [frame for frame in reference if frame["event_type"] == "price_change"]
    upto = max(int(frame["timestamp"]) for frame in later_dump.values())
    before_dump = [frame for frame in frames if int(frame["timestamp"]) <= upto]
    assert len(before_dump) == 8

    events, _ = await replay(captures, "reference", 9)
    for asset_id, dump in later_dump.items():
        bids: dict[str, str] = {}
        asks: dict[str, str] = {}
        for event in events:
            if (
                isinstance(event, MarketEvent)
                and event.asset_id == asset_id
                and event.timestamp_ms <= upto
            ):
                _apply(event, bids, asks)
        assert _sorted(bids) == _sorted(_levels(dump["bids"]))
        assert _sorted(asks) == _sorted(_levels(dump["asks"]))


def _apply(event: object, bids: dict[str, str], asks: dict[str, str]) -> None:
    if isinstance(event, BookSnapshot):
        bids.clear()
        asks.clear()
        bids.update(event.wire_bids)
        asks.update(event.wire_asks)
    elif isinstance(event, BookDelta):
        for side, price, size in event.wire_changes:
            changed = bids if side == "BUY" else asks
            changed[price] = size
            if Decimal(size) == 0:
                del changed[price]


def _levels(rows: list[dict]) -> dict[str, str]:
    return {row["price"]: row["size"] for row in rows}


def _sorted(levels: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(levels.items(), key=lambda level: Decimal(level[0]))


async def test_all_hashes_of_the_recording_are_reproduced(captures):
    """Two opening books, nine changes of two tokens, and two books after the reconnect."""
    equal = 0
    for connection, changes, wanted in (("reference", 9, 20), ("test-2", 1, 2)):
        events, _ = await replay(captures, connection, changes)
        hashes = [*_hashes(events)]
        assert len(hashes) >= wanted
        equal += sum(computed == told for computed, told in hashes[:wanted])
    assert equal == 22


def _hashes(events: list):
    sides: dict[str, tuple[dict, dict]] = {}
    ticks: dict[str, str] = {}
    for event in events:
        if not isinstance(event, BookSnapshot | BookDelta):
            continue
        bids, asks = sides.setdefault(event.asset_id, ({}, {}))
        _apply(event, bids, asks)
        if isinstance(event, BookSnapshot):
            ticks[event.asset_id] = event.wire_tick_size
        computed = book_hash(
            event.market,
            event.asset_id,
            event.timestamp_ms,
            levels(*_sorted(bids)),
            levels(*reversed(_sorted(asks))),
            tick_size=ticks[event.asset_id],
            **HASHED_BESIDE_THE_BOOK,
        )
        yield computed, event.hash
