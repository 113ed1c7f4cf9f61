"""The catalogue: what is asked, how often, and what is remembered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from urllib.parse import unquote

import httpx2
import pytest
import trio
import trio.testing

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime.errors import LookupFailed
from polymarket_realtime.settings import Settings


def token(number):
    return f"{number:077d}".replace("0", "9")


def condition(number):
    return f"0x{number:064x}"


def row(number, *, closed=False, prices=("0.5", "0.5"), slug=None):
    return {
        "id": str(number),
        "conditionId": condition(number),
        "question": f"Question {number}?",
        "slug": slug or f"market-{number}",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": list(prices),
        "clobTokenIds": [token(10 * number + 1), token(10 * number + 2)],
        "closed": closed,
    }


class Gamma:
    """A Gamma that knows `rows` and `events`, and notes what it is asked.

    With a `gate` each answer waits for it. With a `status` every answer is that error.
    """

    def __init__(self, *rows, events=()):
        self.rows, self.events = list(rows), list(events)
        self.asked = []
        self.status = None
        self.gate = None
        self.arrived = trio.Event()

    async def answer(self, request):
        path, params = request.url.raw_path.decode().partition("?")[0], request.url.params
        self.asked.append((path, params))
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.status is not None:
            return httpx2.Response(self.status, content=b"{}")
        found = self._find(path, params)
        return httpx2.Response(404 if found is None else 200, json=found)

    def _find(self, path, params):
        if path == "/public-search":
            return {"events": self.events, "profiles": None}
        if path == "/markets":
            closed = params["closed"] == "true"
            wanted = set(params.get_list("condition_ids") + params.get_list("clob_token_ids"))
            found = [
                row
                for row in self.rows
                if row["closed"] == closed and wanted & {row["conditionId"], *row["clobTokenIds"]}
            ]
            return found[: int(params.get("limit", 20))]
        _, kind, *by, name = path.split("/")
        things = {"markets": self.rows, "events": self.events}[kind]
        key = "slug" if by else "id"
        return next((each for each in things if each[key] == unquote(name)), None)

    @property
    def paths(self):
        return [path for path, _ in self.asked]

    @asynccontextmanager
    async def open(self, names=None):
        settings = Settings(backoff_initial=0.01, backoff_maximum=0.01)
        transport = httpx2.MockTransport(self.answer)
        async with open_rest(settings, uniform=lambda _, high: high, transport=transport) as rest:
            yield Catalog(settings, rest, Names() if names is None else names)


EVENT = {"id": "77", "slug": "who-wins", "title": "Who?", "markets": [row(1), row(2, closed=True)]}


def asks(catalog):
    """Every way to ask for one thing, of which `Gamma(row(1), events=[EVENT])` knows all."""
    return {
        "assets": lambda **options: catalog.markets_of_assets([token(11)], **options),
        "conditions": lambda **options: catalog.markets_of_conditions([condition(1)], **options),
        "market slug": lambda **options: catalog.market_by_slug("market-1", **options),
        "market id": lambda **options: catalog.market_by_id("1", **options),
        "event slug": lambda **options: catalog.group_by_slug("who-wins", **options),
        "event id": lambda **options: catalog.group_by_id("77", **options),
    }


WAYS = list(asks(None))


async def test_open_markets_are_looked_for_first_and_closed_always_said(autojump_clock):
    gamma = Gamma(row(1), row(2, closed=True))
    async with gamma.open() as catalog:
        markets = await catalog.markets_of_conditions([condition(n) for n in (2, 1, 3)])
    assert [market.condition_id for market in markets] == [condition(2), condition(1)]
    assert [params.multi_items() for _, params in gamma.asked] == [
        [
            ("closed", "false"),
            ("limit", "100"),
            *(("condition_ids", condition(n)) for n in (2, 1, 3)),
        ],
        [("closed", "true"), ("limit", "100"), *(("condition_ids", condition(n)) for n in (2, 3))],
    ]


async def test_tokens_of_one_market_give_it_once(autojump_clock):
    async with Gamma(row(1)).open() as catalog:
        (market,) = await catalog.markets_of_assets([token(12), token(11), token(12)])
    assert market.asset_ids == (token(11), token(12))


async def test_many_ids_go_in_batches_of_which_none_is_cut(autojump_clock):
    gamma = Gamma(*(row(number) for number in range(1, 91)))
    async with gamma.open() as catalog:
        wanted = [condition(number) for number in range(1, 91)]
        markets = await catalog.markets_of_conditions(wanted)
    assert [market.condition_id for market in markets] == wanted
    assert [len(params.get_list("condition_ids")) for _, params in gamma.asked] == [40, 40, 10]


async def test_markets_that_were_not_asked_for_are_no_answer(autojump_clock):
    gamma = Gamma()
    gamma._find = lambda path, params: [row(5)]
    async with gamma.open() as catalog:
        assert await catalog.markets_of_conditions([condition(1)]) == []


@pytest.mark.parametrize(
    ("way", "path"),
    [
        ("market slug", "/markets/slug/market-1"),
        ("market id", "/markets/1"),
        ("event slug", "/events/slug/who-wins"),
        ("event id", "/events/77"),
    ],
)
async def test_single_things_are_asked_for_by_their_path(autojump_clock, way, path):
    gamma = Gamma(row(1), events=[EVENT])
    async with gamma.open() as catalog:
        assert await asks(catalog)[way]() is not None
    assert gamma.paths == [path]


@pytest.mark.parametrize("slug", ["a/../b", "a?b=c#d", "s\u00e3o", "%2e%2e", "a b"])
async def test_no_slug_leads_a_request_elsewhere(autojump_clock, slug):
    gamma = Gamma(row(1, slug=slug))
    async with gamma.open() as catalog:
        assert (await catalog.market_by_slug(slug)).slug == slug
    (path,) = gamma.paths
    assert path.count("/") == 3


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_what_is_no_name_is_not_asked_about(autojump_clock, name):
    gamma = Gamma()
    async with gamma.open() as catalog:
        assert await catalog.market_by_slug(name) is await catalog.group_by_id(name) is None
    assert gamma.asked == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [None, 404, 422])
async def test_what_is_not_there_is_no_failure_and_asked_about_again_soon(
    autojump_clock, way, status
):
    gamma = Gamma()
    if way not in {"assets", "conditions"}:
        gamma.status = status
    async with gamma.open() as catalog:
        ask = asks(catalog)[way]
        assert not await ask()
        once = len(gamma.asked)
        await trio.sleep(9)
        assert not await ask()
        assert len(gamma.asked) == once
        await trio.sleep(2)
        gamma.status, gamma.rows, gamma.events = None, [row(1)], [EVENT]
        assert await ask()


@pytest.mark.parametrize("way", WAYS)
async def test_answers_are_remembered_for_a_minute(autojump_clock, way):
    gamma = Gamma(row(1), events=[EVENT])
    async with gamma.open() as catalog:
        ask = asks(catalog)[way]
        first = await ask()
        await trio.sleep(59)
        assert await ask() == first
        assert len(gamma.asked) == 1
        await trio.sleep(2)
        assert await ask() == first
        assert len(gamma.asked) == 2


@pytest.mark.parametrize(
    ("prices", "seconds"), [(("1", "0"), 3599), (("0.5", "0.5"), 3599), (("0.99", "0.01"), 59)]
)
async def test_only_what_is_final_is_remembered_for_an_hour(autojump_clock, prices, seconds):
    settled = row(1, closed=True, prices=prices)
    event = {**EVENT, "closed": True, "markets": [settled]}
    gamma = Gamma(settled, events=[event])
    async with gamma.open() as catalog:
        for way in ("market slug", "event slug"):
            ask, before = asks(catalog)[way], len(gamma.asked)
            await trio.sleep(4000)
            await ask()
            await trio.sleep(seconds)
            await ask()
            assert len(gamma.asked) == before + 1
            await trio.sleep(2)
            await ask()
            assert len(gamma.asked) == before + 2


@pytest.mark.parametrize("way", WAYS)
async def test_fresh_answers_are_not_from_memory_but_go_there(autojump_clock, way):
    gamma = Gamma(row(1), events=[EVENT])
    async with gamma.open() as catalog:
        ask = asks(catalog)[way]
        await ask()
        await ask(fresh=True)
        assert len(gamma.asked) == 2
        gamma.rows[0]["question"] = gamma.events[0]["title"] = "Something else?"
        newest = await ask(fresh=True)
        assert await ask() == newest
        assert "Something else?" in str(newest)
        assert len(gamma.asked) == 3


async def test_a_market_is_remembered_by_all_that_it_is_called(autojump_clock):
    gamma = Gamma(row(1))
    async with gamma.open() as catalog:
        market = await catalog.market_by_slug("market-1")
        assert await catalog.market_by_id("1") == market
        assert await catalog.markets_of_conditions([condition(1)]) == [market]
        assert await catalog.markets_of_assets([token(11), token(12)]) == [market]
    assert len(gamma.asked) == 1


async def test_a_market_without_a_name_is_not_remembered_by_it(autojump_clock):
    gamma = Gamma({**row(1), "slug": "", "id": None})
    async with gamma.open() as catalog:
        assert await catalog.markets_of_conditions([condition(1)])
        assert await catalog.market_by_slug("") is await catalog.market_by_id("") is None


async def test_an_event_is_remembered_with_its_markets(autojump_clock):
    gamma = Gamma(events=[EVENT])
    async with gamma.open() as catalog:
        group = await catalog.group_by_id("77")
        assert await catalog.group_by_slug("who-wins") == group
        assert await catalog.market_by_slug("market-2") == group.markets[1]
    assert gamma.paths == ["/events/77"]


async def test_memory_is_bounded(autojump_clock):
    gamma = Gamma(*(row(number) for number in range(1, 2502)))
    async with gamma.open() as catalog:
        await catalog.markets_of_conditions(map(condition, range(1, 2502)))
        asked = len(gamma.asked)
        await catalog.market_by_slug("market-2501")
        assert len(gamma.asked) == asked
        await catalog.market_by_slug("market-1")
        assert gamma.paths[asked:] == ["/markets/slug/market-1"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fresh", [False, True])
async def test_those_who_ask_at_once_share_one_question(autojump_clock, way, fresh):
    gamma = Gamma(row(1), events=[EVENT])
    gamma.gate = trio.Event()
    answers = []
    async with gamma.open() as catalog, trio.open_nursery() as nursery:

        async def ask():
            answers.append(await asks(catalog)[way](fresh=fresh))

        for _ in range(3):
            nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        gamma.gate.set()
    assert len(answers) == 3
    assert answers[0]
    assert answers[0] == answers[1] == answers[2]
    assert len(gamma.asked) == 1


async def test_only_what_nobody_asks_about_already_is_asked(autojump_clock):
    gamma = Gamma(row(1), row(2))
    gamma.gate = trio.Event()
    found = {}
    async with gamma.open() as catalog, trio.open_nursery() as nursery:

        async def ask(*numbers):
            found[numbers] = await catalog.markets_of_conditions(map(condition, numbers))

        nursery.start_soon(ask, 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, 1, 2)
        await trio.testing.wait_all_tasks_blocked()
        gamma.gate.set()
    assert [market.id for market in found[1, 2]] == ["1", "2"]
    assert [params.get_list("condition_ids") for _, params in gamma.asked] == [
        [condition(1)],
        [condition(2)],
    ]


async def test_whoever_waits_takes_over_from_one_who_was_cancelled(autojump_clock):
    gamma = Gamma(row(1))
    gamma.gate = trio.Event()
    found = []
    with trio.fail_after(5):
        async with gamma.open() as catalog, trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def ask_and_give_up():
                with scope:
                    await catalog.market_by_slug("market-1")

            async def ask():
                found.append(await catalog.market_by_slug("market-1"))

            nursery.start_soon(ask_and_give_up)
            await gamma.arrived.wait()
            for _ in range(3):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            assert len(gamma.asked) == 1
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert len(gamma.asked) == 2
            gamma.gate.set()
    assert scope.cancelled_caught
    assert [market.slug for market in found] == ["market-1"] * 3


async def test_whoever_is_cancelled_while_waiting_disturbs_nobody(autojump_clock):
    gamma = Gamma(row(1))
    gamma.gate = trio.Event()
    found = []
    async with gamma.open() as catalog, trio.open_nursery() as nursery:

        async def ask():
            found.append(await catalog.market_by_slug("market-1"))

        nursery.start_soon(ask)
        await gamma.arrived.wait()
        with trio.move_on_after(1) as scope:
            await catalog.market_by_slug("market-1")
        assert scope.cancelled_caught
        gamma.gate.set()
    assert [market.slug for market in found] == ["market-1"]
    assert len(gamma.asked) == 1


async def test_a_failure_is_that_of_all_who_wait_and_remembered_by_nobody(autojump_clock):
    gamma = Gamma(row(1))
    gamma.gate, gamma.status = trio.Event(), 403
    errors = []
    async with gamma.open() as catalog:

        async def ask():
            with pytest.raises(LookupFailed) as caught:
                await catalog.market_by_slug("market-1")
            errors.append(caught.value)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            gamma.gate.set()
        assert len({id(error) for error in errors}) == 3
        assert {(error.status, error.problem) for error in errors} == {(403, "HTTP 403")}
        assert len(gamma.asked) == 1
        gamma.status = None
        assert await catalog.market_by_slug("market-1")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [400, 403, 503])
async def test_a_venue_that_is_down_fails_every_lookup(autojump_clock, way, status):
    gamma = Gamma()
    gamma.status = status
    async with gamma.open() as catalog:
        with pytest.raises(LookupFailed) as caught:
            await asks(catalog)[way]()
        assert caught.value.status == status
        with pytest.raises(LookupFailed):
            await catalog.search("rain", limit=5, include_closed=True)


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_makes_no_sense_is_a_failure(autojump_clock, way):
    gamma = Gamma()
    gamma._find = lambda path, params: "sense"
    async with gamma.open() as catalog:
        with pytest.raises(LookupFailed, match="malformed"):
            await asks(catalog)[way]()


@pytest.mark.parametrize("way", [*WAYS, "search"])
async def test_every_answer_teaches_names(autojump_clock, way):
    names = Names()
    async with Gamma(row(1), events=[EVENT]).open(names) as catalog:
        if way == "search":
            await catalog.search("who", limit=5, include_closed=True)
        else:
            await asks(catalog)[way]()
    event = "who-wins" if way in {"event slug", "event id", "search"} else None
    assert names.get(token(12)) == AssetName(
        question="Question 1?", outcome="No", slug="market-1", event_slug=event
    )


@pytest.mark.parametrize(
    ("include_closed", "says"),
    [
        (False, [("keep_closed_markets", "0"), ("events_status", "active")]),
        (True, [("keep_closed_markets", "1")]),
    ],
)
async def test_a_search_is_for_events_only(autojump_clock, include_closed, says):
    gamma = Gamma(events=[{**EVENT, "slug": f"event-{number}"} for number in range(5)])
    async with gamma.open() as catalog:
        groups = await catalog.search("w" * 300, limit=3, include_closed=include_closed)
    assert [group.slug for group in groups] == ["event-0", "event-1", "event-2"]
    ((path, params),) = gamma.asked
    assert path == "/public-search"
    assert params.multi_items() == [
        ("q", "w" * 200),
        ("limit_per_type", "3"),
        *says,
        ("search_tags", "false"),
        ("search_profiles", "false"),
    ]


async def test_a_search_is_not_taken_for_the_whole_event(autojump_clock):
    gamma = Gamma(events=[EVENT])
    async with gamma.open() as catalog:
        await catalog.search("who", limit=3, include_closed=False)
        await catalog.group_by_slug("who-wins")
    assert gamma.paths == ["/public-search", "/events/slug/who-wins"]
