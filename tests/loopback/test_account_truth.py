"""However often a reader is cut off, it ends with the account's own ledger, each news once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest
import trio

from polymarket_realtime import (
    Credentials,
    Event,
    Interrupted,
    OrderUpdate,
    Overflow,
    Reconciled,
    Secret,
    Settings,
    Subscription,
    TradeUpdate,
    UserOrderTopic,
    UserTradeTopic,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

SHARE = 1_000_000
CUTS = 10
REST = 120
"""Steps for which the account leaves an order alone: more than it makes in one gap, because an
order that came and went in a gap without a trade is something the venue tells nobody."""
LONGEST_GAP = 25


@attrs.define
class Reader:
    """What a program knows that believes what it is told."""

    orders: dict[str, OrderUpdate] = attrs.field(factory=dict)
    trades: dict[tuple[str, str | None], TradeUpdate] = attrs.field(factory=dict)
    told: Counter[tuple[str, ...]] = attrs.field(factory=Counter)
    reconciled: list[Reconciled] = attrs.field(factory=list)
    sources: Counter[str] = attrs.field(factory=Counter)
    complete: bool = False
    waiting: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    async def read(self, subscription: Subscription) -> None:
        async for event in subscription:
            self.take(event)
            self.waiting.unpark_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(20):
            while not condition():
                await self.waiting.park()

    def take(self, event: Event) -> None:
        if isinstance(event, OrderUpdate):
            self.orders[event.order_id] = event
            self.told["order", event.order_id, event.status, str(event.filled_size)] += 1
            self.sources[event.source] += 1
        elif isinstance(event, TradeUpdate):
            self.trades[event.trade_id, event.order_id] = event
            self.told["trade", event.trade_id, str(event.order_id), event.status] += 1
            self.sources[event.source] += 1
        elif isinstance(event, Reconciled):
            self.reconciled.append(event)
            self.complete = True
        elif isinstance(event, Interrupted):
            self.complete = False

    def final_orders(self) -> dict[str, tuple[str, Decimal]]:
        return {id_: (update.status, update.filled_size) for id_, update in self.orders.items()}

    def final_trades(self) -> dict[str, tuple[set[str], Decimal]]:
        """Status and shares by trade: one that filled two own orders was told for each."""
        found: dict[str, tuple[set[str], Decimal]] = {}
        for (trade_id, _), update in self.trades.items():
            statuses, size = found.get(trade_id, (set(), Decimal(0)))
            found[trade_id] = statuses | {update.status}, size + update.size
        return found


def ledger_orders(sandbox: Sandbox) -> dict[str, tuple[str, Decimal]]:
    return {o.id: (o.status, Decimal(o.matched) / SHARE) for o in sandbox.account.orders}


def ledger_trades(sandbox: Sandbox) -> dict[str, tuple[set[str], Decimal]]:
    return {t.id: ({t.status}, Decimal(t.share) / SHARE) for t in sandbox.account.trades}


@asynccontextmanager
async def open_account(
    seed: int,
) -> AsyncIterator[tuple[Sandbox, Subscription]]:
    config = SandboxConfig(rate=0, seed=seed, lifecycle=False, account_rest=REST)
    async with open_sandbox(config) as sandbox:
        keys = sandbox.credentials
        settings = Settings(
            market_url=sandbox.market_url,
            user_url=sandbox.user_url,
            clob_url=sandbox.clob_url,
            gamma_url=sandbox.gamma_url,
            credentials=Credentials(
                api_key=Secret(keys.api_key),
                secret=Secret(keys.secret),
                passphrase=Secret(keys.passphrase),
            ),
            address=sandbox.address,
            backoff_initial=0.02,
            backoff_maximum=0.05,
        )
        async with open_service(settings) as service:
            with service.subscribe(
                UserOrderTopic(), UserTradeTopic(), overflow=Overflow.RAISE, capacity=10_000
            ) as subscription:
                yield sandbox, subscription


def size_of(sandbox: Sandbox) -> int:
    return len(sandbox.account.orders) + len(sandbox.account.trades)


async def settle(sandbox: Sandbox, reader: Reader) -> None:
    """Let every trade come to its end, and the reader hear of it."""
    for _ in range(5):
        sandbox.account.settle_trades()
    await reader.until(
        lambda: (
            reader.complete
            and reader.final_orders() == ledger_orders(sandbox)
            and reader.final_trades() == ledger_trades(sandbox)
        )
    )


@pytest.mark.parametrize("patient", [True, False], ids=["between gaps", "in gaps as well"])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_reader_ends_with_the_ledger_though_it_was_cut_off_ten_times(seed, patient):
    chance, reader = random.Random(seed), Reader()
    async with open_account(seed) as (sandbox, subscription), trio.open_nursery() as tasks:
        tasks.start_soon(reader.read, subscription)
        cuts = in_gap = 0
        with trio.fail_after(60):
            while size_of(sandbox) < 200 or cuts < CUTS:
                sandbox.exchange.step()
                sandbox.exchange.account_step()
                whole = reader.complete and len(reader.reconciled) == cuts + 1
                if (whole or not patient) and cuts < CUTS and chance.random() < 0.08:
                    sandbox.faults.cut()
                    cuts += 1
                in_gap = 0 if reader.complete else in_gap + 1
                if in_gap > LONGEST_GAP:
                    await reader.until(lambda: reader.complete)
                for _ in range(chance.randrange(6)):
                    await trio.lowlevel.checkpoint()
        await settle(sandbox, reader)
        tasks.cancel_scope.cancel()
    if patient:
        assert len(reader.reconciled) == CUTS + 1
    # None doubled, none invented, and REST and the channel both had their part.
    assert set(reader.told.values()) == {1}
    orders = {(t.id, t.status, Decimal(t.filled) / SHARE) for t in sandbox.account.history}
    trades = {(t.id, t.status) for t in sandbox.account.history}
    for kind, id_, third, fourth in reader.told:
        if kind == "order":
            assert (id_, third, Decimal(fourth)) in orders
        else:
            assert (id_, fourth) in trades
    assert reader.sources["stream"] > 50
    assert reader.sources["reconciled"] > 10


async def test_without_a_cut_everything_is_told_once_and_in_its_order():
    reader = Reader()
    async with open_account(5) as (sandbox, subscription), trio.open_nursery() as tasks:
        tasks.start_soon(reader.read, subscription)
        with trio.fail_after(30):
            await reader.until(lambda: reader.complete)
            while size_of(sandbox) < 200:
                sandbox.exchange.account_step()
                sandbox.exchange.step()
                await trio.lowlevel.checkpoint()
            await settle(sandbox, reader)
        tasks.cancel_scope.cancel()
    assert reader.sources["reconciled"] == 0
    orders = [(id_, status, filled) for kind, id_, status, filled in reader.told if kind == "order"]
    assert [(id_, status, Decimal(filled)) for id_, status, filled in orders] == [
        (t.id, t.status, Decimal(t.filled) / SHARE)
        for t in sandbox.account.history
        if t.kind == "order"
    ]
    trades = dict.fromkeys((k[1], k[3]) for k in reader.told if k[0] == "trade")
    assert list(trades) == [(t.id, t.status) for t in sandbox.account.history if t.kind == "trade"]
