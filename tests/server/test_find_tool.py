"""Markets by words, on a sandbox with real sockets."""

import pytest
from mcp_harness import ERAS, call, open_sandbox_desk, refused

PARTY = "will-the-liberty-party-win-the-most-seats"
ELECTION = "most-seats-in-the-next-general-election"


@pytest.mark.parametrize("mode", ERAS)
async def test_a_row_has_all_that_the_other_tools_take(mode):
    async with open_sandbox_desk() as (sandbox, desk), desk.connect(mode) as (client, _):
        found = await call(client, "find_markets", query="liberty party")
        row = found["markets"][0]
        market = sandbox.exchange.market(PARTY)
        assert row["question"] == market.question
        assert [each["token_id"] for each in row["outcomes"]] == list(market.token_ids)
        assert [each["name"] for each in row["outcomes"]] == ["Yes", "No"]
        assert sum(float(each["price"]) for each in row["outcomes"]) == pytest.approx(1)
        assert (row["condition_id"], row["slug"]) == (market.condition_id, PARTY)
        assert (row["event"], row["label"], row["closed"]) == (ELECTION, "Liberty Party", False)
        assert row["event_title"] == "Most seats in the next general election"
        assert row["url"] == f"https://polymarket.com/event/{ELECTION}/{PARTY}"
        for name in (row["url"], row["slug"], row["condition_id"], f"event/{row['event']}"):
            subscribed = await call(client, "subscribe_market_prices", market_ids=[name])
            assert PARTY in {each["slug"] for each in subscribed["resolved"]}


async def test_the_best_match_comes_first_and_settled_markets_last_and_on_request():
    async with open_sandbox_desk() as (sandbox, desk), desk.connect() as (client, _):
        exchange = sandbox.exchange
        exchange.create_market("Will the comet be seen by naked eye?")
        exchange.create_market("Will the comet be seen?")
        over = exchange.create_market("Was the comet seen by naked eye in May?")
        exchange.resolve(over.condition_id, 0)
        found = await call(client, "find_markets", query="comet naked eye")
        questions = [row["question"] for row in found["markets"]]
        assert questions[0] == "Will the comet be seen by naked eye?"
        assert over.question not in questions
        assert found["message"].endswith(" found, the best match first.")
        found = await call(
            client, "find_markets", query="comet naked eye", include_closed=True, limit=50
        )
        assert [row["closed"] for row in found["markets"]][-1] is True
        assert found["markets"][-1]["outcomes"][0]["price"] == "1"
        found = await call(client, "find_markets", query="comet", limit=1)
        assert len(found["markets"]) == 1


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ({}, "No open market fits: try other or fewer words, or include_closed."),
        ({"include_closed": True}, "No market fits: try other or fewer words."),
    ],
)
async def test_nothing_found_is_no_error_and_says_what_to_try(more, advice):
    async with open_sandbox_desk() as (_, desk), desk.connect() as (client, _):
        found = await call(client, "find_markets", query="zyzzyva", **more)
        assert found == {"message": advice, "markets": []}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "missing argument: query"),
        ({"query": ""}, "query: must have 1 or more characters"),
        ({"query": "?!"}, "pass words of a question"),
        ({"query": "x", "limit": 51}, "limit: must be at most 50"),
    ],
)
async def test_a_search_for_nothing_is_explained(arguments, problem):
    async with open_sandbox_desk() as (_, desk), desk.connect() as (client, _):
        assert problem in await refused(client, "find_markets", **arguments)


async def test_a_venue_that_is_down_is_a_failure_that_may_be_repeated():
    async with (
        open_sandbox_desk(gamma_url="http://127.0.0.1:1") as (_, desk),
        desk.connect() as (client, _),
    ):
        result = await client.call_tool("find_markets", {"query": "election"})
        (facts,) = result.meta.values()
        assert (facts["code"], facts["retryable"]) == ("lookup_failed", True)
