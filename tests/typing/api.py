"""Checked by mypy and never run: what an embedder's type checker sees."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_type

from polymarket_realtime import (
    AssetId,
    BookTopic,
    Event,
    Interrupted,
    Level,
    OrderbookUpdate,
    PriceChangeEvent,
    PriceTopic,
    Service,
    Settings,
    Status,
    Subscription,
    open_service,
)


async def embed(asset_id: AssetId) -> None:
    """The program of the README, and a little more."""
    async with open_service(Settings(ping_interval=5)) as service:
        assert_type(service, Service)
        with service.subscribe(BookTopic(asset_id, depth=3), PriceTopic(asset_id)) as events:
            assert_type(events, Subscription)
            async for event in events:
                assert_type(event, Event)
                read(event)
        assert_type(service.book(asset_id), OrderbookUpdate | None)
        assert_type(service.price(asset_id), PriceChangeEvent | None)
        assert_type(service.status(), Status)


def read(event: Event) -> None:
    """Narrow by class."""
    assert_type(event.received_at, datetime)
    if isinstance(event, OrderbookUpdate):
        assert_type(event.bids, tuple[Level, ...])
        assert_type(event.best_bid, Decimal | None)
    elif isinstance(event, PriceChangeEvent):
        assert_type(event.price, Decimal)
        assert_type(event.timestamp, datetime)
    elif isinstance(event, Interrupted):
        assert_type(event.retry_in, float | None)
