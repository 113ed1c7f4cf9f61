"""Events for tests of conditions, with nothing in them but what matters there."""

from __future__ import annotations

from decimal import Decimal

from polymarket_realtime import (
    ActivityTrade,
    AssetId,
    AssetState,
    Condition,
    Gap,
    Interrupted,
    LastTradePrice,
    Level,
    MarketResolved,
    OrderbookUpdate,
    OrderUpdate,
    PriceChangeEvent,
    PriceKind,
    PriceStream,
    ReferencePrice,
    Side,
    StateChanged,
    TradeUpdate,
    UpdateSource,
    parse_condition,
)
from polymarket_realtime._hub.condition import ConditionWatch
from polymarket_realtime.testing import MARKET

YES, NO = AssetId("1" * 77), AssetId("2" * 77)
BITCOIN = PriceStream(PriceKind.CRYPTO, "btcusd")

LIVE, QUIET, SUSPECT = AssetState.LIVE, AssetState.QUIET, AssetState.SUSPECT
FROZEN, LOST = AssetState.FROZEN, AssetState.OUT_OF_SYNC


def condition(when: str, **fields) -> Condition:
    return parse_condition({"when": when, **fields})


def watch(when: str, **fields) -> ConditionWatch:
    return ConditionWatch(condition(when, **fields))


def head(asset_id=YES, state=LIVE) -> dict:
    return {
        "received": 1000.0,
        "asset_id": asset_id,
        "market": MARKET,
        "timestamp_ms": 7,
        "epoch": 1,
        "revision": 1,
        "state": state,
    }


def price(value, asset_id=YES, *, state=LIVE, bid=None, ask=None) -> PriceChangeEvent:
    return PriceChangeEvent(
        **head(asset_id, state),
        price=Decimal(value),
        best_bid=None if bid is None else Decimal(bid),
        best_ask=None if ask is None else Decimal(ask),
    )


def spread(value, *, state=LIVE) -> PriceChangeEvent:
    """A price with this spread; None leaves a side out."""
    ask = None if value is None else Decimal("0.3") + Decimal(value)
    return price("0.3", state=state, bid="0.3", ask=ask)


def levels(*pairs) -> tuple[Level, ...]:
    return tuple(Level(Decimal(at), Decimal(size)) for at, size in pairs)


def book(bids=(), asks=(), *, state=LIVE) -> OrderbookUpdate:
    return OrderbookUpdate(**head(state=state), bids=levels(*bids), asks=levels(*asks))


def reference(value, stream=BITCOIN) -> ReferencePrice:
    return ReferencePrice(received=1000.0, timestamp_ms=7, stream=stream, price=Decimal(value))


def trade(size, at="0.5", side=Side.BUY, *, hash_=None, asset_id=YES) -> LastTradePrice:
    return LastTradePrice(
        **head(asset_id), price=Decimal(at), size=Decimal(size), side=side, transaction_hash=hash_
    )


def activity(size, at="0.5", side=Side.BUY, hash_="0x1") -> ActivityTrade:
    return ActivityTrade(
        received=1000.0,
        timestamp_ms=7,
        asset_id=YES,
        market=MARKET,
        question="Will it?",
        outcome="Yes",
        slug="will-it",
        event_slug="it",
        side=side,
        price=Decimal(at),
        size=Decimal(size),
        wallet="0x2",
        trader=None,
        transaction_hash=hash_,
    )


def own(cls, **fields):
    return cls(
        received=1000.0,
        asset_id=YES,
        market=MARKET,
        outcome="Yes",
        timestamp_ms=None,
        source=UpdateSource.STREAM,
        revision=1,
        side=Side.BUY,
        price=Decimal("0.5"),
        **fields,
    )


def own_trade(size, status="MATCHED", trade_id="t1", order_id="0xa") -> TradeUpdate:
    return own(
        TradeUpdate,
        size=Decimal(size),
        status=status,
        trade_id=trade_id,
        order_id=order_id,
        role=None,
        fee_rate_bps=None,
        taker_order_id="0xa",
        transaction_hash=None,
        bucket_index=None,
        matched_at=None,
    )


def own_order(filled, order_id="0xa") -> OrderUpdate:
    return own(
        OrderUpdate,
        order_id=order_id,
        status="LIVE",
        original_size=Decimal(100),
        filled_size=Decimal(filled),
        action=None,
        order_type=None,
        created_at=None,
        expires_at=None,
    )


def state(new, before=None, asset_id=YES, *, age=0.0) -> StateChanged:
    return StateChanged(
        received=1000.0,
        asset_id=asset_id,
        state=new,
        before=before,
        reason="because",
        since=1000.0 - age,
    )


def cut(*subjects) -> Interrupted:
    return Interrupted(
        received=1000.0, connection="x#0", asset_ids=subjects, reason="cut", retry_in=1.0
    )


def flows_again(stream=BITCOIN.key, *, filled=False) -> Gap:
    return Gap(
        received=1001.0, feed="prices", stream=stream, reason="cut", gap_since=1.0, filled=filled
    )


def resolved(*asset_ids) -> MarketResolved:
    return MarketResolved(
        received=1000.0,
        market=MARKET,
        asset_ids=asset_ids or (YES, NO),
        timestamp_ms=7,
        winning_asset_id=YES,
        winning_outcome="Yes",
    )
