"""The status as a resource: read at any time, and announced when it changes."""

import json

import pytest
import trio
from mcp import MCPError
from mcp_harness import ERAS, NO, YES, best_bid, book, call, open_desk

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


async def test_the_status_is_listed_as_the_only_resource(mode):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        (resource,) = (await client.list_resources()).resources
        assert (resource.uri, resource.name) == (URI, "WebSocket Status")
        assert resource.mime_type == "application/json"
        assert (await client.list_resource_templates()).resource_templates == []


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
