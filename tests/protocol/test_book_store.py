import pytest

from polymarket_realtime._protocol.book_store import BookStore

ONE, TWO = "1" * 77, "2" * 77


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
    books.ensure(ONE).replace([("0.4", "1")], [])
    books.retain(frozenset())
    assert books.get(ONE) is None
    assert len(books) == 0


def test_a_book_that_comes_back_is_empty_but_continues_its_numbers(books):
    book = books.ensure(ONE)
    book.replace([("0.4", "1")], [])
    book.epoch, book.revision, book.reason = 3, 17, None
    books.retain(frozenset({TWO}))
    again = books.ensure(ONE)
    assert again is not book
    assert (again.epoch, again.revision) == (3, 17)
    assert again.best_bid is None
    assert not again.in_sync


def test_the_memory_of_discarded_books_is_bounded(books):
    for number in range(10_001):
        books.ensure(str(number)).epoch = 1
    books.retain(frozenset())
    assert books.ensure("0").epoch == 0, "the oldest is forgotten"
    assert books.ensure("10000").epoch == 1


def test_books_share_one_table_of_prices(books):
    assert books.ensure(ONE).keys is books.ensure(TWO).keys
