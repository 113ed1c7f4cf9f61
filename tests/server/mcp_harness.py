"""A service on a venue in memory, and the SDK's own client talking to it through `run_mcp`."""

import json
import math
from contextlib import asynccontextmanager

import attrs
import mcp_types as types
import trio
from mcp import Client
from mcp.shared.memory import create_client_server_memory_streams

from polymarket_realtime import Credentials, Secret, Settings, open_service
from polymarket_realtime._model.catalog import Market, Outcome
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox
from polymarket_realtime.server.serve import run_mcp
from polymarket_realtime.testing import MARKET, MemoryVenue, make_book, make_price_change

YES = "21742633143463906290569050155826241533067272736897614950488156847949938836455"
NO = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
SOLO = "5" * 77
"""A token of a market that is closed."""

ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""Modes of the SDK's client, and what they speak."""

MARKETS = (
    Market(
        condition_id=MARKET,
        question="Will it rain?",
        slug="will-it-rain",
        outcomes=(Outcome(YES, "Yes"), Outcome(NO, "No")),
    ),
    Market(
        condition_id="0x" + "5" * 64,
        question="Was it so?",
        slug="was-it-so",
        outcomes=(Outcome(SOLO, "Yes"),),
        closed=True,
    ),
)


class FakeCatalog:
    """Knows `MARKETS`; raises `failure` if that is set, and keeps silent if `silent`."""

    def __init__(self):
        self.failure, self.silent = None, False
        self._released = trio.Event()

    def release(self):
        """Answer those who have waited in silence."""
        self.silent = False
        self._released.set()

    async def markets_of_assets(self, asset_ids, *, fresh=False):
        return await self._answer(asset_ids, lambda market: market.asset_ids)

    async def markets_of_conditions(self, conditions, *, fresh=False):
        return await self._answer(conditions, lambda market: [market.condition_id])

    async def market_by_slug(self, slug):
        return next(iter(await self._answer([slug], lambda market: [market.slug])), None)

    async def market_by_id(self, number):
        return next(iter(await self._answer([number], lambda market: [market.id])), None)

    async def group_by_slug(self, slug, *, fresh=False):
        return next(iter(await self._answer([slug], lambda _: ())), None)

    async def group_by_id(self, number):
        return next(iter(await self._answer([number], lambda _: ())), None)

    async def search(self, query, *, limit, include_closed):
        return await self._answer([query], lambda _: ())

    async def _answer(self, wanted, names):
        await trio.lowlevel.checkpoint()
        if wanted and self.silent:
            await self._released.wait()
        if wanted and self.failure is not None:
            raise self.failure
        return [market for market in MARKETS if not set(wanted).isdisjoint(names(market))]


@attrs.frozen
class Desk:
    """A running service, its venue and its catalogue; these two are None on a sandbox."""

    service: object
    venue: MemoryVenue
    catalog: FakeCatalog

    @asynccontextmanager
    async def wire(self):
        """An MCP transport to a server of its own: the SDK's real loop, without a process."""
        async with (
            create_client_server_memory_streams() as (client, server),
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(run_mcp, self.service, *server)
            yield client
            await client[1].aclose()

    @asynccontextmanager
    async def connect(self, mode="legacy"):
        """A client, and where its notifications go."""
        inbox = Inbox()
        async with Client(
            self.wire(),
            mode=mode,
            logging_callback=inbox.take_message,
            message_handler=inbox.take_other,
        ) as client:
            yield client, inbox


@asynccontextmanager
async def open_desk(**settings):
    venue, catalog = MemoryVenue(), FakeCatalog()
    async with open_service(
        Settings(**settings), open_stream=venue.open_stream, uniform=lambda low, high: high
    ) as service:
        yield Desk(attrs.evolve(service, catalog=catalog), venue, catalog)


@asynccontextmanager
async def open_listed_desk(**settings):
    """A desk whose catalogue and REST are the venue's own in memory, with one market listed."""
    venue = MemoryVenue()
    venue.list_market("Will it rain?", {"Yes": YES, "No": NO}, slug="will-it-rain")
    async with open_service(
        Settings(**settings), open_stream=venue.open_stream, transport=venue.transport
    ) as service:
        yield Desk(service, venue, None)


@asynccontextmanager
async def open_sandbox_desk(*, credentials=False, config=None, **settings):
    """A sandbox in which nothing moves by itself, and a desk for clients of it."""
    async with open_sandbox(config or SandboxConfig(rate=0)) as sandbox:
        if credentials:
            keys = sandbox.credentials
            settings["credentials"] = Credentials(
                api_key=Secret(keys.api_key),
                secret=Secret(keys.secret),
                passphrase=Secret(keys.passphrase),
            )
        names = ("market", "user", "rtds", "sports", "polybolt", "clob", "gamma")
        urls = {f"{name}_url": getattr(sandbox, f"{name}_url") for name in names}
        knobs = {"backoff_initial": 0.02, "notify_interval": 0.02} | urls | settings
        async with open_service(Settings(**knobs)) as service:
            yield sandbox, Desk(service, None, None)


class Inbox:
    """What a client was told without asking."""

    def __init__(self):
        self._messages_in, self.messages = trio.open_memory_channel(math.inf)
        self._updates_in, self.updates = trio.open_memory_channel(math.inf)

    async def take_message(self, params):
        self._messages_in.send_nowait(params)

    async def take_other(self, message):
        if isinstance(message, types.ResourceUpdatedNotification):
            self._updates_in.send_nowait(message.params.uri)

    async def message(self):
        with trio.fail_after(5):
            return await self.messages.receive()

    async def data(self, type_):
        """The data of the next event of a type; others before it are skipped."""
        while (data := (await self.message()).data)["type"] != type_:
            pass
        return data

    async def update(self):
        with trio.fail_after(5):
            return await self.updates.receive()

    def pending(self):
        """How many messages and updates are there."""
        return tuple(
            channel.statistics().current_buffer_used for channel in (self.messages, self.updates)
        )


async def call(client, name, **arguments):
    """The structured result of a tool."""
    with trio.fail_after(60):
        result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refused(client, name, **arguments):
    """What a tool that failed says, and what it says to do, as one text."""
    facts = await failure(client, name, **arguments)
    return "\n".join(filter(None, (facts["message"], facts["hint"])))


async def failure(client, name, **arguments):
    """The error of a tool that failed: `code`, `message`, `retryable`, `hint`."""
    with trio.fail_after(60):
        result = await client.call_tool(name, arguments)
    assert result.is_error
    assert result.structured_content is None
    facts = json.loads(result.content[0].text)
    assert set(facts) == {"code", "message", "retryable", "hint"}
    return facts


def book(bid="0.40", ask="0.42", asset_id=YES, **fields):
    """A book of three levels a side, whose best ones are given."""
    rest = [("0.30", "7"), ("0.20", "8")], [("0.60", "7"), ("0.70", "8")]
    bids, asks = ([(best, "10"), *more] for best, more in zip((bid, ask), rest, strict=True))
    return make_book(asset_id, bids=bids, asks=asks, **fields)


def best_bid(price, asset_id=YES):
    """A change that makes this the best bid."""
    return make_price_change((asset_id, "BUY", price, "5"))


def announcement(number):
    """The frame of a new market."""
    condition = f"0x{number:064x}"
    return {
        "event_type": "new_market",
        "id": str(number),
        "market": condition,
        "condition_id": condition,
        "question": f"Will {number} come?",
        "slug": f"market-{number}",
        "assets_ids": [str(10**70 + number), str(10**71 + number)],
        "clob_token_ids": [str(10**70 + number), str(10**71 + number)],
        "outcomes": ["Yes", "No"],
        "timestamp": "1700000000000",
        "active": True,
    }
