"""The tools, apart from the server that shows them.

Any MCP server can host them beside its own: answer `tools/list` and `tools/call` from
`make_toolbox(Subscriber(desk, pusher))`, and keep `desk.run()` and `pusher.run()` going while the
client is connected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime.service import Service
from polymarket_realtime.status import AssetStatus, Status

from .account_tools import AccountTools
from .find_tools import FindArguments, FindTools, FoundMarkets
from .live_tools import LiveArguments, LiveSubscribed, LiveTools
from .lookup import Lookup
from .market_tools import MarketTools
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
from .snapshot_tools import SnapshotArguments, Snapshotted, SnapshotTools
from .snapshots import Snapshots
from .subscribing import Subscriber
from .toolbox import Context, Toolbox
from .wait_tools import WaitArguments, Waited, WaitTools

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

_ASKS: Final[dict[str, bool]] = {
    "read_only_hint": True,
    "destructive_hint": False,
    "idempotent_hint": True,
    "open_world_hint": True,
}
"""What every tool is that only looks."""


def make_toolbox(subscriber: Subscriber) -> Toolbox:
    """The tools of one client; the order is that of `tools/list`."""
    desk = subscriber.desk
    service, lookup = desk.service, Lookup(desk.service, desk.refs)
    market, account = MarketTools(lookup, subscriber), AccountTools(service, lookup, subscriber)
    resolution = ResolutionTools(service, lookup, subscriber)
    live = LiveTools(service, lookup, subscriber)
    snapshot = SnapshotTools(lookup, Snapshots(desk))
    wait, control = WaitTools(desk, subscriber.pusher), ControlTools(service, subscriber)
    converter = make_converter()
    # Milliseconds, as in every event.
    converter.register_unstructure_hook(datetime, unstructure)
    box = Toolbox(converter)
    box.tool(MarketArguments, Subscribed, title="Subscribe to market prices", **_SUBSCRIBES)(
        market.subscribe_market_prices
    )
    box.tool(BookArguments, Subscribed, title="Subscribe to order books", **_SUBSCRIBES)(
        market.subscribe_orderbook_updates
    )
    box.tool(UserArguments, Subscribed, title="Subscribe to my orders", **_SUBSCRIBES)(
        account.subscribe_user_orders
    )
    box.tool(UserArguments, Subscribed, title="Subscribe to my trades", **_SUBSCRIBES)(
        account.subscribe_user_trades
    )
    box.tool(
        MarketArguments, ResolutionSubscribed, title="Subscribe to settlements", **_SUBSCRIBES
    )(resolution.subscribe_market_resolution)
    box.tool(LiveArguments, LiveSubscribed, title="Subscribe to live data", **_SUBSCRIBES)(
        live.subscribe_live_data
    )
    box.tool(WaitArguments, Waited, title="Wait for events", **_ASKS)(wait.wait_for_realtime_events)
    box.tool(SnapshotArguments, Snapshotted, title="Look at markets now", **_ASKS)(
        snapshot.get_realtime_snapshot
    )
    box.tool(FindArguments, FoundMarkets, title="Find markets", **_ASKS)(
        FindTools(service, lookup).find_markets
    )
    box.tool(NoArguments, Status, title="Real-time status", **_ASKS)(control.get_realtime_status)
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
    subscriber: Subscriber

    async def get_realtime_status(self, ctx: Context, _arguments: NoArguments) -> Status:
        """Show connections, subscriptions and counts at this moment; works whatever is down.

        Use it to find out why no events come, or whether the data is to be trusted: a quiet
        market, a frozen feed, a lost connection, a wrong id. `subscriptions.active` has of each
        subscription a `diagnosis`, one sentence, and of its first 20 tokens `state` and `reason`;
        `connections` what is up, and when the next dial is due.
        """
        self.subscriber.pusher.meet(ctx.session)
        status = self.service.status()
        deaf = self.subscriber.why_deaf(ctx.session)
        active = [
            attrs.evolve(
                each,
                diagnosis=f"{each.diagnosis}; {deaf}" if deaf else each.diagnosis,
                token_ids=each.token_ids[:_SHOWN],
                assets=[self._named(asset) for asset in each.assets[:_SHOWN]],
            )
            for each in status.subscriptions.active
        ]
        return attrs.evolve(status, subscriptions=attrs.evolve(status.subscriptions, active=active))

    def _named(self, asset: AssetStatus) -> AssetStatus:
        return attrs.evolve(asset, token=self.subscriber.desk.refs.of(AssetId(asset.asset_id)))

    async def unsubscribe_realtime(
        self, ctx: Context, arguments: UnsubscribeArguments
    ) -> Unsubscribed:
        """End one subscription; no events of it come after the answer.

        Other subscriptions to the same tokens go on. An id that is unknown, or has ended before,
        is an error that changes nothing.
        """
        self.subscriber.pusher.meet(ctx.session)
        self.subscriber.end(arguments.subscription_id)
        message = f"Subscription {arguments.subscription_id} has ended."
        return Unsubscribed(success=True, message=message)
