"""The conformance list of `WebSocketManager`: what its users rely on, over real sockets.

The names, parameters and keys are those of the Polymarket MCP server that came before; the
frames are those that the venue really sends. Nothing here needs the network, except the one
test marked `slow`, which asks the live venue and is opted into with `-m slow`.
"""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from datetime import UTC
from decimal import Decimal

import attrs
import httpx2
import pytest
import trio
from mcp import Client

from polymarket_realtime import (
    BookSnapshot,
    BookTopic,
    Credentials,
    DeltaTopic,
    EventType,
    OrderbookUpdate,
    PriceChangeEvent,
    PriceTopic,
    Secret,
    Settings,
    TradeTopic,
    WebSocketManager,
    open_service,
    open_websocket_manager,
)
from polymarket_realtime.cli.options import sandbox_urls
from polymarket_realtime.errors import (
    AuthenticationRequired,
    InvalidFilter,
    InvalidIdentifier,
    MarketClosed,
    MarketNotFound,
    UnknownSymbol,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox
from polymarket_realtime.server.app import make_app
from polymarket_realtime.testing import MemoryVenue

SEED_EXAMPLE = "21742633143463906290569050155826241533067272736897614950488156847949938836455"


@attrs.define
class Inbox:
    """Callbacks that remember, and can be waited for."""

    notifications: list[dict] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list)
    _news: trio.Event = attrs.field(factory=trio.Event)

    async def notify(self, data: dict) -> None:
        self.notifications.append(data)
        self._ring()

    async def log(self, line: str) -> None:
        self.lines.append(line)
        self._ring()

    def _ring(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def wait(self, happened) -> None:
        with trio.fail_after(5):
            while not happened():
                await self._news.wait()

    def of_type(self, kind: str) -> list[dict]:
        return [data for data in self.notifications if data["type"] == kind]


@pytest.fixture
async def sandbox():
    """An exchange on which nothing moves unless a test moves it."""
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    return Settings(**sandbox_urls(sandbox), backoff_initial=0.05, notify_interval=0.01)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def manager(settings: Settings, inbox: Inbox):
    async with open_websocket_manager(
        settings, notification_callback=inbox.notify, log_callback=inbox.log
    ) as manager:
        yield manager


@pytest.fixture
def market(sandbox: Sandbox):
    return sandbox.exchange.markets[0]


@pytest.fixture
def token(market) -> str:
    return market.token_ids[0]


def subscription(manager: WebSocketManager, subscription_id: str) -> dict:
    active = manager.get_status()["subscriptions"]["active"]
    (found,) = (each for each in active if each["id"] == subscription_id)
    return found


async def watched(manager: WebSocketManager, inbox: Inbox, kind: str, **arguments) -> str:
    """A subscription whose first event has arrived."""
    subscription_id = await manager.subscribe(kind, **arguments)
    await manager.start_background_task()
    await inbox.wait(lambda: inbox.of_type(kind))
    return subscription_id


async def test_connect_reaches_the_market_endpoint(manager, token):
    assert not manager.get_status()["connections"]["clob"]["connected"]
    await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
    await manager.connect()
    status = manager.get_status()["connections"]["market"]
    assert (status["connected"], status["state"]) == (True, "connected")


async def test_connect_to_a_venue_that_is_down_neither_raises_nor_gives_up(
    sandbox, settings, token
):
    sandbox.faults.refuse()
    impatient = attrs.evolve(settings, open_timeout=0.3)
    async with open_websocket_manager(impatient) as manager:
        await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
        await manager.connect()
        assert not manager.get_status()["connections"]["market"]["connected"]
        sandbox.faults.heal()
        with trio.fail_after(5):
            while not manager.get_status()["connections"]["market"]["connected"]:
                await manager.connect()


async def test_disconnect_leaves_no_socket_and_may_be_repeated(manager, sandbox, token):
    await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
    await manager.connect()
    for _ in range(2):
        await manager.disconnect()
        clob = manager.get_status()["connections"]["clob"]
        assert (clob["connected"], clob["authenticated"]) == (False, False)
    with trio.fail_after(5):
        while sandbox.statistics().connections_open:
            await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("kind", [EventType.ORDER, EventType.TRADE])
async def test_private_events_require_authentication_and_say_what_is_needed(manager, kind):
    with pytest.raises(RuntimeError, match="authentication required") as caught:
        await manager.subscribe(kind)
    assert isinstance(caught.value, AuthenticationRequired)
    assert "POLYMARKET_API_SECRET" in str(caught.value)


async def test_subscribe_price_change_is_listed_with_its_arguments(manager, token):
    subscription_id = await manager.subscribe(
        EventType.PRICE_CHANGE, channel="clob_market", market_ids=[token]
    )
    listed = subscription(manager, subscription_id)
    assert (listed["type"], listed["channel"]) == ("price_change", "clob_market")
    assert (listed["market_ids"], listed["token_ids"]) == ([token], [token])


async def test_a_condition_id_stands_for_all_tokens_of_its_market(manager, market):
    subscription_id = await manager.subscribe("price_change", market_ids=[market.condition_id])
    assert subscription(manager, subscription_id)["token_ids"] == list(market.token_ids)


async def test_a_market_may_be_named_in_any_way(manager, market):
    names = [market.slug, f"https://polymarket.com/market/{market.slug}", market.id]
    for name in names:
        subscription_id = await manager.subscribe("price_change", market_ids=[name])
        listed = subscription(manager, subscription_id)
        assert listed["market_ids"] == [name]
        assert listed["token_ids"] == list(market.token_ids)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("price_change", {}),
        ("agg_orderbook", {"depth": 3}),
        ("last_trade_price", {}),
        ("market_resolved", {}),
    ],
)
async def test_markets_that_are_added_to_an_event_join(manager, sandbox, inbox, kind, arguments):
    event = sandbox.exchange.markets[3].event.slug
    subscription_id = await manager.subscribe(kind, market_ids=[f"event/{event}"], **arguments)
    await manager.start_background_task()
    with trio.fail_after(5):
        await sandbox.wait_received(lambda frame: '"market"' in frame.text)
    before = subscription(manager, subscription_id)["token_ids"]
    new = sandbox.exchange.create_market("Will a new party win?", event=event, label="New party")
    await inbox.wait(lambda: inbox.of_type("market_created"))
    (created,) = inbox.of_type("market_created")
    assert (created["market"], created["label"]) == (new.condition_id, "New party")
    after = subscription(manager, subscription_id)["token_ids"]
    assert set(after) - set(before) == set(new.token_ids)


async def test_the_prices_of_an_event_come_with_their_sum(manager, sandbox, inbox):
    event = sandbox.exchange.markets[3].event
    await watched(manager, inbox, "price_change", market_ids=[f"event/{event.slug}"])
    await inbox.wait(lambda: any(each["total"] for each in inbox.of_type("event_prices")))
    prices = next(each for each in inbox.of_type("event_prices") if each["total"])
    assert (prices["event"], len(prices["outcomes"])) == (event.slug, 3)


async def test_a_settled_market_is_refused_except_for_its_resolution(
    manager, sandbox, inbox, market
):
    sandbox.exchange.resolve(market.condition_id, 1)
    with pytest.raises(MarketClosed, match="'No' has won"):
        await manager.subscribe(EventType.PRICE_CHANGE, market_ids=[market.condition_id])
    await watched(manager, inbox, "market_resolved", market_ids=[market.condition_id])
    (resolved,) = inbox.of_type("market_resolved")
    assert (resolved["winning_outcome"], resolved["source"]) == ("No", "poll")


async def test_a_subscription_ends_with_the_last_of_its_markets(manager, sandbox, inbox, market):
    subscription_id = await watched(manager, inbox, "price_change", token_ids=[market.token_ids[0]])
    sandbox.exchange.resolve(market.condition_id, 0)
    await inbox.wait(lambda: inbox.of_type("market_resolved"))
    with trio.fail_after(5):
        while manager.get_status()["subscriptions"]["total"]:
            await trio.lowlevel.checkpoint()
    assert await manager.unsubscribe(subscription_id) is False


async def test_subscribe_orderbook_keeps_its_callback_type(manager, token):
    subscription_id = await manager.subscribe(
        EventType.AGG_ORDERBOOK, token_ids=[token], callback_type="log"
    )
    listed = subscription(manager, subscription_id)
    assert (listed["type"], listed["callback_type"]) == ("agg_orderbook", "log")


@pytest.mark.parametrize(
    "wrong", ["", "two words", "0x12", "9" * 90, "https://venue.example/event/abc"]
)
async def test_a_malformed_id_is_named_in_the_error(manager, wrong):
    with pytest.raises(InvalidIdentifier) as caught:
        await manager.subscribe(EventType.PRICE_CHANGE, market_ids=[wrong])
    assert caught.value.value == wrong


@pytest.mark.parametrize("unknown", [SEED_EXAMPLE, "no-such-market", "12", "0x" + "12" * 32])
async def test_an_id_that_the_venue_does_not_know_is_named_in_the_error(manager, unknown):
    with pytest.raises(MarketNotFound, match=unknown):
        await manager.subscribe(EventType.PRICE_CHANGE, market_ids=[unknown])


# The live feeds


def nothing(sandbox):
    """The scores of all games come by themselves."""


def trade(sandbox):
    sandbox.exchange.trade(sandbox.exchange.markets[0].token_ids[0], "BUY", "5")


def comment(sandbox):
    sandbox.live.comment("Up only", event_id=sandbox.exchange.markets[0].event.id)


@pytest.mark.parametrize(
    ("kind", "arguments", "asked", "act", "shown"),
    [
        ("activity_trade", {}, '"activity"', trade, {"wallet", "side", "size", "question"}),
        ("comment", {}, '"comments"', comment, {"body", "author"}),
        ("sport_result", {}, "", nothing, {"league", "score"}),
        ("reference_price", {"symbols": ["BTC/USD"]}, "btc/usd", nothing, {"symbol", "price"}),
    ],
)
async def test_live_feeds_reach_the_callbacks(
    manager, sandbox, inbox, kind, arguments, asked, act, shown
):
    subscription_id = await manager.subscribe(kind, **arguments)
    await manager.start_background_task()
    with trio.fail_after(5):
        await manager.connect()
        if asked:
            await sandbox.wait_received(lambda frame: asked in frame.text)
    act(sandbox)
    await inbox.wait(lambda: inbox.of_type(kind))
    event = inbox.of_type(kind)[0]
    assert event["subscription_id"] == subscription_id
    assert shown <= event.keys()


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        ("activity_trade", {"market_ids": ["a-slug"]}, "activity_trade takes no ids"),
        ("reference_price", {}, "prices comes with 1 to 64 symbols"),
        ("price_change", {"symbols": ["btcusd"]}, "price_change takes no symbols"),
        ("comment", {"symbols": ["btcusd"]}, "comment takes no symbols"),
    ],
)
async def test_arguments_that_a_feed_does_not_take_are_refused(manager, kind, arguments, told):
    with pytest.raises(InvalidFilter, match=told):
        await manager.subscribe(kind, **arguments)


async def test_a_symbol_that_is_none_is_named_in_the_error(manager):
    with pytest.raises(UnknownSymbol, match="no symbol"):
        await manager.subscribe("reference_price", symbols=["no symbol"])


@pytest.mark.parametrize("kind", ["connected", "dropped", "book_delta", "gossip"])
async def test_what_is_not_subscribed_to_by_itself_is_refused(manager, kind, token):
    with pytest.raises(ValueError, match=kind):
        await manager.subscribe(kind, token_ids=[token])


async def test_unsubscribe_is_true_once_and_then_false(manager, token):
    subscription_id = await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
    assert await manager.unsubscribe(subscription_id) is True
    assert await manager.unsubscribe(subscription_id) is False
    assert manager.get_status()["subscriptions"]["total"] == 0


async def test_the_wire_is_unsubscribed_only_when_the_last_holder_leaves(
    manager, sandbox, settings, market
):
    first, second = market.token_ids
    kept = await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[first])
    shared = await manager.subscribe(EventType.AGG_ORDERBOOK, token_ids=[first, second])
    await manager.connect()
    await manager.unsubscribe(shared)
    with trio.fail_after(5):
        frame = await sandbox.wait_received(lambda frame: "unsubscribe" in frame.text)
    assert json.loads(frame.text)["assets_ids"] == [second]
    assert subscription(manager, kept)["token_ids"] == [first]


async def test_price_change_events_are_counted_and_notified(manager, sandbox, inbox, token):
    subscription_id = await watched(manager, inbox, "price_change", token_ids=[token])
    before = subscription(manager, subscription_id)
    best_bid = cancel_best_bid(sandbox, token)
    await inbox.wait(lambda: len(inbox.of_type("price_change")) == 2)
    event = inbox.of_type("price_change")[-1]
    assert event["subscription_id"] == subscription_id
    assert event["best_bid"] == best_bid
    assert Decimal(event["change"]) < 0
    after = subscription(manager, subscription_id)
    assert after["events_received"] > before["events_received"]
    assert after["last_event_at"] is not None


async def test_order_books_arrive_best_first_at_the_depth_asked_for(manager, inbox, token):
    await watched(manager, inbox, "agg_orderbook", token_ids=[token], depth=3)
    (book,) = inbox.of_type("agg_orderbook")
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert (len(bids), len(asks)) == (3, 3)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@pytest.mark.parametrize("kind", ["price_change", "agg_orderbook"])
async def test_the_log_callback_gets_lines_of_text(manager, inbox, token, kind):
    await manager.subscribe(kind, token_ids=[token], callback_type="log")
    await manager.start_background_task()
    await inbox.wait(lambda: len(inbox.lines) >= 2)
    assert all(isinstance(line, str) and "\n" not in line for line in inbox.lines)
    assert inbox.notifications == []


async def test_trades_creations_and_resolutions_have_public_names(manager, sandbox, inbox, market):
    token = market.token_ids[0]
    await manager.subscribe(EventType.LAST_TRADE_PRICE, token_ids=[token])
    await manager.subscribe(EventType.MARKET_CREATED)
    resolution = await manager.subscribe(
        EventType.MARKET_RESOLVED, market_ids=[market.condition_id]
    )
    await manager.start_background_task()
    await manager.connect()
    with trio.fail_after(5):
        await sandbox.wait_received(lambda frame: '"market"' in frame.text)
    await inbox.wait(lambda: len(inbox.of_type("connected")) == 3)
    sandbox.exchange.trade(token, "BUY", "5")
    sandbox.exchange.create_market("Will it snow?")
    sandbox.exchange.resolve(market.condition_id, 0)
    for kind in ("last_trade_price", "market_created", "market_resolved"):
        await inbox.wait(lambda kind=kind: inbox.of_type(kind))
    await inbox.wait(lambda: len(inbox.of_type("market_resolved")) == 2)
    (resolved,) = (
        event
        for event in inbox.of_type("market_resolved")
        if event["subscription_id"] == resolution
    )
    assert resolved["winning_asset_id"] == token


async def test_the_background_task_starts_and_stops_and_both_may_be_repeated(manager, token):
    await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
    for _ in range(2):
        await manager.start_background_task()
        assert manager.get_status()["background_task"]["running"]
    await manager.connect()
    for _ in range(2):
        with trio.fail_after(2):
            await manager.stop_background_task()
        status = manager.get_status()
        assert not status["background_task"]["running"]
        assert not status["connections"]["clob"]["connected"]
        assert not status["connections"]["realtime"]["connected"]
    await manager.start_background_task()
    await manager.connect()
    assert manager.get_status()["connections"]["clob"]["connected"]


async def test_every_frame_of_the_venue_is_counted_exactly(manager, sandbox, inbox, token):
    subscription_id = await watched(manager, inbox, "agg_orderbook", token_ids=[token])
    before = manager.get_status()["statistics"]
    received = subscription(manager, subscription_id)["events_received"]
    best = sandbox.exchange.book(token)["bids"][-1]
    for _ in range(5):
        sandbox.exchange.place(token, "BUY", best["price"], "100")
    size = Decimal(best["size"]) + 500
    await inbox.wait(lambda: Decimal(inbox.of_type("agg_orderbook")[-1]["bids"][0][1]) == size)
    after = manager.get_status()["statistics"]
    assert after["total_events"] == before["total_events"] + 5
    assert after["events_by_type"]["price_change"] == 5
    assert subscription(manager, subscription_id)["events_received"] == received + 5


async def test_reconnect_restores_the_connection(manager, sandbox, inbox, token):
    await watched(manager, inbox, "price_change", token_ids=[token])
    with trio.fail_after(5):
        await manager.reconnect()
    assert manager.get_status()["connections"]["clob"]["connected"]
    assert sandbox.statistics().connections_total == 2


async def test_after_a_cut_the_same_interest_is_on_the_wire_and_events_flow_again(
    manager, sandbox, inbox, token
):
    subscription_id = await watched(manager, inbox, "price_change", token_ids=[token])
    assert sandbox.faults.cut() == 1
    await inbox.wait(lambda: inbox.of_type("resynced"))
    frames = [json.loads(f.text) for f in sandbox.received if '"type":"market"' in f.text]
    assert (
        frames
        == [
            {"type": "market", "assets_ids": [token], "custom_feature_enabled": True},
        ]
        * 2
    )
    (interrupted,) = inbox.of_type("interrupted")
    assert interrupted["retry_in"] <= 0.05
    seen = len(inbox.of_type("price_change"))
    cancel_best_bid(sandbox, token)
    await inbox.wait(lambda: len(inbox.of_type("price_change")) > seen)
    assert inbox.of_type("price_change")[-1]["subscription_id"] == subscription_id
    statistics = manager.get_status()["statistics"]
    assert (statistics["reconnect_count"], statistics["connection_errors"]) == (1, 1)


async def test_status_has_the_four_sections_and_is_plain_json(manager, market):
    await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[market.token_ids[0]])
    await manager.subscribe(EventType.AGG_ORDERBOOK, token_ids=[market.token_ids[1]])
    status = json.loads(json.dumps(manager.get_status()))
    assert set(status) == {"connections", "subscriptions", "statistics", "background_task"}
    endpoints = {"market", "user", "rtds", "prices", "sports"}
    assert set(status["connections"]) == endpoints | {"clob", "realtime"}
    assert status["connections"]["realtime"] == status["connections"]["rtds"]
    assert status["subscriptions"]["total"] == len(status["subscriptions"]["active"]) == 2
    assert status["subscriptions"]["by_type"] == {"price_change": 1, "agg_orderbook": 1}
    assert status["statistics"]["last_event_at"] is None


async def test_a_quiet_channel_is_not_starved_by_a_busy_one(sandbox, settings):
    busy, quiet = (market.token_ids[0] for market in sandbox.exchange.markets[:2])
    async with open_service(settings) as service:
        with (
            service.subscribe(TradeTopic(busy)) as busy_events,
            service.subscribe(TradeTopic(quiet)) as quiet_events,
        ):
            await service.wait_connected()
            await wait_for_books(service, busy, quiet)
            for _ in range(50):
                sandbox.exchange.trade(busy, "BUY", "1")
            sandbox.exchange.trade(quiet, "BUY", "1")
            assert await count_trades(quiet_events, 1) == 1
            assert await count_trades(busy_events, 50) == 50


async def test_every_queued_message_is_consumed(sandbox, settings):
    tokens = [market.token_ids[0] for market in sandbox.exchange.markets[:2]]
    async with open_service(settings) as service:
        with service.subscribe(*map(TradeTopic, tokens)) as events:
            await service.wait_connected()
            await wait_for_books(service, *tokens)
            for _ in range(20):
                for token in tokens:
                    sandbox.exchange.trade(token, "SELL", "1")
            assert await count_trades(events, 40) == 40


async def test_leaving_the_manager_leaves_no_task_behind():
    venue = MemoryVenue()
    nobody_there = Settings(gamma_url="http://127.0.0.1:9", backoff_initial=0.01)
    before = trio.lowlevel.current_statistics().tasks_living
    async with open_websocket_manager(nobody_there, open_stream=venue.open_stream) as manager:
        await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[SEED_EXAMPLE])
        await manager.start_background_task()
        await manager.connect()
        assert trio.lowlevel.current_statistics().tasks_living > before
    assert trio.lowlevel.current_statistics().tasks_living == before


async def test_an_error_of_a_callback_is_not_swallowed(settings, token):
    async def broken(_data: dict) -> None:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with open_websocket_manager(settings, notification_callback=broken) as manager:
            await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
            await manager.start_background_task()
            await trio.sleep_forever()


async def test_events_carry_exact_numbers_and_aware_times(sandbox, settings, token):
    async with open_service(settings) as service:
        with service.subscribe(PriceTopic(token), BookTopic(token, depth=5)) as events:
            found = {}
            with trio.fail_after(5):
                async for event in events:
                    found[type(event)] = event
                    if {PriceChangeEvent, OrderbookUpdate} <= found.keys():
                        break
    price, book = found[PriceChangeEvent], found[OrderbookUpdate]
    assert isinstance(price.price, Decimal)
    assert price.timestamp.tzinfo is UTC
    assert all(type(number) is Decimal for level in book.bids for number in level)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        price.price = Decimal(0)


async def test_no_part_of_a_secret_is_logged_at_any_level(settings, token, caplog):
    # The whole life of an account with its errors is in loopback/test_secrets.py.
    secret = Secret("canary-0123456789abcdef")
    account = Credentials(api_key=secret, secret=secret, passphrase=secret)
    with caplog.at_level(logging.DEBUG):
        async with open_websocket_manager(attrs.evolve(settings, credentials=account)) as manager:
            await manager.subscribe(EventType.PRICE_CHANGE, token_ids=[token])
            await manager.subscribe(EventType.ORDER)
            await manager.connect()
            status = json.dumps(manager.get_status())
    assert "canary" not in caplog.text + status


async def test_own_orders_and_trades_reach_the_callbacks(sandbox, settings, inbox):
    keys = sandbox.credentials
    account = Credentials(
        api_key=Secret(keys.api_key),
        secret=Secret(keys.secret),
        passphrase=Secret(keys.passphrase),
    )
    settings = attrs.evolve(settings, credentials=account, address=sandbox.address)
    async with open_websocket_manager(settings, notification_callback=inbox.notify) as manager:
        market = sandbox.exchange.markets[0]
        await manager.subscribe(EventType.ORDER, market_ids=[market.condition_id])
        await manager.subscribe(EventType.TRADE)
        await manager.start_background_task()
        await inbox.wait(lambda: inbox.of_type("reconciled"))
        order = sandbox.exchange.broker.take(market.token_ids[0], "BUY", "2")
        await inbox.wait(lambda: inbox.of_type("order") and inbox.of_type("trade"))
        (trade,), (update,) = inbox.of_type("trade"), inbox.of_type("order")
        assert (trade["order_id"], trade["size"]) == (order.id, "2")
        assert (update["order_id"], update["status"]) == (order.id, "MATCHED")
        assert manager.get_status()["connections"]["clob"]["authenticated"]


async def test_the_tools_are_offered_under_their_names_and_parameters(settings):
    async with open_service(settings) as service, Client(make_app(service).server) as client:
        tools = (await client.list_tools()).tools
    parameters = {tool.name: list(tool.input_schema["properties"]) for tool in tools}
    seed = {
        "subscribe_market_prices": ["market_ids", "callback_type"],
        "subscribe_orderbook_updates": ["token_ids", "depth", "callback_type"],
        "subscribe_user_orders": ["market_ids", "callback_type"],
        "subscribe_user_trades": ["market_ids", "callback_type"],
        "get_realtime_status": [],
        "unsubscribe_realtime": ["subscription_id"],
    }
    # Each is there, and what came later is beside it.
    assert {
        name: [each for each in parameters[name] if each in seed[name]] for name in seed
    } == seed


@pytest.mark.slow
async def test_the_live_venue_sends_a_book_of_its_busiest_market():
    async with httpx2.AsyncClient() as client:
        answer = await client.get(
            "https://gamma-api.polymarket.com/markets",
            params={"closed": "false", "order": "volume24hr", "ascending": "false", "limit": "1"},
        )
    token = json.loads(answer.json()[0]["clobTokenIds"])[0]
    async with open_service() as service:
        with service.subscribe(BookTopic(token)) as events, trio.fail_after(60):
            async for event in events:
                if isinstance(event, OrderbookUpdate):
                    break
    assert event.best_bid < event.best_ask


def cancel_best_bid(sandbox: Sandbox, token: str) -> str:
    """Move the price down; the bid that is the best afterwards."""
    *_, next_best, best = sandbox.exchange.book(token)["bids"]
    sandbox.exchange.cancel(token, "BUY", best["price"])
    return next_best["price"]


async def wait_for_books(service, *tokens: str) -> None:
    missing = set(tokens)
    with service.subscribe(*map(DeltaTopic, tokens)) as events, trio.fail_after(5):
        while missing:
            snapshots = [e for e in await events.receive_batch() if isinstance(e, BookSnapshot)]
            missing -= {snapshot.asset_id for snapshot in snapshots}


async def count_trades(events, expected: int) -> int:
    """Trades received until there are as many as expected and then nothing for a moment."""
    count = Counter()
    patience = trio.CancelScope(deadline=math.inf)
    with trio.fail_after(5), patience:
        async for event in events:
            count[event.type] += 1
            if count["last_trade_price"] >= expected:
                patience.deadline = trio.current_time() + 0.1
    return count["last_trade_price"]
