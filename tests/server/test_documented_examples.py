"""The examples of the older server's documents, word for word, on a venue in memory."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
from mcp_harness import ERAS, NO, YES, Desk, book, call, refused

from polymarket_realtime import open_service
from polymarket_realtime.testing import MemoryVenue

PRICES = json.loads("""{
    "market_ids": ["21742633143463906290569050155826241533067272736897614950488156847949938836455"],
    "callback_type": "notification"
}""")
BOOKS = json.loads("""{
    "token_ids": ["71321045679252212594626385532706912750332728571942532289631379312455583992563"],
    "depth": 10
}""")


@asynccontextmanager
async def open_documented_desk():
    venue = MemoryVenue()
    venue.list_market("Will it be as written?", {"Yes": YES, "No": NO})
    async with open_service(open_stream=venue.open_stream, transport=venue.transport) as service:
        yield Desk(service, venue, None)


@pytest.mark.parametrize("mode", ERAS)
async def test_a_token_id_of_77_digits_is_taken_as_a_market(mode):
    async with open_documented_desk() as desk, desk.connect(mode) as (client, inbox):
        subscribed = await call(client, "subscribe_market_prices", **PRICES)
        connection = await desk.venue.accept()
        assert (await connection.next_frame())["assets_ids"] == PRICES["market_ids"]
        assert {"subscription_id", "message"} <= set(subscribed)
        (resolved,) = subscribed["resolved"]
        assert resolved["input"] == resolved["token_id"] == YES
        assert (resolved["question"], resolved["outcome"]) == ("Will it be as written?", "Yes")
        connection.say([book()])
        if mode == "legacy":
            event = await inbox.data("price_change")
            assert event["subscription_id"] == subscribed["subscription_id"]
            assert (event["question"], event["outcome"]) == ("Will it be as written?", "Yes")
        status = await call(client, "get_realtime_status")
        assert {"connections", "subscriptions", "statistics", "background_task"} == set(status)


@pytest.mark.parametrize("mode", ERAS)
async def test_an_order_book_is_watched_with_the_defaults(mode):
    async with open_documented_desk() as desk, desk.connect(mode) as (client, _):
        subscribed = await call(client, "subscribe_orderbook_updates", **BOOKS)
        connection = await desk.venue.accept()
        assert (await connection.next_frame())["assets_ids"] == BOOKS["token_ids"]
        assert subscribed["resolved"][0]["outcome"] == "No"


@pytest.mark.parametrize("mode", ERAS)
async def test_a_subscription_that_there_never_was_is_not_found(mode):
    async with open_documented_desk() as desk, desk.connect(mode) as (client, _):
        text = await refused(client, "unsubscribe_realtime", subscription_id="abc-123-def-456")
    assert "'abc-123-def-456' not found" in text
