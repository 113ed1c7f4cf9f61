"""Checked by mypy and never run: what an embedder's type checker sees."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_type

from polymarket_realtime import (
    AssetId,
    AssetState,
    BookTopic,
    Condition,
    ConditionMet,
    Direction,
    Event,
    Gap,
    Interrupted,
    Level,
    OrderbookUpdate,
    PriceChangeEvent,
    PriceTopic,
    Proof,
    Resynced,
    Service,
    Settings,
    Standing,
    StateChanged,
    Status,
    Subscription,
    Verification,
    When,
    open_service,
    parse_condition,
)


async def embed(asset_id: AssetId) -> None:
    """The program of the README, and a little more."""
    settings = Settings(ping_interval=5, verification=Verification.ALWAYS)
    async with open_service(settings) as service:
        assert_type(service, Service)
        with service.subscribe(BookTopic(asset_id, depth=3), PriceTopic(asset_id)) as events:
            assert_type(events, Subscription)
            async for event in events:
                assert_type(event, Event)
                read(event)
        assert_type(service.book(asset_id), OrderbookUpdate | None)
        assert_type(service.price(asset_id), PriceChangeEvent | None)
        assert_type(service.status(), Status)
        condition = Condition(when=When.PRICE_CROSSES, threshold=Decimal("0.6"))
        with service.subscribe(PriceTopic(asset_id), condition=condition) as moments:
            assert_type(moments.condition, Condition | None)
            assert_type(moments.next_deadline(), float)
    assert_type(parse_condition({"when": "resolved"}), Condition)


def read(event: Event) -> None:
    """Narrow by class."""
    assert_type(event.received_at, datetime)
    if isinstance(event, OrderbookUpdate):
        assert_type(event.bids, tuple[Level, ...])
        assert_type(event.best_bid, Decimal | None)
        assert_type(event.standing, Standing | None)
        assert_type(event.state_since, datetime | None)
        assert_type(event.in_sync, bool)
    elif isinstance(event, PriceChangeEvent):
        assert_type(event.price, Decimal)
        assert_type(event.timestamp, datetime)
        assert_type(event.state, AssetState)
    elif isinstance(event, Interrupted):
        assert_type(event.retry_in, float | None)
    elif isinstance(event, StateChanged):
        assert_type(event.state, AssetState)
        assert_type(event.before, AssetState | None)
        assert_type(event.since_at, datetime)
    elif isinstance(event, Gap):
        assert_type(event.asset_ids, tuple[AssetId, ...])
    elif isinstance(event, ConditionMet):
        assert_type(event.value, Decimal | None)
        assert_type(event.direction, Direction | None)
        assert_type(event.timestamp, datetime | None)
    elif isinstance(event, Resynced):
        assert_type(event.verified_by, Proof)
