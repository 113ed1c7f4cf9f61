"""The faults of the matrix: how each is made, and what may be expected of a service that has it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from decimal import Decimal

import attrs
import trio
from trust_world import World

from polymarket_realtime import AssetId, AssetState
from polymarket_realtime.sandbox import Sandbox
from polymarket_realtime.sandbox.connection import Close, MarketConnection

__all__ = ["INJECTED_AT", "ROWS", "Row"]

INJECTED_AT = 40.0
"""Seconds of peace, in which tokens show how busy they are."""

LOST = frozenset({AssetState.OUT_OF_SYNC, AssetState.RESYNCING})
STUCK = LOST | {AssetState.FROZEN, AssetState.CONNECTING}
S = AssetState


@attrs.frozen(kw_only=True)
class Row:
    """One fault.

    Attributes:
        inject: Makes it.
        before: Makes it before anybody listens, in place of `inject`.
        lasts: Seconds until it is healed; 0 for one that is over at once.
        affects: Whose tokens have it: those of one connection, one token, the silent ones or none.
        bound: Seconds for which a wrong book may be shown as trusted, at most.
        told_within: Seconds until the affected tokens that trade have left trust.
        states: All states that the affected may be in because of it.
        must: The state that those that trade are told of.
        reason: Words of it.
        recovered_within: Seconds after the end of the fault until everything is right.
        gap: Whether something is missed, so that a gap has to be told.
    """

    name: str
    inject: Callable[[World], Awaitable[None]] | None = None
    before: Callable[[Sandbox, list[AssetId]], None] | None = None
    lasts: float = 0.0
    affects: str = "connection"
    bound: float = 0.5
    told_within: float = 1.0
    states: frozenset[AssetState] = LOST
    must: AssetState | None = S.OUT_OF_SYNC
    reason: str = ""
    recovered_within: float = 5.0
    gap: bool = True

    def affected(self, world: World) -> tuple[AssetId, ...]:
        match self.affects:
            case "connection":
                return world.first_connection
            case "token":
                return world.busy[:1]
            case "market":
                return world.busy[:2]
            case "silent":
                return world.silent
            case _:
                return ()


def switch(act: Callable[[World], object]) -> Callable[[World], Awaitable[None]]:
    """What takes effect at once."""

    async def inject(world: World) -> None:
        act(world)

    return inject


def aimed(act: Callable[[World], object]) -> Callable[[World], Awaitable[None]]:
    """The same, of the connection only that was dialled first."""

    def inject(world: World) -> None:
        world.sandbox.faults.aim(_port_of_first(world))
        act(world)

    return switch(inject)


def _port_of_first(world: World) -> int:
    """Ports rise, as the numbers of connections do, in the order of the dials."""
    return min(world.sandbox.faults.ports)


def close_cleanly(world: World) -> None:
    connections = world.sandbox._connections.of_kind(MarketConnection)
    next(iter(connections)).close(Close(1001, "going away"))


async def storm(world: World) -> None:
    """The connection is lost again and again, as soon as it is back."""
    faults = world.sandbox.faults
    spared = sorted(faults.ports)[1:]
    with trio.move_on_after(15):
        while True:
            faults.aim(*(port for port in faults.ports if port not in spared))
            faults.cut()
            await trio.sleep(0.7)


def lose_the_best_bid(world: World) -> None:
    """The best level goes, and only the next change shows that something is wrong."""
    token = world.busy[0]
    best = world.sandbox.exchange.book(token)["bids"][-1]
    world.sandbox.feed_faults.lose(token)
    world.sandbox.exchange.cancel(token, "BUY", best["price"])


def corrupt_a_change(world: World) -> None:
    """A change deep in the book, so that no hint or trade comes with it."""
    token, exchange = world.busy[0], world.sandbox.exchange
    world.sandbox.feed_faults.corrupt(token, "field")
    exchange.place(token, "BUY", exchange.book(token)["bids"][0]["price"], "5")


def change_tick(world: World) -> None:
    world.sandbox.exchange.change_tick(world.sandbox.exchange.markets[0].condition_id, "0.001")


def skew(sandbox: Sandbox, _: list[AssetId]) -> None:
    sandbox.clock.offset = 90.0


ROWS = (
    Row(
        name="clean close",
        inject=switch(close_cleanly),
        reason="connection was lost",
    ),
    Row(
        name="TCP drop",
        inject=aimed(lambda world: world.sandbox.faults.cut()),
        reason="connection was lost",
    ),
    Row(
        name="half-open",
        inject=aimed(lambda world: world.sandbox.faults.half_open()),
        lasts=60,
        bound=30.5,
        told_within=31,
        states=STUCK,
        must=S.FROZEN,
        reason="REST has moved on",
    ),
    Row(
        name="freeze with PONG",
        inject=aimed(lambda world: world.sandbox.faults.freeze()),
        lasts=60,
        bound=20,
        told_within=20,
        states=STUCK,
        must=S.FROZEN,
        reason="REST has moved on",
    ),
    Row(
        name="freeze of one token",
        inject=switch(
            lambda world: world.sandbox.feed_faults.freeze(world.busy[0], cure="reconnect")
        ),
        affects="token",
        bound=20,
        told_within=20,
        states=STUCK,
        must=S.FROZEN,
        reason="REST has moved on",
        recovered_within=30,
    ),
    Row(
        name="never-delivered token",
        before=lambda sandbox, tokens: sandbox.feed_faults.freeze(tokens[0], cure="heal"),
        lasts=40,
        affects="token",
        told_within=12,
        states=STUCK,
        must=S.FROZEN,
        reason="does not come, though REST has one",
        recovered_within=30,
        gap=False,
    ),
    Row(
        name="slow server",
        inject=aimed(lambda world: world.sandbox.faults.delay(8)),
        lasts=30,
        bound=12,
        told_within=12,
        states=frozenset({S.SUSPECT, S.FROZEN}) | LOST,
        must=S.SUSPECT,
        reason=r"frames come \d+\.\d s late",
        recovered_within=20,
        gap=False,
    ),
    Row(
        name="duplicated frames",
        inject=switch(lambda world: world.sandbox.feed_faults.duplicate(0.5, random.Random(1))),
        lasts=30,
        affects="none",
        must=None,
        gap=False,
    ),
    Row(
        name="late frames",
        inject=switch(lambda world: world.sandbox.feed_faults.hold_back(world.busy[0])),
        affects="market",
        bound=20,
        told_within=20,
        reason="ms too late|its top is not the venue's|crossed|never came",
        recovered_within=25,
    ),
    Row(
        name="lost price_change",
        inject=switch(lose_the_best_bid),
        affects="token",
        bound=5,
        told_within=5,
        reason="its top is not the venue's|crossed|never came",
        recovered_within=10,
    ),
    Row(
        name="corrupted frame",
        inject=switch(corrupt_a_change),
        affects="token",
        bound=0.5,
        told_within=5,
        reason="malformed",
        recovered_within=10,
    ),
    Row(
        name="tick change",
        inject=switch(change_tick),
        affects="market",
        reason="the tick size changed from 0.01 to 0.001",
    ),
    Row(
        name="reconnect storm",
        inject=storm,
        states=STUCK,
        told_within=2,
        reason="connection was lost",
        recovered_within=70,
    ),
    Row(
        name="clock skew",
        before=skew,
        affects="none",
        must=None,
        gap=False,
    ),
    Row(
        name="REST down",
        inject=switch(lambda world: world.sandbox.rest_faults.down()),
        lasts=130,
        affects="silent",
        told_within=126,
        states=frozenset({S.SUSPECT}),
        must=S.SUSPECT,
        reason="silent for .*, and REST cannot be asked: HTTP 503",
        recovered_within=70,
        gap=False,
    ),
    Row(
        name="REST stale",
        inject=switch(lambda world: world.sandbox.rest_faults.stale()),
        lasts=130,
        affects="silent",
        told_within=126,
        states=frozenset({S.SUSPECT}),
        must=S.SUSPECT,
        reason="what it shows is .* old",
        recovered_within=70,
        gap=False,
    ),
    Row(
        name="REST rate limited",
        inject=switch(lambda world: world.sandbox.rest_faults.limit(20)),
        lasts=130,
        affects="silent",
        told_within=126,
        states=frozenset({S.SUSPECT}),
        must=S.SUSPECT,
        reason="REST cannot be asked: HTTP 429",
        recovered_within=90,
        gap=False,
    ),
)


def spread(world: World, token: AssetId) -> Decimal:
    """The exchange's own."""
    book = world.sandbox.exchange.book(token)
    return Decimal(book["asks"][-1]["price"]) - Decimal(book["bids"][-1]["price"])
