"""Names are looked up in batches, and not again and again."""

from __future__ import annotations

import math

from market_samples import yes_of

from polymarket_realtime._protocol.names_wanted import NamesWanted


def test_tokens_are_asked_about_together_and_once():
    names = NamesWanted()
    assert names.next_deadline() == math.inf
    assert all(names.want(yes_of(number), 0.0) for number in range(50))
    assert not names.want(yes_of(1), 0.0), "it waits already"
    first = names.due(0.0)
    assert first == tuple(yes_of(number) for number in range(40))
    names.asked(first, 1.0)
    assert len(names.due(1.0)) == 10
    names.asked(names.due(1.0), 1.0)
    assert (names.due(2.0), names.next_deadline()) == ((), math.inf)


def test_a_name_that_was_asked_for_lately_is_not_wanted_again():
    names = NamesWanted()
    names.want(yes_of(1), 0.0)
    names.asked(names.due(0.0), 0.0)
    assert not names.want(yes_of(1), 599.0)
    assert names.want(yes_of(1), 600.0), "the catalogue may know it by now"


def test_while_the_catalogue_is_down_all_wait_and_none_is_lost():
    names = NamesWanted()
    names.want(yes_of(1), 0.0)
    names.failed(0.0)
    names.want(yes_of(2), 1.0)
    assert (names.due(14.0), names.next_deadline()) == ((), 15.0)
    names.failed(15.0, retry_after=60.0)
    assert names.next_deadline() == 75.0
    names.asked(names.due(75.0), 75.0)
    names.want(yes_of(3), 76.0)
    assert names.due(76.0) == (yes_of(3),)


def test_no_more_than_so_many_wait():
    names = NamesWanted()
    for number in range(2_001):
        names.want(yes_of(number), 0.0)
    asked = []
    while due := names.due(0.0):
        asked += due
        names.asked(due, 0.0)
    assert len(asked) == 2_000
    assert asked[0] == yes_of(1), "the first wanted gives way"
