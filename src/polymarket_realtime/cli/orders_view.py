"""How `watch --orders` looks: pure functions of what is known and of the terminal's size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_DOWN, Decimal
from itertools import islice
from typing import Final, TypeVar

import attrs
from rich.box import Box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate, UpdateSource, UserEvent
from polymarket_realtime.status import AuthenticationStatus

from .orders_head import draw_head
from .orders_state import OrdersState
from .text import age, capped, exact, printable

__all__ = ["NameOf", "Rows", "draw_orders", "plan_rows"]

NameOf = Callable[[AssetId], AssetName | None]
"""What a token is called, if that is known by now."""

Update = TypeVar("Update", bound=UserEvent)

_WIDEST: Final = 120
_WIDE: Final = 100
"""Columns from which outcomes and statuses are given more room."""
_NARROW: Final = 72
"""Columns below which the last column of the table is left out."""

_FRAMES: Final = 9
"""Lines that are no rows: two heads and what is around them, the last line, and the cursor's."""

_RULED: Final = Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A line below the head of the table, and one where a section ends."""

_ORDER_COLUMNS: Final = ("Outcome", "Side", "Price", "Filled", "Status", "Age", "Type")
_TRADE_COLUMNS: Final = ("Outcome", "Side", "Price", "Size", "Status", "At (UTC)", "Role")
_LEAST: Final = (7, 4, 5, 11, 10, 8, 5)
"""Columns that each of these takes at least, so that they seldom move."""
_HUNDREDTH: Final = Decimal("0.01")

_SIDES: Final = {"BUY": "green", "SELL": "red"}
_STATUSES: Final = {"CONFIRMED": "green", "FAILED": "bold red", "RETRYING": "yellow"}


@attrs.frozen
class Rows:
    """How many of each are shown."""

    open: int
    closed: int
    trades: int


def plan_rows(space: int, wanted: Rows) -> Rows:
    """Share `space` lines among so many orders and trades.

    Open orders come first, but not at the cost of all others: a third is for trades and an
    eighth for closed orders, as far as there are any.
    """
    space = max(space, 0)
    trades, closed = min(wanted.trades, space // 3), min(wanted.closed, space // 8)
    shown = min(wanted.open, space - trades - closed)
    trades = min(wanted.trades, space - shown - closed)
    return Rows(shown, min(wanted.closed, space - shown - trades), trades)


def draw_orders(
    state: OrdersState,
    account: AuthenticationStatus,
    name_of: NameOf,
    *,
    now: float,
    size: tuple[int, int],
    source: str,
) -> RenderableType:
    """The account at `now`, within the terminal.

    Args:
        state: Orders and trades.
        account: How it stands with the credentials, and whether all is known.
        name_of: For orders and trades that were told before the catalogue had answered.
        now: Seconds since the epoch; ages and waits are relative to it.
        size: Columns and lines of the terminal.
        source: Where the data comes from.
    """
    width, height = min(size[0], _WIDEST), size[1]
    head = list(draw_head(account, state.interrupted, now, width))
    wanted = Rows(len(state.open), len(state.closed), len(state.trades))
    rows = plan_rows(height - len(head) - _FRAMES, wanted)
    orders = _newest(state.open.values(), rows.open) + _newest(state.closed.values(), rows.closed)
    trades = _newest(state.trades.values(), rows.trades)

    table = _make_table(_title(wanted.open, rows.open), width)
    for order in orders:
        # What may have changed meanwhile looks like what is over.
        believed = order.is_open and account.complete
        _add(table, _order_cells(order, name_of, now, width), "" if believed else "dim")
    table.add_row()
    _add(table, ["Latest trades", *_TRADE_COLUMNS] if trades else ["No trades yet"], "bold")
    table.add_section()
    for trade in trades:
        _add(table, _trade_cells(trade, name_of, width), "")
    found = any(each.source is UpdateSource.RECONCILED for each in (*orders, *trades))
    return Group(*head, table, _footer(state, account, source, found=found))


def _newest(known: Iterable[Update], most: int) -> list[Update]:
    """The latest of them, newest first."""
    return list(islice(reversed(list(known)), most))


def _title(known: int, shown: int) -> str:
    if not known:
        return "No open orders"
    many = f"{known} open order{'' if known == 1 else 's'}"
    return many if shown == known else f"{shown} of {many}"


def _make_table(title: str, width: int) -> Table:
    table = Table(box=_RULED, width=width, padding=0, pad_edge=False)
    table.add_column(title, ratio=1, no_wrap=True, overflow="ellipsis")
    shown = len(_ORDER_COLUMNS) - (width < _NARROW)
    for name, least in list(zip(_ORDER_COLUMNS, _LEAST, strict=True))[:shown]:
        # Prices are below 1, so flush left keeps their decimal points in one column.
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least)
    return table


def _add(table: Table, cells: Sequence[str | Text], style: str) -> None:
    table.add_row(*cells[: len(table.columns)], style=style)


def _order_cells(order: OrderUpdate, name_of: NameOf, now: float, width: int) -> list[str | Text]:
    since = order.received if order.created_at is None else order.created_at.timestamp()
    return [
        *_common_cells(order, name_of, width),
        Text("/".join(_shares(size, width) for size in (order.filled_size, order.original_size))),
        _status(order, order.status, width),
        age(since, now),
        Text(capped(order.order_type or "-", 5)),
    ]


def _trade_cells(trade: TradeUpdate, name_of: NameOf, width: int) -> list[str | Text]:
    at = trade.matched_at or trade.timestamp
    return [
        *_common_cells(trade, name_of, width),
        Text(_shares(trade.size, width)),
        _status(trade, trade.status, width),
        "-" if at is None else f"{at:%H:%M:%S}",
        trade.role or "-",
    ]


def _common_cells(
    event: OrderUpdate | TradeUpdate, name_of: NameOf, width: int
) -> list[str | Text]:
    """The market, and what is bought or sold at which price."""
    about = event.about or name_of(event.asset_id)
    question = short_id(event.market) if about is None else about.question
    outcome = event.outcome or ("-" if about is None else about.outcome)
    return [
        Text(printable(question)),
        Text(capped(outcome, 20 if width >= _WIDE else 8)),
        Text(event.side, _SIDES[event.side]),
        Text(f"{event.price:f}"),
    ]


def _shares(size: Decimal, width: int) -> str:
    """Exact if there is room; else never rounded up, so that only what is full looks full."""
    if width < _WIDE:
        size = size.quantize(_HUNDREDTH, rounding=ROUND_DOWN)
    return exact(size)


def _status(event: UserEvent, status: str, width: int) -> Text:
    """The venue's word, and a mark if it was REST that said it."""
    mark = "*" if event.source is UpdateSource.RECONCILED else ""
    longest = 24 if width >= _WIDE else 10
    return Text(capped(status, longest - len(mark)) + mark, _STATUSES.get(status, ""))


def _footer(state: OrdersState, account: AuthenticationStatus, source: str, *, found: bool) -> Text:
    who = "" if account.address is None else f"{short_id(account.address)} at "
    mark = "* found by REST. " if found else ""
    text = f"{mark}{who}{source}, {state.events} events. Ctrl-C ends it."
    return Text(text, "dim", no_wrap=True, overflow="ellipsis")
