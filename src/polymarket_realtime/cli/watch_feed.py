"""`watch --feed`: the venue's other live feeds, one line an event."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from polymarket_realtime._model.feed import StreamGone
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.topics import Topic
from polymarket_realtime.live_data import LiveFeed, plan_live_topics
from polymarket_realtime.service import Service, open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .output import Render, next_events, renderer, write_lines

__all__ = ["watch_feed"]

_SANDBOX_SYMBOLS: Final = ("btcusd", "ethusd")


async def watch_feed(
    feed: LiveFeed,
    options: VenueOptions,
    *,
    symbols: Sequence[str] = (),
    filters: str | None = None,
    json: bool,
) -> None:
    """Write the events of a live feed until cancelled, or until nobody reads stdout any more.

    Args:
        feed: Which one.
        options: Where the data comes from.
        symbols: Whose prices; of a sandbox there are some to show without.
        filters: JSON, as `plan_live_topics` takes it.
        json: Whether to write JSON instead of text.

    Raises:
        CommandFailed: The venue serves nothing of what was asked for.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of a symbol or a filter.
    """
    if feed is LiveFeed.PRICES and options.sandbox:
        symbols = symbols or _SANDBOX_SYMBOLS
    async with (
        open_venue(options) as (settings, _),
        open_service(settings) as service,
    ):
        plan = await plan_live_topics(service, feed, symbols=symbols, filters=filters)
        with suppress(BrokenPipeError):
            await _write_events(service, plan.topics, renderer(json=json))


async def _write_events(service: Service, topics: Sequence[Topic], render: Render) -> None:
    """Write what comes, one event a line.

    Raises:
        BrokenPipeError: Nobody reads any more.
        CommandFailed: The venue serves none of the streams.
    """
    served = {topic.route for topic in topics if isinstance(topic, LiveTopic)}
    with service.subscribe(*topics) as subscription:
        while events := await next_events(subscription):
            await write_lines(events, render)
            gone = [event for event in events if isinstance(event, StreamGone)]
            if gone:
                served -= {event.stream for event in gone}
                if not served:
                    raise CommandFailed(_refusal(gone[-1]))


def _refusal(gone: StreamGone) -> str:
    advice = "" if gone.instead is None else f"; {gone.instead}"
    return f"the venue does not serve {gone.stream}: {gone.reason}{advice}"
