"""`watch --alert`: a line at the moment when a condition is met."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from rich.console import Console

from polymarket_realtime._lookup.resolving import require_open
from polymarket_realtime._model.condition import Condition, ConditionMet, parse_condition
from polymarket_realtime._model.topics import Topic
from polymarket_realtime.following import plan_topics, topic_for
from polymarket_realtime.service import Service, open_service

from .exits import CommandFailed
from .options import VenueOptions, open_venue
from .output import Render, next_events, renderer, write_lines, write_stdout
from .watch import first_outcomes

__all__ = ["watch_alert"]

_BELL: Final = "\a"


async def watch_alert(
    identifiers: Sequence[str], alert: str, options: VenueOptions, *, json: bool
) -> None:
    """Write when a condition is met, until it cannot be met any more.

    Ends as well when nobody reads stdout any more.

    Args:
        identifiers: Whose tokens to watch; of a sandbox there are some without.
        alert: The condition, as a JSON object.
        options: Where the data comes from.
        json: Whether to write JSON instead of text.

    Raises:
        CommandFailed: There is nothing to watch, or the condition is no JSON object.
        InvalidCondition: There is no such condition.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `PolymarketRealtimeError` of an identifier or the condition.
    """
    condition = _read(alert)
    if not identifiers and not options.sandbox:
        raise CommandFailed("alert of what? Pass slugs, links or ids of markets; or --sandbox")
    async with (
        open_venue(options) as (settings, sandbox),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Looking the markets up"):
            found = await service.look_up(identifiers or first_outcomes(sandbox))
        require_open(found)
        topics = plan_topics(found, partial(topic_for, condition))
        with suppress(BrokenPipeError):
            await _write_moments(service, topics, condition, renderer(json=json))


def _read(alert: str) -> Condition:
    try:
        data = json_text.loads(alert)
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"--alert {alert[:80]!r} is no JSON: {error}") from None
    if not isinstance(data, dict):
        example = '{"when": "price_crosses", "threshold": "0.60"}'
        raise CommandFailed(f"--alert takes a JSON object like {example}")
    return parse_condition(data)


async def _write_moments(
    service: Service, topics: Sequence[Topic], condition: Condition, render: Render
) -> None:
    """Write what comes, one event a line, and ring the bell of a terminal.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    with service.subscribe(*topics, condition=condition) as subscription:
        while events := await next_events(subscription):
            await write_lines(events, render)
            if sys.stdout.isatty() and any(isinstance(event, ConditionMet) for event in events):
                await write_stdout(_BELL)
