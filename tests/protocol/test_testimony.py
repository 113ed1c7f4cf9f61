"""What one answer of REST amounts to, where time and bookkeeping do not matter."""

import pytest
from market_talk import ASKS, BIDS, START, T0, WALL, YES, book, make_change, open_talk

from levels_in_words import levels
from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.trust import AssetState, Doubt, Proof
from polymarket_realtime._protocol import testimony  # its class would be taken for a test
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.ladder import Remedy
from polymarket_realtime._protocol.mending import Mending
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits
from polymarket_realtime._protocol.verdict import Verdict
from polymarket_realtime._protocol.watches import Watches

S = AssetState
OTHERS = levels(("0.38", "9"))


class Court:
    """One live book, which was heard of last at `START`, and who takes answers about it."""

    def __init__(self):
        self.talk = open_talk()
        self.book = self.talk.book()
        self.watches = Watches()
        self.watches.retain([YES], START)
        self.watch = self.watches.get(YES)
        self.mending = Mending(self.talk.books)
        self.testimony = testimony.Testimony(
            self.watches, self.mending, Resolutions(), SilenceLimits(), FeedCounters()
        )

    def hear(self, *, after=30.0, at=0, **fields):
        """An answer that comes so many seconds after the last word; the verdict, and states."""
        shown = {"bids": levels(*BIDS), "asks": levels(*ASKS), "hash": None} | fields
        answer = WitnessBook(market="0x1", asset_id=YES, timestamp_ms=T0 + at, **shown)
        now = START + after
        verdict, events = self.testimony.hear(self.watch, self.book, answer, now, WALL + now)
        return verdict, [event.state for event in events if hasattr(event, "before")]


@pytest.fixture
def court():
    return Court()


def test_within_a_second_of_the_last_word_a_difference_may_be_a_burst_that_goes_on(court):
    assert court.hear(after=0.9, bids=OTHERS) == (Verdict.UNCLEAR, [])
    assert court.book.state is S.LIVE


def test_after_a_second_a_difference_at_the_same_moment_is_one(court):
    verdict, states = court.hear(after=1.0, bids=OTHERS)
    assert (verdict, states) == (Verdict.DIVERGED, [S.OUT_OF_SYNC, S.LIVE])


def test_an_early_confirmation_leaves_a_live_book_live_and_is_a_proof(court):
    assert court.hear(after=10.0) == (Verdict.EQUAL, [])
    assert court.book.evidence.verified_by is Proof.REST
    assert court.book.evidence.verified_at == WALL + START + 10
    assert court.watch.confirmed_at == START + 10


def test_a_confirmation_after_the_limit_makes_a_book_quiet(court):
    assert court.hear(after=59.9) == (Verdict.EQUAL, [])
    assert court.hear(after=60.0) == (Verdict.EQUAL, [S.QUIET])


def test_a_confirmation_does_not_bring_late_frames_in_time(court):
    court.book.enter(S.SUSPECT, "frames come 7.0 s late", WALL + START, Doubt.LAG)
    assert court.hear(after=100.0) == (Verdict.EQUAL, [])
    assert court.book.state is S.SUSPECT
    assert court.book.reason == "frames come 7.0 s late"
    assert court.book.evidence.verified_by is Proof.REST


def test_an_older_answer_does_not_change_why_a_book_is_late(court):
    court.book.enter(S.SUSPECT, "frames come 7.0 s late", WALL + START, Doubt.LAG)
    assert court.hear(after=100.0, at=-1)[0] is Verdict.OLDER
    assert court.book.reason == "frames come 7.0 s late"
    assert court.book.doubt is Doubt.LAG


def test_a_newer_answer_sets_a_term_and_says_nothing_yet(court):
    assert court.hear(at=9, bids=OTHERS) == (Verdict.MOVED, [])
    assert court.watch.ahead == (T0 + 9, START + 32)
    assert court.mending.take() == []


def test_what_only_rest_tells_is_noted_from_any_answer(court):
    court.hear(at=-1, min_order_size="15", neg_risk=True, tick_size="0.001")
    evidence = court.book.evidence
    assert (evidence.min_order_size, evidence.neg_risk) == ("15", True)
    assert court.book.tick_size == "0.001"


def test_what_is_known_is_not_overwritten_by_an_answer_that_proves_nothing(court):
    court.hear(at=-1, min_order_size="15", neg_risk=True, tick_size="0.001")
    court.hear(at=-1, min_order_size="5", neg_risk=False, tick_size="0.01")
    evidence = court.book.evidence
    assert (evidence.min_order_size, evidence.neg_risk) == ("15", True)
    assert court.book.tick_size == "0.001"


def test_a_doubted_book_that_differs_in_the_middle_of_a_burst_is_had_anew(court):
    court.book.enter(S.SUSPECT, "not what its hash says", WALL + START, Doubt.HASH)
    assert court.hear(after=0.5, bids=OTHERS) == (Verdict.UNCLEAR, [])
    assert court.mending.take() == [(Remedy.RESUBSCRIBE, YES)]


def test_a_lost_book_is_not_built_on_rest_unless_all_since_then_is_here(court):
    court.book.lose(S.OUT_OF_SYNC, "why", WALL + START, WALL + START)
    for number in range(1_001):
        change = make_change("BUY", "0.40", str(number))
        court.book.backlog.keep(T0 + 10 + number, [change])
    verdict, states = court.hear(at=5, bids=OTHERS)
    assert (verdict, states) == (Verdict.MOVED, [S.FROZEN])
    verdict, states = court.hear(at=11, bids=OTHERS)
    assert states == [S.LIVE], "all that came after it is"
    assert court.book.timestamp_ms == T0 + 1_010


def test_a_lost_book_of_which_the_socket_says_nothing_is_not_built_on_rest(court):
    court.book.lose(S.OUT_OF_SYNC, "why", WALL + START, WALL + START)
    assert court.hear(at=5, bids=OTHERS) == (Verdict.MOVED, [S.FROZEN])
    assert court.book.evidence.witness_ms == T0 + 5
    assert court.hear(at=3) == (Verdict.MOVED, [])
    assert court.book.evidence.witness_ms == T0 + 5, "the newest that it has shown"


def test_an_equal_book_that_no_connection_keeps_is_not_believed(court):
    court.book.lose(S.OUT_OF_SYNC, "why", WALL + START, WALL + START)
    court.book.carriers.clear()
    verdict, _ = court.hear()
    assert verdict is Verdict.MOVED
    assert not court.book.in_sync


def test_an_equal_book_that_a_connection_keeps_is_the_truth_again(court):
    court.book.lose(S.OUT_OF_SYNC, "why", WALL + START, WALL + START)
    assert court.hear() == (Verdict.EQUAL, [S.LIVE])
    assert court.book.evidence.verified_by is Proof.REST


def test_a_book_of_the_socket_is_needed_after_a_freeze_however_equal_rest_is(court):
    court.hear(at=9, bids=OTHERS)
    events = []
    court.mending.freeze(court.watch, court.book, "why", START + 32, WALL + START + 32, events)
    court.hear(after=40.0)
    assert court.book.state is S.FROZEN
    court.talk.hears(book(at=20))
    assert court.book.state is S.LIVE
