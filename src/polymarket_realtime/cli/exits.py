"""How the program ends: what it says on stderr, and its exit code.

0  done, or ended by Ctrl-C or SIGTERM
1  a demo whose step failed; credentials that were not derived because somebody said no
2  something that the person in front of it can put right: one line says what
"""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVarTuple

import trio

from polymarket_realtime.errors import PolymarketRealtimeError
from polymarket_realtime.groups import leaves

from .collector import freeze_what_is_imported
from .text import printable

__all__ = ["CommandFailed", "complain", "run_command", "run_until_signal", "say"]

Ts = TypeVarTuple("Ts")


class CommandFailed(PolymarketRealtimeError):
    """A command that cannot do what was asked; `code` is the process's exit code."""

    def __init__(self, message: str, *, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def say(line: str) -> None:
    """Write a line to stderr, if there is one and somebody reads it."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")


def complain(message: str, code: int = 2) -> int:
    """Say in one line what is wrong; gives the exit code."""
    say(f"error: {printable(' '.join(message.split()))}")
    return code


def run_command(command: Callable[[*Ts], Awaitable[None]], *args: *Ts) -> int:
    """Run `command` under Trio and give the process's exit code.

    Errors of this package become one line, however deep in exception groups they arrive. Any
    other exception is a bug and keeps its traceback.
    """
    errors: list[PolymarketRealtimeError] = []
    freeze_what_is_imported()
    try:
        trio.run(command, *args)
    except* PolymarketRealtimeError as group:
        errors += leaves(group)
    except* KeyboardInterrupt:
        pass  # Ctrl-C before `run_until_signal` was there to take it
    except* BrokenPipeError:
        pass  # whoever read stdout has had enough
    except* OSError as group:
        if any(error.errno != errno.ENOSPC for error in leaves(group)):
            raise
        errors.append(CommandFailed("stdout cannot be written: no space is left on the device"))
    if not errors:
        return 0
    first = errors[0]
    return complain(str(first), first.code if isinstance(first, CommandFailed) else 2)


async def run_until_signal(command: Callable[[*Ts], Awaitable[None]], *args: *Ts) -> None:
    """Run `command` until it returns, or until Ctrl-C or SIGTERM cancels it."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_at_signal, signals, nursery.cancel_scope)
            await command(*args)
            nursery.cancel_scope.cancel()


async def _cancel_at_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()
