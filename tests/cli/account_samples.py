"""An account to look at: orders, trades, and how it stands with them."""

from decimal import Decimal

import attrs

from polymarket_realtime import AssetId, ConditionId, Side
from polymarket_realtime._model.feed import Interrupted
from polymarket_realtime._model.user import OrderUpdate, TradeRole, TradeUpdate, UpdateSource
from polymarket_realtime._model.values import utc_from_seconds
from polymarket_realtime.status import AuthenticationStatus

YES = AssetId("1" * 77)
MARKET = ConditionId("0x" + "ab" * 32)
NOW = 1_000_000.0
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def _common(received, market, source):
    return {
        "received": received,
        "market": market,
        "asset_id": YES,
        "outcome": "Yes",
        "timestamp_ms": int(received * 1000),
        "source": source,
        "revision": 1,
    }


def order(
    name="a", status="LIVE", filled="0", *, market=MARKET, source=UpdateSource.STREAM, **more
):
    """One's own bid for 40 shares at 0.45, placed three seconds ago."""
    fields = {
        **_common(NOW, market, source),
        "order_id": "0x" + name * 64,
        "status": status,
        "side": Side.BUY,
        "price": Decimal("0.45"),
        "original_size": Decimal(40),
        "filled_size": Decimal(filled),
        "action": "PLACEMENT",
        "order_type": "GTC",
        "created_at": utc_from_seconds(NOW - 3),
        "expires_at": None,
    }
    return OrderUpdate(**(fields | more))


def trade(name="t", status="MATCHED", *, market=MARKET, source=UpdateSource.STREAM, **more):
    """Ten shares sold at 0.46 by taking, at 13:46:38 UTC."""
    fields = {
        **_common(NOW, market, source),
        "trade_id": name,
        "order_id": "0x" + "a" * 64,
        "role": TradeRole.TAKER,
        "status": status,
        "side": Side.SELL,
        "price": Decimal("0.46"),
        "size": Decimal(10),
        "fee_rate_bps": None,
        "taker_order_id": "0x" + "a" * 64,
        "transaction_hash": None,
        "bucket_index": None,
        "matched_at": utc_from_seconds(NOW - 2),
    }
    return TradeUpdate(**(fields | more))


def interrupted(reason="the network is gone", retry_in=3.0):
    return Interrupted(
        received=NOW, connection="user#0", asset_ids=(), reason=reason, retry_in=retry_in
    )


COMPLETE = AuthenticationStatus(
    state="proven",
    why="the venue has told something about the account's orders or trades",
    since=utc_from_seconds(NOW - 60),
    address=ADDRESS,
    complete=True,
    incomplete_at=None,
    problem=None,
    open_orders=1,
    clock_offset=0.0,
)
INCOMPLETE = attrs.evolve(COMPLETE, complete=False, incomplete_at=utc_from_seconds(NOW - 12))
REJECTED = attrs.evolve(
    INCOMPLETE, state="rejected", why="the venue does not accept the credentials: HTTP 401"
)
