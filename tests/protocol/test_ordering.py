"""News, copies and what comes too late, by the venue's time."""

import pytest
from market_talk import YES, make_change

from polymarket_realtime._codec.frames import BookFrame
from polymarket_realtime._model.trust import Doubt
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.ordering import Order, is_behind, order_of
from polymarket_realtime._protocol.price_key import PriceKeys

SNAPSHOT = 1_000


@pytest.fixture
def book():
    book = Book(PriceKeys(), asset_id=YES)
    book.begin("0x1", SNAPSHOT, "ab")
    book.carriers.add("the first connection")
    return book


def said(price="0.4", **fields):
    return (make_change("BUY", price, "5", **fields),)


def take(book, timestamp_ms, changes=None):
    """What a frame is; the book goes on if it is to be applied."""
    order = order_of(book, said() if changes is None else changes, timestamp_ms)
    if order in (Order.NEXT, Order.BURST):
        book.timestamp_ms = timestamp_ms
    return order


def test_what_is_newer_than_everything_is_next(book):
    assert [take(book, at) for at in (1_001, 1_002, 5_000)] == [Order.NEXT] * 3


def test_what_is_stamped_like_the_snapshot_belongs_to_its_burst(book):
    assert take(book, SNAPSHOT) is Order.BURST
    assert take(book, SNAPSHOT) is Order.COPY


def test_the_frames_of_one_burst_are_told_from_their_copies(book):
    assert take(book, 1_001, said("0.41")) is Order.NEXT
    assert take(book, 1_001, said("0.42")) is Order.BURST
    assert take(book, 1_001, said("0.41")) is Order.COPY
    assert take(book, 1_001, said("0.42")) is Order.COPY
    assert take(book, 1_001, said("0.43")) is Order.BURST


def test_a_copy_may_have_its_entries_in_another_order(book):
    pair = (*said("0.41"), *said("0.42"))
    take(book, 1_001, pair)
    assert take(book, 1_001, pair[::-1]) is Order.COPY
    assert take(book, 1_001, pair[:1]) is Order.BURST


def test_frames_that_differ_in_any_word_are_not_copies(book):
    take(book, 1_001, said("0.41", best_bid="0.41"))
    assert take(book, 1_001, said("0.41", best_bid="0.42")) is Order.BURST


def test_a_burst_that_was_heard_of_may_be_copied_later(book):
    for at in (1_001, 1_005, 1_120):
        take(book, at)
    assert take(book, 1_001) is Order.COPY
    assert take(book, 1_005) is Order.COPY


def test_what_should_have_come_before_others_was_missed(book):
    for at in (1_001, 1_005):
        take(book, at)
    assert take(book, 1_003) is Order.MISSED
    assert take(book, 1_003) is Order.MISSED, "it is not remembered"


@pytest.mark.parametrize("at", [SNAPSHOT, 999, 1])
def test_what_the_snapshot_has_already_is_old(book, at):
    take(book, 1_001)
    assert take(book, at) is Order.OLD


def test_after_a_new_snapshot_only_its_own_time_counts(book):
    for at in (1_001, 1_005):
        take(book, at)
    book.begin("0x1", 1_004, None)
    assert take(book, 1_003) is Order.OLD
    assert take(book, 1_005) is Order.NEXT


def test_of_what_is_older_than_the_memory_nobody_can_say_that_it_was_missed(book):
    for at in range(1_002, 1_002 + 2 * 16, 2):
        take(book, at)
    assert take(book, 1_003) is Order.MISSED
    take(book, 1_040)
    assert take(book, 1_002) is Order.OLD, "the oldest of sixteen bursts is forgotten"
    assert take(book, 1_003) is Order.OLD
    assert take(book, 1_004) is Order.COPY
    assert take(book, 1_005) is Order.MISSED


@pytest.mark.parametrize("new_here", [True, False])
@pytest.mark.parametrize(
    ("timestamp_ms", "hash_", "behind"),
    [
        (999, "ab", True),
        (999, "other", True),
        (1_001, "ab", False),
        (1_001, "other", False),
        (1_000, "other", False),
        (1_000, "", False),
        (1_000, None, False),
    ],
)
def test_a_snapshot_is_behind_if_it_is_older(book, timestamp_ms, hash_, behind, new_here):
    frame = BookFrame("book", "0x1", YES, str(timestamp_ms), (), (), hash_)
    assert is_behind(book, frame, timestamp_ms, new_here=new_here) is behind


def test_the_same_book_by_another_connection_is_behind_and_by_the_same_one_an_answer(book):
    frame = BookFrame("book", "0x1", YES, str(SNAPSHOT), (), (), "ab")
    assert is_behind(book, frame, SNAPSHOT, new_here=True)
    assert not is_behind(book, frame, SNAPSHOT, new_here=False)


def test_the_same_book_by_one_of_two_connections_was_asked_for_if_it_is_in_doubt(book):
    book.carriers.add("another connection")
    frame = BookFrame("book", "0x1", YES, str(SNAPSHOT), (), (), "ab")
    for doubt, behind in [
        (None, True),
        (Doubt.LAG, True),
        (Doubt.HASH, False),
        (Doubt.SILENCE, False),
    ]:
        book.doubt = doubt
        assert is_behind(book, frame, SNAPSHOT, new_here=False) is behind, doubt


def test_books_without_a_hash_are_not_taken_for_the_same(book):
    book.hash = ""
    frame = BookFrame("book", "0x1", YES, str(SNAPSHOT), (), (), "")
    assert not is_behind(book, frame, SNAPSHOT, new_here=True)
