import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pytest

from polymarket_realtime._codec.converter import encode_json, event_to_dict, unstructure
from polymarket_realtime._model import feed, market
from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.events import UnknownEvent
from polymarket_realtime._model.trust import AssetState, Standing
from polymarket_realtime._model.values import Level, Side

YES = "1" * 77
MARKET = "0x" + "c0" * 32
NUMBERS = {"timestamp_ms": 1_700_000_000_250, "epoch": 2, "revision": 7}
HEAD = {"received": 1_700_000_001.5, "asset_id": YES, "market": MARKET, **NUMBERS}


def test_a_price_is_shown_with_decimal_strings_and_iso_times_in_the_declared_order():
    event = market.PriceChangeEvent(
        **HEAD,
        about=AssetName(question="Will it?", outcome="Yes", slug="will-it"),
        price=Decimal("0.505"),
        price_source=market.PriceSource.MIDPOINT,
        best_bid=Decimal("0.50"),
        best_ask=Decimal("0.51"),
        last_trade_price=None,
        change=Decimal("-0.005"),
    )
    shown = event_to_dict(event)
    assert list(shown) == list(event.shown)
    assert shown == {
        "type": "price_change",
        "asset_id": YES,
        "market": MARKET,
        "question": "Will it?",
        "outcome": "Yes",
        "price": "0.505",
        "price_source": "midpoint",
        "best_bid": "0.50",
        "best_ask": "0.51",
        "spread": "0.01",
        "last_trade_price": None,
        "change": "-0.005",
        "state": "live",
        "timestamp": "2023-11-14T22:13:20.250Z",
        "received_at": "2023-11-14T22:13:21.500Z",
        "epoch": 2,
        "revision": 7,
    }


def test_levels_are_pairs_of_strings():
    event = market.OrderbookUpdate(
        **HEAD, bids=(Level(Decimal("0.4"), Decimal("1E+3")),), asks=(), tick_size=None
    )
    shown = event_to_dict(event)
    assert (shown["bids"], shown["asks"]) == ([["0.4", "1000"]], [])
    assert (shown["best_bid"], shown["best_ask"], shown["spread"]) == ("0.4", None, None)
    assert (shown["state"], shown["state_since"], shown["reason"]) == ("live", None, None)
    assert "in_sync" not in shown, "there is one word for it"


def test_a_book_in_doubt_shows_its_state_since_when_and_why():
    standing = Standing(AssetState.SUSPECT, 1_700_000_000.5, "silent for 60 s")
    event = market.OrderbookUpdate(
        **HEAD, bids=(), asks=(), state=standing.state, standing=standing
    )
    shown = event_to_dict(event)
    assert shown["state"] == "suspect"
    assert shown["state_since"] == "2023-11-14T22:13:20.500Z"
    assert shown["reason"] == "silent for 60 s"


def test_a_change_of_state_is_shown_with_what_it_was_before():
    event = feed.StateChanged(
        received=12.5,
        asset_id=YES,
        state=AssetState.FROZEN,
        before=AssetState.LIVE,
        reason="REST has moved on",
    )
    assert event_to_dict(event) == {
        "type": "state_changed",
        "asset_id": YES,
        "question": None,
        "outcome": None,
        "state": "frozen",
        "before": "live",
        "reason": "REST has moved on",
        "since_at": "1970-01-01T00:00:12.500Z",
        "received_at": "1970-01-01T00:00:12.500Z",
    }
    told_late = attrs.evolve(event, before=None, since=2.0)
    shown = event_to_dict(told_late)
    assert (shown["before"], shown["since_at"]) == (None, "1970-01-01T00:00:02.000Z")


def test_changed_levels_have_their_side_first():
    event = market.BookDelta(**HEAD, wire_changes=(("SELL", "0.60", "0"),))
    assert event_to_dict(event)["changes"] == [["SELL", "0.60", "0"]]


def test_an_unknown_event_shows_its_fields_as_they_came():
    fields = {"event_type": "new", "list": [1, 2.5, None, True], "inner": {"a": "b"}}
    event = UnknownEvent(received=0.0, event_type="new", asset_id=None, fields=fields)
    assert event_to_dict(event)["fields"] == fields


def test_a_resync_tells_how_long_the_gap_was():
    event = feed.Resynced(received=12.5, asset_id=YES, market=MARKET, epoch=2, out_of_sync_since=10)
    shown = event_to_dict(event)
    assert shown["gap_seconds"] == 2.5
    assert shown["verified_by"] == "snapshot"
    assert shown["out_of_sync_at"] == "1970-01-01T00:00:10.000Z"


@pytest.mark.parametrize(
    ("number", "text"),
    [("1E-7", "0.0000001"), ("0.10", "0.10"), ("-0.5", "-0.5"), ("1E+6", "1000000"), ("0", "0")],
)
def test_numbers_are_exact_and_never_in_scientific_notation(number, text):
    assert unstructure(Decimal(number)) == text


def test_times_of_other_zones_are_shown_in_utc():
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert unstructure(noon) == "2026-01-01T10:00:00.000Z"
    assert unstructure(datetime(2026, 1, 1, microsecond=1999, tzinfo=UTC)).endswith("00.001Z")


def test_values_nest():
    known = AssetName(question="?", outcome="Yes", slug="s")

    @attrs.frozen
    class Report:
        names: tuple[AssetName, ...]
        side: Side
        events: tuple[object, ...]

    dropped = feed.Dropped(received=0.0, count=3)
    assert unstructure((Report((known,), Side.BUY, ()), dropped)) == [
        {
            "names": [{"question": "?", "outcome": "Yes", "slug": "s", "event_slug": None}],
            "side": "BUY",
            "events": [],
        },
        {"type": "dropped", "count": 3, "received_at": "1970-01-01T00:00:00.000Z"},
    ]


@pytest.mark.parametrize("plain", [None, True, 5, 2.5, "text", [1], {"a": None}])
def test_plain_data_stays_as_it_is(plain):
    assert unstructure(plain) == plain


def test_json_is_compact_and_readable_back():
    text = encode_json((Decimal("0.10"), "é", {"a": None}))
    assert text == '["0.10","é",{"a":null}]'
    assert json.loads(text) == ["0.10", "é", {"a": None}]
