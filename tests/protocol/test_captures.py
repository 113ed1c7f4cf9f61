"""Frames that the venue has really sent, where somebody has recorded them."""

import json
from collections import Counter
from itertools import groupby

import pytest
from market_talk import states

from polymarket_realtime._codec import frames
from polymarket_realtime._codec.gamma import decode_markets
from polymarket_realtime._codec.market import decode_market_frames
from polymarket_realtime._model import feed
from polymarket_realtime._model.trust import AssetState, Verification
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book_hash import book_hash, book_hash_2024
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.market import MarketProtocol

STREAM = "nslaughter/stream-no-replay-2026-10-04.jsonl"
IDLE = "nslaughter/idle-close-settled-2026-10-04.jsonl"
LOW = "55404192439775628931124671719520886657525387168536821457706619003199189099864"
HIGH = "79358475953126059185096320578578995575874288599466094920037110232928386404141"

# Told by REST at the time: the stream does not say them.
FACTS = {"min_order_size": "5", "neg_risk": True, "last_trade_price": "0.110"}


def rows_of(path, *connections):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in rows if row["conn"] in connections]


def received(path, *connections):
    return [row["text"].encode() for row in rows_of(path, *connections) if row["kind"] == "recv"]


def replay(path, *connections, until=None, **knobs):
    """The books and events of one protocol that hears what one connection heard."""
    books = BookStore()
    protocol = MarketProtocol(books, frozenset({LOW, HIGH}), 0.0, **knobs)
    events = []
    for payload in received(path, *connections)[:until]:
        events += protocol.receive([payload], 0.0)
    return books, events, protocol


def hash_of(book):
    return book_hash(
        book.market,
        book.asset_id,
        book.timestamp_ms,
        book.wire_bids(),
        book.wire_asks(),
        tick_size="0.001",
        **FACTS,
    )


def test_every_frame_of_the_streams_is_of_the_expected_kind(captures):
    kinds = Counter(
        type(frame)
        for name in (STREAM, IDLE)
        for row in rows_of(captures / name, "reference", "test", "test-2", "ping", "no-ping")
        if row["kind"] == "recv"
        for frame, _ in decode_market_frames(row["text"].encode())
    )
    assert kinds == {frames.BookFrame: 6, frames.PriceChangeFrame: 13, frames.TextFrame: 14}


def test_a_settled_market_answers_with_an_empty_array_and_then_only_with_pong(captures):
    first, *rest = received(captures / IDLE, "ping")
    assert first == b"[]\n"
    assert decode_market_frames(first) == []
    assert len(rest) == 14
    assert {frame for payload in rest for frame, _ in decode_market_frames(payload)} == {
        frames.TextFrame("PONG")
    }


@pytest.mark.parametrize(
    ("name", "cls", "facts"),
    [
        (
            "nslaughter/market_resolved-2026-10-04.json",
            frames.MarketResolvedFrame,
            {"winning_outcome": "Down", "timestamp": "1791124648409"},
        ),
        (
            "nautilus-python/price_change.json",
            frames.PriceChangeFrame,
            {"market": "0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917"},
        ),
        (
            "nautilus-python/last_trade_price.json",
            frames.LastTradePriceFrame,
            {"price": "0.491", "size": "85.36", "side": "SELL", "transaction_hash": None},
        ),
        (
            "nautilus-python/tick_size_change.json",
            frames.TickSizeChangeFrame,
            {"old_tick_size": "0.01", "new_tick_size": "0.001"},
        ),
        (
            "nautilus-python/book.json",
            frames.BookFrame,
            {"tick_size": None, "last_trade_price": None},
        ),
        (
            "nautilus-rust/ws_market_new_market_msg.json",
            frames.NewMarketFrame,
            {"outcomes": ("Yes", "No"), "slug": "nvda-above-240-on-january-30-2026"},
        ),
    ],
)
def test_a_single_recorded_frame_is_of_the_expected_kind(captures, name, cls, facts):
    ((frame, _),) = decode_market_frames((captures / name).read_bytes())
    assert type(frame) is cls
    assert {key: getattr(frame, key) for key in facts} == facts


@pytest.mark.parametrize("name", ["order_cancel", "order_placement", "user_trade1", "user_trade2"])
def test_frames_of_other_channels_are_unknown_and_whole(captures, name):
    payload = (captures / f"nautilus-python/{name}.json").read_bytes()
    ((frame, raw),) = decode_market_frames(payload)
    assert isinstance(frame, frames.UnknownFrame)
    assert frame.fields == json.loads(payload)
    assert raw == payload


def test_the_flat_price_change_of_2024_is_one_entry(captures):
    payload = (captures / "nautilus-python/price_change.json").read_bytes()
    ((frame, _),) = decode_market_frames(payload)
    (change,) = frame.price_changes
    assert (change.price, change.size, change.side) == ("0.514", "21574.08", "SELL")


def test_all_22_hashes_of_the_stream_prove_the_books(captures):
    checked = 0
    for connection in ("reference", "test-2"):
        books = BookStore()
        protocol = MarketProtocol(books, frozenset({LOW, HIGH}), 0.0)
        payloads = received(captures / STREAM, connection)
        bursts = groupby(payloads, key=lambda p: decode_market_frames(p)[0][0].timestamp)
        for _, burst in bursts:
            burst = list(burst)
            protocol.receive(burst, 0.0)
            # All frames of one timestamp carry the hash of the book after the last of them.
            for frame, _ in (each for payload in burst for each in decode_market_frames(payload)):
                if isinstance(frame, frames.BookFrame):
                    assert hash_of(books.get(frame.asset_id)) == frame.hash
                    checked += 1
                elif connection == "reference":
                    for change in frame.price_changes:
                        assert hash_of(books.get(change.asset_id)) == change.hash
                        checked += 1
    assert checked == 22


def test_the_hashes_of_the_stream_are_recomputed_without_being_told_anything(captures):
    path, knobs = captures / STREAM, {"verification": Verification.ALWAYS}
    books, events, protocol = replay(path, "reference", **knobs)
    assert set(states(events)) == {AssetState.LIVE}
    counters = protocol.counters
    assert (counters.hashes_unequal, counters.hashes_unknown) == (0, 0)
    assert counters.hashes_equal > 10
    for book in books:
        evidence = book.evidence
        assert evidence.reproducible
        assert (evidence.min_order_size, evidence.neg_risk) == (
            FACTS["min_order_size"],
            FACTS["neg_risk"],
        )
        assert evidence.last_trade == FACTS["last_trade_price"]


def test_the_hash_of_2024_proves_a_book_of_2024(captures):
    payload = (captures / "nautilus-python/book.json").read_bytes()
    ((frame, _),) = decode_market_frames(payload)
    assert book_hash_2024(frame.market, frame.asset_id, frame.bids, frame.asks) == frame.hash


def test_a_book_kept_by_changes_equals_the_dump_of_a_new_connection(captures):
    # Eight changes lie between the opening of `reference` and the opening of `test-2`.
    kept, _, _ = replay(captures / STREAM, "reference", until=9)
    dumped, _, _ = replay(captures / STREAM, "test-2", until=1)
    for asset in (LOW, HIGH):
        assert kept.get(asset).wire_bids() == dumped.get(asset).wire_bids()
        assert kept.get(asset).wire_asks() == dumped.get(asset).wire_asks()
        assert kept.get(asset).timestamp_ms == dumped.get(asset).timestamp_ms
        assert kept.get(asset).hash == dumped.get(asset).hash
        assert len(kept.get(asset).wire_bids()) > 50


def test_the_opening_books_have_the_recorded_tops(captures):
    books, _, _ = replay(captures / STREAM, "reference", until=1)
    assert books.get(LOW).best_bid == WireLevel("0.107", "2360.49")
    assert books.get(LOW).best_ask == WireLevel("0.108", "30")
    assert books.get(HIGH).best_bid == WireLevel("0.892", "30")
    assert books.get(HIGH).best_ask == WireLevel("0.893", "2360.49")


@pytest.mark.parametrize("connection", ["reference", "test", "test-2"])
def test_no_recorded_stream_ever_loses_sync(captures, connection):
    books, events, protocol = replay(captures / STREAM, connection)
    assert states(events) == [AssetState.LIVE] * 2
    assert protocol.advance(4.9) == [], "no burst is left unsettled"
    assert [(book.in_sync, book.epoch) for book in books] == [(True, 1)] * 2
    counters = protocol.counters
    assert (counters.malformed, counters.duplicates, counters.late_changes) == (0, 0, 0)


def test_a_reconnect_misses_changes_and_the_new_dump_is_the_truth(captures):
    books, _, lost = replay(captures / STREAM, "test")
    before = {asset: books.get(asset).hash for asset in (LOW, HIGH)}
    lost.connection_lost(20.0)
    protocol = MarketProtocol(books, frozenset({LOW, HIGH}), 35.0)
    events = []
    for payload in received(captures / STREAM, "test-2"):
        events += protocol.receive([payload], 36.0)
    resynced = [event for event in events if isinstance(event, feed.Resynced)]
    assert [(event.epoch, event.gap_seconds) for event in resynced] == [(2, 16.0)] * 2
    (gap,) = [event for event in events if isinstance(event, feed.Gap)]
    assert (set(gap.asset_ids), gap.gap_seconds) == ({LOW, HIGH}, 36.0)
    kept, _, _ = replay(captures / STREAM, "reference")
    for asset in (LOW, HIGH):
        assert books.get(asset).hash == kept.get(asset).hash != before[asset]


def test_a_recorded_market_of_the_catalogue_has_its_tokens_and_names(captures):
    payload = (captures / "nautilus-rust/gamma_market.json").read_text()
    (market,) = decode_markets(f"[{payload}]".encode())
    assert market.slug == "btc-updown-5m-1773307200"
    assert [outcome.name for outcome in market.outcomes] == ["Up", "Down"]
    assert market.outcomes[0].asset_id.startswith("104239898038807136")
    assert market.closed is False


def test_the_markets_of_a_recorded_event_all_decode(captures):
    (event,) = json.loads((captures / "nautilus-rust/gamma_event.json").read_text())
    markets = decode_markets(json.dumps(event["markets"]).encode())
    assert len(markets) == len(event["markets"]) > 0
    assert all(len(market.outcomes) == 2 for market in markets)
