"""Which of the views `watch` shows."""

from __future__ import annotations

import attrs

from polymarket_realtime.live_data import LiveFeed

from .exits import CommandFailed
from .options import VenueOptions
from .watch import watch
from .watch_alert import watch_alert
from .watch_feed import watch_feed
from .watch_orders import watch_orders
from .watch_resolutions import watch_resolutions

__all__ = ["Wanted", "watch_wanted"]


@attrs.frozen
class Wanted:
    """What was asked for; `symbols` and `filters` are of a feed, `alert` is a condition in JSON."""

    identifiers: tuple[str, ...] = ()
    resolutions: bool = False
    orders: bool = False
    feed: LiveFeed | None = None
    symbols: tuple[str, ...] = ()
    filters: str | None = None
    alert: str | None = None


async def watch_wanted(wanted: Wanted, venue: VenueOptions, *, json: bool) -> None:
    """Show what was asked for.

    Raises:
        CommandFailed: It cannot be shown together, or the view says so.
        ExceptionGroup: As the views say.
    """
    _check(wanted)
    if wanted.feed is not None:
        await watch_feed(
            wanted.feed, venue, symbols=wanted.symbols, filters=wanted.filters, json=json
        )
    elif wanted.orders:
        await watch_orders(wanted.identifiers, venue, json=json)
    elif wanted.resolutions:
        await watch_resolutions(wanted.identifiers, venue, json=json)
    elif wanted.alert is not None:
        await watch_alert(wanted.identifiers, wanted.alert, venue, json=json)
    else:
        await watch(wanted.identifiers, venue, json=json)


def _check(wanted: Wanted) -> None:
    views = {
        "--orders": wanted.orders,
        "--resolutions": wanted.resolutions,
        "--feed": wanted.feed is not None,
        "--alert": wanted.alert is not None,
    }
    asked_for = [name for name, given in views.items() if given]
    if wanted.feed is not None and wanted.identifiers:
        asked_for.append(f"{wanted.identifiers[0]!r}")
    if len(asked_for) > 1:
        raise CommandFailed(f"{asked_for[0]} and {asked_for[1]} exclude each other")
    for name, given in (("--symbol", wanted.symbols), ("--filter", wanted.filters)):
        if given and wanted.feed is None:
            raise CommandFailed(f"{name} belongs to --feed")
