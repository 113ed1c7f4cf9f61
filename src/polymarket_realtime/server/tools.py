"""The tools, apart from the server that shows them.

Any MCP server can host them beside its own: answer `tools/list` and `tools/call` from
`make_toolbox(service, pusher)`, and keep `pusher.run()` going while the client is connected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime.service import Service
from polymarket_realtime.status import Status

from .account_tools import AccountTools
from .find_tools import FindArguments, FindTools, FoundMarkets
from .live_tools import LiveArguments, LiveSubscribed, LiveTools
from .lookup import Lookup
from .market_tools import MarketTools
from .push import Pusher
from .resolution_tools import ResolutionSubscribed, ResolutionTools
from .results import (
    BookArguments,
    MarketArguments,
    NoArguments,
    Subscribed,
    UnsubscribeArguments,
    Unsubscribed,
    UserArguments,
)
from .schema import make_converter
from .toolbox import Context, Toolbox

__all__ = ["make_toolbox"]

_SHOWN: Final = 20
"""Tokens of each subscription: a hundred would take 40 kB of what a model can read."""


_SUBSCRIBES: Final[dict[str, bool]] = {
    "read_only_hint": False,
    "destructive_hint": False,
    "idempotent_hint": False,
    "open_world_hint": True,
}
"""What every tool is that begins a subscription: it changes what the server does, and no more."""


def make_toolbox(service: Service, pusher: Pusher) -> Toolbox:
    """The tools of one client; the order is that of `tools/list`."""
    lookup = Lookup(service)
    market, account = MarketTools(lookup, pusher), AccountTools(service, lookup, pusher)
    resolution, live = ResolutionTools(service, lookup, pusher), LiveTools(service, lookup, pusher)
    find, control = FindTools(service, lookup), ControlTools(service, pusher)
    converter = make_converter()
    # Milliseconds, as in every event.
    converter.register_unstructure_hook(datetime, unstructure)
    box = Toolbox(converter)
    box.tool(
        MarketArguments,
        Subscribed,
        title="Subscribe to market prices",
        **_SUBSCRIBES,
    )(market.subscribe_market_prices)
    box.tool(
        BookArguments,
        Subscribed,
        title="Subscribe to order books",
        **_SUBSCRIBES,
    )(market.subscribe_orderbook_updates)
    box.tool(
        UserArguments,
        Subscribed,
        title="Subscribe to my orders",
        **_SUBSCRIBES,
    )(account.subscribe_user_orders)
    box.tool(
        UserArguments,
        Subscribed,
        title="Subscribe to my trades",
        **_SUBSCRIBES,
    )(account.subscribe_user_trades)
    box.tool(
        MarketArguments,
        ResolutionSubscribed,
        title="Subscribe to settlements",
        **_SUBSCRIBES,
    )(resolution.subscribe_market_resolution)
    box.tool(
        LiveArguments,
        LiveSubscribed,
        title="Subscribe to live data",
        **_SUBSCRIBES,
    )(live.subscribe_live_data)
    box.tool(
        FindArguments,
        FoundMarkets,
        title="Find markets",
        read_only_hint=True,
        idempotent_hint=True,
        open_world_hint=True,
    )(find.find_markets)
    box.tool(
        NoArguments,
        Status,
        title="Real-time status",
        read_only_hint=True,
        idempotent_hint=True,
        open_world_hint=False,
    )(control.get_realtime_status)
    box.tool(
        UnsubscribeArguments,
        Unsubscribed,
        title="End a subscription",
        read_only_hint=False,
        destructive_hint=True,
        idempotent_hint=False,
        open_world_hint=False,
    )(control.unsubscribe_realtime)
    return box


@attrs.frozen
class ControlTools:
    """The functions behind the tools that are about the others."""

    service: Service
    pusher: Pusher

    async def get_realtime_status(self, ctx: Context, _arguments: NoArguments) -> Status:
        """Show connections, subscriptions and counts at this moment; works whatever is down.

        `subscriptions.active` has a `diagnosis` of each subscription, one sentence, and for each
        token the best bid and ask now and what may be believed of them: `state`, with `reason`.
        `connections` says what is up, when the next dial is due, and which streams of live feeds
        flow. Use it to see current prices when events are not shown to you, and to find out why
        no events come: a quiet market, a frozen feed, a lost connection, or a wrong id. Of each
        subscription the first 20 of its `tokens` are shown; the resource
        polymarket://websocket-status has them all.
        """
        self.pusher.meet(ctx.session)
        status = self.service.status()
        deaf = self.pusher.why_deaf(ctx.session)
        active = [
            attrs.evolve(
                each,
                diagnosis=f"{each.diagnosis}; {deaf}" if deaf else each.diagnosis,
                token_ids=each.token_ids[:_SHOWN],
                assets=each.assets[:_SHOWN],
            )
            for each in status.subscriptions.active
        ]
        return attrs.evolve(status, subscriptions=attrs.evolve(status.subscriptions, active=active))

    async def unsubscribe_realtime(
        self, ctx: Context, arguments: UnsubscribeArguments
    ) -> Unsubscribed:
        """End one subscription; no events of it come after the answer.

        Other subscriptions to the same tokens go on. An id that is unknown, or has ended before,
        is an error that changes nothing.
        """
        self.pusher.meet(ctx.session)
        self.pusher.unsubscribe(arguments.subscription_id)
        message = f"Subscription {arguments.subscription_id} has ended."
        return Unsubscribed(success=True, message=message)
