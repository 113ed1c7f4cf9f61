"""Disagreements that are settled in time, and those that are not."""

import math

import pytest
from market_talk import NO, YES

from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime._protocol.self_check import SelfCheck

NOW = 100.0


@pytest.fixture
def check():
    return SelfCheck()


@pytest.fixture
def book():
    book = Book(PriceKeys(), asset_id=YES)
    book.begin("0x1", 1_000, None)
    return book


def test_without_disagreement_there_is_nothing_to_wait_for(check):
    assert check.next_deadline() == math.inf
    assert YES not in check.unsettled
    assert not check.is_over(YES, 5_000)
    assert (check.bursts_due(1e9), check.hints_due(1e9), check.rests_due(1e9)) == ([], [], [])


def test_a_burst_has_one_second_from_its_first_disagreement(check):
    check.disagrees(YES, 1_000, NOW)
    check.disagrees(YES, 1_000, NOW + 0.9)
    assert YES in check.unsettled
    assert check.next_deadline() == NOW + 1.0
    assert check.bursts_due(NOW + 0.99) == []
    assert check.bursts_due(NOW + 1.0) == [YES]
    assert YES not in check.unsettled, "it is told once"


def test_a_burst_that_comes_right_is_forgotten(check):
    check.disagrees(YES, 1_000, NOW)
    check.unsettled.pop(YES)
    assert check.next_deadline() == math.inf
    check.disagrees(YES, 1_001, NOW + 5)
    assert check.next_deadline() == NOW + 6.0, "the next one has its own second"


def test_a_later_time_shows_that_a_burst_is_over(check):
    check.disagrees(YES, 1_000, NOW)
    assert not check.is_over(YES, 1_000)
    assert check.is_over(YES, 1_001)
    assert not check.is_over(NO, 1_001)


def test_a_hint_has_two_seconds_to_come_true(check, book):
    check.hint(book, 1_200, NOW, agrees=False)
    assert check.next_deadline() == NOW + 2.0
    assert check.hints_due(NOW + 1.9) == []
    ((asset, reach),) = check.hints_due(NOW + 2.0)
    assert asset == YES
    assert 1_190 <= reach < 1_200, "it is stamped a moment later than its change"
    assert check.next_deadline() == math.inf


def test_a_hint_that_the_book_shows_settles_the_one_before(check, book):
    check.hint(book, 1_200, NOW, agrees=False)
    check.hint(book, 1_300, NOW + 1, agrees=True)
    assert check.next_deadline() == math.inf


def test_a_second_hint_does_not_put_off_the_first(check, book):
    check.hint(book, 1_200, NOW, agrees=False)
    check.hint(book, 1_300, NOW + 1.5, agrees=False)
    assert check.next_deadline() == NOW + 2.0


def test_a_hint_about_the_next_change_has_its_own_two_seconds(check, book):
    check.hint(book, 1_200, NOW, agrees=False)
    book.timestamp_ms = 1_250
    check.hint(book, 1_300, NOW + 1.5, agrees=False)
    ((_, reach),) = check.hints_due(NOW + 3.5)
    assert reach > 1_250


def test_a_book_that_is_to_be_compared_waits_for_the_end_of_its_burst(check):
    check.rests(YES, NOW)
    assert check.next_deadline() == NOW + 1.0
    assert check.rests_due(NOW + 0.5) == []
    assert check.rests_due(NOW + 1.0) == [YES]
    assert check.rests_due(NOW + 1.0) == []


def test_what_is_sent_anew_has_no_past(check, book):
    check.disagrees(YES, 1_000, NOW)
    check.hint(book, 1_200, NOW, agrees=False)
    check.rests(YES, NOW)
    check.disagrees(NO, 1_000, NOW)
    check.forget([YES])
    assert check.bursts_due(1e9) == [NO]
    assert check.next_deadline() == math.inf
