import json
import time

import httpx2
import pytest
import trio
from memory_client import open_memory_client

from polymarket_realtime.errors import ConnectFailed, ConnectionLost
from polymarket_realtime.sandbox import SandboxConfig, open_memory_sandbox
from polymarket_realtime.sandbox.connection import SEND_BUFFER
from polymarket_realtime.sandbox.memory_link import CAPACITY
from virtual.virtual_sandbox import T0, asgi_transport, virtual_wall


@pytest.fixture
async def memory():
    async with open_memory_sandbox(SandboxConfig(rate=0)) as memory:
        yield memory


@pytest.fixture
def sandbox(memory):
    return memory.sandbox


@pytest.fixture
def token(sandbox):
    return sandbox.exchange.markets[0].token_ids[0]


@pytest.fixture
def move(sandbox, token):
    """Make the exchange say something about the token."""
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    return lambda: sandbox.exchange.place(token, "BUY", bid, "1")


@pytest.fixture
async def client(memory, token):
    async with open_memory_client(memory) as client:
        await client.open(token)
        yield client


@pytest.fixture
async def http(memory):
    transport = asgi_transport(memory.app)
    async with httpx2.AsyncClient(base_url=memory.sandbox.clob_url, transport=transport) as http:
        yield http


async def silent(client, seconds=30.0):
    """Whether nothing arrives, not even an end."""
    with trio.move_on_after(seconds) as scope:
        await client.stream.receive_batch()
    return scope.cancelled_caught


async def test_a_client_hears_what_the_exchange_says(autojump_clock, sandbox, client, token, move):
    move()
    frame = await client.frame()
    assert frame["event_type"] == "price_change"
    assert token in {entry["asset_id"] for entry in frame["price_changes"]}
    assert sandbox.statistics().frames_received["market"] == 1


async def test_what_is_said_at_once_arrives_as_one_batch(autojump_clock, client, move):
    for _ in range(5):
        move()
    batch = await client.stream.receive_batch()
    assert len(batch) == 5


async def test_the_order_flow_runs_on_the_virtual_clock(autojump_clock):
    config = SandboxConfig(rate=8)
    heard = []
    for _ in range(2):
        texts = []
        start = trio.current_time()
        async with (
            open_memory_sandbox(config) as memory,
            open_memory_client(memory) as client,
        ):
            market = memory.sandbox.exchange.markets[0]
            await client.open(*market.token_ids)
            with trio.move_on_after(60):
                while True:
                    frame = await client.frame()
                    texts.append([frame["event_type"], frame.get("price_changes")])
        assert trio.current_time() - start == pytest.approx(60)
        heard.append([kind for kind, _ in texts])
    assert len(heard[0]) > 20
    assert heard[0] == heard[1]  # a seed is a course of events


async def test_dates_follow_a_wall_that_is_virtual_too(monkeypatch, autojump_clock):
    virtual_wall(monkeypatch)
    async with (
        open_memory_sandbox(SandboxConfig(rate=0)) as memory,
        open_memory_client(memory) as client,
    ):
        exchange = memory.sandbox.exchange
        token = exchange.markets[0].token_ids[0]
        await client.open(token)
        await trio.sleep(60)
        await client.ping()
        assert time.time() == T0 + trio.current_time()
        exchange.trade(token, "BUY", "1")
        stamp = int((await client.frame())["timestamp"])
        assert stamp == pytest.approx(1000 * (T0 + trio.current_time()), abs=1)


def test_outside_of_a_run_the_virtual_wall_is_the_real_one(monkeypatch):
    real = time.time
    virtual_wall(monkeypatch)
    assert abs(time.time() - real()) < 5


async def test_every_channel_is_there(autojump_clock, memory, sandbox):
    async with memory.open_stream(sandbox.rtds_url) as rtds:
        await rtds.send(json.dumps({"action": "subscribe", "subscriptions": []}))
    async with open_memory_client(memory, sandbox.sports_url) as sports:
        assert "gameId" in await sports.text()
    async with open_memory_client(memory, sandbox.user_url) as user:
        auth = {
            "apiKey": sandbox.credentials.api_key,
            "secret": sandbox.credentials.secret,
            "passphrase": sandbox.credentials.passphrase,
        }
        await user.send(type="user", auth=auth, markets=[])
        assert await user.ping() == []
    async with open_memory_client(memory, sandbox.polybolt_url) as polybolt:
        await polybolt.send(op="ping", id="1")
        assert "op" in await polybolt.text()


async def test_http_answers_without_a_server(autojump_clock, sandbox, http, token):
    assert (await http.get("/book", params={"token_id": token})).json()["asset_id"] == token
    assert sandbox.rate_limit.requests["GET /book"] == 1


async def test_an_unknown_channel_is_refused_with_its_status(autojump_clock, memory, sandbox):
    with pytest.raises(ConnectFailed) as failure:
        async with memory.open_stream(sandbox.market_url + "s"):
            pass
    assert failure.value.status == 404


@pytest.mark.parametrize("url", ["ws://127.0.0.1:2/ws/market", "ws://localhost/ws/market"])
async def test_nobody_answers_at_another_address(autojump_clock, memory, url):
    with pytest.raises(ConnectFailed, match="Connection refused"):
        async with memory.open_stream(url):
            pass


async def test_what_is_no_websocket_cannot_be_dialled(autojump_clock, memory, sandbox):
    with pytest.raises(ValueError, match="not a WebSocket URL"):
        async with memory.open_stream(sandbox.clob_url):
            pass


async def test_after_the_end_of_the_sandbox_nobody_is_there(autojump_clock):
    async with open_memory_sandbox(SandboxConfig(rate=0)) as memory:
        url = memory.sandbox.market_url
        async with open_memory_client(memory) as client:
            await client.open("42")
            leave = client.ending
    with pytest.raises(ConnectFailed, match="Connection refused"):
        async with memory.open_stream(url):
            pass
    assert await leave() is not None


async def test_a_client_that_leaves_is_struck_out(autojump_clock, memory, sandbox):
    async with open_memory_client(memory) as client:
        await client.open("42")
        assert sandbox.statistics().connections_open == 1
    await trio.testing.wait_all_tasks_blocked()
    assert sandbox.statistics().connections_open == 0


async def test_a_close_frame_tells_its_code_after_what_came_before(
    autojump_clock, sandbox, client, token, move
):
    market = sandbox.exchange.markets[0]
    move()
    sandbox.exchange.resolve(market.condition_id, 0)
    await trio.testing.wait_all_tasks_blocked()
    assert len(await client.stream.receive_batch()) >= 2
    assert await client.ending() == (1000, "all subscribed assets resolved")
    with pytest.raises(ConnectionLost):
        await client.stream.send("PING")
    with pytest.raises(ConnectionLost):
        await client.stream.probe()


async def test_the_silent_are_dropped_without_a_close_frame(autojump_clock, sandbox, client):
    start = trio.current_time()
    assert await client.ending() == (None, "")
    assert trio.current_time() - start == pytest.approx(125, abs=1)
    await trio.testing.wait_all_tasks_blocked()
    assert sandbox.statistics().connections_open == 0


async def test_a_slow_consumer_is_closed(autojump_clock, client, move):
    frames = SEND_BUFFER + CAPACITY // 400
    for _ in range(frames):
        move()
        await trio.testing.wait_all_tasks_blocked()
    assert await client.ending() == (1013, "slow consumer: send buffer full")


async def test_a_cut_loses_what_was_on_its_way_and_keeps_what_has_arrived(
    autojump_clock, sandbox, client, move
):
    move()
    await trio.testing.wait_all_tasks_blocked()
    sandbox.faults.delay(1)
    move()
    await trio.testing.wait_all_tasks_blocked()
    assert sandbox.faults.cut() == 1
    await trio.testing.wait_all_tasks_blocked()
    assert len(await client.stream.receive_batch()) == 1
    assert await client.ending() == (None, "")
    assert sandbox.statistics().connections_open == 0


async def test_refused_connections_fail_until_healed(autojump_clock, memory, sandbox, http, client):
    sandbox.faults.refuse(60)
    with pytest.raises(ConnectFailed, match="hung up"):
        async with memory.open_stream(sandbox.market_url):
            pass
    with pytest.raises(httpx2.ConnectError):
        await http.get("/time")
    assert await client.ping() == []  # who is in stays in
    await trio.sleep(60)
    async with open_memory_client(memory) as late:
        await late.open("42")
    assert (await http.get("/time")).status_code == 200


async def test_a_stall_holds_everything_back_and_healing_delivers_it(
    autojump_clock, memory, sandbox, client, move
):
    sandbox.faults.stall()
    move()
    await client.stream.send("PING")
    assert await silent(client)
    with trio.move_on_after(30) as patience:
        await client.stream.probe()
    assert patience.cancelled_caught
    start = trio.current_time()
    with pytest.raises(ConnectFailed, match="not done within 10 s"):
        async with memory.open_stream(sandbox.market_url):
            pass
    assert trio.current_time() - start == pytest.approx(10)
    sandbox.faults.heal()
    batch = await client.stream.receive_batch()
    assert [text[:1] for text in batch] == [b"{", b"P"]
    await client.stream.probe()


async def test_a_half_open_connection_swallows_both_directions_and_never_closes(
    autojump_clock, memory, sandbox, http, client, move
):
    sandbox.faults.half_open()
    received = len(sandbox.received)
    move()
    await client.stream.send("PING")
    assert await silent(client, 600)  # the server has long lost its patience
    with trio.move_on_after(30) as patience:
        await client.stream.probe()
    assert patience.cancelled_caught
    assert len(sandbox.received) == received
    assert (await http.get("/time")).status_code == 200
    with pytest.raises(ConnectFailed, match="not done within"):
        async with memory.open_stream(sandbox.market_url):
            pass
    # Something is lost, so the stream cannot go on.
    sandbox.faults.heal()
    assert await client.ending() == (None, "")


async def test_a_probe_ends_with_its_connection(autojump_clock, sandbox, client):
    sandbox.faults.half_open()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def probe():
            with pytest.raises(ConnectionLost):
                await client.stream.probe()

        await trio.testing.wait_all_tasks_blocked()
        sandbox.faults.cut()


async def test_a_connection_that_lost_nothing_survives_being_half_open(
    autojump_clock, sandbox, client
):
    sandbox.faults.half_open()
    sandbox.faults.heal()
    assert await client.ping() == []


async def test_a_delay_keeps_the_order_and_costs_no_throughput(
    autojump_clock, sandbox, client, move
):
    sandbox.faults.delay(3)
    start = trio.current_time()
    move()
    await client.stream.send("PING")
    await client.stream.probe()
    assert (await client.frame())["event_type"] == "price_change"
    assert await client.text() == "PONG"
    assert trio.current_time() - start == pytest.approx(3)
    sandbox.faults.heal()
    assert await client.ping() == []
    assert trio.current_time() - start == pytest.approx(3)


async def test_a_frozen_feed_answers_pings_and_says_nothing_else(
    autojump_clock, memory, sandbox, client, move
):
    sandbox.faults.freeze()
    move()
    assert await client.ping() == []
    await client.stream.probe()
    async with open_memory_client(memory) as late:
        await late.send(type="market", assets_ids=["42"])
        assert await late.ping() == []
    sandbox.faults.heal()
    move()
    assert [frame["event_type"] for frame in await client.frames()] == ["price_change"]


async def test_a_drop_delivers_what_the_server_has_written(autojump_clock):
    async with (
        open_memory_sandbox(SandboxConfig(rate=0, idle_timeout=1)) as memory,
        open_memory_client(memory) as client,
    ):
        await client.send(type="market", assets_ids=["42"])
        memory.sandbox.faults.delay(1.04)  # so that it is on its way when patience ends
        await trio.testing.wait_all_tasks_blocked()
        assert await client.text() == "[]\n"
        assert await client.ending() == (None, "")


async def test_faults_can_be_aimed_at_one_connection(autojump_clock, memory, sandbox, token):
    faults = sandbox.faults
    frame = json.dumps({"type": "market", "assets_ids": [token]})
    async with (
        memory.open_stream(sandbox.market_url) as one,
        memory.open_stream(sandbox.market_url) as other,
    ):
        first, second = faults.ports
        faults.aim(first)
        assert faults.cut() == 1
        with pytest.raises(ConnectionLost):
            await one.receive_batch()
        assert faults.ports == (second,)
        faults.freeze()
        await other.send(frame)
        assert len(await other.receive_batch()) == 1
        faults.heal()
        assert faults.cut() == 1
