"""What the tools cost a model: in every conversation, and for each event."""

import json

import pytest
import trio
from mcp_harness import YES, book, call, open_desk

from polymarket_realtime.testing import make_book, make_trade
from server.tokens import count_tokens

LISTING = 11_500
"""Tokens of all that `tools/list` gives."""

SHOWN_LISTING = 5_000
"""The same without the schemas of results, which most hosts keep from their model."""

T0 = 1_700_000_000_000

PRICE, BOOK = 60, 400
"""Tokens of an event."""


COUNTED = {
    '{"type":"price_change","token":"t1","price":"0.425","bid":"0.42","ask":"0.43",'
    '"change":"-0.050","at":"11:41:45"}': 44,
    '{"events":[],"next_cursor":"c8c6.5.1.90116f","missed":0,"gaps":[],"timed_out":true,'
    '"more":false,"states":{"9f672a7b-319c-4564-9806-015eaaf0d43a":"live"},"tokens":{},'
    '"now":"2026-11-28T11:41:49.000Z"}': 90,
    '{"token_id":"45148031008352567618884299884733121161118657444400148467300070387401217763487",'
    '"condition_id":"0x1cd799763eaaa258c7bf59fac90c8e00a1b54f536019c692bb2963169c909d5a",'
    '"outcome":"No"}': 77,
    '{"bids":[["0.400","1234.11"],["0.399","1331.12"]],'
    '"asks":[["0.405","2345.21"],["0.406","2434.22"]]}': 48,
    "Watch the prices of Polymarket outcomes as they change, until unsubscribe_realtime. "
    "A timeout is no error: call wait_for_realtime_events in a loop.": 33,
}
"""Texts, and what the o200k tokenizer counts."""


@pytest.mark.parametrize(("text", "real"), COUNTED.items(), ids=lambda value: str(value)[:20])
def test_tokens_are_counted_as_by_a_real_tokenizer_or_a_few_more(text, real):
    assert real <= count_tokens(text) <= 1.2 * real


def tokens_of(value):
    return count_tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


async def listings():
    async with open_desk() as desk, desk.connect() as (client, _):
        tools = (await client.list_tools()).tools
        return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


async def test_the_listing_of_all_tools_fits_its_budget():
    listed = await listings()
    costs = {tool["name"]: tokens_of(tool) for tool in listed}
    assert sum(costs.values()) <= LISTING, costs


async def test_what_a_model_is_shown_of_the_listing_fits_its_budget():
    listed = await listings()
    shown = [{k: v for k, v in tool.items() if k != "outputSchema"} for tool in listed]
    costs = {tool["name"]: tokens_of(tool) for tool in shown}
    assert sum(costs.values()) <= SHOWN_LISTING, costs


async def wait(client, recipe, **arguments):
    """The next page of a subscription, and the recipe for the one after it."""
    ids, cursor = recipe["subscription_ids"], recipe["cursor"]
    page = await call(client, recipe["tool"], subscription_ids=ids, cursor=cursor, **arguments)
    return page, recipe | {"cursor": page["next_cursor"]}


async def event_of(client, recipe, type_, **arguments):
    """The next event of a type, and the recipe for what comes after it."""
    while True:
        page, recipe = await wait(client, recipe, **arguments)
        for event in page["events"]:
            if event["type"] == type_:
                return event, recipe


async def test_a_price_costs_a_model_no_more_than_its_budget(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book(bid="0.401", ask="0.405"))
        recipe = subscribed["delivery"]["recipe"]
        first, recipe = await event_of(client, recipe, "price_change")
        connection.say(book(bid="0.312", ask="0.458", timestamp=T0 + 1))
        step, recipe = await event_of(client, recipe, "price_change")
        # The longest: by a trade, and in place of many.
        for number in range(12):
            connection.say(make_trade(YES, price=f"0.4{number:02}5", timestamp=T0 + 2 + number))
            await trio.sleep(1)
        many, _ = await event_of(client, recipe, "price_change")
    assert first.keys() == {"type", "token", "price", "bid", "ask", "at"}
    assert step["change"] == "-0.018"
    assert (many["price_source"], many["stands_for"]) == ("last_trade", 12)
    assert tokens_of(first) < tokens_of(step) < tokens_of(many) < PRICE


@pytest.mark.parametrize("detail", ["summary", "levels"])
async def test_a_book_of_ten_levels_costs_a_model_no_more_than_its_budget(detail, autojump_clock):
    bids = [(f"0.{400 - level:03}", f"{1234 + 97 * level}.{11 + level}") for level in range(12)]
    asks = [(f"0.{405 + level:03}", f"{2345 + 89 * level}.{21 + level}") for level in range(12)]
    async with open_desk() as desk, desk.connect() as (client, _):
        subscribed = await call(client, "subscribe_orderbook_updates", token_ids=[YES], depth=10)
        connection = await desk.venue.accept()
        connection.say(make_book(YES, bids=bids, asks=asks))
        recipe = subscribed["delivery"]["recipe"]
        event, _ = await event_of(client, recipe, "agg_orderbook", detail=detail)
    if detail == "levels":
        assert (len(event["bids"]), len(event["asks"])) == (10, 10)
    else:
        assert event["depth"] == 10
    assert tokens_of(event) < BOOK
