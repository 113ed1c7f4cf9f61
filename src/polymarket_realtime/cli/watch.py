"""`watch`: prices as they move, for people and for pipes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, Never

import trio
from rich.console import Console
from rich.live import Live

from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime._codec.describe import describe, short_id
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.topics import AssetTopic, PriceTopic, TradeTopic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.sandbox import Exchange, Sandbox
from polymarket_realtime.service import Service, open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .watch_table import WatchState, draw_table, printable

__all__ = ["watch"]

_SHORTEST: Final = 0.2
"""Seconds between two drawings, at least."""

_LONGEST: Final = 1.0
"""Seconds between two drawings, at most: ages grow by themselves."""


async def watch(identifiers: Sequence[str], options: VenueOptions, *, json: bool) -> None:
    """Show the prices of some tokens until cancelled, or until nobody reads stdout any more.

    Raises:
        CommandFailed: There is nothing to watch.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier.
    """
    if not identifiers and not options.sandbox:
        raise CommandFailed("watch what? Pass token ids or condition ids, or --sandbox")
    async with (
        open_venue(options) as (settings, sandbox),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Looking the tokens up"):
            found = await service.resolve(identifiers or _first_outcomes(sandbox))
        assets = list({asset.asset_id: asset for asset in found}.values())
        console = Console()
        # Rich would also take a pipe for a terminal if the environment says so.
        if sys.stdout.isatty() and console.is_interactive and not json:
            await _show_table(service, assets, console)
        with suppress(BrokenPipeError):
            if not json:
                await _write("".join(map(_legend, assets)))
            await _write_events(service, assets, encode_json if json else _timed)


def _first_outcomes(sandbox: Sandbox | None) -> list[str]:
    """One token of each market: the other one's prices are its mirror image."""
    assert sandbox is not None
    assert isinstance(sandbox.exchange, Exchange)
    return [market.token_ids[0] for market in sandbox.exchange.markets]


async def _show_table(service: Service, assets: Sequence[ResolvedAsset], console: Console) -> Never:
    """Draw a table in place, whenever something has changed."""
    state, changed = WatchState(assets), Wakeup()
    with (
        service.subscribe(*(AssetTopic(each.asset_id) for each in assets)) as subscription,
        Live(console=console, auto_refresh=False) as live,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, state, subscription, changed, name="feed the table")
            while True:
                table = draw_table(state, time.time(), service.settings.market_url, console.width)
                # A thread, because a terminal may take its time and the feed must not wait.
                await trio.to_thread.run_sync(partial(live.update, table, refresh=True))
                await trio.sleep(_SHORTEST)
                with trio.move_on_after(_LONGEST - _SHORTEST):
                    await changed.wait()


async def _feed(state: WatchState, subscription: Subscription, changed: Wakeup) -> None:
    async for event in subscription:
        state.take(event)
        changed.ring()


async def _write_events(
    service: Service, assets: Sequence[ResolvedAsset], render: Callable[[Event], str]
) -> None:
    """Write prices, trades and what happens to the feed, one event a line.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    ids = [asset.asset_id for asset in assets]
    topics = [topic(asset_id) for asset_id in ids for topic in (PriceTopic, TradeTopic)]
    with service.subscribe(*topics) as subscription:
        while True:
            batch = await subscription.receive_batch()
            await _write("".join(f"{render(event)}\n" for event in batch))


async def _write(text: str) -> None:
    """Write to stdout without making the feed wait for whoever reads it.

    The thread is left behind when cancelled; it holds no lock that the exit would wait for.
    """
    await trio.to_thread.run_sync(_write_all, text.encode(), abandon_on_cancel=True)


def _write_all(data: bytes) -> None:
    fd = sys.stdout.fileno()
    while data:
        data = data[os.write(fd, data) :]


def _timed(event: Event) -> str:
    time_of_day = event.received_at.time().isoformat("milliseconds")
    return f"{time_of_day} {printable(describe(event))}"


def _legend(asset: ResolvedAsset) -> str:
    name = f"{asset.outcome}: {asset.question}" if asset.question else asset.asset_id
    return f"{short_id(asset.asset_id)} is {printable(name)}\n"
