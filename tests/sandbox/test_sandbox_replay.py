import json
import math

import httpx2
import pytest
import trio
from sandbox_client import open_client

from polymarket_realtime.errors import SettingsError
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

BOOK = {
    "market": "0xaa",
    "asset_id": "11",
    "timestamp": "1791000000000",
    "hash": "00",
    "bids": [{"price": "0.4", "size": "5"}],
    "asks": [{"price": "0.5", "size": "5"}],
    "tick_size": "0.1",
    "event_type": "book",
    "last_trade_price": "",
}
DUMP = json.dumps([BOOK]) + "\n"


def line(kind, conn="a", t=0.0, **more):
    return {"t": t, "kind": kind, "conn": conn, **more}


SESSION = [
    line("open"),
    line("sent", t=0.0, text='{"type": "market"}'),
    line("recv", t=0.1, text=DUMP),
    line("recv", t=None, text='{"same":  "moment"}'),
    line("recv", t=0.2, text="PONG"),
    line("recv", t=0.35, text='{"a": "quarter later"}'),
]


@pytest.fixture
def write(tmp_path):
    """Write records, or raw lines, to a file; its path."""

    def write(records):
        path = tmp_path / "session.jsonl"
        lines = (r if isinstance(r, str) else json.dumps(r) for r in records)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


async def subscribe(client):
    await client.send(type="market", assets_ids=["11"])


async def test_recorded_texts_are_served_byte_for_byte_at_the_recorded_distances(write):
    config = SandboxConfig(replay=write(SESSION))
    async with open_sandbox(config) as sandbox, open_client(sandbox.market_url) as client:
        await subscribe(client)
        start = trio.current_time()
        assert await client.text() == DUMP
        assert await client.text() == '{"same":  "moment"}'
        early = trio.current_time() - start
        assert await client.text() == '{"a": "quarter later"}'
        late = trio.current_time() - start
        assert early < 0.2
        assert 0.24 <= late < 0.5
        # No recorded PONG is served, but a PING is answered.
        assert await client.ping() == []


@pytest.mark.parametrize(("speed", "most"), [(math.inf, 1.0), (1e6, 1.0)])
async def test_speed_shortens_the_distances(write, speed, most):
    records = [*SESSION, line("recv", t=86_400.0, text='"a day later"')]
    config = SandboxConfig(replay=write(records), speed=speed)
    async with open_sandbox(config) as sandbox, open_client(sandbox.market_url) as client:
        await subscribe(client)
        with trio.fail_after(most):
            texts = [await client.text() for _ in range(4)]
        assert texts[-1] == '"a day later"'


async def test_nothing_is_served_before_a_valid_first_frame(write):
    config = SandboxConfig(replay=write(SESSION), speed=math.inf)
    async with open_sandbox(config) as sandbox, open_client(sandbox.market_url) as client:
        await client.ws.send_message("PING")
        assert await client.ending() == (1008, "invalid subscription payload")


async def test_full_speed_waits_for_the_client_instead_of_cutting_it_off(write):
    records = [line("recv", t=float(n), text=f'"{n}"') for n in range(2500)]
    config = SandboxConfig(replay=write(records), speed=math.inf)
    async with open_sandbox(config) as sandbox, open_client(sandbox.market_url) as client:
        await subscribe(client)
        await client.ws.send_message("PING")
        texts = [await client.text() for _ in range(2501)]
        texts.remove("PONG")
        assert texts == [f'"{n}"' for n in range(2500)]


@pytest.mark.parametrize(
    ("received", "code"),
    [
        ({"code": 1013, "reason": "slow consumer: send buffer full"}, 1013),
        ({"code": 1000, "reason": ""}, 1000),
        (None, 1006),
    ],
)
async def test_a_recorded_end_is_played_too(write, received, code):
    path = write([*SESSION, line("close", t=0.4, rcvd=received)])
    config = SandboxConfig(replay=path, speed=math.inf)
    async with open_sandbox(config) as sandbox, open_client(sandbox.market_url) as client:
        await subscribe(client)
        texts = [await client.text() for _ in range(3)]
        assert texts[-1] == '{"a": "quarter later"}'
        ended, reason = await client.ending()
        assert ended == code
        assert (reason or "") == (received or {"reason": ""})["reason"]


TWO = [
    line("open", "silent"),
    line("recv", "one", text='"one"'),
    line("recv", "two", t=5.0, text='"two"'),
]


@pytest.mark.parametrize(
    ("connection", "served"),
    [(None, ['"one"', '"two"', '"two"']), ("two", ['"two"'] * 3), ("one", ['"one"'] * 3)],
)
async def test_each_client_gets_its_recorded_connection(write, connection, served):
    config = SandboxConfig(replay=write(TWO), connection=connection)
    async with open_sandbox(config) as sandbox:
        for text in served:
            async with open_client(sandbox.market_url) as client:
                await subscribe(client)
                assert await client.text() == text


async def test_rest_knows_the_books_that_were_shown(write):
    config = SandboxConfig(replay=write(SESSION), speed=math.inf)
    async with (
        open_sandbox(config) as sandbox,
        httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http,
        open_client(sandbox.market_url) as client,
    ):
        assert (await http.get("/book", params={"token_id": "11"})).status_code == 404
        await subscribe(client)
        await client.text()
        book = (await http.get("/book", params={"token_id": "11"})).json()
        assert book == {k: v for k, v in BOOK.items() if k != "event_type"}
        assert (await http.get("/midpoint", params={"token_id": "11"})).json() == {"mid": "0.45"}
        assert (await http.get("/book", params={"token_id": "12"})).status_code == 404
        assert (await http.get("/events")).json() == []


async def test_rest_knows_the_markets_and_tokens_that_the_frames_name(write):
    config = SandboxConfig(replay=write(SESSION))
    async with (
        open_sandbox(config) as sandbox,
        httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http,
    ):
        (market,) = (await http.get("/markets", params={"clob_token_ids": "11"})).json()
        assert market["conditionId"] == BOOK["market"]
        assert "11" in json.loads(market["clobTokenIds"])
        assert len(json.loads(market["outcomes"])) == len(json.loads(market["clobTokenIds"]))
        assert (await http.get("/markets", params={"clob_token_ids": "99"})).json() == []
        assert (await http.get("/")).json()["markets"][0]["condition_id"] == BOOK["market"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("{", "line 2: "),
        ("[]", "line 2: not an object"),
        (line("heard", text=""), "line 2: kind is 'heard'"),
        (line("recv", conn=None, text=""), "line 2: conn is None"),
        (line("recv", t="soon", text=""), "line 2: t is 'soon'"),
        (line("recv", t=True, text=""), "line 2: t is True"),
        ('{"t":NaN,"kind":"recv","conn":"a","text":""}', "line 2: t is nan"),
        (line("recv"), "line 2: recv without a text"),
        (line("close", rcvd={"code": "1000"}), "line 2: rcvd is"),
        (line("close", rcvd=1000), "line 2: rcvd is 1000"),
    ],
)
async def test_a_malformed_line_is_named(write, wrong, problem):
    path = write([line("recv", text="[]"), wrong])
    with pytest.raises(SettingsError, match=problem) as caught:
        async with open_sandbox(SandboxConfig(replay=path)):
            pytest.fail("opened")
    assert path.name in str(caught.value)


@pytest.mark.parametrize("records", [[], [line("open")], [line("recv", text="PONG")]])
async def test_a_recording_in_which_nothing_was_received_is_useless(write, records):
    with pytest.raises(SettingsError, match="received anything"):
        async with open_sandbox(SandboxConfig(replay=write(records))):
            pytest.fail("opened")


async def test_a_missing_file_or_connection_is_a_settings_error(write, tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        async with open_sandbox(SandboxConfig(replay=tmp_path / "none.jsonl")):
            pytest.fail("opened")
    with pytest.raises(SettingsError, match="has one, two"):
        async with open_sandbox(SandboxConfig(replay=write(TWO), connection="three")):
            pytest.fail("opened")
