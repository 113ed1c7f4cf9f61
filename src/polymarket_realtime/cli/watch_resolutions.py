"""`watch --resolutions`: how far markets are on their way to settlement, one line a step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from rich.console import Console

from polymarket_realtime._model import feed, lifecycle
from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.topics import ResolutionTopic
from polymarket_realtime.following import plan_topics
from polymarket_realtime.service import open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .output import next_events, renderer, write_lines, write_stdout
from .text import printable
from .watch import first_outcomes

__all__ = ["watch_resolutions"]

_TOLD: Final = (
    lifecycle.MarketCreated,
    lifecycle.ResolutionStatus,
    lifecycle.MarketResolved,
    feed.Connected,
    feed.Interrupted,
    feed.Dropped,
)
"""The state of books is no concern of a reader of settlements."""


async def watch_resolutions(
    identifiers: Sequence[str], options: VenueOptions, *, json: bool
) -> None:
    """Write what becomes of some markets, until all of them are settled or nobody reads stdout.

    Markets that are settled already are told at once.

    Raises:
        CommandFailed: There is nothing to watch.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier.
    """
    if not identifiers and not options.sandbox:
        raise CommandFailed("the resolution of what? Pass slugs, links or ids of markets or events")
    async with (
        open_venue(options) as (settings, sandbox),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Looking the markets up"):
            wanted = identifiers or first_outcomes(sandbox)
            found = await service.look_up(wanted, include_closed=True)
        with suppress(BrokenPipeError):
            if not json:
                await write_stdout("".join(map(_legend, found.markets)))
            topics = plan_topics(found, ResolutionTopic)
            with service.subscribe(*topics) as subscription:
                while events := await next_events(subscription):
                    told = [event for event in events if isinstance(event, _TOLD)]
                    await write_lines(told, renderer(json=json))


def _legend(market: Market) -> str:
    if market.closed:
        end = "is closed"
    elif market.ends_at is None:
        end = "has no announced end"
    else:
        end = f"ends at {market.ends_at:%Y-%m-%d %H:%M} UTC"
    return f"{printable(repr(market.question))} {end}\n"
