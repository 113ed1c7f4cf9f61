"""Markets and events by whatever name a model has for them, on a sandbox with real sockets."""

import json

import pytest
import trio
from mcp_harness import call, failure, open_sandbox_desk, refused

from polymarket_realtime.sandbox import SandboxConfig

ELECTION = "most-seats-in-the-next-general-election"
PARTY = "will-the-liberty-party-win-the-most-seats"
QUESTION = "Will the Liberty Party win the most seats in the next general election?"
LONER = "will-the-government-shut-down-this-quarter"

MARKET_NAMES = {
    "condition id": "{market.condition_id}",
    "slug": PARTY,
    "marked slug": f"market/{PARTY}",
    "slug within its event": f"event/{ELECTION}/{PARTY}",
    "Gamma id": "{market.id}",
    "link": f"https://polymarket.com/event/{ELECTION}/{PARTY}?tid=1#book",
    "link in another language": f"polymarket.com/de/market/{PARTY}",
}
EVENT_NAMES = {
    "slug": ELECTION,
    "marked slug": f"event/{ELECTION}",
    "Gamma id": "{event.id}",
    "link": f"https://www.polymarket.com/event/{ELECTION}/",
}


def party(sandbox):
    return sandbox.exchange.market(PARTY)


def tokens_of(sandbox, event=ELECTION):
    return [
        token
        for market in sandbox.exchange.markets
        if market.event.slug == event
        for token in market.token_ids
    ]


@pytest.mark.parametrize("form", MARKET_NAMES.values(), ids=MARKET_NAMES)
async def test_a_market_goes_by_many_names(form):
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        market = party(sandbox)
        name = form.format(market=market)
        subscribed = await call(client, "subscribe_market_prices", market_ids=[name])
        assert [each["token_id"] for each in subscribed["resolved"]] == list(market.token_ids)
        first = subscribed["resolved"][0]
        assert first["input"] == name
        assert (first["question"], first["outcome"]) == (QUESTION, "Yes")
        assert (first["slug"], first["event"], first["closed"]) == (PARTY, ELECTION, False)
        assert subscribed["following"] == []
        price = await inbox.data("price_change")
        assert price["asset_id"] in market.token_ids
        assert price["question"] == QUESTION


@pytest.mark.parametrize("form", EVENT_NAMES.values(), ids=EVENT_NAMES)
async def test_an_event_goes_by_many_names_and_is_followed(form):
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        name = form.format(event=party(sandbox).event)
        subscribed = await call(client, "subscribe_orderbook_updates", token_ids=[name])
        assert [each["token_id"] for each in subscribed["resolved"]] == tokens_of(sandbox)
        assert {each["event"] for each in subscribed["resolved"]} == {ELECTION}
        assert subscribed["following"] == [ELECTION]
        assert "6 tokens and of markets that are added to 1 event" in subscribed["message"]


async def test_names_of_all_kinds_may_be_mixed_and_overlap():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        token = party(sandbox).token_ids[0]
        names = [token, ELECTION, party(sandbox).condition_id, LONER, LONER]
        subscribed = await call(client, "subscribe_market_prices", market_ids=names)
        assert subscribed["following"] == [ELECTION]
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        expected = {*tokens_of(sandbox), *sandbox.exchange.market(LONER).token_ids}
        assert sorted(active["token_ids"]) == sorted(expected)
        assert active["market_ids"] == names[:4]


async def test_the_prices_of_an_event_come_together_and_new_markets_join():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        await call(client, "subscribe_market_prices", market_ids=[ELECTION])
        with trio.fail_after(5):
            while (prices := await inbox.data("event_prices"))["total"] is None:
                pass
        labels = ["Progress Party", "Liberty Party", "Another party"]
        assert [line["label"] for line in prices["outcomes"]] == labels
        assert 0.9 < float(prices["total"]) < 1.1
        sandbox.exchange.create_market(
            "Will nobody win the most seats?", event=ELECTION, label="Nobody"
        )
        created = await inbox.data("market_created")
        assert (created["event_slug"], created["label"]) == (ELECTION, "Nobody")
        with trio.fail_after(5):
            while len((prices := await inbox.data("event_prices"))["outcomes"]) < 4:
                pass
        assert prices["outcomes"][-1]["label"] == "Nobody"


async def test_two_meanings_of_one_name_are_told_apart():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        market = sandbox.exchange.markets[0]
        sandbox.exchange.create_event("twins", "Twins", ["One", "Two"], event_id=market.id)
        text = await refused(client, "subscribe_market_prices", market_ids=[market.id])
        assert "'event/twins'" in text
        assert f"'market/{market.slug}'" in text
        for clear in ("event/twins", f"market/{market.slug}"):
            await call(client, "subscribe_market_prices", market_ids=[clear])


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        (
            "will-the-libertty-party-win-the-most-seats",
            "market_not_found",
            f"did you mean 'market/{PARTY}'",
        ),
        ("https://kalshi.com/markets/rain", "invalid_identifier", "polymarket.com"),
        ("https://polymarket.com/portfolio", "invalid_identifier", "polymarket.com/event/"),
        ("general election", "invalid_identifier", "find_markets"),
        ("7" * 77, "market_not_found", "token id"),
    ],
)
async def test_what_is_none_is_answered_with_what_would_be_one(name, code, said):
    async with open_sandbox_desk() as (_, desk), desk.connect() as (client, _):
        facts = await failure(client, "subscribe_market_prices", market_ids=[name])
        assert said in f"{facts['message']} {facts['hint']}"
        assert (facts["code"], facts["retryable"]) == (code, False)


async def test_an_event_that_is_too_big_is_refused_with_its_size():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        labels = [f"Candidate {number}" for number in range(500)]
        sandbox.exchange.create_event("who-will-win", "Who will win?", labels)
        text = await refused(client, "subscribe_orderbook_updates", token_ids=["who-will-win"])
        assert (
            "1000 tokens were asked for, 'who-will-win' the most of them, and at most 200" in text
        )
        one = "who-will-win-candidate-7"
        subscribed = await call(client, "subscribe_orderbook_updates", token_ids=[one])
        assert len(subscribed["resolved"]) == 2
        # Filters need no token, so there it is not too big.
        filters = {"event": "who-will-win"}
        await call(client, "subscribe_live_data", feed="activity", filters=filters)


async def test_a_settled_market_is_refused_with_its_winner_and_what_is_still_open():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        sandbox.exchange.resolve(party(sandbox).condition_id, 0)
        text = await refused(client, "subscribe_market_prices", market_ids=[PARTY])
        assert "('Yes' has won)" in text
        assert "'market/will-the-progress-party-win-the-most-seats'" in text
        assert "subscribe_market_resolution" in text
        subscribed = await call(client, "subscribe_market_prices", market_ids=[ELECTION])
        assert PARTY not in {each["slug"] for each in subscribed["resolved"]}
        assert len(subscribed["resolved"]) == 4


async def test_a_subscription_ends_with_its_last_market_and_leaves_nothing_behind():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, inbox):
        market = sandbox.exchange.market(LONER)
        subscribed = await call(client, "subscribe_market_prices", market_ids=[LONER])
        await inbox.data("price_change")
        sandbox.exchange.resolve(market.condition_id, 1)
        resolved = await inbox.data("market_resolved")
        assert (resolved["winning_outcome"], resolved["source"]) == ("No", "socket")
        with trio.fail_after(5):
            while (await call(client, "get_realtime_status"))["subscriptions"]["total"]:
                await trio.testing.wait_all_tasks_blocked(0.01)
        ended = subscribed["subscription_id"]
        text = await refused(client, "unsubscribe_realtime", subscription_id=ended)
        assert text.startswith(
            f"subscription '{ended}' not found; the status lists those there are\n"
        )
        assert text.endswith("It has ended by itself: nothing more can come of it.")


async def test_without_the_catalogue_token_ids_still_work():
    async with (
        open_sandbox_desk(gamma_url="http://127.0.0.1:1") as (sandbox, desk),
        desk.connect() as (client, inbox),
    ):
        token = party(sandbox).token_ids[0]
        subscribed = await call(client, "subscribe_market_prices", market_ids=[token])
        assert "1 token (1 without a name" in subscribed["message"]
        assert (await inbox.data("price_change"))["asset_id"] == token
        text = await refused(client, "subscribe_market_prices", market_ids=[PARTY])
        assert f"asked about '{PARTY}'" in text


async def test_one_may_hear_of_ones_own_orders_in_a_whole_event():
    async with (
        open_sandbox_desk(credentials=True) as (_, desk),
        desk.connect() as (client, _),
    ):
        subscribed = await call(client, "subscribe_user_orders", market_ids=[ELECTION, LONER])
        assert "your own orders in 4 of your markets" in subscribed["message"]
        assert len(subscribed["resolved"]) == 8


async def test_a_settlement_that_the_catalogue_does_not_know_yet_is_told_at_once():
    config = SandboxConfig(rate=0, gamma_lag=60)
    async with (
        open_sandbox_desk(config=config) as (sandbox, desk),
        desk.connect() as (client, inbox),
    ):
        await call(client, "subscribe_market_prices", market_ids=[LONER])
        await inbox.data("price_change")
        sandbox.exchange.resolve(sandbox.exchange.market(LONER).condition_id, 0)
        await inbox.data("market_resolved")
        again = await call(client, "subscribe_market_prices", market_ids=[LONER])
        resolved = await inbox.data("market_resolved")
        assert resolved["subscription_id"] == again["subscription_id"]


async def test_the_status_for_a_model_is_brief_and_the_resource_is_whole():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        sandbox.exchange.create_event("many", "Which of many?", [f"No. {n}" for n in range(40)])
        await call(client, "subscribe_market_prices", market_ids=["many"])
        (brief,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        contents = (await client.read_resource("polymarket://websocket-status")).contents
        (whole,) = json.loads(contents[0].text)["subscriptions"]["active"]
    assert brief["tokens"] == whole["tokens"] == len(whole["token_ids"]) == 80
    assert brief["token_ids"] == whole["token_ids"][:20]
    assert len(brief["assets"]) <= 20
