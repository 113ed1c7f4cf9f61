"""Subscriptions whose events are handed to somebody."""

from __future__ import annotations

import trio

from polymarket_realtime import AssetId, PriceTopic, SubscriptionNote, open_service
from polymarket_realtime.delivery import Deliveries
from polymarket_realtime.testing import MemoryVenue, make_book

ONE, OTHER = AssetId("1" * 77), AssetId("2" * 77)
BOOK = {"bids": [("0.40", "10")], "asks": [("0.44", "5")]}


async def test_what_was_removed_while_another_was_told_is_told_no_more(autojump_clock, nursery):
    venue, told = MemoryVenue(), []

    async def take(subscription, events):
        told.append(subscription.id)
        deliveries.unsubscribe(second.id if subscription is first else first.id)
        await trio.sleep(1)

    async with open_service(open_stream=venue.open_stream) as service:
        deliveries = Deliveries(service, take, 0.25)
        first = deliveries.subscribe(PriceTopic(ONE), note=SubscriptionNote())
        second = deliveries.subscribe(PriceTopic(OTHER), note=SubscriptionNote())
        (await venue.accept()).say(make_book(ONE, **BOOK), make_book(OTHER, **BOOK))
        await trio.sleep(1)
        nursery.start_soon(deliveries.run)
        await trio.sleep(5)
        assert set(told) == {first.id}
        nursery.cancel_scope.cancel()
