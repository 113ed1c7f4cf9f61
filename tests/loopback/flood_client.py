"""A client of a server process that reads as fast as it is told to, and adds up what it reads."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE

import attrs
import trio

from loopback.cli_process import PROGRAM, environment

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "flooded", "version": "0"},
}

QUIET = 0.6
"""Seconds without news after which none is on its way: more than two rounds of delivery."""

_MOST = 1 << 16
"""Bytes of one read; what a pipe holds."""

UNHEARD = "http://127.0.0.1:9"
"""Where nobody answers: the tokens have no names."""

PATIENT = {
    "POLYMARKET_SILENCE_MINIMUM": "60",
    "POLYMARKET_LAG_LIMIT": "60",
    "POLYMARKET_WITNESS_BUDGET": "0",
}
"""Of a server that has no doubts before and after the flood, and on a machine without time."""


@attrs.define
class Tally:
    """What was told of one subscription, or of all of them.

    Attributes:
        numbers: Of each kind that is told one by one what says which one it was, in order.
        newest: Of what conflates the last that was told, by its token.
        stood_for: How many of these there were, by token.
        missed: How many are said to be lost.
    """

    numbers: list[tuple[str, int]] = attrs.field(factory=list)
    newest: dict[str, str] = attrs.field(factory=dict)
    stood_for: Counter[str] = attrs.field(factory=Counter)
    missed: int = 0

    def add(self, whose: str, event: dict) -> None:
        match event:
            case {"type": "condition_met", "value": size}:
                self.numbers.append((whose, int(size)))
            case {"type": "market_created", "slug": slug}:
                self.numbers.append((whose, int(slug.rpartition("-")[2])))
            case {"type": "price_change" | "agg_orderbook"}:
                self.newest[whose] = event.get("bid") or event["best_bid"]
                self.stood_for[whose] += event.get("stands_for", 1)
            case {"type": "dropped", "count": count}:
                self.missed += count
            case {"type": "connected"} | {"type": "state_changed", "state": "live"}:
                pass  # of the beginning
            case _:
                raise AssertionError(f"nothing else happens in a flood: {event}")


class Client:
    """Reads nothing but when it is told to."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.pushed: list[dict] = []
        self._answers: dict[int, dict] = {}
        self._asked, self._rest = 0, b""

    async def read(self, most: int) -> None:
        """Wait for something and take in so many bytes of it at most."""
        chunk = await self.process.stdout.receive_some(most)
        assert chunk, "the server has ended"
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for message in map(json.loads, lines):
            if "id" in message:
                self._answers[message["id"]] = message
            elif message["method"] == "notifications/message":
                self.pushed.append(message["params"]["data"])

    async def ask(self, method: str, **params: object) -> int:
        """Send a request, whose answer `taken` gives some time later."""
        self._asked += 1
        await self._send({"id": self._asked, "method": method, "params": params})
        return self._asked

    async def call(self, name: str, **arguments: object) -> dict:
        """Call a tool and read until it answers."""
        return await self.answer(await self.ask("tools/call", name=name, arguments=arguments))

    async def answer(self, number: int) -> dict:
        """Read until a request is answered; gives its result."""
        while (result := self.taken(number)) is None:
            await self.read(_MOST)
        return result

    def taken(self, number: int) -> dict | None:
        """The result of a request, if all of it was read."""
        answer = self._answers.pop(number, None)
        if answer is None:
            return None
        result = answer["result"]
        assert not result.get("isError"), result
        return result.get("structuredContent", result)

    async def greet(self) -> None:
        """Open the session."""
        await self.answer(await self.ask("initialize", **INITIALIZE))
        await self._send({"method": "notifications/initialized"})

    async def _send(self, message: dict) -> None:
        await self.process.stdin.send_all(
            json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        )


@attrs.define
class Reader:
    """One who waits for the events of some subscriptions, or of all of them, with a cursor."""

    client: Client
    cursor: str
    subscription_ids: list[str] | None = None
    tally: Tally = attrs.field(factory=Tally, init=False)
    idle: bool = attrs.field(default=False, init=False)
    more: bool = attrs.field(default=True, init=False)
    _asked: int | None = attrs.field(default=None, init=False)

    @property
    def _question(self) -> dict[str, object]:
        whose = {} if self.subscription_ids is None else {"subscription_ids": self.subscription_ids}
        return {**whose, "cursor": self.cursor, "max_events": 200, "wait_seconds": QUIET}

    async def go_on(self) -> None:
        """Take the answer, if it is there, and ask again; waits for nothing."""
        if self._asked is not None:
            result = self.client.taken(self._asked)
            if result is None:
                return
            self._take(result)
        self._asked = await self.client.ask(
            "tools/call", name="wait_for_realtime_events", arguments=self._question
        )

    async def read_on(self) -> None:
        """Read until there is an answer, and ask again."""
        asked = self._asked
        while self._asked == asked:
            await self.client.read(_MOST)
            await self.go_on()

    async def read_rest(self) -> None:
        """Read all that there is."""
        while self.more:
            self._take(await self.client.call("wait_for_realtime_events", **self._question))

    def _take(self, result: dict) -> None:
        assert result["gaps"] == []
        self.cursor, self.idle = result["next_cursor"], result["timed_out"]
        self.more = result["more"]
        self.tally.missed += result["missed"]
        for event in result["events"]:
            default = "" if self.subscription_ids is None else self.subscription_ids[0]
            self.tally.add(event.get("subscription_id", default), event)


def memory_of(process: trio.Process) -> float:
    """Resident memory in MB (proc_pid_statm(5))."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_of(process: trio.Process) -> float:
    """Seconds of CPU that it has used (proc_pid_stat(5))."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def starved(process: trio.Process) -> float:
    """Seconds for which it could have run and had no processor (sched-stats, run delay)."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[Client]:
    """A server process that listens to the venue at this port, and its client."""
    env = environment(
        POLYMARKET_MARKET_URL=f"ws://127.0.0.1:{port}/ws/market",
        POLYMARKET_GAMMA_URL=UNHEARD,
        POLYMARKET_CLOB_URL=UNHEARD,
        POLYMARKET_PING_INTERVAL="0.5",
        POLYMARKET_BACKOFF_INITIAL="0.1",
        # So few that the burst overflows it even where the flood comes at half its speed.
        POLYMARKET_MAILBOX_CAPACITY="512",
        **PATIENT,
    )
    command = [*PROGRAM, "serve"]
    process = await trio.lowlevel.open_process(command, env=env, stdin=PIPE, stdout=PIPE)
    try:
        async with process.stdin, process.stdout:
            yield Client(process)
    finally:
        if process.poll() is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
