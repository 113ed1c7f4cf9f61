"""A service on the built-in exchange, in virtual time, with the exchange's own books as the judge.

A reader takes every event and keeps books and states of its own from nothing else, so what is
judged is what is said in band.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import zip_longest
from typing import Any

import attrs
import trio
import trio.testing

from polymarket_realtime import (
    AssetId,
    AssetState,
    AssetTopic,
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    MarketEvent,
    Overflow,
    Resynced,
    Service,
    StateChanged,
    Subscription,
    open_service,
)
from polymarket_realtime.sandbox import MemorySandbox, Sandbox, SandboxConfig, open_memory_sandbox
from polymarket_realtime.sandbox.books import ONE, SHARE
from polymarket_realtime.sandbox.connection import MarketConnection
from virtual.virtual_sandbox import T0, asgi_transport, settings_of_memory

__all__ = ["Judge", "Reader", "World", "open_world", "seconds"]

STEP = 0.25
"""Seconds between two looks of the judge."""

TRUSTED = frozenset({AssetState.LIVE, AssetState.QUIET})

Levels = dict[int, int]
"""Sizes in millionths of a share by prices in ten-thousandths."""


def seconds(wall: float) -> float:
    """A wall time on Trio's clock."""
    return wall - T0


class Reader:
    """What somebody knows who reads the events and nothing else.

    Attributes:
        events: All of them, in order.
        states: By token, the latest.
        books: By token, bids and asks.
    """

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self.events: list[Event] = []
        self.states: dict[AssetId, AssetState] = defaultdict(lambda: AssetState.CONNECTING)
        self.books: dict[AssetId, tuple[Levels, Levels]] = {}

    def read(self) -> None:
        """Take what is there."""
        for event in self._subscription.receive_nowait():
            self.events.append(event)
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, MarketEvent):
            self.states[event.asset_id] = event.state
        if isinstance(event, StateChanged):
            self.states[event.asset_id] = event.state
        elif isinstance(event, BookSnapshot):
            self.books[event.asset_id] = (_integers(event.wire_bids), _integers(event.wire_asks))
        elif isinstance(event, BookDelta):
            bids, asks = self.books[event.asset_id]
            for side, price, size in event.wire_changes:
                levels = bids if side == "BUY" else asks
                levels |= _integers([(price, size)])
                if not levels[_scaled(price, ONE)]:
                    del levels[_scaled(price, ONE)]

    def of(self, kind: type[Any], asset_id: AssetId | None = None) -> list[Any]:
        """The events of a kind, of one token if asked for."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and (asset_id is None or asset_id in event.routes)
        ]

    def told(self, asset_id: AssetId) -> list[tuple[float, AssetState, str]]:
        """When the token entered which state, and why."""
        changes = self.of(StateChanged, asset_id)
        return [(seconds(each.received), each.state, each.reason) for each in changes]


def _integers(levels: Iterable[tuple[str, str]]) -> Levels:
    return {_scaled(price, ONE): _scaled(size, SHARE) for price, size in levels}


def _scaled(text: str, unit: int) -> int:
    whole, _, decimals = text.partition(".")
    places = len(str(unit)) - 1
    return int(whole or "0") * unit + int(f"{decimals:0<{places}}")


@attrs.define
class Spell:
    """A time in which a reader was shown a wrong book."""

    asset_id: AssetId
    begin: float
    end: float
    state: AssetState


@attrs.define
class Judge:
    """Compares what the reader was shown with the exchange's books, every quarter of a second.

    Attributes:
        spells: The times in which a trusted book was wrong.
        wrong: When each token's book was wrong at all, trusted or not: first and last time.
    """

    sandbox: Sandbox
    reader: Reader
    assets: tuple[AssetId, ...]
    spells: list[Spell] = attrs.field(factory=list)
    wrong: dict[AssetId, list[float]] = attrs.field(factory=dict)
    _now: dict[AssetId, Spell] = attrs.field(factory=dict)

    async def run(self) -> None:
        places = {
            token: (market, outcome)
            for market in self.sandbox.exchange.markets
            for outcome, token in enumerate(market.token_ids)
        }
        while True:
            await trio.sleep(STEP)
            # What happens at this very moment is on its way for no time at all.
            await trio.testing.wait_all_tasks_blocked(0.0)
            self.reader.read()
            for asset_id in self.assets:
                market, outcome = places[asset_id]
                view = market.book.view(outcome)
                self._look(asset_id, (view.bids, view.asks))

    def _look(self, asset_id: AssetId, true: tuple[Levels, Levels]) -> None:
        now, state = trio.current_time(), self.reader.states[asset_id]
        if self.reader.books.get(asset_id) == true:
            self._now.pop(asset_id, None)
            return
        first, _ = self.wrong.get(asset_id, (now, now))
        self.wrong[asset_id] = [first, now]
        spell = self._now.get(asset_id)
        if state not in TRUSTED:
            self._now.pop(asset_id, None)
        elif spell is None or spell.state is not state:
            self._now[asset_id] = spell = Spell(asset_id, now - STEP, now, state)
            self.spells.append(spell)
        else:
            spell.end = now

    def longest(self, *states: AssetState) -> float:
        """Seconds for which a wrong book was shown as trusted, at most, in these states."""
        spans = [each.end - each.begin for each in self.spells if each.state in states]
        return max(spans, default=0.0)

    def is_right(self) -> bool:
        """Whether every token is trusted now, and equal to the exchange's."""
        return not self._now and all(self.reader.states[each] in TRUSTED for each in self.assets)


@attrs.define
class World:
    """What a test holds.

    Attributes:
        busy: Tokens of markets that trade all the time, market by market.
        silent: Tokens of markets that nobody trades.
    """

    memory: MemorySandbox
    service: Service
    reader: Reader
    judge: Judge
    busy: tuple[AssetId, ...]
    silent: tuple[AssetId, ...]

    @property
    def sandbox(self) -> Sandbox:
        return self.memory.sandbox

    @property
    def first_connection(self) -> tuple[AssetId, ...]:
        """What the connection carries that was opened first, by the venue's own account."""
        first = next(self.sandbox._connections.of_kind(MarketConnection))
        return tuple(each for each in (*self.busy, *self.silent) if each in first.tokens)

    def heal(self) -> None:
        self.sandbox.faults.heal()
        self.sandbox.feed_faults.heal()
        self.sandbox.rest_faults.heal()

    async def until_right(self, patience: float) -> float:
        """Wait until everything is trusted and equal; how long that took."""
        began = trio.current_time()
        with trio.fail_after(patience):
            while True:
                await trio.sleep(STEP)
                await trio.testing.wait_all_tasks_blocked(0.0)
                if self.judge.is_right():
                    return trio.current_time() - began


@asynccontextmanager
async def open_world(
    *,
    seed: int = 1,
    rate: float = 8.0,
    busy: int = 2,
    silent: int = 2,
    before: Any = None,
    judged: bool = True,
    **settings: Any,
) -> AsyncIterator[World]:
    """A service that listens to some markets, and a judge.

    Args:
        seed: Of the order flow.
        rate: Steps of it a second, over all markets.
        busy: How many markets that trade.
        silent: How many that do not.
        before: Called with the sandbox and the tokens before anybody listens.
        judged: Whether the judge is there, who looks every quarter of a second.
        **settings: Of the service; four tokens a connection unless given.
    """
    config = SandboxConfig(
        rate=rate, seed=seed, lifecycle=False, account=False, price_interval=3600.0
    )
    knobs: dict[str, Any] = {"assets_per_connection": 4, "backoff_jitter": 0.0} | settings
    async with open_memory_sandbox(config) as memory:
        exchange = memory.sandbox.exchange
        # Of those at the edge the tick size would change by itself.
        markets = [m for m in exchange.markets if 2_000 < m.anchor < 8_000][:busy]
        trading = [AssetId(t) for m in markets for t in m.token_ids]
        labels = [f"Nobody {number}" for number in range(silent)]
        thin = exchange.create_event("nobody-trades", "Who trades?", labels) if silent else ()
        still = [AssetId(t) for m in thin for t in m.token_ids]
        if before is not None:
            before(memory.sandbox, trading)
        async with open_service(
            settings_of_memory(memory, **knobs),
            open_stream=memory.open_stream,
            transport=asgi_transport(memory.app),
        ) as service:
            everything = (*trading, *still)
            # By turns, so that each connection carries some that trade and some that do not.
            pairs = zip_longest(_markets_of(trading), _markets_of(still), fillvalue=())
            mixed = [token for pair in pairs for market in pair for token in market]
            with service.subscribe(
                *map(AssetTopic, mixed), overflow=Overflow.DROP_OLDEST, capacity=1 << 20
            ) as subscription:
                reader = Reader(subscription)
                judge = Judge(memory.sandbox, reader, everything)
                async with trio.open_nursery() as nursery:
                    if judged:
                        nursery.start_soon(judge.run)
                    yield World(memory, service, reader, judge, tuple(trading), tuple(still))
                    nursery.cancel_scope.cancel()


def _markets_of(tokens: list[AssetId]) -> list[list[AssetId]]:
    return [tokens[at : at + 2] for at in range(0, len(tokens), 2)]


def gaps_of(reader: Reader, asset_id: AssetId) -> list[Gap]:
    """The gaps that were told of one token."""
    return [each for each in reader.of(Gap) if asset_id in each.asset_ids]


def resyncs_of(reader: Reader, asset_id: AssetId) -> list[Resynced]:
    """How often it came back."""
    return reader.of(Resynced, asset_id)
