"""`watch --orders`: one's own orders and trades, for people and for pipes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Never

import attrs
import trio
from rich.console import Console, RenderableType

from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.feed import Dropped
from polymarket_realtime._model.ids import ConditionId
from polymarket_realtime._model.topics import UserOrderTopic, UserTradeTopic
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.service import Service, open_service

from .exits import say
from .options import VenueOptions, open_venue
from .orders_state import OrdersState
from .orders_view import draw_orders
from .output import Render, is_terminal, next_events, renderer, show_live, write_lines
from .text import printable

__all__ = ["watch_orders"]

_GLANCE: Final = 0.25
"""Seconds between two looks at how it stands with the credentials."""


async def watch_orders(identifiers: Sequence[str], options: VenueOptions, *, json: bool) -> None:
    """Show the account's orders and trades until cancelled, or until nobody reads stdout.

    Args:
        identifiers: Of the markets to show; all if there are none.
        options: Where the data comes from.
        json: Whether to write JSON instead of text, on a terminal too.

    Raises:
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier, or
            `AuthenticationRequired`.
    """
    async with (
        open_venue(options) as (settings, _),
        open_service(settings) as service,
    ):
        service.account.require()
        markets: tuple[ConditionId | None, ...] = (None,)
        if identifiers:
            with Console(stderr=True).status("Looking the markets up"):
                markets = (await service.look_up_markets(identifiers)).conditions
        console = Console()
        if is_terminal(console) and not json:
            await _show(service, markets, console)
            return
        teller = _Teller(service)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(teller.run, name="tell of the authentication")
            with suppress(BrokenPipeError):
                await _write_events(service, markets, renderer(json=json), teller)
            nursery.cancel_scope.cancel()


def _subscribe(service: Service, markets: Sequence[ConditionId | None]) -> Subscription:
    topics = (UserOrderTopic, UserTradeTopic)
    return service.subscribe(*(topic(market) for market in markets for topic in topics))


async def _show(service: Service, markets: Sequence[ConditionId | None], console: Console) -> None:
    """Draw the account in place, whenever something has changed, until cancelled."""
    state, changed = OrdersState(), Wakeup()

    def draw() -> RenderableType:
        account, size = service.account.status(), (console.width, console.height)
        source = service.settings.user_url
        return draw_orders(
            state, account, service.name_of, now=time.time(), size=size, source=source
        )

    async def feed(subscription: Subscription) -> None:
        async for event in subscription:
            state.take(event)
            if isinstance(event, Dropped):
                state.replace_open(
                    order for market in markets for order in service.account.open_orders(market)
                )
            changed.ring()

    with _subscribe(service, markets) as subscription:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed, subscription, name="feed the view")
            await show_live(console, draw, changed)


async def _write_events(
    service: Service,
    markets: Sequence[ConditionId | None],
    render: Render,
    teller: _Teller,
) -> None:
    """Write the account's news and what happens to its feed, one event a line.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    with _subscribe(service, markets) as subscription:
        while events := await next_events(subscription):
            teller.look()
            await write_lines(events, render)


@attrs.define
class _Teller:
    """Says on stderr how it stands with the credentials, whenever that has changed."""

    service: Service
    _told: str = ""

    def look(self) -> None:
        account = self.service.account.status()
        if account.state != self._told:
            self._told = account.state
            say(printable(f"authentication: {account.state}; {account.why}"))

    async def run(self) -> Never:
        """Look again and again: not every change comes with an event."""
        while True:
            self.look()
            await trio.sleep(_GLANCE)
