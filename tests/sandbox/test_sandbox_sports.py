import json
import random

import httpx2
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from sandbox_client import open_client

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox, sports_socket
from polymarket_realtime.sandbox.games import Games
from polymarket_realtime.sandbox.sports import FIXTURES, advance


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0, game_interval=0.1)) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox):
    async with open_client(sandbox.sports_url) as client:
        yield client


def game_of(sandbox, sport):
    return next(game for game in sandbox.live.games if game.sport == sport)


def id_of(frame):
    return str(frame.get("gameId") or frame["metadataGameId"])


async def until(client, matches):
    with trio.fail_after(5):
        while not matches(frame := await client.frame()):
            pass
    return frame


async def test_everybody_hears_of_all_games_again_and_again(sandbox, client):
    first = [await client.frame() for _ in sandbox.live.games]
    again = [await client.frame() for _ in sandbox.live.games]
    assert first == again
    assert [id_of(frame) for frame in first] == [game.game_id for game in sandbox.live.games]
    assert all(frame["live"] and not frame["ended"] for frame in first)


async def test_every_sport_has_a_form_of_its_own(sandbox, client):
    frames = [await client.frame() for _ in sandbox.live.games]
    soccer, tennis, esports, cricket = frames
    assert type(soccer["gameId"]) is int
    assert (soccer["status"], soccer["elapsed"]) == ("InProgress", "12")
    assert soccer["eventState"].items() >= {"type": "soccer", "elapsed": "12"}.items()
    assert (tennis["status"], tennis["score"]) == ("inprogress", "6-7(3-7), 2-1")
    assert tennis["eventState"]["tournamentName"] == "Sandbox Open"
    assert "elapsed" not in tennis
    assert (esports["status"], esports["score"]) == ("running", "000-000|0-0|Bo5")
    assert "eventState" not in esports
    assert set(cricket) == {
        *("metadataGameId", "leagueAbbreviation", "score", "period", "live", "ended"),
    }
    assert cricket["metadataGameId"].startswith("id")


async def test_a_score_is_told_at_once():
    async with (
        open_sandbox(SandboxConfig(rate=0)) as sandbox,
        open_client(sandbox.sports_url) as client,
    ):
        for _ in sandbox.live.games:
            await client.frame()
        game = game_of(sandbox, "soccer")
        before = game.frame()["eventState"]
        sandbox.clock.offset += 1
        sandbox.live.score(game.game_id, "1-0", "2H", "46")
        frame = await client.frame()
        assert (frame["score"], frame["period"], frame["elapsed"]) == ("1-0", "2H", "46")
        assert frame["eventState"]["score"] == "1-0"
        assert frame["eventState"]["createdAt"] == before["createdAt"]
        assert frame["eventState"]["updatedAt"] > before["updatedAt"]


async def test_an_end_is_told_once_and_stays_in_gamma(sandbox, client):
    game = game_of(sandbox, "tennis")
    frame = await until(client, lambda frame: id_of(frame) == game.game_id)
    sandbox.live.end_game(game.game_id)
    frame = await until(client, lambda frame: id_of(frame) == game.game_id and frame["ended"])
    assert (frame["live"], frame["status"], frame["period"]) == (False, "finished", "FT")
    assert len(frame["finishedTimestamp"]) == len("2026-10-01T06:23:23.907040294Z")
    later = [id_of(await client.frame()) for _ in range(9)]
    assert game.game_id not in later
    for impossible in (sandbox.live.end_game, lambda id_: sandbox.live.score(id_, "1", "FT")):
        with pytest.raises(ValueError, match="is over"):
            impossible(game.game_id)
    async with httpx2.AsyncClient(base_url=sandbox.gamma_url, verify=False) as http:
        soccer = game_of(sandbox, "soccer")
        params = {"game_id": [game.game_id, soccer.game_id], "closed": "false"}
        events = (await http.get("/events", params=params)).json()
        assert [event["gameId"] for event in events] == [int(soccer.game_id), int(game.game_id)]
        assert [event["ended"] for event in events] == [False, True]
        assert events[1]["score"] == frame["score"]
        for nothing in ({"game_id": "1"}, params | {"closed": "true"}):
            assert (await http.get("/events", params=nothing)).json() == []


async def test_cricket_ends_too(sandbox, client):
    game = game_of(sandbox, "cricket")
    sandbox.live.score(game.game_id, "179-178", "Live")
    sandbox.live.end_game(game.game_id)
    frame = await until(client, lambda frame: id_of(frame) == game.game_id and frame["ended"])
    assert (frame["score"], frame["period"]) == ("179-178", "FT")


async def test_states_can_be_repeated_on_demand_and_silenced():
    async with (
        open_sandbox(SandboxConfig(rate=0)) as sandbox,
        open_client(sandbox.sports_url) as client,
    ):
        count = len(sandbox.live.games)
        states = [await client.frame() for _ in range(count)]
        sandbox.live.quiet("sports")
        sandbox.live.resend()
        sandbox.live.quiet("sports", False)
        sandbox.live.resend()
        assert [await client.frame() for _ in range(count)] == states
        sandbox.live.close(1012, "restart", "sports")
        assert await client.ending() == (1012, "restart")


async def test_without_a_pong_the_connection_ends(monkeypatch):
    monkeypatch.setattr(sports_socket, "PONG_PATIENCE", 0.1)
    config = SandboxConfig(rate=0, sports_text_ping=0.05)
    async with open_sandbox(config) as sandbox, open_client(sandbox.sports_url) as client:
        for _ in range(3):
            with trio.fail_after(5):
                while await client.ws.get_message() != "ping":
                    pass
            await client.ws.send_message("pong")
        assert await client.ending() == (1008, "pong timeout")
        assert sandbox.statistics().frames_received["pong"] == 3


async def test_whatever_clients_say_is_ignored(sandbox, client):
    await client.send(type="subscribe", secret="hidden")
    await client.ws.send_message("PING")
    await sandbox.wait_received(lambda frame: frame.text == "PING")
    assert await client.frame()
    assert sandbox.statistics().frames_received["invalid"] == 1
    assert not any("hidden" in frame.text for frame in sandbox.received)


async def test_a_frozen_feed_still_asks_for_a_pong():
    config = SandboxConfig(rate=0, sports_text_ping=0.3, game_interval=0.05)
    async with open_sandbox(config) as sandbox, open_client(sandbox.sports_url) as client:
        await client.frame()
        sandbox.faults.freeze()
        texts = []
        while "ping" not in texts:
            texts.append(await client.text())
        await client.ws.send_message("pong")
        assert await client.text() == "ping"


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.sport)
@given(seed=st.integers())
def test_every_game_comes_to_an_end(fixture, seed):
    chance = random.Random(seed)
    score, period, elapsed = fixture.score, fixture.period, fixture.elapsed
    for _ in range(600):
        step = advance(fixture.sport, score, period, elapsed, chance)
        if step.over:
            break
        score, period, elapsed = step.score, step.period, step.elapsed
    assert step.over


def test_a_game_that_is_over_is_followed_by_another():
    games, chance = Games(lambda: 1_791_000_000.0), random.Random(1)
    for _ in range(500):
        games.advance(chance)
        assert {game.sport for game in games.running} == {f.sport for f in FIXTURES}
    assert len(games.all) > len(games.running) == len(FIXTURES)
    assert len({game.game_id for game in games.all}) == len(games.all)
    assert all(json.dumps(game.frame()) for game in games.all)


def test_a_score_that_its_sport_does_not_have_is_left_alone():
    step = advance("tennis", "love all", "S1", None, random.Random(1))
    assert (step.score, step.over) == ("love all", False)
