"""What a client is told without asking, in both protocol eras."""

import json
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from mcp import Client
from mcp.shared.memory import create_client_server_memory_streams
from mcp_harness import NO, YES, announcement, best_bid, book, call, open_desk

from polymarket_realtime import Gap, PriceTopic, StreamGone
from polymarket_realtime.errors import LookupFailed
from polymarket_realtime.server.app import make_app
from polymarket_realtime.server.lines import serve_streams
from polymarket_realtime.server.resources import STATUS_URI
from polymarket_realtime.server.serve import run_mcp
from polymarket_realtime.testing import MARKET, make_price_change

older_era = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")
"""The SDK's client warns who speaks like the handshake era."""


async def test_a_price_arrives_as_an_object_and_says_whose_it_is(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        messages = connected, price, live = [await inbox.message() for _ in range(3)]
        assert (connected.data["type"], price.data["type"]) == ("connected", "price_change")
        assert (live.data["type"], live.data["state"]) == ("state_changed", "live")
        assert {each.logger for each in messages} == {"polymarket.websocket"}
        assert {each.level for each in messages} == {"info"}
        assert list(price.data)[:3] == ["subscription_id", "seq", "type"]
        assert price.data["subscription_id"] == subscribed["subscription_id"]
        assert (price.data["asset_id"], price.data["market"]) == (YES, MARKET)
        assert (price.data["price"], price.data["best_bid"]) == ("0.41", "0.40")
        connection.say(best_bid("0.41"))
        change = await inbox.data("price_change")
        assert (change["price"], change["change"], change["seq"]) == ("0.415", "0.005", 4)


async def test_a_book_arrives_with_as_many_levels_as_asked_for_best_first(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_orderbook_updates", token_ids=[YES], depth=2)
        (await desk.venue.accept()).say(book())
        update = await inbox.data("agg_orderbook")
        assert update["bids"] == [["0.40", "10"], ["0.30", "7"]]
        assert update["asks"] == [["0.42", "10"], ["0.60", "7"]]
        assert (update["state"], update["reason"]) == ("live", None)


@pytest.mark.parametrize(
    ("name", "parameter", "line"),
    [
        ("subscribe_market_prices", "market_ids", "price 217426…6455 0.41 bid 0.40 ask 0.42"),
        ("subscribe_orderbook_updates", "token_ids", "book 217426…6455 bid 0.40 ask 0.42"),
    ],
)
async def test_as_log_an_event_arrives_as_one_line(autojump_clock, name, parameter, line):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        subscribed = await call(client, name, **{parameter: [YES]}, callback_type="log")
        (await desk.venue.accept()).say(book())
        await inbox.message()
        message = await inbox.message()
        assert message.data.startswith(f"[{subscribed['subscription_id'][:8]}] {line}")
        assert (message.level, message.logger) == ("info", "polymarket.websocket")


async def test_a_lost_connection_is_a_warning_and_its_end_is_told(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book())
        await inbox.data("price_change")
        assert (await inbox.data("state_changed"))["state"] == "live"
        connection.drop(1006, "gone")
        interrupted, lost = [await inbox.message() for _ in range(2)]
        assert (interrupted.level, interrupted.data["type"]) == ("warning", "interrupted")
        assert "gone" in interrupted.data["reason"]
        assert interrupted.data["retry_in"] == 1.0
        assert (lost.level, lost.data["state"]) == ("warning", "out_of_sync")
        (await desk.venue.accept()).say(book(bid="0.41"))
        told = [await inbox.message() for _ in range(5)]
        assert [(each.level, each.data["type"]) for each in told] == [
            ("info", "connected"),
            ("warning", "gap"),
            ("info", "price_change"),
            ("info", "resynced"),
            ("info", "state_changed"),
        ]
        _, gap, price, resynced, live = [each.data for each in told]
        # That it was asked for was over before anybody could be told.
        assert (live["state"], live["before"]) == ("live", "resyncing")
        assert gap["asset_ids"] == [YES]
        assert (price["best_bid"], price["state"]) == ("0.41", "live")
        assert price["epoch"] == resynced["epoch"] == 2


async def test_a_venue_that_is_down_at_first_is_told_and_then_found(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        desk.venue.down = "Connection refused"
        await call(client, "subscribe_market_prices", market_ids=[YES])
        assert "Connection refused" in (await inbox.data("interrupted"))["reason"]
        market = (await call(client, "get_realtime_status"))["connections"]["market"]
        assert (market["connected"], market["state"]) == (False, "waiting")
        desk.venue.down = None
        (await desk.venue.accept()).say(book())
        assert (await inbox.data("price_change"))["price"] == "0.41"


async def test_many_changes_at_once_become_one_event_with_the_newest(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book())
        await inbox.data("price_change")
        for thousandths in range(401, 411):
            connection.say(best_bid(f"0.{thousandths}"))
        # Within the interval, so all of them waited for its end.
        assert (await inbox.data("price_change"))["best_bid"] == "0.410"
        await trio.sleep(10)
        assert inbox.pending() == (0, 0)
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        assert active["events_conflated"] == 9


@older_era
async def test_the_client_decides_how_severe_a_message_must_be(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        await client.set_logging_level("warning")
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        assert "the log level 'warning' that it has set" in subscribed["delivery"]["note"]
        connection = await desk.venue.accept()
        connection.say(book())
        await trio.sleep(1)
        assert inbox.pending() == (0, 0)
        connection.drop()
        interrupted = await inbox.message()
        assert (interrupted.data["type"], interrupted.data["seq"]) == ("interrupted", 1)
        lost = await inbox.message()
        assert (lost.data["state"], lost.data["seq"]) == ("out_of_sync", 2)
        await client.set_logging_level("debug")
        (await desk.venue.accept()).say(book())
        assert (await inbox.message()).data["type"] == "connected"


async def test_in_the_newest_era_no_event_is_sent_but_the_state_can_be_read(autojump_clock):
    async with open_desk() as desk, desk.connect("auto") as (client, inbox):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        (await desk.venue.accept()).say(book())
        await trio.sleep(10)
        assert inbox.pending() == (0, 0)
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        (asset,) = active["assets"]
        assert (asset["state"], asset["best_bid"], asset["best_ask"]) == ("live", "0.40", "0.42")


async def test_after_the_answer_to_unsubscribe_nothing_more_comes(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        first = await call(client, "subscribe_market_prices", market_ids=[YES])
        other = await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book())
        await call(client, "unsubscribe_realtime", subscription_id=first["subscription_id"])
        while inbox.pending()[0]:
            await inbox.message()
        for price in ("0.405", "0.406", "0.407"):
            connection.say(best_bid(price))
            data = await inbox.data("price_change")
            assert (data["subscription_id"], data["best_bid"]) == (other["subscription_id"], price)
        assert inbox.pending() == (0, 0)


async def test_each_client_of_a_service_has_its_own_subscriptions(autojump_clock):
    async with (
        open_desk() as desk,
        desk.connect() as (one, ones_inbox),
        desk.connect() as (two, twos_inbox),
    ):
        subscribed = await call(one, "subscribe_market_prices", market_ids=[YES])
        assert (await call(two, "get_realtime_status"))["subscriptions"]["total"] == 1
        result = await two.call_tool(
            "unsubscribe_realtime", {"subscription_id": subscribed["subscription_id"]}
        )
        assert result.is_error
        (await desk.venue.accept()).say(book())
        await ones_inbox.data("price_change")
        assert twos_inbox.pending() == (0, 0)


async def test_the_subscriptions_of_a_client_end_with_it(autojump_clock):
    async with open_desk() as desk:
        async with desk.connect() as (client, _):
            await call(client, "subscribe_market_prices", market_ids=[YES])
            connection = await desk.venue.accept()
        assert desk.service.status().subscriptions.total == 0
        await trio.testing.wait_all_tasks_blocked()
        assert connection.closed


def request(number, method, **params):
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(body if number is None else body | {"id": number}).encode() + b"\n"


def initialize(number=1):
    return request(
        number,
        "initialize",
        protocolVersion="2025-11-25",
        capabilities={},
        clientInfo={"name": "raw", "version": "0"},
    )


def subscribe(number, name="subscribe_market_prices", **arguments):
    return request(number, "tools/call", name=name, arguments=arguments)


class RawClient:
    """Speaks lines, and reads only when told to. That resources came or went is skipped."""

    def __init__(self, stream):
        self.stream, self._buffer = stream, b""

    async def line(self):
        with trio.fail_after(5):
            while b"\n" not in self._buffer:
                self._buffer += await self.stream.receive_some(1024)
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        listed = message.get("method") == "notifications/resources/list_changed"
        return await self.line() if listed else message


async def serve_raw(service, stream):
    async with stream, serve_streams(stream, stream, capacity=4) as (reader, writer):
        await run_mcp(service, reader, writer)


@pytest.mark.parametrize("polite", [True, False], ids=["initialized", "never initialized"])
async def test_the_answer_comes_before_the_first_event_whatever_the_client_forgets(
    autojump_clock, polite
):
    ours, theirs = trio.testing.memory_stream_pair()
    client = RawClient(theirs)
    async with open_desk() as desk, trio.open_nursery() as nursery:
        nursery.start_soon(serve_raw, desk.service, ours)
        with desk.service.subscribe(PriceTopic(YES)) as known:
            (await desk.venue.accept()).say(book())
            await known.receive_batch()
            await theirs.send_all(initialize())
            assert (await client.line())["id"] == 1
            if polite:
                await theirs.send_all(request(None, "notifications/initialized"))
            await theirs.send_all(subscribe(2, market_ids=[YES]))
            assert (await client.line())["id"] == 2
            event = await client.line()
        assert event["method"] == "notifications/message"
        assert (event["params"]["data"]["type"], event["params"]["data"]["seq"]) == (
            "price_change",
            1,
        )
        await theirs.aclose()


async def test_a_client_that_does_not_read_stalls_nothing_and_then_gets_the_newest(autojump_clock):
    ours, theirs = trio.testing.lockstep_stream_pair()
    client = RawClient(theirs)
    async with open_desk(notify_interval=0.1) as desk, trio.open_nursery() as nursery:
        nursery.start_soon(serve_raw, desk.service, ours)
        await theirs.send_all(initialize())
        await client.line()
        await theirs.send_all(subscribe(2, market_ids=[YES, NO]))
        subscription_id = (await client.line())["result"]["structuredContent"]["subscription_id"]
        connection = await desk.venue.accept()
        connection.say(book(), book(asset_id=NO))
        # Nobody reads from here on. The venue's clock goes on, and so does the feed.
        for number, size in enumerate(["5", "0"] * 150 + ["5"], start=1_700_000_000_000):
            connection.say(make_price_change((YES, "BUY", "0.41", size), timestamp=number))
            await trio.sleep(0.1)
        assert connection.received.count("PING") >= 2
        status = desk.service.status()
        assert status.connections["market"].connected
        (active,) = status.subscriptions.active
        assert active.assets[0].best_bid == "0.41"
        assert status.statistics.events_by_type["price_change"] == 301
        # The client awakes: what was queued, then the newest, and nothing in between.
        prices = []
        while len(prices) < 3 or prices[-1]["revision"] < 302:
            event = (await client.line())["params"]["data"]
            assert event["subscription_id"] == subscription_id
            prices += [event] if event["type"] == "price_change" else []
        assert len(prices) < 12
        assert prices[-1]["best_bid"] == "0.41"
        await theirs.aclose()


async def test_what_waits_for_a_slow_client_is_not_sent_once_it_has_unsubscribed(autojump_clock):
    ours, theirs = trio.testing.lockstep_stream_pair()
    client = RawClient(theirs)
    tokens = [str(10**76 + number) for number in range(30)]
    async with open_desk() as desk, trio.open_nursery() as nursery:
        desk.catalog.failure = LookupFailed("https://gamma", "HTTP 503")
        nursery.start_soon(serve_raw, desk.service, ours)
        await theirs.send_all(initialize())
        await client.line()
        await theirs.send_all(subscribe(2, market_ids=tokens))
        subscription_id = (await client.line())["result"]["structuredContent"]["subscription_id"]
        connection = await desk.venue.accept()
        connection.say(*[book(asset_id=token) for token in tokens])
        await trio.sleep(1)
        await theirs.send_all(subscribe(3, "unsubscribe_realtime", subscription_id=subscription_id))
        await trio.sleep(1)
        before = 0
        while "id" not in (line := await client.line()):
            before += 1
        assert line["id"] == 3
        assert before < 12
        await theirs.send_all(request(4, "ping"))
        assert (await client.line())["id"] == 4
        await theirs.aclose()


async def test_at_the_end_those_who_listen_are_told_so():
    async with open_desk() as desk, create_client_server_memory_streams() as (ours, theirs):
        app = make_app(desk.service)

        @asynccontextmanager
        async def transport():
            yield ours
            await ours[1].aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(app.run, *theirs)
            with trio.fail_after(5):
                async with (
                    Client(transport()) as client,
                    client.listen(resource_subscriptions=[STATUS_URI]) as changes,
                ):
                    app.close()
                    assert [change async for change in changes] == []


async def test_a_client_that_leaves_before_it_says_anything_leaves_nothing_behind():
    async with open_desk() as desk:
        async with create_client_server_memory_streams() as (client, server):
            await client[1].aclose()
            with trio.fail_after(5):
                await run_mcp(desk.service, *server)
        assert desk.venue.dials == []


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (Gap(received=0.0, feed="rtds", stream="activity", reason="cut", gap_since=0.0), "warning"),
        (
            Gap(
                received=0.0,
                feed="prices",
                stream="crypto:btcusd",
                reason="cut",
                gap_since=0.0,
                filled=True,
            ),
            "info",
        ),
        (
            StreamGone(
                received=0.0, feed="rtds", stream="comments", reason="retired", instead=None
            ),
            "warning",
        ),
    ],
    ids=["gap", "filled gap", "stream gone"],
)
async def test_what_may_be_missing_is_a_warning(autojump_clock, event, level):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        feed = "comments" if event.stream == "comments" else "activity"
        symbols = {"feed": "prices", "symbols": ["btcusd"]} if event.feed == "prices" else {}
        await call(client, "subscribe_live_data", **{"feed": feed, **symbols})
        desk.service._hub.publish(event)
        while (message := await inbox.message()).data["type"] != event.type:
            pass
        assert message.level == level


async def test_a_client_is_sent_no_more_messages_a_second_than_its_budget(autojump_clock):
    async with open_desk(notify_budget=8) as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_live_data", feed="new_markets")
        connection = await desk.venue.accept()
        await trio.sleep(1)
        before = inbox.pending()[0]
        connection.say(*[announcement(number) for number in range(8)])
        await trio.sleep(0.6)
        assert inbox.pending()[0] - before <= 6, "two a round, and three rounds"
        await trio.sleep(1)
        assert inbox.pending()[0] - before == 8


async def test_what_is_older_than_the_newest_of_a_second_is_counted_and_left_out(autojump_clock):
    async with open_desk(notify_budget=8) as desk, desk.connect() as (client, inbox):
        begun = await call(client, "subscribe_live_data", feed="new_markets")
        connection = await desk.venue.accept()
        await inbox.data("connected")
        connection.say(*[announcement(number) for number in range(30)])
        dropped = await inbox.message()
        assert (dropped.level, dropped.data["type"]) == ("warning", "dropped")
        assert dropped.data["count"] == 22
        told = [(await inbox.message()).data["slug"] for _ in range(8)]
        assert told == [f"market-{number}" for number in range(22, 30)]
        # Who asks gets them all.
        waited = await call(
            client, "wait_for_realtime_events", subscription_ids=[begun["subscription_id"]]
        )
        assert len(waited["events"]) == 30


async def test_a_busy_subscription_leaves_room_for_the_others(autojump_clock):
    async with open_desk(notify_budget=8) as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_live_data", feed="new_markets")
        prices = await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()

        async def announce():
            for number in range(400):
                connection.say(announcement(number))
                await trio.sleep(0.05)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(announce)
            await trio.sleep(3)
            connection.say(book())
            with trio.fail_after(2):
                price = await inbox.data("price_change")
            nursery.cancel_scope.cancel()
        assert price["subscription_id"] == prices["subscription_id"]


async def test_the_last_event_of_a_settled_market_is_still_sent(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book())
        await inbox.data("price_change")
        connection.say(
            {
                "event_type": "market_resolved",
                "market": MARKET,
                "assets_ids": [YES, NO],
                "winning_asset_id": YES,
                "winning_outcome": "Yes",
                "timestamp": "1700000000009",
            }
        )
        assert (await inbox.data("market_resolved"))["winning_outcome"] == "Yes"
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0
