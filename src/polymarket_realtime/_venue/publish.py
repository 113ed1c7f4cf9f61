"""How events leave a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from polymarket_realtime._model.events import Event

__all__ = ["Companion", "hand_over", "publish"]

Companion = Callable[[str, trio.MemorySendChannel[list[Event]]], Awaitable[None]]
"""What runs beside a connection: from its name and the event channel, which is not its own."""

_LONGEST_HANDOVER: Final = 5.0
"""Seconds. The hub never waits, so this is never needed in full."""


async def publish(events_in: trio.MemorySendChannel[list[Event]], events: list[Event]) -> None:
    """Hand events to the hub, even if the connection ends at this very moment.

    Whoever made them has noted already that they are told: a ledger would never tell them again.
    """
    await hand_over(events_in, events)
    await trio.lowlevel.checkpoint()


async def hand_over(events_in: trio.MemorySendChannel[list[Event]], events: list[Event]) -> None:
    """The same, but no checkpoint unless it has to wait: for who is about to wait anyway."""
    try:
        events_in.send_nowait(events)
    except trio.WouldBlock:
        with trio.move_on_after(_LONGEST_HANDOVER, shield=True):
            await events_in.send(events)
