"""The present of a token, whether or not anybody listens to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import attrs

from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.market import PriceSource
from polymarket_realtime._model.trust import AssetState, Standing
from polymarket_realtime._model.values import Level, WireLevel, utc_from_ms, utc_from_seconds
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.display_price import display_price
from polymarket_realtime._venue.books import MOST_BOOKS, BookReader
from polymarket_realtime.errors import CodecError, RestFailed

__all__ = ["MarketSnapshot", "SnapshotSource", "take_snapshots"]

_SURE = (AssetState.LIVE, AssetState.QUIET)


class SnapshotSource(StrEnum):
    """Where a snapshot comes from."""

    BOOK = "book"
    """The book that is kept for subscribers."""
    REST = "rest"
    """The venue's REST, asked just now: nobody listens, or the kept book is in doubt."""
    UNREACHABLE = "unreachable"
    """The kept book is in doubt, and REST cannot be asked: only the state is known."""
    RESOLUTION = "resolution"
    """The market is settled: there is no book any more."""


@attrs.frozen(kw_only=True)
class MarketSnapshot:
    """One token at one moment.

    Attributes:
        received: When it was looked at, in seconds since the epoch.
        price: As the venue displays it, or what a share pays once it is settled; None if there is
            nothing to go by.
        bids: Buy levels, best first; asks likewise.
        last_trade_price: Of this token since somebody listens; from REST always None, because it
            names the last trade of either token of the market.
        standing: What may be believed of the kept book; None if nobody listens.
        timestamp_ms: The venue's time of the book's last change, in milliseconds since the epoch;
            0 without a book.
        about: What the token is called, if that is known. Text of the venue: data.
        resolution: How its market was settled; None if it is not, as far as is known.
    """

    asset_id: AssetId
    received: float
    source: SnapshotSource
    market: ConditionId | None = None
    price: Decimal | None = None
    price_source: PriceSource | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    last_trade_price: Decimal | None = None
    standing: Standing | None = None
    timestamp_ms: int = 0
    about: AssetName | None = None
    resolution: MarketResolved | None = None

    @property
    def best_bid(self) -> Decimal | None:
        """Highest buy price, or None if nobody buys."""
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Decimal | None:
        """Lowest sell price, or None if nobody sells."""
        return self.asks[0].price if self.asks else None

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None if a side is empty."""
        return self.asks[0].price - self.bids[0].price if self.bids and self.asks else None

    @property
    def timestamp(self) -> datetime | None:
        """When the book last changed, aware UTC."""
        return utc_from_ms(self.timestamp_ms) if self.timestamp_ms else None

    @property
    def received_at(self) -> datetime:
        """When it was looked at, aware UTC."""
        return utc_from_seconds(self.received)


async def take_snapshots(
    known: Known, reader: BookReader, asset_ids: Sequence[AssetId], depth: int
) -> dict[AssetId, MarketSnapshot]:
    """Look at each token; REST is asked about those of which no trusted book is kept.

    Tokens of which nobody knows a book have neither price nor levels. While REST does not answer,
    those that are subscribed to have their state, and no more.

    Raises:
        RestFailed: REST does not answer usefully, and one of these is not subscribed to.
        CodecError: The same, and its answer cannot be read.
    """
    kept = {each: _kept(known, each, depth) for each in dict.fromkeys(asset_ids)}
    wanted = [asset_id for asset_id, snapshot in kept.items() if snapshot is None]
    told: dict[AssetId, WitnessBook] = {}
    source = SnapshotSource.REST
    try:
        for start in range(0, len(wanted), MOST_BOOKS):
            for book in await reader.read(wanted[start : start + MOST_BOOKS]):
                told[book.asset_id] = book
    except (RestFailed, CodecError):
        if any(known.books.get(asset_id) is None for asset_id in wanted):
            raise
        source = SnapshotSource.UNREACHABLE
    return {
        asset_id: snapshot or _told(known, asset_id, told.get(asset_id), source, depth)
        for asset_id, snapshot in kept.items()
    }


def _kept(known: Known, asset_id: AssetId, depth: int) -> MarketSnapshot | None:
    resolution = known.resolutions.resolution_of(asset_id)
    if resolution is not None:
        return _settled(known, asset_id, resolution)
    book = known.books.get(asset_id)
    return _of_book(known, book, depth) if book is not None and book.state in _SURE else None


def _settled(known: Known, asset_id: AssetId, resolution: MarketResolved) -> MarketSnapshot:
    pays = dict(zip(resolution.asset_ids, resolution.payouts, strict=False))
    return MarketSnapshot(
        asset_id=asset_id,
        received=time.time(),
        source=SnapshotSource.RESOLUTION,
        market=resolution.market,
        price=pays.get(asset_id),
        about=known.names.get(asset_id),
        resolution=resolution,
    )


def _of_book(known: Known, book: Book, depth: int) -> MarketSnapshot:
    view, price = book.view(depth), book.price
    return MarketSnapshot(
        asset_id=book.asset_id,
        received=time.time(),
        source=SnapshotSource.BOOK,
        market=book.market,
        price=None if price is None else price.price,
        price_source=None if price is None else price.price_source,
        bids=view.bids,
        asks=view.asks,
        last_trade_price=None if price is None else price.last_trade_price,
        standing=book.standing,
        timestamp_ms=book.timestamp_ms,
        about=known.names.get(book.asset_id),
    )


def _told(
    known: Known,
    asset_id: AssetId,
    told: WitnessBook | None,
    source: SnapshotSource,
    depth: int,
) -> MarketSnapshot:
    book = known.books.get(asset_id)
    snapshot = MarketSnapshot(
        asset_id=asset_id,
        received=time.time(),
        source=SnapshotSource.REST if told is not None else source,
        standing=None if book is None else book.standing,
        about=known.names.get(asset_id),
    )
    if told is None:
        return snapshot
    bids, asks = _levels(told.bids, depth), _levels(told.asks, depth)
    displayed = display_price(
        bids[0].price if bids else None, asks[0].price if asks else None, None
    )
    price, price_source = (None, None) if displayed is None else displayed
    return attrs.evolve(
        snapshot,
        market=told.market,
        price=price,
        price_source=price_source,
        bids=bids,
        asks=asks,
        timestamp_ms=told.timestamp_ms,
    )


def _levels(wire: Iterable[WireLevel], depth: int) -> tuple[Level, ...]:
    """The best levels, best first; what is no number is left out, as in a book."""
    levels = []
    for price, size in reversed(tuple(wire)):
        try:
            level = Level(Decimal(price), Decimal(size))
        except InvalidOperation:
            continue
        if level.size > 0:
            levels.append(level)
    return tuple(levels[:depth])
