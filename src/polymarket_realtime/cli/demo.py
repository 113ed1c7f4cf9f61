"""`demo`: the whole product at work, on this machine alone.

The exchange, the MCP server and the MCP client are real, and so are the sockets and pipes
between them. Nothing that is printed is known beforehand.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any, Final, NoReturn, TextIO

import attrs
import trio
from mcp import MCPError
from rich.console import Console

import polymarket_realtime
from polymarket_realtime.errors import PolymarketRealtimeError
from polymarket_realtime.groups import leaves
from polymarket_realtime.sandbox import Exchange, Sandbox, SandboxConfig, open_sandbox

from .demo_client import DemoClient, open_client
from .demo_view import event_line, status_lines
from .exits import CommandFailed
from .options import sandbox_urls

__all__ = ["demo"]

_WHOLE: Final = 18.0
"""Seconds that the demo may take: it takes less than ten unless something is wrong."""

_STEP: Final = 8.0
"""Seconds that a step may wait for events."""

_CONTINUITY: Final = frozenset({"connected", "interrupted", "state_changed", "gap", "resynced"})
_STYLES: Final = {"interrupted": "bold red", "gap": "bold red", "resynced": "bold green"}
_LOG_LINES: Final = 20
_EVENTS: Final = 12
_EVENTS_AFTER_CUT: Final = 4


async def demo() -> None:
    """Run all steps.

    Raises:
        CommandFailed: A step failed; the message names it.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        errors: list[Exception] = []
        run = _Demo(_Console(highlight=False, soft_wrap=True, emoji=False), log)
        try:
            with trio.fail_after(_WHOLE):
                await run.run()
        except* (PolymarketRealtimeError, MCPError, OSError, trio.TooSlowError) as group:
            errors += leaves(group)
        if errors and not isinstance(errors[0], BrokenPipeError):
            run.fail(errors[0])


class _Console(Console):
    """Says that nobody reads, in place of ending the process from within a nursery."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@attrs.define(eq=False)
class _Demo:
    """One run of the demo.

    Attributes:
        log: The server's stderr.
        letters: A letter for each token id.
        owned: The letters of each subscription id.
    """

    console: Console
    log: TextIO
    number: int = 0
    title: str = ""
    letters: dict[str, str] = attrs.field(factory=dict)
    owned: dict[str, str] = attrs.field(factory=dict)

    async def run(self) -> None:
        version = polymarket_realtime.__version__
        began = trio.current_time()
        self.console.print(f"[bold]polymarket-realtime {version}[/]: no account, no network")
        self.begin("Start an exchange on loopback")
        async with open_sandbox(SandboxConfig(rate=12, lifecycle=False)) as sandbox:
            tokens = self.tell_of_exchange(sandbox)
            self.begin("Start the MCP server as a process, and connect to it")
            started = trio.current_time()
            async with open_client(sandbox_urls(sandbox), self.log) as client:
                self.tell_of_server(client, trio.current_time() - started)
                await self.list_tools(client)
                subscriptions = await self.subscribe(client, tokens)
                await self.show_events(client)
                await self.wait_for_a_move(client, tokens)
                await self.cut(client, sandbox)
                await self.show_status(client)
                await self.unsubscribe(client, subscriptions)
                self.begin("Stop the server by closing its stdin")
                stopped = trio.current_time()
            self.tell(f"it ended {trio.current_time() - stopped:.1f} s later")
        self.console.print(f"\n[bold]Done[/] in {trio.current_time() - began:.1f} s.")

    # What it looks like

    def begin(self, title: str) -> None:
        """Print the heading of the next step."""
        self.number, self.title = self.number + 1, title
        self.console.print(f"\n[bold cyan]{self.number}. {title}[/]")

    def tell(self, text: str, style: str = "") -> None:
        """Print one line of a step."""
        self.console.print(f"   {text}", style=style, markup=False)

    def tell_event(self, event: dict[str, Any]) -> None:
        """Print an event; one about a connection concerns all tokens of its subscription."""
        concerns = self.letters.get(event.get("asset_id", ""), self.owned[event["subscription_id"]])
        self.tell(event_line(event, concerns), _STYLES.get(event["type"], ""))

    def fail(self, error: Exception) -> NoReturn:
        """Show what the server said last, and end the demo."""
        self.log.seek(0)
        sys.stderr.writelines(self.log.readlines()[-_LOG_LINES:])
        why = "took too long" if isinstance(error, trio.TooSlowError) else str(error)
        message = f"step {self.number} of the demo ({self.title}) failed: {why}"
        raise CommandFailed(message, code=1) from error

    # The steps

    def tell_of_exchange(self, sandbox: Sandbox) -> list[str]:
        """Say what there is, and choose three tokens."""
        assert isinstance(sandbox.exchange, Exchange)
        markets = sandbox.exchange.markets
        tokens = sum(len(market.token_ids) for market in markets)
        self.tell(f"{sandbox.market_url}, {len(markets)} markets with {tokens} tokens")
        return [market.token_ids[0] for market in markets[:3]]

    def tell_of_server(self, client: DemoClient, seconds: float) -> None:
        server = client.session.server_info
        name = f"{server.name} {server.version}" if server else "a server without a name"
        self.tell(f"{name}, MCP {client.session.protocol_version}, ready after {seconds:.1f} s")

    async def list_tools(self, client: DemoClient) -> None:
        self.begin("List its tools")
        tools = (await client.session.list_tools()).tools
        for tool in tools:
            self.tell(f"{tool.name:<28} {tool.title or ''}")
        self.tell(f"{len(tools)} tools")

    async def subscribe(self, client: DemoClient, tokens: list[str]) -> list[str]:
        self.begin("Subscribe to the prices of two tokens and the book of a third")
        *priced, booked = tokens
        answers = [
            await client.call("subscribe_market_prices", market_ids=priced),
            await client.call("subscribe_orderbook_updates", token_ids=[booked], depth=5),
        ]
        for answer in answers:
            for asset in answer["resolved"]:
                letter = self.letters[asset["token_id"]] = "ABC"[len(self.letters)]
                self.tell(f"{letter}  {asset['outcome']}: {asset['question']}")
        for answer in answers:
            letters = [self.letters[asset["token_id"]] for asset in answer["resolved"]]
            self.owned[answer["subscription_id"]] = " ".join(letters)
        self.tell(f"{len(answers)} subscriptions")
        return list(self.owned)

    async def show_events(self, client: DemoClient) -> None:
        self.begin("Live events, as MCP notifications")
        began = trio.current_time()
        with trio.fail_after(_STEP):
            for _ in range(_EVENTS):
                self.tell_event(await client.next_event())
        self.tell(f"{_EVENTS} events in {trio.current_time() - began:.1f} s")

    async def wait_for_a_move(self, client: DemoClient, tokens: list[str]) -> None:
        self.begin("Wait, as a model does in any host, until a price has moved")
        condition = {"when": "price_moves", "threshold": "0.01"}
        begun = await client.call("subscribe_market_prices", market_ids=tokens, condition=condition)
        subscription_id, recipe = begun["subscription_id"], begun["delivery"]["recipe"]
        self.owned[subscription_id] = " ".join(self.letters.values())
        letters = {each["token"]: self.letters[each["token_id"]] for each in begun["resolved"]}
        self.tell(f"told is only when: {begun['condition']}")
        tool, met = recipe.pop("tool"), None
        with trio.fail_after(_STEP):
            while met is None:
                answer = await client.call(tool, **recipe)
                recipe["cursor"] = answer["next_cursor"]
                types = [event["type"] for event in answer["events"]]
                if "condition_met" in types:
                    met = answer["events"][types.index("condition_met")]
        self.tell(f"{tool}: {letters[met['token']]} from {met['before']} to {met['value']}")
        await client.call("unsubscribe_realtime", subscription_id=subscription_id)

    async def cut(self, client: DemoClient, sandbox: Sandbox) -> None:
        self.begin("Cut the connection between server and exchange, without a goodbye")
        client.forget_events()
        count, cut_at = sandbox.faults.cut(), trio.current_time()
        self.tell(f"connections reset: {count}")
        lost = set(self.letters)
        with trio.fail_after(_STEP):
            while lost:
                event = await client.next_event()
                if event["type"] in _CONTINUITY:
                    self.tell_event(event)
                if event["type"] == "resynced":
                    lost.discard(event["asset_id"])
            self.tell(f"all books are the truth again {trio.current_time() - cut_at:.1f} s later")
            for _ in range(_EVENTS_AFTER_CUT):
                self.tell_event(await client.next_event())

    async def show_status(self, client: DemoClient) -> None:
        self.begin("Ask for the status")
        for name, text in status_lines(await client.call("get_realtime_status")):
            self.tell(f"{name:<14} {text}")

    async def unsubscribe(self, client: DemoClient, subscriptions: list[str]) -> None:
        self.begin("Unsubscribe")
        for subscription_id in subscriptions:
            answer = await client.call("unsubscribe_realtime", subscription_id=subscription_id)
            self.tell(answer["message"])
