"""The tools for one's own orders and trades, on a sandbox with real sockets, in both eras."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import trio
from mcp_harness import ERAS, NO, YES, Desk, call, open_desk, refused

from polymarket_realtime import Credentials, Secret, Settings, open_service
from polymarket_realtime.errors import LookupFailed
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox
from polymarket_realtime.testing import MARKET

TOOLS = ["subscribe_user_orders", "subscribe_user_trades"]
VARIABLES = ["POLYMARKET_API_KEY", "POLYMARKET_API_SECRET", "POLYMARKET_PASSPHRASE"]


@pytest.fixture(params=ERAS)
def mode(request):
    return request.param


@asynccontextmanager
async def open_account(**account):
    """A sandbox, a service that may use its account, and a desk for clients of it."""
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        keys = sandbox.credentials
        given = account or {
            "credentials": Credentials(
                api_key=Secret(keys.api_key),
                secret=Secret(keys.secret),
                passphrase=Secret(keys.passphrase),
            ),
            "address": sandbox.address,
        }
        settings = Settings(
            market_url=sandbox.market_url,
            user_url=sandbox.user_url,
            clob_url=sandbox.clob_url,
            gamma_url=sandbox.gamma_url,
            backoff_initial=0.02,
            **given,
        )
        async with open_service(settings) as service:
            yield sandbox, Desk(service, None, None)


def place(sandbox, market=0):
    token = sandbox.exchange.markets[market].token_ids[0]
    return sandbox.exchange.broker.place(token, "BUY", "0.01", "40")


@pytest.mark.parametrize("name", TOOLS)
async def test_without_credentials_the_answer_names_what_is_missing(mode, name):
    async with open_desk() as desk, desk.connect(mode) as (client, _):
        text = await refused(client, name)
        assert "authentication required" in text
        assert all(variable in text for variable in [*VARIABLES, "POLYGON_PRIVATE_KEY"])
        await call(client, "subscribe_market_prices", market_ids=[YES])
        status = await call(client, "get_realtime_status")
        user = status["connections"]["user"]
        assert (user["state"], user["connected"]) == ("idle", False)
        assert user["authentication"]["state"] == "not configured"
        assert status["connections"]["market"]["authentication"] is None


@pytest.mark.parametrize("name", TOOLS)
async def test_credentials_that_cannot_work_cost_the_private_tools_only(mode, name):
    environ = {"POLYMARKET_API_KEY": "c0ffee-c0ffee", "POLYMARKET_PASSPHRASE": "canary-canary"}
    settings = Settings.from_environ(environ, postpone_credentials=True)
    problem = {"credentials_problem": settings.credentials_problem}
    async with open_desk(**problem) as desk, desk.connect(mode) as (client, _):
        for _ in range(2):
            text = await refused(client, name)
            assert text.startswith("POLYMARKET_API_KEY: not a UUID")
            assert not any(value in text for value in environ.values())
        await call(client, "subscribe_market_prices", market_ids=[YES])
        status = await call(client, "get_realtime_status")
        assert "not a UUID" in status["connections"]["user"]["authentication"]["why"]


async def test_orders_and_trades_arrive_with_what_a_model_needs():
    async with open_account() as (sandbox, desk), desk.connect() as (client, inbox):
        before = place(sandbox)
        subscribed = await call(client, "subscribe_user_orders")
        assert "your own orders in all markets" in subscribed["message"]
        assert "Authentication: configured" in subscribed["message"]
        found = await inbox.data("order")
        assert found["order_id"] == before.id
        assert (found["source"], found["status"]) == ("reconciled", "LIVE")
        assert (found["filled_size"], found["remaining_size"]) == ("0", "40")
        assert (await inbox.data("reconciled"))["open_orders"] == 1
        await call(client, "subscribe_user_trades", callback_type="notification")
        token = sandbox.exchange.markets[1].token_ids[0]
        taken = sandbox.exchange.broker.take(token, "BUY", "2")
        trade = await inbox.data("trade")
        assert (trade["order_id"], trade["role"], trade["size"]) == (taken.id, "taker", "2")
        assert trade["market_id"] == sandbox.exchange.markets[1].condition_id
        assert trade["status"] == "MATCHED"
        status = await call(client, "get_realtime_status")
        user = status["connections"]["user"]
        assert user["connected"]
        assert len(user["connections"]) == 1
        assert (user["authentication"]["state"], user["authentication"]["complete"]) == (
            "proven",
            True,
        )
        (orders, trades) = status["subscriptions"]["active"]
        assert (orders["type"], orders["channel"], trades["type"]) == ("order", "user", "trade")


@pytest.mark.parametrize("as_token", [True, False])
async def test_markets_can_be_chosen_by_condition_id_or_by_a_token_of_them(mode, as_token):
    async with open_account() as (sandbox, desk), desk.connect(mode) as (client, _):
        market = sandbox.exchange.markets[0]
        chosen = market.token_ids[1] if as_token else market.condition_id
        subscribed = await call(client, "subscribe_user_orders", market_ids=[chosen])
        assert "1 of your markets" in subscribed["message"]
        assert {each["condition_id"] for each in subscribed["resolved"]} == {market.condition_id}
        place(sandbox, market=1)
        mine = place(sandbox, market=0)
        with trio.fail_after(5):
            while not desk.service.account.open_orders(market.condition_id):
                await trio.testing.wait_all_tasks_blocked(0.01)
        (active,) = (await call(client, "get_realtime_status"))["subscriptions"]["active"]
        assert active["market_ids"] == [chosen]
        (subscription,) = desk.service._hub.subscriptions
        told = [e.order_id for e in subscription.receive_nowait() if hasattr(e, "order_id")]
        assert set(told) <= {mine.id}


async def test_condition_ids_need_no_catalogue(mode):
    credentials = Credentials(
        api_key=Secret("0" * 8), secret=Secret("c2VjcmV0"), passphrase=Secret("p")
    )
    async with open_desk(credentials=credentials) as desk, desk.connect(mode) as (client, _):
        desk.catalog.failure = LookupFailed("https://gamma", "no answer")
        subscribed = await call(client, "subscribe_user_trades", market_ids=[MARKET])
        assert subscribed["resolved"] == []
        text = await refused(client, "subscribe_user_trades", market_ids=[NO])
        assert "no answer" in text


async def test_a_wrong_market_is_named(mode):
    async with open_account() as (_, desk), desk.connect(mode) as (client, _):
        text = await refused(client, "subscribe_user_orders", market_ids=["0xnonsense"])
        assert "0xnonsense" in text
        unknown = "0x" + "9" * 64
        assert unknown in await refused(client, "subscribe_user_orders", market_ids=[unknown])
        assert (await call(client, "get_realtime_status"))["subscriptions"]["total"] == 0


async def test_a_rejection_is_told_and_leaves_the_public_feed_alone(mode):
    async with open_account() as (sandbox, desk), desk.connect(mode) as (client, _):
        await call(client, "subscribe_user_orders")
        token = sandbox.exchange.markets[0].token_ids[0]
        await call(client, "subscribe_market_prices", market_ids=[token])
        sandbox.keys.revoke(sandbox.credentials.api_key)
        with trio.fail_after(10):
            while True:
                status = await call(client, "get_realtime_status")
                user = status["connections"]["user"]
                if user["state"] == "waiting" and user["authentication"]["state"] == "rejected":
                    break
        authentication = user["authentication"]
        assert "Invalid api key" in authentication["why"]
        assert not authentication["complete"]
        (connection,) = user["connections"]
        assert 290 < connection["retry_in"] <= 300
        market = status["connections"]["market"]
        assert market["connected"]
        assert market["connections"][0]["failures"] == 0


async def test_new_credentials_end_a_rejection_at_once():
    async with open_account() as (sandbox, desk), desk.connect() as (client, inbox):
        sandbox.keys.revoke(sandbox.credentials.api_key)
        await call(client, "subscribe_user_orders")
        while "rejected" not in (await inbox.data("interrupted"))["reason"]:
            pass
        newer = sandbox.keys.issue(sandbox.address, 0)
        desk.service.use_credentials(
            Credentials(
                api_key=Secret(newer.api_key),
                secret=Secret(newer.secret),
                passphrase=Secret(newer.passphrase),
            )
        )
        assert (await inbox.data("reconciled"))["open_orders"] == 0
        assert desk.service.account.status().state == "subscribed (unproven)"


async def test_a_wallet_alone_is_enough():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        environ = {
            "POLYGON_PRIVATE_KEY": sandbox.wallet_key,
            "POLYGON_ADDRESS": sandbox.address,
            "POLYMARKET_USER_URL": sandbox.user_url,
            "POLYMARKET_CLOB_URL": sandbox.clob_url,
        }
        async with open_service(Settings.from_environ(environ)) as service:
            desk = Desk(service, None, None)
            async with desk.connect() as (client, inbox):
                assert sandbox.rate_limit.requests == {}, "nothing is derived before it is needed"
                await call(client, "subscribe_user_orders")
                await inbox.data("reconciled")
                order = place(sandbox)
                assert (await inbox.data("order"))["order_id"] == order.id
        requests = sandbox.rate_limit.requests
        assert requests["GET /auth/derive-api-key"] == 1
        assert "POST /auth/api-key" not in requests
