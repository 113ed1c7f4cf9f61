"""MCP Events as hosts use them: raw JSON-RPC with a server process, a venue on real sockets."""

import json
from contextlib import asynccontextmanager

import pytest
import trio
from test_mcp_stdio import close_stdin, start_server, wait_for_pings

from events_client import ERAS, Refused, open_client
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

pytestmark = pytest.mark.process

PRICE, BOOK, TRADES, ORDER = (
    f"polymarket.{name}" for name in ("price", "order_book", "last_trade", "order")
)

BUSY = {"notify_interval": 0.005, "ping_interval": 0.05}
QUICK = {"notify_interval": 0.02, "backoff_initial": 0.05, "backoff_maximum": 0.1}


@pytest.fixture(params=ERAS)
def era(request):
    return request.param


@asynccontextmanager
async def open_world(era=ERAS[-1], config=None, **settings):
    """A sandbox, and a raw client of a server process that uses it."""
    async with (
        open_sandbox(config or SandboxConfig(rate=0)) as sandbox,
        start_server(sandbox, **QUICK, **settings) as server,
    ):

        async def send(body):
            await server.send(json.dumps(body).encode() + b"\n")

        async with open_client(send, server.line, era) as client:
            yield sandbox, client


def ids_of(events):
    return [event["eventId"] for event in events]


async def wait_live(client, count):
    """Wait until so many tokens are subscribed to, and live."""
    while True:
        status = await client.tool("get_realtime_status")
        assets = [each for one in status["subscriptions"]["active"] for each in one["assets"]]
        if len(assets) == count and {each["state"] for each in assets} == {"live"}:
            return


async def subscriptions(client):
    return (await client.tool("get_realtime_status"))["subscriptions"]["total"]


async def test_events_are_polled_and_streamed_by_their_names_in_both_eras(era):
    async with open_world(era) as (sandbox, client):
        market = sandbox.exchange.markets[0]
        token = market.token_ids[0]
        asked = {"markets": [market.slug]}
        stream = await client.stream(TRADES, asked)
        cursor = (await stream.next("active"))["cursor"]
        await wait_live(client, 2)
        for size in ("1", "2", "3"):
            sandbox.exchange.trade(token, "SELL", size)
        pushed = [await stream.next("event") for _ in range(3)]
        assert [each["data"]["size"] for each in pushed] == ["1", "2", "3"]
        assert {each["data"]["question"] for each in pushed} == {market.question}
        polled, _, truncated = await client.poll_until(TRADES, asked, cursor, 3)
        assert ids_of(polled) == ids_of(pushed)
        assert not truncated
        prices = await client.stream(PRICE, asked)
        assert (await prices.next("event"))["data"]["state"] == "live"
        await prices.cancel()
        await stream.cancel()
        with pytest.raises(Refused, match="POLYMARKET_API_KEY"):
            await client.poll(ORDER, {})


async def test_a_client_that_crashes_and_resumes_loses_nothing_and_is_told_nothing_twice():
    async with open_world() as (sandbox, client):
        token = sandbox.exchange.markets[0].token_ids[0]
        asked = {"markets": [token]}
        persisted = [(await client.poll(TRADES, asked))["cursor"]]
        seen = []
        await wait_live(client, 1)

        async def follow_by_stream(count):
            # A crash is not a farewell: the server goes on sending, and nobody takes it.
            stream = await client.stream(TRADES, asked, persisted[0])
            assert not (await stream.next("active"))["truncated"]
            for _ in range(count):
                event = await stream.next("event")
                seen.append((event["eventId"], event["data"]["size"]))
                persisted[0] = event["cursor"]

        async def follow_by_poll(count):
            events, persisted[0], truncated = await client.poll_until(
                TRADES, asked, persisted[0], count, maxEvents=1
            )
            assert not truncated
            seen.extend((event["eventId"], event["data"]["size"]) for event in events)

        for life in range(6):
            follow = follow_by_poll if life % 2 else follow_by_stream
            # Some come while nobody follows, and some while somebody does.
            sandbox.exchange.trade(token, "BUY", f"{10 * life + 1}")
            sandbox.exchange.trade(token, "BUY", f"{10 * life + 2}")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(follow, 3)
                sandbox.exchange.trade(token, "BUY", f"{10 * life + 3}")
        wanted = [f"{10 * life + n}" for life in range(6) for n in (1, 2, 3)]
        assert [size for _, size in seen] == wanted
        assert len({event_id for event_id, _ in seen}) == len(wanted)


async def test_a_stream_that_is_cancelled_is_gone_on_with_and_told_what_may_be_missing():
    async with open_world() as (sandbox, client):
        token = sandbox.exchange.markets[0].token_ids[0]
        asked = {"markets": [token]}
        stream = await client.stream(TRADES, asked)
        await stream.next("active")
        await wait_live(client, 1)
        sandbox.exchange.trade(token, "BUY", "1")
        first = await stream.next("event")
        sandbox.exchange.trade(token, "BUY", "2")
        await stream.next("event")
        await stream.cancel()
        assert await subscriptions(client) == 0
        stream = await client.stream(TRADES, asked, first["cursor"])
        again = await stream.next("event")
        assert again["data"]["size"] == "2"
        assert (await stream.next("active"))["truncated"]


async def test_a_feed_that_is_cut_is_told_by_poll_and_by_stream_and_goes_on():
    async with open_world() as (sandbox, client):
        market = sandbox.exchange.markets[0]
        asked = {"markets": [market.slug], "depth": 1}
        stream = await client.stream(BOOK, asked)
        await stream.next("active")
        before = {}
        while len(before) < 2:
            event = await stream.next("event")
            before[event["data"]["token_id"]] = event
        sandbox.faults.cut()
        assert (await stream.next("error"))["error"]["code"] == -32603
        assert (await stream.next("active"))["truncated"]
        await stream.next("event")
        last = list(before.values())[-1]
        page = await client.poll(BOOK, asked, last["cursor"])
        assert page["truncated"]
        await wait_live(client, 2)
        cursor = (await client.poll(BOOK, asked))["cursor"]
        sandbox.exchange.trade(market.token_ids[0], "BUY", "5")
        polled, _, truncated = await client.poll_until(BOOK, asked, cursor)
        assert not truncated
        while (await stream.next("event"))["eventId"] != polled[0]["eventId"]:
            pass


async def test_twenty_streams_at_once_each_in_order_and_nothing_is_left_when_they_are_cancelled():
    async with open_world() as (sandbox, client):
        tokens = [market.token_ids[0] for market in sandbox.exchange.markets][:4]
        # Different arguments make a subscription of each.
        wanted = {"when": "trade_at_least", "once": False}
        streams = {
            (token, least): await client.stream(
                TRADES, {"markets": [token], "condition": {**wanted, "threshold": least}}
            )
            for token in tokens
            for least in range(1, 6)
        }
        for stream in streams.values():
            await stream.next("active")
        assert await subscriptions(client) == len(streams) == 20
        await wait_live(client, 20)
        for size in range(1, 9):
            for token in tokens:
                sandbox.exchange.trade(token, "BUY", str(size))
        for (token, least), stream in streams.items():
            events = [await stream.next("event") for _ in range(least, 9)]
            values = [each["data"]["condition_met"]["value"] for each in events]
            assert values == [str(size) for size in range(least, 9)]
            assert {each["data"]["token_id"] for each in events} == {token}
            assert len(set(ids_of(events))) == len(events)
        for stream in streams.values():
            await stream.cancel()
        assert await subscriptions(client) == 0


async def test_a_client_that_does_not_read_stalls_nothing_but_its_streams():
    config = SandboxConfig(rate=100, lifecycle=False)
    async with open_sandbox(config) as sandbox, start_server(sandbox, **BUSY) as server:
        tokens = [token for market in sandbox.exchange.markets for token in market.token_ids]

        async def send(body):
            await server.send(json.dumps(body).encode() + b"\n")

        async with open_client(send, server.line, ERAS[0]) as client:
            for depth in range(1, 6):
                stream = await client.stream(BOOK, {"markets": tokens, "depth": depth})
            await stream.next("event")
        # Nobody reads from here on.
        await wait_for_pings(sandbox, 8)
        close_stdin(server)
        # The SDK tries for a second to answer the requests that are open.
        with trio.fail_after(6):
            assert await server.process.wait() == 0
