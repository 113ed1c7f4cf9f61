"""Waiting for events: what a model gets in any host, and in both protocol eras."""

from __future__ import annotations

import pytest
import trio
from mcp_harness import (
    ERAS,
    MARKETS,
    NO,
    SOLO,
    YES,
    announcement,
    best_bid,
    book,
    call,
    failure,
    open_desk,
)

from polymarket_realtime.server.arguments import ArgumentParser, ArgumentsError
from polymarket_realtime.server.tools.wait import WaitArguments
from polymarket_realtime.testing import make_trade

TOOL = "wait_for_realtime_events"


@pytest.fixture(params=ERAS)
def mode(request):
    return request.param


async def subscribe(client, *tokens, **arguments):
    """A subscription to prices, and the arguments of the call that its recipe says."""
    begun = await call(client, "subscribe_market_prices", market_ids=list(tokens), **arguments)
    recipe = begun["delivery"]["recipe"]
    assert recipe.pop("tool") == TOOL
    return begun, recipe


def kinds(waited):
    return [event["type"] for event in waited["events"]]


async def test_the_recipe_of_a_subscription_brings_its_events(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        desk.service._known.names.learn(MARKETS[0])
        begun, recipe = await subscribe(client, YES)
        (await desk.venue.accept()).say(book(bid="0.40", ask="0.42"))
        waited = await call(client, TOOL, **recipe)
        (price,) = waited["events"]
        assert (price["type"], price["token"], price["price"]) == ("price_change", "t1", "0.41")
        assert (price["bid"], price["ask"]) == ("0.40", "0.42")
        assert (waited["timed_out"], waited["missed"], waited["gaps"]) == (False, 0, [])
        assert waited["states"] == {begun["subscription_id"]: "live"}
        assert waited["tokens"] == {"t1": {"outcome": "Yes", "question": "Will it rain?"}}
        assert begun["resolved"][0]["token"] == "t1"


async def test_nothing_in_time_is_a_normal_answer_and_the_next_call_goes_on(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        connection.say(book())
        waited = await call(client, TOOL, **recipe)
        began = trio.current_time()
        empty = await call(client, TOOL, **recipe | {"cursor": waited["next_cursor"]})
        assert trio.current_time() - began == pytest.approx(20)
        assert (empty["events"], empty["timed_out"]) == ([], True)
        connection.say(best_bid("0.41"))
        waited = await call(client, TOOL, **recipe | {"cursor": empty["next_cursor"]})
        (price,) = waited["events"]
        assert (price["bid"], price["change"]) == ("0.41", "0.005")
        assert "state" not in price, "it is as usual"


async def test_a_wait_ends_with_the_first_event(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _), trio.open_nursery() as nursery:
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()

        async def speak():
            await trio.sleep(7)
            connection.say(book())

        nursery.start_soon(speak)
        began = trio.current_time()
        waited = await call(client, TOOL, **recipe)
        assert "price_change" in kinds(waited)
        assert 7 <= trio.current_time() - began < 8


@pytest.mark.parametrize("seconds", [0, 3, 50])
async def test_it_waits_as_long_as_it_is_told(autojump_clock, seconds):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        await desk.venue.accept()
        began = trio.current_time()
        waited = await call(client, TOOL, **recipe, wait_seconds=seconds)
        assert waited["timed_out"] is True
        assert trio.current_time() - began == pytest.approx(seconds)


async def test_it_never_waits_longer_than_a_host_allows():
    async with open_desk() as desk, desk.connect() as (client, _):
        await subscribe(client, YES)
        facts = await failure(client, TOOL, wait_seconds=51)
        assert "wait_seconds: must be at most 50" in facts["message"]


async def test_of_many_changes_the_newest_comes_and_says_how_many_it_stands_for(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        connection.say(book())
        first = await call(client, TOOL, **recipe)
        for thousandths in range(401, 411):
            connection.say(best_bid(f"0.{thousandths}"))
            await trio.sleep(1)
        waited = await call(client, TOOL, **recipe | {"cursor": first["next_cursor"]})
        (price,) = [each for each in waited["events"] if each["type"] == "price_change"]
        assert (price["bid"], price["stands_for"], waited["missed"]) == ("0.410", 10, 0)


async def test_changes_within_one_moment_count_as_well(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        connection.say(book())
        first = await call(client, TOOL, **recipe)
        connection.say(*[best_bid(f"0.{thousandths}") for thousandths in range(401, 411)])
        waited = await call(client, TOOL, **recipe | {"cursor": first["next_cursor"]})
        assert waited["events"][0]["stands_for"] == 10


async def test_two_calls_at_once_get_the_same_and_other_tools_go_on(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        answers = []

        async def wait():
            answers.append(await call(client, TOOL, **recipe))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait)
            await trio.sleep(1)
            status = await call(client, "get_realtime_status")
            assert status["subscriptions"]["total"] == 1
            assert answers == []
            connection.say(book())
        one, other = answers
        assert one["events"] == other["events"] != []
        assert one["next_cursor"] == other["next_cursor"]


async def test_without_ids_it_waits_for_all_and_says_whose_an_event_is(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        yes, _ = await subscribe(client, YES)
        no, _ = await subscribe(client, NO)
        (await desk.venue.accept()).say(book(), book(asset_id=NO))
        waited = await call(client, TOOL)
        owners = {event["subscription_id"]: event["token"] for event in waited["events"]}
        assert owners == {yes["subscription_id"]: "t1", no["subscription_id"]: "t2"}
        # A later subscription belongs to the same wait.
        later, _ = await subscribe(client, YES)
        waited = await call(client, TOOL, cursor=waited["next_cursor"])
        assert {e["subscription_id"] for e in waited["events"]} == {later["subscription_id"]}


async def test_a_cursor_of_one_subscription_is_refused_for_others(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        facts = await failure(client, TOOL, cursor=recipe["cursor"])
        assert (facts["code"], facts["retryable"]) == ("invalid_cursor", False)
        assert "would skip events" in facts["message"]
        for cursor in ("nonsense", "ffff.1.1"):
            facts = await failure(client, TOOL, cursor=cursor)
            assert facts["code"] == "invalid_cursor"


async def test_what_there_is_not_is_not_waited_for(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        facts = await failure(client, TOOL)
        assert facts["code"] == "nothing_subscribed"
        assert "subscribe_*" in facts["message"]
        facts = await failure(client, TOOL, subscription_ids=["abc"])
        assert facts["code"] == "unknown_subscription"
        assert trio.current_time() < 1


async def test_a_lost_connection_is_told_in_place_and_a_gap_beside_the_events(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        connection.say(book())
        waited = await call(client, TOOL, **recipe)
        connection.drop(1006, "gone")
        waited = await call(client, TOOL, **recipe | {"cursor": waited["next_cursor"]})
        assert kinds(waited) == ["interrupted", "state_changed"]
        assert waited["events"][1]["state"] == "out_of_sync"
        assert waited["states"][begun["subscription_id"]].startswith("out_of_sync")
        (await desk.venue.accept()).say(book(bid="0.41"))
        waited = await call(client, TOOL, **recipe | {"cursor": waited["next_cursor"]})
        assert kinds(waited) == ["price_change"], "that it is live again is in `states`"
        (gap,) = waited["gaps"]
        assert (gap["tokens"], gap["from"] < gap["to"]) == (["t1"], True)
        assert waited["states"] == {begun["subscription_id"]: "live"}


async def test_an_ended_subscription_can_be_read_to_its_end_and_is_not_waited_for(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun, recipe = await subscribe(client, YES)
        (await desk.venue.accept()).say(book())
        await trio.sleep(1)
        await call(client, "unsubscribe_realtime", subscription_id=begun["subscription_id"])
        waited = await call(client, TOOL, **recipe)
        assert "price_change" in kinds(waited)
        assert waited["states"][begun["subscription_id"]].startswith("ended")
        began = trio.current_time()
        waited = await call(client, TOOL, **recipe | {"cursor": waited["next_cursor"]})
        assert (waited["events"], waited["timed_out"]) == ([], False)
        assert trio.current_time() == began
        await trio.sleep(700)
        facts = await failure(client, TOOL, **recipe)
        assert facts["code"] == "unknown_subscription"


async def test_a_page_has_as_many_events_as_asked_for_and_says_that_there_is_more(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun = await call(client, "subscribe_live_data", feed="new_markets")
        recipe = begun["delivery"]["recipe"]
        del recipe["tool"]
        connection = await desk.venue.accept()
        connection.say(*[announcement(number) for number in range(5)])
        seen, cursor, more = [], recipe["cursor"], True
        while more:
            waited = await call(client, TOOL, **recipe | {"cursor": cursor}, max_events=2)
            assert len(waited["events"]) <= 2
            seen += [each["slug"] for each in waited["events"]]
            cursor, more = waited["next_cursor"], waited["more"]
        assert seen == [f"market-{number}" for number in range(5)]


async def test_books_come_with_their_levels_if_asked_for(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun = await call(client, "subscribe_orderbook_updates", token_ids=[YES], depth=2)
        recipe = begun["delivery"]["recipe"]
        del recipe["tool"]
        (await desk.venue.accept()).say(book())
        short = (await call(client, TOOL, **recipe))["events"][0]
        assert (short["bid"], short["bid_size"], short["bid_total"]) == ("0.40", "10", "17")
        assert "bids" not in short
        full = (await call(client, TOOL, **recipe, detail="levels"))["events"][0]
        assert full["bids"] == [["0.40", "10"], ["0.30", "7"]]
        assert full["asks"] == [["0.42", "10"], ["0.60", "7"]]
        raw = (await call(client, TOOL, **recipe, detail="raw"))["events"]
        update = next(event for event in raw if event["type"] == "agg_orderbook")
        assert (update["asset_id"], update["epoch"]) == (YES, 1)
        assert raw[0]["type"] == "connected", "everything is told"


async def test_the_venues_own_text_comes_if_asked_for(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        (await desk.venue.accept()).say(book())
        raw = (await call(client, TOOL, **recipe, detail="raw"))["events"]
        price = next(event for event in raw if event["type"] == "price_change")
        assert price["asset_id"] == YES
        assert '"event_type": "book"' in price["raw"]


async def test_with_a_condition_only_its_moments_come(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        condition = {"when": "price_crosses", "threshold": "0.50"}
        begun, recipe = await subscribe(client, YES, condition=condition)
        assert begun["condition"] == "price crosses above 0.50"
        assert "telling only when: price crosses above 0.50" in begun["message"]
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        connection.say(best_bid("0.41"))
        assert (await call(client, TOOL, **recipe))["timed_out"] is True
        connection.say(book(bid="0.55", ask="0.57", timestamp=1_700_000_000_005))
        waited = await call(client, TOOL, **recipe)
        (met,) = waited["events"]
        assert (met["type"], met["when"], met["value"]) == (
            "condition_met",
            "price_crosses",
            "0.56",
        )
        assert (met["token"], met["before"]) == ("t1", "0.415")


@pytest.mark.parametrize(
    ("tool", "arguments", "condition", "said"),
    [
        ("subscribe_market_prices", {"market_ids": [YES]}, {"when": "rains"}, "price_crosses"),
        (
            "subscribe_market_prices",
            {"market_ids": [YES]},
            {"when": "price_crosses", "treshold": "0.6"},
            "treshold",
        ),
        (
            "subscribe_market_prices",
            {"market_ids": [YES]},
            {"when": "price_crosses", "threshold": 60},
            "0.60",
        ),
        ("subscribe_market_prices", {"market_ids": [YES]}, {"when": "stale_for"}, "window_seconds"),
        (
            "subscribe_live_data",
            {"feed": "sports"},
            {"when": "resolved"},
            "try subscribe_market_resolution",
        ),
    ],
)
async def test_a_condition_that_cannot_be_is_answered_with_what_can(
    tool, arguments, condition, said
):
    async with open_desk() as desk, desk.connect() as (client, _):
        facts = await failure(client, tool, **arguments, condition=condition)
        assert facts["code"] == "invalid_condition"
        assert said in facts["message"]
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


@pytest.mark.parametrize("condition", ["{", "[1]", "price > 0.6"])
async def test_what_is_no_object_is_no_condition(condition):
    async with open_desk() as desk, desk.connect() as (client, _):
        facts = await failure(
            client, "subscribe_market_prices", market_ids=[YES], condition=condition
        )
        assert facts["code"] == "invalid_arguments"
        assert "condition: must be an object, or the JSON of one" in facts["message"]


async def test_settlements_cannot_wait_for_a_price():
    async with open_desk() as desk, desk.connect() as (client, _):
        condition = {"when": "price_crosses", "threshold": "0.6"}
        facts = await failure(
            client, "subscribe_market_resolution", market_ids=[YES], condition=condition
        )
        assert "try subscribe_market_prices" in facts["message"]


async def test_a_new_market_comes_with_its_question_and_without_long_ids(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun = await call(client, "subscribe_live_data", feed="new_markets")
        recipe = begun["delivery"]["recipe"]
        del recipe["tool"]
        (await desk.venue.accept()).say(announcement(7))
        waited = await call(client, TOOL, **recipe)
        (created,) = waited["events"]
        assert (created["question"], created["outcomes"]) == ("Will 7 come?", ["Yes", "No"])
        assert "asset_ids" not in created
        assert waited["tokens"] == {}


async def test_a_trade_can_be_waited_for_on_a_subscription_to_prices(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        condition = {"when": "trade_at_least", "threshold": 100}
        _, recipe = await subscribe(client, YES, condition=condition)
        connection = await desk.venue.accept()
        connection.say(book(), make_trade(YES, "0.42", size="50"))
        connection.say(make_trade(YES, "0.42", size="150"))
        (met,) = (await call(client, TOOL, **recipe))["events"]
        assert (met["when"], met["value"]) == ("trade_at_least", "150")


async def test_progress_is_reported_while_waiting_if_asked_for(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        _, recipe = await subscribe(client, YES)
        await desk.venue.accept()
        reports = []

        async def note(progress, total, message):
            reports.append((round(progress), total, message))

        await client.call_tool(TOOL, recipe, progress_callback=note)
        assert [progress for progress, _, _ in reports] == [5, 10, 15]
        assert reports[0][1:] == (20, "nothing has happened yet")


async def test_a_wait_that_is_cancelled_leaves_the_server_well(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        connection = await desk.venue.accept()
        with trio.move_on_after(1):
            await client.call_tool(TOOL, recipe)
        connection.say(book())
        assert "price_change" in kinds(await call(client, TOOL, **recipe))


async def test_a_settled_market_is_told_and_ends_the_wait(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        begun = await call(client, "subscribe_market_resolution", market_ids=[SOLO])
        recipe = begun["delivery"]["recipe"]
        assert recipe.pop("tool") == TOOL
        assert begun["markets"][0]["question"] == "Was it so?"


@pytest.mark.parametrize("most", [1, 2])
async def test_what_is_not_told_takes_no_room_on_a_page(autojump_clock, most):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        (await desk.venue.accept()).say(book())
        await trio.sleep(1)
        waited = await call(client, TOOL, **recipe, max_events=most)
        assert kinds(waited) == ["price_change"]


async def test_what_is_no_number_is_refused_by_name(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        _, recipe = await subscribe(client, YES)
        parser = ArgumentParser(WaitArguments)
        for value in (float("nan"), float("inf"), float("-inf")):
            with pytest.raises(ArgumentsError, match="wait_seconds: must be a finite number"):
                parser.parse(recipe | {"wait_seconds": value})
