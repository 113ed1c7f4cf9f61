import json

import httpx2
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from sandbox_client import open_client

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox
from polymarket_realtime.sandbox.frame_filter import FrameFilter

HEAD = b"HTTP/1.1 101 \r\nupgrade: WebSocket\r\n\r\n"
PONG = b"\x81\x04PONG"
CLOSE = b"\x88\x02\x03\xe8"
PING = b"\x89\x00"
DATA = [
    b"\x81\x04data",
    b"\x81\x00",
    b"\x82\x04PONG",  # binary: not the heartbeat
    b"\x81\x7e" + (300).to_bytes(2, "big") + b"x" * 300,
    b"\x81\x7f" + (70_000).to_bytes(8, "big") + b"y" * 70_000,
    b"\x01\x02ab" + b"\x89\x00" + b"\x80\x02cd",  # in two parts, with a ping in between
]


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
def token(sandbox):
    return sandbox.exchange.markets[0].token_ids[0]


@pytest.fixture
def move(sandbox, token):
    """Make the exchange say something about the token."""
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    return lambda: sandbox.exchange.place(token, "BUY", bid, "1")


@pytest.fixture
async def client(sandbox, token):
    async with open_client(sandbox.market_url) as client:
        await client.open(token)
        yield client


@pytest.fixture
async def http(sandbox):
    async with httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http:
        yield http


async def silent(client, seconds=0.15):
    """Whether nothing arrives, not even an end."""
    with trio.move_on_after(seconds) as scope:
        await client.ws.get_message()
    return scope.cancelled_caught


async def ask(http, fault, **more):
    response = await http.post("/sandbox/faults", json={"fault": fault, **more})
    return response.status_code, response.json()


async def test_a_cut_ends_every_websocket_without_a_close_frame(sandbox, client):
    async with open_client(sandbox.market_url) as other:
        await other.open("42")
        assert sandbox.faults.cut() == 2
        for cut_off in (client, other):
            code, _ = await cut_off.ending()
            assert code == 1006
    async with open_client(sandbox.market_url) as again:
        await again.open("42")


async def test_a_cut_leaves_http_alone(sandbox, http, client):
    assert (await http.get("/time")).status_code == 200  # keeps its connection open
    assert sandbox.faults.cut() == 1
    assert (await http.get("/time")).status_code == 200


async def test_refused_connections_are_reset_until_healed(sandbox, http, client):
    sandbox.faults.refuse()
    with pytest.raises(httpx2.TransportError):
        await http.get("/time")
    assert await client.ping() == []  # who is in stays in
    sandbox.faults.heal()
    assert (await http.get("/time")).status_code == 200


async def test_refusing_for_some_seconds_ends_by_itself(sandbox, http):
    sandbox.faults.refuse(0.1)
    with trio.fail_after(5):
        while True:
            try:
                await http.get("/time")
            except httpx2.TransportError:
                continue
            break
    assert sandbox.statistics().faults_injected == 1


async def test_a_stall_holds_everything_back_and_healing_delivers_it(sandbox, http, client, move):
    sandbox.faults.stall()
    move()
    await client.ws.send_message("PING")
    assert await silent(client)
    assert (await http.get("/time")).status_code == 200
    sandbox.faults.heal()
    assert (await client.frame())["event_type"] == "price_change"
    assert await client.text() == "PONG"


async def test_a_half_open_connection_swallows_both_directions_and_never_closes(
    sandbox, http, client, move
):
    sandbox.faults.half_open()
    received = len(sandbox.received)
    move()
    await client.ws.send_message("PING")
    assert await silent(client)
    assert len(sandbox.received) == received
    assert (await http.get("/time")).status_code == 200
    # Bytes are lost, so the stream cannot go on.
    sandbox.faults.heal()
    code, _ = await client.ending()
    assert code == 1006


async def test_a_half_open_connection_outlives_the_servers_patience():
    async with (
        open_sandbox(SandboxConfig(rate=0, idle_timeout=0.1)) as sandbox,
        open_client(sandbox.market_url) as client,
    ):
        await client.open("42")
        sandbox.faults.half_open()
        assert await silent(client, 0.4)


async def test_a_connection_that_lost_nothing_survives_being_half_open(sandbox, client):
    sandbox.faults.half_open()
    sandbox.faults.heal()
    assert await client.ping() == []


async def test_a_delay_keeps_the_order(sandbox, http, client, move):
    sandbox.faults.delay(0.3)
    start = trio.current_time()
    move()
    await client.ws.send_message("PING")
    assert (await client.frame())["event_type"] == "price_change"
    assert trio.current_time() - start >= 0.3
    assert await client.text() == "PONG"
    assert trio.current_time() - start < 0.6  # both waited at the same time
    sandbox.faults.heal()
    start = trio.current_time()
    await client.ping()
    assert trio.current_time() - start < 0.3


async def test_a_frozen_feed_answers_pings_and_says_nothing_else(sandbox, http, client, move):
    sandbox.faults.freeze()
    move()
    assert await client.ping() == []
    with trio.fail_after(5):
        await client.ws.ping(b"are you there")
    assert (await http.get("/time")).status_code == 200
    sandbox.faults.heal()
    move()
    # What was dropped stays lost; the stream goes on.
    assert [json.loads(text)["event_type"] for text in await client.ping()] == ["price_change"]


async def test_a_lasting_fault_meets_new_connections_too(sandbox, token):
    sandbox.faults.freeze()
    async with open_client(sandbox.market_url) as late:
        await late.send(type="market", assets_ids=[token])
        assert await late.ping() == []


async def test_compression_is_never_agreed_to(sandbox):
    port = int(sandbox.clob_url.rpartition(":")[2])
    request = (
        "GET /ws/market HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        with trio.fail_after(5):
            await stream.send_all(request.encode())
            answer = await stream.receive_some()
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"extensions" not in answer.lower()


@pytest.mark.parametrize("junk", [b"", b"GET / HTTP/1.1\r\n", b"x" * 200_000])
async def test_a_client_without_a_whole_request_is_let_go(sandbox, junk):
    port = int(sandbox.clob_url.rpartition(":")[2])
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        with trio.fail_after(5):
            try:
                await stream.send_all(junk)
                await stream.send_eof()
                assert await stream.receive_some() == b""
            except trio.BrokenResourceError:
                pass  # reset, because what it sent was not read to the end
    async with open_client(sandbox.market_url) as client:
        assert await client.open("42") == {}


async def test_the_switches_can_be_reached_by_http(sandbox, http, client):
    assert await ask(http, "cut") == (200, {"fault": "cut", "connections": 1})
    assert (await client.ending())[0] == 1006
    for fault, mode in (("stall", "stalled"), ("half_open", "half-open"), ("freeze", "frozen")):
        assert await ask(http, fault) == (200, {"fault": fault})
        assert sandbox.faults.mode.value == mode
    assert await ask(http, "delay", seconds=0.5) == (200, {"fault": "delay"})
    assert sandbox.faults.latency == 0.5
    assert await ask(http, "heal") == (200, {"fault": "heal"})
    assert (sandbox.faults.mode.value, sandbox.faults.latency) == ("normal", 0)
    assert await ask(http, "refuse", seconds=0) == (200, {"fault": "refuse"})
    assert sandbox.statistics().faults_injected == 6


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("nonsense", "Expecting value"),
        ("[]", "send a JSON object"),
        ('{"fault":"burn"}', "no fault"),
        ("{}", "no fault"),
        ('{"fault":"delay"}', "needs seconds"),
        ('{"fault":"delay","seconds":"1"}', "needs seconds"),
        ('{"fault":"delay","seconds":-1}', "needs seconds"),
        ('{"fault":"delay","seconds":Infinity}', "not a delay"),
        ('{"fault":"refuse"}', "needs seconds"),
        ('{"fault":"refuse","seconds":NaN}', "needs seconds"),
    ],
)
async def test_what_is_no_switch_is_answered_with_400(sandbox, http, body, problem):
    response = await http.post("/sandbox/faults", content=body)
    assert response.status_code == 400
    assert problem in response.json()["error"]
    assert sandbox.statistics().faults_injected == 0


@given(
    frames=st.lists(st.sampled_from([PONG, CLOSE, PING, *DATA])),
    cuts=st.lists(st.integers(0, 500)),
    frozen=st.booleans(),
)
def test_frames_are_told_apart_however_the_stream_is_cut(frames, cuts, frozen):
    stream = HEAD + b"".join(frames)
    kept = [PING if frame == DATA[-1] else b"" if frame in DATA else frame for frame in frames]
    expected = HEAD + b"".join(kept if frozen else frames)
    frame_filter = FrameFilter()
    passed = b""
    for cut in cuts:
        passed += frame_filter.feed(stream[:cut], frozen=frozen)
        stream = stream[cut:]
    passed += frame_filter.feed(stream, frozen=frozen)
    assert passed == expected


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frame_that_has_begun_ends_as_it_began(frozen):
    frame_filter = FrameFilter()
    start = frame_filter.feed(HEAD + DATA[3][:50], frozen=frozen)
    rest = frame_filter.feed(DATA[3][50:] + PONG, frozen=not frozen)
    assert start + rest == HEAD + (b"" if frozen else DATA[3]) + PONG


def test_a_refused_upgrade_passes_unread():
    answer = b"HTTP/1.1 404 \r\ncontent-length: 4\r\n\r\n\x81\x7fxx"
    assert FrameFilter().feed(answer, frozen=True) == answer
