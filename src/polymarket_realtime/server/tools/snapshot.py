"""The tool that shows how things are now, without a subscription."""

from __future__ import annotations

import attrs

from polymarket_realtime.server.lookup import Lookup
from polymarket_realtime.server.results import counted
from polymarket_realtime.server.schema import arg
from polymarket_realtime.server.snapshots import Shown, Snapshots
from polymarket_realtime.server.toolbox import Context

__all__ = ["SnapshotArguments", "SnapshotTools", "Snapshotted"]


@attrs.frozen
class SnapshotArguments:
    """Arguments of `get_realtime_snapshot`."""

    ids: list[str] = arg(
        "Tokens, markets or whole events, by any name as in subscribe_market_prices, or t1.",
        minItems=1,
        maxItems=50,
        items={"minLength": 1},
    )
    depth: int = arg("Price levels a side, best first; 0 for none.", 5, minimum=0, maximum=50)


@attrs.frozen(kw_only=True)
class Snapshotted:
    """Result of `get_realtime_snapshot`."""

    message: str = arg("How many, and where they are from.")
    tokens: list[Shown] = arg("In the order of `ids`.")


@attrs.frozen
class SnapshotTools:
    """The function behind the tool. Its docstring is what a model reads."""

    lookup: Lookup
    snapshots: Snapshots

    async def get_realtime_snapshot(
        self, _ctx: Context, arguments: SnapshotArguments
    ) -> Snapshotted:
        """See how markets are now: price, top and depth of the book, spread, changes, state, age.

        Use it to ask once, or to compare: `change_1m` and `change_1h` say how far a price has come,
        once it is subscribed to for that long. Of subscribed tokens it is the book that is kept;
        of others the venue is asked. Needs no credentials, and changes nothing.
        """
        found = await self.lookup.all_markets(list(dict.fromkeys(arguments.ids)))
        shown = await self.snapshots.take(found, arguments.depth)
        asked = sum(each.source == "rest" for each in shown)
        message = counted(len(shown), "token")
        if asked:
            message += f", {asked} of them asked for just now"
        return Snapshotted(message=f"{message}.", tokens=shown)
