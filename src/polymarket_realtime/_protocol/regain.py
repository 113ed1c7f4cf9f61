"""How a book becomes the truth, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.events import MARKET_FEED, Event
from polymarket_realtime._model.feed import Gap, Resynced, StateChanged
from polymarket_realtime._model.trust import AssetState, Doubt, Proof
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.display_price import next_price
from polymarket_realtime._protocol.ordering import fingerprint
from polymarket_realtime.errors import CodecError

__all__ = ["adopt", "merge_gaps", "put_to_proof", "regain", "replay", "resume", "tell"]


def tell(events: list[Event], event: Event | None) -> None:
    """Tell something, if there is anything to tell."""
    if event is not None:
        events.append(event)


def replay(book: Book) -> int:
    """Apply what came while there was no truth to apply it to; how many frames that were.

    Raises:
        CodecError: A price or size is not a number, in a frame that the snapshot does not have.
    """
    held = book.backlog.since(book.snapshot_ms)
    book.backlog.clear()
    for timestamp_ms, changes in held:
        try:
            book.apply(changes)
        except CodecError:
            if timestamp_ms > book.snapshot_ms:
                raise
        if timestamp_ms > book.timestamp_ms:
            book.recent.append(timestamp_ms)
            book.burst = ()
        book.burst += (fingerprint(changes),)
        book.timestamp_ms, book.hash = timestamp_ms, changes[-1].hash
    return len(held)


def regain(
    book: Book, counters: FeedCounters, *, received: float, by: Proof, raw: bytes = b""
) -> list[Event]:
    """The levels are the truth as of now: what to tell, in order.

    A book that was not the truth begins a new epoch. Its gap is told first, then the book and
    its price, and then that it may be believed.

    Args:
        book: Its levels are those to be shown.
        counters: Where to count.
        received: When the levels came, in seconds since the epoch.
        by: What says that they are the truth.
        raw: The venue's text of them.
    """
    events: list[Event] = []
    lost_since, late = book.lost_since, book.doubt is Doubt.LAG
    if not book.in_sync:
        if book.epoch and book.gap_since is not None:
            counters.gaps += 1
            events.append(_gap(book, book.gap_since, received))
        book.epoch += 1
    book.revision += 1
    book.received = book.agreed = received
    book.evidence.prove(by, received)
    book.lost_since = book.gap_since = book.awaited_since = None
    changed = None if late else book.enter(AssetState.LIVE, "", received)
    events.append(book.snapshot(raw))
    if not book.is_crossed:
        tell(events, next_price(book, book.timestamp_ms, received, raw))
    if lost_since is not None:
        counters.out_of_sync_seconds += max(0.0, received - lost_since)
        events.append(
            Resynced(
                received=received,
                asset_id=book.asset_id,
                about=book.about,
                market=book.market,
                epoch=book.epoch,
                verified_by=by,
                out_of_sync_since=lost_since,
            )
        )
    if changed is not None:
        events.append(changed)
    return events


def put_to_proof(
    book: Book, bids: Iterable[WireLevel], asks: Iterable[WireLevel], received: float
) -> StateChanged | None:
    """A book in doubt has come anew, with these levels: what to tell, if it was wrong.

    Raises:
        CodecError: A price or size is not a number.
    """
    if book.same_as(bids, asks):
        return None
    reason = f"it was wrong while in doubt: {book.reason}"
    intact_until = received if book.intact_until is None else book.intact_until
    return book.lose(AssetState.OUT_OF_SYNC, reason, received, intact_until)


def adopt(book: Book, shown: WitnessBook, counters: FeedCounters, *, wall: float) -> list[Event]:
    """Build a lost book on what the witness shows, and on what the socket has said since.

    Does nothing if the witness is older than what was applied before the book was lost, or than
    what it has shown before, or cannot be read.

    Args:
        book: Not in sync, and its backlog reaches back to the witness's time.
        shown: The witness's book.
        counters: Where to count.
        wall: Now, in seconds since the epoch.
    """
    if shown.timestamp_ms < max(book.timestamp_ms, book.evidence.witness_ms):
        return []
    try:
        book.replace(shown.bids, shown.asks)
        book.set_tick_size(shown.tick_size or book.tick_size)
        book.begin(shown.market, shown.timestamp_ms, shown.hash)
        if shown.last_trade_price is not None:
            book.evidence.last_trade = shown.last_trade_price
    except CodecError:
        return []
    return resume(book, counters, wall=wall)


def resume(book: Book, counters: FeedCounters, *, wall: float) -> list[Event]:
    """Go on with levels that the witness has agreed with, and with what the socket has said since.

    Does nothing if that cannot be read.
    """
    try:
        counters.replayed += replay(book)
    except CodecError:
        return []
    if not book.carriers:
        book.carriers.update(book.listeners)
    return regain(book, counters, received=wall, by=Proof.REST)


def _gap(book: Book, since: float, received: float) -> Gap:
    return Gap(
        received=received,
        feed=MARKET_FEED,
        asset_ids=(book.asset_id,),
        reason=book.gap_reason,
        gap_since=since,
    )


def merge_gaps(events: Sequence[Event]) -> list[Event]:
    """Tell books that have the same gap together, where the first of them is told.

    After a reconnect all books of a connection have one.
    """
    merged: list[Event] = []
    places: dict[tuple[float, str], int] = {}
    for event in events:
        if isinstance(event, Gap) and event.stream is None:
            key = event.gap_since, event.reason
            if key in places:
                first = merged[places[key]]
                assert isinstance(first, Gap)
                merged[places[key]] = _joined(first, event)
                continue
            places[key] = len(merged)
        merged.append(event)
    return merged


def _joined(first: Gap, other: Gap) -> Gap:
    return Gap(
        received=max(first.received, other.received),
        feed=first.feed,
        asset_ids=(*first.asset_ids, *other.asset_ids),
        reason=first.reason,
        gap_since=first.gap_since,
    )
