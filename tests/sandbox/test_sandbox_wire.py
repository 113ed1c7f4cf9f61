import json
import time

import pytest
import trio
import trio.testing
import trio_websocket
from sandbox_client import open_client, sha1_of_book

from polymarket_realtime.errors import SettingsError
from polymarket_realtime.sandbox import SandboxConfig, faults, open_sandbox, session


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox):
    async with open_client(sandbox.market_url) as client:
        yield client


@pytest.fixture
def markets(sandbox):
    return sandbox.exchange.markets


def improve(sandbox, market):
    """Change the top of a market's book: cancel the best bid of its first token."""
    best = sandbox.exchange.book(market.token_ids[0])["bids"][-1]["price"]
    sandbox.exchange.cancel(market.token_ids[0], "BUY", best)


async def test_the_opening_dump_is_one_array_with_a_newline(client, markets):
    tokens = [token for market in markets for token in market.token_ids]
    await client.send(type="market", assets_ids=tokens)
    text = await client.text()
    assert text.endswith("]\n")
    books = json.loads(text)
    assert sorted(book["asset_id"] for book in books) == sorted(tokens)
    assert [book["asset_id"] for book in books] != tokens
    for book in books:
        bids = [float(level["price"]) for level in book["bids"]]
        asks = [float(level["price"]) for level in book["asks"]]
        assert bids == sorted(bids)
        assert asks == sorted(asks, reverse=True)
        assert bids[-1] < asks[-1]
        assert book["last_trade_price"] == ""


async def test_the_hash_of_an_opening_book_recomputes(client, markets):
    market = next(market for market in markets if market.event.neg_risk)
    book = (await client.open(market.token_ids[1]))[market.token_ids[1]]
    assert book["hash"] == sha1_of_book(
        market.condition_id,
        market.token_ids[1],
        book["timestamp"],
        book["bids"],
        book["asks"],
        book["tick_size"],
        True,
        book["last_trade_price"],
    )


@pytest.mark.parametrize(
    "first",
    [
        "PING",
        "hello",
        "[]",
        "{}",
        '{"type":"market"}',
        '{"type":"user","assets_ids":["1"]}',
        '{"type":"market","assets_ids":"1"}',
        '{"type":"market","assets_ids":[1]}',
        '{"type":"market","assets_ids":[]}',
        '{"type":"market","assets_ids":["1"],"custom_feature_enabled":"yes"}',
        '{"operation":"subscribe","assets_ids":["1"]}',
        b'{"type":"market","assets_ids":["1"]}',
    ],
)
async def test_a_first_frame_that_is_no_subscription_closes_the_connection(sandbox, client, first):
    await client.ws.send_message(first)
    assert await client.ending() == (1008, "invalid subscription payload")
    assert sandbox.statistics().frames_received["invalid"] == 1


async def test_unknown_and_settled_tokens_are_left_out_of_the_dump(sandbox, client, markets):
    live, settled = markets[0], markets[1]
    sandbox.exchange.resolve(settled.condition_id, 0)
    books = await client.open("42", settled.token_ids[0], live.token_ids[0])
    assert list(books) == [live.token_ids[0]]


async def test_a_dump_without_live_tokens_is_an_empty_array_and_the_connection_stays(client):
    await client.send(type="market", assets_ids=["42"])
    assert await client.text() == "[]\n"
    assert await client.ping() == []


async def test_no_dump_comes_if_none_is_wanted(client, markets):
    await client.send(type="market", assets_ids=[markets[0].token_ids[0]], initial_dump=False)
    assert await client.ping() == []


@pytest.mark.parametrize(
    "text", ['{"type":"market","assets_ids":["1"]}', "ping", "{}", '{"operation":"buy"}']
)
async def test_anything_unknown_after_the_first_frame_is_an_invalid_operation(client, text):
    await client.open("42")
    await client.ws.send_message(text)
    assert await client.text() == "INVALID OPERATION"
    assert await client.ping() == []


async def test_a_subscribe_is_answered_by_the_books_of_the_new_tokens(client, markets):
    (first, second), (third, _) = markets[0].token_ids, markets[1].token_ids
    await client.open(first)
    await client.send(operation="subscribe", assets_ids=[first, second, third])
    books = await client.frame()
    assert {book["asset_id"] for book in books} == {second, third}
    assert all("tick_size" in book for book in books)


async def test_a_subscribe_of_duplicates_is_no_news_but_sets_the_flag_first(
    sandbox, client, markets
):
    token = markets[0].token_ids[0]
    await client.open(token)
    await client.send(operation="subscribe", assets_ids=[token], custom_feature_enabled=True)
    assert await client.text() == "NO NEW ASSETS"
    improve(sandbox, markets[0])
    assert (await client.frame())["event_type"] == "best_bid_ask"


async def test_after_an_unsubscribe_nothing_more_is_said_until_the_next_subscribe(
    sandbox, client, markets
):
    token = markets[0].token_ids[0]
    await client.open(token)
    await client.send(operation="unsubscribe", assets_ids=[token])
    assert await client.ping() == []
    improve(sandbox, markets[0])
    assert await client.ping() == []
    await client.send(operation="subscribe", assets_ids=[token])
    (book,) = await client.frame()
    assert book["bids"] == sandbox.exchange.book(token)["bids"]


async def test_a_change_of_a_subscribed_market_arrives_with_both_tokens(sandbox, client, markets):
    await client.open(markets[0].token_ids[0])
    improve(sandbox, markets[1])
    improve(sandbox, markets[0])
    frame = await client.frame()
    assert frame["market"] == markets[0].condition_id
    assert {e["asset_id"] for e in frame["price_changes"]} == set(markets[0].token_ids)


async def test_custom_events_come_only_with_the_flag(sandbox, client, markets):
    token = markets[0].token_ids[0]
    async with open_client(sandbox.market_url) as flagged:
        await client.open(token)
        await flagged.open(custom_feature_enabled=True)
        sandbox.exchange.create_market("Will it rain?")
        sandbox.exchange.resolve(markets[1].condition_id, 0)
        improve(sandbox, markets[0])
        assert [json.loads(t)["event_type"] for t in await client.ping()] == ["price_change"]
        # A resolution is told to subscribers only, a creation to everybody with the flag.
        assert [json.loads(t)["event_type"] for t in await flagged.ping()] == ["new_market"]


async def test_a_resolution_is_told_and_closes_connections_that_have_nothing_else(
    sandbox, client, markets
):
    async with open_client(sandbox.market_url) as richer:
        await richer.open(markets[0].token_ids[0], markets[1].token_ids[0])
        await client.open(*markets[0].token_ids, custom_feature_enabled=True)
        sandbox.exchange.resolve(markets[0].condition_id, 0)
        frames = await client.until("market_resolved")
        assert frames[-2]["price_changes"][0]["best_ask"] == "1"
        assert await client.ending() == (1000, "all subscribed assets resolved")
        await richer.until("price_change")
        assert await richer.ping() == []


async def test_an_idle_connection_is_dropped_without_a_close_frame():
    async with (
        open_sandbox(SandboxConfig(rate=0, idle_timeout=0.3)) as sandbox,
        open_client(sandbox.market_url) as client,
    ):
        await client.open("42")
        code, _ = await client.ending()
        assert code == 1006


async def test_pings_keep_an_idle_connection():
    async with (
        open_sandbox(SandboxConfig(rate=0, idle_timeout=0.3)) as sandbox,
        open_client(sandbox.market_url) as client,
    ):
        await client.open("42")
        start = trio.current_time()
        while trio.current_time() < start + 0.7:
            await client.ping()
            await trio.sleep(0.1)
        assert sandbox.statistics().connections_open == 1


async def test_a_slow_consumer_is_cut_off_and_stalls_nobody(sandbox, markets):
    token = markets[0].token_ids[0]
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    async with open_client(sandbox.market_url) as quick, open_client(sandbox.market_url) as slow:
        await slow.open(token)
        await quick.open(token)
        for _ in range(25):
            for _ in range(100):
                sandbox.exchange.place(token, "BUY", bid, "1")
            # All hundred reach a client that reads, however far behind the other is.
            assert len(await quick.ping()) == 100
        assert await slow.ending() == (1013, "slow consumer: send buffer full")
        assert await quick.ping() == []


async def test_a_client_that_never_reads_is_dropped_in_the_end(sandbox, markets, monkeypatch):
    monkeypatch.setattr(session, "CLOSE_GRACE", 0.1)
    monkeypatch.setattr(faults, "LINGER_TIME", 0.1)
    token = markets[0].token_ids[0]
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    async with open_client(sandbox.market_url) as client:
        await client.open(token)
        with trio.fail_after(10):
            while sandbox.statistics().connections_open:
                for _ in range(100):
                    sandbox.exchange.place(token, "BUY", bid, "1")
                await trio.testing.wait_all_tasks_blocked()
        assert await client.ending() == (1006, None)


async def test_leaving_is_quick_even_if_a_client_does_not_read():
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
                market = sandbox.exchange.markets[0]
                await nursery.start(hold_client, sandbox.market_url, market.token_ids)
                bid = sandbox.exchange.book(market.token_ids[0])["bids"][0]["price"]
                for _ in range(30):
                    for _ in range(100):
                        sandbox.exchange.place(market.token_ids[0], "BUY", bid, "1")
                    await trio.testing.wait_all_tasks_blocked()
                start = time.perf_counter()
            assert time.perf_counter() - start < 0.5
            nursery.cancel_scope.cancel()


async def hold_client(url, tokens, task_status):
    async with open_client(url) as client:
        await client.open(*tokens)
        task_status.started()
        await trio.sleep_forever()


@pytest.mark.parametrize("path", ["/ws/", "/ws/users", "/"])
async def test_other_channels_do_not_exist(sandbox, path):
    with pytest.RaisesGroup(
        pytest.RaisesExc(trio_websocket.ConnectionRejected, check=lambda e: e.status_code == 404),
        flatten_subgroups=True,
    ):
        async with open_client(sandbox.clob_url + path):
            pytest.fail("connected")


async def test_the_flow_reaches_clients_by_itself():
    async with (
        open_sandbox(SandboxConfig(rate=200)) as sandbox,
        open_client(sandbox.market_url) as client,
    ):
        tokens = [token for market in sandbox.exchange.markets for token in market.token_ids]
        await client.open(*tokens, custom_feature_enabled=True)
        types = {frame["event_type"] for frame in await client.until("market_resolved")}
        assert types >= {"price_change", "last_trade_price", "book", "best_bid_ask", "new_market"}


async def test_statistics_and_the_record_count_what_passed(sandbox, client, markets):
    token = markets[0].token_ids[0]
    await client.open(token)
    await client.send(operation="unsubscribe", assets_ids=[token])
    await client.send(operation="subscribe", assets_ids=[token])
    await client.text()
    await client.ping()
    with trio.fail_after(5):
        found = await sandbox.wait_received(lambda frame: "unsubscribe" in frame.text)
    assert found.connection == 1
    statistics = sandbox.statistics()
    assert statistics.connections_open == statistics.connections_total == 1
    assert statistics.frames_sent == 3
    assert statistics.frames_received == {
        "market": 1,
        "user": 0,
        "subscribe": 1,
        "unsubscribe": 1,
        "PING": 1,
        "invalid": 0,
        "auth": 0,
        "ping": 0,
        "pong": 0,
    }
    assert [frame.text for frame in sandbox.received][-1] == "PING"


async def test_leaving_is_quick_with_clients_connected():
    async with trio.open_nursery() as nursery:
        async with open_sandbox(SandboxConfig(rate=100)) as sandbox:
            for _ in range(5):
                tokens = sandbox.exchange.markets[0].token_ids
                await nursery.start(hold_client, sandbox.market_url, tokens)
            start = time.perf_counter()
        assert time.perf_counter() - start < 0.5
        nursery.cancel_scope.cancel()


async def test_cancellation_from_outside_unwinds():
    with trio.move_on_after(5) as scope:
        async with (
            open_sandbox(SandboxConfig(rate=100)) as sandbox,
            open_client(sandbox.market_url) as client,
        ):
            await client.open(*sandbox.exchange.markets[0].token_ids)
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_an_address_in_use_is_an_os_error(sandbox):
    port = int(sandbox.clob_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with open_sandbox(SandboxConfig(port=port)):
            pytest.fail("opened twice")


async def test_the_sandbox_can_stand_on_ipv6_loopback():
    async with open_sandbox(SandboxConfig(host="::1", rate=0)) as sandbox:
        assert sandbox.market_url.startswith("ws://[::1]:")
        async with open_client(sandbox.market_url) as client:
            assert await client.open("42") == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "0.0.0.0"},
        {"host": "example.com"},
        {"port": 65_536},
        {"port": -1},
        {"rate": -1.0},
        {"rate": float("inf")},
        {"rate": float("nan")},
        {"speed": 0.0},
        {"speed": float("nan")},
        {"idle_timeout": 0.0},
        {"gamma_lag": -1.0},
        {"price_interval": 0.0},
        {"game_interval": float("nan")},
        {"sports_text_ping": 0.0},
        {"rtds_patience": -1.0},
        {"rtds_lifetime": 0.0},
    ],
)
def test_a_knob_that_cannot_work_is_named(wrong):
    (name,) = wrong
    with pytest.raises(SettingsError, match=name):
        SandboxConfig(**wrong)
