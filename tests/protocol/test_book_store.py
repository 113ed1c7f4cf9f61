import pytest

from levels_in_words import levels
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._protocol.book_store import BookStore

ONE, TWO = "1" * 77, "2" * 77
WALL = 1_700_000_000.0


@pytest.fixture
def books():
    return BookStore()


def test_a_book_is_made_once(books):
    assert books.get(ONE) is None
    book = books.ensure(ONE)
    assert books.ensure(ONE) is books.get(ONE) is book
    assert not book.in_sync


def test_all_books_can_be_read(books):
    books.ensure(ONE)
    books.ensure(TWO)
    assert {book.asset_id for book in books} == {ONE, TWO}
    assert len(books) == 2


def test_a_discarded_book_is_gone(books):
    books.ensure(ONE).replace(levels(("0.4", "1")), ())
    books.retain(frozenset())
    assert books.get(ONE) is None
    assert len(books) == 0


def test_a_book_that_comes_back_is_empty_but_continues_its_numbers(books):
    book = books.ensure(ONE)
    book.replace(levels(("0.4", "1")), ())
    book.epoch, book.revision = 3, 17
    book.enter(AssetState.LIVE, "", WALL)
    books.retain(frozenset({TWO}))
    again = books.ensure(ONE)
    assert again is not book
    assert (again.epoch, again.revision) == (3, 17)
    assert again.best_bid is None
    assert not again.in_sync
    assert again.state is AssetState.CONNECTING


def test_the_memory_of_discarded_books_is_bounded(books):
    for number in range(10_001):
        books.ensure(str(number)).epoch = 1
    books.retain(frozenset())
    assert books.ensure("0").epoch == 0, "the oldest is forgotten"
    assert books.ensure("10000").epoch == 1


def test_books_share_one_table_of_prices(books):
    assert books.ensure(ONE).keys is books.ensure(TWO).keys


# What is told of books that cannot be had


def live(books, asset):
    book = books.ensure(asset)
    book.epoch = 1
    book.enter(AssetState.LIVE, "", WALL)
    return book


def test_a_connection_that_cannot_be_had_is_told_of_books_that_nobody_else_keeps(books):
    for asset in (ONE, TWO):
        live(books, asset)
    books.get(TWO).carriers.add("another connection")
    assert books.interrupt([ONE, TWO], "refused", WALL + 1) == [ONE]
    (told,) = books.take_untold()
    assert (told.asset_id, told.state) == (ONE, AssetState.OUT_OF_SYNC)
    assert told.reason == "no connection: refused"
    assert books.get(TWO).state is AssetState.LIVE
    assert books.take_untold() == []


def test_a_book_that_somebody_waits_for_is_not_interrupted(books):
    books.ensure(ONE).listeners.add("another connection")
    assert books.interrupt([ONE], "refused", WALL) == []


def test_a_book_that_never_came_stays_connecting_but_its_recovery_will_be_told(books):
    assert books.interrupt([ONE], "refused", WALL) == [ONE]
    assert books.take_untold() == []
    book = books.get(ONE)
    assert (book.state, book.reason) == (AssetState.CONNECTING, "no connection: refused")
    assert (book.lost_since, book.gap_since) == (WALL, None)
    assert books.interrupt([ONE], "refused again", WALL + 5) == [ONE]
    assert (book.lost_since, book.reason) == (WALL, "no connection: refused again")


def test_a_settled_book_is_told_once_and_cannot_be_lost(books):
    live(books, ONE).lose(AssetState.RESYNCING, "asked for", WALL, WALL)
    books.take_untold()
    for _ in range(2):
        books.settle([ONE, TWO], WALL + 1)
    (told,) = books.take_untold()
    assert (told.state, told.before) == (AssetState.RESOLVED, AssetState.RESYNCING)
    book = books.get(ONE)
    assert (book.lost_since, book.gap_since, book.awaited_since) == (None, None, None)
    assert books.interrupt([ONE], "refused", WALL + 2) == []
    assert books.get(TWO) is None, "nobody wants it"


def test_the_place_of_an_event_is_that_of_its_book(books):
    assert books.place(ONE) == (0, 0, None, AssetState.CONNECTING)
    live(books, ONE).revision = 7
    assert books.place(ONE) == (1, 7, None, AssetState.LIVE)


def test_what_needs_attention_is_given_once(books):
    books.attention.add(ONE)
    assert books.take_attention() == {ONE}
    assert books.take_attention() == set()


def test_a_refresh_is_given_to_one_of_its_listeners_once(books):
    books.ensure(ONE).listeners.add("first")
    books.refresh.update([ONE, TWO])
    assert books.take_refresh("second") == []
    assert books.take_refresh("first") == [ONE]
    assert books.take_refresh("first") == []
    assert books.refresh == {TWO}, "it waits for somebody who listens"
