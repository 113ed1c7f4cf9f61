"""The order and the bounds of what waits for a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._hub.mailbox import Mailbox, Overflow

ITEMS = st.lists(st.tuples(st.sampled_from([None, "a", "b", "c"]), st.integers()), max_size=60)


def test_items_come_out_in_the_order_in_which_they_went_in():
    mailbox = Mailbox(10, Overflow.CONFLATE)
    for item in (3, 1, 2):
        mailbox.put(item)
    assert mailbox.take() == [3, 1, 2]
    assert mailbox.take() == []


def test_a_newer_item_of_the_same_key_takes_the_last_place():
    mailbox = Mailbox(10, Overflow.CONFLATE)
    mailbox.put("old price", "price")
    mailbox.put("interrupted")
    mailbox.put("new price", "price")
    assert mailbox.take() == ["interrupted", "new price"]
    assert mailbox.conflated == 1


def test_the_oldest_item_gives_way_when_the_mailbox_is_full():
    mailbox = Mailbox(2, Overflow.DROP_OLDEST)
    for item in range(5):
        mailbox.put(item)
    assert mailbox.take() == [3, 4]
    assert mailbox.dropped == 3


def test_a_full_mailbox_that_may_not_drop_refuses_and_remembers_it():
    mailbox = Mailbox(2, Overflow.RAISE)
    for item in range(3):
        mailbox.put(item)
    assert mailbox.take() == [0, 1]
    assert (mailbox.lagged, mailbox.dropped) == (True, 1)


@pytest.mark.parametrize("overflow", [Overflow.CONFLATE, Overflow.DROP_OLDEST])
def test_kept_items_neither_take_room_nor_give_way(overflow):
    mailbox = Mailbox(2, overflow)
    for key in "abc":
        mailbox.keep(f"view {key}", key)
    for item in range(5):
        mailbox.put(item)
    left = mailbox.take()
    assert sorted(map(str, left)) == ["3", "4", "view a", "view b", "view c"]
    assert mailbox.dropped == 3


def test_a_newer_kept_item_takes_the_place_of_the_older():
    mailbox = Mailbox(2, Overflow.CONFLATE)
    mailbox.keep("old view", "book")
    mailbox.keep("view", "book")
    assert (mailbox.take(), mailbox.conflated) == (["view"], 1)


def test_few_changes_of_a_run_wait_as_they_are_among_the_others():
    mailbox = Mailbox(2, Overflow.CONFLATE)
    mailbox.keep_few("change 1", "snapshot")
    mailbox.put("trade")
    mailbox.keep_few("change 2", "snapshot")
    assert mailbox.take() == ["change 1", "trade", "change 2"]


def test_one_summary_stands_last_for_many_changes_and_those_that_follow():
    mailbox = Mailbox(2, Overflow.CONFLATE)
    for at in range(12):
        mailbox.keep_few(at, "snapshot")
    mailbox.put("trade")
    mailbox.keep_few(12, "snapshot")
    assert mailbox.take_counted() == [("trade", 1), ("snapshot", 13)]
    mailbox.keep_few(13, "snapshot")
    assert mailbox.take() == [13]


def test_a_run_is_summed_up_rather_than_moved_when_the_mailbox_is_full():
    mailbox = Mailbox(1, Overflow.CONFLATE)
    mailbox.keep_few("change 1", "snapshot")
    mailbox.put("trade 1")
    mailbox.keep_few("change 2", "snapshot")
    mailbox.put("trade 2")
    assert mailbox.take_counted() == [("snapshot", 2), ("trade 2", 1)]


@given(items=ITEMS, capacity=st.integers(1, 8))
def test_what_is_left_is_a_bounded_subsequence_that_ends_with_the_newest(items, capacity):
    mailbox = Mailbox(capacity, Overflow.CONFLATE)
    for number, (key, value) in enumerate(items):
        mailbox.put((number, key, value), key)
    left = mailbox.take()
    numbers = [number for number, _, _ in left]
    assert numbers == sorted(numbers)
    assert len(left) <= capacity
    assert [(key, value) for _, key, value in left] == [items[number] for number in numbers]
    keyed = [key for _, key, _ in left if key is not None]
    assert len(keyed) == len(set(keyed))
    if items:
        assert numbers[-1] == len(items) - 1


@given(items=ITEMS, capacity=st.integers(1, 8))
def test_every_item_is_accounted_for(items, capacity):
    mailbox = Mailbox(capacity, Overflow.CONFLATE)
    for key, value in items:
        mailbox.put(value, key)
    left = len(mailbox.take())
    assert mailbox.received == len(items) == left + mailbox.conflated + mailbox.dropped


RUNS = st.lists(st.tuples(st.sampled_from(["run", "keep", "put"]), st.sampled_from("abc")))


@given(steps=RUNS, capacity=st.integers(1, 8))
def test_a_run_is_complete_or_summed_up_and_every_item_is_accounted_for(steps, capacity):
    mailbox = Mailbox(capacity, Overflow.CONFLATE)
    for number, (kind, key) in enumerate(steps):
        if kind == "run":
            mailbox.keep_few((key, number), (key, "summary"))
        elif kind == "keep":
            mailbox.keep(("view", key), ("view", key))
        else:
            mailbox.put(("put", number))
    dropped = mailbox.dropped
    counted = mailbox.take_counted()
    for key in "abc":
        said = [((key, number), 1) for number, step in enumerate(steps) if step == ("run", key)]
        left = [(item, count) for item, count in counted if item[0] == key]
        summed_up = left == [((key, "summary"), len(said))]
        assert summed_up if len(said) > 8 else left == said or (dropped and summed_up)
    assert mailbox.received == len(steps) == len(counted) + mailbox.conflated + dropped
    in_order = [number for (_, number), _ in counted if isinstance(number, int)]
    assert in_order == sorted(in_order)
