"""Connections that come late, and what that does to their books."""

import pytest
from market_talk import NO, OTHER, START, T0, WALL, YES, Talk, book, open_talk

from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.carriage import Carriage
from polymarket_realtime._protocol.punctuality import Punctuality
from polymarket_realtime._protocol.timing import Timing
from polymarket_realtime.testing import make_price_change

LIMIT = 5.0
LATE = "frames come 6.0 s late"


class Desk:
    """One connection that carries two live books."""

    def __init__(self):
        self.books, self.timing = BookStore(), Timing()
        self.carriage = Carriage(self.books, WALL)
        self.punctuality = Punctuality(self.books, self.timing, LIMIT)
        for asset in (YES, NO):
            each = self.books.ensure(asset)
            each.enter(AssetState.LIVE, "", WALL)
            self.carriage.carry(each, START, WALL)

    def arrives(self, sent, took):
        """A change that was sent so many seconds after T0, and took so many."""
        self.punctuality.arrived(T0 + int(sent * 1000), T0 / 1000 + sent + took)

    def pongs(self, now, took):
        self.punctuality.asked(now)
        self.punctuality.answered(now + took)

    def judge(self, *assets):
        events = []
        self.punctuality.judge(self.carriage, assets or (YES, NO), WALL + 1, events)
        return [(event.asset_id, event.state, event.reason) for event in events]


@pytest.fixture
def desk():
    desk = Desk()
    desk.arrives(0, 0.0)
    return desk


def test_frames_in_time_say_nothing(desk):
    for second in range(1, 9):
        desk.arrives(second, 0.3)
        assert desk.judge() == []
    assert desk.timing.arrival.summary().count == 9


def test_a_late_connection_puts_all_its_books_in_doubt(desk):
    desk.arrives(1, 6.0)
    assert desk.judge() == [(asset, AssetState.SUSPECT, LATE) for asset in sorted([YES, NO])]
    for each in desk.books:
        assert (each.doubt, each.in_sync) == (Doubt.LAG, True)


def test_that_it_is_late_is_told_once(desk):
    desk.arrives(1, 6.0)
    desk.judge()
    desk.arrives(2, 8.0)
    assert desk.judge() == []
    assert desk.books.get(YES).reason == "frames come 8.0 s late"


def test_being_in_time_again_ends_the_doubt(desk):
    desk.arrives(1, 6.0)
    desk.judge()
    desk.arrives(20, 3.0)
    assert desk.judge() == [], "half of the limit has to be reached"
    desk.arrives(30, 2.0)
    assert desk.judge() == [(asset, AssetState.LIVE, "") for asset in sorted([YES, NO])]
    desk.arrives(40, 0.0)
    assert desk.judge() == []


def test_a_book_that_comes_while_frames_are_late_is_in_doubt_as_well(desk):
    desk.books.get(NO).lose(AssetState.OUT_OF_SYNC, "crossed", WALL, WALL)
    desk.arrives(1, 6.0)
    assert [asset for asset, *_ in desk.judge()] == [YES]
    desk.books.get(NO).enter(AssetState.LIVE, "", WALL)
    assert desk.judge() == [(NO, AssetState.SUSPECT, LATE)]


def test_a_book_that_another_connection_keeps_is_not_late(desk):
    Carriage(desk.books, WALL).carry(desk.books.get(NO), START, WALL)
    desk.arrives(1, 6.0)
    assert [asset for asset, *_ in desk.judge()] == [YES]


def test_a_book_that_all_its_connections_bring_late_is_in_doubt(desk):
    other = Carriage(desk.books, WALL)
    other.carry(desk.books.get(NO), START, WALL)
    other.late = True
    desk.arrives(1, 6.0)
    assert [asset for asset, *_ in desk.judge()] == sorted([YES, NO])
    desk.arrives(30, 0.0)
    assert [state for _, state, _ in desk.judge()] == [AssetState.LIVE] * 2


def leaves(desk, other):
    """The late connection is lost, while another one carries the book."""
    other.carry(desk.books.get(YES), START, WALL)
    desk.carriage.connection_lost([YES], WALL)


def moves(desk, other):
    """It is moved to another connection, which has brought it."""
    other.carry(desk.books.get(YES), START, WALL)
    desk.carriage.forget([YES], START, WALL)


def comes(desk, other):
    """Another connection brings it as well."""
    other.carry(desk.books.get(YES), START, WALL)


@pytest.mark.parametrize("happens", [leaves, moves, comes])
@pytest.mark.parametrize("late", [False, True])
def test_whether_a_book_is_late_depends_on_who_carries_it(desk, happens, late):
    desk.arrives(1, 6.0)
    desk.judge()
    other = Carriage(desk.books, WALL)
    other.late = late
    happens(desk, other)
    assert (desk.books.get(YES).doubt is Doubt.LAG) is late
    assert desk.books.get(NO).doubt is Doubt.LAG


def test_books_that_are_not_wanted_or_not_known_are_left_alone(desk):
    desk.arrives(1, 6.0)
    assert [asset for asset, *_ in desk.judge(NO, OTHER)] == [NO]
    assert desk.books.get(YES).state is AssetState.LIVE


def test_a_doubt_of_another_kind_is_not_ended_by_being_in_time(desk):
    desk.arrives(1, 6.0)
    desk.judge()
    desk.books.get(YES).enter(AssetState.SUSPECT, "its hash", WALL, Doubt.HASH)
    desk.arrives(30, 0.0)
    assert [asset for asset, *_ in desk.judge()] == [NO]
    assert desk.books.get(YES).doubt is Doubt.HASH


def test_a_doubt_of_another_kind_outlives_that_the_connection_was_late(desk):
    desk.books.get(YES).enter(AssetState.SUSPECT, "its hash", WALL, Doubt.HASH)
    desk.arrives(1, 6.0)
    desk.judge()
    desk.arrives(30, 0.0)
    desk.judge()
    assert desk.books.get(YES).state is AssetState.SUSPECT


def test_a_slow_pong_tells_of_a_connection_on_which_nothing_else_comes(desk):
    desk.pongs(0.0, 0.2)
    assert desk.judge() == []
    desk.pongs(10.0, 6.0)
    assert [state for _, state, _ in desk.judge()] == [AssetState.SUSPECT] * 2
    desk.pongs(20.0, 0.2)
    assert [state for _, state, _ in desk.judge()] == [AssetState.LIVE] * 2


def test_a_pong_answers_the_oldest_ping_and_no_ping_twice(desk):
    desk.punctuality.asked(0.0)
    desk.punctuality.asked(5.9)
    desk.punctuality.answered(6.0)
    assert desk.judge() != []
    desk.punctuality.answered(90.0)
    desk.pongs(100.0, 0.1)
    assert [state for _, state, _ in desk.judge()] == [AssetState.LIVE] * 2


# On a real connection


def change(at_ms, price="0.3"):
    return make_price_change((YES, "BUY", price, str(at_ms + 1)), timestamp=T0 + at_ms)


def test_the_protocol_judges_by_the_first_change_of_each_read():
    talk = open_talk()
    talk.hears(change(0))
    talk.now += 7
    talk.hears(change(1_000, "0.31"), change(7_000, "0.32"))
    suspect = talk.told[-1]
    assert (suspect.state, suspect.reason) == (AssetState.SUSPECT, LATE)
    talk.now += 1
    talk.hears(change(7_900, "0.33"))
    assert talk.told[-1].state is AssetState.LIVE


def test_old_books_are_not_late():
    talk = Talk(YES)
    talk.hears([book(at=-3_600_000)])
    assert [event.type for event in talk.told] == ["book_snapshot", "price_change", "state_changed"]
    assert talk.told[-1].state is AssetState.LIVE


def test_a_connection_that_was_always_late_gives_itself_away_by_its_pong():
    talk = open_talk()
    talk.passes(10)
    assert talk.says() == ["PING"]
    talk.now += 6
    talk.hears("PONG")
    assert talk.told[-1].reason == LATE
