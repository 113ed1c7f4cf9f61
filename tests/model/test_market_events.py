from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from polymarket_realtime._model import feed, lifecycle, market
from polymarket_realtime._model.events import Event, EventType, UnknownEvent
from polymarket_realtime._model.values import Level, LevelChange, Side, WireLevel

YES, NO = "1" * 77, "2" * 77
MARKET = "0x" + "c0" * 32
HEAD = {"received": 1_700_000_001.5, "asset_id": YES, "market": MARKET}
NUMBERS = {"timestamp_ms": 1_700_000_000_000, "epoch": 1, "revision": 7}


def make_snapshot(**fields):
    levels = {
        "wire_bids": (WireLevel("0.1", "5"), WireLevel("0.20", "7")),
        "wire_asks": (WireLevel("0.9", "3"), WireLevel("0.8", "1")),
    }
    return market.BookSnapshot(**HEAD, **NUMBERS, **{**levels, **fields})


def make_view(bids, asks):
    return market.OrderbookUpdate(
        **HEAD,
        **NUMBERS,
        bids=tuple(Level(Decimal(p), Decimal(s)) for p, s in bids),
        asks=tuple(Level(Decimal(p), Decimal(s)) for p, s in asks),
    )


KINDS = [
    cls
    for module in (feed, market)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Event) and "type" in vars(cls)
]


def test_a_snapshot_shows_the_best_levels_first_though_the_wire_has_them_last():
    snapshot = make_snapshot()
    assert snapshot.bids == (Level(Decimal("0.20"), Decimal(7)), Level(Decimal("0.1"), Decimal(5)))
    assert snapshot.asks == (Level(Decimal("0.8"), Decimal(1)), Level(Decimal("0.9"), Decimal(3)))


def test_a_delta_shows_new_total_sizes_as_exact_numbers():
    delta = market.BookDelta(
        **HEAD,
        **NUMBERS,
        wire_changes=(("BUY", "0.50", "0"), ("SELL", "0.60", "12.5")),
        wire_best_bid="0.49",
        wire_best_ask="",
    )
    assert delta.changes == (
        LevelChange(Side.BUY, Decimal("0.50"), Decimal(0)),
        LevelChange(Side.SELL, Decimal("0.60"), Decimal("12.5")),
    )
    assert delta.best_bid == Decimal("0.49")
    assert delta.best_ask is None


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([("0.4", "1")], [("0.6", "1")], ("0.4", "0.6", "0.2")),
        ([("0.4", "1")], [], ("0.4", None, None)),
        ([], [("0.6", "1")], (None, "0.6", None)),
        ([], [], (None, None, None)),
    ],
)
def test_a_view_knows_its_top_and_its_spread(bids, asks, expected):
    view = make_view(bids, asks)
    wanted = tuple(None if text is None else Decimal(text) for text in expected)
    assert (view.best_bid, view.best_ask, view.spread) == wanted


def test_times_are_aware_utc_the_venues_and_ours():
    snapshot = make_snapshot()
    assert snapshot.timestamp == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert snapshot.received_at == datetime(2023, 11, 14, 22, 13, 21, 500_000, tzinfo=UTC)


def test_the_raw_text_is_neither_shown_nor_compared():
    one, other = make_snapshot(raw=b"secretly different"), make_snapshot(raw=b"")
    assert one == other
    assert "secretly" not in repr(one)


def test_an_event_cannot_be_altered():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        make_snapshot().epoch = 2


def test_books_of_one_asset_replace_each_other_for_a_slow_reader_and_trades_never_do():
    snapshot = make_snapshot()
    delta = market.BookDelta(**HEAD, **NUMBERS, wire_changes=())
    trade = market.LastTradePrice(
        **HEAD, **NUMBERS, price=Decimal(1), size=Decimal(1), side=Side.BUY
    )
    assert snapshot.conflation_key == delta.conflation_key
    assert snapshot.conflation_key != attrs.evolve(snapshot, asset_id=NO).conflation_key
    assert trade.conflation_key is None


def test_hints_replace_each_other():
    hint = market.BestBidAsk(**HEAD, **NUMBERS, best_bid=None, best_ask=None, spread=None)
    assert hint.conflation_key == attrs.evolve(hint, revision=9).conflation_key
    assert hint.conflation_key != make_snapshot().conflation_key


def test_events_find_the_readers_of_their_assets_and_announcements_all_who_listen():
    whole = {"received": 0.0, "market": MARKET, "asset_ids": (YES, NO), "timestamp_ms": 0}
    created = lifecycle.MarketCreated(**whole, outcomes=("Yes", "No"), question="?", slug="s")
    resolved = lifecycle.MarketResolved(**whole, winning_asset_id=YES, winning_outcome="Yes")
    unknown = UnknownEvent(received=0.0, event_type="x", asset_id=None, fields={})
    lost = feed.Interrupted(
        received=0.0, connection="market#0", asset_ids=(YES, NO), reason="r", retry_in=1.0
    )
    assert make_snapshot().routes == (YES,)
    assert created.routes == ("market",)
    assert resolved.routes == (YES, NO)
    assert unknown.routes == ("market",)
    assert attrs.evolve(unknown, asset_id=YES).routes == (YES,)
    assert lost.routes == (YES, NO, "market")


def test_the_gap_before_a_resync_is_told_and_never_negative():
    resynced = feed.Resynced(
        received=110.25, asset_id=YES, market=MARKET, epoch=2, out_of_sync_since=100.0
    )
    assert resynced.gap_seconds == 10.25
    assert attrs.evolve(resynced, out_of_sync_since=111.0).gap_seconds == 0.0
    assert resynced.out_of_sync_at == datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)


def test_connection_events_do_not_print_thousands_of_assets():
    up = feed.Connected(received=0.0, connection="market#0", asset_ids=(YES,) * 200, attempt=1)
    assert "<200 assets>" in repr(up)
    assert YES not in repr(up)


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_what_an_event_shows_begins_with_its_type_and_exists(cls):
    assert isinstance(cls.type, EventType)
    assert cls.shown[0] == "type"
    assert len(set(cls.shown)) == len(cls.shown)
    fields = {field.name for field in attrs.fields(cls)}
    assert all(name in fields or hasattr(cls, name) for name in cls.shown)


def test_no_two_kinds_share_a_name():
    names = [cls.type for cls in KINDS]
    assert len(set(names)) == len(names) >= 14
