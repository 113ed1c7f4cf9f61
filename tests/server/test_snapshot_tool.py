"""How markets are now: of what is subscribed to as it is kept, of all else as the venue says."""

from __future__ import annotations

import pytest
import trio
from mcp_harness import ERAS, NO, YES, best_bid, book, call, failure, open_desk, open_listed_desk

from polymarket_realtime.testing import MARKET, make_trade

TOOL = "get_realtime_snapshot"


@pytest.fixture(params=ERAS)
def mode(request):
    return request.param


def row(venue, asset_id, **fields):
    """Let REST have a book of this token."""
    venue.catalog.books[asset_id] = book(asset_id=asset_id, market=MARKET, **fields)


async def test_what_nobody_listens_to_is_asked_for(mode, autojump_clock):
    async with open_listed_desk() as desk, desk.connect(mode) as (client, _):
        row(desk.venue, YES, bid="0.40", ask="0.42")
        row(desk.venue, NO, bid="0.58", ask="0.60")
        shown = await call(client, TOOL, ids=["will-it-rain"], depth=2)
        yes, no = shown["tokens"]
        assert (yes["token"], yes["question"], yes["outcome"]) == ("t1", "Will it rain?", "Yes")
        assert (yes["price"], yes["bid"], yes["ask"], yes["spread"]) == (
            "0.41",
            "0.40",
            "0.42",
            "0.02",
        )
        assert yes["bids"] == [["0.40", "10"], ["0.30", "7"]]
        assert yes["asks"] == [["0.42", "10"], ["0.60", "7"]]
        assert (yes["source"], yes["state"], yes["price_source"]) == ("rest", None, "midpoint")
        assert (yes["change_1m"], yes["change_1h"], yes["followed_seconds"]) == (None, None, None)
        assert no["price"] == "0.59"
        assert shown["message"] == "2 tokens, 2 of them asked for just now."
        assert desk.venue.dials == [], "nothing is subscribed to for it"
        # One question for all of them.
        assert desk.venue.catalog.requests.count("/books") == 1


async def test_what_is_subscribed_to_is_shown_as_it_is_kept(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"), make_trade(YES, "0.42"))
        await trio.sleep(1)
        (yes,) = (await call(client, TOOL, ids=[YES]))["tokens"]
        assert (yes["source"], yes["state"], yes["last_trade"]) == ("book", "live", "0.42")
        assert yes["price"] == "0.41"
        assert "/books" not in desk.venue.catalog.requests


async def test_a_kept_book_in_doubt_is_asked_for_and_its_state_is_told(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        await trio.sleep(1)
        connection.drop(1006, "gone")
        row(desk.venue, YES, bid="0.50", ask="0.52")
        await trio.sleep(0.1)
        (yes,) = (await call(client, TOOL, ids=[YES]))["tokens"]
        assert (yes["source"], yes["state"], yes["price"]) == ("rest", "out_of_sync", "0.51")
        assert "gone" in yes["reason"]


async def test_changes_are_told_of_what_is_followed_for_as_long_as_it_is(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))

        async def look():
            (yes,) = (await call(client, TOOL, ids=["t1"]))["tokens"]
            return yes["change_1m"], yes["change_1h"], yes["followed_seconds"]

        await trio.sleep(30)
        connection.say(best_bid("0.41"))
        await trio.sleep(1)
        change, _, seconds = await look()
        assert change == "0.005"
        assert 20 <= seconds <= 31
        await trio.sleep(200)
        assert (await look())[:2] == ("0.000", "0.005")


async def test_one_may_ask_with_the_short_name_of_a_token(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        row(desk.venue, YES)
        (first,) = (await call(client, TOOL, ids=[YES], depth=0))["tokens"]
        (again,) = (await call(client, TOOL, ids=[first["token"]], depth=0))["tokens"]
        assert again["token_id"] == YES
        assert (again["bids"], again["bid"]) == ([], "0.40")


async def test_a_token_without_a_book_has_no_price(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        (yes,) = (await call(client, TOOL, ids=[YES]))["tokens"]
        assert (yes["price"], yes["bid"], yes["bids"], yes["age_seconds"]) == (None, None, [], None)


async def test_a_settled_market_shows_who_won_and_what_is_paid(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        desk.venue.list_market(
            "Was it so?",
            {"Yes": "5" * 77, "No": "6" * 77},
            slug="was-it-so",
            closed=True,
            prices={"Yes": "0", "No": "1"},
        )
        yes, no = (await call(client, TOOL, ids=["was-it-so"]))["tokens"]
        assert (yes["source"], yes["winning_outcome"]) == ("resolution", "No")
        assert [yes["price"], no["price"]] == ["0", "1"]


async def test_a_rest_that_does_not_answer_is_a_failure_that_may_be_repeated(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        found = await call(client, "find_markets", query="rain")
        assert found["markets"]
        desk.venue.catalog.down = True
        facts = await failure(client, TOOL, ids=["will-it-rain"])
        assert (facts["code"], facts["retryable"]) == ("lookup_failed", True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "missing argument: ids"),
        ({"ids": []}, "ids: must have 1 or more items"),
        ({"ids": ["x"] * 51}, "ids: must have 50 or fewer items"),
        ({"ids": [YES], "depth": 51}, "depth: must be at most 50"),
        ({"ids": [YES], "deep": 5}, "unknown argument: 'deep'; known are ids, depth"),
    ],
)
async def test_what_it_does_not_take_is_explained(arguments, said):
    async with open_desk() as desk, desk.connect() as (client, _):
        assert said in (await failure(client, TOOL, **arguments))["message"]


async def test_of_what_is_subscribed_the_state_is_told_even_if_nobody_can_be_asked(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        connection.say(book())
        await trio.sleep(1)
        desk.venue.catalog.down, desk.venue.down = True, "Connection refused"
        connection.drop(1006, "gone")
        await trio.sleep(0.1)
        (yes,) = (await call(client, TOOL, ids=["t1"]))["tokens"]
        assert (yes["source"], yes["state"], yes["price"]) == ("unreachable", "out_of_sync", None)
        assert "gone" in yes["reason"]
        # Of another token nothing at all is known.
        facts = await failure(client, TOOL, ids=["t1", NO])
        assert (facts["code"], facts["retryable"]) == ("rest_failed", True)
        assert facts["message"].count("did not answer") == 1
