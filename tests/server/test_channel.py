"""Claude Code's channel: few messages, only of conditions, and market text set apart as data."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import anyio
import mcp_types as types
import pytest
import trio
from mcp import Client
from mcp.shared.memory import create_client_server_memory_streams
from mcp_harness import MARKETS, YES, book, call, open_desk

from polymarket_realtime.server.app import make_app

METHOD = "notifications/claude/channel"


class Tap:
    """What the client reads, with the channel's messages noted on the way."""

    def __init__(self, stream):
        self._stream, self.heard = stream, []

    async def receive(self):
        item = await self._stream.receive()
        if getattr(item.message, "method", None) == METHOD:
            self.heard.append(item.message.params)
        return item

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self):
        await self._stream.aclose()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc_info):
        await self.aclose()


@asynccontextmanager
async def open_channel(mode="legacy", *, channel=True, **settings):
    async with open_desk(**settings) as desk:
        desk.service._known.names.learn(MARKETS[0])
        app = make_app(desk.service, channel=channel)

        taps = []

        @asynccontextmanager
        async def wire():
            async with (
                create_client_server_memory_streams() as (ours, theirs),
                trio.open_nursery() as nursery,
            ):
                nursery.start_soon(app.run, *theirs)
                taps.append(Tap(ours[0]))
                yield taps[0], ours[1]
                await ours[1].aclose()

        async with Client(wire(), mode=mode) as client:
            yield desk, client, taps[0].heard


CROSSES = {"when": "price_crosses", "threshold": "0.50", "direction": "either", "once": False}


async def cross(connection, times):
    """Let the price go to and fro across the threshold."""
    for number in range(times):
        bid, ask = ("0.55", "0.57") if number % 2 == 0 else ("0.40", "0.42")
        connection.say(book(bid=bid, ask=ask, timestamp=1_700_000_000_100 + number))
        await trio.sleep(1)


async def test_a_condition_that_is_met_is_put_into_the_conversation(autojump_clock):
    async with open_channel() as (desk, client, heard):
        begun = await call(client, "subscribe_market_prices", market_ids=[YES], condition=CROSSES)
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        await trio.sleep(1)
        await cross(connection, 1)
        (message,) = heard
        assert message["meta"] == {
            "subscription_id": begun["subscription_id"],
            "when": "price_crosses",
        }
        content = json.loads(message["content"])
        assert (content["condition_met"], content["value"]) == ("price crosses 0.50", "0.56")
        assert content["untrusted_market_text"] == {"question": "Will it rain?", "outcome": "Yes"}


async def test_there_are_few_messages_a_minute_and_the_rest_are_counted(autojump_clock):
    async with open_channel(channel_budget=2) as (desk, client, heard):
        await call(client, "subscribe_market_prices", market_ids=[YES], condition=CROSSES)
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        await trio.sleep(1)
        await cross(connection, 5)
        assert len(heard) == 2
        await trio.sleep(60)
        await cross(connection, 1)
        assert len(heard) == 2, "it stands where it stood"
        connection.say(book(bid="0.40", ask="0.42", timestamp=1_700_000_000_200))
        await trio.sleep(1)
        assert json.loads(heard[2]["content"])["not_told_since"] == 3


async def test_prices_without_a_condition_are_not_put_into_the_conversation(autojump_clock):
    async with open_channel() as (desk, client, heard):
        await call(client, "subscribe_market_prices", market_ids=[YES])
        connection = await desk.venue.accept()
        await cross(connection, 3)
        assert heard == []


@pytest.mark.parametrize(("mode", "channel"), [("legacy", False), ("auto", True)])
async def test_without_the_flag_and_in_the_newest_era_nothing_is_sent(
    autojump_clock, mode, channel
):
    async with open_channel(mode, channel=channel) as (desk, client, heard):
        await call(client, "subscribe_market_prices", market_ids=[YES], condition=CROSSES)
        connection = await desk.venue.accept()
        connection.say(book(bid="0.40", ask="0.42"))
        await trio.sleep(1)
        await cross(connection, 1)
        assert heard == []


@pytest.mark.parametrize("channel", [True, False])
async def test_the_capability_is_declared_only_with_the_flag(channel):
    async with open_channel(channel=channel) as (_, client, _heard):
        declared = client.session.server_capabilities
        assert isinstance(declared, types.ServerCapabilities)
        assert ("claude/channel" in (declared.experimental or {})) == channel
