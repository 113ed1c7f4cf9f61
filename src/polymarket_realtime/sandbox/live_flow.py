"""What happens on the live feeds by themselves, for as long as somebody lets it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NoReturn

import trio

from .exchange import Exchange
from .forum import SMALL_TALK
from .live import LiveDesk

__all__ = ["run_live"]

TALK_INTERVAL = 8.0
GAME_INTERVAL = 4.0
"""Seconds between two remarks, and between two scores, on average."""


async def run_live(desk: LiveDesk, exchange: Exchange, price_interval: float) -> NoReturn:
    """Move prices every so often, and let people talk and games go on at random moments."""

    def talk() -> None:
        if desk.forum.comments and chance.random() < 0.4:
            desk.react(chance.choice(list(desk.forum.comments)))
        else:
            event = chance.choice(exchange.markets).event
            desk.comment(chance.choice(SMALL_TALK), event_id=event.id)

    def play() -> None:
        desk.sports.tell(desk.scoreboard.advance(chance))

    chance = random.Random(f"{desk.seed}/live/flow")  # noqa: S311 - a game of chance
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_repeat, desk.tick, lambda: price_interval)
        nursery.start_soon(_repeat, talk, lambda: chance.expovariate(1 / TALK_INTERVAL))
        await _repeat(play, lambda: chance.expovariate(1 / GAME_INTERVAL))


async def _repeat(act: Callable[[], None], pause: Callable[[], float]) -> NoReturn:
    """Act after each pause, in seconds; a pause that was missed is not made up for."""
    while True:
        await trio.sleep(pause())
        act()
