"""What the table of `watch` knows: fed with events, read by whoever draws it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import singledispatchmethod
from typing import Final

import attrs

from polymarket_realtime._lookup.resolving import Found
from polymarket_realtime._model import feed, lifecycle, market
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.trust import AssetState, Standing

__all__ = ["NO_RETRY", "Row", "WatchState"]

NO_RETRY: Final = math.inf


@attrs.define
class Row:
    """One token.

    Attributes:
        name: What the market is called beside the others; None until that is known.
        outcome: What the token is called; None likewise.
        heard: When the venue last said something about it, in seconds since the epoch.
        state: What may be believed of it.
        why: The reason of that; how a resolved market was settled.
        retry_at: When a lost connection is dialled again, in seconds since the epoch.
    """

    asset_id: AssetId
    name: str | None = None
    outcome: str | None = None
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last_trade: Decimal | None = None
    heard: float | None = None
    state: AssetState = AssetState.CONNECTING
    why: str = ""
    retry_at: float = NO_RETRY

    def enter(self, state: AssetState, why: str = "") -> None:
        """Change the state. A resolved market stays resolved."""
        if self.state is not AssetState.RESOLVED:
            self.state, self.why = state, why

    def explain(self, standing: Standing | None) -> None:
        """Take the newest reason for the state that is shown."""
        if standing is None or self.state is AssetState.RESOLVED:
            return
        if standing.state is self.state:
            self.why = standing.reason

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None if a side is empty."""
        if self.best_bid is None or self.best_ask is None:
            return None
        return self.best_ask - self.best_bid


class WatchState:
    """What the table shows: one row a token, in the order given, and the events beside them.

    Of an event of several markets the first outcome of each is shown, and called by the
    market's label: the second one's prices are its mirror image.

    Attributes:
        rows: By token.
        titles: Of the venue's events that are followed, by slug.
        totals: The sum of the prices of each of these; None while it is not known.
        events: How many were taken.
        over: Whether nothing more will come.
    """

    def __init__(self, found: Found) -> None:
        self.rows = {row.asset_id: row for row in _rows(found)}
        self.titles = {group.slug: group.title for group in found.groups}
        self.totals: dict[str, Decimal | None] = dict.fromkeys(self.titles)
        self.events = 0
        self.over = False

    def _rows_of(self, asset_ids: Sequence[AssetId]) -> list[Row]:
        return [row for asset_id in asset_ids if (row := self.rows.get(asset_id)) is not None]

    def take(self, event: Event) -> None:
        """Take one event of the subscription, in order."""
        self.events += 1
        if isinstance(event, market.MarketEvent):
            for row in self._rows_of([event.asset_id]):
                row.heard = event.received
                if row.name is None and event.about is not None:
                    row.name, row.outcome = event.about.question, event.about.outcome
        self._apply(event)

    @singledispatchmethod
    def _apply(self, event: Event) -> None:
        """Nothing in the table depends on any other kind."""

    @_apply.register
    def _(self, event: market.BookSnapshot) -> None:
        for row in self._rows_of([event.asset_id]):
            row.best_bid = event.bids[0].price if event.bids else None
            row.best_ask = event.asks[0].price if event.asks else None
            row.enter(event.state)

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
    def _(self, event: lifecycle.MarketCreated) -> None:
        if event.event_slug in self.titles:
            asset_id, outcome = event.asset_ids[0], event.outcomes[0]
            name = event.label or event.question
            self.rows.setdefault(asset_id, Row(asset_id, name, outcome))

    @_apply.register
    def _(self, event: lifecycle.MarketResolved) -> None:
        for row in self._rows_of(event.asset_ids):
            row.heard = event.received
            row.best_bid = row.best_ask = None
            winner = event.winning_outcome
            row.enter(AssetState.RESOLVED, "split" if winner is None else f"won: {winner}")

    @_apply.register
    def _(self, event: lifecycle.EventPrices) -> None:
        self.totals[event.event] = event.total

    @_apply.register
    def _(self, event: feed.Connected) -> None:
        for row in self._rows_of(event.asset_ids):
            row.retry_at = NO_RETRY

    @_apply.register
    def _(self, event: feed.Interrupted) -> None:
        retry_at = NO_RETRY if event.retry_in is None else event.received + event.retry_in
        for row in self._rows_of(event.asset_ids):
            if row.state is not AssetState.RESOLVED:
                row.retry_at, row.why = retry_at, event.reason

    @_apply.register
    def _(self, event: feed.StateChanged) -> None:
        for row in self._rows_of([event.asset_id]):
            row.enter(event.state, event.reason)
            if event.state.in_sync:
                row.retry_at = NO_RETRY


def _rows(found: Found) -> Iterator[Row]:
    """What to show at first. An identifier that stands for several markets is an event."""
    meant = defaultdict[str, set[ConditionId | None]](set)
    for asset in found.assets:
        meant[asset.input].add(asset.condition_id)
    labels = {each.asset_ids[0]: each.label or each.question for each in found.markets}
    for asset in found.assets:
        if len(meant[asset.input]) == 1:
            yield Row(asset.asset_id, asset.question, asset.outcome)
        elif asset.asset_id in labels:
            yield Row(asset.asset_id, labels[asset.asset_id], asset.outcome)
