"""The tools as a client sees them: names, arguments, results, failures."""

import jsonschema
import mcp_types as types
import pytest
import trio
from mcp import Client, MCPError
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp_harness import ERAS, NO, SOLO, YES, book, call, failure, open_desk, refused

from polymarket_realtime.errors import LookupFailed
from polymarket_realtime.server.desk import MOST_SUBSCRIPTIONS
from polymarket_realtime.server.desk import Desk as ClientDesk
from polymarket_realtime.server.push import Pusher
from polymarket_realtime.server.subscribing import Subscriber
from polymarket_realtime.server.tools.table import make_toolbox
from polymarket_realtime.testing import MARKET

CONTRACT = {
    "subscribe_market_prices": {"market_ids": True, "condition": False, "callback_type": False},
    "subscribe_orderbook_updates": {
        "token_ids": True,
        "depth": False,
        "condition": False,
        "callback_type": False,
    },
    "subscribe_user_orders": {"market_ids": False, "condition": False, "callback_type": False},
    "subscribe_user_trades": {"market_ids": False, "condition": False, "callback_type": False},
    "subscribe_market_resolution": {"market_ids": True, "condition": False, "callback_type": False},
    "subscribe_live_data": {
        "feed": True,
        "symbols": False,
        "filters": False,
        "condition": False,
        "callback_type": False,
    },
    "wait_for_realtime_events": {
        "subscription_ids": False,
        "cursor": False,
        "wait_seconds": False,
        "max_events": False,
        "detail": False,
    },
    "get_realtime_snapshot": {"ids": True, "depth": False},
    "find_markets": {"query": True, "limit": False, "include_closed": False},
    "get_realtime_status": {},
    "unsubscribe_realtime": {"subscription_id": True},
}
"""Tools in their order; parameters, and whether they are required."""


@pytest.fixture(params=ERAS)
def mode(request):
    return request.param


async def test_the_tools_and_their_parameters_are_those_that_were_promised(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        assert client.protocol_version == ERAS[mode]
        tools = (await client.list_tools()).tools
        assert {
            tool.name: {
                name: name in tool.input_schema.get("required", ())
                for name in tool.input_schema["properties"]
            }
            for tool in tools
        } == CONTRACT
        assert [tool.name for tool in tools] == list(CONTRACT)
        assert tools == (await client.list_tools()).tools
        prices, books, orders, _, _, live, wait, snapshot, find, status, unsubscribe = tools
        callback = prices.input_schema["properties"]["callback_type"]
        assert (callback["enum"], callback["default"]) == (["notification", "log"], "notification")
        ids = prices.input_schema["properties"]["market_ids"]
        assert (ids["minItems"], ids["maxItems"]) == (1, 200)
        depth = books.input_schema["properties"]["depth"]
        assert (depth["minimum"], depth["maximum"], depth["default"]) == (1, 100, 10)
        feed = live.input_schema["properties"]["feed"]
        assert feed["enum"] == ["activity", "comments", "sports", "prices", "new_markets"]
        limit = find.input_schema["properties"]["limit"]
        assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 50, 10)
        read_only = [tool.name for tool in tools if tool.annotations.read_only_hint]
        assert read_only == [wait.name, snapshot.name, find.name, status.name]
        assert wait.input_schema["properties"]["wait_seconds"]["maximum"] == 50
        assert wait.input_schema["properties"]["detail"]["enum"] == ["summary", "levels", "raw"]
        assert find.annotations.idempotent_hint is True
        assert "POLYMARKET_API" not in str(orders.input_schema)
        assert unsubscribe.annotations.destructive_hint is True
        assert status.annotations.idempotent_hint is True
        assert all(tool.title and len(tool.description) > 100 for tool in tools)
        assert all(tool.output_schema["properties"] for tool in tools)
        for tool in tools:
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            jsonschema.Draft202012Validator.check_schema(tool.output_schema)


async def test_the_server_says_who_it_is_and_how_to_use_it(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        assert client.server_info.name == "polymarket-realtime"
        assert client.server_info.version == "0.1.0"
        assert "get_realtime_status" in client.instructions


@pytest.mark.parametrize(
    ("name", "arguments", "type_"),
    [
        (
            "subscribe_market_prices",
            {"market_ids": [YES], "callback_type": "notification"},
            "price_change",
        ),
        ("subscribe_orderbook_updates", {"token_ids": [NO], "depth": 10}, "agg_orderbook"),
    ],
)
async def test_the_documented_examples_work_as_they_are_written(mode, name, arguments, type_):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        subscribed = await call(client, name, **arguments)
        assert subscribed["subscription_id"]
        assert "1 token." in subscribed["message"]
        (token,) = next(iter(arguments.values()))
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        assert active["id"] == subscribed["subscription_id"]
        assert (active["type"], active["channel"]) == (type_, "market")
        assert (active["token_ids"], active["callback_type"]) == ([token], "notification")
        with trio.fail_after(5):
            connection = await desk.venue.accept()
            assert (await connection.next_frame())["assets_ids"] == [token]


async def test_the_status_has_exactly_its_four_parts(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        status = await call(client, "get_realtime_status")
        assert list(status) == ["connections", "subscriptions", "statistics", "background_task"]
        assert status["connections"]["market"]["state"] == "idle"
        assert status["statistics"]["last_event_at"] is None
        assert status["background_task"]["running"] is True


async def test_what_was_passed_is_echoed_with_what_it_stands_for():
    async with open_desk() as desk, desk.connect() as (client, _):
        for condition_id in (MARKET, MARKET.upper().replace("0X", "0x")):
            subscribed = await call(client, "subscribe_market_prices", market_ids=[condition_id])
            assert subscribed["resolved"] == [
                {
                    "input": condition_id,
                    "token_id": token,
                    "token": name,
                    "condition_id": MARKET,
                    "question": "Will it rain?",
                    "outcome": outcome,
                    "slug": "will-it-rain",
                    "event": None,
                    "closed": False,
                }
                for token, name, outcome in ((YES, "t1", "Yes"), (NO, "t2", "No"))
            ]


@pytest.mark.parametrize("ids", [[YES, YES], [YES, f" {YES} "], [YES, MARKET], [MARKET, NO, YES]])
@pytest.mark.parametrize(
    ("name", "parameter"),
    [("subscribe_market_prices", "market_ids"), ("subscribe_orderbook_updates", "token_ids")],
)
async def test_a_token_that_is_named_twice_is_subscribed_once(name, parameter, ids):
    async with open_desk() as desk, desk.connect() as (client, _):
        await call(client, name, **{parameter: ids})
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        expected = {YES, NO} if MARKET in ids else {YES}
        assert sorted(active["token_ids"]) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("subscribe_market_prices", "market_ids"), ("subscribe_orderbook_updates", "token_ids")],
)
async def test_a_settled_market_is_an_error_that_names_the_tool_for_it(name, parameter):
    async with open_desk() as desk, desk.connect() as (client, _):
        text = await refused(client, name, **{parameter: [YES, SOLO]})
        assert "is settled" in text
        assert "'Was it so?'" in text
        assert text.endswith("subscribe_market_resolution tells how it was settled.")
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


async def test_without_the_catalogue_token_ids_work_and_have_no_names():
    async with open_desk() as desk, desk.connect() as (client, _):
        desk.catalog.failure = LookupFailed("https://gamma", "HTTP 503")
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        assert "1 token (1 without a name" in subscribed["message"]
        (resolved,) = subscribed["resolved"]
        assert (resolved["token_id"], resolved["question"], resolved["closed"]) == (YES, None, None)


async def test_what_could_not_be_looked_up_is_a_failure_that_may_be_repeated():
    async with open_desk() as desk, desk.connect() as (client, _):
        desk.catalog.failure = LookupFailed("https://gamma", "HTTP 503")
        text = await refused(client, "subscribe_market_prices", market_ids=[YES, MARKET])
        assert "HTTP 503 (asked about" in text
        assert "try again later; token ids alone are understood without it" in text
        assert MARKET in text
        result = await client.call_tool("subscribe_market_prices", {"market_ids": [MARKET]})
        (facts,) = result.meta.values()
        assert (facts["code"], facts["retryable"]) == ("lookup_failed", True)


@pytest.mark.parametrize(
    "identifier", ["will it rain", "", "0xabc", "9" * 79, "https://example.com/event/rain"]
)
async def test_something_that_is_no_identifier_is_named_with_what_would_be_one(identifier):
    async with open_desk() as desk, desk.connect() as (client, _):
        text = await refused(client, "subscribe_market_prices", market_ids=[YES, identifier])
        assert repr(identifier) in text or "must have 1 or more characters" in text
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


@pytest.mark.parametrize(
    ("identifier", "tried"),
    [
        ("8" * 77, "tried as token id"),
        ("0x" + "8" * 64, "tried as condition id"),
        ("will-it-snow", "tried as market slug and as event slug"),
        ("12345", "tried as market id and as event id"),
    ],
)
async def test_what_the_venue_does_not_know_is_named_with_what_it_was_taken_for(identifier, tried):
    async with open_desk() as desk, desk.connect() as (client, _):
        text = await refused(client, "subscribe_orderbook_updates", token_ids=[identifier])
        assert repr(identifier) in text
        assert tried in text


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("subscribe_market_prices", {}, "missing argument: market_ids"),
        ("subscribe_market_prices", {"market_ids": []}, "market_ids: must have 1 or more"),
        ("subscribe_market_prices", {"market_ids": [YES] * 201}, "market_ids: must have 200"),
        ("subscribe_market_prices", {"market_ids": YES}, "market_ids: must be an array"),
        (
            "subscribe_market_prices",
            {"market_ids": [YES], "callback_type": "email"},
            'callback_type: must be "notification" or "log"',
        ),
        (
            "subscribe_orderbook_updates",
            {"token_ids": [YES], "depth": 0},
            "depth: must be at least 1",
        ),
        (
            "subscribe_orderbook_updates",
            {"token_ids": [YES], "depth": 101},
            "depth: must be at most 100",
        ),
        ("get_realtime_status", {"verbose": True}, "unknown argument: 'verbose'"),
        ("unsubscribe_realtime", {"subscription_id": 7}, "subscription_id: must be a string"),
    ],
)
async def test_wrong_arguments_are_explained(name, arguments, problem):
    async with open_desk() as desk, desk.connect() as (client, _):
        assert problem in await refused(client, name, **arguments)


async def test_a_subscription_ends_once_and_then_is_not_found(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        subscription_id = subscribed["subscription_id"]
        ended = await call(client, "unsubscribe_realtime", subscription_id=subscription_id)
        assert ended["success"] is True
        assert subscription_id in ended["message"]
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0
        for unknown in (subscription_id, "abc-123-def-456"):
            text = await refused(client, "unsubscribe_realtime", subscription_id=unknown)
            assert text == f"subscription '{unknown}' not found; the status lists those there are"


async def test_a_lookup_without_end_is_given_up_and_stalls_nothing_meanwhile(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox), trio.open_nursery() as calls:
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        desk.catalog.silent = True

        async def look_up():
            started = trio.current_time()
            text = await refused(client, "subscribe_market_prices", market_ids=[MARKET, NO])
            assert f"not done within 45 s (asked about '{MARKET}' and 1 more)" in text
            assert trio.current_time() - started == pytest.approx(45)

        calls.start_soon(look_up)
        connection.say(book())
        assert (await inbox.data("price_change"))["price"] == "0.41"
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 1


async def test_the_words_of_a_subscription_tell_the_truth_about_the_era():
    async with open_desk(notify_interval=0.5) as desk:
        async with desk.connect("legacy") as (client, _):
            old = await call(
                client, "subscribe_market_prices", market_ids=[YES], callback_type="log"
            )
        async with desk.connect("auto") as (client, _):
            new = await call(client, "subscribe_market_prices", market_ids=[YES])
    assert old["delivery"]["protocol_version"] == "2025-11-25"
    assert old["delivery"]["method"] == "notifications/message"
    assert old["delivery"]["logger"] == "polymarket.websocket"
    assert "a line of text" in old["delivery"]["note"]
    assert new["delivery"]["protocol_version"] == "2026-07-28"
    assert new["delivery"]["method"] == "notifications/resources/updated"
    assert new["delivery"]["logger"] is None
    resource = f"polymarket://subscriptions/{new['subscription_id']}"
    assert "no messages that nobody asked for" in new["delivery"]["note"]
    instead = f"instead of callback_type 'notification' updates of the resource {resource}"
    assert instead in new["delivery"]["note"]
    for subscribed in (old, new):
        assert subscribed["delivery"]["interval_seconds"] == 0.5
        assert "recipe" in subscribed["delivery"]["note"]
        recipe = subscribed["delivery"]["recipe"]
        assert recipe["tool"] == "wait_for_realtime_events"
        assert recipe["subscription_ids"] == [subscribed["subscription_id"]]
        assert "call wait_for_realtime_events as in `recipe`" in subscribed["delivery"]["note"]


async def test_the_tools_can_live_in_any_server_beside_tools_of_its_own():
    async with open_desk() as desk:
        kept = ClientDesk(desk.service)
        toolbox = make_toolbox(Subscriber(kept, Pusher(kept, InMemorySubscriptionBus())))

        async def list_tools(ctx, params):
            own = types.Tool(name="subscribe_newsletter", input_schema={"type": "object"})
            return types.ListToolsResult(tools=[own, *(await toolbox.on_list(ctx, params)).tools])

        async def call_tool(ctx, params):
            if params.name == "subscribe_newsletter":
                return types.CallToolResult(content=[types.TextContent(text="own")])
            return await toolbox.on_call(ctx, params)

        server = Server("host", on_list_tools=list_tools, on_call_tool=call_tool)
        async with Client(server) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == [
                "subscribe_newsletter",
                *CONTRACT,
            ]
            assert (await client.call_tool("subscribe_newsletter", {})).content[0].text == "own"
            await call(client, "subscribe_market_prices", market_ids=[YES])
            assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 1
            with pytest.raises(MCPError, match="Unknown tool: subscribe_all"):
                await client.call_tool("subscribe_all", {})


async def test_a_tool_whose_name_only_begins_like_ours_is_unknown(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        with pytest.raises(MCPError, match="Unknown tool: subscribe_x"):
            await client.call_tool("subscribe_x", {})


async def test_a_client_may_have_so_many_subscriptions_and_no_more(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        for _ in range(MOST_SUBSCRIPTIONS):
            begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        facts = await failure(client, "subscribe_market_prices", market_ids=[YES])
        assert facts["code"] == "too_many_subscriptions"
        await call(client, "unsubscribe_realtime", subscription_id=begun["subscription_id"])
        await call(client, "subscribe_market_prices", market_ids=[YES])
