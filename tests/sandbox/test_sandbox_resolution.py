import json
import time

import httpx2
import pytest
import trio
from sandbox_client import open_client

from polymarket_realtime.errors import MarketNotFound
from polymarket_realtime.sandbox import Exchange, SandboxConfig, open_sandbox
from polymarket_realtime.sandbox.markets import SHORT_LIVED


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
def exchange(sandbox):
    return sandbox.exchange


@pytest.fixture
async def http(sandbox):
    async with httpx2.AsyncClient(base_url=sandbox.gamma_url, verify=False) as http:
        yield http


@pytest.fixture
def market(exchange):
    return exchange.markets[0]


async def get(http, path, **params):
    response = await http.get(path, params=params)
    return response.json() if response.status_code == 200 else response.status_code


async def gamma_market(http, market):
    return await get(http, f"/markets/slug/{market.slug}")


async def open_tokens(client, *tokens):
    await client.open(*tokens, custom_feature_enabled=True)


@pytest.mark.parametrize(("announce", "times"), [("once", 1), ("twice", 2)])
async def test_a_settlement_is_announced_as_often_as_asked_and_then_the_connection_ends(
    sandbox, exchange, market, announce, times
):
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, *market.token_ids)
        exchange.resolve(market.condition_id, 1, announce=announce)
        for _ in range(times):
            resolved = (await client.until("market_resolved"))[-1]
            assert resolved["winning_asset_id"] == market.token_ids[1]
            assert resolved["event_message"] is None
        assert await client.ending() == (1000, "all subscribed assets resolved")


async def test_a_settlement_that_is_not_announced_empties_the_books_and_nothing_more(
    sandbox, exchange, market
):
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, *market.token_ids)
        exchange.resolve(market.condition_id, 0, announce="never")
        (zeroed,) = [json.loads(t) for t in await client.ping() if "price_change" in t]
        assert {entry["size"] for entry in zeroed["price_changes"]} == {"0"}
        assert await client.ping() == []
        assert sandbox.statistics().connections_open == 1
    assert exchange.book(market.token_ids[0]) is None


async def test_a_split_pays_halves_and_names_nobody(sandbox, exchange, market, http):
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, *market.token_ids)
        exchange.resolve(market.condition_id, None)
        resolved = (await client.until("market_resolved"))[-1]
    assert (resolved["winning_asset_id"], resolved["winning_outcome"]) == ("", "")
    found = await gamma_market(http, market)
    assert found["closed"] is True
    assert json.loads(found["outcomePrices"]) == ["0.5", "0.5"]
    clob = await get(http, f"/markets/{market.condition_id}")
    assert [token["winner"] for token in clob["tokens"]] == [False, False]
    with pytest.raises(MarketNotFound):
        exchange.resolve(market.condition_id, 0)


async def test_gamma_hears_of_a_settlement_later_by_the_venues_clock():
    async with (
        open_sandbox(SandboxConfig(rate=0, gamma_lag=60.0)) as sandbox,
        httpx2.AsyncClient(base_url=sandbox.gamma_url, verify=False) as http,
    ):
        market = sandbox.exchange.markets[0]
        sandbox.exchange.resolve(market.condition_id, 0)
        early = await gamma_market(http, market)
        assert (early["closed"], early["acceptingOrders"]) == (False, False)
        assert "umaResolutionStatus" not in early
        assert json.loads(early["outcomePrices"]) != ["1", "0"]
        assert await get(http, "/markets", closed="true") == []
        sandbox.clock.offset += 60.0
        late = await gamma_market(http, market)
        assert (late["closed"], late["umaResolutionStatus"]) == (True, "resolved")
        assert json.loads(late["outcomePrices"]) == ["1", "0"]
        assert late["closedTime"] >= late["startDate"]
        (found,) = await get(http, "/events", slug=market.event.slug, closed="true")
        assert found["closed"] is True


async def test_the_oracles_words_are_told_while_the_market_is_open(exchange, market, http):
    async def said():
        found = await gamma_market(http, market)
        assert found["closed"] is ("resolved" in found["umaResolutionStatuses"])
        return found.get("umaResolutionStatus"), json.loads(found["umaResolutionStatuses"])

    assert await said() == (None, [])
    exchange.propose(market.condition_id, 0)
    assert await said() == ("proposed", ["proposed"])
    exchange.dispute(market.condition_id)
    assert await said() == ("disputed", ["proposed", "disputed"])
    exchange.propose(market.condition_id, 1)
    exchange.resolve(market.condition_id, 1)
    assert await said() == ("resolved", ["proposed", "disputed", "proposed", "resolved"])


def test_only_what_is_proposed_can_be_disputed():
    exchange = Exchange()
    market = exchange.markets[0]
    with pytest.raises(ValueError, match="no outcome"):
        exchange.dispute(market.condition_id)
    with pytest.raises(ValueError, match="outcomes 0 and 1"):
        exchange.propose(market.condition_id, 2)
    exchange.propose(market.condition_id, 0)
    exchange.dispute(market.condition_id)
    with pytest.raises(ValueError, match="no outcome"):
        exchange.dispute(market.condition_id)


async def test_a_market_joins_an_event_and_is_announced_with_it(sandbox, exchange, http):
    party = next(market for market in exchange.markets if market.event.neg_risk)
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, "42")
        market = exchange.create_market(
            "Will the Other Party win?", event=party.event.slug, label="Other Party"
        )
        (announced,) = await client.until("new_market")
    assert market.event is party.event
    assert announced["event_message"]["id"] == party.event.id
    assert announced["event_message"]["slug"] == party.event.slug
    assert announced["group_item_title"] == "Other Party"
    assert announced["condition_id"] == announced["market"] == market.condition_id
    assert announced["clob_token_ids"] == announced["assets_ids"] == list(market.token_ids)
    assert announced["game_start_time"] == ""
    event = await get(http, f"/events/{party.event.id}")
    assert market.slug in {each["slug"] for each in event["markets"]}


async def test_an_announcement_can_be_lost(sandbox, exchange, http):
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, "42")
        market = exchange.create_market("Will it rain?", silent=True)
        assert await client.ping() == []
    assert (await gamma_market(http, market))["question"] == "Will it rain?"


@pytest.mark.parametrize("lasts", [3600, 0, -3600])
async def test_the_announced_end_may_be_over_already(exchange, http, lasts):
    market = exchange.create_market("Will it rain?", lasts=lasts)
    found = await gamma_market(http, market)
    assert (found["endDate"] > found["startDate"]) == (lasts > 0)
    assert (found["endDate"] < found["startDate"]) == (lasts < 0)
    assert found["closed"] is False


async def test_a_question_is_passed_through_whatever_it_holds(exchange, http):
    question = "Rain?\u0007 \u001b[31mred\u001b[0m " + "so long " * 500
    market = exchange.create_market(question, slug="odd")
    assert (await gamma_market(http, market))["question"] == question


def test_there_is_one_event_of_a_name_and_none_of_an_unknown_one():
    exchange = Exchange()
    with pytest.raises(ValueError, match="no event"):
        exchange.create_market("Will it rain?", event="no-such-event")
    with pytest.raises(ValueError, match="already"):
        exchange.create_event(exchange.markets[0].event.slug, "Again", ["a", "b"])
    with pytest.raises(ValueError, match="already"):
        exchange.create_event("new", "New", ["a"], event_id=exchange.markets[0].event.id)


async def test_an_event_of_many_markets_is_made_at_once(exchange, http):
    start = time.perf_counter()
    made = exchange.create_event("many", "Many?", [f"Choice {n}" for n in range(500)])
    assert time.perf_counter() - start < 1
    event = await get(http, "/events/slug/many")
    assert [each["groupItemTitle"] for each in event["markets"][:2]] == ["Choice 0", "Choice 1"]
    assert len({each["conditionId"] for each in event["markets"]}) == len(made) == 500
    page = await get(http, "/markets", limit=1000, id=[market.id for market in made])
    assert len(page) == 500
    book = exchange.book(made[0].token_ids[0])
    assert (len(book["bids"]), len(book["asks"])) == (1, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 40, 2000])
def test_a_large_event_costs_about_a_dollar_and_has_sound_books(count):
    exchange = Exchange()
    for market in exchange.create_event("e", "E", [str(n) for n in range(count)]):
        book = exchange.book(market.token_ids[1])
        bid, ask = float(book["bids"][-1]["price"]), float(book["asks"][-1]["price"])
        assert 0 < bid < ask < 1


def test_a_large_event_stays_out_of_the_flow():
    plain, crowded = Exchange(3, account_acts=True), Exchange(3, account_acts=True)
    made = crowded.create_event("e", "E", ["a", "b"])
    for _ in range(200):
        plain.step()
        crowded.step()
    assert {market.book.last_trade for market in made} == {None}
    for market in plain.markets:
        other = crowded.market(market.slug)
        assert market.book.view(0) == other.book.view(0)


def test_markets_without_weight_alone_leave_nothing_to_happen():
    exchange = Exchange(lifecycle=False)
    exchange.create_event("e", "E", ["a", "b"])
    for market in exchange.markets:
        if market.weight:
            exchange.resolve(market.condition_id, 0)
    exchange.step()
    exchange.account_step()
    assert exchange.steps == 1


async def test_a_large_event_can_be_announced(sandbox, exchange):
    async with open_client(sandbox.market_url) as client:
        await open_tokens(client, "42")
        exchange.create_event("e", "E", ["a", "b"], announce=True)
        frames = [json.loads(text) for text in await client.ping()]
    assert [(f["slug"], f["group_item_title"]) for f in frames] == [("e-a", "a"), ("e-b", "b")]
    assert {f["event_message"]["slug"] for f in frames} == {"e"}


async def test_ids_and_slugs_can_be_made_ambiguous(exchange, http):
    ids = {market.id for market in exchange.markets}
    assert ids.isdisjoint(market.event.id for market in exchange.markets)
    market, other = exchange.markets[0], exchange.markets[1]
    exchange.create_event("namesake", "Namesake", ["a", "b"], event_id=market.id)
    assert (await get(http, f"/markets/{market.id}"))["slug"] == market.slug
    assert (await get(http, f"/events/{market.id}"))["slug"] == "namesake"
    twin = exchange.create_market("Twin?", slug="namesake", event=other.event.slug)
    assert (await gamma_market(http, twin))["events"][0]["slug"] == other.event.slug
    assert (await get(http, "/events/slug/namesake"))["id"] == market.id


async def test_events_are_found_by_any_repeated_id_or_slug(exchange, http):
    first, second = exchange.markets[0].event, exchange.markets[1].event
    for name in ("id", "slug"):
        wanted = [getattr(event, name) for event in (first, second)]
        found = await get(http, "/events", **{name: wanted}, closed="false")
        assert [event[name] for event in found] == wanted
    assert await get(http, "/events", id=[first.id, "1"], slug=second.slug) == []
    assert len(await get(http, "/events", id=[first.id, second.id], limit=1)) == 1


async def test_a_search_comes_in_pages_and_may_hold_nobody(exchange, http):
    every = await get(http, "/public-search", q="will", limit_per_type=50)
    total = every["pagination"]["totalResults"]
    last = await get(http, "/public-search", q="will", limit_per_type=1, page=total)
    assert last["events"] == every["events"][-1:]
    assert last["pagination"] == {"hasMore": False, "totalResults": total}
    profiles = (await get(http, "/public-search", q="x", search_profiles="true"))["profiles"]
    assert profiles == [None]
    assert await get(http, "/public-search", q="will", page=0) == 422


async def test_the_programme_still_resolves_its_market():
    async with (
        open_sandbox(SandboxConfig(rate=400, lifecycle=True)) as sandbox,
        open_client(sandbox.market_url) as client,
    ):
        market = sandbox.exchange.market(SHORT_LIVED)
        await open_tokens(client, *market.token_ids)
        with trio.fail_after(5):
            await client.until("market_resolved")
        assert not market.live
