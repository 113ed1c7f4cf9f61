"""What `watch` and `find` write for a reader that is no terminal, in this process."""

import json
import os
import re
import sys
from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from polymarket_realtime.cli import output
from polymarket_realtime.cli.exits import CommandFailed
from polymarket_realtime.cli.find import find
from polymarket_realtime.cli.options import VenueOptions, sandbox_urls
from polymarket_realtime.cli.watching import Wanted, watch_wanted
from polymarket_realtime.errors import MarketClosed
from polymarket_realtime.live_data import LiveFeed
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox


@attrs.define
class Paper:
    """What was written to stdout, line by line."""

    lines: list[str] = attrs.field(factory=list)
    news: trio.Event = attrs.field(factory=trio.Event)

    def add(self, data):
        self.lines += data.decode().splitlines()
        self.news.set()
        self.news = trio.Event()

    async def until(self, pattern):
        """The first line with this, once there is one."""
        with trio.fail_after(5):
            while True:
                for line in self.lines:
                    if re.search(pattern, line):
                        return line
                await self.news.wait()

    def events(self, kind):
        """Those of this type, of what is JSON."""
        return [event for event in map(json.loads, self.lines) if event["type"] == kind]


@pytest.fixture
def paper(monkeypatch):
    paper = Paper()
    monkeypatch.setattr(
        output, "_write_all", lambda data: trio.from_thread.run_sync(paper.add, data)
    )
    return paper


@pytest.fixture
async def sandbox(monkeypatch):
    """A venue on which nothing moves by itself, and that the environment points at."""
    for name in os.environ:
        if name.startswith(("POLYMARKET_", "POLYGON_")):
            monkeypatch.delenv(name)
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        for name, url in sandbox_urls(sandbox).items():
            monkeypatch.setenv(f"POLYMARKET_{name.upper()}", url)
        yield sandbox


@asynccontextmanager
async def watching(*, json=False, **wanted):
    """`watch` in the background, until the block is left."""
    async with trio.open_nursery() as nursery:

        async def watch():
            await watch_wanted(Wanted(**wanted), VenueOptions(), json=json)

        nursery.start_soon(watch)
        yield nursery
        nursery.cancel_scope.cancel()


async def watch_to_the_end(*, json=False, **wanted):
    """`watch`, which is to end by itself."""
    with trio.fail_after(5):
        await watch_wanted(Wanted(**wanted), VenueOptions(), json=json)


# Prices


async def test_prices_trades_and_the_end_of_a_market_are_written_and_then_it_ends(sandbox, paper):
    market = sandbox.exchange.markets[0]
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch_to_the_end_of, market.slug)
            await paper.until(r" price \S+ 'No' in .* 0\.")
            sandbox.exchange.trade(market.token_ids[0], "BUY", "5")
            await paper.until(" trade .* BUY 5")
            sandbox.exchange.resolve(market.condition_id, 0)
    assert " resolved: 'Yes' [socket]" in paper.lines[-1]


async def watch_to_the_end_of(identifier):
    await watch_to_the_end(identifiers=(identifier,))


async def test_nothing_will_come_of_a_settled_market_and_that_is_said(sandbox, paper):
    market = sandbox.exchange.markets[0]
    sandbox.exchange.resolve(market.condition_id, 1)
    with pytest.RaisesGroup(
        pytest.RaisesExc(MarketClosed, match="'No' has won"), flatten_subgroups=True
    ):
        await watch_to_the_end(identifiers=(market.slug,))
    assert paper.lines == []


# Alerts

CROSSES = '{"when": "price_crosses", "threshold": "0.01"}'
BIG = '{"when": "trade_at_least", "threshold": 20}'


async def test_an_alert_is_a_line_for_each_token_and_then_it_ends(sandbox, paper):
    market = sandbox.exchange.markets[0]
    await watch_to_the_end(identifiers=(market.slug,), alert=CROSSES)
    assert len(paper.lines) == 2
    for line, outcome in zip(
        sorted(paper.lines, key=lambda line: line[13:]), ("No", "Yes"), strict=True
    ):
        assert re.fullmatch(
            rf"[\d:.]{{12}} ALERT '{outcome}' in '.+': price crosses above 0.01, "
            r"now 0\.\d+ \[already\]",
            line,
        )


async def test_an_alert_may_be_json_and_waits_for_what_comes(sandbox, paper):
    market = sandbox.exchange.markets[0]
    async with watching(identifiers=(market.token_ids[0],), alert=BIG, json=True):
        with trio.fail_after(5):
            await sandbox.wait_received(lambda frame: '"market"' in frame.text)
        for size in ("10", "30"):
            sandbox.exchange.trade(market.token_ids[0], "BUY", size)
        await paper.until("condition_met")
    (met,) = paper.events("condition_met")
    assert (met["value"], met["threshold"]) == ("30", "20")
    assert (met["asset_id"], met["question"]) == (market.token_ids[0], market.question)
    assert len(paper.lines) == 1


@pytest.mark.parametrize("terminal", [True, False])
async def test_the_bell_rings_on_a_terminal_only(sandbox, paper, monkeypatch, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    market = sandbox.exchange.markets[0]
    await watch_to_the_end(identifiers=(market.token_ids[0],), alert=CROSSES)
    assert paper.lines[1:] == (["\a"] if terminal else [])
    assert "ALERT" in paper.lines[0]


# Resolutions


async def test_what_is_settled_already_is_told_at_once(sandbox, paper):
    market = sandbox.exchange.markets[0]
    sandbox.exchange.resolve(market.condition_id, 1)
    await watch_to_the_end(identifiers=(market.slug,), resolutions=True)
    assert paper.lines[0] == f"{market.question!r} is closed"
    assert " resolved: 'No' [poll]" in paper.lines[-1]


@pytest.mark.parametrize(("announce", "source"), [("once", "socket"), ("never", "poll")])
async def test_the_end_of_a_market_is_told_step_by_step(
    sandbox, paper, monkeypatch, announce, source
):
    monkeypatch.setenv("POLYMARKET_RESOLUTION_INTERVAL", "0.05")
    monkeypatch.setenv("POLYMARKET_RESOLUTION_INTERVAL_MAXIMUM", "0.1")
    market = sandbox.exchange.create_market("Is it over?", lasts=-60)
    sandbox.exchange.propose(market.condition_id, 0)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:

            async def watch():
                await watch_to_the_end(identifiers=(market.slug,), resolutions=True)

            nursery.start_soon(watch)
            await paper.until("'Is it over.' is proposed")
            await sandbox.wait_received(lambda frame: '"market"' in frame.text)
            sandbox.exchange.resolve(market.condition_id, 0, announce=announce)
    assert re.fullmatch(r"'Is it over\?' ends at [\d-]{10} \d\d:\d\d UTC", paper.lines[0])
    assert f"market 'Is it over?' resolved: 'Yes' [{source}]" in paper.lines[-1]


async def test_of_an_event_every_market_is_told_those_that_were_settled_before_too(sandbox, paper):
    exchange = sandbox.exchange
    event = exchange.market("will-another-party-win-the-most-seats").event
    first, *others = (market for market in exchange.markets if market.event is event)
    exchange.resolve(first.condition_id, 1)
    wanted = {"identifiers": (event.slug,), "resolutions": True}
    async with watching(**wanted, json=True):
        await paper.until(f'"market_resolved","market":"{first.condition_id}"')
        with trio.fail_after(5):
            await sandbox.wait_received(lambda frame: '"market"' in frame.text)
        for market in others:
            exchange.resolve(market.condition_id, 1)
            await paper.until(f'"market_resolved","market":"{market.condition_id}"')
    assert len(paper.events("market_resolved")) == 3
    assert {event["type"] for event in map(json.loads, paper.lines)} == {
        *("connected", "market_resolved"),
    }


# Live feeds


async def test_a_feed_is_filtered_and_written_one_event_a_line(sandbox, paper):
    market = sandbox.exchange.markets[0]
    filters = json.dumps({"market": market.slug, "min_size": 20})
    async with watching(feed=LiveFeed.ACTIVITY, filters=filters):
        with trio.fail_after(5):
            await sandbox.wait_received(lambda frame: '"activity"' in frame.text)
        for size in ("10", "30"):
            sandbox.exchange.trade(market.token_ids[0], "BUY", size)
        line = await paper.until("BUY")
    assert re.fullmatch(r"[\d:.]{12} \S+ BUY 30(\.0)? 'Yes' at 0\.\d+ in '.+'", line)


async def test_new_markets_are_a_feed_too(sandbox, paper):
    async with watching(feed=LiveFeed.NEW_MARKETS, filters='{"words": "snow"}', json=True):
        with trio.fail_after(5):
            await sandbox.wait_received(lambda frame: '"market"' in frame.text)
        for question in ("Will it rain?", "Will it snow?"):
            sandbox.exchange.create_market(question)
        await paper.until("market_created")
    assert [event["question"] for event in paper.events("market_created")] == ["Will it snow?"]


async def test_a_feed_that_the_venue_does_not_serve_ends_the_command(sandbox, paper):
    sandbox.live.retire("comments")
    refused = pytest.RaisesExc(CommandFailed, match="the venue does not serve comments")
    with pytest.RaisesGroup(refused, flatten_subgroups=True):
        await watch_to_the_end(feed=LiveFeed.COMMENTS)
    assert " GONE comments" in paper.lines[-1]


async def test_what_the_venue_does_serve_goes_on_without_the_rest(sandbox, paper):
    sandbox.live.retire("equity_prices")
    async with watching(feed=LiveFeed.PRICES, symbols=("btcusd", "aapl")):
        await paper.until("GONE equity:aapl")
        await paper.until("btcusd [0-9]")


# Finding


async def test_a_settled_market_is_found_if_it_is_asked_for(sandbox, paper):
    market = sandbox.exchange.markets[0]
    sandbox.exchange.resolve(market.condition_id, 0)
    for closed in (False, True):
        with trio.fail_after(5):
            await find(["government", "shut"], VenueOptions(), limit=5, closed=closed, json=True)
    (found,) = map(json.loads, paper.lines)
    assert (found["slug"], found["closed"]) == (market.slug, True)
