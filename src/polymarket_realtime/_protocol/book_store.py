"""All books, by asset."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import attrs

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._protocol.price_key import PriceKeys

__all__ = ["BookStore", "Place"]

_MOST_REMEMBERED: Final = 10_000


class Place(NamedTuple):
    """Where an event of an asset stands: epoch and revision of its book, and its name."""

    epoch: int
    revision: int
    about: AssetName | None


@attrs.define(eq=False)
class BookStore:
    """The books of every wanted asset. Protocols write them, everybody else reads.

    A book that comes back continues its epochs and revisions, so that no reader mistakes an
    old event for a new one.

    Attributes:
        names: What its tokens are called, for the events that are made of the books.
    """

    names: Names = attrs.field(factory=Names)
    _books: dict[AssetId, Book] = attrs.field(factory=dict, init=False)
    _keys: PriceKeys = attrs.field(factory=PriceKeys, init=False)
    _numbers: OrderedDict[AssetId, tuple[int, int]] = attrs.field(factory=OrderedDict, init=False)

    def __iter__(self) -> Iterator[Book]:
        return iter(self._books.values())

    def __len__(self) -> int:
        return len(self._books)

    def get(self, asset_id: AssetId) -> Book | None:
        """The book of a wanted asset."""
        return self._books.get(asset_id)

    def place(self, asset_id: AssetId) -> Place:
        """Where an event of this asset stands now."""
        book = self._books.get(asset_id)
        if book is None:
            return Place(0, 0, self.names.get(asset_id))
        return Place(book.epoch, book.revision, book.about)

    def ensure(self, asset_id: AssetId) -> Book:
        """The book of an asset, made empty and out of sync if there is none."""
        book = self._books.get(asset_id)
        if book is None:
            epoch, revision = self._numbers.pop(asset_id, (0, 0))
            book = Book(asset_id, self._keys, epoch=epoch, revision=revision, names=self.names)
            self._books[asset_id] = book
        return book

    def interrupt(self, asset_ids: Iterable[AssetId], wall: float) -> None:
        """Note that readers are being told of an interruption: they are to hear of its end too.

        Even if a book has never been the truth, because the first dial failed.
        """
        for asset_id in asset_ids:
            book = self.ensure(asset_id)
            book.mark_out_of_sync("the connection was lost", wall)
            if book.out_of_sync_since is None:
                book.out_of_sync_since = wall

    def retain(self, wanted: frozenset[AssetId]) -> None:
        """Forget the levels of all assets but these."""
        for asset_id in [each for each in self._books if each not in wanted]:
            book = self._books.pop(asset_id)
            if book.epoch:
                self._numbers[asset_id] = (book.epoch, book.revision)
        while len(self._numbers) > _MOST_REMEMBERED:
            self._numbers.popitem(last=False)
