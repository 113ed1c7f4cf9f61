import json
from decimal import Decimal

import attrs
import pytest
from sandbox_client import open_client

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

BTC = {"channel": "price.crypto", "filter": {"symbol": "btcusd"}}
ETH = {"channel": "price.crypto", "filter": {"symbol": "ethusd"}}
AAPL = {"channel": "price.equity", "filter": {"symbol": "aapl"}}
TWAP = {"channel": "price.crypto.twap", "filter": {"symbol": "btcusd", "window_seconds": 60}}


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def stranger(sandbox):
    async with open_client(sandbox.polybolt_url) as client:
        yield client


@pytest.fixture
async def client(sandbox, stranger):
    await authenticate(stranger, sandbox.credentials)
    assert await stranger.frame() == {"op": "authed", "rid": "a"}
    return stranger


async def authenticate(client, credentials, **wrong):
    key = attrs.evolve(credentials, **wrong)
    auth = {"apiKey": key.api_key, "secret": key.secret, "passphrase": key.passphrase}
    await client.send(op="auth", rid="a", auth=auth)


async def sync(client):
    """All frames up to now."""
    await client.send(op="ping", rid="sync")
    frames = []
    while (frame := await client.frame()) != {"op": "pong", "rid": "sync"}:
        frames.append(frame)
    return frames


async def subscribe(client, *items, op="subscribe", rid="s"):
    """The answers, and the snapshots between them."""
    await client.send(op=op, rid=rid, subscriptions=list(items))
    return await sync(client)


async def test_items_are_acknowledged_in_order_each_before_its_snapshot(client):
    frames = await subscribe(client, BTC, TWAP, ETH, AAPL)
    acks, snapshots = frames[::2], frames[1::2]
    channels = ["price.crypto", "price.crypto.twap", "price.crypto", "price.equity"]
    assert acks == [{"op": "subscribed", "channel": c, "rid": "s"} for c in channels]
    assert [(s["channel"], s["seq"]) for s in snapshots] == [
        ("price.crypto", 1),
        ("price.crypto.twap", 1),
        ("price.crypto", 2),
        ("price.equity", 1),
    ]
    for snapshot in snapshots:
        assert (snapshot["v"], snapshot["snapshot"]) == (1, True)
        stamps = [point["timestamp"] for point in snapshot["payload"]["data"]]
        assert stamps == sorted(set(stamps))
        assert 110_000 <= stamps[-1] - stamps[0] <= 120_000
    assert snapshots[1]["payload"]["window_seconds"] == 60
    assert snapshots[3]["payload"]["source"] == "pyth"


async def test_updates_are_numbered_by_channel(sandbox, client):
    await subscribe(client, BTC, TWAP, AAPL)
    for _ in range(2):
        sandbox.live.tick()
    told = [(f["channel"], f["seq"]) for f in await sync(client)]
    assert sorted(told) == [
        ("price.crypto", 2),
        ("price.crypto", 3),
        ("price.crypto.twap", 2),
        ("price.crypto.twap", 3),
        ("price.equity", 2),
        ("price.equity", 3),
    ]


async def test_prices_are_plain_decimals(sandbox, client):
    await subscribe(client, BTC, AAPL)
    sandbox.live.price("btcusd", "90000.50")
    sandbox.live.price("aapl", "300")
    crypto, equity = (frame["payload"] for frame in await sync(client))
    assert (crypto["symbol"], crypto["value"]) == ("btcusd", 90000.5)
    assert crypto["full_accuracy_value"] == "90000.5"
    assert set(crypto) == {"symbol", "value", "full_accuracy_value", "timestamp"}
    assert (equity["full_accuracy_value"], equity["market_status"]) == ("300", "open")
    assert (equity["is_carried_forward"], equity["source"]) == (False, "pyth")
    assert Decimal(equity["full_accuracy_value"]) == equity["value"]


async def test_a_provider_that_is_asked_for_is_named(sandbox, client):
    item = {"channel": "price.crypto", "filter": {"symbol": "btcusd", "provider": "chainlink"}}
    _, snapshot = await subscribe(client, item)
    assert snapshot["payload"]["source"] == "chainlink"


async def test_what_is_unsubscribed_is_not_told(sandbox, client):
    await subscribe(client, BTC, ETH)
    (ack,) = await subscribe(client, BTC, op="unsubscribe", rid="u")
    assert ack == {"op": "unsubscribed", "channel": "price.crypto", "rid": "u"}
    sandbox.live.tick()
    assert [frame["payload"]["symbol"] for frame in await sync(client)] == ["ethusd"]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"channel": "price.polymarket", "filter": {}}, "bad_channel"),
        ({"channel": "price.weather", "filter": {"symbol": "btcusd"}}, "bad_channel"),
        ("price.crypto", "bad_channel"),
        ({"channel": "price.crypto"}, "bad_filter"),
        ({"channel": "price.crypto", "filter": '{"symbol":"btcusd"}'}, "bad_filter"),
        ({"channel": "price.crypto", "filter": {"symbol": "aapl"}}, "bad_filter"),
        ({"channel": "price.crypto", "filter": {"symbol": "btcusdt"}}, "bad_filter"),
        ({"channel": "price.crypto", "filter": {"symbol": "BTCUSD"}}, "bad_filter"),
        (BTC | {"filter": {"symbol": "btcusd", "provider": "me"}}, "bad_filter"),
        (BTC | {"filter": {"symbol": "btcusd", "provider": ["pyth"]}}, "bad_filter"),
        (BTC | {"filter": {"symbol": "btcusd", "window_seconds": 60}}, "bad_filter"),
        (TWAP | {"filter": {"symbol": "btcusd"}}, "bad_filter"),
        (TWAP | {"filter": {"symbol": "btcusd", "window_seconds": 30}}, "bad_filter"),
    ],
)
async def test_a_bad_item_is_named_and_the_others_are_served(client, item, code):
    error, ack, snapshot = await subscribe(client, item, ETH)
    assert (error["op"], error["code"], error["rid"]) == ("error", code, "s")
    assert ack["op"] == "subscribed"
    assert snapshot["payload"]["symbol"] == "ethusd"


@pytest.mark.parametrize(
    "text",
    ["hello", "[]", "{}", '{"op":["auth"]}', '{"op":"sing"}', '{"op":"subscribe"}'],
)
async def test_what_is_no_operation_is_a_bad_op(client, text):
    await client.ws.send_message(text)
    assert await client.frame() == {"op": "error", "code": "bad_op"}


async def test_before_the_key_there_are_only_pongs(stranger):
    await stranger.send(op="ping")
    assert await stranger.frame() == {"op": "pong"}
    (error,) = await subscribe(stranger, BTC)
    assert error == {"op": "error", "code": "auth_required", "rid": "s"}


@pytest.mark.parametrize("wrong", [{"secret": "x"}, {"passphrase": "x"}, {"api_key": "x"}])
async def test_wrong_credentials_are_refused_with_4001(sandbox, stranger, wrong):
    await authenticate(stranger, sandbox.credentials, **wrong)
    assert await stranger.frame() == {"op": "error", "code": "auth_invalid", "rid": "a"}
    assert await stranger.ending() == (4001, "auth failed")


async def test_missing_credentials_are_refused_too(stranger):
    await stranger.send(op="auth", auth={"apiKey": "x"})
    assert await stranger.frame() == {"op": "error", "code": "auth_invalid"}
    assert await stranger.ending() == (4001, "auth failed")


async def test_a_ninth_attempt_is_one_too_many(sandbox, stranger):
    for _ in range(9):
        await authenticate(stranger, sandbox.credentials)
    answers = [await stranger.frame() for _ in range(9)]
    assert [answer["op"] for answer in answers] == ["authed"] * 8 + ["error"]
    assert answers[-1]["code"] == "auth_attempts"
    assert await stranger.ending() == (4001, "auth failed")


async def test_a_revoked_key_ends_the_connection(sandbox, client):
    sandbox.keys.revoke(sandbox.credentials.api_key)
    assert await client.frame() == {"op": "error", "code": "auth_expired"}
    assert await client.ending() == (4001, "auth failed")


async def test_the_sixty_fifth_subscription_is_against_the_rules(client):
    items = [
        {"channel": channel, "filter": {"symbol": symbol, **provider, **window}}
        for channel, symbols, window in (
            ("price.crypto", ("btcusd", "ethusd", "solusd", "xrpusd", "dogeusd", "bnbusd"), {}),
            ("price.equity", ("aapl", "nvda", "tsla"), {}),
            (
                "price.crypto.twap",
                ("btcusd", "ethusd", "solusd", "xrpusd", "dogeusd", "bnbusd", "hypeusd", "zecusd"),
                {"window_seconds": 60},
            ),
            (
                "price.equity.twap",
                ("aapl", "nvda", "tsla", "eurusd", "usdjpy"),
                {"window_seconds": 60},
            ),
        )
        for symbol in symbols
        for provider in ({}, {"provider": "chainlink"}, {"provider": "pyth"})
    ]
    frames = await subscribe(client, *items[:64])
    assert sum(frame.get("op") == "subscribed" for frame in frames) == 64
    assert (await subscribe(client, items[0]))[0]["op"] == "subscribed"
    await client.send(op="subscribe", rid="more", subscriptions=items[64:])
    error = await client.frame()
    assert (error["code"], error["rid"]) == ("sub_limit", "more")
    assert await client.ending() == (4008, "policy violation")


async def test_more_than_twenty_changes_a_second_are_too_many(client):
    for _ in range(21):
        await client.send(op="unsubscribe", rid="u", subscriptions=[BTC])
    answers = await sync(client)
    assert [answer["op"] for answer in answers] == ["unsubscribed"] * 20 + ["error"]
    assert answers[-1] == {"op": "error", "rid": "u", "code": "rate_limited"}


async def test_a_frame_that_is_too_long_is_against_the_rules(client):
    await client.send(op="ping", rid="x" * 70_000)
    assert await client.ending() == (4008, "policy violation")


async def test_lost_frames_leave_a_hole_in_the_numbers(sandbox, client):
    await subscribe(client, BTC, AAPL)
    sandbox.live.skip("price.crypto", 3)
    sandbox.live.tick()
    assert [(f["channel"], f["seq"]) for f in await sync(client)] == [
        ("price.crypto", 5),
        ("price.equity", 2),
    ]
    with pytest.raises(ValueError, match="none of"):
        sandbox.live.skip("price.weather")


async def test_a_loss_may_be_admitted_instead(sandbox, client):
    await subscribe(client, BTC)
    sandbox.live.drop("price.crypto", 2)
    sandbox.live.tick()
    sandbox.live.tick()
    told = [(frame["seq"], frame.get("dropped")) for frame in await sync(client)]
    assert told == [(2, 2), (3, None)]


async def test_draining_asks_everybody_to_come_back(sandbox, client):
    sandbox.live.drain()
    assert await client.ending() == (4003, "draining")


async def test_a_quiet_channel_acknowledges_and_says_no_more(sandbox, client):
    sandbox.live.quiet("price.crypto")
    assert [frame["op"] for frame in await subscribe(client, BTC)] == ["subscribed"]
    sandbox.live.tick()
    assert await sync(client) == []
    sandbox.live.quiet("price.crypto", False)
    sandbox.live.tick()
    assert [frame["seq"] for frame in await sync(client)] == [1]


async def test_a_frozen_connection_still_pongs(sandbox, client):
    await subscribe(client, BTC)
    sandbox.faults.freeze()
    sandbox.live.tick()
    assert await sync(client) == []
    sandbox.faults.heal()
    sandbox.live.tick()
    assert [frame["seq"] for frame in await sync(client)] == [3]


async def test_secrets_are_not_kept_and_operations_are_counted(sandbox, client):
    await subscribe(client, BTC)
    await client.ws.send_message(json.dumps({"op": "sing", "note": sandbox.credentials.secret}))
    await client.frame()
    kept = " ".join(frame.text for frame in sandbox.received)
    for secret in attrs.astuple(sandbox.credentials):
        assert secret not in kept
    assert "btcusd" in kept
    counts = sandbox.statistics().frames_received
    assert {k: counts[k] for k in ("auth", "subscribe", "ping", "invalid")} == {
        "auth": 1,
        "subscribe": 1,
        "ping": 1,
        "invalid": 1,
    }
