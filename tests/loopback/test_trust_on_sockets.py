"""Each fault on real sockets: what is told of it, and the exchange's own books in the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio
from sandbox_settings import settings_of

from polymarket_realtime import (
    AssetId,
    AssetState,
    AssetTopic,
    Event,
    Gap,
    Overflow,
    Service,
    StateChanged,
    Subscription,
    open_service,
)
from polymarket_realtime._protocol import ladder, mending, questions, testimony
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

S = AssetState
TRUSTED = frozenset({S.LIVE, S.QUIET})

PATIENCE = 20.0
"""Seconds for all of a test; it takes one or two, and five on a busy machine."""

QUICK = {
    "silence_minimum": 0.2,
    "silence_maximum": 0.4,
    "quiet_interval": 0.6,
    "first_book_timeout": 0.4,
    "ping_interval": 0.2,
    "ping_timeout": 0.6,
    "open_timeout": 1.0,
    "witness_budget": 1000,
}


@pytest.fixture(autouse=True)
def _quick_remedies(monkeypatch) -> None:
    """What is no setting: two graces of 2 s, and the 5 to 20 s that a remedy or REST is given.

    They suit the venue, and nobody should change them; here they would cost ten seconds a test.
    """
    monkeypatch.setattr(testimony, "_GRACE", 0.2)
    monkeypatch.setattr(mending, "_SILENT_TOO", 0.1)
    monkeypatch.setattr(ladder, "_WAITS", (0.3, 0.5, 0.5))
    monkeypatch.setattr(questions, "_FIRST_RETRY", 0.3)


class World:
    """A service that listens to two markets, and the exchange that is the judge."""

    def __init__(self, sandbox: Sandbox, service: Service, events: Subscription) -> None:
        self.sandbox, self.service = sandbox, service
        self.told: list[Event] = []
        self._events = events
        self.assets = assets_of(sandbox)

    @property
    def exchange(self) -> Any:
        return self.sandbox.exchange

    def change(self, asset: AssetId) -> None:
        """A level deep in the book gets more."""
        price = self.exchange.book(asset)["bids"][0]["price"]
        self.exchange.place(asset, "BUY", price, "5")

    def states(self, asset: AssetId) -> list[AssetState]:
        self.told += self._events.receive_nowait()
        changes = [e for e in self.told if isinstance(e, StateChanged) and e.asset_id == asset]
        return [event.state for event in changes]

    def gaps(self, asset: AssetId) -> list[Gap]:
        self.told += self._events.receive_nowait()
        return [e for e in self.told if isinstance(e, Gap) and asset in e.asset_ids]

    async def gap(self, asset: AssetId) -> Gap:
        """The only one that is told of a token; books are right a moment before it is heard."""
        await self.until(lambda: self.gaps(asset))
        (gap,) = self.gaps(asset)
        return gap

    def forget(self) -> None:
        self.told += self._events.receive_nowait()
        self.told.clear()

    def is_right(self) -> bool:
        return all(
            self.service.standing(asset).state in TRUSTED
            and shown(self.service, asset) == real(self.sandbox, asset)
            for asset in self.assets
        )

    async def until(
        self, happened: Callable[[], object], meanwhile: Callable[[], object] = bool
    ) -> None:
        """Look every hundredth of a second, and do something in between."""
        while not happened():  # nobody rings when all is right
            meanwhile()
            await trio.sleep(0.01)

    async def until_right(self) -> None:
        """Wait until every book is trusted, and is the exchange's own."""
        await self.until(self.is_right)

    async def until_told(self, asset: AssetId, state: AssetState) -> None:
        await self.until(lambda: state in self.states(asset))


def assets_of(sandbox: Sandbox) -> list[AssetId]:
    """Of two markets that are not at the edge, where the tick size would change by itself."""
    markets = [m for m in sandbox.exchange.markets if 2_000 < m.anchor < 8_000][:2]
    return [AssetId(token) for market in markets for token in market.token_ids]


Sides = list[dict[Decimal, Decimal]]


def real(sandbox: Sandbox, asset: AssetId) -> Sides:
    book = sandbox.exchange.book(asset)
    return [
        {Decimal(level["price"]): Decimal(level["size"]) for level in book[side]}
        for side in ("bids", "asks")
    ]


def shown(service: Service, asset: AssetId) -> Sides:
    book = service.book(asset)
    return [] if book is None else [dict(book.bids), dict(book.asks)]


@asynccontextmanager
async def open_world(before: Callable[[Sandbox], None] | None = None, **settings: Any):
    """Everything is right when the block begins, unless something is broken before it."""
    config = SandboxConfig(rate=0, lifecycle=False, account=False)
    with trio.fail_after(PATIENCE):
        async with open_sandbox(config) as sandbox:
            if before is not None:
                before(sandbox)
            async with open_service(settings_of(sandbox, **(QUICK | settings))) as service:
                topics = map(AssetTopic, assets_of(sandbox))
                with service.subscribe(*topics, overflow=Overflow.RAISE, capacity=10_000) as events:
                    world = World(sandbox, service, events)
                    await service.wait_connected()
                    if before is None:
                        await world.until_right()
                        world.forget()
                    yield world


@pytest.mark.parametrize(
    "end", [lambda sandbox: sandbox.feed_faults.close(), lambda sandbox: sandbox.faults.cut()]
)
async def test_a_lost_connection_is_told_and_its_books_come_back(end):
    async with open_world() as world:
        end(world.sandbox)
        for asset in world.assets:
            await world.until_told(asset, S.OUT_OF_SYNC)
            world.change(asset)
        await world.until_right()
        for asset in world.assets:
            await world.until_told(asset, S.LIVE)
            await world.gap(asset)


async def test_a_connection_on_which_nothing_comes_is_found_out_and_replaced():
    """Frozen, it still answers `PING`; half-open, it says nothing at all."""
    async with open_world(ping_timeout=30.0) as world:
        first, faults = world.assets[0], world.sandbox.faults
        for count, break_it in enumerate((faults.freeze, faults.half_open), 1):
            faults.aim(*faults.ports)
            break_it()
            world.change(first)
            await world.until_told(first, S.FROZEN)
            await world.until_right()
            assert (await world.gap(first)).reason == "REST has moved on"
            assert world.service.status().statistics.trust.remedies["replace"] >= count
            faults.heal()
            world.forget()


async def test_a_connection_that_does_not_answer_is_given_up():
    async with open_world(silence_maximum=30.0, silence_minimum=30.0) as world:
        world.sandbox.faults.aim(*world.sandbox.faults.ports)
        world.sandbox.faults.half_open()
        for asset in world.assets:
            world.change(asset)
            await world.until_told(asset, S.OUT_OF_SYNC)
        await world.until_right()


async def test_a_frozen_token_is_had_anew_and_its_neighbours_do_not_notice():
    """The second time it begins where it left off: it is moved at once."""
    async with open_world() as world:
        frozen, *others = world.assets
        remedies = []
        for cure in ("resubscribe", "reconnect"):
            world.sandbox.feed_faults.freeze(frozen, cure=cure)
            world.change(frozen)
            # Something else flows, so that the connection is not taken for deaf.
            flow = partial(world.change, others[-1])
            await world.until(lambda: S.FROZEN in world.states(frozen), flow)
            await world.until(world.is_right, flow)
            await world.gap(frozen)
            for other in others:
                assert set(world.states(other)) <= TRUSTED
                assert world.gaps(other) == []
            remedies.append(dict(world.service.status().statistics.trust.remedies))
            world.forget()
        assert remedies == [{"resubscribe": 1}, {"resubscribe": 1, "move": 1}]
        assert world.sandbox.statistics().connections_total == 2


async def test_a_token_whose_first_book_does_not_come_is_frozen_until_it_does():
    def hide(sandbox: Sandbox) -> None:
        sandbox.feed_faults.freeze(assets_of(sandbox)[0])

    async with open_world(before=hide) as world:
        hidden = world.assets[0]
        await world.until_told(hidden, S.FROZEN)
        assert "does not come, though REST has one" in world.service.standing(hidden).reason
        assert world.service.book(hidden) is None
        world.sandbox.feed_faults.heal()
        await world.until_right()
        assert world.gaps(hidden) == []


async def test_a_change_that_is_lost_is_found_out_by_the_next_one_or_by_rest():
    async with open_world() as world:
        asset = world.assets[0]
        world.sandbox.feed_faults.lose(asset)
        world.change(asset)
        await world.until(lambda: set(world.states(asset)) & {S.FROZEN, S.OUT_OF_SYNC})
        await world.until_right()
        await world.gap(asset)
        world.forget()
        best = world.exchange.book(asset)["bids"][-1]
        world.sandbox.feed_faults.lose(asset)
        world.exchange.cancel(asset, "BUY", best["price"])
        world.change(asset)
        await world.until(lambda: set(world.states(asset)) & {S.FROZEN, S.OUT_OF_SYNC})
        await world.until_right()
        await world.gap(asset)


@pytest.mark.parametrize("how", ["cut", "field"])
async def test_a_corrupted_frame_costs_a_book_its_truth_and_it_is_had_anew(how):
    async with open_world() as world:
        asset = world.assets[0]
        world.sandbox.feed_faults.corrupt(asset, how)
        world.change(asset)
        await world.until_told(asset, S.OUT_OF_SYNC)
        await world.until_right()
        assert "malformed" in (await world.gap(asset)).reason


async def test_silent_tokens_are_suspect_while_rest_is_of_no_use():
    async with open_world() as world:
        faults = world.sandbox.rest_faults
        silent, *_, busy = world.assets
        for break_it, words in (
            (faults.down, "HTTP 503"),
            (faults.stale, " old"),
        ):
            world.forget()
            break_it()
            await world.until(
                lambda: S.SUSPECT in world.states(silent), partial(world.change, busy)
            )
            assert words in world.service.standing(silent).reason
            assert S.SUSPECT not in world.states(busy)
            faults.heal()
            await world.until_right()
            assert world.gaps(silent) == []
