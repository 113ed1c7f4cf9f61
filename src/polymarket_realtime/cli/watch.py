"""`watch`: prices as they move, for people and for pipes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from rich.console import Console, RenderableType

from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._lookup.resolving import Found, require_open
from polymarket_realtime._model.topics import AssetTopic, PriceTopic, TradeTopic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.following import plan_topics
from polymarket_realtime.service import Service, open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .output import Render, is_terminal, next_events, renderer, show_live, write_lines
from .watch_state import WatchState
from .watch_table import draw_table

if TYPE_CHECKING:
    from polymarket_realtime.sandbox import Sandbox

__all__ = ["first_outcomes", "watch"]


async def watch(identifiers: Sequence[str], options: VenueOptions, *, json: bool) -> None:
    """Show the prices of some tokens until cancelled, or until all of their markets are settled.

    Ends as well when nobody reads stdout any more.

    Raises:
        CommandFailed: There is nothing to watch.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier.
    """
    if not identifiers and not options.sandbox:
        raise CommandFailed(
            "watch what? Pass slugs, links or ids of markets or events; or --sandbox, --feed, "
            "or --orders"
        )
    async with (
        open_venue(options) as (settings, sandbox),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Looking the markets up"):
            found = await service.look_up(identifiers or first_outcomes(sandbox))
        require_open(found)
        console = Console()
        if is_terminal(console) and not json:
            await _show_table(service, found, console)
        else:
            with suppress(BrokenPipeError):
                await _write_events(service, found, renderer(json=json))


def first_outcomes(sandbox: Sandbox | None) -> list[str]:
    """One token of each market: the other one's prices are its mirror image."""
    # Here, because most do not watch a sandbox.
    from polymarket_realtime.sandbox import Exchange  # noqa: PLC0415

    assert sandbox is not None
    assert isinstance(sandbox.exchange, Exchange)
    return [market.token_ids[0] for market in sandbox.exchange.markets]


async def _show_table(service: Service, found: Found, console: Console) -> None:
    """Draw a table in place, whenever something has changed, until all of it is settled."""
    state, changed = WatchState(found), Wakeup()

    def draw() -> RenderableType:
        # What is being done about a token changes without an event.
        for row in state.rows.values():
            row.explain(service.standing(row.asset_id))
        source, size = service.settings.market_url, (console.width, console.height)
        return draw_table(state, time.time(), source, size)

    with service.subscribe(*plan_topics(found, AssetTopic)) as subscription:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, state, subscription, changed, name="feed the table")
            await show_live(console, draw, changed, over=lambda: state.over)


async def _feed(state: WatchState, subscription: Subscription, changed: Wakeup) -> None:
    async for event in subscription:
        state.take(event)
        changed.ring()
    state.over = True
    changed.ring()


async def _write_events(service: Service, found: Found, render: Render) -> None:
    """Write prices, trades and what happens to the feed, one event a line.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    topics = [*plan_topics(found, PriceTopic), *plan_topics(found, TradeTopic)]
    with service.subscribe(*topics) as subscription:
        while events := await next_events(subscription):
            await write_lines(events, render)
