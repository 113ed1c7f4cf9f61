"""Asking REST about silent tokens, on the virtual clock: when, how often and how it may fail."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx2
import pytest
import trio

from polymarket_realtime import AssetId, AssetState, AssetTopic, Settings, open_service
from polymarket_realtime.testing import (
    MemoryConnection,
    MemoryVenue,
    make_book,
    make_price_change,
)
from virtual.virtual_sandbox import T0, virtual_wall

ASSET = AssetId("7" * 77)
S = AssetState


@pytest.fixture(autouse=True)
def _wall(monkeypatch) -> None:
    """Frames are stamped by the virtual clock, so they have to be heard by it."""
    virtual_wall(monkeypatch)


def stamp(ahead: float = 0.0) -> int:
    """The venue's time, in milliseconds since the epoch."""
    return round((T0 + trio.current_time() + ahead) * 1000)


def tokens(count: int) -> list[AssetId]:
    return [AssetId(f"{7:0<74}{number:03d}") for number in range(1, count + 1)]


def market_of(asset: AssetId) -> str:
    """Each token has one of its own: no sibling says anything about it."""
    return f"0x{asset[-64:]}"


class Desk:
    """A venue, its REST, and a service that listens to it.

    `answer` is a status, a text, or None for an answer that never comes; without it, REST shows
    the books of the catalogue.
    """

    def __init__(self) -> None:
        self.venue = MemoryVenue()
        self.transport = httpx2.MockTransport(self._respond)
        self.requests: list[httpx2.Request] = []
        self.asked: list[tuple[float, list[str]]] = []
        self.answer: int | str | None = 200
        self.retry_after: str | None = None

    async def _respond(self, request: httpx2.Request) -> httpx2.Response:
        await trio.lowlevel.checkpoint()
        body = await request.aread()
        shown = self.venue.catalog.answer(
            request.method, request.url.path, request.url.params.multi_items(), body
        )
        if request.url.path != "/books":
            return httpx2.Response(shown[0], content=shown[1])
        self.requests.append(request)
        tokens = [each["token_id"] for each in json.loads(body)]
        self.asked.append((trio.current_time(), tokens))
        if self.answer is None:
            await trio.sleep_forever()
        if isinstance(self.answer, str):
            return httpx2.Response(200, content=self.answer.encode())
        headers = {} if self.retry_after is None else {"retry-after": self.retry_after}
        content = shown[1] if self.answer == 200 else b"{}"
        return httpx2.Response(self.answer, content=content, headers=headers)

    @property
    def times(self) -> list[float]:
        """When REST was asked."""
        return [at for at, _ in self.asked]

    def changes(self, connection: MemoryConnection, asset: AssetId = ASSET) -> None:
        """The best bid gets another size, here and there."""
        size = f"{100 + trio.current_time():.2f}"
        self.shows(asset, size)
        change = (asset, "BUY", "0.40", size)
        connection.say(make_price_change(change, timestamp=stamp(), market=market_of(asset)))

    def shows(self, asset: AssetId, size: str = "10") -> dict:
        """REST has this book, which has just changed; the same as a frame."""
        levels = {"bids": [("0.40", size)], "asks": [("0.60", "5")]}
        frame = make_book(asset, **levels, timestamp=stamp(), market=market_of(asset))
        rules = {"min_order_size": "5", "tick_size": "0.01", "neg_risk": False}
        self.venue.catalog.books[asset] = frame | rules
        return frame


@asynccontextmanager
async def open_desk(*assets: AssetId, live: bool = True, **settings: object):
    """A desk, the first connection, and the service; books are live unless told otherwise."""
    desk = Desk()
    async with open_service(
        Settings(**settings),  # type: ignore[arg-type]
        open_stream=desk.venue.open_stream,
        transport=desk.transport,
        uniform=lambda _low, high: high,
    ) as service:
        with service.subscribe(*map(AssetTopic, assets), capacity=10_000) as events:
            desk.events = events
            connection = await desk.venue.accept()
            frames = [desk.shows(asset) for asset in assets]
            if live:
                connection.say(frames)
                await trio.testing.wait_all_tasks_blocked()
            yield desk, connection, service


async def test_silent_tokens_are_asked_about_by_post_to_books(autojump_clock):
    async with open_desk(ASSET, clob_url="https://clob.example") as (desk, _, service):
        await trio.sleep(61)
        request = desk.requests[-1]
        assert (request.method, str(request.url)) == ("POST", "https://clob.example/books")
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.content) == [{"token_id": ASSET}]
        assert service.standing(ASSET).state is S.QUIET
        assert service.standing(ASSET).reason == "silent for 60 s; REST agrees"


async def test_a_hundred_tokens_go_into_one_question(autojump_clock):
    assets = tokens(150)
    async with open_desk(*assets) as (desk, _, service):
        await trio.sleep(59)
        desk.asked.clear()
        await trio.sleep(3)
        assert 2 <= len(desk.asked) <= 3
        assert max(len(asked) for _, asked in desk.asked) <= 100
        assert {token for _, asked in desk.asked for token in asked} == set(assets)
        assert {service.standing(asset).state for asset in assets} == {S.QUIET}


async def test_nothing_is_asked_while_everything_flows_but_what_only_rest_knows(autojump_clock):
    async with open_desk(ASSET) as (desk, connection, service):
        for _ in range(120):
            await trio.sleep(5)
            desk.changes(connection)
        assert len(desk.asked) == 1, "the smallest order and the kind of market, once"
        assert service.standing(ASSET).state is S.LIVE


async def test_nothing_is_asked_if_nobody_listens(autojump_clock):
    desk = Desk()
    async with open_service(
        Settings(), open_stream=desk.venue.open_stream, transport=desk.transport
    ) as service:
        await trio.sleep(3600)
        assert desk.asked == []
        with service.subscribe(AssetTopic(ASSET)):
            connection = await desk.venue.accept()
            connection.say(desk.shows(ASSET))
            await trio.sleep(100)
        asked = len(desk.asked)
        assert asked > 0
        await trio.sleep(3600)
        assert len(desk.asked) == asked


async def test_a_token_that_rest_has_moved_on_with_is_frozen_and_had_anew(autojump_clock):
    async with open_desk(ASSET) as (desk, connection, service):
        await trio.sleep(20)
        moved = desk.shows(ASSET, "11")
        await trio.sleep(41.9)
        assert service.standing(ASSET).state is S.LIVE
        await trio.sleep(0.2)
        standing = service.standing(ASSET)
        assert standing.state is S.FROZEN
        assert standing.reason == "REST has moved on; subscribing to it anew, try 1"
        await trio.testing.wait_all_tasks_blocked()
        operations = [json.loads(each) for each in connection.received if each.startswith("{")]
        assert [each.get("operation") for each in operations] == [None, "unsubscribe", "subscribe"]
        connection.say(moved)
        await trio.testing.wait_all_tasks_blocked()
        assert service.standing(ASSET).state is S.LIVE
        assert service.book(ASSET).bids[0].size == 11
        trust = service.status().statistics.trust
        assert (trust.witness, trust.remedies) == ({"moved": 1}, {"resubscribe": 1})


async def test_a_token_without_any_book_is_told_to_be_unknown(autojump_clock):
    async with open_desk(ASSET, live=False) as (desk, _, service):
        desk.venue.catalog.books.clear()
        await trio.sleep(12)
        standing = service.standing(ASSET)
        assert standing.state is S.UNKNOWN_ASSET
        why = "no such book: neither REST nor the catalogue knows this token"
        assert standing.reason == why


# REST that cannot be asked


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (503, "HTTP 503"),
        (429, "HTTP 429"),
        (404, "HTTP 404"),
        (None, "no answer within 5 s"),
        ("<html>", "not a list"),
        ("{}", "not a list"),
        ('[{"asset_id": 1}]', "is neither text nor a number"),
    ],
)
async def test_a_silent_token_is_suspect_and_says_what_is_wrong_with_rest(
    autojump_clock, answer, words
):
    async with open_desk(ASSET) as (desk, _, service):
        await trio.sleep(30)
        desk.answer = answer
        await trio.sleep(36)
        standing = service.standing(ASSET)
        assert standing.state is S.SUSPECT
        assert standing.reason.startswith("silent for 6")
        assert "and REST cannot be asked: " in standing.reason
        assert words in standing.reason
        desk.answer = 200
        await trio.sleep(61)
        assert service.standing(ASSET).state is S.QUIET


@pytest.mark.parametrize("status", [503, 429])
async def test_a_question_that_failed_is_not_repeated_but_asked_anew_later_and_later(
    autojump_clock, status
):
    async with open_desk(ASSET) as (desk, _, _service):
        await trio.sleep(30)
        desk.asked.clear()
        desk.answer = status
        await trio.sleep(270)
        waits = [later - sooner for sooner, later in pairwise(desk.times)]
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60])


async def test_rest_that_asks_for_a_longer_wait_has_it(autojump_clock):
    async with open_desk(ASSET) as (desk, _, _service):
        await trio.sleep(30)
        desk.asked.clear()
        desk.answer, desk.retry_after = 429, "23"
        await trio.sleep(60)
        first, second, *_ = desk.times
    assert second - first == pytest.approx(23, abs=0.2)


async def test_a_token_that_flows_is_not_suspect_although_rest_is_down(autojump_clock):
    async with open_desk(ASSET) as (desk, connection, service):
        desk.answer = 503
        for _ in range(40):
            await trio.sleep(5)
            desk.changes(connection)
            assert service.standing(ASSET).state is S.LIVE


# How often


async def test_a_suspended_service_asks_nothing(autojump_clock):
    async with open_desk(ASSET) as (desk, _, service):
        await trio.sleep(30)
        await service.suspend()
        desk.asked.clear()
        await trio.sleep(3600)
        assert desk.asked == []
        assert service.standing(ASSET).state is S.OUT_OF_SYNC
        service.resume()
        connection = await desk.venue.accept()
        connection.say(desk.shows(ASSET))
        await trio.sleep(61)
        assert desk.asked != []
        assert service.standing(ASSET).state is S.QUIET


async def test_thirty_questions_a_minute_are_not_exceeded_and_what_waits_says_so(autojump_clock):
    assets = tokens(50)
    async with open_desk(*assets, live=False) as (desk, connection, service):
        for asset in assets:
            await trio.sleep(0.15)
            connection.say(desk.shows(asset))
        await trio.sleep(58)
        desk.asked.clear()
        began = trio.current_time()
        reasons = set()
        while trio.current_time() < began + 180:
            await trio.sleep(1)
            reasons |= {service.standing(asset).reason for asset in assets}
    for at in desk.times:
        assert sum(at <= other < at + 60 for other in desk.times) <= 30
    assert len(desk.times) >= 30
    waiting = [each for each in reasons if "the budget for asking REST is used up for" in each]
    assert waiting
    assert all(each.startswith("silent for ") for each in waiting)


@pytest.mark.parametrize("budget", [1, 5])
async def test_the_budget_that_was_set_is_kept(autojump_clock, budget):
    async with open_desk(*tokens(3), witness_budget=budget) as (desk, _, _service):
        desk.answer = 503
        await trio.sleep(600)
    for at in desk.times:
        assert sum(at <= other < at + 60 for other in desk.times) <= budget
    assert len(desk.times) >= 9


async def test_without_a_budget_nothing_is_asked_and_silent_tokens_say_why(autojump_clock):
    async with open_desk(ASSET, witness_budget=0) as (desk, connection, service):
        await trio.sleep(64)
        assert service.standing(ASSET).state is S.LIVE
        await trio.sleep(3)
        standing = service.standing(ASSET)
        assert standing.state is S.SUSPECT
        why = "REST is not to be asked: POLYMARKET_WITNESS_BUDGET is 0"
        assert standing.reason == f"silent for 65 s, and {why}"
        assert desk.asked == []
        connection.say(desk.shows(ASSET, "11"))
        await trio.testing.wait_all_tasks_blocked()
        assert service.standing(ASSET).state is S.LIVE, "a fresh book needs no witness"


async def test_other_tokens_wait_while_one_question_is_not_answered(autojump_clock):
    early, late = tokens(2)
    async with open_desk(early, late, live=False) as (desk, connection, service):
        connection.say(desk.shows(early))
        await trio.sleep(2)
        connection.say(desk.shows(late))
        await trio.sleep(50)
        desk.asked.clear()
        desk.answer = None
        await trio.sleep(14)
        assert [asked[0] for _, asked in desk.asked] == [early]
        desk.answer = 200
        await trio.sleep(60)
        assert service.standing(late).state is S.QUIET
        assert service.standing(early).state is S.QUIET


async def test_nothing_is_asked_while_suspended_although_the_budget_was_waited_for(
    autojump_clock,
):
    async with open_desk(ASSET, witness_budget=1) as (desk, _, service):
        await trio.sleep(65.5)
        asked = len(desk.asked)
        await service.suspend()
        await trio.sleep(300)
        assert len(desk.asked) == asked == 1
