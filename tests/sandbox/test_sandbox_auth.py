import re
import sys
import time

import attrs
import httpx2
import pytest
import trio
from account_client import STRANGER_KEY, Caller, sign_call, sign_wallet
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime.errors import SettingsError
from polymarket_realtime.sandbox import SandboxConfig, account_api, open_sandbox
from polymarket_realtime.sandbox.signatures import l2_signature, recover_signer

UNAUTHORIZED = (401, {"error": "Unauthorized/Invalid api key"})
NONE_YET = (400, {"error": "Could not derive api key!"})


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def caller(sandbox):
    async with httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http:
        yield Caller(http, sandbox)


def said(response):
    return response.status_code, response.json()


def test_recovery_gives_the_signer_of_a_known_signature():
    signature = (
        "0x8e61f918d542a48ff9433fb6cc4c172a2763ad53dda8afa07f77321e2e0a1e30"
        "55f29fac1408e0020dca977190fd4f01b1c73b5e2078be29c88a32887945fe2a1b"
    )
    address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert recover_signer(address, "1700000000", 42, signature) == address
    assert recover_signer(address, "1700000000", 43, signature) not in {address, None}


@given(st.binary(min_size=65, max_size=65), st.sampled_from([0, 1, 2**256 - 1, 2**256]))
def test_no_signature_makes_recovery_fail_loudly(signature, nonce):
    signer = recover_signer("0x" + "ab" * 20, "1700000000", nonce, "0x" + signature.hex())
    assert signer is None or len(signer) == 42


def test_the_hmac_of_a_known_request_recomputes():
    secret = "A" * 43 + "="
    body = '{"hash": "0x123"}'
    signature = l2_signature(secret, "1000000", "test-sign", "/orders", body)
    assert signature == "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc="


async def test_credentials_look_like_the_venues_and_do_not_show_themselves(sandbox):
    credentials = sandbox.credentials
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", credentials.api_key)
    assert re.fullmatch(r"[\w-]{43}=", credentials.secret)
    assert re.fullmatch(r"[0-9a-f]{64}", credentials.passphrase)
    for value in attrs.astuple(credentials):
        assert value not in repr(sandbox)
        assert value not in repr(credentials)
    assert sandbox.wallet_key not in repr(sandbox)


async def test_the_front_page_names_the_user_channel_and_no_secret(sandbox, caller):
    page = (await caller.http.get("/")).text
    assert sandbox.user_url in page
    for secret in (*attrs.astuple(sandbox.credentials), sandbox.wallet_key):
        assert secret not in page


async def test_the_wallet_derives_the_credentials_that_it_has(sandbox, caller):
    for _ in range(2):
        status, answer = said(await caller.wallet("GET", "/auth/derive-api-key"))
        assert status == 200
        assert answer == {
            "apiKey": sandbox.credentials.api_key,
            "secret": sandbox.credentials.secret,
            "passphrase": sandbox.credentials.passphrase,
        }


async def test_a_wallet_without_credentials_creates_them_once(caller):
    for nonce, key in ((0, STRANGER_KEY), (3, None)):
        ask = {"key": key, "nonce": nonce}
        assert said(await caller.wallet("GET", "/auth/derive-api-key", **ask)) == NONE_YET
        created = said(await caller.wallet("POST", "/auth/api-key", **ask))
        assert created[0] == 200
        assert said(await caller.wallet("GET", "/auth/derive-api-key", **ask)) == created
        assert (await caller.wallet("POST", "/auth/api-key", **ask)).status_code == 400


async def test_created_credentials_do_not_depend_on_who_came_before():
    created = []
    for first in (STRANGER_KEY, None):
        async with (
            open_sandbox(SandboxConfig(rate=0)) as sandbox,
            httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http,
        ):
            caller = Caller(http, sandbox)
            await caller.wallet("POST", "/auth/api-key", first, nonce=1)
            created.append((await caller.wallet("POST", "/auth/api-key", nonce=2)).json())
    assert created[0] == created[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers | {"POLY_NONCE": "1"},
        lambda headers: headers | {"POLY_NONCE": "-1"},
        lambda headers: headers | {"POLY_NONCE": "first"},
        lambda headers: headers | {"POLY_TIMESTAMP": str(int(headers["POLY_TIMESTAMP"]) - 1)},
        lambda headers: headers | {"POLY_TIMESTAMP": "now"},
        lambda headers: headers | {"POLY_ADDRESS": "0x" + "ab" * 20},
        lambda headers: headers | {"POLY_ADDRESS": "me"},
        lambda headers: headers | {"POLY_SIGNATURE": "0x" + "11" * 65},
        lambda headers: headers | {"POLY_SIGNATURE": "0x12"},
        lambda headers: {k: v for k, v in headers.items() if k != "POLY_SIGNATURE"},
        lambda _: {},
    ],
)
async def test_a_wallet_that_proves_nothing_is_refused(sandbox, caller, change):
    headers = change(sign_wallet(sandbox.wallet_key))
    for method, path in (("GET", "/auth/derive-api-key"), ("POST", "/auth/api-key")):
        assert said(await caller.http.request(method, path, headers=headers)) == UNAUTHORIZED


async def test_a_signature_for_another_chain_is_refused(caller):
    assert said(await caller.wallet("GET", "/auth/derive-api-key", chain_id=80002)) == UNAUTHORIZED


async def test_without_eth_account_nothing_can_be_derived(caller, monkeypatch):
    headers = sign_wallet(caller.sandbox.wallet_key)
    monkeypatch.setitem(sys.modules, "eth_account", None)
    status, answer = said(await caller.http.get("/auth/derive-api-key", headers=headers))
    assert status == 501
    assert "polymarket-realtime[wallet]" in answer["error"]


async def test_a_signed_call_lists_the_keys_of_its_wallet(sandbox, caller):
    second = (await caller.wallet("POST", "/auth/api-key", nonce=1)).json()["apiKey"]
    await caller.wallet("POST", "/auth/api-key", STRANGER_KEY)
    answer = await caller.call("/auth/api-keys")
    assert said(answer) == (200, {"apiKeys": [sandbox.credentials.api_key, second]})


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers | {"POLY_API_KEY": "00000000-0000-0000-0000-000000000000"},
        lambda headers: headers | {"POLY_PASSPHRASE": "0" * 64},
        lambda headers: headers | {"POLY_ADDRESS": "0x" + "ab" * 20},
        lambda headers: headers | {"POLY_SIGNATURE": headers["POLY_SIGNATURE"].rstrip("=")},
        lambda headers: headers | {"POLY_SIGNATURE": "é"},
        lambda headers: headers | {"POLY_TIMESTAMP": str(int(headers["POLY_TIMESTAMP"]) - 1)},
        lambda headers: {k: v for k, v in headers.items() if k != "POLY_PASSPHRASE"},
        lambda _: {},
    ],
)
async def test_a_call_that_is_signed_wrongly_is_refused(sandbox, caller, change):
    path = "/data/orders"
    headers = change(sign_call(sandbox.credentials, sandbox.address, "GET", path))
    headers = {name: value.encode() for name, value in headers.items()}
    assert said(await caller.http.get(path, headers=headers)) == UNAUTHORIZED


async def test_the_query_is_not_signed_but_the_method_is(sandbox, caller):
    assert (await caller.call("/data/orders", market="0x12")).status_code == 200
    headers = sign_call(sandbox.credentials, sandbox.address, "POST", "/data/orders")
    assert said(await caller.http.get("/data/orders", headers=headers)) == UNAUTHORIZED


@pytest.mark.parametrize("path", ["/auth/api-keys", "/auth/derive-api-key"])
@pytest.mark.parametrize(("off", "allowed"), [(-30, False), (-5, True), (5, True), (30, False)])
async def test_a_clock_that_is_off_is_refused_beyond_some_seconds(
    sandbox, caller, path, off, allowed
):
    sandbox.clock.offset = 1000.0
    timestamp = int(time.time()) + 1000 + off
    if path == "/auth/api-keys":
        answer = await caller.call(path, timestamp=timestamp)
    else:
        answer = await caller.wallet("GET", path, timestamp=timestamp)
    assert answer.status_code == (200 if allowed else 401)


async def test_the_venues_time_follows_its_clock(sandbox, caller):
    sandbox.clock.offset = -500.0
    assert int((await caller.http.get("/time")).text) == pytest.approx(time.time() - 500, abs=3)


async def test_a_deleted_key_is_worthless_and_another_can_be_created(sandbox, caller):
    assert said(await caller.call("/auth/api-key", "DELETE")) == (200, "OK")
    assert said(await caller.call("/auth/api-keys")) == UNAUTHORIZED
    assert said(await caller.wallet("GET", "/auth/derive-api-key")) == NONE_YET
    created = (await caller.wallet("POST", "/auth/api-key")).json()
    assert created["apiKey"] != sandbox.credentials.api_key
    assert sandbox.account.owner == created["apiKey"]
    assert said(await caller.wallet("GET", "/auth/derive-api-key")) == (200, created)
    with pytest.raises(KeyError):
        sandbox.keys.revoke(sandbox.credentials.api_key)


async def test_the_next_requests_of_a_path_are_refused_if_told(sandbox, caller):
    sandbox.rate_limit.refuse_next("/data/orders", 2, retry_after=3)
    answers = [await caller.call("/data/orders") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert (await caller.call("/data/trades")).status_code == 200
    assert sandbox.rate_limit.requests == {"GET /data/orders": 3, "GET /data/trades": 1}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(account_api, "PAGE_SIZE", 20)


@pytest.fixture
def market(sandbox):
    return sandbox.exchange.markets[0]


def rest_orders(sandbox, market, count):
    """Own bids at the best price."""
    price = sandbox.exchange.book(market.token_ids[0])["bids"][-1]["price"]
    return [
        sandbox.exchange.broker.place(market.token_ids[0], "BUY", price, "5") for _ in range(count)
    ]


async def test_only_open_orders_are_listed_page_by_page(sandbox, caller, market):
    orders = rest_orders(sandbox, market, 45)
    gone = orders.pop(7)
    sandbox.exchange.broker.cancel(gone.id)
    rows, pages = await caller.rows("/data/orders")
    assert [row["id"] for row in rows] == [order.id for order in orders]
    assert pages == 3
    assert rows[0] == {
        "id": orders[0].id,
        "status": "ORDER_STATUS_LIVE",
        "owner": sandbox.credentials.api_key,
        "maker_address": sandbox.account.funder,
        "market": market.condition_id,
        "asset_id": market.token_ids[0],
        "outcome": "Yes",
        "side": "BUY",
        "price": sandbox.exchange.book(market.token_ids[0])["bids"][-1]["price"],
        "original_size": "5",
        "size_matched": "0",
        "associate_trades": None,
        "expiration": "0",
        "order_type": "GTC",
        "created_at": orders[0].created,
    }
    assert said(await caller.call(f"/data/order/{gone.id}"))[1]["status"] == "ORDER_STATUS_CANCELED"
    assert said(await caller.call("/data/order/0x12")) == (200, None)


@pytest.mark.parametrize("name", ["id", "market", "asset_id"])
async def test_lists_are_filtered_by_what_the_query_names(sandbox, caller, market, name):
    (order,) = rest_orders(sandbox, market, 1)
    rest_orders(sandbox, sandbox.exchange.markets[1], 1)
    wanted = {"id": order.id, "market": market.condition_id, "asset_id": market.token_ids[0]}
    rows, _ = await caller.rows("/data/orders", **{name: wanted[name]})
    assert [row["id"] for row in rows] == [order.id]
    assert await caller.rows("/data/orders", **{name: "0x12"}) == ([], 1)


async def test_all_trades_are_listed_and_can_be_cut_by_time(sandbox, caller, market):
    start = int(time.time())
    for number in range(23):
        sandbox.clock.offset = float(number * 100)
        sandbox.exchange.place(market.token_ids[0], "SELL", "0.99", "5")
        sandbox.exchange.broker.take(market.token_ids[0], "BUY", "5")
    sandbox.account.settle_trades()
    sandbox.clock.offset = 0.0
    rows, pages = await caller.rows("/data/trades")
    assert [row["id"] for row in rows] == [trade.id for trade in sandbox.account.trades]
    assert pages == 2
    assert {row["status"] for row in rows} <= {"TRADE_STATUS_MINED", "TRADE_STATUS_RETRYING"}
    assert not {"event_type", "type", "timestamp"} & set(rows[0])
    middle = int(rows[10]["match_time"])
    assert middle == pytest.approx(start + 1000, abs=5)
    assert (await caller.rows("/data/trades", after=middle))[0] == rows[11:]
    assert (await caller.rows("/data/trades", before=middle))[0] == rows[:10]
    assert (await caller.rows("/data/trades", id=rows[4]["id"]))[0] == [rows[4]]


@pytest.mark.parametrize(
    "query",
    [{"next_cursor": "!"}, {"next_cursor": "eA=="}, {"after": "yesterday"}, {"before": "-1"}],
)
async def test_a_query_that_makes_no_sense_is_a_bad_request(caller, query):
    assert (await caller.call("/data/trades", **query)).status_code == 400


async def test_behind_the_last_page_there_is_nothing(sandbox, caller, market):
    rest_orders(sandbox, market, 2)
    page = (await caller.call("/data/orders", next_cursor="LTE=")).json()
    assert page == {"limit": 20, "count": 0, "next_cursor": "LTE=", "data": []}


async def test_another_wallet_has_another_account_without_anything(sandbox, caller, market):
    (order,) = rest_orders(sandbox, market, 1)
    key = sandbox.keys.issue("0x" + "ab" * 20, 0)
    for path, empty in (("/data/orders", []), (f"/data/order/{order.id}", None)):
        headers = sign_call(key, "0x" + "AB" * 20, "GET", path)
        answer = (await caller.http.get(path, headers=headers)).json()
        assert (answer["data"] if answer else None) == empty


async def test_requests_at_the_same_time_are_all_answered(caller):
    answers = []

    async def derive():
        answers.append((await caller.wallet("GET", "/auth/derive-api-key")).status_code)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(derive)
    assert answers == [200] * 8


def test_a_negative_rest_is_a_setting_that_cannot_work():
    with pytest.raises(SettingsError, match="account_rest"):
        SandboxConfig(account_rest=-1)
