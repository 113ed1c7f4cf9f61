import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame
from polymarket_realtime._codec.sports import GameFrame, decode_sports_frames

GAME = {
    "gameId": 90106111,
    "leagueAbbreviation": "kor",
    "homeTeam": "Gimcheon Sangmu FC",
    "awayTeam": "Daejeon Hana Citizen FC",
    "status": "InProgress",
    "eventState": {
        "type": "soccer",
        "updatedAt": "2026-07-25T12:02:18.395759286Z",
        "score": "2-1",
        "elapsed": "74",
        "period": "2H",
        "live": True,
        "ended": False,
        "tournamentName": "K League",
    },
    "score": "2-1",
    "elapsed": "74",
    "period": "2H",
    "live": True,
    "ended": False,
}


def decode_one(frame):
    payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    [(decoded, raw)] = decode_sports_frames(payload)
    assert raw == payload
    return decoded


def test_recorded_frames_of_every_sport_are_games(captures):
    path = captures / "polyoxide-sports/sports-2026-07-25-and-10.jsonl"
    games = [decode_one(line.encode()) for line in path.read_text().splitlines() if line]
    assert {type(game) for game in games} == {GameFrame}
    assert [(game.game_id, game.league, game.score, game.period, game.ended) for game in games] == [
        ("90106111", "kor", "2-1", "2H", False),
        ("5968822", "atp", "4-6, 1-2", "S2", False),
        ("1590176", "lol", "000-000|0-0|Bo1", "1/1", False),
        ("id2703680373085574", "cricket", "21-178", "Live", False),
        ("id2703438269077680", "cricket", "116-38", "FT", True),
        ("6361496", "wta challenger", "0-0", "S2", False),
        ("6352662", "wta", "7-5, 5-7, 2-6", "FT", True),
    ]
    assert games[1].tournament == "Generali Open"
    assert games[6].finished_at == datetime(2026, 10, 1, 6, 23, 23, 907040, UTC)


def test_a_game_has_all_that_the_venue_says():
    assert decode_one(GAME) == GameFrame(
        game_id="90106111",
        league="kor",
        home_team="Gimcheon Sangmu FC",
        away_team="Daejeon Hana Citizen FC",
        score="2-1",
        period="2H",
        status="InProgress",
        elapsed="74",
        live=True,
        ended=False,
        updated_at=datetime(2026, 7, 25, 12, 2, 18, 395759, UTC),
        finished_at=None,
        tournament="K League",
        slug="",
    )


@pytest.mark.parametrize(
    ("ids", "game_id"),
    [
        ({"gameId": 5, "metadataGameId": "id6", "slug": "a-b"}, "5"),
        ({"gameId": "7"}, "7"),
        ({"gameId": None, "metadataGameId": "id6", "slug": "a-b"}, "id6"),
        ({"metadataGameId": "", "slug": "a-b"}, "a-b"),
    ],
)
def test_a_game_is_known_by_the_first_id_that_it_has(ids, game_id):
    fields = {name: value for name, value in GAME.items() if name != "gameId"}
    assert decode_one({**fields, **ids}).game_id == game_id


@pytest.mark.parametrize(
    "missing", ["leagueAbbreviation", "homeTeam", "status", "score", "period", "elapsed", "live"]
)
def test_a_field_may_be_left_out_or_null(missing):
    for fields in (
        {name: value for name, value in GAME.items() if name != missing},
        {**GAME, missing: None},
    ):
        assert decode_one(fields).game_id == "90106111"


def test_what_is_left_out_outside_is_taken_from_the_state_inside():
    inside = {name: GAME[name] for name in ("gameId", "eventState")}
    game = decode_one(inside)
    assert (game.score, game.period, game.live, game.league) == ("2-1", "2H", True, "")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-10-02T09:46:11.137533661Z", datetime(2026, 10, 2, 9, 46, 11, 137533, UTC)),
        ("2026-10-02T11:46:11+02:00", datetime(2026, 10, 2, 9, 46, 11, 0, UTC)),
        ("2026-10-02T09:46:11", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("soon", None),
        (1790000000, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("name", ["finishedTimestamp", "finished_timestamp"])
def test_a_time_is_exact_to_the_microsecond_or_not_said(name, said, read):
    assert decode_one({**GAME, name: said}).finished_at == read


def test_texts_are_short_and_on_one_line():
    game = decode_one({**GAME, "homeTeam": "A\n\x1b[31mB\u202e", "awayTeam": "x" * 5000})
    assert game.home_team == "A  [31mB"
    assert len(game.away_team) == 100


@pytest.mark.parametrize(
    "broken",
    [
        {name: value for name, value in GAME.items() if name != "gameId"},
        {},
        {**GAME, "gameId": [1]},
        {**GAME, "live": "true"},
        {**GAME, "ended": 1},
        {**GAME, "homeTeam": {"name": "A"}},
        {"gameId": 5, "score": "0-0"},
        b"{",
        b'{"gameId":"\xff"}',
    ],
)
def test_a_frame_that_is_no_game_is_malformed(broken):
    frame = decode_one(broken)
    assert isinstance(frame, MalformedFrame)
    assert frame.problem


def test_text_is_text():
    assert decode_one(b"ping") == TextFrame("ping")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.binary())
def test_no_bytes_make_it_raise(payload):
    decode_sports_frames(payload)
    decode_sports_frames(b"{" + payload)


@given(st.dictionaries(st.sampled_from([*GAME, "finishedTimestamp"]), JSON))
def test_no_fields_make_it_raise(fields):
    for frame in (fields, {**GAME, **fields}, {**GAME, "eventState": fields}):
        decode_sports_frames(json.dumps(frame).encode())
