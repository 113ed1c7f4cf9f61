"""How the table of `watch` looks: a pure function of what is known and of the terminal's size."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._model.trust import AssetState

from .text import age, printable
from .watch_state import NO_RETRY, Row, WatchState

__all__ = ["draw_table"]

_OUTCOME_WIDTH: Final = 12
_FEED_WIDTH: Final = 11
_WIDEST: Final = 160

_FRAME: Final = 5
"""Lines that are neither rows nor notes: those around the head of the table, and the cursor's."""

_STYLES: Final = {
    AssetState.CONNECTING: "yellow",
    AssetState.LIVE: "green",
    AssetState.QUIET: "green",
    AssetState.SUSPECT: "bold yellow",
    AssetState.FROZEN: "bold red",
    AssetState.RESYNCING: "bold magenta",
    AssetState.OUT_OF_SYNC: "bold red",
    AssetState.RESOLVED: "bold cyan",
    AssetState.UNKNOWN_ASSET: "bold red",
}
_CALM: Final = frozenset({AssetState.LIVE, AssetState.QUIET, AssetState.RESOLVED})
"""States that need no explanation."""

_TRUSTED: Final = frozenset({AssetState.LIVE, AssetState.QUIET})


def draw_table(state: WatchState, now: float, source: str, size: tuple[int, int]) -> RenderableType:
    """The table at `now` (seconds since the epoch), and below it what there is to say about it.

    Args:
        state: What to show.
        now: The time that ages and waits are relative to.
        source: Where the data comes from.
        size: Columns and lines of the terminal.
    """
    width, height = min(size[0], _WIDEST), size[1]
    notes = _notes(state, now, source)
    rows = _visible(state, height - _FRAME - sum(_height(note, width) for note in notes))
    table = Table(box=SIMPLE_HEAD, width=width, padding=0, pad_edge=False)
    table.add_column("Market", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("Outcome", no_wrap=True, overflow="ellipsis", max_width=_OUTCOME_WIDTH)
    for name in ("Bid", "Ask", "Spread", "Last"):
        # Prices are below 1, so flush left keeps their decimal points in one column.
        table.add_column(name, no_wrap=True, min_width=5)
    table.add_column("Feed", no_wrap=True, overflow="ellipsis", width=_FEED_WIDTH)
    table.add_column("Age", no_wrap=True, justify="right", min_width=4)
    for row in rows:
        table.add_row(*_cells(row, now), style="" if row.state in _TRUSTED else "dim")
    hidden = len(state.rows) - len(rows)
    more = [_line(f"{hidden} more rows do not fit into this terminal")] if hidden else []
    return Group(table, *more, *notes)


def _visible(state: WatchState, space: int) -> list[Row]:
    """The rows that fit; if not all do, those that still move come first."""
    rows = list(state.rows.values())
    if len(rows) <= space:
        return rows
    moving_first = sorted(rows, key=lambda row: row.state is AssetState.RESOLVED)
    return moving_first[: max(space - 1, 1)]


def _cells(row: Row, now: float) -> list[Text]:
    prices = (row.best_bid, row.best_ask, row.spread, row.last_trade)
    decimals = max(map(_decimals, prices))
    return [
        Text(printable(row.name or short_id(row.asset_id))),
        Text(printable(row.outcome or "-")),
        *(Text("-" if price is None else format(price, f".{decimals}f")) for price in prices),
        Text(_word(row, now), style=f"not dim {_STYLES[row.state]}"),
        Text(age(row.heard, now)),
    ]


def _notes(state: WatchState, now: float, source: str) -> list[Text]:
    """The events, each trouble once with how many rows it concerns, and a line about the whole."""
    totals = (
        _line(f"{title}: prices sum to {'-' if total is None else total}", "")
        for slug, title in state.titles.items()
        for total in [state.totals[slug]]
    )
    troubles = Counter(
        f"{_trouble(row, now)}: {printable(row.why)}"
        for row in state.rows.values()
        if row.state not in _CALM and row.why
    )
    end = "All of it is settled." if state.over else "Ctrl-C ends it."
    return [
        *totals,
        *(
            Text(f"{text} ({count} of {len(state.rows)})", style="red")
            for text, count in troubles.items()
        ),
        _line(f"{source}, {state.events} events. {end}"),
    ]


def _line(text: str, style: str = "dim") -> Text:
    return Text(printable(text), style, no_wrap=True, overflow="ellipsis")


def _height(note: Text, width: int) -> int:
    """How many lines it takes; about as many if it is wrapped between words."""
    return 1 if note.no_wrap else math.ceil(note.cell_len / width)


def _word(row: Row, now: float) -> str:
    if row.retry_at < NO_RETRY:
        return f"retry {math.ceil(row.retry_at - now)} s" if row.retry_at > now else "dialling"
    if row.state is AssetState.RESOLVED:
        return printable(row.why)
    return row.state.replace("_", " ").removesuffix(" asset")


def _trouble(row: Row, now: float) -> str:
    state = row.state.replace("_", " ")
    if row.retry_at == NO_RETRY:
        return state
    wait = math.ceil(row.retry_at - now)
    return f"{state}, retry in {wait} s" if wait > 0 else f"{state}, dialling"


def _decimals(price: Decimal | None) -> int:
    """How many decimals it takes to write a price exactly: two at least."""
    exponent = 0 if price is None else price.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
