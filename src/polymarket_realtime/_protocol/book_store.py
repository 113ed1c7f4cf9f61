"""All books, by asset."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import attrs

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.copies import Copies
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._protocol.price_key import PriceKeys

__all__ = ["BookStore", "Place"]

_MOST_REMEMBERED: Final = 10_000


class Place(NamedTuple):
    """Where an event of an asset stands: in its book, and in what is believed of it."""

    epoch: int
    revision: int
    about: AssetName | None
    state: AssetState


@attrs.define(eq=False)
class BookStore:
    """The books of every wanted asset. Protocols write them, everybody else reads.

    A book that comes back continues its epochs and revisions, so that no reader mistakes an
    old event for a new one.

    Attributes:
        names: What its tokens are called, for the events that are made of the books.
        untold: Changes of state that were noted where nothing can be told; whoever tells
            something next tells them first.
        copies: What connections have told of trades, hints and ticks.
        attention: Assets of which something was found that `Freshness` is to look at.
        refresh: Assets whose book the connections that carry them are to ask for again.
    """

    names: Names = attrs.field(factory=Names)
    untold: list[Event] = attrs.field(factory=list, init=False)
    copies: Copies = attrs.field(factory=Copies, init=False)
    refresh: set[AssetId] = attrs.field(factory=set, init=False)
    attention: set[AssetId] = attrs.field(factory=set, init=False)
    _books: dict[AssetId, Book] = attrs.field(factory=dict, init=False)
    get: Callable[[AssetId], Book | None] = attrs.field(init=False, repr=False)
    """The book of a wanted asset. Every change asks, so it is the table's own method."""
    _keys: PriceKeys = attrs.field(factory=PriceKeys, init=False)
    _numbers: OrderedDict[AssetId, tuple[int, int]] = attrs.field(factory=OrderedDict, init=False)

    def __iter__(self) -> Iterator[Book]:
        return iter(self._books.values())

    def __len__(self) -> int:
        return len(self._books)

    @get.default
    def _look_up(self) -> Callable[[AssetId], Book | None]:
        return self._books.get

    def ensure(self, asset_id: AssetId) -> Book:
        """The book of an asset, made empty and out of sync if there is none."""
        book = self._books.get(asset_id)
        if book is None:
            epoch, revision = self._numbers.pop(asset_id, (0, 0))
            book = Book(
                self._keys, asset_id=asset_id, epoch=epoch, revision=revision, names=self.names
            )
            self._books[asset_id] = book
        return book

    def place(self, asset_id: AssetId) -> Place:
        """Where an event of this asset stands now."""
        book = self._books.get(asset_id)
        if book is None:
            return Place(0, 0, self.names.get(asset_id), AssetState.CONNECTING)
        return Place(book.epoch, book.revision, book.about, book.state)

    def note(self, changed: StateChanged | None) -> None:
        """Have a change of state told by whoever tells something next."""
        if changed is not None:
            self.untold.append(changed)

    def take_untold(self) -> list[Event]:
        """The changes of state to be told now."""
        untold, self.untold = self.untold, []
        return untold

    def take_attention(self) -> set[AssetId]:
        """The assets to be looked at now."""
        attention, self.attention = self.attention, set()
        return attention

    def take_refresh(self, listener: object) -> list[AssetId]:
        """The assets that this connection is to ask for again; nobody else need do it."""
        asked = [
            asset_id
            for asset_id in self.refresh
            if (book := self._books.get(asset_id)) is not None and listener in book.listeners
        ]
        self.refresh.difference_update(asked)
        return asked

    def interrupt(self, asset_ids: Iterable[AssetId], reason: str, wall: float) -> list[AssetId]:
        """A connection that was to carry these was lost, or could not be had.

        Args:
            asset_ids: The assets.
            reason: What happened, one sentence.
            wall: Now, in seconds since the epoch.

        Returns:
            Those that no other connection keeps: their readers are to be told, and then of the
            end of it too, even if their book has never been the truth.
        """
        lost = []
        for asset_id in asset_ids:
            book = self.ensure(asset_id)
            if book.carriers or book.listeners or book.state is AssetState.RESOLVED:
                continue
            lost.append(asset_id)
            state = AssetState.OUT_OF_SYNC if book.epoch else AssetState.CONNECTING
            self.note(book.lose(state, f"no connection: {reason}", wall, wall))
        return lost

    def settle(self, asset_ids: Iterable[AssetId], wall: float) -> None:
        """The market of these is settled: nothing will come any more."""
        for asset_id in asset_ids:
            if (book := self._books.get(asset_id)) is not None:
                book.awaited_since = book.lost_since = book.gap_since = None
                self.note(book.enter(AssetState.RESOLVED, "the market is settled", wall))

    def retain(self, wanted: frozenset[AssetId]) -> None:
        """Forget the levels of all assets but these."""
        self.refresh &= wanted
        self.attention &= wanted
        for asset_id in [each for each in self._books if each not in wanted]:
            book = self._books.pop(asset_id)
            if book.epoch:
                self._numbers[asset_id] = (book.epoch, book.revision)
        while len(self._numbers) > _MOST_REMEMBERED:
            self._numbers.popitem(last=False)
