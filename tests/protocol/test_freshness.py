"""What silence is taken for, what is asked because of it, and what is done about it."""

import math
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_samples import make_market, make_settled, no_of, yes_of
from market_talk import ASKS, NO, OTHER, START, T0, WALL, YES, Talk, book

from levels_in_words import levels
from polymarket_realtime._codec.clob import WitnessBook
from polymarket_realtime._model.feed import Gap, Resynced, StateChanged
from polymarket_realtime._model.market import BookSnapshot, PriceChangeEvent
from polymarket_realtime._model.trust import AssetState, Doubt, Proof
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book_hash import book_hash
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.freshness import Freshness
from polymarket_realtime._protocol.ladder import Remedy
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits
from polymarket_realtime.testing import make_price_change

S = AssetState
ELSEWHERE = "0x" + "ab" * 32
"""The market of a token that is no sibling of the others."""

RULES = {"min_order_size": "5", "tick_size": "0.01", "neg_risk": False}
TRUSTED = {S.LIVE, S.QUIET}


@attrs.define
class Truth:
    """A book as it really is: its last change, and the size of its best bid."""

    market: str
    stamp: int
    size: int = 100

    @property
    def bids(self):
        return [("0.40", str(self.size)), ("0.39", "50")]


class Desk:
    """A socket, a witness and the truth, on one clock that only the test moves.

    `rest` decides what the witness says to a batch: books, a problem in words, or None for an
    answer that does not come.
    """

    def __init__(self, *assets, markets=(), hashes=False, limits=None):
        self.books, self.counters = BookStore(), FeedCounters()
        self.resolutions = Resolutions()
        self.freshness = Freshness(
            self.books, self.resolutions, limits or SilenceLimits(), self.counters
        )
        self.talk = Talk(*assets, books=self.books, counters=self.counters)
        self.assets, self.hashes = assets, hashes
        markets = dict(markets)
        self.truth = {a: Truth(markets.get(a, "0x1"), T0 + ms(START) - 500) for a in assets}
        self.rest = self.as_it_is
        self.told, self.asked, self.remedies, self.sent = [], [], [], []
        self._late = []
        self.follows(*assets)
        self.resolutions.watch(assets, self.now)
        self.sends()

    # The clock

    @property
    def now(self):
        return self.talk.now

    @now.setter
    def now(self, value):
        self.talk.now = value

    @property
    def wall(self):
        return WALL + self.now

    def waits(self, seconds):
        """Let time pass, deadline by deadline; what is told."""
        end, before = self.now + seconds, len(self.told)
        while (deadline := self._deadline()) <= end:
            self.now = max(self.now, deadline)
            self._turn()
        self.now = end
        return self.told[before:]

    def until(self, seconds):
        """Let time pass until so many seconds after the start; what is told."""
        return self.waits(START + seconds - self.now)

    def _deadline(self):
        late = min((due for due, _ in self._late), default=math.inf)
        own = min(self.freshness.next_deadline(), self.freshness.next_question())
        return min(own, self.talk.protocol.next_deadline(), late)

    def _turn(self):
        self._tell(self.talk.protocol.advance(self.now))
        for due, batch in [row for row in self._late if row[0] <= self.now]:
            self._late.remove((due, batch))
            self._fail(batch, "no answer within 5 s")
        self._tell(self.freshness.advance(self.now, self.wall))
        self._mends()
        batch = self.freshness.take_questions(self.now, 100)
        if batch:
            self.asked.append((self.now, batch))
            self._answer(batch, self.rest(batch))
            self._mends()

    def _mends(self):
        self.remedies += [(self.now, *each) for each in self.freshness.take_remedies()]
        self.sends()

    def _answer(self, batch, answer):
        if answer is None:
            self._late.append((self.now + 5.0, batch))
        elif isinstance(answer, str):
            self._fail(batch, answer)
        else:
            self._tell(self.freshness.learn(batch, answer, self.now, self.wall))

    def _fail(self, batch, problem, retry_after=0.0):
        self._tell(self.freshness.failed(batch, problem, self.now, self.wall, retry_after))

    def _tell(self, events):
        self.told += events

    # What happens

    def follows(self, *assets):
        self.freshness.retain(assets, self.now)

    def sends(self):
        """What the socket sends goes out; `PING` is answered."""
        frames = self.talk.says()
        self.sent += [(self.now, frame) for frame in frames if frame != "PING"]
        if "PING" in frames:
            self._tell(self.talk.protocol.receive([b"PONG"], self.now))

    def hears(self, *frames):
        self.talk.told.clear()
        self.talk.hears(*frames)
        self._tell(self.talk.told)
        self.sends()

    def delivers(self, *assets, **fields):
        """The socket brings whole books, as they really are."""
        self.hears([self.snapshot(asset, **fields) for asset in assets or self.assets])

    def snapshot(self, asset=YES, **fields):
        true = self.truth[asset]
        fields = {"market": true.market, "hash": self.hash_of(asset), "tick_size": "0.01"} | fields
        return {**book(asset, true.bids, ASKS, at=true.stamp - T0), **fields}

    def changes(self, asset=YES, *, heard=True, **fields):
        """The best bid gets another size, of which the socket may bring word."""
        true = self.truth[asset]
        true.size += 1
        true.stamp = max(true.stamp + 1, T0 + ms(self.now))
        if heard:
            fields = {"hash": self.hash_of(asset), "best_bid": "0.40", "best_ask": "0.45"} | fields
            self.hears(
                make_price_change(
                    (asset, "BUY", "0.40", str(true.size)),
                    timestamp=true.stamp,
                    market=true.market,
                    **fields,
                )
            )

    def keeps_busy(self, asset, every, seconds):
        """A change every so many seconds."""
        for _ in range(int(seconds / every)):
            self.waits(every)
            self.changes(asset)

    def hash_of(self, asset):
        if not self.hashes:
            return ""
        true = self.truth[asset]
        return book_hash(
            *(true.market, asset, true.stamp, levels(*true.bids[::-1]), levels(*ASKS[::-1])),
            **RULES,
            last_trade_price="",
        )

    # What REST says

    def shown(self, asset=YES, **fields):
        true = self.truth[asset]
        fields = {"hash": None, "bids": true.bids, **RULES} | fields
        fields["bids"] = levels(*fields["bids"])
        fields.setdefault("timestamp_ms", true.stamp)
        return WitnessBook(market=true.market, asset_id=asset, asks=levels(*ASKS), **fields)

    def as_it_is(self, batch):
        return [self.shown(asset) for asset in batch if asset in self.truth]

    def has_none(self, batch):
        return []

    def late(self, batch):
        return None

    def down(self, batch):
        return "HTTP 503"

    def with_others(self, asset=YES, **fields):
        """An answer like the truth, but for one token."""
        return lambda batch: [
            self.shown(each, **(fields if each == asset else {})) for each in batch
        ]

    # What can be seen

    def of(self, asset=YES):
        return self.books.get(asset)

    def state(self, asset=YES):
        return self.of(asset).state

    def told_states(self, asset=YES):
        return [e.state for e in self.told if isinstance(e, StateChanged) and e.asset_id == asset]

    def told_of(self, kind):
        return [event for event in self.told if isinstance(event, kind)]

    def asked_about(self, asset=YES):
        """When, in seconds since the test last looked away."""
        return [at for at, batch in self.asked if asset in batch]

    def looks_away(self):
        """What was so far does not matter."""
        for each in (self.told, self.asked, self.remedies, self.sent):
            each.clear()


def ms(seconds):
    return round(seconds * 1000)


def open_desk(*assets, **knobs):
    """Books that are live, whose rules are known; the first question is over after 7 s."""
    desk = Desk(*(assets or (YES,)), **knobs)
    desk.delivers()
    desk.waits(7)
    desk.looks_away()
    return desk


def frozen_desk():
    """A token that has been frozen for a moment, 62 s after the start."""
    desk = open_desk()
    desk.changes(heard=False)
    desk.until(62.1)
    assert desk.state() is S.FROZEN
    return desk


KNOWN = yes_of(7)


def catalogue(desk, *markets):
    """The catalogue answers what is due."""
    desk.resolutions.learn(markets, desk.now, desk.wall, desk.resolutions.due(desk.now))


# How long a token may be silent


@pytest.mark.parametrize(
    ("every", "seconds", "earliest", "latest"),
    [(0.5, 60, 10, 10), (2.5, 400, 18, 30), (25, 400, 60, 60)],
)
def test_a_token_is_asked_about_after_a_silence_that_is_long_for_it(
    every, seconds, earliest, latest
):
    desk = open_desk()
    desk.keeps_busy(YES, every, seconds)
    desk.looks_away()
    spoke = desk.now
    desk.waits(100)
    assert earliest <= desk.asked_about()[0] - spoke <= latest


def test_a_token_of_which_nothing_is_known_is_asked_about_after_the_longest_silence():
    desk = open_desk()
    desk.waits(100)
    assert desk.asked_about()[0] == START + 60


def test_nothing_is_asked_about_a_token_that_flows():
    desk = open_desk()
    desk.keeps_busy(YES, 5, 600)
    assert (desk.asked, desk.remedies, desk.told_states()) == ([], [], [])


def test_the_limits_are_those_that_were_set():
    limits = SilenceLimits(minimum=2, maximum=3, quiet=7, first_book=1, resync=1)
    desk = open_desk(limits=limits)
    desk.changes()
    began = desk.now
    desk.waits(15)
    assert [at - began for at in desk.asked_about()] == [3, 10]


# Quiet


def test_a_silent_token_whose_book_rest_shows_as_well_is_quiet():
    desk = open_desk()
    (quiet,) = desk.waits(60)
    assert (quiet.state, quiet.before) == (S.QUIET, S.LIVE)
    assert quiet.reason == "silent for 60 s; REST agrees"
    assert quiet.received == desk.of().evidence.verified_at == WALL + START + 60
    assert desk.of().evidence.verified_by is Proof.REST
    assert desk.freshness.verdicts == {"equal": 1}


def test_a_quiet_token_is_asked_about_every_two_minutes_and_nothing_is_told():
    desk = open_desk()
    desk.waits(60)
    desk.looks_away()
    desk.waits(600)
    assert [at - START for at in desk.asked_about()] == [180, 300, 420, 540, 660]
    assert desk.told == []
    assert desk.of().reason == "silent for 11 min; REST agrees"


def test_a_quiet_token_is_live_again_with_its_first_change():
    desk = open_desk()
    desk.waits(100)
    desk.changes()
    assert desk.told_states() == [S.QUIET, S.LIVE]
    assert desk.of().reason == ""
    assert desk.remedies == []


def test_after_a_change_a_quiet_token_has_its_own_limit_again():
    desk = open_desk()
    desk.waits(100)
    desk.changes()
    desk.looks_away()
    spoke = desk.now
    desk.waits(60)
    assert desk.asked_about() == [spoke + 60]


# Frozen


def test_a_token_of_which_rest_shows_more_has_two_seconds_to_follow():
    desk = open_desk()
    desk.until(20)
    desk.changes(heard=False)
    desk.until(61.9)
    assert desk.asked_about() == [START + 60]
    assert desk.told == []
    (frozen,) = desk.until(62.1)
    assert (frozen.state, frozen.received) == (S.FROZEN, WALL + START + 62)
    assert frozen.reason == "REST has moved on"
    assert desk.of().reason == "REST has moved on; subscribing to it anew, try 1"
    assert desk.freshness.verdicts == {"moved": 1}


def test_a_token_that_follows_within_two_seconds_stays_live():
    desk = open_desk()
    desk.until(59)
    desk.changes(heard=False)
    desk.until(61.9)
    assert len(desk.asked) == 1
    desk.changes()
    desk.until(100)
    assert (desk.told_states(), desk.remedies) == ([], [])


def test_a_token_that_speaks_again_without_having_reached_rest_is_not_frozen():
    """It is behind, but it moves: REST may have been asked in the middle of a burst."""
    desk = open_desk()
    desk.rest = desk.with_others(timestamp_ms=T0 + ms(START + 500), bids=(("0.40", "7"),))
    desk.until(60.5)
    assert desk.asked_about() == [START + 60]
    desk.changes()
    desk.until(100)
    assert (desk.told_states(), desk.remedies) == ([], [])


def test_a_frozen_token_may_have_missed_something_since_it_was_proven_last():
    desk = open_desk()
    desk.until(100)
    desk.changes(heard=False)
    desk.until(185)
    assert desk.told_states() == [S.QUIET, S.FROZEN]
    desk.delivers()
    (gap,), (resynced,) = desk.told_of(Gap), desk.told_of(Resynced)
    assert gap.gap_since == WALL + START + 60, "REST agreed then"
    assert gap.received == resynced.received == desk.wall
    assert gap.reason == "REST has moved on"
    assert (resynced.verified_by, resynced.out_of_sync_since) == (
        Proof.SNAPSHOT,
        WALL + START + 182,
    )
    kinds = [type(event) for event in desk.told[2:]]
    assert [each for each in kinds if each is not PriceChangeEvent] == [
        *(Gap, BookSnapshot, Resynced, StateChanged)
    ]
    assert desk.told_states() == [S.QUIET, S.FROZEN, S.LIVE]


def test_a_frozen_token_is_subscribed_to_anew_then_its_connection_replaced_later_and_later():
    desk = frozen_desk()
    desk.until(62 + 285)
    assert {asset for _, _, asset in desk.remedies} == {YES}
    steps = [remedy for _, remedy, _ in desk.remedies]
    assert steps == [Remedy.RESUBSCRIBE, *([Remedy.REPLACE] * 6)], "it is deaf, so not moved"
    times = [at for at, _, _ in desk.remedies]
    assert [b - a for a, b in pairwise(times)] == [5, 15, 20, 40, 80, 120]
    assert desk.asked_about()[1:] == times[1:], "REST is asked again before each step"
    assert desk.of().reason == "REST has moved on; replacing the connection, try 7"
    assert desk.told_states() == [S.FROZEN], "told once"
    assert dict(desk.freshness.remedies) == {"resubscribe": 1, "replace": 6}


def test_a_token_that_is_frozen_alone_is_moved_to_a_new_connection():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.changes(YES, heard=False)
    desk.keeps_busy(OTHER, 1, 120)
    steps = [remedy for _, remedy, _ in desk.remedies]
    assert steps[:3] == [Remedy.RESUBSCRIBE, Remedy.MOVE, Remedy.REPLACE]
    assert {asset for _, _, asset in desk.remedies} == {YES}
    assert desk.told_states(OTHER) == []


def test_a_neighbour_that_was_heard_at_the_same_time_does_not_count_as_flowing():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.changes(YES)
    desk.waits(1.9)
    desk.changes(OTHER)
    desk.changes(YES, heard=False)
    desk.changes(OTHER, heard=False)
    desk.waits(90)
    assert Remedy.MOVE not in {remedy for _, remedy, _ in desk.remedies}


def test_subscribing_anew_is_what_the_socket_says():
    desk = open_desk()
    desk.changes(heard=False)
    desk.waits(62 - 7)
    assert [frame["operation"] for _, frame in desk.sent] == ["unsubscribe", "subscribe"]


def test_a_relapse_within_ten_minutes_goes_on_where_it_left_off():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    for wait, first in ((0, Remedy.RESUBSCRIBE), (300, Remedy.MOVE), (700, Remedy.RESUBSCRIBE)):
        desk.keeps_busy(YES, 5, wait)
        desk.remedies.clear()
        desk.changes(YES, heard=False)
        while desk.state() is not S.FROZEN:
            desk.waits(1)
            desk.changes(OTHER)
        desk.waits(1)
        assert [remedy for _, remedy, _ in desk.remedies] == [first]
        assert desk.of().reason.endswith("try 1")
        desk.delivers(YES)
        desk.waits(1)
        assert desk.state() is S.LIVE


def test_a_snapshot_that_is_older_than_what_rest_has_shown_is_not_believed():
    desk = frozen_desk()
    stale = desk.snapshot(timestamp=str(T0 + ms(START)))
    desk.told.clear()
    desk.hears([stale])
    assert (desk.told, desk.state()) == ([], S.FROZEN)
    assert desk.of().evidence.witness_ms == desk.truth[YES].stamp


def test_a_snapshot_that_is_as_new_as_what_rest_has_shown_is_believed():
    desk = frozen_desk()
    desk.delivers()
    assert desk.state() is S.LIVE


def test_an_old_snapshot_is_believed_once_rest_agrees():
    desk = frozen_desk()
    true = desk.truth[YES]
    true.stamp -= 100  # REST had told another time before
    desk.hears([desk.snapshot()])
    assert desk.state() is S.FROZEN
    desk.looks_away()
    desk.waits(5)
    (resynced,) = desk.told_of(Resynced)
    assert resynced.verified_by is Proof.REST
    assert desk.told_states() == [S.LIVE]
    assert desk.of().in_sync
    assert desk.freshness.verdicts["equal"] == 1


def test_changes_after_an_old_snapshot_are_built_on_what_rest_shows():
    desk = frozen_desk()
    desk.hears([desk.snapshot(timestamp=str(T0 + ms(START)))])
    desk.waits(1)
    desk.changes()
    shown = desk.shown()
    desk.waits(1)
    desk.changes()
    desk.rest = lambda batch: [shown]
    desk.looks_away()
    desk.waits(5)
    assert desk.told_states() == [S.LIVE]
    assert desk.of().wire_bids()[-1] == WireLevel("0.40", str(desk.truth[YES].size))
    assert desk.of().timestamp_ms == desk.truth[YES].stamp
    assert desk.counters.replayed >= 1


# Answers that are no proof


def test_a_book_that_differs_from_rest_at_the_same_moment_is_replaced_by_that_of_rest():
    desk = open_desk()
    desk.rest = desk.with_others(bids=(("0.38", "9"),))
    desk.until(60)
    assert desk.told_states() == [S.OUT_OF_SYNC, S.LIVE]
    lost, *_ = desk.told
    assert lost.reason == "REST shows other levels at the same moment"
    (gap,), (resynced,) = desk.told_of(Gap), desk.told_of(Resynced)
    assert gap.gap_since == WALL + START, "its snapshot was the last proof"
    assert resynced.verified_by is Proof.REST
    assert desk.of().wire_bids() == levels(("0.38", "9"))
    assert desk.freshness.verdicts == {"diverged": 1}
    desk.changes()
    assert desk.of().state is S.LIVE
    assert desk.of().wire_bids()[-1] == WireLevel("0.40", "101")


def test_of_an_older_book_nothing_follows_and_the_question_stays_open():
    desk = open_desk()
    desk.rest = desk.with_others(timestamp_ms=desk.truth[YES].stamp - 1_000)
    (suspect,) = desk.until(400)
    assert (suspect.state, suspect.received) == (S.SUSPECT, WALL + START + 60)
    assert suspect.reason == "silent for 60 s, and what REST shows is older"
    assert desk.of().doubt is Doubt.SILENCE
    waits = [b - a for a, b in pairwise(desk.asked_about())]
    assert waits[:5] == pytest.approx([5, 10, 20, 40, 60])
    assert set(desk.freshness.verdicts) == {"older"}


def test_an_answer_that_cannot_be_read_leaves_the_question_open():
    desk = open_desk()
    desk.rest = desk.with_others(bids=(("a lot", "9"),))
    (suspect,) = desk.until(100)
    assert suspect.state is S.SUSPECT
    assert 65 <= suspect.received - WALL - START < 65.2
    assert [b - a for a, b in pairwise(desk.asked_about())] == [5, 10, 20]
    assert set(desk.freshness.verdicts) == {"unclear"}


def test_a_shown_book_that_rest_does_not_have_is_suspect_and_the_catalogue_is_asked():
    desk = open_desk()
    desk.until(50)
    catalogue(desk)
    assert desk.resolutions.next_deadline() == START + 65
    desk.rest = desk.has_none
    desk.until(60)
    assert desk.told_states() == [S.SUSPECT]
    why = "silent for 60 s, and REST has no book of it: it may be settled"
    assert desk.of().reason == why
    assert desk.resolutions.next_deadline() == START + 62
    assert desk.remedies == []
    desk.rest = desk.as_it_is
    desk.until(119)
    assert desk.told_states() == [S.SUSPECT], "it has been answered"
    desk.until(120)
    assert desk.told_states() == [S.SUSPECT, S.QUIET]


# REST cannot be asked


def test_a_silent_token_is_suspect_at_once_if_rest_fails():
    desk = open_desk()
    desk.rest = desk.down
    (suspect,) = desk.until(61)
    assert (suspect.state, suspect.received) == (S.SUSPECT, WALL + START + 60)
    assert suspect.reason == "silent for 60 s, and REST cannot be asked: HTTP 503"
    assert desk.freshness.verdicts == {"unreachable": 1}


def test_a_silent_token_is_suspect_after_five_seconds_without_an_answer():
    desk = open_desk()
    desk.rest = lambda batch: None if desk.asked_about()[1:] == [] else "HTTP 503"
    desk.until(64.9)
    assert desk.told == []
    (suspect,) = desk.until(65)
    assert suspect.received == WALL + START + 65
    assert suspect.reason == "silent for 65 s, and REST cannot be asked: no answer within 5 s"


def test_what_waits_for_an_answer_says_why():
    desk = open_desk()
    desk.until(59)
    desk.freshness.excuse("the budget for asking REST is used up for 9 s")
    desk.freshness.advance(START + 60, WALL + START + 60)
    (suspect,) = desk.freshness.advance(START + 65, WALL + START + 65)
    assert suspect.reason == "silent for 65 s, and the budget for asking REST is used up for 9 s"


def test_the_reason_of_a_suspect_token_follows_what_is_wrong_with_rest():
    desk = open_desk()
    desk.rest = desk.down
    desk.until(61)
    desk.rest = lambda batch: "HTTP 429"
    desk.until(65.1)
    assert desk.told_states() == [S.SUSPECT]
    assert desk.of().reason.endswith("REST cannot be asked: HTTP 429")


def test_rest_that_is_back_ends_the_doubt():
    desk = open_desk()
    desk.rest = desk.down
    desk.until(61)
    desk.rest = desk.as_it_is
    desk.until(65)
    assert desk.told_states() == [S.SUSPECT, S.QUIET]
    assert desk.of().doubt is None
    assert [b - a for a, b in pairwise(desk.asked_about())] == [5]


def test_a_suspect_token_that_moves_again_is_believed_with_a_fresh_book_only():
    desk = open_desk()
    desk.rest = desk.down
    desk.waits(61)
    desk.looks_away()
    desk.changes()
    assert desk.state() is S.SUSPECT
    assert [frame["operation"] for _, frame in desk.sent] == ["unsubscribe", "subscribe"]
    desk.delivers()
    assert desk.told_states() == [S.LIVE]
    assert desk.told_of(Gap) == []


def test_a_fresh_book_shows_that_a_suspect_one_was_wrong():
    desk = open_desk()
    desk.rest = desk.down
    desk.waits(30)
    desk.changes(heard=False)
    desk.waits(40)
    desk.looks_away()
    desk.delivers()
    assert desk.told_states() == [S.OUT_OF_SYNC, S.LIVE]
    (gap,) = desk.told_of(Gap)
    assert gap.gap_since == WALL + START


def test_nothing_is_asked_any_more_about_a_token_that_moves_again():
    desk = open_desk()
    desk.rest = desk.down
    desk.until(61)
    desk.changes()
    desk.delivers()
    assert desk.state() is S.LIVE
    desk.until(120)
    assert desk.asked_about() == [START + 60]


def test_an_answer_ends_what_was_wrong_with_rest():
    desk = open_desk()
    desk.rest = desk.down
    desk.until(61)
    desk.rest = desk.as_it_is
    desk.until(184)
    assert desk.state() is S.QUIET
    desk.freshness.advance(START + 185, WALL + START + 185)
    (suspect,) = desk.freshness.advance(START + 190, WALL + START + 190)
    assert suspect.reason == "silent for 3 min, and REST has not answered yet"


def test_no_remedy_is_taken_without_a_witness():
    desk = open_desk()
    desk.rest = desk.down
    desk.waits(1_000)
    assert desk.remedies == []


def test_nothing_is_said_of_tokens_that_were_only_asked_about_out_of_curiosity():
    desk = Desk(YES)
    desk.delivers()
    desk.looks_away()
    desk.rest = desk.down
    desk.waits(30)
    assert len(desk.asked) >= 1
    assert desk.told == []


# A witness that is behind


def test_a_token_that_flows_gives_a_stale_witness_away():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    old = {asset: desk.shown(asset) for asset in (YES, OTHER)}
    desk.rest = lambda batch: [old[asset] for asset in batch]
    desk.keeps_busy(OTHER, 3, 60)
    (_, batch) = desk.asked[0]
    assert batch == [YES, OTHER]
    assert desk.told_states(YES) == [S.SUSPECT], "although what it shows is equal"
    assert "and REST cannot be asked: what it shows is " in desk.of(YES).reason
    assert desk.told_states(OTHER) == []


def test_a_witness_may_be_two_seconds_behind():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.waits(50)
    desk.changes(OTHER)
    stamp = desk.truth[OTHER].stamp
    desk.rest = desk.with_others(OTHER, timestamp_ms=stamp - 2_000)
    desk.waits(3)
    assert desk.told_states() == [S.QUIET]


def test_a_witness_may_not_be_more_than_two_seconds_behind():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.waits(50)
    desk.changes(OTHER)
    stamp = desk.truth[OTHER].stamp
    desk.rest = desk.with_others(OTHER, timestamp_ms=stamp - 2_001)
    desk.waits(3)
    assert desk.told_states() == [S.SUSPECT]


def test_what_the_socket_brings_after_the_question_does_not_make_the_answer_stale():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.waits(50)
    desk.changes(OTHER)
    answer = desk.as_it_is((YES, OTHER))
    desk.rest = desk.late
    desk.waits(3)
    (_, batch) = desk.asked[-1]
    desk.changes(OTHER)
    desk.now += 4
    desk.changes(OTHER)
    events = desk.freshness.learn(batch, answer, desk.now, desk.wall)
    assert [event.state for event in events] == [S.QUIET]


def test_no_token_that_has_been_silent_for_long_is_taken_for_one_that_flows():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.changes(OTHER)
    desk.waits(56)
    desk.changes(YES)
    desk.looks_away()
    desk.waits(10)
    assert desk.asked == [(START + 67, [OTHER, YES])]
    desk.waits(51.5)
    assert desk.asked[-1] == (START + 123, [YES])


# Books that do not come


def test_a_first_book_that_does_not_come_within_ten_seconds_is_frozen_if_rest_has_one():
    desk = Desk(YES)
    desk.waits(9.9)
    assert desk.told_states() == []
    desk.waits(0.1)
    assert desk.asked_about() == [START + 10]
    assert desk.told_states() == [S.FROZEN]
    why = "its book has been asked for and does not come, though REST has one"
    assert desk.of().reason == f"{why}; subscribing to it anew, try 1"
    assert [remedy for _, remedy, _ in desk.remedies] == [Remedy.RESUBSCRIBE]


def test_a_first_book_that_was_frozen_comes_without_a_gap():
    desk = Desk(YES)
    desk.waits(12)
    desk.delivers()
    assert desk.told_states() == [S.FROZEN, S.LIVE]
    assert desk.told_of(Gap) == []
    (resynced,) = desk.told_of(Resynced)
    assert resynced.out_of_sync_since == WALL + START + 10


def test_a_book_that_was_lost_is_asked_about_after_five_seconds():
    desk = open_desk()
    desk.hears("[{")
    assert desk.told_states() == [S.OUT_OF_SYNC]
    assert desk.state() is S.RESYNCING
    began = desk.now
    desk.waits(4.9)
    assert desk.asked == []
    desk.waits(0.2)
    assert desk.asked_about() == [began + 5]
    assert desk.state() is S.FROZEN


def test_a_book_that_does_not_come_but_changes_does_is_built_on_what_rest_shows():
    desk = Desk(YES)
    desk.changes()
    shown = desk.shown()
    for _ in range(3):
        desk.waits(2)
        desk.changes()
    desk.rest = lambda batch: [shown]
    desk.waits(5)
    assert desk.told_states() == [S.LIVE]
    assert desk.of().wire_bids()[-1] == WireLevel("0.40", str(desk.truth[YES].size))
    assert desk.of().evidence.verified_by is Proof.REST
    assert desk.counters.replayed == 4
    assert desk.remedies == []
    desk.changes()
    assert desk.of().wire_bids()[-1] == WireLevel("0.40", str(desk.truth[YES].size))


def test_a_lost_book_is_not_built_on_what_rest_showed_before_it_was_lost():
    desk = open_desk()
    old = desk.shown()
    desk.waits(1)
    desk.changes()
    desk.hears("[{")
    desk.waits(1)
    desk.changes()
    desk.rest = lambda batch: [old]
    desk.waits(6)
    assert not desk.of().in_sync


def test_a_book_that_does_not_come_says_how_long_and_why_nobody_knows():
    desk = Desk(YES)
    desk.rest = desk.late
    desk.waits(14.9)
    assert desk.of().reason == "its book has been asked for"
    desk.waits(0.2)
    why = "REST cannot be asked: no answer within 5 s"
    assert desk.of().reason == f"its book has not come for 15 s, and {why}"
    desk.rest = desk.down
    desk.waits(30)
    assert desk.of().reason.endswith("s, and REST cannot be asked: HTTP 503")
    assert desk.told_states() == []
    assert desk.remedies == []


def test_nothing_is_asked_about_a_book_that_nobody_has_asked_for():
    desk = open_desk()
    desk.talk.protocol.connection_lost(desk.now)
    assert desk.state() is S.OUT_OF_SYNC
    desk.waits(200)
    assert desk.asked == []


def test_nothing_is_asked_about_a_first_book_whose_connection_is_lost():
    desk = Desk(YES)
    desk.waits(5)
    desk.talk.protocol.connection_lost(desk.now)
    desk.waits(200)
    assert desk.asked == []
    assert desk.told_states() == []


# Tokens without a book


def test_a_token_that_neither_rest_nor_the_catalogue_knows_is_unknown():
    desk = Desk(KNOWN)
    desk.rest = desk.has_none
    desk.waits(11)
    assert desk.state(KNOWN) is S.CONNECTING
    why = "REST has no book of it, and the catalogue has not answered yet"
    assert desk.of(KNOWN).reason == why
    catalogue(desk)
    desk.waits(10)
    assert desk.told_states(KNOWN) == [S.UNKNOWN_ASSET]
    why = "no such book: neither REST nor the catalogue knows this token"
    assert desk.of(KNOWN).reason == why
    assert desk.remedies == []
    assert desk.freshness.verdicts == {"no_book": 2}


@pytest.mark.parametrize(
    ("market", "why"),
    [
        (make_market(7, closed=True), "no such book: its market is closed"),
        (make_market(7), "no such book: its market has no order book"),
    ],
)
def test_a_known_token_without_a_book_says_what_the_catalogue_knows(market, why):
    desk = Desk(KNOWN)
    catalogue(desk, market)
    desk.rest = desk.has_none
    desk.waits(12)
    assert (desk.state(KNOWN), desk.of(KNOWN).reason) == (S.UNKNOWN_ASSET, why)


def test_an_unknown_token_is_asked_about_every_two_minutes_until_its_book_is_there():
    desk = Desk(KNOWN)
    catalogue(desk)
    desk.rest = desk.has_none
    desk.waits(300)
    assert [at - START for at in desk.asked_about(KNOWN)] == [10, 130, 250]
    assert desk.told_states(KNOWN) == [S.UNKNOWN_ASSET]
    desk.delivers()
    assert desk.told_states(KNOWN) == [S.UNKNOWN_ASSET, S.LIVE]
    assert desk.told_of(Gap) == []


def test_a_token_of_a_settled_market_is_resolved_and_never_asked_about_again():
    desk = open_desk(KNOWN, no_of(7))
    desk.waits(30)
    catalogue(desk, make_settled(7))
    assert desk.told == []
    desk.waits(1_000)
    assert desk.told_states(KNOWN) == desk.told_states(no_of(7)) == [S.RESOLVED]
    assert desk.of(KNOWN).reason == "the market is settled"
    assert desk.asked == []
    assert desk.told_of(Gap) == desk.told_of(Resynced) == []


def test_a_frozen_token_of_a_settled_market_is_resolved():
    desk = open_desk(KNOWN)
    desk.changes(KNOWN, heard=False)
    desk.waits(57)
    assert desk.state(KNOWN) is S.FROZEN
    catalogue(desk, make_settled(7))
    desk.remedies.clear()
    desk.waits(100)
    assert desk.state(KNOWN) is S.RESOLVED
    assert desk.remedies == []


# Doubts that a hash raises


def doubted(*, right_now=False):
    """A book whose hash was equal once and is not now."""
    desk = open_desk(hashes=True)
    desk.waits(1)
    desk.changes()
    assert desk.of().evidence.verified_by is Proof.HASH
    desk.waits(10)
    desk.changes(hash="ff" * 20)
    desk.waits(10)
    desk.looks_away()
    desk.changes(**({} if right_now else {"hash": "ee" * 20}))
    assert desk.told_states() == [S.SUSPECT]
    assert desk.of().doubt is Doubt.HASH
    return desk


def test_rest_is_asked_at_once_about_a_book_that_is_not_what_its_hash_says():
    desk = doubted()
    desk.waits(0)
    assert desk.asked_about() == [desk.now]


@pytest.mark.parametrize("right_now", [True, False])
def test_rest_that_agrees_ends_the_doubt_and_the_belief_in_a_formula_that_fails(right_now):
    desk = doubted(right_now=right_now)
    desk.waits(0)
    assert desk.told_states() == [S.SUSPECT, S.LIVE]
    assert desk.of().evidence.verified_by is Proof.REST
    assert desk.of().evidence.reproducible is right_now
    assert desk.remedies == []
    desk.waits(30)
    desk.changes(hash="dd" * 20)
    desk.waits(10)
    desk.changes(hash="cc" * 20)
    assert (desk.state() is S.SUSPECT) is right_now


def test_a_tick_size_that_only_rest_has_told_explains_the_hash():
    desk = doubted(right_now=True)
    desk.of().set_tick_size("0.001")
    desk.waits(0)
    assert desk.state() is S.LIVE
    assert desk.of().tick_size == "0.01"
    assert desk.of().evidence.reproducible


def test_a_book_that_rest_shows_differently_is_put_right():
    desk = doubted()
    desk.rest = desk.with_others(bids=(("0.38", "9"),))
    desk.waits(12)
    assert desk.told_states() == [S.SUSPECT, S.OUT_OF_SYNC, S.LIVE]
    (gap,) = desk.told_of(Gap)
    assert gap.gap_since < desk.wall - 20, "since it was proven last, which was by its hash"
    assert desk.of().wire_bids() == levels(("0.38", "9"))


@pytest.mark.parametrize("ahead", [5_000, -1_000])
def test_a_book_in_doubt_that_moves_too_fast_for_rest_is_had_anew(ahead):
    desk = doubted()
    stamp = desk.truth[YES].stamp + ahead
    desk.rest = desk.with_others(timestamp_ms=stamp, bids=(("0.38", "9"),))
    desk.waits(0)
    assert desk.remedies == [(desk.now, Remedy.RESUBSCRIBE, YES)]
    assert [frame["operation"] for _, frame in desk.sent] == ["unsubscribe", "subscribe"]
    desk.waits(0.05)
    desk.changes(heard=False)
    desk.delivers()
    assert desk.told_states() == [S.SUSPECT, S.OUT_OF_SYNC, S.LIVE]


def test_a_fresh_book_that_is_the_same_ends_the_doubt_without_a_gap():
    desk = doubted()
    desk.rest = desk.down
    desk.waits(1)
    desk.truth[YES].stamp += 1
    desk.delivers()
    assert desk.told_states() == [S.SUSPECT, S.LIVE]
    assert desk.told_of(Gap) == []


def test_a_book_in_doubt_is_had_anew_after_five_seconds_without_an_answer():
    desk = doubted()
    began = desk.now
    desk.rest = desk.late
    desk.waits(4.9)
    assert desk.remedies == []
    desk.waits(0.2)
    assert desk.remedies == [(began + 5, Remedy.RESUBSCRIBE, YES)]
    assert desk.state() is S.SUSPECT
    assert desk.of().reason == "it is not what the venue's hash says", "REST is not to blame"


# The other token of a market


def test_a_token_that_its_sibling_leaves_behind_is_asked_about_after_the_shortest_silence():
    desk = open_desk(YES, NO)
    desk.keeps_busy(NO, 1, 40)
    asked = [at - START for at in desk.asked_about(YES)]
    assert asked[0] <= 31, "it is looked at every half a minute"
    assert all(9.9 <= b - a <= 10.2 for a, b in pairwise(asked))
    assert desk.told_states(YES) == []


def test_a_sibling_that_is_two_seconds_ahead_leaves_nobody_behind():
    desk = open_desk(YES, NO)
    desk.truth[NO].stamp = desk.of(YES).timestamp_ms + 1_999
    desk.changes(NO)
    desk.truth[NO].stamp = desk.of(YES).timestamp_ms + 2_000
    assert desk.of(NO).timestamp_ms > 0
    desk = Desk(YES, NO)
    desk.truth[NO].stamp = desk.truth[YES].stamp + 2_000
    desk.delivers()
    desk.waits(59)
    assert [at for at in desk.asked_about(YES) if at > START + 7] == []


def test_a_sibling_that_is_more_than_two_seconds_ahead_leaves_it_behind():
    desk = Desk(YES, NO)
    desk.truth[NO].stamp = desk.truth[YES].stamp + 2_001
    desk.delivers()
    desk.waits(45)
    assert [at for at in desk.asked_about(YES) if at > START + 7] != []


def test_a_token_of_another_market_leaves_nobody_behind():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.keeps_busy(OTHER, 1, 50)
    assert desk.asked == []


# What goes out


def many(count):
    return [f"{number:077d}" for number in range(1, count + 1)]


def test_no_question_is_about_more_than_a_hundred_tokens():
    desk = Desk(*many(250), markets={a: f"0x{a[-64:]}" for a in many(250)})
    desk.delivers()
    desk.waits(8)
    sizes = [len(batch) for _, batch in desk.asked]
    assert sum(sizes) >= 250
    assert max(sizes) == 100
    desk.looks_away()
    desk.changes(many(1)[0])
    desk.waits(60)
    assert max(len(batch) for _, batch in desk.asked) == 100
    assert {a for _, batch in desk.asked for a in batch} >= set(many(250)[1:])


def test_what_is_wrong_goes_first_then_what_is_silent_then_what_can_wait():
    wrong, silent, curious = many(3)
    desk = Desk(wrong, silent, curious, markets={a: f"0x{a[-64:]}" for a in many(3)})
    desk.rest = desk.down
    desk.delivers(silent)
    desk.waits(6)
    desk.looks_away()
    desk.delivers(curious)
    desk.truth[wrong].market = "0x9"
    desk.rest = desk.late
    desk.freshness.advance(START + 60, WALL + START + 60)
    orders = [desk.freshness.take_questions(START + 90, 2) for _ in range(3)]
    first = [batch[0] for batch in orders if batch]
    assert first == [wrong, silent, curious]


def test_a_token_that_nobody_wants_any_more_is_forgotten():
    desk = open_desk(YES, OTHER, markets={OTHER: ELSEWHERE})
    desk.changes(YES, heard=False)
    desk.waits(53.5)
    assert desk.state(YES) is S.LIVE, "REST has not been asked yet or it has its two seconds"
    desk.follows(OTHER)
    desk.looks_away()
    desk.waits(400)
    assert desk.told_states(YES) == []
    assert YES not in {asset for _, batch in desk.asked for asset in batch}
    assert desk.remedies == []


def test_the_question_about_a_forgotten_token_is_dropped():
    desk = open_desk()
    desk.freshness.advance(START + 60, WALL + START + 60)
    desk.follows()
    assert desk.freshness.take_questions(START + 60, 100) == []
    assert desk.freshness.next_question() == math.inf


def test_a_token_that_is_wanted_again_begins_anew():
    desk = open_desk()
    desk.waits(30)
    desk.follows()
    desk.waits(300)
    desk.follows(YES)
    desk.waits(2)
    assert desk.state() is S.QUIET, "it had been silent for long by then"


def test_a_doubt_that_a_protocol_raises_is_looked_at_at_once():
    desk = open_desk()
    desk.books.attention.add(YES)
    assert desk.freshness.next_deadline() == -math.inf
    desk.freshness.advance(desk.now, desk.wall)
    assert desk.freshness.next_deadline() > desk.now


# No wrong book is shown as trusted for long


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.5, 150)),
    st.tuples(st.just("change"), st.booleans()),
    st.tuples(st.just("deliver"), st.none()),
    st.tuples(
        st.just("rest"), st.sampled_from(["equal", "moved", "older", "down", "late", "none"])
    ),
)


class Watchman(Desk):
    """Checks at every turn that a token is not trusted for longer than it may be."""

    confirmed = -math.inf
    mode = "equal"

    def _turn(self):
        limit = {S.LIVE: 60.0, S.QUIET: 120.0}.get(self.state())
        if limit is not None:
            proven = max(self.of().heard_at, self.confirmed)
            assert self.now - proven <= limit + 5.0 + 2.0 + 1e-6
        super()._turn()

    def _answer(self, batch, answer):
        super()._answer(batch, answer)
        right = self.of().wire_bids() == levels(*self.truth[YES].bids[::-1])
        if right and self.mode in ("equal", "moved"):
            self.confirmed = self.now

    def answers(self, batch):
        match self.mode:
            case "equal":
                return self.as_it_is(batch)
            case "moved":
                self.changes(heard=False)
                return self.as_it_is(batch)
            case "older":
                return [self.shown(timestamp_ms=self.of().timestamp_ms - 1_500)]
            case "none":
                return []
            case "down":
                return "HTTP 503"
        return None


@given(st.lists(STEPS, max_size=12))
@settings(max_examples=40, deadline=None)
def test_no_token_is_trusted_for_longer_than_its_limit_without_a_change_or_a_proof(steps):
    desk = Watchman(YES)
    desk.rest = desk.answers
    desk.delivers()
    for step, value in steps:
        match step:
            case "wait":
                desk.waits(value)
            case "change":
                desk.changes(heard=value)
            case "deliver":
                desk.delivers()
            case "rest":
                desk.mode = value
    desk.waits(130)


# What a token in trouble needs until it is right


def test_a_token_that_is_back_from_the_upper_rungs_is_watched_again_in_time():
    desk = open_desk()
    desk.changes(heard=False)
    desk.until(143)
    desk.delivers()
    desk.changes(heard=False)
    desk.until(143 + 67)
    assert desk.state() is S.FROZEN


def test_a_stuck_token_whose_hash_is_in_doubt_is_frozen_and_brought_back_step_by_step():
    desk = doubted()
    desk.changes(heard=False)
    desk.waits(120)
    applied = [remedy for _, remedy, _ in desk.remedies]
    assert set(applied) == {Remedy.RESUBSCRIBE, Remedy.REPLACE}
    assert desk.state() is S.FROZEN


def test_a_stuck_token_whose_hash_is_in_doubt_is_asked_about_now_and_then():
    desk = doubted()
    desk.changes(heard=False)
    desk.waits(4)
    assert len(desk.asked) <= 2


def test_no_book_is_built_on_a_rest_that_is_older_than_what_it_has_shown():
    desk = open_desk()
    old = desk.shown()
    desk.changes(heard=False)
    desk.until(62.1)
    assert desk.state() is S.FROZEN
    desk.waits(1)
    desk.changes()
    desk.rest = lambda batch: [attrs.evolve(old, bids=(("0.40", "100"), ("0.39", "77")))]
    desk.waits(6)
    assert not desk.of().in_sync


def test_the_silence_of_a_book_that_is_built_on_rest_begins_there():
    desk = Desk(YES)
    desk.waits(1)
    desk.changes()
    desk.waits(120)
    assert desk.state() is S.QUIET
    assert desk.of().reason == "silent for 60 s; REST agrees"


def test_what_rest_has_put_right_is_not_asked_about_again_at_once():
    desk = open_desk()
    desk.rest = desk.with_others(bids=(("0.38", "9"),))
    desk.until(61)
    assert len(desk.asked) == 1


def test_the_reason_goes_on_being_that_rest_is_older():
    desk = open_desk()
    desk.rest = desk.with_others(timestamp_ms=desk.truth[YES].stamp - 1_000)
    desk.until(66)
    assert desk.of().reason.endswith("what REST shows is older")


def test_a_contradiction_with_a_rest_that_cannot_be_built_on_has_the_book_sent_anew():
    desk = open_desk(hashes=True)
    own = desk.of()
    shown = desk.shown(hash=own.hash, bids=(("0.38", "9"),), timestamp_ms=own.timestamp_ms - 1)
    desk.rest = lambda batch: [shown]
    desk.until(61)
    assert (desk.state(), desk.remedies[0][1]) == (S.RESYNCING, Remedy.RESUBSCRIBE)
    desk.until(70)
    assert desk.state() is S.FROZEN


def test_what_comes_while_rest_is_asked_is_not_lost_when_rest_agrees():
    desk = frozen_desk()
    true = desk.truth[YES]
    true.stamp -= 100
    desk.hears([desk.snapshot()])
    assert desk.state() is S.FROZEN, "it is older than what REST has shown"
    shown = desk.shown()
    desk.rest = lambda batch: [shown]
    desk.waits(4)
    desk.changes()
    desk.waits(2)
    assert desk.of().in_sync
    assert desk.of().wire_bids()[-1] == WireLevel("0.40", str(true.size))
