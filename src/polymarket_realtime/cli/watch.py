"""`watch`: prices as they move, for people and for pipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Never

import trio
from rich.console import Console, RenderableType

from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.topics import AssetTopic, PriceTopic, TradeTopic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.sandbox import Exchange, Sandbox
from polymarket_realtime.service import Service, open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .output import is_terminal, show_live, timed, write_stdout
from .text import printable
from .watch_table import WatchState, draw_table

__all__ = ["watch"]


async def watch(identifiers: Sequence[str], options: VenueOptions, *, json: bool) -> None:
    """Show the prices of some tokens until cancelled, or until nobody reads stdout any more.

    Raises:
        CommandFailed: There is nothing to watch.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier.
    """
    if not identifiers and not options.sandbox:
        raise CommandFailed(
            "watch what? Pass token ids or condition ids, or --sandbox; or --orders"
        )
    async with (
        open_venue(options) as (settings, sandbox),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Looking the tokens up"):
            found = await service.resolve(identifiers or _first_outcomes(sandbox))
        assets = list({asset.asset_id: asset for asset in found}.values())
        console = Console()
        if is_terminal(console) and not json:
            await _show_table(service, assets, console)
        with suppress(BrokenPipeError):
            if not json:
                await write_stdout("".join(map(_legend, assets)))
            await _write_events(service, assets, encode_json if json else timed)


def _first_outcomes(sandbox: Sandbox | None) -> list[str]:
    """One token of each market: the other one's prices are its mirror image."""
    assert sandbox is not None
    assert isinstance(sandbox.exchange, Exchange)
    return [market.token_ids[0] for market in sandbox.exchange.markets]


async def _show_table(service: Service, assets: Sequence[ResolvedAsset], console: Console) -> Never:
    """Draw a table in place, whenever something has changed, until cancelled."""
    state, changed = WatchState(assets), Wakeup()

    def draw() -> RenderableType:
        return draw_table(state, time.time(), service.settings.market_url, console.width)

    topics = [AssetTopic(asset.asset_id) for asset in assets]
    with service.subscribe(*topics) as subscription:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, state, subscription, changed, name="feed the table")
            await show_live(console, draw, changed)


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
            await write_stdout("".join(f"{render(event)}\n" for event in batch))


def _legend(asset: ResolvedAsset) -> str:
    name = f"{asset.outcome}: {asset.question}" if asset.question else asset.asset_id
    return f"{short_id(asset.asset_id)} is {printable(name)}\n"
