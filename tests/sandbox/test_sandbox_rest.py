import json
import time

import httpx2
import pytest

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox):
    async with httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http:
        yield http


@pytest.fixture
def markets(sandbox):
    return sandbox.exchange.markets


async def get(http, path, **params):
    response = await http.get(path, params=params)
    return response.json() if response.status_code == 200 else response.status_code


def slugs(markets):
    return {market["slug"] for market in markets}


async def test_the_front_page_says_where_everything_is(sandbox, http, markets):
    page = await get(http, "/")
    assert page["market_url"] == sandbox.market_url
    assert page["clob_url"] == page["gamma_url"] == sandbox.clob_url == sandbox.gamma_url
    assert [tuple(m["tokens"].values()) for m in page["markets"]] == [m.token_ids for m in markets]


async def test_a_book_has_what_the_socket_keeps_to_itself(http, markets):
    market = next(market for market in markets if market.event.neg_risk)
    book = await get(http, "/book", token_id=market.token_ids[1])
    assert book["asset_id"] == market.token_ids[1]
    assert book["market"] == market.condition_id
    assert (book["min_order_size"], book["tick_size"], book["neg_risk"]) == ("5", "0.01", True)
    assert book["last_trade_price"] == ""
    assert float(book["bids"][0]["price"]) < float(book["bids"][-1]["price"])
    assert float(book["asks"][0]["price"]) > float(book["asks"][-1]["price"])


@pytest.mark.parametrize("path", ["/book", "/midpoint", "/spread", "/price", "/tick-size"])
async def test_without_a_book_the_answer_is_404(http, path):
    response = await http.get(path, params={"token_id": "42"})
    assert response.status_code == 404
    assert response.json() == {"error": "No orderbook exists for the requested token id"}
    assert await get(http, path) == 400


async def test_books_leaves_unknown_tokens_out(http, markets):
    tokens = [markets[0].token_ids[0], "42", markets[1].token_ids[1]]
    response = await http.post("/books", json=[{"token_id": token} for token in tokens])
    assert [book["asset_id"] for book in response.json()] == [tokens[0], tokens[2]]


@pytest.mark.parametrize("body", ["", "{", "7", '["1"]', '[{"id":"1"}]'])
async def test_a_bad_payload_is_answered_with_400(http, body):
    assert (await http.post("/books", content=body)).status_code == 400


async def test_prices_made_from_the_book(sandbox, http):
    market = sandbox.exchange.create_market("Will it rain?", price="0.4")
    token, other = market.token_ids
    assert await get(http, "/midpoint", token_id=token) == {"mid": "0.405"}
    assert await get(http, "/spread", token_id=other) == {"spread": "0.01"}
    assert await get(http, "/price", token_id=token, side="buy") == {"price": "0.4"}
    assert await get(http, "/price", token_id=token, side="sell") == {"price": "0.41"}
    assert await get(http, "/tick-size", token_id=token) == {"minimum_tick_size": 0.01}
    assert await get(http, "/neg-risk", token_id=token) == {"neg_risk": False}
    assert await get(http, "/last-trade-price", token_id=token) == {"price": ""}
    sandbox.exchange.trade(token, "BUY", "1")
    assert await get(http, "/last-trade-price", token_id=other) == {"price": "0.410"}


async def test_the_time_is_now_in_seconds(http):
    assert abs(int((await http.get("/time")).text) - time.time()) < 5


async def test_a_gamma_market_has_its_lists_inside_strings(http, markets):
    market = markets[0]
    (found,) = await get(http, "/markets", condition_ids=market.condition_id)
    assert found["conditionId"] == market.condition_id
    assert json.loads(found["clobTokenIds"]) == list(market.token_ids)
    assert json.loads(found["outcomes"]) == ["Yes", "No"]
    assert sum(float(price) for price in json.loads(found["outcomePrices"])) == pytest.approx(1)
    assert found["umaResolutionStatuses"] == "[]"
    assert found["orderPriceMinTickSize"] == 0.01
    assert found["orderMinSize"] == 5
    assert (found["active"], found["closed"], found["enableOrderBook"]) == (True, False, True)
    assert found["bestBid"] < found["bestAsk"]
    assert found["events"][0]["slug"] == market.event.slug
    assert found["endDate"] > found["startDate"]


async def test_markets_are_found_by_any_repeated_id(http, markets):
    first, second = markets[:2]
    wanted = {first.slug, second.slug}
    for name, values in {
        "condition_ids": [first.condition_id, second.condition_id],
        "clob_token_ids": [first.token_ids[0], first.token_ids[1], second.token_ids[1]],
        "slug": [first.slug, second.slug],
        "id": [first.id, second.id],
    }.items():
        assert slugs(await get(http, "/markets", **{name: values})) == wanted
    assert await get(http, "/markets", slug=first.slug, id=second.id) == []
    assert await get(http, "/markets", condition_ids="0x00") == []


async def test_markets_come_in_pages(http, markets):
    assert len(await get(http, "/markets")) == len(markets)
    page = await get(http, "/markets", limit=2, offset=1)
    assert [found["id"] for found in page] == [market.id for market in markets[1:3]]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/markets", {"limit": "many"}),
        ("/events", {"offset": "-1"}),
        ("/public-search", {}),
        ("/public-search", {"q": "party", "limit_per_type": "few"}),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_answered_with_422(http, path, params):
    assert await get(http, path, **params) == 422


async def test_a_resolved_market_is_found_only_among_the_closed(sandbox, http, markets):
    market = markets[2]
    sandbox.exchange.resolve(market.condition_id, 0)
    assert market.slug not in slugs(await get(http, "/markets"))
    assert await get(http, "/markets", condition_ids=market.condition_id) == []
    (found,) = await get(http, "/markets", closed="true")
    assert found["slug"] == market.slug
    assert found["closed"] is True
    assert found["acceptingOrders"] is False
    assert json.loads(found["outcomePrices"]) == ["1", "0"]
    assert found["umaResolutionStatus"] == "resolved"
    assert await get(http, "/book", token_id=market.token_ids[0]) == 404


async def test_the_second_outcome_can_win_too(sandbox, http, markets):
    sandbox.exchange.resolve(markets[0].condition_id, 1)
    found = await get(http, f"/markets/slug/{markets[0].slug}")
    assert json.loads(found["outcomePrices"]) == ["0", "1"]
    clob = await get(http, f"/markets/{markets[0].condition_id}")
    assert [token["winner"] for token in clob["tokens"]] == [False, True]


async def test_one_market_by_id_or_slug(http, markets):
    by_id = await get(http, f"/markets/{markets[3].id}")
    assert by_id == await get(http, f"/markets/slug/{markets[3].slug}")
    assert by_id["question"] == markets[3].question
    assert await get(http, "/markets/1") == await get(http, "/markets/slug/nothing") == 404


async def test_events_hold_their_markets(sandbox, http, markets):
    parties = [market for market in markets if market.event.neg_risk]
    event = await get(http, f"/events/slug/{parties[0].event.slug}")
    assert event == await get(http, f"/events/{parties[0].event.id}")
    assert event in await get(http, "/events")
    assert event["negRisk"] is True
    assert slugs(event["markets"]) == {market.slug for market in parties}
    assert await get(http, "/events", slug=event["slug"]) == [event]
    assert await get(http, "/events/1") == await get(http, "/events/slug/nothing") == 404
    sandbox.exchange.resolve(parties[0].condition_id, 1)
    assert (await get(http, f"/events/{event['id']}"))["closed"] is False
    for market in parties[1:]:
        sandbox.exchange.resolve(market.condition_id, 0)
    assert slugs(await get(http, "/events", closed="true")) == {event["slug"]}
    assert event["slug"] not in slugs(await get(http, "/events"))


async def test_search_finds_words_in_titles_and_questions(sandbox, http, markets):
    answer = await get(http, "/public-search", q="LIBERTY party")
    (event,) = answer["events"]
    assert len(event["markets"]) == 3
    assert answer["pagination"] == {"hasMore": False, "totalResults": 1}
    assert (await get(http, "/public-search", q="liberty walrus"))["events"] == []
    every = await get(http, "/public-search", q="will", limit_per_type=1)
    assert len(every["events"]) == 1
    assert every["pagination"]["hasMore"] is True


async def test_search_can_leave_closed_markets_out(sandbox, http, markets):
    market = next(market for market in markets if market.outcomes == ("Up", "Down"))
    sandbox.exchange.resolve(market.condition_id, 0)
    found = (await get(http, "/public-search", q="bitcoin"))["events"]
    assert [event["closed"] for event in found] == [True]
    for params in ({"keep_closed_markets": "0"}, {"events_status": "active"}):
        assert (await get(http, "/public-search", q="bitcoin", **params))["events"] == []


async def test_a_created_market_is_known_everywhere(sandbox, http):
    market = sandbox.exchange.create_market("Will it rain?", outcomes=("Wet", "Dry"))
    found = await get(http, "/markets/slug/will-it-rain")
    assert json.loads(found["outcomes"]) == ["Wet", "Dry"]
    assert await get(http, "/book", token_id=market.token_ids[0]) != 404
    assert (await get(http, "/"))["markets"][-1]["slug"] == "will-it-rain"
