"""The user channel over a venue in memory, with REST answers that a test writes down."""

from __future__ import annotations

from contextlib import asynccontextmanager

import attrs
import trio

from polymarket_realtime._codec.user import structure_order, structure_trade
from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.credentials import OWN_KEY_MASK, Credentials, Secret
from polymarket_realtime._model.events import USER_FEED
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._venue.endpoints import user_endpoint
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime.settings import Settings
from polymarket_realtime.testing import MARKET, MemoryVenue

KEY = "12345678-aaaa-bbbb-cccc-1234567890ab"
CREDENTIALS = Credentials(
    api_key=Secret(KEY),
    secret=Secret("c2VjcmV0LXNlY3JldC1zZWNyZXQ="),
    passphrase=Secret("pass" * 8),
)
TOKEN = "5" * 77
OTHER_MARKET = "0x" + "d1" * 32


def order_row(order_id: str, *, filled: str = "0", status: str = "LIVE", **more: str) -> dict:
    """An order as both the channel and REST spell it."""
    return {
        "id": order_id,
        "owner": KEY,
        "market": MARKET,
        "asset_id": TOKEN,
        "side": "BUY",
        "price": "0.5",
        "original_size": "10",
        "size_matched": filled,
        "status": status,
        "outcome": "Yes",
        "order_type": "GTC",
        "created_at": "1700000000",
        **more,
    }


def order_frame(order_id: str, action: str = "PLACEMENT", **more: str) -> dict:
    return order_row(order_id, **more) | {"event_type": "order", "type": action}


def trade_row(trade_id: str, order_id: str, status: str = "MATCHED", **more: object) -> dict:
    """A trade that one took."""
    return {
        "id": trade_id,
        "taker_order_id": order_id,
        "market": MARKET,
        "asset_id": TOKEN,
        "side": "BUY",
        "size": "10",
        "price": "0.5",
        "status": status,
        "owner": KEY,
        "trader_side": "TAKER",
        "maker_orders": [],
        **more,
    }


def trade_frame(trade_id: str, order_id: str, status: str = "MATCHED", **more: object) -> dict:
    return trade_row(trade_id, order_id, status, **more) | {"event_type": "trade", "type": "TRADE"}


@attrs.define
class WrittenApi:
    """Answers like `AccountApi`, from what the test has written down.

    Attributes:
        failures: Raised one by one, by whatever is asked, before anything is answered.
        refused: Raised by everything that is asked, while it is set.
        asked: What was asked, and when on Trio's clock.
    """

    credentials: Credentials | None = CREDENTIALS
    address: str | None = "0x" + "a" * 40
    clock_offset: float = 0.0
    derives: Credentials | None = None
    orders: dict[str, dict] = attrs.field(factory=dict)
    rows: list[dict] = attrs.field(factory=list)
    failures: list[Exception] = attrs.field(factory=list)
    refused: Exception | None = None
    asked: list[tuple[str, float]] = attrs.field(factory=list)

    async def _answer(self, what: str) -> None:
        await trio.sleep(0.01)
        self.asked.append((what, trio.current_time()))
        if self.refused is not None:
            raise self.refused
        if self.failures:
            raise self.failures.pop(0)

    async def prepare(self) -> Credentials:
        if self.credentials is None:
            await self._answer("prepare")
            self.credentials = self.derives
        return self.credentials

    def scrub_words(self, words: str) -> str:
        return CREDENTIALS.scrub_words(words)

    def forget_derived(self) -> None:
        if self.derives is not None:
            self.credentials = None

    async def check(self) -> None:
        await self._answer("check")

    async def measure_clock(self) -> float:
        await trio.lowlevel.checkpoint()
        return self.clock_offset

    async def open_orders(self) -> list:
        await self._answer("orders")
        return [_read(structure_order, row) for row in self.orders.values() if _is_open(row)]

    async def order(self, order_id: str) -> object:
        await self._answer("order")
        row = self.orders.get(order_id)
        return None if row is None else _read(structure_order, row)

    async def trades(self, after: int) -> list:
        await self._answer("trades")
        return [_read(structure_trade, row) for row in self.rows]


def _is_open(row: dict) -> bool:
    return row["status"] == "LIVE"


def _read(structure: object, row: dict) -> object:
    return structure({**row, "owner": OWN_KEY_MASK})


@attrs.define
class AccountDesk:
    """What a test needs at hand."""

    venue: MemoryVenue
    api: WrittenApi
    ledger: AccountLedger
    authentication: Authentication
    pool: Pool
    hub: Hub

    def subscribe(self, *topics):
        return self.hub.subscribe(*topics)

    async def accept(self):
        """The next connection, after its two opening frames."""
        with trio.fail_after(1000):
            connection = await self.venue.accept()
            assert (await connection.next_frame())["type"] == "user"
            assert await connection.next_frame() == "PING"
        return connection


@asynccontextmanager
async def open_account_desk(**settings):
    settings = Settings(backoff_jitter=0.0, **settings)
    venue, api, ledger, authentication = (
        MemoryVenue(),
        WrittenApi(),
        AccountLedger(),
        Authentication(),
    )
    authentication.configured(0.0)
    endpoint = user_endpoint(settings, api, ledger, authentication, lambda low, high: high)
    pool = Pool(endpoint, Interest(), venue.open_stream, lambda low, high: high)
    hub = Hub(Known(ledger=ledger), {USER_FEED: pool.interest})
    events_in, events_out = trio.open_memory_channel(16)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run, events_out)
        nursery.start_soon(pool.run, events_in)
        yield AccountDesk(venue, api, ledger, authentication, pool, hub)
        nursery.cancel_scope.cancel()
