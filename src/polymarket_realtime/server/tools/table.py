"""All tools in one table, in the order of `tools/list`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime.server.lookup import Lookup
from polymarket_realtime.server.results import (
    BookArguments,
    MarketArguments,
    NoArguments,
    Subscribed,
    UnsubscribeArguments,
    Unsubscribed,
    UserArguments,
)
from polymarket_realtime.server.schema import make_converter
from polymarket_realtime.server.snapshots import Snapshots
from polymarket_realtime.server.subscribing import Subscriber
from polymarket_realtime.server.toolbox import Toolbox
from polymarket_realtime.status import Status

from .account import AccountTools
from .control import ControlTools
from .find import FindArguments, FindTools, FoundMarkets
from .live import LiveArguments, LiveSubscribed, LiveTools
from .market import MarketTools
from .resolution import ResolutionSubscribed, ResolutionTools
from .snapshot import SnapshotArguments, Snapshotted, SnapshotTools
from .wait import WaitArguments, Waited, WaitTools

if TYPE_CHECKING:
    import cattrs

__all__ = ["make_toolbox"]

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


def _converter_with_milliseconds() -> cattrs.Converter:
    """Times as in every event."""
    converter = make_converter()
    converter.register_unstructure_hook(datetime, unstructure)
    return converter


def make_toolbox(subscriber: Subscriber) -> Toolbox:
    """The tools of one client; the order is that of `tools/list`."""
    desk = subscriber.desk
    service, lookup = desk.service, Lookup(desk.service, desk.refs)
    market, account = MarketTools(lookup, subscriber), AccountTools(service, lookup, subscriber)
    resolution = ResolutionTools(service, lookup, subscriber)
    live = LiveTools(service, lookup, subscriber)
    snapshot = SnapshotTools(lookup, Snapshots(desk))
    wait, control = WaitTools(desk, subscriber.pusher), ControlTools(service, subscriber)
    box = Toolbox(_converter_with_milliseconds)
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
