"""The program as its users meet it: processes, pipes, signals and a terminal."""

import json
import os
import re
import signal
import socket
from contextlib import contextmanager, suppress

import httpx2
import pytest
import trio
from cli_process import SHOW_CURSOR, Terminal, environment, pointed_at, running

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

pytestmark = pytest.mark.process


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_watch_writes_json_lines_until_a_signal_ends_it(ending):
    async with running("watch", "--sandbox", "--json") as program:
        events = []
        with trio.fail_after(10):
            while sum(event["type"] == "price_change" for event in events) < 12:
                events.append(json.loads(await program.lines.next()))
        program.process.send_signal(ending)
        signalled = trio.current_time()
        assert await program.ended() == (0, "")
        assert trio.current_time() - signalled < 2
    assert events[0]["type"] == "connected"
    assert all(0 < float(e["price"]) < 1 for e in events if e["type"] == "price_change")


async def test_watch_tells_of_an_interruption_and_of_the_recovery():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        async with running("watch", token, "--json", env=pointed_at(sandbox)) as program:

            async def until_live():
                kinds = []
                with trio.fail_after(10):
                    while kinds[-1:] != ["live"]:
                        event = json.loads(await program.lines.next())
                        news = event["type"] == "state_changed"
                        kinds.append(event["state"] if news else event["type"])
                return kinds

            assert await until_live() == ["connected", "price_change", "live"]
            assert sandbox.faults.cut() == 1
            told = await until_live()
            assert told[:2] == ["interrupted", "out_of_sync"]
            assert [kind for kind in told[2:] if kind != "resyncing"] == [
                *("connected", "gap", "resynced", "live")
            ]
            program.process.send_signal(signal.SIGINT)
            assert await program.ended() == (0, "")


async def test_watch_goes_on_dialling_a_venue_that_is_not_there():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        gone = environment(
            POLYMARKET_GAMMA_URL=sandbox.gamma_url,
            POLYMARKET_MARKET_URL=f"ws://127.0.0.1:{unused_port()}/ws/market",
            POLYMARKET_BACKOFF_INITIAL="0.05",
        )
        async with running("watch", token, "--json", env=gone) as program:
            with trio.fail_after(10):
                kinds = [json.loads(await program.lines.next())["type"] for _ in range(3)]
            assert kinds == ["interrupted"] * 3
            program.process.send_signal(signal.SIGINT)
            assert await program.ended() == (0, "")


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        return nobody.getsockname()[1]


async def test_watch_writes_text_for_a_reader_that_is_no_terminal():
    async with running("watch", "--sandbox") as program:
        lines = []
        with trio.fail_after(10):
            while not any(" price " in line for line in lines):
                lines.append(await program.lines.next())
        program.process.send_signal(signal.SIGINT)
        assert await program.ended() == (0, "")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} connected market#0, 8 assets", lines[0])
    assert re.fullmatch(r"[\d:.]{12} price \d{6}…\d{4} '\w+' in '.+' 0\.\d+ .+", lines[-1])


async def test_watch_ends_quietly_when_its_reader_has_had_enough():
    async with running("watch", "--sandbox", "--json") as program:
        with trio.fail_after(10):
            await program.lines.next()
        await program.process.stdout.aclose()
        assert await program.ended() == (0, "")


async def test_watch_ends_although_its_reader_has_stopped_reading():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        with full_pipe() as write_end:
            async with running(
                "watch", token, "--json", env=pointed_at(sandbox), stdout=write_end
            ) as program:
                with trio.fail_after(10):
                    await sandbox.wait_received(lambda frame: "assets_ids" in frame.text)
                program.process.send_signal(signal.SIGINT)
                assert await program.ended() == (0, "")


@contextmanager
def full_pipe():
    """The write end of a pipe in which there is no room."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        with suppress(BlockingIOError):
            while True:
                os.write(write_end, b"\n" * 4096)
        os.set_blocking(write_end, True)
        yield write_end
    finally:
        os.close(read_end)
        os.close(write_end)


class Watching:
    """What `watch --json` writes."""

    def __init__(self, program):
        self.program = program

    async def until(self, **fields):
        """The next event with these fields."""
        with trio.fail_after(10):
            while True:
                event = json.loads(await self.program.lines.next())
                if fields.items() <= event.items():
                    return event


async def test_watch_follows_an_event_until_the_last_of_its_markets_is_settled():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        exchange = sandbox.exchange
        event = exchange.market("will-another-party-win-the-most-seats").event
        markets = [market for market in exchange.markets if market.event is event]
        env = pointed_at(sandbox)
        async with running("watch", event.slug, "--json", env=env) as program:
            watching = Watching(program)
            told = await watching.until(type="event_prices", event=event.slug)
            assert len(told["outcomes"]) == len(markets)
            new = exchange.create_market("Will a new one win?", event=event.slug, label="New one")
            await watching.until(type="market_created", market=new.condition_id)
            await watching.until(type="price_change", asset_id=new.token_ids[1])
            for market in (*markets, new):
                exchange.resolve(market.condition_id, 0)
                await watching.until(type="market_resolved", market=market.condition_id)
            assert await program.ended() == (0, "")
            while line := await program.lines.next():
                assert json.loads(line)["type"] != "price_change"


async def test_watch_on_a_terminal_ends_when_all_is_settled_and_the_table_stays():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        market = sandbox.exchange.markets[0]

        def begin(terminal):
            terminal.read_until(lambda shown: shown.count(b"live") >= 2, seconds=10)

        def end(terminal):
            terminal.read_until(lambda shown: shown.endswith(SHOW_CURSOR), seconds=10)
            return terminal.process.wait(timeout=5), terminal.text

        with Terminal("watch", market.slug, env=pointed_at(sandbox)) as terminal:
            await trio.to_thread.run_sync(begin, terminal)
            sandbox.exchange.resolve(market.condition_id, 1)
            code, text = await trio.to_thread.run_sync(end, terminal)
    assert code == 0
    last = text[text.rindex("Market ") :]
    assert last.count("won: No") == 2
    assert "All of it is settled." in last


async def test_watch_writes_live_feeds_of_a_sandbox_without_being_told_of_what():
    async with running("watch", "--sandbox", "--feed", "prices") as program:
        shown = set()
        with trio.fail_after(10):
            assert " connected " in await program.lines.next()
            while shown != {"btcusd", "ethusd"}:
                _, symbol, price, *_ = (await program.lines.next()).split()
                shown.add(symbol)
                assert float(price) > 0
        program.process.send_signal(signal.SIGINT)
        assert await program.ended() == (0, "")


async def test_find_writes_what_watch_takes():
    async with running("find", "--sandbox", "progress", "party") as program:
        with trio.fail_after(10):
            slug, _, question = (await program.lines.next()).partition("\t")
        assert await program.ended() == (0, "")
    assert slug == "will-the-progress-party-win-the-most-seats"
    assert question.startswith("Will the Progress Party win")


async def test_watch_leaves_the_terminal_as_it_was_after_ctrl_c():
    with Terminal("watch", "--sandbox") as terminal:
        terminal.read_until(lambda shown: shown.count(b"live") >= 8 * 3, seconds=10)
        terminal.end_by_ctrl_c()
    assert "Will the government shut down" in terminal.text
    assert "Traceback" not in terminal.text
    assert max(map(len, re.split(r"[\r\n]+", terminal.text))) <= 100


async def test_sandbox_says_where_it_is_and_how_to_use_it():
    async with running("sandbox", "--rate", "0") as program:
        said = []
        with trio.fail_after(10):
            while not said or "Ctrl-C" not in said[-1]:
                said.append(await program.lines.next())
        exports = dict(re.findall(r"export (\w+)=(\S+)", "\n".join(said)))
        names = ("MARKET", "USER", "RTDS", "POLYBOLT", "SPORTS", "CLOB", "GAMMA")
        urls = {f"POLYMARKET_{name}_URL" for name in names}
        keys = {f"POLYMARKET_{x}" for x in ("API_KEY", "API_SECRET", "PASSPHRASE")}
        assert set(exports) == urls | keys | {"POLYGON_ADDRESS"}
        tokens = re.findall(r"\d{70,}", "\n".join(said))
        async with httpx2.AsyncClient(trust_env=False) as client:
            with trio.fail_after(5):
                book = await client.get(
                    exports["POLYMARKET_CLOB_URL"] + "/book", params={"token_id": tokens[0]}
                )
                markets = await client.get(exports["POLYMARKET_GAMMA_URL"] + "/markets")
                url = re.search(r"http://\S+/sandbox/faults", "\n".join(said)).group()
                fault = await client.post(url, content='{"fault": "cut"}')
        assert book.json()["asset_id"] == tokens[0]
        assert len(markets.json()) * 2 == len(tokens)
        assert fault.json() == {"fault": "cut", "connections": 0}
        async with running("watch", tokens[-1], "--json", env=environment(**exports)) as watching:
            with trio.fail_after(10):
                assert json.loads(await watching.lines.next())["type"] == "connected"
                assert json.loads(await watching.lines.next())["asset_id"] == tokens[-1]
        program.process.send_signal(signal.SIGTERM)
        assert await program.ended() == (0, "")


async def test_sandbox_replays_a_recording(tmp_path):
    path = tmp_path / "session.jsonl"
    book = {"event_type": "book", "market": "0x" + "ab" * 32, "asset_id": "7" * 77}
    line = {"t": None, "kind": "recv", "conn": "main", "text": json.dumps([book])}
    path.write_text(json.dumps(line) + "\n")
    async with running("sandbox", "--replay", str(path), "--speed", "max") as program:
        with trio.fail_after(10):
            said = [await program.lines.next() for _ in range(16)]
        assert said[-5:] == [
            "  slug      recorded-abababab",
            "  condition 0x" + "ab" * 32,
            "  Token 1   " + "7" * 77,
            "",
            "replays 'main', frames: 1",
        ]
        program.process.send_signal(signal.SIGINT)
        assert await program.ended() == (0, "")


async def test_a_port_in_use_ends_the_process_with_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with running("sandbox", "--port", str(port)) as program:
            code, said = await program.ended()
    assert code == 2
    assert said == f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("arguments", [["serve", "--sandbox"], ["--sandbox"]])
async def test_serve_speaks_mcp_until_stdin_ends(arguments):
    async with running(*arguments) as program:
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        }
        request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
        await program.process.stdin.send_all(json.dumps(request).encode() + b"\n")
        with trio.fail_after(10):
            answer = json.loads(await program.lines.next())
        assert answer["result"]["serverInfo"]["name"] == "polymarket-realtime"
        await program.process.stdin.aclose()
        code, said = await program.ended()
        assert await program.lines.next() is None
    assert code == 0
    assert re.fullmatch(r"sandbox: http://127\.0\.0\.1:\d+/ lists markets and token ids\n", said)


async def test_serve_hints_at_hosts_when_a_person_starts_it_in_a_terminal():
    with Terminal("serve") as terminal:
        terminal.read_until(lambda shown: b"claude mcp add" in shown, seconds=10)
        # The hint comes before the server takes signals; Ctrl-D is the other way out.
        os.write(terminal.master, b"\x04")
        assert terminal.process.wait(timeout=5) == 0
        assert os.get_blocking(terminal.slave)
