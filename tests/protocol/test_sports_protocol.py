import json

import pytest

from polymarket_realtime._model.feed import Gap
from polymarket_realtime._model.live import SPORTS_FEED, SportResult
from polymarket_realtime._protocol.base import PROBE
from polymarket_realtime._protocol.sports import SportsProtocol
from polymarket_realtime._protocol.streams import Streams, StreamState
from polymarket_realtime.errors import HeartbeatTimeout

START, WALL = 1000.0, 1_700_000_000.0

GAME = {
    "gameId": 5,
    "leagueAbbreviation": "atp",
    "homeTeam": "A",
    "awayTeam": "B",
    "status": "inprogress",
    "eventState": {"updatedAt": "2026-07-25T12:02:18.395759286Z", "tournamentName": "Open"},
    "score": "4-6, 1-2",
    "period": "S2",
    "live": True,
    "ended": False,
}
END = {
    **GAME,
    "score": "4-6, 1-6",
    "period": "FT",
    "live": False,
    "ended": True,
    "finishedTimestamp": "2026-07-25T12:40:00.123456789Z",
}


class Talk:
    """One connection to the sports channel. `now` is the time; everything happens at it."""

    def __init__(self, streams=None, now=START):
        self.now = now
        self.streams = Streams(SPORTS_FEED) if streams is None else streams
        self.protocol = SportsProtocol(self.streams, now, wall_offset=WALL)
        self.counters = self.protocol.counters

    def hears(self, *said):
        texts = [text if isinstance(text, str) else json.dumps(text) for text in said]
        return self.protocol.receive([text.encode() for text in texts], self.now)

    def says(self):
        expected = self.protocol.has_frames()
        frames = self.protocol.frames_to_send()
        assert bool(frames) == expected
        return frames

    def waits(self, seconds):
        self.now += seconds
        return self.protocol.advance(self.now)

    def again(self):
        """The next connection of the same endpoint."""
        return Talk(self.streams, self.now)

    @property
    def state(self):
        [(state, _, _)] = self.streams.states().values()
        return state


def test_a_state_is_told_with_all_that_is_known_of_it():
    talk = Talk()
    [event] = talk.hears(GAME)
    assert event == SportResult(
        received=WALL + START,
        timestamp_ms=1_784_980_938_395,
        game_id="5",
        league="atp",
        home_team="A",
        away_team="B",
        score="4-6, 1-2",
        period="S2",
        status="inprogress",
        elapsed=None,
        live=True,
        ended=False,
        tournament="Open",
    )
    assert json.loads(event.raw) == GAME
    assert talk.streams.known() == (event,)


def test_the_time_of_a_state_is_its_own_or_when_it_came():
    talk = Talk()
    plain = {name: value for name, value in END.items() if name != "eventState"}
    [event] = talk.hears(plain)
    assert event.timestamp_ms == 1_784_983_200_123
    assert event.finished_at.microsecond == 123456
    del plain["finishedTimestamp"]
    [event] = talk.hears({**plain, "gameId": 6})
    assert event.timestamp_ms == (WALL + START) * 1000


def test_a_state_sent_again_is_told_once():
    talk = Talk()
    later = {**GAME, "eventState": {**GAME["eventState"], "updatedAt": "2026-07-25T12:02:48Z"}}
    assert len(talk.hears(GAME, GAME, later)) == 1
    assert talk.counters.duplicates == 2
    assert talk.counters.events["sport_result"] == 3


@pytest.mark.parametrize("field", ["score", "period", "status", "live"])
def test_a_state_that_differs_in_anything_is_told(field):
    talk = Talk()
    changed = {**GAME, field: not GAME[field] if field == "live" else "other"}
    assert len(talk.hears(GAME, changed, changed, GAME)) == 3


def test_each_game_has_a_state_of_its_own():
    assert [e.game_id for e in Talk().hears(GAME, {**GAME, "gameId": 6}, GAME)] == ["5", "6"]


def test_the_end_is_told_once_and_nothing_after_it():
    talk = Talk()
    assert [event.ended for event in talk.hears(GAME, END, END, GAME)] == [False, True]
    assert talk.streams.known() == (), "who joins now wants games that are on"
    talk.protocol.connection_lost(talk.now)
    talk = talk.again()
    assert [type(event) for event in talk.hears(END, GAME)] == [Gap]


def test_states_are_compared_over_connections():
    talk = Talk()
    talk.hears(GAME)
    other = talk.again()
    assert other.hears(GAME) == []
    talk.protocol.connection_lost(talk.now)
    assert other.hears({**GAME, "score": "4-6, 1-3"}) != []
    assert other.state is StreamState.FLOWING


def test_a_text_ping_is_answered_at_once():
    talk = Talk()
    assert talk.hears("ping") == []
    assert talk.says() == ["pong"]
    assert talk.counters.texts == {}


@pytest.mark.parametrize("said", ["ping", GAME, "[]", "{"])
def test_any_frame_shows_that_the_channel_flows(said):
    talk = Talk()
    assert talk.state is StreamState.WAITING
    talk.hears(said)
    assert talk.state is StreamState.FLOWING


def test_the_gap_of_a_lost_connection_is_told_before_the_first_state():
    talk = Talk()
    talk.hears(GAME)
    talk.now += 50
    talk.protocol.connection_lost(talk.now)
    assert talk.streams.known() == ()
    talk = talk.again()
    gap, state = talk.hears({**GAME, "score": "4-6, 2-2"})
    assert (gap.gap_since, gap.gap_seconds) == (WALL + START, 50.0)
    assert (gap.stream, gap.filled, gap.missed) == (SPORTS_FEED, False, None)
    assert state.score == "4-6, 2-2"


def test_silence_is_probed_and_an_answer_lets_it_go_on():
    talk = Talk()
    assert talk.protocol.next_deadline() == START + 30
    talk.waits(30)
    assert talk.says() == [PROBE]
    assert talk.protocol.next_deadline() == START + 60
    talk.waits(1)
    assert talk.says() == [], "once is enough"
    talk.protocol.alive(talk.now)
    assert talk.state is StreamState.FLOWING
    assert talk.protocol.next_deadline() == talk.now + 30
    talk.waits(30)
    assert talk.says() == [PROBE]


def test_silence_without_an_answer_ends_the_connection():
    talk = Talk()
    talk.waits(30)
    talk.waits(29)
    with pytest.raises(HeartbeatTimeout):
        talk.waits(1)


def test_an_answer_to_a_probe_ends_the_gap_at_once():
    talk = Talk()
    talk.hears(GAME)
    talk.protocol.connection_lost(talk.now)
    talk = talk.again()
    talk.waits(30)
    talk.protocol.alive(talk.now)
    assert talk.protocol.next_deadline() <= talk.now
    [gap] = talk.waits(0)
    assert gap.gap_seconds == 30.0
    assert talk.protocol.next_deadline() == talk.now + 30
    assert talk.hears(GAME) == []


def test_an_answer_to_a_probe_and_a_state_after_it_make_one_gap():
    talk = Talk()
    talk.hears("ping")
    talk.protocol.connection_lost(talk.now)
    talk = talk.again()
    talk.waits(30)
    talk.protocol.alive(talk.now)
    assert [type(event) for event in talk.hears(GAME)] == [Gap, SportResult]
    assert talk.waits(1) == []


@pytest.mark.parametrize("sign", ["frame", "probe"])
def test_a_connection_is_proven_by_any_sign_after_some_time(sign):
    talk = Talk()
    talk.hears(GAME)
    assert not talk.protocol.proven
    talk.now += 31
    talk.hears("ping") if sign == "frame" else talk.protocol.alive(talk.now)
    assert talk.protocol.proven
    assert talk.protocol.incomplete is False


def test_interest_asks_for_nothing():
    talk = Talk()
    talk.protocol.set_interest(frozenset({"anything"}), talk.now)
    assert talk.says() == []


def test_what_nobody_knows_is_counted_and_told_to_nobody():
    talk = Talk()
    assert talk.hears("hello", "", {"type": "welcome"}, {**GAME, "ended": "no"}, "{") == []
    assert talk.counters.texts == {"hello": 1}
    assert talk.counters.malformed == 3
    assert talk.counters.messages == 5


def test_recorded_states_are_each_told_once(captures):
    path = captures / "polyoxide-sports/sports-2026-07-25-and-10.jsonl"
    lines = [line for line in path.read_text().splitlines() if line]
    talk = Talk()
    assert len(talk.hears(*lines)) == 7
    assert talk.hears(*lines) == []
    assert talk.counters.malformed == 0


def test_a_game_that_may_have_ended_during_a_gap_is_not_on_for_who_joins_then():
    talk = Talk()
    talk.hears(GAME)
    talk.protocol.connection_lost(talk.now)
    talk.now += 7200
    again = talk.again()
    again.hears("ping")
    assert not [event for event in talk.streams.known() if isinstance(event, SportResult)]
    assert again.hears(GAME) == [], "nothing has changed"
    assert [event for event in talk.streams.known() if isinstance(event, SportResult)]
