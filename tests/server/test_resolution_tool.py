"""How markets end, told by the tool for it, on a sandbox with real sockets."""

import pytest
import trio
from mcp_harness import ERAS, call, open_sandbox_desk, refused

TOOL = "subscribe_market_resolution"
ELECTION = "most-seats-in-the-next-general-election"
LONER = "will-the-government-shut-down-this-quarter"
OTHER = "will-this-be-the-hottest-month-on-record"

SOON = {"resolution_interval": 0.05, "resolution_interval_maximum": 0.2}
"""So that a settlement that was not announced is found soon."""


@pytest.mark.parametrize("mode", ERAS)
async def test_the_answer_says_how_far_each_market_is(mode):
    async with open_sandbox_desk() as (sandbox, desk), desk.connect(mode) as (client, _):
        exchange = sandbox.exchange
        ended = exchange.create_market("Is it over?", lasts=-10)
        proposed, disputed, split, won = [
            exchange.create_market(f"Is this number {number}?") for number in range(4)
        ]
        exchange.propose(proposed.condition_id, 0)
        exchange.propose(disputed.condition_id, 0)
        exchange.dispute(disputed.condition_id)
        exchange.resolve(split.condition_id, None)
        exchange.resolve(won.condition_id, 1)
        slugs = [LONER, *(market.slug for market in (ended, proposed, disputed, split, won))]
        subscribed = await call(client, TOOL, market_ids=slugs)
        assert [(each["stage"], each["winning_outcome"]) for each in subscribed["markets"]] == [
            ("open", None),
            ("ended", None),
            ("proposed", None),
            ("disputed", None),
            ("resolved", None),
            ("resolved", "No"),
        ]
        first = subscribed["markets"][0]
        assert first["condition_id"] == exchange.market(LONER).condition_id
        assert first["question"] == "Will the government shut down this quarter?"
        assert first["ends_at"].endswith("Z")
        assert "12 tokens (2 markets settled already, told at once)" in subscribed["message"]
        assert sum(each["closed"] for each in subscribed["resolved"]) == 4


async def carried(sandbox):
    """Wait until the service has asked the market channel for its tokens."""
    with trio.fail_after(5):
        await sandbox.wait_received(lambda frame: "assets_ids" in frame.text)


async def gone(client):
    """Wait until no subscription is left."""
    with trio.fail_after(5):
        while (await call(client, "get_realtime_status"))["subscriptions"]["total"]:
            await trio.testing.wait_all_tasks_blocked(0.01)


@pytest.mark.parametrize(
    ("announce", "source"), [("once", "socket"), ("twice", "socket"), ("never", "poll")]
)
async def test_a_settlement_is_told_once_however_it_becomes_known(announce, source):
    async with open_sandbox_desk(**SOON) as (sandbox, desk), desk.connect() as (client, inbox):
        market = sandbox.exchange.market(LONER)
        subscribed = await call(client, TOOL, market_ids=[market.slug])
        await carried(sandbox)
        sandbox.exchange.resolve(market.condition_id, 0, announce=announce)
        resolved = await inbox.data("market_resolved")
        assert resolved["subscription_id"] == subscribed["subscription_id"]
        assert (resolved["market"], resolved["winning_outcome"]) == (market.condition_id, "Yes")
        assert resolved["payouts"] == ["1", "0"]
        assert resolved["source"] == source
        await gone(client)
        assert inbox.pending()[0] == 0


async def test_a_market_settled_already_is_told_at_once_and_that_is_the_end():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        market = sandbox.exchange.market(LONER)
        sandbox.exchange.resolve(market.condition_id, 1)
        for _ in range(2):
            subscribed = await call(client, TOOL, market_ids=[LONER])
            (state,) = subscribed["markets"]
            assert (state["stage"], state["winning_outcome"]) == ("resolved", "No")
            assert "(1 market settled already, told at once)" in subscribed["message"]
            resolved = await inbox.data("market_resolved")
            assert resolved["subscription_id"] == subscribed["subscription_id"]
            assert (resolved["source"], resolved["winning_outcome"]) == ("poll", "No")


async def test_what_the_oracle_does_is_told_on_the_way():
    async with open_sandbox_desk(**SOON) as (sandbox, desk), desk.connect() as (client, inbox):
        market = sandbox.exchange.market(LONER)
        await call(client, TOOL, market_ids=[LONER])
        sandbox.exchange.propose(market.condition_id, 0)
        status = await inbox.data("resolution_status")
        assert (status["market"], status["stage"]) == (market.condition_id, "proposed")


async def test_an_event_is_followed_to_its_last_settlement():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        markets = [m for m in sandbox.exchange.markets if m.event.slug == ELECTION]
        sandbox.exchange.resolve(markets[0].condition_id, 1)
        subscribed = await call(client, TOOL, market_ids=[ELECTION])
        assert subscribed["following"] == [ELECTION]
        assert [each["stage"] for each in subscribed["markets"]] == ["resolved", "open", "open"]
        assert (await inbox.data("market_resolved"))["market"] == markets[0].condition_id
        await carried(sandbox)
        for market in markets[1:]:
            sandbox.exchange.resolve(market.condition_id, 0)
            assert (await inbox.data("market_resolved"))["market"] == market.condition_id
        await gone(client)


async def test_an_event_that_is_settled_as_a_whole_is_told_and_over():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        for market in sandbox.exchange.markets:
            if market.event.slug == ELECTION:
                sandbox.exchange.resolve(market.condition_id, 0)
        subscribed = await call(client, TOOL, market_ids=[f"event/{ELECTION}"])
        assert subscribed["following"] == []
        told = {(await inbox.data("market_resolved"))["market"] for _ in range(3)}
        assert told == {each["condition_id"] for each in subscribed["markets"]}
        await gone(client)


async def test_an_unknown_market_is_an_error_here_too():
    async with open_sandbox_desk() as (_, desk), desk.connect() as (client, _):
        assert "'no-such-market'" in await refused(client, TOOL, market_ids=["no-such-market"])
