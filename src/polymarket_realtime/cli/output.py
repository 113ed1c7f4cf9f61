"""What `watch` writes on: a live view of a terminal, or lines for whoever reads a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import trio
from rich.console import Console, RenderableType
from rich.live import Live

from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime._codec.describe import describe
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.events import Event
from polymarket_realtime._venue.wakeup import Wakeup

from .text import printable

__all__ = [
    "Render",
    "is_terminal",
    "next_events",
    "renderer",
    "show_live",
    "timed",
    "write_lines",
    "write_stdout",
]

Render = Callable[[Event], str]
"""Makes one line of an event."""

_SHORTEST: Final = 0.2
"""Seconds between two drawings, at least."""

_LONGEST: Final = 1.0
"""Seconds between two drawings, at most: ages grow by themselves."""


def is_terminal(console: Console) -> bool:
    """Whether stdout can be drawn upon."""
    # Rich would also take a pipe for a terminal if the environment says so.
    return sys.stdout.isatty() and console.is_interactive


async def show_live(
    console: Console,
    draw: Callable[[], RenderableType],
    changed: Wakeup,
    over: Callable[[], bool] = lambda: False,
) -> None:
    """Draw in place, whenever something has changed, until cancelled or until it is over."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            last = over()
            # A thread, because a terminal may take its time and the feed must not wait.
            await trio.to_thread.run_sync(partial(live.update, draw(), refresh=True))
            if last:
                return
            await trio.sleep(_SHORTEST)
            with trio.move_on_after(_LONGEST - _SHORTEST):
                await changed.wait()


async def next_events(subscription: Subscription) -> list[Event]:
    """Wait for events and take all there are; none once the subscription has ended."""
    try:
        return await subscription.receive_batch()
    except trio.EndOfChannel:
        return []


def renderer(*, json: bool) -> Render:
    """How the lines of a command are written."""
    return encode_json if json else timed


def timed(event: Event) -> str:
    """An event as one line of text, after the time (UTC) at which it was received."""
    time_of_day = event.received_at.time().isoformat("milliseconds")
    return f"{time_of_day} {printable(describe(event))}"


async def write_lines(events: Iterable[Event], render: Render) -> None:
    """Write one event a line.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    await write_stdout("".join(f"{render(event)}\n" for event in events))


async def write_stdout(text: str) -> None:
    """Write to stdout without making the feed wait for whoever reads it.

    The thread is left behind when cancelled; it holds no lock that the exit would wait for.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    await trio.to_thread.run_sync(_write_all, text.encode(), abandon_on_cancel=True)


def _write_all(data: bytes) -> None:
    fd = sys.stdout.fileno()
    while data:
        data = data[os.write(fd, data) :]
