from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from polymarket_realtime._codec.converter import event_to_dict
from polymarket_realtime._model.account_feed import Reconciled
from polymarket_realtime._model.events import USER_FEED
from polymarket_realtime._model.user import OrderUpdate, TradeRole, TradeUpdate, UpdateSource
from polymarket_realtime._model.values import Side

MARKET = "0x" + "c0" * 32
HEAD = {
    "received": 1_700_000_001.5,
    "market": MARKET,
    "asset_id": "1" * 77,
    "outcome": None,
    "timestamp_ms": 1_700_000_000_250,
    "source": UpdateSource.STREAM,
    "revision": 7,
    "side": Side.BUY,
    "price": Decimal("0.40"),
}
ORDER = OrderUpdate(
    **HEAD,
    order_id="0xa",
    status="LIVE",
    original_size=Decimal(10),
    filled_size=Decimal("2.5"),
    action="UPDATE",
    order_type="GTC",
    created_at=datetime(2023, 11, 14, tzinfo=UTC),
    expires_at=None,
    raw=b"words",
)
TRADE = TradeUpdate(
    **HEAD,
    trade_id="t",
    order_id="0xa",
    role=TradeRole.MAKER,
    status="MINED",
    size=Decimal("2.5"),
    fee_rate_bps=None,
    taker_order_id="0xb",
    transaction_hash="0xc",
    bucket_index=0,
    matched_at=None,
)


@pytest.mark.parametrize("event", [ORDER, TRADE])
def test_updates_find_the_readers_of_their_market_and_of_the_whole_account(event):
    assert set(event.routes) == {MARKET, USER_FEED}
    assert event.conflation_key is None


@pytest.mark.parametrize(
    ("event", "type_"), [(ORDER, "order"), (TRADE, "trade")], ids=["order", "trade"]
)
def test_everything_shown_is_an_attribute_and_the_kind_comes_first(event, type_):
    shown = event_to_dict(event)
    assert tuple(shown) == event.shown
    assert shown["type"] == type_
    assert shown["price"] == "0.40"
    assert shown["timestamp"] == "2023-11-14T22:13:20.250Z"
    assert shown["source"] == "stream"
    assert "raw" not in shown


@pytest.mark.parametrize(
    ("filled", "remaining"), [("0", "10"), ("2.5", "7.5"), ("10", "0"), ("10.1", "0")]
)
def test_what_remains_is_what_is_not_filled_and_never_negative(filled, remaining):
    order = attrs.evolve(ORDER, filled_size=Decimal(filled))
    assert order.remaining_size == Decimal(remaining)


@pytest.mark.parametrize(
    ("status", "filled", "is_open"),
    [
        ("LIVE", 0, True),
        ("DELAYED", 0, True),
        ("UNMATCHED", 0, True),
        ("LIVE", 10, False),
        ("MATCHED", 10, False),
        ("CANCELED", 3, False),
        ("CANCELED_EXPIRED_ORDER", 0, False),
        ("INVALID", 0, False),
        ("a new word", 0, False),
    ],
)
def test_an_order_is_open_while_it_can_trade(status, filled, is_open):
    order = attrs.evolve(ORDER, status=status, filled_size=Decimal(filled))
    assert order.is_open is is_open


def test_the_venues_time_may_be_absent():
    assert attrs.evolve(ORDER, timestamp_ms=None).timestamp is None
    assert ORDER.timestamp == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)


def test_the_market_has_its_older_name_too():
    assert TRADE.market_id == TRADE.market == MARKET


def test_the_venues_text_is_neither_printed_nor_compared():
    assert "words" not in repr(ORDER)
    assert attrs.evolve(ORDER, raw=b"") == ORDER


def test_a_reconciliation_shows_since_when_the_account_was_incomplete():
    event = Reconciled(
        received=1_700_000_003.0,
        connection="user#0",
        open_orders=1,
        found_orders=2,
        found_trades=3,
        incomplete_since=1_700_000_000.75,
    )
    assert event.gap_seconds == 2.25
    assert event.routes == (USER_FEED,)
    assert event_to_dict(event)["incomplete_at"] == "2023-11-14T22:13:20.750Z"
