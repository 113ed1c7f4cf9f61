"""No secret, and no six characters of one, comes out anywhere, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import signal
import traceback
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from cli_process import pointed_at, running

from polymarket_realtime import (
    Credentials,
    Interrupted,
    OrderUpdate,
    PriceKind,
    PriceStream,
    Reconciled,
    ReferencePrice,
    ReferencePriceTopic,
    Secret,
    Settings,
    UserOrderTopic,
    UserTradeTopic,
    describe,
    event_to_dict,
    open_service,
)
from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime._protocol.signing import address_of
from polymarket_realtime.errors import CredentialsError, PolymarketRealtimeError
from polymarket_realtime.groups import leaves
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox
from polymarket_realtime.sandbox.credentials import ApiCredentials
from polymarket_realtime.testing import MemoryVenue

# Few different pieces of each, so that none turns up in some innocent hash by chance.
API_KEY = "abababab-abab-4bab-abab-abababababab"
API_SECRET = urlsafe_b64encode(b"Geheim!-" * 4).decode()
PASSPHRASE = "zyzzyva_" * 8
PRIVATE_KEY = "c0ffee" * 10 + "c0ff"
SECRETS = {
    "key": API_KEY,
    "secret": API_SECRET,
    "passphrase": PASSPHRASE,
    "private key": PRIVATE_KEY,
}
ADDRESS = address_of(Secret(PRIVATE_KEY))
CANARIES = ApiCredentials(API_KEY, API_SECRET, PASSPHRASE)
SHORTEST = 6
BITCOIN = PriceStream(PriceKind.CRYPTO, "btcusd")


def found_in(text: str) -> set[str]:
    """Every piece of a secret that stands in a text."""
    return {
        f"{name}: {piece}"
        for name, secret in SECRETS.items()
        for start in range(len(secret) - SHORTEST + 1)
        if (piece := secret[start : start + SHORTEST]) in text
    }


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """All records of all libraries at DEBUG, with their tracebacks, as they would be written."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Keep()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@asynccontextmanager
async def canary_sandbox():
    """A quiet sandbox whose account is the canaries' own."""
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        sandbox.keys.accept(ADDRESS, 0, CANARIES)
        sandbox.account.owner, sandbox.account.address = API_KEY, ADDRESS
        yield sandbox


def settings_of(sandbox: Sandbox, record: Path, **account: str) -> Settings:
    environ = {
        "POLYMARKET_MARKET_URL": sandbox.market_url,
        "POLYMARKET_USER_URL": sandbox.user_url,
        "POLYMARKET_POLYBOLT_URL": sandbox.polybolt_url,
        "POLYMARKET_CLOB_URL": sandbox.clob_url,
        "POLYMARKET_GAMMA_URL": sandbox.gamma_url,
        "POLYMARKET_BACKOFF_INITIAL": "0.02",
        "POLYMARKET_RECORD": str(record),
    }
    return Settings.from_environ(environ | account)


def trade(sandbox: Sandbox) -> None:
    """Let the account do a little of everything."""
    token = sandbox.exchange.markets[0].token_ids[0]
    order = sandbox.exchange.broker.place(token, "BUY", "0.01", "40")
    sandbox.exchange.broker.take(token, "BUY", "3")
    sandbox.exchange.broker.cancel(order.id)
    sandbox.account.settle_trades()


@pytest.mark.parametrize("kind", ["wallet", "credentials"])
async def test_a_whole_life_with_its_errors_shows_no_secret(tmp_path, capfd, kind):
    account = {
        "wallet": {"POLYGON_PRIVATE_KEY": "0x" + PRIVATE_KEY, "POLYGON_ADDRESS": ADDRESS},
        "credentials": {
            "POLYMARKET_API_KEY": API_KEY,
            "POLYMARKET_API_SECRET": API_SECRET,
            "POLYMARKET_PASSPHRASE": PASSPHRASE,
            "POLYGON_ADDRESS": ADDRESS,
        },
    }[kind]
    record, said = tmp_path / "recording.jsonl", []
    with everything_logged() as lines:
        try:
            async with canary_sandbox() as sandbox:
                settings = settings_of(sandbox, record, **account)
                sandbox.clock.offset = 3600.0
                sandbox.rate_limit.refuse_next("/data/orders", retry_after=0.1)
                async with open_service(settings) as service:
                    own = UserOrderTopic(), UserTradeTopic()
                    with service.subscribe(*own, ReferencePriceTopic(BITCOIN)) as events:
                        said += await read_until(events, Reconciled)
                        sandbox.live.tick()
                        said += await read_until(events, ReferencePrice)
                        trade(sandbox)
                        said += await read_until(events, OrderUpdate)
                        sandbox.faults.cut()
                        trade(sandbox)
                        said += await read_until(events, Reconciled)
                        said.append(encode_json(service.status()))
                        sandbox.keys.revoke(API_KEY)
                        sandbox.live.revoke(API_KEY)
                        said += await read_until(events, Interrupted, "rejected")
                        said.append(encode_json(service.status()))
                        said += [repr(each) for each in (settings, service, service.account)]
                        said += [repr(service.account.api), str(vars(service.account.api))]
                        fail()
        except* RuntimeError as group:
            said.append("".join(traceback.format_exception(group)))
    recorded = record.read_text()
    assert '"kind": "sent"' in recorded or '"kind":"sent"' in recorded
    assert "PLACEMENT" in recorded
    assert any("HTTP Request" in line for line in lines), "the libraries' own records are looked at"
    assert any(word in line for line in lines for word in ("clock", "offset"))
    out, err = capfd.readouterr()
    assert not found_in("\n".join([*said, *lines, recorded, out, err]))


def fail() -> None:
    raise RuntimeError("a bug of the embedder's")


async def read_until(subscription, kind, reason="") -> list[str]:
    """Everything that can be written of the events up to one of this kind and reason."""
    said = []
    with trio.fail_after(10):
        async for event in subscription:
            said += [repr(event), describe(event), json.dumps(event_to_dict(event))]
            said.append(bytes(getattr(event, "raw", b"")).decode())
            if isinstance(event, kind) and reason in getattr(event, "reason", ""):
                return said
    raise AssertionError(said)


async def test_a_server_that_repeats_all_it_is_told_learns_nobody_anything(tmp_path, capfd):
    said: list[str] = []
    with everything_logged() as lines:
        async with trio.open_nursery() as nursery:
            port = await open_parrot(nursery)
            url = f"http://127.0.0.1:{port}"
            record = tmp_path / "recording.jsonl"
            settings = Settings(
                clob_url=url,
                gamma_url=url,
                backoff_initial=0.02,
                record=record,
                address=ADDRESS,
                credentials=Credentials(
                    api_key=Secret(API_KEY),
                    secret=Secret(API_SECRET),
                    passphrase=Secret(PASSPHRASE),
                ),
            )
            venue = MemoryVenue()
            async with open_service(settings, open_stream=venue.open_stream) as service:
                with service.subscribe(UserOrderTopic()) as events:
                    for _ in range(2):
                        with trio.fail_after(5):
                            connection = await venue.accept()
                            await connection.next_frame()
                        auth = connection.received[0]
                        connection.say(
                            auth,
                            f"you said {auth}",
                            {"event_type": "order", "id": auth, "price": API_SECRET},
                            {"event_type": "trade", "id": PASSPHRASE, "owner": API_KEY},
                            {"event_type": API_SECRET, "auth": json.loads(auth)["auth"]},
                            "[" + auth,
                        )
                        connection.drop(4000, f"bad credentials {auth}"[:120])
                    said += await read_until(events, Interrupted, "rejected")
                    said.append(encode_json(service.status()))
            nursery.cancel_scope.cancel()
    out, err = capfd.readouterr()
    assert record.exists()
    assert not found_in("\n".join([*said, *lines, record.read_text(), out, err]))


async def test_a_price_server_that_repeats_all_it_is_told_learns_nobody_anything(tmp_path, capfd):
    said: list[str] = []
    with everything_logged() as lines:
        record = tmp_path / "recording.jsonl"
        credentials = Credentials(
            api_key=Secret(API_KEY), secret=Secret(API_SECRET), passphrase=Secret(PASSPHRASE)
        )
        settings = Settings(backoff_initial=0.02, record=record, credentials=credentials)
        venue = MemoryVenue()
        async with open_service(settings, open_stream=venue.open_stream) as service:
            with service.subscribe(ReferencePriceTopic(BITCOIN)) as events:
                for code in (4002, 4001):
                    with trio.fail_after(5):
                        connection = await venue.accept()
                        asked = await connection.next_frame()
                    auth = connection.received[0]
                    assert asked["auth"]["secret"] == API_SECRET
                    price = {"symbol": API_SECRET, "timestamp": 1, "value": 1}
                    connection.say(
                        auth,
                        f"you said {auth}",
                        {"op": API_SECRET, "rid": PASSPHRASE},
                        {"op": "error", "code": API_SECRET, "channel": API_KEY, "rid": PASSPHRASE},
                        {"v": 1, "channel": "price.crypto", "seq": 1, "payload": price},
                        {"v": 1, "channel": API_KEY, "seq": 1, "payload": auth},
                        {"v": 1, "channel": "price.crypto", "seq": auth, "payload": price},
                        "[" + auth,
                    )
                    connection.drop(code, f"bad credentials {auth}"[:120])
                    said += await read_until(events, Interrupted)
                said.append(encode_json(service.status()))
    out, err = capfd.readouterr()
    assert "op" in record.read_text()
    assert any("malformed" in line for line in lines)
    assert not found_in("\n".join([*said, *lines, record.read_text(), out, err]))


async def open_parrot(nursery: trio.Nursery) -> int:
    """An HTTP server that refuses everything, and repeats the request in its words."""

    async def answer(stream: trio.SocketStream) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = await stream.receive_some()
            if not chunk:
                return
            request += chunk
        body = json.dumps({"error": request.decode()}).encode()
        head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\n"
        # A header is another place to repeat things in.
        echo = f"X-Echo: {API_SECRET} {PASSPHRASE}\r\nConnection: close\r\n\r\n"
        await stream.send_all(head.encode() + echo.encode() + body)

    listeners = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
    return listeners[0].socket.getsockname()[1]


@pytest.mark.parametrize("name", ["POLYMARKET_API_KEY", "POLYMARKET_PASSPHRASE", "POLYGON_ADDRESS"])
@pytest.mark.parametrize("value", [PRIVATE_KEY, API_SECRET + "\u00e4", f"'{PASSPHRASE}'"])
def test_what_was_typed_into_the_wrong_variable_is_not_repeated(name, value):
    with pytest.raises(CredentialsError) as caught:
        Settings.from_environ({"POLYGON_PRIVATE_KEY": PRIVATE_KEY, name: value})
    assert not found_in("".join(traceback.format_exception(caught.value)))
    assert name in str(caught.value)


async def test_the_mcp_server_shows_no_secret_at_any_level(tmp_path):
    record = tmp_path / "recording.jsonl"
    written: list[str] = []
    async with canary_sandbox() as sandbox:
        env = pointed_at(
            sandbox,
            POLYGON_PRIVATE_KEY=PRIVATE_KEY,
            POLYGON_ADDRESS=ADDRESS,
            POLYMARKET_RECORD=str(record),
            POLYMARKET_BACKOFF_INITIAL="0.05",
        )
        async with running("serve", "--log-level", "debug", env=env) as program:

            async def say(method: str, **message: object) -> None:
                line = json.dumps({"jsonrpc": "2.0", "method": method, **message})
                await program.process.stdin.send_all(line.encode() + b"\n")

            async def until(text: str) -> None:
                with trio.fail_after(15):
                    while text not in (line := await program.lines.next()):
                        written.append(line)
                    written.append(line)

            hello = {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }
            await say("initialize", id=1, params=hello)
            await until('"id":1')
            await say("notifications/initialized")
            call = {"name": "subscribe_user_orders", "arguments": {}}
            await say("tools/call", id=2, params=call)
            await until('"reconciled"')
            trade(sandbox)
            await until('"CANCELED"')
            sandbox.faults.cut()
            await until('"interrupted"')
            await until('"reconciled"')
            sandbox.keys.revoke(API_KEY)
            await until("rejected")
            status = {"name": "get_realtime_status", "arguments": {}}
            await say("tools/call", id=3, params=status)
            await until('"id":3')
            program.process.send_signal(signal.SIGTERM)
            code, errors = await program.ended()
    assert code == 0
    assert "rejected" in "".join(written)
    assert not found_in("\n".join([*written, errors, record.read_text()]))


async def test_errors_that_were_raised_hold_no_secret_in_their_facts(tmp_path):
    async with canary_sandbox() as sandbox:
        settings = settings_of(
            sandbox,
            tmp_path / "recording.jsonl",
            POLYMARKET_API_KEY=API_KEY,
            POLYMARKET_API_SECRET=API_SECRET,
            POLYMARKET_PASSPHRASE=PASSPHRASE,
            POLYGON_ADDRESS=ADDRESS,
        )
        sandbox.keys.revoke(API_KEY)
        async with open_service(settings) as service:
            errors: list[PolymarketRealtimeError] = []
            for ask in (
                service.account.api.check,
                service.account.api.open_orders,
                lambda: service.account.api.trades(0),
                lambda: service.account.api.order("0x1"),
            ):
                try:
                    await ask()
                except* PolymarketRealtimeError as group:
                    errors += leaves(group)
    assert len(errors) == 4
    for error in errors:
        text = "".join(traceback.format_exception(error))
        assert not found_in(f"{text}{error!r}{error.args}{vars(error)}")
