"""What is looked up when it is read, and not when it happened.

A price or a book that waits in a mailbox grows old. So not the event waits there but a view,
and what the reader gets is the latest there is. A view that has nothing new to show, or whose
book is not the truth, gives None.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Protocol

import attrs

from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import EventPrice, EventPrices
from polymarket_realtime._model.market import BookSnapshot, OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.book_store import BookStore

__all__ = ["BookView", "EventView", "PriceView", "SnapshotView", "View", "pays_first"]


class View(Hashable, Protocol):
    """Something to look up."""

    def look_up(self, books: BookStore) -> Event | None:
        """The latest event, if it is new to this view."""


def _trusted(books: BookStore, asset_id: AssetId) -> Book | None:
    book = books.get(asset_id)
    return book if book is not None and book.in_sync else None


@attrs.define(eq=False)
class BookView:
    """The `depth` best levels of a book."""

    asset_id: AssetId
    depth: int
    _shown: OrderbookUpdate | None = attrs.field(default=None, init=False)

    def look_up(self, books: BookStore) -> OrderbookUpdate | None:
        book, shown = _trusted(books, self.asset_id), self._shown
        if book is None:
            return None
        if shown is not None and (shown.epoch, shown.revision) == (book.epoch, book.revision):
            return None
        view = book.view(self.depth)
        # A change below `depth` is news to nobody who looks at this view.
        if shown is not None and _is_same(shown, view):
            return None
        self._shown = view
        return view


def _is_same(one: OrderbookUpdate, other: OrderbookUpdate) -> bool:
    return (one.epoch, one.bids, one.asks, one.tick_size) == (
        other.epoch,
        other.bids,
        other.asks,
        other.tick_size,
    )


@attrs.define(eq=False)
class PriceView:
    """The displayed price."""

    asset_id: AssetId
    _shown: PriceChangeEvent | None = attrs.field(default=None, init=False)

    def look_up(self, books: BookStore) -> PriceChangeEvent | None:
        book = _trusted(books, self.asset_id)
        if book is None or book.price is None or book.price is self._shown:
            return None
        self._shown = price = book.price
        # It may have been told before the catalogue had answered, and trusted more, or less.
        if price.about is not None and price.state is book.state:
            return price
        return attrs.evolve(price, about=book.about, state=book.state)


@attrs.define(eq=False)
class SnapshotView:
    """A whole book, for a reader of changes that joins late or has fallen behind.

    Attributes:
        seen: Revision of the last snapshot given: older changes are in it.
    """

    asset_id: AssetId
    seen: int = 0

    def look_up(self, books: BookStore) -> BookSnapshot | None:
        book = _trusted(books, self.asset_id)
        if book is None or book.revision <= self.seen:
            return None
        self.seen = book.revision
        return book.snapshot()


@attrs.define(eq=False)
class EventView:
    """The prices of all outcomes of an event, and their sum.

    Attributes:
        slug: The event's.
        title: Likewise.
        markets: Those of it that are not settled.
        priced: Whether its reader hears of books or prices; what is shown would grow old otherwise.
        decided: Whether an outcome of it has won: prices of the others do not sum to 1 any more.
    """

    slug: str
    title: str
    markets: dict[ConditionId, Market]
    priced: bool = True
    decided: bool = False
    _shown: tuple[EventPrice, ...] | None = attrs.field(default=None, init=False)

    @property
    def asset_ids(self) -> frozenset[AssetId]:
        """The tokens of all its markets."""
        return frozenset(each for market in self.markets.values() for each in market.asset_ids)

    def leave(self, assets: frozenset[AssetId], payouts: Sequence[Decimal]) -> bool:
        """Show the market of these tokens no longer, which was settled; whether there was one."""
        over = [key for key, each in self.markets.items() if not assets.isdisjoint(each.asset_ids)]
        for key in over:
            del self.markets[key]
            self.decided = self.decided or pays_first(payouts)
        return bool(over)

    def look_up(self, books: BookStore) -> EventPrices | None:
        if not self.priced:
            return None
        lines = tuple(
            EventPrice(label=label, asset_id=asset_id, price=_price(books, asset_id))
            for label, asset_id in self._lines()
        )
        if lines == self._shown or not any(line.price is not None for line in lines):
            return None
        self._shown = lines
        return EventPrices(
            received=time.time(),
            event=self.slug,
            title=self.title,
            outcomes=lines,
            decided=self.decided,
        )

    def _lines(self) -> list[tuple[str, AssetId]]:
        """What to show: each market's first outcome or, if there is one market only, all of its."""
        markets = list(self.markets.values())
        if len(markets) == 1 and not markets[0].label:
            return [(outcome.name, outcome.asset_id) for outcome in markets[0].outcomes]
        return [
            (market.label or market.question, market.outcomes[0].asset_id)
            for market in markets
            if market.outcomes
        ]


def pays_first(payouts: Sequence[Decimal]) -> bool:
    """Whether the outcome of a market that its event shows, the first, pays anything."""
    return bool(payouts) and payouts[0] > 0


def _price(books: BookStore, asset_id: AssetId) -> Decimal | None:
    book = _trusted(books, asset_id)
    return None if book is None or book.price is None else book.price.price
