"""Signed calls of one account: credentials, clock, pages; and that nothing secret gets out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import traceback
from contextlib import asynccontextmanager

import attrs
import httpx2
import pytest
import trio

from polymarket_realtime import Settings
from polymarket_realtime._model.credentials import OWN_KEY_MASK, Credentials, Secret, Wallet
from polymarket_realtime._venue.account import AccountApi, NoApiKey
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime.errors import (
    AuthenticationRequired,
    CredentialsRejected,
    RestFailed,
    Unauthorized,
)

NOW = 1_700_000_000
KEY = "00000000-1111-2222-3333-444444444444"
API_SECRET = base64.urlsafe_b64encode(b"a secret of thirty-two bytes....").decode()
PASSPHRASE = "f00dfacef00dface"
CREDENTIALS = Credentials(
    api_key=Secret(KEY), secret=Secret(API_SECRET), passphrase=Secret(PASSPHRASE)
)
KEYS = {"apiKey": KEY, "secret": API_SECRET, "passphrase": PASSPHRASE}
# Published with Hardhat, for tests.
WALLET = Wallet(
    private_key=Secret("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
)
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
SECRETS = (KEY, API_SECRET, PASSPHRASE, WALLET.private_key.reveal())

ORDERS, TRADES = "/data/orders", "/data/trades"
API_KEYS, DERIVE, CREATE = "/auth/api-keys", "/auth/derive-api-key", "/auth/api-key"


def order(order_id="0xabc"):
    return {
        "id": order_id,
        "market": "0x" + "1" * 64,
        "asset_id": "7" * 77,
        "side": "BUY",
        "price": "0.5",
        "original_size": "10",
        "status": "LIVE",
        "owner": KEY,
    }


def trade(trade_id):
    return {
        "id": trade_id,
        "taker_order_id": "0xdef",
        "market": "0x" + "1" * 64,
        "asset_id": "7" * 77,
        "side": "SELL",
        "size": "3",
        "price": "0.4",
        "status": "CONFIRMED",
    }


def error(text):
    return {"error": text}


class Venue:
    """Answers by path, in the order told."""

    def __init__(self):
        self.answers = {}
        self.requests = []

    def on(self, path, status, body):
        """What to say next at this path; the last word stays."""
        self.answers.setdefault(path, []).append((status, body))
        return self

    async def answer(self, request):
        self.requests.append(request)
        await trio.lowlevel.checkpoint()
        answers = self.answers[request.url.path]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx2.Response(status, content=content)

    @property
    def asked(self):
        return [f"{request.method} {request.url.path}" for request in self.requests]

    @asynccontextmanager
    async def open(self, *, wall=NOW, **settings):
        # Without a wait between tries, for eth-account signs in a thread, in real time.
        knobs = Settings(backoff_initial=1e-3, **settings)
        transport = httpx2.MockTransport(self.answer)
        async with open_rest(knobs, transport=transport) as rest:
            with trio.fail_after(20):  # importing eth-account may take seconds
                yield AccountApi(knobs, rest, wall=lambda: wall)

    def open_given(self, **settings):
        return self.open(credentials=CREDENTIALS, address=ADDRESS, **settings)

    def open_wallet(self, **settings):
        return self.open(wallet=WALLET, **settings)


def signature(timestamp, path):
    digest = hmac.digest(
        base64.urlsafe_b64decode(API_SECRET), f"{timestamp}GET{path}".encode(), hashlib.sha256
    )
    return base64.urlsafe_b64encode(digest).decode()


async def test_a_call_is_signed_without_its_query():
    venue = Venue().on(TRADES, 200, {"data": [], "next_cursor": "LTE="})
    async with venue.open_given() as api:
        assert await api.trades(after=1_699_999_000) == []
    [request] = venue.requests
    assert dict(request.url.params) == {"after": "1699999000", "next_cursor": "MA=="}
    assert request.headers["poly_signature"] == signature(NOW, TRADES)
    assert request.headers["poly_timestamp"] == str(NOW)
    assert request.headers["poly_address"] == ADDRESS
    assert request.headers["poly_api_key"] == KEY
    assert request.headers["poly_passphrase"] == PASSPHRASE


async def test_every_page_is_read():
    venue = (
        Venue()
        .on(TRADES, 200, {"data": [trade("1"), trade("2")], "next_cursor": "Mg=="})
        .on(TRADES, 200, {"data": [trade("3")], "next_cursor": "LTE="})
    )
    async with venue.open_given() as api:
        trades = await api.trades(after=5)
    assert [each.id for each in trades] == ["1", "2", "3"]
    asked = [request.url.params.multi_items() for request in venue.requests]
    assert asked == [
        [("after", "5"), ("next_cursor", "MA==")],
        [("after", "5"), ("next_cursor", "Mg==")],
    ]


async def test_pages_that_go_round_in_circles_are_a_failure():
    venue = (
        Venue()
        .on(ORDERS, 200, {"data": [order()], "next_cursor": "Mg=="})
        .on(ORDERS, 200, {"data": [order()], "next_cursor": "MA=="})
    )
    async with venue.open_given() as api:
        with pytest.raises(RestFailed, match="pages do not end, after 2"):
            await api.open_orders()


async def test_rows_that_cannot_be_read_are_told_and_left_out(caplog):
    venue = Venue().on(ORDERS, 200, [order(), {"id": "hush"}])
    async with venue.open_given() as api:
        assert len(await api.open_orders()) == 1
    assert caplog.messages == ["/data/orders: 1 of 2 rows are unreadable"]


async def test_ones_own_key_is_masked_in_what_is_read():
    venue = Venue().on(ORDERS, 200, [order()])
    async with venue.open_given() as api:
        [row] = await api.open_orders()
    assert row.owner == OWN_KEY_MASK


async def test_an_order_is_found_by_its_id():
    venue = Venue().on("/data/order/0xabc", 200, order())
    async with venue.open_given() as api:
        row = await api.order("0xabc")
    assert row is not None
    assert row.id == "0xabc"
    assert venue.requests[0].headers["poly_signature"] == signature(NOW, "/data/order/0xabc")


@pytest.mark.parametrize("answer", [(200, b"null"), (200, {}), (404, error("order not found"))])
async def test_an_order_that_the_venue_does_not_know_is_none(answer):
    async with Venue().on("/data/order/0xabc", *answer).open_given() as api:
        assert await api.order("0xabc") is None


@pytest.mark.parametrize("order_id", ["", "..", "a/b", "0x?id", "0x#", "0x" + "1" * 200])
async def test_an_id_that_would_lead_elsewhere_is_not_asked_for(order_id):
    venue = Venue()
    async with venue.open_given() as api:
        assert await api.order(order_id) is None
    assert venue.requests == []


async def test_accepted_credentials_pass_the_check():
    async with Venue().on(API_KEYS, 200, {"apiKeys": [KEY]}).open_given() as api:
        await api.check()


async def test_refused_credentials_do_not_pass_the_check():
    venue = (
        Venue().on(API_KEYS, 401, error("Unauthorized/Invalid api key")).on("/time", 200, str(NOW))
    )
    async with venue.open_given() as api:
        with pytest.raises(Unauthorized, match="Invalid api key"):
            await api.check()
        assert api.clock_offset == 0
    assert venue.asked == ["GET " + API_KEYS, "GET /time"]


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[]", b'{"apiKeys": "hush"}', b"\xff"])
@pytest.mark.parametrize("call", ["check", "open_orders"])
async def test_garbage_is_a_failure_that_is_not_repeated(garbage, call):
    if call == "open_orders" and garbage == b"[]":
        garbage = b"[" * 5000
    venue = Venue().on(API_KEYS, 200, garbage).on(ORDERS, 200, garbage)
    async with venue.open_given() as api:
        with pytest.raises(RestFailed, match="malformed") as caught:
            await getattr(api, call)()
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("offset", "told"),
    [(600, "600 s behind the venue's"), (-3600, "3600 s ahead of the venue's")],
)
async def test_a_wrong_clock_is_found_out_and_told_once(offset, told, caplog):
    venue = (
        Venue()
        .on(API_KEYS, 401, error("no"))
        .on(API_KEYS, 200, {"apiKeys": []})
        .on("/time", 200, NOW + offset)
    )
    async with venue.open_given() as api:
        await api.check()
        await api.check()
        assert api.clock_offset == offset
    assert venue.asked == ["GET " + API_KEYS, "GET /time", "GET " + API_KEYS, "GET " + API_KEYS]
    times = [request.headers.get("poly_timestamp") for request in venue.requests]
    assert times == [str(NOW), None, str(NOW + offset), str(NOW + offset)]
    [warning] = caplog.messages
    assert told in warning


async def test_calls_at_the_same_time_learn_of_a_wrong_clock_together(caplog):
    class Strict(Venue):
        """Refuses signatures of a wrong time, once three of them have come."""

        early = 0
        all_came = trio.Event()

        async def answer(self, request):
            if request.headers.get("poly_timestamp") != str(NOW):
                return await super().answer(request)
            self.early += 1
            if self.early == 3:
                self.all_came.set()
            await self.all_came.wait()
            return httpx2.Response(401)

    venue = Strict().on(API_KEYS, 200, {"apiKeys": []}).on("/time", 200, NOW + 60)
    async with venue.open_given() as api, trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(api.check)
    assert (venue.early, venue.asked.count("GET " + API_KEYS)) == (3, 3)
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("time", [(500, b""), (200, b"noon"), (200, NOW + 4)])
async def test_without_a_better_time_the_first_refusal_stands(time):
    venue = Venue().on(ORDERS, 401, error("no")).on("/time", *time)
    async with venue.open_given() as api:
        with pytest.raises(Unauthorized):
            await api.open_orders()
        assert api.clock_offset == 0
    assert venue.asked.count("GET " + ORDERS) == 1


async def test_credentials_given_are_used_as_they_are():
    venue = Venue()
    async with venue.open_given() as api:
        assert api.configured
        assert await api.prepare() is api.credentials is CREDENTIALS
    assert venue.requests == []


async def test_an_account_without_anything_is_not_asked_about():
    venue = Venue()
    async with venue.open() as api:
        assert not api.configured
        assert api.credentials is api.address is None
        with pytest.raises(AuthenticationRequired, match="POLYGON_PRIVATE_KEY"):
            await api.open_orders()
    assert venue.requests == []


async def test_a_wallet_is_asked_for_its_credentials():
    venue = Venue().on(DERIVE, 200, KEYS).on(API_KEYS, 200, {"apiKeys": [KEY]})
    async with venue.open_wallet() as api:
        assert api.configured
        assert api.credentials is None
        assert await api.prepare() == CREDENTIALS
        assert (api.credentials, api.address) == (CREDENTIALS, ADDRESS)
        await api.check()
    derive, check = venue.requests
    assert derive.headers["poly_address"] == check.headers["poly_address"] == ADDRESS
    assert derive.headers["poly_timestamp"] == str(NOW)
    assert derive.headers["poly_nonce"] == "0"
    assert "poly_api_key" not in derive.headers
    assert venue.asked == ["GET " + DERIVE, "GET " + API_KEYS]


@pytest.mark.parametrize("status", [400, 404])
async def test_credentials_are_made_only_if_there_are_none(status):
    venue = Venue().on(DERIVE, status, error("Could not derive api key!")).on(CREATE, 200, KEYS)
    async with venue.open_wallet() as api:
        assert await api.prepare() == CREDENTIALS
    assert venue.asked == ["GET " + DERIVE, "POST " + CREATE]
    assert venue.requests[1].content == b""


async def test_credentials_are_not_made_if_that_is_not_wanted():
    venue = Venue().on(DERIVE, 404, error("none"))
    async with venue.open_wallet() as api:
        with pytest.raises(NoApiKey, match=f"{ADDRESS} has no API credentials"):
            await api.prepare(create=False)
        assert api.credentials is None
    assert venue.asked == ["GET " + DERIVE]


async def test_a_venue_in_trouble_is_not_asked_to_make_credentials():
    venue = Venue().on(DERIVE, 500, b"")
    async with venue.open_wallet() as api:
        with pytest.raises(RestFailed, match="HTTP 500"):
            await api.prepare()
    assert set(venue.asked) == {"GET " + DERIVE}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_wallet_is_told_as_rejected_credentials(status):
    venue = Venue().on(DERIVE, status, error("bad signature")).on("/time", 200, NOW)
    async with venue.open_wallet() as api:
        with pytest.raises(CredentialsRejected, match="bad signature"):
            await api.prepare()
    assert "POST " + CREATE not in venue.asked


async def test_a_wrong_clock_does_not_keep_a_wallet_out():
    venue = Venue().on(DERIVE, 401, b"").on(DERIVE, 200, KEYS).on("/time", 200, NOW + 60)
    async with venue.open_wallet() as api:
        assert await api.prepare() == CREDENTIALS
    assert venue.requests[-1].headers["poly_timestamp"] == str(NOW + 60)


async def test_callers_at_the_same_time_share_one_derivation():
    venue, got = Venue().on(DERIVE, 200, KEYS), []
    async with venue.open_wallet() as api:

        async def prepare():
            got.append(await api.prepare())

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(prepare)
    assert got == [CREDENTIALS] * 3
    assert venue.asked == ["GET " + DERIVE]


async def test_a_derivation_that_is_cancelled_is_taken_over():
    venue = Venue().on(DERIVE, 200, KEYS)
    async with venue.open_wallet() as api, trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            scope.cancel()
            await api.prepare()
        nursery.start_soon(api.prepare)
    assert api.credentials == CREDENTIALS


async def test_derived_credentials_can_be_forgotten_and_replaced():
    other = attrs.evolve(CREDENTIALS, passphrase=Secret("other"))
    venue = Venue().on(DERIVE, 200, KEYS)
    async with venue.open_wallet() as api:
        await api.prepare()
        api.forget_derived()
        assert api.credentials is None
        await api.prepare()
        assert len(venue.requests) == 2
        api.replace(other)
        assert await api.prepare() is other
        api.forget_derived()
        assert api.credentials is other


async def test_the_wallets_own_address_signs(caplog):
    proxy = "0x" + "1" * 40
    venue = Venue().on(DERIVE, 200, KEYS).on(API_KEYS, 200, {"apiKeys": []})
    async with venue.open_wallet(address=proxy) as api:
        assert api.address == proxy
        await api.check()
        assert api.address == ADDRESS
    assert venue.requests[-1].headers["poly_address"] == ADDRESS
    assert caplog.messages == [
        f"POLYGON_ADDRESS is not the address of POLYGON_PRIVATE_KEY: {ADDRESS}"
    ]


async def test_the_address_that_was_not_given_is_found_from_the_wallet():
    venue = Venue().on(API_KEYS, 200, {"apiKeys": []})
    async with venue.open_wallet(credentials=CREDENTIALS) as api:
        await api.check()
    assert venue.requests[0].headers["poly_address"] == ADDRESS


async def test_without_an_address_none_is_claimed():
    venue = Venue().on(API_KEYS, 200, {"apiKeys": []})
    async with venue.open(credentials=CREDENTIALS) as api:
        await api.check()
    assert "poly_address" not in venue.requests[0].headers


async def test_credentials_that_cannot_sign_are_rejected():
    broken = attrs.evolve(CREDENTIALS, secret=Secret("no base64 at all!"))
    venue = Venue()
    async with venue.open(credentials=broken) as api:
        with pytest.raises(CredentialsRejected, match="not base64") as caught:
            await api.check()
    assert "at all" not in "".join(traceback.format_exception(caught.value))
    assert venue.requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
async def test_what_echoes_secrets_is_told_without_them(status, caplog):
    caplog.set_level(logging.DEBUG)
    echo = error(" ".join(SECRETS[:3]))
    venue = Venue().on(ORDERS, status, echo).on("/time", 500, echo)
    async with venue.open_given() as api:
        with pytest.raises(RestFailed) as caught:
            await api.open_orders()
        told = "".join(traceback.format_exception(caught.value)) + repr(api) + caplog.text
        assert "<secret>" in str(caught.value)
    assert not any(secret in told for secret in SECRETS)


@pytest.mark.parametrize("missing", ["apiKey", "secret", "passphrase"])
async def test_half_an_answer_with_credentials_is_told_without_them(missing, caplog):
    caplog.set_level(logging.DEBUG)
    venue = Venue().on(DERIVE, 200, {**KEYS, missing: None})
    async with venue.open_wallet() as api:
        with pytest.raises(RestFailed, match="are needed") as caught:
            await api.prepare()
        assert api.credentials is None
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not any(secret in told for secret in SECRETS)
