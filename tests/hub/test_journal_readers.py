"""Journals, seen by readers who do not count, or who only want to know how much there is."""

from __future__ import annotations

from hub.test_journal import lost, open_journals, price, trade, write


def test_a_reader_who_does_not_count_takes_no_position_from_one_who_does():
    journals = open_journals("a")
    write(journals, "a", price("0.1"), price("0.2"))
    counting = pushed = journals.cursor(["a"])
    for number in range(40):
        write(journals, "a", price(f"0.{number:02}1"))
        pushed = journals.read(["a"], pushed, 10, counting=False).cursor
    (record,) = journals.read(["a"], counting, 10).records
    assert record.entry.stands_for == 40


def test_how_many_are_pending_is_what_a_page_would_hold():
    journals = open_journals("a", "b", capacity=4)
    write(journals, "a", trade(1), price("0.1"))
    cursor = journals.cursor(["a"])
    assert journals.pending("a", cursor) == 0
    write(journals, "b", trade(1))
    write(journals, "a", *map(trade, range(9)), price("0.2"), price("0.3"), price("0.3", "2"))
    page = journals.read(["a"], cursor, 100)
    assert journals.pending("a", cursor) == len(page.records) == 6
    assert page.missed == 5
    write(journals, "a", trade(10))
    assert journals.pending("a", page.cursor) == 1


def test_what_was_lost_twice_is_missed_once_wherever_a_page_ends():
    journals = open_journals("a", capacity=3)
    cursor = journals.cursor(["a"])
    # The first loss has left the journal when it is read, the second has not.
    write(journals, "a", lost(7), trade(1), trade(2), lost(5), trade(3))
    first = journals.read(["a"], cursor, 1)
    second = journals.read(["a"], first.cursor, 1)
    assert [page.events for page in (first, second)] == [[trade(2)], [trade(3)]]
    assert (first.missed, second.missed) == (7 + 1, 5)
