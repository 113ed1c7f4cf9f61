"""Journals: many readers, each with a cursor, and nothing lost without being counted."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._hub.journals import MOST_ENDED, RETENTION, Journals
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Dropped, Interrupted
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.market import LastTradePrice, PriceChangeEvent
from polymarket_realtime._model.values import Side, decimal
from polymarket_realtime.errors import InvalidCursor, UnknownSubscription

MARKET = ConditionId("0x" + "c0" * 32)
HEAD = {"market": MARKET, "timestamp_ms": 1, "epoch": 1, "revision": 1, "received": 1.0}


def price(text: str, asset_id: str = "1") -> PriceChangeEvent:
    return PriceChangeEvent(asset_id=AssetId(asset_id), price=decimal(text), **HEAD)


def trade(size: int) -> LastTradePrice:
    return LastTradePrice(
        asset_id=AssetId("1"), price=decimal("0.5"), size=decimal(str(size)), side=Side.BUY, **HEAD
    )


def lost(count: int) -> Dropped:
    return Dropped(received=1.0, count=count)


def open_journals(*names: str, capacity: int = 100) -> Journals:
    journals = Journals()
    for name in names:
        journals.open(name, capacity=capacity)
    return journals


def write(journals: Journals, name: str, *events: Event) -> None:
    journals.write(name, [(event, 1) for event in events])


def test_a_reader_without_a_cursor_gets_all_that_is_kept_in_order():
    journals = open_journals("a", "b")
    write(journals, "a", trade(1))
    write(journals, "b", trade(2))
    write(journals, "a", trade(3))
    page = journals.read(None, None, 10)
    assert [record.subscription_id for record in page.records] == ["a", "b", "a"]
    assert page.events == [trade(1), trade(2), trade(3)]
    assert (page.missed, page.more) == (0, False)


def test_a_reader_who_comes_back_gets_only_what_came_since():
    journals = open_journals("a")
    write(journals, "a", trade(1))
    page = journals.read(["a"], None, 10)
    write(journals, "a", trade(2))
    page = journals.read(["a"], page.cursor, 10)
    assert page.events == [trade(2)]
    assert journals.read(["a"], page.cursor, 10).records == ()


def test_of_prices_only_the_newest_is_kept_and_says_how_many_it_stands_for():
    journals = open_journals("a")
    write(journals, "a", price("0.1"), price("0.3", "2"), price("0.2"))
    one, other = journals.read(["a"], None, 10).records
    assert (one.entry.event, one.entry.stands_for) == (price("0.3", "2"), 1)
    assert (other.entry.event, other.entry.stands_for) == (price("0.2"), 2)


def test_what_a_reader_has_seen_is_not_counted_again():
    journals = open_journals("a")
    write(journals, "a", price("0.1"), price("0.2"))
    first = journals.read(["a"], None, 10)
    write(journals, "a", price("0.3"), price("0.4"), price("0.5"))
    (record,) = journals.read(["a"], first.cursor, 10).records
    assert record.entry.stands_for == 3
    # Another reader, who has seen nothing, is told of all.
    (record,) = journals.read(["a"], None, 10).records
    assert record.entry.stands_for == 5


def test_an_event_that_stood_for_several_already_counts_for_them():
    journals = open_journals("a")
    journals.write("a", [(price("0.1"), 4), (price("0.2"), 3)])
    (record,) = journals.read(["a"], None, 10).records
    assert record.entry.stands_for == 7


def test_what_had_to_go_is_missed_and_the_rest_is_there():
    journals = open_journals("a", capacity=3)
    cursor = journals.cursor(["a"])
    write(journals, "a", *map(trade, range(5)))
    page = journals.read(["a"], cursor, 10)
    assert (page.missed, page.events) == (2, [trade(2), trade(3), trade(4)])
    assert journals.read(["a"], page.cursor, 10).missed == 0


def test_a_price_is_never_missed_however_much_else_happens():
    journals = open_journals("a", capacity=1)
    write(journals, "a", price("0.1"), *map(trade, range(10)))
    assert price("0.1") in journals.read(["a"], None, 10).events


def test_what_was_lost_before_it_was_written_is_missed_and_no_event():
    journals = open_journals("a")
    cursor = journals.cursor()
    write(journals, "a", trade(1), lost(7), trade(2))
    page = journals.read(None, cursor, 10)
    assert (page.missed, page.events) == (7, [trade(1), trade(2)])


def test_what_was_lost_is_told_on_the_page_that_it_belongs_to():
    journals = open_journals("a")
    cursor = journals.cursor()
    write(journals, "a", trade(1), lost(7), trade(2))
    first = journals.read(None, cursor, 1)
    second = journals.read(None, first.cursor, 1)
    assert (first.missed, first.more, second.missed, second.more) == (0, True, 7, False)


def test_losses_of_a_journal_do_not_hide_behind_another():
    journals = open_journals("a", "b", capacity=2)
    cursor = journals.cursor()
    write(journals, "a", *map(trade, range(5)))
    write(journals, "b", trade(9))
    page = journals.read(None, cursor, 10)
    assert (page.missed, len(page.records)) == (3, 3)
    write(journals, "b", trade(10), trade(11))
    assert journals.read(None, page.cursor, 10).missed == 0


def test_a_page_ends_where_it_is_told_to_and_the_next_one_goes_on():
    journals = open_journals("a")
    write(journals, "a", *map(trade, range(5)))
    seen, cursor, more = [], None, True
    while more:
        page = journals.read(["a"], cursor, 2)
        seen += page.events
        cursor, more = page.cursor, page.more
    assert seen == list(map(trade, range(5)))


def test_a_cursor_of_all_covers_subscriptions_that_begin_later():
    journals = open_journals("a")
    cursor = journals.cursor()
    journals.open("b", capacity=10)
    write(journals, "b", trade(1))
    assert journals.read(None, cursor, 10).events == [trade(1)]


def test_a_cursor_is_refused_for_other_subscriptions_than_its_own():
    journals = open_journals("a", "b")
    cursor = journals.cursor(["a"])
    for names in (None, ["b"], ["a", "b"]):
        with pytest.raises(InvalidCursor, match="would skip events of these"):
            journals.read(names, cursor, 10)


@pytest.mark.parametrize("text", ["", "nonsense", "1.2", "zz.1.1.1", "ab.1.1.12345678"])
def test_a_text_that_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidCursor, match="none that was given out"):
        open_journals("a").read(["a"], text, 10)


def test_a_cursor_of_an_earlier_run_is_refused():
    earlier, journals = open_journals("a"), open_journals("a")
    with pytest.raises(InvalidCursor, match="another run"):
        journals.read(None, earlier.cursor(), 10)


def test_an_ended_journal_can_be_read_for_ten_minutes():
    journals = open_journals("a")
    write(journals, "a", trade(1))
    journals.end("a", now=0.0)
    journals.forget(RETENTION - 1)
    assert journals.read(["a"], None, 10).events == [trade(1)]
    journals.forget(RETENTION)
    with pytest.raises(UnknownSubscription):
        journals.read(["a"], None, 10)


def test_what_was_forgotten_unread_is_missed_by_a_reader_of_all_and_only_once():
    journals = open_journals("a", "b")
    cursor = journals.cursor()
    write(journals, "a", trade(1), trade(2))
    journals.end("a", now=0.0)
    journals.forget(RETENTION)
    page = journals.read(None, cursor, 10)
    assert page.missed == 2
    assert journals.read(None, page.cursor, 10).missed == 0
    assert journals.read(None, None, 10).missed == 0


def test_what_was_read_before_it_was_forgotten_is_not_missed():
    journals = open_journals("a")
    write(journals, "a", trade(1), trade(2))
    cursor = journals.read(None, None, 10).cursor
    journals.end("a", now=0.0)
    journals.forget(RETENTION)
    assert journals.read(None, cursor, 10).missed == 0


def test_the_latest_are_the_newest_few_oldest_first():
    journals = open_journals("a")
    write(journals, "a", *map(trade, range(5)))
    assert [entry.event for entry in journals.latest("a", 2)] == [trade(3), trade(4)]


def test_of_many_ended_journals_the_first_goes_before_its_time():
    journals = Journals()
    for number in range(MOST_ENDED + 1):
        journals.open(str(number), capacity=10)
        write(journals, str(number), trade(number))
    cursor = journals.cursor()
    for number in range(MOST_ENDED + 1):
        journals.end(str(number), now=float(number))
    assert "0" not in journals
    assert "1" in journals
    assert journals.read(None, cursor, 10).missed == 0, "it was there to be read before"


def test_a_journal_goes_on_under_its_name_while_it_is_kept():
    journals = open_journals("a")
    write(journals, "a", trade(1))
    journals.end("a", now=3.0)
    assert (journals.has_ended("a"), journals.ended_at("a")) == (True, 3.0)
    journals.open("a", capacity=10)
    assert journals.has_ended("a") is False
    assert journals.read(["a"], None, 10).events == [trade(1)]


def test_a_cursor_into_a_forgotten_journal_of_the_same_name_has_missed_something():
    journals = open_journals("a")
    write(journals, "a", trade(1))
    cursor = journals.cursor(["a"])
    journals.end("a", now=0.0)
    journals.forget(RETENTION)
    journals.open("a", capacity=10)
    assert journals.read(["a"], cursor, 10).missed == 1


def test_a_cursor_can_be_had_for_each_event_of_a_page():
    journals = open_journals("a")
    write(journals, "a", trade(1), trade(2), trade(3))
    second = journals.read(["a"], None, 10).records[1]
    cursor = journals.cursor(["a"], after=second.entry.seq)
    assert journals.read(["a"], cursor, 10).events == [trade(3)]


async def test_any_number_of_readers_wait_at_once(autojump_clock):
    journals, woken = open_journals("a"), []

    async def wait(number):
        await journals.wait_written()
        woken.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(wait, number)
        await trio.testing.wait_all_tasks_blocked()
        write(journals, "a", trade(1))
    assert sorted(woken) == [0, 1, 2]


NAMES = ("a", "b", "c")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("trades"), st.sampled_from(NAMES), st.integers(1, 6)),
        st.tuples(st.just("prices"), st.sampled_from(NAMES), st.integers(1, 6)),
        st.tuples(st.just("lost"), st.sampled_from(NAMES), st.integers(1, 6)),
        st.tuples(st.just("read"), st.sampled_from(("all", "ab")), st.integers(1, 9)),
    ),
    max_size=40,
)


class Reader:
    """Counts what it was told."""

    def __init__(self, journals, names):
        self.journals, self.names = journals, names
        self.cursor = journals.cursor(names)
        self.singles = self.stood_for = 0

    def read(self, limit):
        page = self.journals.read(self.names, self.cursor, limit)
        self.cursor = page.cursor
        self.singles += page.missed
        for record in page.records:
            if isinstance(record.entry.event, PriceChangeEvent):
                self.stood_for += record.entry.stands_for
            else:
                self.singles += 1
        return page.more


@given(steps, st.integers(1, 8))
def test_every_event_is_delivered_stood_for_or_missed_exactly_once(run, capacity):
    journals = open_journals(*NAMES, capacity=capacity)
    readers = {"all": Reader(journals, None), "ab": Reader(journals, ["a", "b"])}
    written = {name: {"singles": 0, "prices": 0} for name in NAMES}
    for kind, name, count in run:
        match kind:
            case "read":
                readers[name].read(count)
            case "trades":
                write(journals, name, *map(trade, range(count)))
                written[name]["singles"] += count
            case "lost":
                write(journals, name, lost(count))
                written[name]["singles"] += count
            case "prices":
                write(journals, name, *[price(f"0.{n}", name) for n in range(1, count + 1)])
                written[name]["prices"] += count
    for scope, reader in readers.items():
        while reader.read(10):
            pass
        names = NAMES if scope == "all" else ("a", "b")
        assert reader.singles == sum(written[name]["singles"] for name in names)


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=12))
def test_each_update_of_a_price_is_stood_for_once_by_what_a_reader_gets(rounds):
    """As long as a reader is within the runs that are told apart."""
    journals = open_journals("a")
    reader, total = Reader(journals, ["a"]), 0
    for count, reads in rounds:
        write(journals, "a", *[price(f"0.{n}") for n in range(1, count + 1)])
        total += count
        if reads:
            reader.read(10)
    reader.read(10)
    assert reader.stood_for == total


async def test_a_page_of_a_connection_event_is_kept_one_by_one():
    journals = open_journals("a")
    down = Interrupted(
        received=1.0, connection="market#0", asset_ids=(), reason="gone", retry_in=1.0
    )
    write(journals, "a", down, down)
    assert len(journals.read(["a"], None, 10).records) == 2
