import json
import random

import httpx2
import pytest
from memory_client import open_memory_client
from sandbox_client import open_client

from polymarket_realtime.errors import ConnectionLost
from polymarket_realtime.sandbox import SandboxConfig, open_memory_sandbox, open_sandbox
from polymarket_realtime.sandbox.damage import damage, without
from virtual.virtual_sandbox import asgi_transport

CUSTOM = {"custom_feature_enabled": True}


@pytest.fixture
async def memory():
    async with open_memory_sandbox(SandboxConfig(rate=0)) as memory:
        yield memory


@pytest.fixture
def sandbox(memory):
    return memory.sandbox


@pytest.fixture
def faults(sandbox):
    return sandbox.feed_faults


@pytest.fixture
def market(sandbox):
    return sandbox.exchange.markets[0]


@pytest.fixture
def token(market):
    return market.token_ids[0]


@pytest.fixture
def other(market):
    return market.token_ids[1]


@pytest.fixture
async def client(memory, token):
    async with open_memory_client(memory) as client:
        await client.open(token, **CUSTOM)
        yield client


@pytest.fixture
def move(sandbox, token):
    """Add one share to a level of the token; every move is one `price_change` frame."""
    return lambda: mover(sandbox, token)


def mover(sandbox, token):
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    sandbox.exchange.place(token, "BUY", bid, "1")


def sizes(texts):
    """The first size of each frame, which tells moves apart, for each adds a share."""
    return [json.loads(text)["price_changes"][0]["size"] for text in texts]


def named(frame):
    """The tokens that a frame says something of."""
    return {entry["asset_id"] for entry in frame.get("price_changes", [frame])}


async def said(client, moves, count=1):
    """The sizes that came of so many moves."""
    for _ in range(count):
        moves()
    return sizes(await client.ping())


# A token that falls silent


async def test_a_frozen_token_is_not_mentioned_any_more(
    autojump_clock, sandbox, faults, market, token, client
):
    faults.freeze(token)
    mover(sandbox, token)
    sandbox.exchange.trade(token, "BUY", "1")
    sandbox.exchange.change_tick(market.condition_id, "0.001")
    assert await client.ping() == []
    assert await client.resubscribe(token) == {}
    assert sandbox.statistics().faults_injected == 1


async def test_the_other_token_of_a_frozen_one_goes_on(
    autojump_clock, memory, sandbox, faults, token, other
):
    async with open_memory_client(memory) as both:
        await both.open(token, other, **CUSTOM)
        faults.freeze(token)
        mover(sandbox, token)
        sandbox.exchange.trade(other, "BUY", "1")
        frames = await both.frames()
    assert {frame["event_type"] for frame in frames} >= {"price_change", "book"}
    assert {name for frame in frames for name in named(frame)} == {other}


async def test_those_who_only_hear_the_other_token_hear_nothing_of_the_frozen_one(
    autojump_clock, memory, sandbox, faults, token, other
):
    async with open_memory_client(memory) as single:
        await single.open(other)
        faults.freeze(token)
        mover(sandbox, token)
        (frame,) = await single.frames()
    assert named(frame) == {other}


async def test_a_settlement_is_told_to_those_who_hear_something_of_the_market(
    autojump_clock, memory, sandbox, faults, market, token, other, client
):
    async with open_memory_client(memory) as both:
        await both.open(token, other, **CUSTOM)
        faults.freeze(token)
        sandbox.exchange.resolve(market.condition_id, 0)
        kinds = [json.loads(text)["event_type"] for text in await remaining(both)]
    assert kinds[-1] == "market_resolved"
    assert await remaining(client) == []


async def remaining(client):
    """What comes up to the end of the connection."""
    texts = []
    try:
        while True:
            texts.append(await client.text())
    except ConnectionLost:
        return texts


async def test_healing_brings_a_frozen_token_back_but_not_what_was_missed(
    autojump_clock, faults, token, client, move
):
    faults.freeze(token)
    move()
    faults.heal()
    assert len(await said(client, move)) == 1
    assert token in await client.resubscribe(token)


async def test_a_token_frozen_beforehand_is_never_delivered(
    autojump_clock, memory, sandbox, faults, token, other, move
):
    faults.freeze(token)
    async with open_memory_client(memory) as late:
        assert set(await late.open(token, other)) == {other}
        move()
        assert [named(frame) for frame in await late.frames()] == [{other}]


async def test_a_new_subscription_cures_for_its_own_connection(
    autojump_clock, memory, faults, token, client, move
):
    async with open_memory_client(memory) as second:
        await second.open(token)
        faults.freeze(token, cure="resubscribe")
        await client.send(operation="subscribe", assets_ids=[token])  # is subscribed already
        assert await client.ping() == ["NO NEW ASSETS"]
        assert await said(client, move) == []
        assert token in await client.resubscribe(token)
        assert len(await said(client, move)) == 1
        assert await second.ping() == []
    async with open_memory_client(memory) as third:
        assert await third.open(token) == {}
        await third.send(operation="unsubscribe", assets_ids=[token])
        await third.send(operation="subscribe", assets_ids=[token])
        assert len(await third.frame()) == 1


async def test_a_first_subscription_by_an_operation_cures_nothing(
    autojump_clock, memory, faults, token, other
):
    faults.freeze(token, cure="resubscribe")
    async with open_memory_client(memory) as late:
        await late.open(other)
        await late.send(operation="subscribe", assets_ids=[token])
        assert await late.frame() == []
        assert token in await late.resubscribe(token)


async def test_a_new_connection_cures_for_itself(
    autojump_clock, memory, faults, token, client, move
):
    faults.freeze(token, cure="reconnect")
    assert await client.resubscribe(token) == {}
    assert await said(client, move) == []
    async with open_memory_client(memory) as second:
        assert token in await second.open(token)
        assert len(await said(second, move)) == 1
    assert await client.ping() == []


# Frames that are lost, late or double


async def test_lost_changes_reach_nobody(autojump_clock, memory, faults, token, client, move):
    async with open_memory_client(memory) as second:
        await second.open(token)
        faults.lose(token, 2)
        for _ in range(3):
            move()
        for each in (client, second):
            assert [token in named(frame) for frame in await each.frames()] == [False, False, True]


async def test_a_frame_of_nothing_but_lost_changes_is_not_sent(
    autojump_clock, faults, token, other, client, move
):
    faults.lose(token)
    faults.lose(other)
    assert len(await said(client, move, 2)) == 1


async def test_only_as_many_changes_of_a_frame_are_lost_as_told(
    autojump_clock, sandbox, faults, market, token, client
):
    faults.lose(token)
    sandbox.exchange.resolve(market.condition_id, 0)  # one frame that empties all levels
    frames = [json.loads(text) for text in await remaining(client)]
    (frame,) = [frame for frame in frames if frame["event_type"] == "price_change"]
    of_token = [entry for entry in frame["price_changes"] if entry["asset_id"] == token]
    assert len(of_token) == len(frame["price_changes"]) - len(of_token) - 1


async def test_what_nobody_is_to_hear_counts_for_nothing(
    autojump_clock, memory, faults, token, move
):
    faults.lose(token)
    move()
    async with open_memory_client(memory) as late:
        await late.open(token)
        move()
        assert [token in named(frame) for frame in await late.frames()] == [False]


async def test_held_back_frames_come_after_others_in_their_order(
    autojump_clock, faults, token, client, move
):
    (before,) = await said(client, move)
    faults.hold_back(token, 2, behind=2)
    assert [difference(size, before) for size in await said(client, move, 5)] == [3, 4, 1, 2, 5]


def difference(size, before):
    return int(float(size) - float(before))


async def test_a_frame_that_is_never_followed_stays_held_back(
    autojump_clock, faults, token, client, move
):
    faults.hold_back(token, behind=3)
    assert len(await said(client, move, 3)) == 2
    faults.heal()  # which loses it
    assert len(await said(client, move, 2)) == 2


async def test_a_dump_lets_a_frame_pass_that_is_older(autojump_clock, faults, token, client, move):
    faults.hold_back(token, behind=1)
    move()
    assert token in await client.resubscribe(token)
    assert len(await client.ping()) == 1


async def test_frames_are_doubled_soon_after(autojump_clock, faults, client, move):
    faults.duplicate(1, random.Random(5))
    texts = [size for _ in range(12) for size in await said(client, move)]
    faults.duplicate(0, random.Random())
    texts += await said(client, move, 5)
    firsts = list(dict.fromkeys(texts))
    assert len(firsts) == 17
    assert firsts == sorted(firsts, key=float)
    distances = set()
    for size in firsts[:12]:
        first = texts.index(size)
        second = texts.index(size, first + 1)
        distances.add(len({*texts[first:second]}) - 1)
        assert texts.count(size) == 2
    assert min(distances) == 0
    assert 1 <= max(distances) <= 8
    assert [texts.count(size) for size in firsts[12:]] == [1] * 5


async def test_some_frames_are_doubled_by_chance(autojump_clock, faults, client, move):
    faults.duplicate(0.5, random.Random(1))
    assert 22 <= len(await said(client, move, 20)) <= 38


# Frames that are wrong


async def test_a_cut_frame_is_no_json(autojump_clock, faults, token, client, move):
    faults.corrupt(token, "cut")
    move()
    move()
    broken, whole = await client.ping()
    with pytest.raises(ValueError, match="char"):
        json.loads(broken)
    assert json.loads(whole)["event_type"] == "price_change"


async def test_an_unreadable_price_is_valid_json(autojump_clock, faults, token, client, move):
    faults.corrupt(token, "field")
    move()
    (frame,) = await client.frames()
    assert [
        entry["price"] == "?" for entry in frame["price_changes"] if entry["asset_id"] == token
    ] == [True]
    assert all(
        entry["price"] != "?" for entry in frame["price_changes"] if entry["asset_id"] != token
    )


async def test_a_wrong_digit_leaves_a_plausible_frame(
    autojump_clock, memory, sandbox, faults, token, client, move
):
    async with open_memory_client(memory) as second:
        await second.open(token)
        faults.corrupt(token, "digit")
        move()
        (frame,), (same,) = await client.frames(), await second.frames()
    assert frame == same  # everybody gets the same
    (entry,) = [entry for entry in frame["price_changes"] if entry["asset_id"] == token]
    level = next(
        level for level in sandbox.exchange.book(token)["bids"] if level["price"] == entry["price"]
    )
    assert entry["size"] != level["size"]
    assert len(entry["size"]) == len(level["size"])
    assert float(entry["size"]) > 0


async def test_damage_waits_for_a_frame_that_can_have_it(
    autojump_clock, sandbox, faults, market, token, client
):
    faults.corrupt(token, "digit")
    sandbox.exchange.trade(token, "BUY", "1")
    kinds = [frame["event_type"] for frame in await client.frames()]
    assert "price_change" in kinds
    faults.corrupt(token, "field")
    books = await client.resubscribe(token)
    assert books[token]["bids"][-1]["price"] == "?"


@pytest.mark.parametrize("how", ["field", "digit"])
def test_a_frame_without_prices_and_sizes_cannot_be_damaged_there(how):
    text = json.dumps({"event_type": "market_resolved", "assets_ids": ["42"]})
    assert damage(text, "42", how) is None
    assert damage('[{"asset_id":"42","bids":[],"asks":[]}]\n', "42", how) is None


def test_what_does_not_name_the_token_is_left_alone():
    assert damage('{"asset_id":"41"}', "42", "cut") is None


def test_a_damaged_dump_ends_as_dumps_do():
    text = '[{"asset_id":"42","bids":[{"price":"0.5","size":"9"}],"asks":[]}]\n'
    assert damage(text, "42", "digit") == text.replace('"9"', '"1"')


def test_a_frame_about_several_markets_tokens_is_not_taken_apart():
    text = '{"event_type":"market_resolved","assets_ids":["1","2"]}'
    assert without(text, {"1"}) == text


# Ends, and how all of this is reached


async def test_everybody_gets_a_close_frame(autojump_clock, memory, sandbox, faults, client):
    async with open_memory_client(memory) as second:
        await second.open("42")
        assert faults.close() == 2
        assert await client.ending() == (1001, "going away")
        assert await second.ending() == (1001, "going away")
    assert sandbox.statistics().faults_injected == 1


@pytest.mark.parametrize(
    ("flip", "problem"),
    [
        (lambda faults: faults.freeze("1", cure="hope"), "there are heal, resubscribe, reconnect"),
        (lambda faults: faults.lose("1", 0), "1 or more"),
        (lambda faults: faults.hold_back("1", behind=0), "behind is a number"),
        (lambda faults: faults.duplicate(2, random.Random()), "no probability"),
        (lambda faults: faults.corrupt("1", "badly"), "there are cut, field, digit"),
        (lambda faults: faults.close(1006), "no close code"),
        (lambda faults: faults.close(1001, "x" * 124), "at most 123 bytes"),
    ],
)
async def test_what_cannot_be_is_refused(autojump_clock, faults, flip, problem):
    with pytest.raises(ValueError, match=problem):
        flip(faults)
    assert faults.injected == 0


async def test_the_switches_can_be_reached_by_http(
    autojump_clock, memory, sandbox, token, client, move
):
    async def ask(fault, **more):
        return await http.post("/sandbox/faults", json={"fault": fault, **more})

    transport = asgi_transport(memory.app)
    async with httpx2.AsyncClient(base_url=sandbox.clob_url, transport=transport) as http:
        assert (await ask("freeze_token", token=token, cure="resubscribe")).is_success
        assert await said(client, move) == []
        assert token in await client.resubscribe(token)
        assert (await ask("heal")).json() == {"fault": "heal"}
        assert (await ask("lose", token=token, changes=1)).is_success
        assert (await ask("hold_back", token=token, behind=1)).is_success
        first, held_back, other = await said(client, move, 3)
        assert float(first) < float(other) < float(held_back)
        assert (await ask("corrupt", token=token, how="cut")).is_success
        move()
        assert not (await client.text()).endswith("}")
        for fault, more, problem in (
            ("lose", {}, "needs token"),
            ("lose", {"token": "1", "changes": True}, "whole number"),
            ("corrupt", {"token": "1"}, "needs how"),
            ("corrupt", {"token": "1", "how": "x"}, "no how"),
            ("freeze_token", {"token": "1", "cure": 1}, "needs cure, a text"),
            ("close", {"code": 9}, "no close code"),
        ):
            answer = await ask(fault, **more)
            assert answer.status_code == 400
            assert problem in answer.json()["error"]
        answer = await ask("close", code=1012, reason="restart")
        assert answer.json() == {"fault": "close", "connections": 1}
        assert await client.ending() == (1012, "restart")
    assert sandbox.statistics().faults_injected == 5


async def test_the_faults_act_on_real_sockets_too():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        faults = sandbox.feed_faults
        token = sandbox.exchange.markets[0].token_ids[0]

        async def hear(moves):
            for _ in range(moves):
                mover(sandbox, token)
            return await client.ping()

        async with open_client(sandbox.market_url) as client:
            await client.open(token)
            faults.freeze(token)
            assert await hear(1) == []
            faults.heal()
            faults.lose(token)
            (frame,) = map(json.loads, await hear(1))
            assert token not in named(frame)
            faults.hold_back(token, behind=1)
            first, second = sizes(await hear(2))
            assert float(first) > float(second)
            faults.duplicate(1, random.Random(0))
            assert len(await hear(6)) > 6
            faults.heal()
            for how in ("cut", "field", "digit"):
                faults.corrupt(token, how)
            cut, field, digit = await hear(3)
            assert not cut.endswith("}")
            assert '"price":"?"' in field
            assert json.loads(digit)["event_type"] == "price_change"
            faults.close(1001, "going away")
            assert await client.ending() == (1001, "going away")
