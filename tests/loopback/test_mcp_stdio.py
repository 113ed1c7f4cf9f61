"""The MCP server as hosts run it: a process on pipes, with a venue on real sockets."""

import json
import math
import os
import signal
import sys
from collections import deque
from contextlib import asynccontextmanager
from subprocess import PIPE

import pytest
import trio
from mcp import Client, StdioServerParameters

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

pytestmark = pytest.mark.process

ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28"}

SERVER = """
import json, sys, trio
from polymarket_realtime import Settings
from polymarket_realtime.server.serve import serve_stdio

trio.run(serve_stdio, Settings(**json.loads(sys.argv[1])))
"""

ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def server_command(sandbox, **settings):
    urls = {name: getattr(sandbox, name) for name in ("market_url", "clob_url", "gamma_url")}
    arguments = json.dumps(urls | settings)
    return [sys.executable, "-W", "error", "-c", SERVER, arguments]


@asynccontextmanager
async def connect(sandbox, mode, **settings):
    """The SDK's client on a server process, and the messages that it was sent."""
    messages_in, messages = trio.open_memory_channel(math.inf)

    async def take_message(params):
        messages_in.send_nowait(params)

    command, *args = server_command(sandbox, **settings)
    parameters = StdioServerParameters(command=command, args=args, env=ENV)
    with trio.fail_after(15):
        async with Client(parameters, mode=mode, logging_callback=take_message) as client:
            assert client.protocol_version == ERAS[mode]
            yield client, messages


async def call(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_lists_subscribes_and_reads_the_state(mode):
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        market = sandbox.exchange.markets[0]
        async with connect(sandbox, mode) as (client, _):
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert tools == [
                "subscribe_market_prices",
                "subscribe_orderbook_updates",
                "subscribe_user_orders",
                "subscribe_user_trades",
                "subscribe_market_resolution",
                "subscribe_live_data",
                "wait_for_realtime_events",
                "get_realtime_snapshot",
                "find_markets",
                "get_realtime_status",
                "unsubscribe_realtime",
            ]
            subscribed = await call(
                client, "subscribe_market_prices", market_ids=[market.condition_id]
            )
            assert [each["outcome"] for each in subscribed["resolved"]] == list(market.outcomes)
            assert {each["question"] for each in subscribed["resolved"]} == {market.question}
            await sandbox.wait_received(lambda frame: market.token_ids[0] in frame.text)
            assets = []
            while len(assets) < 2 or {asset["state"] for asset in assets} != {"live"}:
                status = await call(client, "get_realtime_status")
                (active,) = status["subscriptions"]["active"]
                assets = active["assets"]
            assert {asset["asset_id"] for asset in assets} == set(market.token_ids)
            assert status["connections"]["market"]["connected"] is True
            contents = await client.read_resource("polymarket://websocket-status")
            assert json.loads(contents.contents[0].text)["subscriptions"]["total"] == 1


async def test_prices_and_books_arrive_as_objects_and_as_lines():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        async with connect(sandbox, "legacy") as (client, messages):
            ids = {}
            for form in ("notification", "log"):
                for name, parameter in (
                    ("subscribe_market_prices", "market_ids"),
                    ("subscribe_orderbook_updates", "token_ids"),
                ):
                    result = await call(client, name, **{parameter: [token]}, callback_type=form)
                    ids[result["subscription_id"]] = name, form
            told = await tell_all(messages, ids)
            best = sandbox.exchange.opening_book(token)["bids"][-1]["price"]
            sandbox.exchange.trade(token, "SELL", "10000")
            lower = sandbox.exchange.opening_book(token)["bids"][-1]["price"]
            assert float(lower) < float(best)
            assert {price for price, _ in told} == {best}
            # The trade itself may be told before what it has done to the book.
            while {price for price, _ in told} != {lower}:
                told = await tell_all(messages, ids)


async def tell_all(messages, ids):
    """Best bids in the next price or book of every subscription, with their forms."""
    by_short_id = {subscription_id[:8]: form for subscription_id, (_, form) in ids.items()}
    told = {}
    while len(told) < len(ids):
        params = await messages.receive()
        assert params.logger == "polymarket.websocket"
        if isinstance(params.data, str):
            short_id, words = params.data[1:9], params.data[11:].split()
            if words[0] in {"price", "book"}:
                told[short_id] = words[words.index("bid") + 1], by_short_id[short_id]
        elif params.data["type"] in {"price_change", "agg_orderbook"}:
            short_id = params.data["subscription_id"][:8]
            told[short_id] = params.data["best_bid"], by_short_id[short_id]
    return set(told.values())


async def test_a_venue_that_is_down_at_first_is_found_when_it_is_back():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        sandbox.faults.refuse()
        async with connect(sandbox, "legacy", backoff_initial=0.05) as (client, messages):
            subscribed = await call(client, "subscribe_market_prices", market_ids=[token])
            assert "without a name" in subscribed["message"]
            types = set()
            while "interrupted" not in types:
                types.add((await messages.receive()).data["type"])
            resource = await client.read_resource("polymarket://websocket-status")
            market = json.loads(resource.contents[0].text)["connections"]["market"]
            assert market["connected"] is False
            sandbox.faults.heal()
            while "price_change" not in types:
                types.add((await messages.receive()).data["type"])


# Raw processes


def request(number, method, **params):
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(body if number is None else body | {"id": number}).encode() + b"\n"


INITIALIZE = request(
    1,
    "initialize",
    protocolVersion="2025-11-25",
    capabilities={},
    clientInfo={"name": "raw", "version": "0"},
) + request(None, "notifications/initialized")


def tool_call(number, name, **arguments):
    return request(number, "tools/call", name=name, arguments=arguments)


class RawServer:
    """A server process whose stdout is read only when somebody asks."""

    def __init__(self, process):
        self.process = process
        self.notifications = 0
        self._buffer, self._lines = b"", deque()

    async def send(self, data):
        await self.process.stdin.send_all(data)

    async def line(self):
        """The next whole line of its stdout, decoded; None at the end."""
        while not self._lines:
            chunk = await self.process.stdout.receive_some(65536)
            if not chunk:
                assert self._buffer == b"", "a torn line"
                return None
            *lines, self._buffer = (self._buffer + chunk).split(b"\n")
            self._lines.extend(lines)
        message = json.loads(self._lines.popleft())
        assert message["jsonrpc"] == "2.0"
        self.notifications += message.get("method") == "notifications/message"
        return message

    async def answer(self, number):
        """The result of a request; what comes before it is counted or skipped."""
        while (message := await self.line()).get("id") != number:
            pass
        return message["result"]

    async def exit_code(self):
        """Wait for its end, which must be close."""
        with trio.fail_after(2):
            return await self.process.wait()


@asynccontextmanager
async def start_server(sandbox, **settings):
    command = server_command(sandbox, **settings)
    process = await trio.lowlevel.open_process(command, env=ENV, stdin=PIPE, stdout=PIPE)
    try:
        async with process.stdin, process.stdout:
            with trio.fail_after(15):
                yield RawServer(process)
    finally:
        if process.poll() is None:
            process.kill()
        await process.wait()


def close_stdin(server):
    server.process.stdin.close()


def terminate(server):
    server.process.send_signal(signal.SIGTERM)


def interrupt(server):
    server.process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("end", [terminate, interrupt])
async def test_a_signal_ends_the_process_at_once_with_code_0_while_stdin_stays_open(end):
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox, start_server(sandbox) as server:
        token = sandbox.exchange.markets[0].token_ids[0]
        await server.send(INITIALIZE)
        await server.answer(1)
        await server.send(tool_call(2, "subscribe_market_prices", market_ids=[token]))
        await server.answer(2)
        await sandbox.wait_received(lambda frame: token in frame.text)
        end(server)
        assert await server.exit_code() == 0


async def test_stdout_has_nothing_but_json_rpc_and_garbage_costs_only_itself():
    async with (
        open_sandbox(SandboxConfig(rate=50, lifecycle=False)) as sandbox,
        start_server(sandbox, notify_interval=0.01) as server,
    ):
        ids = [market.condition_id for market in sandbox.exchange.markets]
        await server.send(INITIALIZE + b"garbage\n\n[]\n")
        await server.answer(1)
        await server.send(tool_call(2, "subscribe_market_prices", market_ids=ids))
        await server.answer(2)
        for number in range(3, 20):
            await server.send(b'{"jsonrpc": "2.0"}\n' + tool_call(number, "get_realtime_status"))
            status = (await server.answer(number))["structuredContent"]
            assert status["subscriptions"]["total"] == 1
        close_stdin(server)
        while await server.line() is not None:
            pass
        assert await server.exit_code() == 0
        assert server.notifications > 0


@asynccontextmanager
async def stalled_server():
    """A server whose client reads no more, though many events are due."""
    # Without its lifecycle: what is settled could not be subscribed to.
    async with open_sandbox(SandboxConfig(rate=400, lifecycle=False)) as sandbox:
        # More than the pipe and the queue can take.
        settings = {"notify_interval": 0.005, "notify_budget": 100_000, "ping_interval": 0.05}
        async with start_server(sandbox, **settings) as server:
            tokens = [token for market in sandbox.exchange.markets for token in market.token_ids]
            await server.send(INITIALIZE)
            await server.answer(1)
            await server.send(tool_call(2, "subscribe_market_prices", market_ids=tokens))
            await server.send(
                tool_call(3, "subscribe_orderbook_updates", token_ids=tokens, depth=100)
            )
            await server.answer(3)
            yield sandbox, server


async def wait_for_pings(sandbox, count):
    """Wait for so many more PING: the sign of a feed that goes on."""
    statistics = sandbox.statistics
    wanted = statistics().frames_received["PING"] + count
    await sandbox.wait_received(lambda _: statistics().frames_received["PING"] >= wanted)


@pytest.mark.parametrize("end", [close_stdin, terminate])
async def test_a_client_that_stops_reading_stalls_neither_the_feed_nor_the_end(end):
    async with stalled_server() as (sandbox, server):
        await wait_for_pings(sandbox, 8)
        assert sandbox.statistics().connections_total == 1
        end(server)
        assert await server.exit_code() == 0


async def test_a_client_that_reads_again_finds_whole_lines_and_the_count_of_what_it_missed():
    async with stalled_server() as (sandbox, server):
        await wait_for_pings(sandbox, 8)
        before = server.notifications
        await server.send(tool_call(4, "get_realtime_status"))
        status = (await server.answer(4))["structuredContent"]
        assert server.notifications - before > 64
        assert status["statistics"]["events_conflated"] > 0
        assert status["connections"]["market"]["connections"][0]["failures"] == 0
        close_stdin(server)
        while await server.line() is not None:
            pass
        assert await server.exit_code() == 0
