"""The head of `watch --orders`: whether what is shown below it can be believed, and why not."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from polymarket_realtime._model.feed import Interrupted
from polymarket_realtime._protocol.authentication import AuthenticationState
from polymarket_realtime.status import AuthenticationStatus

from .text import age, printable

__all__ = ["draw_head"]

_LABEL: Final = 9
"""Columns of the words on the left, and of what continues a line."""

_MOST_LINES: Final = 4
"""Lines that one sentence may take: the venue's words may be long."""

_STYLES: Final = {
    AuthenticationState.PROVEN: "bold green",
    AuthenticationState.SUBSCRIBED: "bold cyan",
    AuthenticationState.REJECTED: "bold red",
    AuthenticationState.NOT_CONFIGURED: "bold red",
}


def draw_head(
    account: AuthenticationStatus, interrupted: Interrupted | None, now: float, width: int
) -> Iterator[Text]:
    """The lines, none of them wider than `width` columns.

    Args:
        account: How it stands with the credentials, and whether all is known.
        interrupted: Why there is no connection, if there is none.
        now: Seconds since the epoch.
        width: Columns.
    """
    style = next((style for state, style in _STYLES.items() if state == account.state), "yellow")
    yield from _sentence("Account", account.state, account.why, style, width)
    if account.complete:
        known = "every change up to now is known"
        yield from _sentence("Orders", "complete", known, "bold green", width)
    else:
        why = _why_incomplete(account, interrupted, now)
        yield from _sentence("Orders", "incomplete", why, "bold yellow", width)
    if interrupted is not None:
        # Why the venue refused the credentials is said already.
        refused = account.state == AuthenticationState.REJECTED
        why = "" if refused else interrupted.reason
        yield from _sentence("Feed", _retry(interrupted, now), why, "bold red", width)


def _why_incomplete(
    account: AuthenticationStatus, interrupted: Interrupted | None, now: float
) -> str:
    if account.incomplete_at is None:
        return "nothing is known yet"
    since = f"since {account.incomplete_at:%H:%M:%S} UTC"
    gone = age(account.incomplete_at.timestamp(), now)
    if account.problem is not None:
        return f"{since} ({gone}): {account.problem}"
    if account.state == AuthenticationState.REJECTED:
        return f"{since} ({gone}); nothing is known without the venue"
    if interrupted is not None:
        return f"{since} ({gone}); asked for once there is a connection again"
    return f"{since} ({gone}); the venue is being asked"


def _retry(interrupted: Interrupted, now: float) -> str:
    if interrupted.retry_in is None:
        return "interrupted"
    wait = math.ceil(interrupted.received + interrupted.retry_in - now)
    return f"interrupted, retry in {wait} s" if wait > 0 else "interrupted, connecting"


def _sentence(label: str, word: str, rest: str, style: str, width: int) -> Iterator[Text]:
    """A word that stands out and what there is to say about it, on as few lines as will do."""
    text = printable(f"{word}: {rest}" if rest else word)
    lines = textwrap.wrap(text, max(width - _LABEL, 20), max_lines=_MOST_LINES, placeholder=" …")
    for number, line in enumerate(lines):
        drawn = Text(no_wrap=True, overflow="ellipsis")
        drawn.append(f"{label if number == 0 else '':<{_LABEL}}", "dim")
        drawn.append(line)
        if number == 0:
            drawn.stylize(style, _LABEL, _LABEL + len(word))
        yield drawn
