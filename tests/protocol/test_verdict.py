"""A book beside what REST shows of it."""

import attrs
import pytest
from market_talk import YES

from levels_in_words import levels
from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime._protocol.verdict import Verdict, judge

NOW = 1_000
BIDS, ASKS = levels(("0.39", "5"), ("0.4", "1")), levels(("0.6", "2"), ("0.5", "3"))
SAME = WitnessBook("0x1", YES, NOW, "ab", BIDS, ASKS)
OTHER = attrs.evolve(SAME, hash="cd", bids=BIDS[:1])


@pytest.fixture
def book():
    book = Book(PriceKeys(), asset_id=YES)
    book.replace(BIDS, ASKS)
    book.begin("0x1", NOW, "ab")
    return book


@pytest.mark.parametrize("calm", [True, False])
@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (SAME, Verdict.EQUAL),
        (attrs.evolve(SAME, hash=None), Verdict.EQUAL),
        (attrs.evolve(SAME, hash="cd"), Verdict.EQUAL),
        (attrs.evolve(SAME, timestamp_ms=NOW + 5, hash="cd"), Verdict.EQUAL),
        (attrs.evolve(SAME, bids=BIDS[::-1], asks=ASKS[::-1]), Verdict.EQUAL),
        (attrs.evolve(SAME, bids=levels(("0.390", "5.00"), (".4", "1"))), Verdict.EQUAL),
        (attrs.evolve(OTHER, timestamp_ms=NOW + 1), Verdict.MOVED),
        (attrs.evolve(OTHER, timestamp_ms=NOW + 1, hash=None), Verdict.MOVED),
        (attrs.evolve(OTHER, timestamp_ms=NOW - 1), Verdict.OLDER),
        (attrs.evolve(SAME, timestamp_ms=NOW - 1, hash="cd"), Verdict.OLDER),
        (None, Verdict.NO_BOOK),
        (attrs.evolve(OTHER, bids=levels(("?", "1"))), Verdict.UNCLEAR),
    ],
)
def test_levels_count_and_times_say_which_is_newer(book, shown, verdict, calm):
    assert judge(book, shown, calm=calm) is verdict


def test_of_the_same_moment_both_must_be_equal_unless_a_burst_may_go_on(book):
    assert judge(book, OTHER, calm=True) is Verdict.DIVERGED
    assert judge(book, OTHER, calm=False) is Verdict.UNCLEAR


def test_an_equal_hash_of_other_levels_is_a_proof_against_the_book(book):
    shown = attrs.evolve(OTHER, hash="ab", timestamp_ms=NOW + 7)
    assert judge(book, shown, calm=False) is Verdict.DIVERGED


def test_no_hash_is_equal_to_no_hash(book):
    book.hash = ""
    shown = attrs.evolve(OTHER, hash="", timestamp_ms=NOW - 1)
    assert judge(book, shown, calm=True) is Verdict.OLDER
