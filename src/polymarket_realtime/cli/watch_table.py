"""The live table of `watch`: a state fed with events, and a pure function that draws it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from functools import singledispatchmethod
from typing import Final

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._model import feed, market
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId

from .text import age, printable

__all__ = ["Health", "Row", "WatchState", "draw_table"]

_OUTCOME_WIDTH: Final = 12
_FEED_WIDTH: Final = 11
_WIDEST: Final = 120
_NO_RETRY: Final = math.inf


class Health(Enum):
    """Whether a row can be believed; the value is its style."""

    LIVE = "green"
    CONNECTING = "yellow"
    INTERRUPTED = "bold red"
    OUT_OF_SYNC = "bold magenta"
    RESOLVED = "bold cyan"


@attrs.define
class Row:
    """One token.

    Attributes:
        heard: When the venue last said something about it, in seconds since the epoch.
        why: The reason of a health that is not `LIVE`; the winner of a resolved market.
        retry_at: When an interrupted connection is dialled again, in seconds since the epoch.
    """

    asset: ResolvedAsset
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last_trade: Decimal | None = None
    heard: float | None = None
    health: Health = Health.CONNECTING
    why: str = ""
    retry_at: float = _NO_RETRY

    def enter(self, health: Health, why: str = "", retry_at: float = _NO_RETRY) -> None:
        """Change the health. A resolved market stays resolved."""
        if self.health is not Health.RESOLVED:
            self.health, self.why, self.retry_at = health, why, retry_at

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None if a side is empty."""
        if self.best_bid is None or self.best_ask is None:
            return None
        return self.best_ask - self.best_bid


class WatchState:
    """What the table shows: one row a token, in the order given."""

    def __init__(self, assets: Iterable[ResolvedAsset]) -> None:
        self.rows = {asset.asset_id: Row(asset) for asset in assets}
        self.events = 0
        for row in self.rows.values():
            if row.asset.closed:
                row.enter(Health.RESOLVED)

    def _rows_of(self, asset_ids: Sequence[AssetId]) -> list[Row]:
        return [row for asset_id in asset_ids if (row := self.rows.get(asset_id)) is not None]

    def take(self, event: Event) -> None:
        """Take one event of the subscription, in order."""
        self.events += 1
        if isinstance(event, market.MarketEvent):
            for row in self._rows_of([event.asset_id]):
                row.heard = event.received
        self._apply(event)

    @singledispatchmethod
    def _apply(self, event: Event) -> None:
        """Nothing in the table depends on any other kind."""

    @_apply.register
    def _(self, event: market.BookSnapshot) -> None:
        for row in self._rows_of([event.asset_id]):
            row.best_bid = event.bids[0].price if event.bids else None
            row.best_ask = event.asks[0].price if event.asks else None
            row.enter(Health.LIVE)

    @_apply.register
    def _(self, event: market.PriceChangeEvent) -> None:
        for row in self._rows_of([event.asset_id]):
            row.best_bid, row.best_ask = event.best_bid, event.best_ask
            if event.last_trade_price is not None:
                row.last_trade = event.last_trade_price

    @_apply.register
    def _(self, event: market.LastTradePrice) -> None:
        for row in self._rows_of([event.asset_id]):
            row.last_trade = event.price

    @_apply.register
    def _(self, event: market.MarketResolved) -> None:
        for row in self._rows_of(event.asset_ids):
            row.heard = event.received
            row.best_bid = row.best_ask = None
            row.enter(Health.RESOLVED, event.winning_outcome)

    @_apply.register
    def _(self, event: feed.Connected) -> None:
        for row in self._rows_of(event.asset_ids):
            row.enter(Health.CONNECTING)

    @_apply.register
    def _(self, event: feed.Interrupted) -> None:
        retry_at = _NO_RETRY if event.retry_in is None else event.received + event.retry_in
        for row in self._rows_of(event.asset_ids):
            row.enter(Health.INTERRUPTED, event.reason, retry_at)

    @_apply.register
    def _(self, event: feed.OutOfSync) -> None:
        for row in self._rows_of([event.asset_id]):
            row.enter(Health.OUT_OF_SYNC, event.reason)

    @_apply.register
    def _(self, event: feed.Resynced) -> None:
        for row in self._rows_of([event.asset_id]):
            row.enter(Health.LIVE)


def draw_table(state: WatchState, now: float, source: str, width: int) -> RenderableType:
    """The table at `now` (seconds since the epoch), and below it what is wrong.

    Args:
        state: What to show.
        now: The time that ages and waits are relative to.
        source: Where the data comes from.
        width: Columns of the terminal.
    """
    table = Table(box=SIMPLE_HEAD, width=min(width, _WIDEST), padding=0, pad_edge=False)
    table.add_column("Market", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("Outcome", no_wrap=True, overflow="ellipsis", max_width=_OUTCOME_WIDTH)
    for name in ("Bid", "Ask", "Spread", "Last"):
        # Prices are below 1, so flush left keeps their decimal points in one column.
        table.add_column(name, no_wrap=True, min_width=5)
    table.add_column("Feed", no_wrap=True, overflow="ellipsis", width=_FEED_WIDTH)
    table.add_column("Age", no_wrap=True, justify="right", min_width=4)
    for row in state.rows.values():
        table.add_row(*_cells(row, now), style="" if row.health is Health.LIVE else "dim")
    return Group(table, *_notes(state, now, source))


def _cells(row: Row, now: float) -> list[Text]:
    asset = row.asset
    prices = (row.best_bid, row.best_ask, row.spread, row.last_trade)
    decimals = max(map(_decimals, prices))
    return [
        Text(printable(asset.question or short_id(asset.asset_id))),
        Text(printable(asset.outcome or "-")),
        *(Text("-" if price is None else format(price, f".{decimals}f")) for price in prices),
        Text(_word(row, now), style=f"not dim {row.health.value}"),
        Text(age(row.heard, now)),
    ]


def _notes(state: WatchState, now: float, source: str) -> list[Text]:
    """Each trouble once, with how many tokens it concerns, and one line about the whole."""
    troubles: dict[str, int] = {}
    for row in state.rows.values():
        if row.health in {Health.INTERRUPTED, Health.OUT_OF_SYNC}:
            text = f"{_trouble(row, now)}: {printable(row.why)}"
            troubles[text] = troubles.get(text, 0) + 1
    footer = Text(f"{source}, {state.events} events. Ctrl-C ends it.", style="dim")
    footer.no_wrap, footer.overflow = True, "ellipsis"
    total = len(state.rows)
    return [
        *(Text(f"{text} ({count} of {total})", style="red") for text, count in troubles.items()),
        footer,
    ]


def _word(row: Row, now: float) -> str:
    if row.health is Health.INTERRUPTED and row.retry_at <= now:
        return "connecting"
    if row.health is Health.INTERRUPTED and row.retry_at < _NO_RETRY:
        return f"retry {math.ceil(row.retry_at - now)} s"
    if row.health is Health.RESOLVED and row.why:
        return f"won: {printable(row.why)}"
    return row.health.name.lower().replace("_", " ")


def _trouble(row: Row, now: float) -> str:
    if row.health is not Health.INTERRUPTED or row.retry_at == _NO_RETRY:
        return row.health.name.lower().replace("_", " ")
    wait = max(0, math.ceil(row.retry_at - now))
    return f"interrupted, retry in {wait} s" if wait else "interrupted, connecting"


def _decimals(price: Decimal | None) -> int:
    """How many decimals it takes to write a price exactly: two at least."""
    exponent = 0 if price is None else price.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
