"""The status as a resource: read at any time, and announced when it changes."""

import json
from functools import partial

import pytest
import trio
from mcp import MCPError
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp_harness import (
    ERAS,
    MARKETS,
    NO,
    YES,
    best_bid,
    book,
    call,
    open_desk,
    open_listed_desk,
)

from polymarket_realtime.server import desk as desk_module
from polymarket_realtime.server.desk import Desk as ClientDesk
from polymarket_realtime.server.push import Pusher
from polymarket_realtime.testing import MARKET, make_price_change

URI = "polymarket://websocket-status"

older_era = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")
"""The SDK's client warns who speaks like the handshake era."""


@pytest.fixture(params=ERAS)
def mode(request):
    return request.param


async def read(client):
    with trio.fail_after(5):
        (contents,) = (await client.read_resource(URI)).contents
    assert (contents.uri, contents.mime_type) == (URI, "application/json")
    return json.loads(contents.text)


async def test_the_status_and_each_subscription_are_listed_and_the_rest_are_templates(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        (resource,) = (await client.list_resources()).resources
        assert (resource.uri, resource.name) == (URI, "WebSocket Status")
        assert resource.mime_type == "application/json"
        begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        _, subscription = (await client.list_resources()).resources
        assert subscription.uri == f"polymarket://subscriptions/{begun['subscription_id']}"
        assert subscription.title == "price_change, 1 token"
        templates = (await client.list_resource_templates()).resource_templates
        assert [each.uri_template for each in templates] == [
            "polymarket://subscriptions/{id}",
            "polymarket://books/{asset_id}",
            "polymarket://markets/{slug}",
        ]


async def test_the_resource_is_what_the_tool_says(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        before = await read(client)
        assert before == await call(client, "get_realtime_status")
        await call(client, "subscribe_orderbook_updates", token_ids=[YES])
        (await desk.venue.accept()).say(book())
        # By then nothing moves any more, in virtual time.
        await trio.sleep(1)
        after = await read(client)
        told = drop_clocks(await call(client, "get_realtime_status"))
        # Only the tool knows whom it tells.
        (active,) = told["subscriptions"]["active"]
        diagnosis, _, deaf = active["diagnosis"].partition("; your client ")
        assert deaf.startswith("is sent no events by its protocol") == (mode == "auto")
        active["diagnosis"] = diagnosis
        # And how its tokens are called there.
        assert active["assets"][0].pop("token") == "t1"
        assert after["subscriptions"]["active"][0]["assets"][0].pop("token") is None
        assert drop_clocks(after) == told
        assert after["connections"]["market"]["connected"] is True
        (asset,) = after["subscriptions"]["active"][0]["assets"]
        assert (asset["asset_id"], asset["best_bid"]) == (YES, "0.40")


def drop_clocks(status):
    """Without the times that are reckoned from two clocks, of which one is virtual here."""
    for connection in status["connections"]["market"]["connections"]:
        del connection["since"], connection["last_message_at"]
    return status


async def test_the_status_can_be_read_while_the_venue_is_down(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        desk.venue.down = "Connection refused"
        await call(client, "subscribe_market_prices", market_ids=[YES])
        await trio.sleep(2)
        market = (await read(client))["connections"]["market"]
        assert (market["connected"], market["state"]) == (False, "waiting")
        assert "Connection refused" in market["connections"][0]["last_error"]


@pytest.mark.parametrize(("era", "code"), [("legacy", -32002), ("auto", -32602)])
async def test_another_resource_does_not_exist(era, code):
    async with open_desk() as desk, desk.connect(era) as (client, _):
        with pytest.raises(MCPError, match="Unknown resource: polymarket://nothing") as caught:
            await client.read_resource("polymarket://nothing")
        assert caught.value.code == code


@older_era
async def test_a_resource_that_does_not_exist_cannot_be_subscribed():
    async with open_desk() as desk, desk.connect() as (client, _):
        for ask in (client.subscribe_resource, client.unsubscribe_resource):
            with pytest.raises(MCPError, match="Unknown resource"):
                await ask("polymarket://nothing")


@older_era
async def test_in_the_handshake_era_a_change_is_announced_to_who_subscribed(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        subscribed = await call(client, "subscribe_market_prices", market_ids=[YES])
        subscription_id = subscribed["subscription_id"]
        connection = await desk.venue.accept()
        connection.say(book())
        await inbox.data("price_change")
        await inbox.data("state_changed")
        await trio.sleep(1)
        assert inbox.pending() == (0, 0)

        await client.subscribe_resource(URI)
        connection.say(best_bid("0.41"))
        await inbox.data("price_change")
        await trio.sleep(1)
        assert inbox.pending() == (0, 0), "a price is no change of the status"

        connection.drop()
        assert await inbox.update() == URI
        await desk.venue.accept()
        assert await inbox.update() == URI
        await call(client, "unsubscribe_realtime", subscription_id=subscription_id)
        assert await inbox.update() == URI

        await client.unsubscribe_resource(URI)
        await call(client, "subscribe_market_prices", market_ids=[YES])
        await trio.sleep(1)
        assert inbox.pending()[1] == 0


async def test_in_the_newest_era_a_change_is_announced_to_who_listens(autojump_clock):
    async with (
        open_desk() as desk,
        desk.connect("auto") as (client, _),
        client.listen(resource_subscriptions=[URI]) as changes,
    ):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        assert (await next_change(changes)).uri == URI
        connection = await desk.venue.accept()
        assert (await next_change(changes)).uri == URI
        connection.say(book())
        assert (await next_change(changes)).uri == URI
        (active,) = (await read(client))["subscriptions"]["active"]
        assert active["assets"][0]["best_bid"] == "0.40"


async def next_change(changes):
    with trio.fail_after(5):
        return await anext(changes)


@older_era
async def test_changes_in_a_burst_are_announced_once_an_interval(autojump_clock):
    async with open_desk(notify_interval=0.5) as desk, desk.connect() as (client, inbox):
        await client.subscribe_resource(URI)
        started = trio.current_time()
        for token in [YES, NO] * 10:
            await call(client, "subscribe_market_prices", market_ids=[token])
        assert trio.current_time() == started
        await trio.sleep(2)
        # The first subscription; then the others; then perhaps the connection that they led to.
        assert inbox.pending()[1] in {2, 3}


async def read_json(client, uri):
    with trio.fail_after(5):
        (contents,) = (await client.read_resource(uri)).contents
    assert (contents.uri, contents.mime_type) == (uri, "application/json")
    return json.loads(contents.text)


async def test_a_subscription_can_be_read_with_its_latest_events(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        desk.service._known.names.learn(MARKETS[0])
        begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        uri = f"polymarket://subscriptions/{begun['subscription_id']}"
        connection = await desk.venue.accept()
        connection.say(book())
        for thousandths in range(401, 419):
            connection.say(make_price_change((YES, "BUY", f"0.{thousandths}", "5")))
        await trio.sleep(1)
        told = await read_json(client, uri)
        assert (told["subscription_id"], told["state"]) == (begun["subscription_id"], "live")
        assert told["tokens"] == {"t1": {"outcome": "Yes", "question": "Will it rain?"}}
        assert told["events"][-1].get("bid") == "0.418"
        assert len(told["events"]) <= 20
        # Its cursor goes on where the reading ended.
        waited = await call(
            client,
            "wait_for_realtime_events",
            subscription_ids=[begun["subscription_id"]],
            cursor=told["next_cursor"],
            wait_seconds=0,
        )
        assert waited["events"] == []


async def test_an_ended_subscription_can_still_be_read_and_says_so(mode, autojump_clock):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        await call(client, "unsubscribe_realtime", subscription_id=begun["subscription_id"])
        uri = f"polymarket://subscriptions/{begun['subscription_id']}"
        assert (await read_json(client, uri))["state"].startswith("ended")
        await trio.sleep(700)
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource(uri)


async def test_a_book_can_be_read_by_token_without_a_subscription(mode, autojump_clock):
    async with open_listed_desk() as desk, desk.connect(mode) as (client, _):
        desk.venue.catalog.books[YES] = book(market=MARKET)
        (told,) = (await read_json(client, f"polymarket://books/{YES}"))["tokens"]
        assert told["bids"] == [["0.40", "10"], ["0.30", "7"], ["0.20", "8"]]
        assert told["asks"][0] == ["0.42", "10"]


async def test_a_market_can_be_read_by_slug(mode, autojump_clock):
    async with open_listed_desk() as desk, desk.connect(mode) as (client, _):
        desk.venue.catalog.books[YES] = book(market=MARKET)
        yes, no = (await read_json(client, "polymarket://markets/will-it-rain"))["tokens"]
        assert (yes["question"], yes["price"], no["price"]) == ("Will it rain?", "0.41", None)


@pytest.mark.parametrize(
    "uri",
    [
        "polymarket://books/will-it-rain",
        "polymarket://books/",
        "polymarket://markets/no-such-market",
        "polymarket://markets/a/b",
        "polymarket://subscriptions/abc",
        "polymarket://nonsense/1",
        "http://books/1",
    ],
)
async def test_what_is_not_there_is_unknown_and_the_answer_says_what_there_is(uri):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        with pytest.raises(MCPError, match=r"Unknown resource: .*polymarket://books/\{asset_id\}"):
            await client.read_resource(uri)


async def test_a_venue_out_of_reach_is_said_in_place_of_a_market(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        desk.venue.catalog.down = True
        with pytest.raises(MCPError, match="503"):
            await client.read_resource("polymarket://markets/will-it-rain")


@older_era
async def test_who_subscribes_to_a_book_hears_when_it_changes_without_a_tool(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, inbox):
        uri = f"polymarket://books/{YES}"
        await client.subscribe_resource(uri)
        connection = await desk.venue.accept()
        assert (await connection.next_frame())["assets_ids"] == [YES]
        connection.say(book())
        assert await inbox.update() == uri
        connection.say(best_bid("0.41"))
        assert await inbox.update() == uri
        (told,) = (await read_json(client, uri))["tokens"]
        assert (told["bid"], told["source"], told["state"]) == ("0.41", "book", "live")
        await client.unsubscribe_resource(uri)
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0
        await trio.sleep(1)
        assert connection.closed


@older_era
async def test_a_resource_changes_at_most_four_times_a_second(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, inbox):
        await client.subscribe_resource(f"polymarket://books/{YES}")
        connection = await desk.venue.accept()
        connection.say(book())
        await trio.sleep(1)
        before = inbox.pending()[1]
        for size in range(1, 201):
            connection.say(make_price_change((YES, "BUY", "0.41", str(size))))
            await trio.sleep(0.01)
        assert 6 <= inbox.pending()[1] - before <= 8


@older_era
async def test_who_subscribes_to_a_subscription_hears_that_there_is_more(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, inbox):
        begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        uri = f"polymarket://subscriptions/{begun['subscription_id']}"
        await client.subscribe_resource(uri)
        (await desk.venue.accept()).say(book())
        assert await inbox.update() == uri
        await trio.sleep(1)
        while inbox.pending()[1]:
            await inbox.update()
        await call(client, "unsubscribe_realtime", subscription_id=begun["subscription_id"])
        assert await inbox.update() == uri, "its end is a change"


async def test_who_listens_hears_of_books_and_subscriptions_and_frees_them_in_the_end(
    autojump_clock,
):
    async with open_listed_desk() as desk, desk.connect("auto") as (client, _):
        begun = await call(client, "subscribe_market_prices", market_ids=[NO])
        mine = f"polymarket://subscriptions/{begun['subscription_id']}"
        theirs = f"polymarket://books/{YES}"
        wanted = [mine, theirs, "polymarket://books/nonsense"]
        async with client.listen(resource_subscriptions=wanted) as changes:
            connection = await desk.venue.accept()
            connection.say(book(), book(asset_id=NO))
            heard = {(await next_change(changes)).uri for _ in range(2)}
            assert heard == {mine, theirs}
            assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 2
        await trio.sleep(1)
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 1


async def test_that_a_subscription_came_or_went_is_announced_to_who_lists_resources(autojump_clock):
    async with (
        open_desk() as desk,
        desk.connect("auto") as (client, _),
        client.listen(resources_list_changed=True) as changes,
    ):
        begun = await call(client, "subscribe_market_prices", market_ids=[YES])
        await next_change(changes)
        assert len((await client.list_resources()).resources) == 2
        await call(client, "unsubscribe_realtime", subscription_id=begun["subscription_id"])
        await trio.sleep(700)
        await next_change(changes)
        assert len((await client.list_resources()).resources) == 1


@older_era
async def test_a_resource_that_cannot_be_watched_any_more_says_why(autojump_clock, monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_SUBSCRIPTIONS", 1)
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        await client.subscribe_resource(f"polymarket://books/{YES}")
        with pytest.raises(MCPError, match="may have 1 subscriptions at once"):
            await client.subscribe_resource(f"polymarket://books/{NO}")


@older_era
async def test_a_market_that_cannot_be_looked_up_now_is_not_called_unknown(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        desk.venue.catalog.down = True
        with pytest.raises(MCPError, match="503"):
            await client.subscribe_resource("polymarket://markets/will-it-rain")
        desk.venue.catalog.down = False
        await client.subscribe_resource("polymarket://markets/will-it-rain")


@older_era
async def test_to_subscribe_twice_is_to_subscribe_once(autojump_clock):
    async with open_listed_desk() as desk, desk.connect() as (client, _):
        uri = f"polymarket://books/{YES}"
        await client.subscribe_resource(uri)
        await client.subscribe_resource(uri)
        await client.unsubscribe_resource(uri)
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


@older_era
async def test_what_is_given_back_while_it_is_looked_up_is_not_watched(autojump_clock):
    async with open_desk() as desk, desk.connect() as (client, _):
        desk.catalog.silent = True
        uri = "polymarket://markets/will-it-rain"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.subscribe_resource, uri)
            await trio.sleep(1)
            await client.unsubscribe_resource(uri)
            desk.catalog.release()
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


@older_era
async def test_a_resource_let_go_while_another_is_told_stays_let_go(autojump_clock):
    async with open_listed_desk() as desk:
        kept = ClientDesk(desk.service)
        pusher = Pusher(kept, InMemorySubscriptionBus())
        told, versions = [], {"polymarket://a": 0, "polymarket://b": 0}
        for uri in versions:
            pusher.watch(uri, partial(versions.get, uri))

        class Session:
            """Lets the second go while the first is told."""

            protocol_version = "2025-11-25"

            async def send_resource_updated(self, uri):
                told.append(uri)
                pusher.unwatch("polymarket://b")

        pusher.meet(Session())
        versions.update(dict.fromkeys(versions, 1))
        await pusher._announce()
        versions.update(dict.fromkeys(versions, 2))
        await pusher._announce()
        assert told == ["polymarket://a", "polymarket://a"]


async def test_only_what_there_is_is_acknowledged_to_who_listens(autojump_clock):
    async with open_listed_desk() as desk, desk.connect("auto") as (client, _):
        wanted = ["polymarket://nope", f"polymarket://books/{YES}", "file:///x"]
        async with client.listen(resource_subscriptions=wanted) as changes:
            assert changes.honored.resource_subscriptions == [f"polymarket://books/{YES}"]


async def test_one_may_listen_to_so_many_resources_and_no_more(autojump_clock):
    async with open_listed_desk() as desk, desk.connect("auto") as (client, _):
        wanted = [f"polymarket://markets/m{number}" for number in range(65)]
        with pytest.raises(MCPError, match="65 resources are too many to listen to: 64 at most"):
            async with client.listen(resource_subscriptions=wanted):
                pass
