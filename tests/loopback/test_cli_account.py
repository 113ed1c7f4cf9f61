"""The program with an account, as its users meet it: one's own orders, and API credentials."""

import json
import re
import shlex
import signal
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from cli_process import PROGRAM, Terminal, environment, keys_of, pointed_at, running

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

pytestmark = pytest.mark.process

OTHER_KEY = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
"""A private key that everybody knows, of a wallet without API credentials."""
OTHER_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

QUICK = {"POLYMARKET_BACKOFF_INITIAL": "0.05"}


@asynccontextmanager
async def quiet_sandbox():
    """A sandbox in which nothing moves by itself, and a token in it."""
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox, sandbox.exchange.markets[0].token_ids[0]


def rest_an_order(sandbox, market=0):
    """Place an order that will not trade by itself."""
    token = sandbox.exchange.markets[market].token_ids[0]
    return sandbox.exchange.broker.place(token, "BUY", "0.01", "40")


def assert_no_secret(sandbox, *texts):
    """None of what opens the account is in any of these."""
    given = sandbox.credentials
    for secret in (given.api_key, given.secret, given.passphrase, sandbox.wallet_key[2:]):
        assert all(secret not in text for text in texts)


class Events:
    """What `watch --orders --json` writes."""

    def __init__(self, program):
        self.program, self.seen, self.written = program, [], ""

    async def until(self, **fields):
        """The next event with these fields."""
        with trio.fail_after(10):
            while True:
                line = await self.program.lines.next()
                self.written += line
                self.seen.append(json.loads(line))
                if fields.items() <= self.seen[-1].items():
                    return self.seen[-1]


# One's own orders


async def test_orders_are_written_as_they_are_placed_filled_and_cancelled():
    async with quiet_sandbox() as (sandbox, _):
        before = rest_an_order(sandbox)
        env = pointed_at(sandbox, **keys_of(sandbox))
        async with running("watch", "--orders", "--json", env=env) as program:
            events = Events(program)
            found = await events.until(type="order", order_id=before.id)
            assert found["source"] == "reconciled"
            await events.until(type="reconciled", open_orders=1)
            sandbox.exchange.broker.cancel(before.id)
            await events.until(type="order", order_id=before.id, status="CANCELED")
            token = sandbox.exchange.markets[1].token_ids[0]
            taken = sandbox.exchange.broker.take(token, "BUY", "1")
            await events.until(type="trade", order_id=taken.id, status="MATCHED", role="taker")
            program.process.send_signal(signal.SIGINT)
            code, said = await program.ended()
        assert_no_secret(sandbox, said, events.written)
    assert code == 0
    states = re.findall(r"^authentication: (.+?); .+$", said, re.MULTILINE)
    assert states[-1] == "proven"
    assert len(said.splitlines()) == len(states)


async def test_a_cut_is_told_and_what_happened_meanwhile_is_found():
    async with quiet_sandbox() as (sandbox, _):
        order = rest_an_order(sandbox)
        env = pointed_at(sandbox, **keys_of(sandbox), **QUICK)
        async with running("watch", "--orders", "--json", env=env) as program:
            events = Events(program)
            await events.until(type="reconciled")
            sandbox.faults.cut()
            sandbox.exchange.broker.cancel(order.id)
            await events.until(type="interrupted")
            gone = await events.until(type="order", order_id=order.id)
            assert (gone["status"], gone["source"]) == ("CANCELED", "reconciled")
            await events.until(type="reconciled", open_orders=0)


async def test_only_the_markets_that_were_named_are_shown():
    async with quiet_sandbox() as (sandbox, token):
        env = pointed_at(sandbox, **keys_of(sandbox))
        async with running("watch", "--orders", token, "--json", env=env) as program:
            events = Events(program)
            await events.until(type="reconciled")
            rest_an_order(sandbox, market=1)
            shown = rest_an_order(sandbox, market=0)
            await events.until(type="order", order_id=shown.id)
        assert [event["type"] for event in events.seen].count("order") == 1


async def test_orders_of_the_sandbox_are_shown_without_any_account_as_lines_of_text():
    # What is in the environment is not even read, or it would be refused.
    env = environment(POLYMARKET_API_KEY="verysecret")
    async with running("watch", "--orders", "--sandbox", env=env) as program:
        lines = []
        with trio.fail_after(20):
            while not any(" order " in line for line in lines):
                lines.append(await program.lines.next())
        program.process.send_signal(signal.SIGTERM)
        code, said = await program.ended()
    assert code == 0
    assert "authentication: proven" in said
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} order 0x\w{4}…\w{4} [A-Z]+ (BUY|SELL) .+", lines[-1]
    )


async def test_credentials_that_the_venue_does_not_know_are_told_and_not_shown():
    async with quiet_sandbox() as (sandbox, _):
        wrong = {"POLYMARKET_API_KEY": "12345678-3b8a-4e92-b5d4-9298a18e3fd7"}
        env = pointed_at(sandbox, **(keys_of(sandbox) | wrong), **QUICK)
        async with running("watch", "--orders", "--json", env=env) as program:
            events = Events(program)
            while not (await events.until(type="interrupted"))["reason"].startswith("credentials"):
                pass
            # The state is looked at four times a second.
            stderr = b""
            with trio.fail_after(5):
                while b"authentication: rejected" not in stderr:
                    stderr += await program.process.stderr.receive_some()
            program.process.send_signal(signal.SIGINT)
            code, said = await program.ended()
        said = stderr.decode() + said
        assert_no_secret(sandbox, said, events.written)
    assert code == 0
    assert "12345678-3b8a" not in said + events.written


async def test_watching_orders_leaves_the_terminal_as_it_was_after_ctrl_c():
    async with quiet_sandbox() as (sandbox, _):
        rest_an_order(sandbox)
        env = pointed_at(sandbox, **keys_of(sandbox))

        def watch():
            with Terminal("watch", "--orders", env=env) as terminal:
                terminal.read_until(lambda shown: b"LIVE*" in shown and b"Will " in shown, 10)
                terminal.end_by_ctrl_c()
                return terminal.text

        text = await trio.to_thread.run_sync(watch)
        assert_no_secret(sandbox, text)
    assert "Orders   complete" in text
    assert "Traceback" not in text
    assert max(map(len, re.split(r"[\r\n]+", text))) <= 100


async def test_serve_goes_on_without_private_feeds_if_the_credentials_cannot_work():
    env = environment(POLYMARKET_API_KEY="verysecret")
    async with running("serve", env=env) as program:
        await program.process.stdin.aclose()
        # The start of the process is part of it.
        code, said = await program.ended(seconds=20)
    assert code == 0
    assert re.fullmatch(r"warning: no private feeds: POLYMARKET_API_KEY: .+\n", said)
    assert "verysecret" not in said


# API credentials


async def run(*arguments, env=None):
    """Exit code, stdout and stderr of the program."""
    with trio.fail_after(15):
        done = await trio.run_process(
            [*PROGRAM, *arguments],
            env=env,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def wallet(private_key, **more):
    return {"POLYGON_PRIVATE_KEY": private_key} | more


derive = partial(run, "credentials", "derive")


async def test_a_shell_can_evaluate_the_exports():
    program = shlex.join([*PROGRAM, "credentials", "derive", "--sandbox", "--export", "all"])
    shell = f'eval "$({program})"; echo "$POLYMARKET_PASSPHRASE $POLYGON_ADDRESS"'
    with trio.fail_after(15):
        done = await trio.run_process(["bash", "-c", shell], env=environment(), capture_stdout=True)
    assert re.fullmatch(rb"[0-9a-f]{64} 0x[0-9a-fA-F]{40}\n", done.stdout)


async def test_credentials_are_created_only_if_that_was_asked_for():
    async with quiet_sandbox() as (sandbox, _):
        env = pointed_at(sandbox, **wallet(OTHER_KEY))
        code, out, err = await derive("--export", "all", env=env)
        assert (code, out) == (2, "")
        assert err == (
            f"error: there are no API credentials for {OTHER_ADDRESS}; "
            "to have them created, add --create\n"
        )
        assert sandbox.keys.keys_of(OTHER_ADDRESS) == []
        code, out, err = await derive("--create", "--export", "api-key", env=env)
        (key,) = sandbox.keys.keys_of(OTHER_ADDRESS)
    assert (code, out, err) == (0, f"export POLYMARKET_API_KEY={key}\n", "")


@pytest.mark.parametrize(
    ("typed", "code", "created", "told"),
    [
        (b"y\n", 0, 1, "API credentials exist for"),
        (b"\n", 1, 0, "and none were created"),
        (b"\x03", 1, 0, "interrupted"),
    ],
)
async def test_a_person_is_asked_before_credentials_are_created(typed, code, created, told):
    async with quiet_sandbox() as (sandbox, _):
        env = pointed_at(sandbox, **wallet(OTHER_KEY))

        def answer():
            with Terminal("credentials", "derive", env=env) as terminal:
                question = f"Create API credentials for {OTHER_ADDRESS}? [y/N] ".encode()
                terminal.read_until(lambda shown: question in shown, seconds=10)
                terminal.type(typed)
                terminal.read_until(lambda shown: told.encode() in shown, seconds=10)
                return terminal.process.wait(timeout=5), terminal.text

        ended, text = await trio.to_thread.run_sync(answer)
        assert len(sandbox.keys.keys_of(OTHER_ADDRESS)) == created
    assert ended == code
    assert OTHER_KEY not in text
    assert "Traceback" not in text


async def test_a_wrong_clock_is_told_and_made_up_for():
    async with quiet_sandbox() as (sandbox, _):
        sandbox.clock.offset = 3600
        env = pointed_at(sandbox, **wallet(sandbox.wallet_key))
        code, out, err = await derive("--export", "api-key", env=env)
    assert (code, out) == (0, f"export POLYMARKET_API_KEY={sandbox.credentials.api_key}\n")
    assert re.search(r"clock is (3599|3600) s behind the venue's", err)


async def answer_401(stream):
    await stream.receive_some()
    body = b'{"error": "Invalid L1 Request headers"}'
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
    await stream.send_all(
        head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


async def test_a_refusal_is_one_line():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, answer_401, [listener])
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        env = environment(**wallet(OTHER_KEY, **QUICK))
        code, out, err = await derive("--clob-url", url, "--log-level", "error", env=env)
        nursery.cancel_scope.cancel()
    assert (code, out) == (2, "")
    assert re.fullmatch(
        r"error: credentials rejected: [^\n]*Invalid L1 Request headers[^\n]*\n", err
    )
