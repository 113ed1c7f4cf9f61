"""MCP Events on the virtual clock: what is listed, polled, streamed, refused and freed."""

import time
from contextlib import asynccontextmanager

import attrs
import jsonschema
import mcp_types as types
import pytest
import trio
import trio.testing
from mcp.shared.message import SessionMessage
from mcp_harness import NO, SOLO, YES, best_bid, book, open_desk
from test_account_tools import open_account

from events_client import ERAS, Refused, open_client
from polymarket_realtime import LastTradePrice
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side, decimal
from polymarket_realtime.server import desk as desk_module
from polymarket_realtime.server.events.leases import LEASE, MOST
from polymarket_realtime.server.events.payloads import identity_of
from polymarket_realtime.testing import MARKET, make_price_change, make_trade

EXTENSION = "io.modelcontextprotocol/events"
PRICE, BOOK, TRADES, STATE = (
    f"polymarket.{name}" for name in ("price", "order_book", "last_trade", "feed_state")
)
NAMES = [
    *("polymarket.price", "polymarket.order_book", "polymarket.last_trade", "polymarket.order"),
    *("polymarket.trade", "polymarket.market_resolved", "polymarket.market_created"),
    "polymarket.feed_state",
]


@pytest.fixture(params=ERAS)
def era(request):
    return request.param


@asynccontextmanager
async def connect(desk, era):
    """A raw client of a server of its own."""
    async with desk.wire() as (read, write):

        async def send(body):
            message = types.jsonrpc_message_adapter.validate_python(body)
            await write.send(SessionMessage(message))

        async def receive():
            message = (await read.receive()).message
            return message.model_dump(by_alias=True, exclude_unset=True, mode="json")

        async with open_client(send, receive, era) as client:
            yield client


@asynccontextmanager
async def open_world(era=ERAS[-1]):
    async with open_desk() as desk, connect(desk, era) as client:
        yield desk, client


def subscribed(desk):
    """How many subscriptions the service has."""
    return desk.service.status().subscriptions.total


def of(event):
    return event["data"]


async def test_the_extension_and_its_types_are_announced_in_both_eras(autojump_clock, era):
    async with open_world(era) as (_, client):
        where = "extensions" if client.modern else "experimental"
        assert client.capabilities[where][EXTENSION] == {}
        assert list(client.kinds) == NAMES
        for kind in client.kinds.values():
            assert kind["delivery"] == ["poll", "push"]
            assert kind["description"]
            for schema in (kind["inputSchema"], kind["payloadSchema"]):
                jsonschema.Draft202012Validator.check_schema(schema)
                assert all(field["description"] for field in schema["properties"].values())


async def test_a_first_poll_gives_no_events_and_a_cursor_from_which_they_come(autojump_clock, era):
    async with open_world(era) as (desk, client):
        asked = {"markets": [YES]}
        page = await client.poll(PRICE, asked)
        assert (page["events"], page["truncated"], page["hasMore"]) == ([], False, False)
        (await desk.venue.accept()).say(book(bid="0.40", ask="0.42"))
        (event,), cursor, truncated = await client.poll_until(PRICE, asked, page["cursor"])
        assert (event["name"], event["timestamp"]) == (PRICE, "2023-11-14T22:13:20Z")
        assert of(event)["token_id"] == YES
        assert of(event)["market"] == MARKET
        assert (of(event)["price"], of(event)["best_bid"]) == ("0.41", "0.40")
        assert of(event)["condition_met"] is None
        assert not truncated
        assert (await client.poll(PRICE, asked, cursor))["events"] == []


async def test_a_stream_is_confirmed_then_tells_events_then_beats(autojump_clock, era):
    async with open_world(era) as (desk, client):
        stream = await client.stream(PRICE, {"markets": [YES]})
        kind, active = await stream.frame()
        assert (kind, active["truncated"]) == ("active", False)
        connection = await desk.venue.accept()
        connection.say(book())
        event = await stream.next("event")
        began = trio.current_time()
        kind, heartbeat = await stream.frame()
        assert kind == "heartbeat"
        assert 20 < trio.current_time() - began <= 30
        connection.say(best_bid("0.41"))
        assert of(await stream.next("event"))["best_bid"] == "0.41"
        # The heartbeat's position lies between the two.
        page = await client.poll(PRICE, {"markets": [YES]}, heartbeat["cursor"])
        assert [of(each)["best_bid"] for each in page["events"]] == ["0.41"]
        page = await client.poll(PRICE, {"markets": [YES]}, event["cursor"])
        assert [of(each)["best_bid"] for each in page["events"]] == ["0.41"]


async def test_a_poll_and_a_stream_of_the_same_share_a_subscription_and_ids(autojump_clock, era):
    async with open_world(era) as (desk, client):
        # Neither the order of names nor a default that is spelled out makes a difference.
        stream = await client.stream(BOOK, {"markets": [YES, NO]})
        await stream.next("active")
        same = {"markets": [NO, YES, NO], "depth": 5, "condition": None}
        page = await client.poll(BOOK, same)
        assert subscribed(desk) == 1
        (await desk.venue.accept()).say(book(), book(asset_id=NO))
        pushed = [await stream.next("event") for _ in range(2)]
        polled, _, _ = await client.poll_until(BOOK, same, page["cursor"], 2)
        assert [each["eventId"] for each in pushed] == [each["eventId"] for each in polled]
        assert len({each["eventId"] for each in pushed}) == 2
        assert of(polled[0])["bids"] == [["0.40", "10"], ["0.30", "7"], ["0.20", "8"]]


async def test_every_event_of_a_stream_can_be_gone_on_from(autojump_clock):
    async with open_world() as (desk, client):
        stream = await client.stream(TRADES, {"markets": [YES]})
        await stream.next("active")
        connection = await desk.venue.accept()
        connection.say(book(), *(make_trade(YES, "0.41", size=str(n)) for n in range(1, 6)))
        pushed = [await stream.next("event") for _ in range(5)]
        assert [of(each)["size"] for each in pushed] == ["1", "2", "3", "4", "5"]
        for number, each in enumerate(pushed, 1):
            page = await client.poll(TRADES, {"markets": [YES]}, each["cursor"])
            assert [of(event)["size"] for event in page["events"]] == [
                str(n) for n in range(number + 1, 6)
            ]
            assert not page["truncated"]


async def test_a_page_has_as_many_events_as_asked_for_and_says_that_there_are_more(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(TRADES, asked))["cursor"]
        (await desk.venue.accept()).say(
            book(), *(make_trade(YES, "0.41", size=str(n)) for n in range(1, 261))
        )
        await trio.sleep(1)
        sizes, counts = [], []
        for most in (2, None, 1000, 1000):
            more = {} if most is None else {"maxEvents": most}
            page = await client.poll(TRADES, asked, cursor, **more)
            cursor = page["cursor"]
            sizes += [int(of(each)["size"]) for each in page["events"]]
            counts.append((len(page["events"]), page["hasMore"]))
            assert not page["truncated"]
        assert counts == [(2, True), (50, True), (200, True), (8, False)]
        assert sizes == list(range(1, 261))


async def test_what_is_too_much_for_the_journal_is_truncated_and_the_newest_are_there(
    autojump_clock,
):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(TRADES, asked))["cursor"]
        stream = await client.stream(TRADES, asked, cursor)
        await stream.next("active")
        connection = await desk.venue.accept()
        connection.say(book())
        for first in range(0, 1200, 100):
            connection.say(*(make_trade(YES, "0.4", size=f"{first + n}") for n in range(1, 101)))
            await trio.sleep(1)
        page = await client.poll(TRADES, asked, cursor, maxEvents=200)
        assert (page["truncated"], page["hasMore"]) == (True, True)
        again = await client.poll(TRADES, asked, page["cursor"])
        assert not again["truncated"]
        late = await client.stream(TRADES, asked, cursor)
        assert (await late.next("active"))["truncated"]
        # After it come events, and no second word of what was lost before them.
        frames = [await late.frame() for _ in range(100)]
        assert {kind for kind, _ in frames} == {"event"}
        # Who has read all the time has missed nothing.
        sizes = [int(of(await stream.next("event"))["size"]) for _ in range(1200)]
        assert sizes == list(range(1, 1201))


async def test_a_gap_of_the_feed_is_an_error_then_truncated_and_the_stream_goes_on(
    autojump_clock, era
):
    async with open_world(era) as (desk, client):
        asked = {"markets": [YES]}
        stream = await client.stream(PRICE, asked)
        await stream.next("active")
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40"))
        before = await stream.next("event")
        connection.drop(1006, "gone")
        kind, params = await stream.frame()
        assert kind == "error"
        assert "gone" in params["error"]["data"]["reason"]
        (await desk.venue.accept()).say(book(bid="0.41"))
        kind, params = await stream.frame()
        assert (kind, params["truncated"]) == ("active", True)
        event = await stream.next("event")
        assert of(event)["best_bid"] == "0.41"
        assert event["eventId"] != before["eventId"]
        page = await client.poll(PRICE, asked, before["cursor"])
        assert page["truncated"]
        assert [each["eventId"] for each in page["events"]] == [event["eventId"]]
        # What comes after the gap has no gap in it.
        assert not (await client.poll(PRICE, asked, params["cursor"]))["truncated"]


async def test_the_state_of_the_feed_can_be_followed_in_place_of_prices(autojump_clock):
    async with open_world() as (desk, client):
        stream = await client.stream(STATE, {"markets": [YES]})
        await stream.next("active")
        connection = await desk.venue.accept()
        connection.say(book())
        live = of(await stream.next("event"))
        assert (live["kind"], live["state"], live["token_id"]) == ("state_changed", "live", YES)
        connection.drop(1006, "gone")
        told = [of(await stream.next("event")) for _ in range(2)]
        assert [each["kind"] for each in told] == ["interrupted", "state_changed"]
        assert (told[0]["tokens"], told[0]["retry_in"]) == (1, 1.0)
        assert (told[1]["state"], told[1]["before"]) == ("out_of_sync", "live")


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        (PRICE, {"when": "price_crosses", "threshold": "0.5"}),
        (BOOK, '{"when": "size_at_least", "threshold": 50}'),
        (TRADES, {"when": "trade_at_least", "threshold": "50"}),
        (STATE, {"when": "stale_for", "window_seconds": 5}),
    ],
)
async def test_with_a_condition_only_the_moments_that_meet_it_are_told_once(
    autojump_clock, name, condition
):
    async with open_world() as (desk, client):
        asked = {"markets": [YES], "condition": condition}
        stream = await client.stream(name, asked)
        cursor = (await stream.next("active"))["cursor"]
        connection = await desk.venue.accept()
        connection.say(book(), make_trade(YES, "0.41", size="1"))
        await trio.sleep(1)
        connection.say(
            make_price_change((YES, "SELL", "0.42", "0"), (YES, "BUY", "0.55", "60")),
            make_trade(YES, "0.55", size="60"),
        )
        await trio.sleep(1)
        connection.drop()
        desk.venue.down = "gone"
        event = await stream.next("event")
        hit = of(event)["condition_met"]
        assert hit["when"] in str(condition)
        assert of(event)["token_id"] == YES
        page = await client.poll(name, asked, cursor)
        assert [each["eventId"] for each in page["events"]] == [event["eventId"]]


async def test_a_condition_that_does_not_fit_the_type_is_refused_with_those_that_do(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES], "condition": {"when": "trade_at_least", "threshold": "1"}}
        with pytest.raises(Refused, match="price_crosses, price_moves") as refused:
            await client.poll(PRICE, asked)
        assert refused.value.code == -32602
        assert subscribed(desk) == 0


@pytest.mark.parametrize(
    ("name", "arguments", "code", "words"),
    [
        ("polymarket.nothing", {}, -32011, "known are polymarket.price"),
        (PRICE, {}, -32602, "missing argument: markets"),
        (PRICE, {"markets": []}, -32602, "1 or more items"),
        (PRICE, {"markets": [YES], "market": YES}, -32602, "unknown argument: 'market'"),
        (PRICE, {"markets": ["nobody-knows-it"]}, -32602, "nobody-knows-it"),
        (PRICE, {"markets": [SOLO]}, -32602, "is settled"),
        (BOOK, {"markets": [YES], "depth": 21}, -32602, "at most 20"),
        (PRICE, {"markets": [YES], "condition": "no"}, -32602, "must be an object"),
        ("polymarket.order", {}, -32012, "POLYMARKET_API_KEY"),
        ("polymarket.trade", {"markets": [MARKET]}, -32012, "POLYMARKET_API_SECRET"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_an_error_at_once_and_leaves_nothing(
    autojump_clock, name, arguments, code, words
):
    async with open_world() as (desk, client):
        for asked in (client.poll(name, arguments), stream_at_once(client, name, arguments)):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.code == code
            assert words in refused.value.message
            if code == -32011:
                assert refused.value.data == {"kind": "event"}
        assert subscribed(desk) == 0


async def stream_at_once(client, name, arguments, cursor=None):
    return await (await client.stream(name, arguments, cursor)).frame()


@pytest.mark.parametrize("method", ["events/subscribe", "events/unsubscribe"])
async def test_webhooks_are_refused_as_a_way_of_delivery(autojump_clock, era, method):
    async with open_world(era) as (_, client):
        with pytest.raises(Refused) as refused:
            await client.request(method, name=PRICE, delivery={"url": "https://example.com"})
        assert refused.value.code == -32014
        assert refused.value.data == {"feature": "deliveryMode", "value": "webhook"}


@pytest.mark.parametrize("params", [{}, {"name": PRICE, "maxEvents": 0}, {"name": 7}])
async def test_a_request_that_is_none_is_refused(autojump_clock, params):
    async with open_world() as (_, client):
        with pytest.raises(Refused) as refused:
            await client.request("events/poll", **params)
        assert refused.value.code == -32602


async def test_a_venue_that_cannot_be_asked_is_told_as_something_that_passes(autojump_clock):
    async with open_world() as (desk, client):
        desk.catalog.silent = True
        with pytest.raises(Refused, match="not done within") as refused:
            await client.poll(PRICE, {"markets": ["some-slug"]})
        assert (refused.value.code, refused.value.data["retryable"]) == (-32603, True)


async def test_a_cursor_of_something_else_is_refused_and_one_of_another_run_is_truncated(
    autojump_clock,
):
    async with open_world() as (_, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(PRICE, asked))["cursor"]
        for name, arguments in ((PRICE, {"markets": [NO]}), (BOOK, asked)):
            for attempt in (client.poll, lambda *it: stream_at_once(client, *it)):
                with pytest.raises(Refused, match="other arguments") as refused:
                    await attempt(name, arguments, cursor)
                assert refused.value.code == -32602
        with pytest.raises(Refused, match="none that was given out"):
            await client.poll(PRICE, asked, "yesterday")
        run, rest = cursor.split(".", 1)
        for old in (f"{int(run, 16) ^ 1:04x}.{rest}", cursor.replace(f"{run}.", f"{run}.ffff", 1)):
            page = await client.poll(PRICE, asked, old)
            assert (page["events"], page["truncated"]) == ([], True)
            assert not (await client.poll(PRICE, asked, page["cursor"]))["truncated"]
            _, active = await (await client.stream(PRICE, asked, old)).frame()
            assert active["truncated"]


async def test_what_has_happened_too_long_ago_is_skipped_if_the_client_says_so(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(TRADES, asked))["cursor"]
        now = round(time.time() * 1000)
        (await desk.venue.accept()).say(
            book(),
            make_trade(YES, "0.41", size="1", timestamp=now - 3_600_000),
            make_trade(YES, "0.41", size="2", timestamp=now - 1000),
        )
        await trio.sleep(1)
        page = await client.poll(TRADES, asked, cursor, maxAgeMs=60_000)
        assert ([of(each)["size"] for each in page["events"]], page["truncated"]) == (["2"], True)
        stream = await client.stream(TRADES, asked, cursor, maxAgeMs=60_000)
        assert (await stream.next("active"))["truncated"]
        assert of(await stream.next("event"))["size"] == "2"
        page = await client.poll(TRADES, asked, cursor, maxAgeMs=7_200_000)
        assert (len(page["events"]), page["truncated"]) == (2, False)


async def test_who_stops_polling_is_subscribed_for_five_minutes_more(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(TRADES, asked))["cursor"]
        connection = await desk.venue.accept()
        connection.say(book(), make_trade(YES, "0.41", size="1"))
        await trio.sleep(LEASE - 1)
        assert subscribed(desk) == 1
        await trio.sleep(10)
        assert subscribed(desk) == 0
        # Its journal is still there, and what has come since is told as missing.
        await trio.sleep(60)
        page = await client.poll(TRADES, asked, cursor)
        assert subscribed(desk) == 1
        assert ([of(each)["size"] for each in page["events"]], page["truncated"]) == (["1"], True)
        again = await client.poll(TRADES, asked, page["cursor"])
        assert (again["events"], again["truncated"]) == ([], False)


async def test_a_cursor_into_a_journal_that_is_gone_is_truncated(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(TRADES, asked))["cursor"]
        connection = await desk.venue.accept()
        connection.say(book(), make_trade(YES, "0.41", size="1"))
        await trio.sleep(LEASE + 620)
        page = await client.poll(TRADES, asked, cursor)
        assert (page["events"], page["truncated"]) == ([], True)
        assert not (await client.poll(TRADES, asked, page["cursor"]))["truncated"]


async def test_to_cancel_a_stream_ends_its_subscription_unless_somebody_else_has_it(
    autojump_clock, era
):
    async with open_world(era) as (desk, client):
        asked = {"markets": [YES]}
        streams = [await client.stream(PRICE, asked) for _ in range(3)]
        for stream in streams:
            await stream.next("active")
        assert subscribed(desk) == 1
        for left in (1, 1, 0):
            await streams.pop().cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert subscribed(desk) == left


async def test_a_client_that_leaves_takes_everything_with_it(autojump_clock, era):
    async with open_desk() as desk:
        async with connect(desk, era) as client:
            stream = await client.stream(PRICE, {"markets": [YES]})
            await stream.next("active")
            await client.poll(BOOK, {"markets": [YES]})
            assert subscribed(desk) == 2
        assert subscribed(desk) == 0


async def test_the_limit_of_a_client_is_one_of_its_events_too(autojump_clock, monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_SUBSCRIPTIONS", 1)
    async with open_world() as (_, client):
        await client.poll("polymarket.market_created", {"words": "one"})
        with pytest.raises(Refused, match="one first") as refused:
            await client.poll("polymarket.market_created", {"words": "two"})
        assert refused.value.code == -32013
        assert refused.value.data["max"] == 1


async def test_there_is_a_limit_and_a_place_becomes_free_again(autojump_clock):
    async with open_world() as (desk, client):
        name = "polymarket.market_created"
        streams = [await client.stream(name, {"words": f"word{n}"}) for n in range(MOST)]
        for stream in streams:
            await stream.next("active")
        with pytest.raises(Refused) as refused:
            await client.poll(name, {"words": "one more"})
        assert refused.value.code == -32013
        assert refused.value.data == {"limit": "subscriptions", "max": MOST}
        with pytest.raises(Refused) as refused:
            await stream_at_once(client, name, {"words": "word1"})
        assert (refused.value.code, refused.value.data["limit"]) == (-32013, "streams")
        await streams.pop().cancel()
        await client.poll(name, {"words": "one more"})
        assert subscribed(desk) == MOST


async def test_two_who_ask_for_the_same_while_it_is_looked_up_share_it(autojump_clock):
    async with open_world() as (desk, client), trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(client.poll, PRICE, {"markets": ["will-it-rain"]})
        await trio.testing.wait_all_tasks_blocked()
        assert subscribed(desk) == 1


RESOLVED = {
    "event_type": "market_resolved",
    "id": "1",
    "market": MARKET,
    "assets_ids": [YES, NO],
    "winning_asset_id": YES,
    "winning_outcome": "Yes",
    "timestamp": "1700000000900",
}


async def test_a_settlement_is_told_and_then_the_subscription_has_ended(autojump_clock, era):
    async with open_world(era) as (desk, client):
        name, asked = "polymarket.market_resolved", {"markets": [MARKET]}
        stream = await client.stream(name, asked)
        cursor = (await stream.next("active"))["cursor"]
        await client.poll(name, asked)
        (await desk.venue.accept()).say(RESOLVED)
        event = await stream.next("event")
        assert event["eventId"] == f"market_resolved:{MARKET}"
        assert (of(event)["winning_outcome"], of(event)["winning_token_id"]) == ("Yes", YES)
        kind, params = await stream.frame()
        assert (kind, params["error"]["code"]) == ("terminated", -32011)
        kind, result = await stream.frame()
        assert kind == "result"
        assert result["_meta"].keys() <= {"io.modelcontextprotocol/serverInfo"}
        page = await client.poll(name, asked, cursor)
        assert [each["eventId"] for each in page["events"]] == [event["eventId"]]
        with pytest.raises(Refused) as refused:
            await client.poll(name, asked, page["cursor"])
        assert refused.value.code == -32011
        assert refused.value.data["kind"] == "subscription"
        # Who begins anew is told of it by the same id.
        cursor = (await client.poll(name, asked))["cursor"]
        (again,), _, _ = await client.poll_until(name, asked, cursor)
        assert again["eventId"] == event["eventId"]


async def test_a_new_market_is_told_if_it_passes_the_filter_and_a_cut_is_truncated(autojump_clock):
    async with open_world() as (desk, client):
        name, asked = "polymarket.market_created", {"words": "rain"}
        stream = await client.stream(name, asked)
        cursor = (await stream.next("active"))["cursor"]
        connection = await desk.venue.accept()
        connection.say(new_market("11", "Snow?"), new_market("12", "Rain?\u202e" + "a" * 400))
        event = await stream.next("event")
        assert event["eventId"] == f"market_created:{event['data']['market']}"
        assert of(event)["question"].startswith("Rain? a")
        assert len(of(event)["question"]) == 120
        assert not (await client.poll(name, asked, cursor))["truncated"]
        connection.drop()
        assert (await stream.next("active"))["truncated"]
        assert (await client.poll(name, asked, cursor))["truncated"]


def new_market(number, question):
    return {
        "event_type": "new_market",
        "id": number,
        "question": question,
        "market": "0x" + number * 32,
        "slug": f"market-{number}",
        "description": "",
        "assets_ids": [number + "1", number + "2"],
        "outcomes": ["Yes", "No"],
        "timestamp": "1700000000500",
        "tags": [],
    }


async def test_an_update_that_stands_for_several_says_so_beside_its_data(autojump_clock):
    async with open_world() as (desk, client):
        asked = {"markets": [YES]}
        cursor = (await client.poll(PRICE, asked))["cursor"]
        connection = await desk.venue.accept()
        connection.say(book())
        for cents in (402, 404, 406):
            await trio.sleep(1)
            connection.say(best_bid(f"0.{cents}"))
        await trio.sleep(1)
        (event,) = (await client.poll(PRICE, asked, cursor))["events"]
        assert of(event)["best_bid"] == "0.406"
        assert event["_meta"] == {"polymarket-realtime/standsFor": 4}


def test_the_same_happening_has_one_id_and_another_one_has_another():
    trade = LastTradePrice(
        received=1.0,
        asset_id=AssetId(YES),
        market=ConditionId(MARKET),
        timestamp_ms=1,
        epoch=1,
        revision=1,
        side=Side.BUY,
        price=decimal("0.5"),
        size=decimal("10"),
        transaction_hash="0x" + "a" * 64,
    )
    later = attrs.evolve(trade, received=9.0, epoch=7, revision=3)
    assert identity_of(trade) == identity_of(later)
    other = attrs.evolve(trade, transaction_hash="0x" + "b" * 64)
    nameless = attrs.evolve(trade, transaction_hash=None)
    ids = [identity_of(each) for each in (trade, other, nameless)]
    assert len(set(ids)) == 3
    assert max(map(len, ids)) <= 120
    # Epochs begin anew with the program: the venue's time tells its runs apart.
    assert identity_of(nameless) != identity_of(attrs.evolve(nameless, timestamp_ms=2))


async def test_ones_own_orders_and_trades_have_ids_that_say_what_has_changed(era):
    with trio.fail_after(15):
        async with (
            open_account() as (sandbox, desk),
            connect(desk, era) as client,
        ):
            broker, token = sandbox.exchange.broker, sandbox.exchange.markets[0].token_ids[0]
            orders = await client.stream("polymarket.order", {})
            trades = await client.stream("polymarket.trade", {"markets": [token]})
            placed = broker.place(token, "BUY", "0.01", "40")
            first = await orders.next("event")
            assert (of(first)["status"], of(first)["order_id"]) == ("LIVE", placed.id)
            broker.cancel(placed.id)
            second = await orders.next("event")
            assert of(second)["order_id"] == placed.id
            assert of(second)["status"].startswith("CANCEL")
            assert first["eventId"] != second["eventId"]
            broker.take(token, "BUY", "5")
            trade = await trades.next("event")
            assert trade["eventId"].startswith("trade:")
            assert (of(trade)["status"], of(trade)["size"]) == ("MATCHED", "5")
