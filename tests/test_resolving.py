"""What people pass, as tokens and markets."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
import trio

from polymarket_realtime._lookup.resolving import (
    Found,
    find_markets,
    look_up,
    look_up_markets,
    require_open,
)
from polymarket_realtime._model.catalog import EventRef, Market, MarketGroup, Outcome
from polymarket_realtime.errors import (
    AmbiguousIdentifier,
    InvalidIdentifier,
    LookupFailed,
    MarketClosed,
    MarketNotFound,
    TooManyTokens,
)

FAILURE = LookupFailed("https://gamma.test/markets", "HTTP 503", status=503, retry_after=7.0)


def token(number):
    return f"{number:077d}".replace("0", "9")


def condition(number):
    return f"0x{number:064x}"


def market(number, *, slug=None, event=None, prices=(None, None), **facts):
    return Market(
        id=str(number),
        condition_id=condition(number),
        slug=slug or f"market-{number}",
        outcomes=tuple(
            Outcome(token(10 * number + place), name, price)
            for place, name, price in zip((1, 2), ("Yes", "No"), prices, strict=True)
        ),
        event=event,
        **{"question": f"Question {number}?", **facts},
    )


def group(number, *markets, slug=None):
    ref = EventRef(str(number), slug or f"event-{number}", f"Title {number}")
    return MarketGroup(
        id=ref.id,
        slug=ref.slug,
        title=ref.title,
        markets=tuple(attrs.evolve(each, event=ref) for each in markets),
    )


WON = {"closed": True, "prices": (Decimal(1), Decimal(0))}
RACE = group(700, market(1), market(2), market(3, **WON))
OVER = group(701, market(4, **WON), market(5, **WON))
SINGLE = group(702, market(6, slug="rain"), slug="rain")
TWINS = group(703, market(7, slug="snow"), market(8), slug="snow")
BARE = attrs.evolve(market(9, slug="no-book"), outcomes=())
NUMBERED = group(1, market(10))


class FakeCatalog:
    """Knows `groups` and their markets, and `markets`; notes what it is asked.

    Whatever is asked of a method named in `down` fails.
    """

    def __init__(self, *groups, markets=(), down=()):
        self.groups = groups
        self.markets = [*markets, *(each for group in groups for each in group.markets)]
        self.found = list(groups)
        self.down = set(down)
        self.asked = []
        self.busy = self.busiest = 0

    async def _note(self, name, what):
        self.asked.append((name, what))
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        await trio.sleep(0.001)
        self.busy -= 1
        if name in self.down or "all" in self.down:
            raise FAILURE

    async def markets_of_assets(self, assets):
        await self._note("assets", list(assets))
        return [each for each in self.markets if set(assets) & set(each.asset_ids)]

    async def markets_of_conditions(self, conditions):
        await self._note("conditions", list(conditions))
        return [each for each in self.markets if each.condition_id in conditions]

    async def market_by_slug(self, slug):
        await self._note("market slug", slug)
        return next((each for each in self.markets if each.slug == slug), None)

    async def market_by_id(self, number):
        await self._note("market id", number)
        return next((each for each in self.markets if each.id == number), None)

    async def group_by_slug(self, slug):
        await self._note("event slug", slug)
        return next((each for each in self.groups if each.slug == slug), None)

    async def group_by_id(self, number):
        await self._note("event id", number)
        return next((each for each in self.groups if each.id == number), None)

    async def search(self, query, *, limit, include_closed):
        await self._note("search", query)
        return self.found[:limit]


def make_catalog(**options):
    return FakeCatalog(RACE, OVER, SINGLE, TWINS, NUMBERED, markets=[BARE], **options)


@pytest.fixture
def catalog():
    return make_catalog()


def tokens_of(*numbers):
    return [token(10 * number + place) for number in numbers for place in (1, 2)]


def assets_of(found):
    return [asset.asset_id for asset in found.assets]


@pytest.mark.parametrize(
    ("identifier", "tokens", "groups"),
    [
        (token(12), [token(12)], ()),
        (condition(1), tokens_of(1), ()),
        (condition(10).upper(), tokens_of(10), ()),
        ("market-1", tokens_of(1), ()),
        ("market/market-1", tokens_of(1), ()),
        ("https://polymarket.com/event/event-700/market-2?tid=1", tokens_of(2), ()),
        ("event-700", tokens_of(1, 2), (RACE,)),
        ("https://polymarket.com/event/event-700", tokens_of(1, 2), (RACE,)),
        ("event/event-701", tokens_of(4, 5), (OVER,)),
        ("market-3", tokens_of(3), ()),
        ("rain", tokens_of(6), ()),
        ("event/rain", tokens_of(6), (SINGLE,)),
        ("market/snow", tokens_of(7), ()),
        ("event/snow", tokens_of(7, 8), (TWINS,)),
        ("2", tokens_of(2), ()),
        ("700", tokens_of(1, 2), (RACE,)),
    ],
)
async def test_identifiers_stand_for_tokens(autojump_clock, catalog, identifier, tokens, groups):
    found = await look_up(catalog, [identifier], limit=9)
    assert assets_of(found) == tokens
    assert found.groups == groups
    assert {asset.input for asset in found.assets} == {identifier}
    assert found.conditions == tuple(each.condition_id for each in found.markets)
    assert {asset.condition_id for asset in found.assets} == set(found.conditions)


async def test_assets_say_all_that_is_known_of_them(autojump_clock, catalog):
    asset, _ = (await look_up(catalog, [token(12), token(31)], limit=9)).assets
    assert attrs.asdict(asset) == {
        "input": token(12),
        "asset_id": token(12),
        "condition_id": condition(1),
        "question": "Question 1?",
        "outcome": "No",
        "slug": "market-1",
        "event": "event-700",
        "closed": False,
    }


async def test_order_is_that_of_the_identifiers_and_each_names_its_tokens(autojump_clock, catalog):
    passed = ["market-2", token(21), "event-700", "market-2", condition(1)]
    found = await look_up(catalog, passed, limit=4)
    assert [(asset.input, asset.asset_id) for asset in found.assets] == [
        *(("market-2", each) for each in tokens_of(2)),
        (token(21), token(21)),
        *(("event-700", each) for each in tokens_of(1, 2)),
        *((condition(1), each) for each in tokens_of(1)),
    ]
    assert [each.id for each in found.markets] == ["2", "1"]
    assert found.conditions == (condition(2), condition(1))
    assert found.groups == (RACE,)


async def test_nothing_stands_for_nothing(autojump_clock, catalog):
    assert await look_up(catalog, [], limit=0) == Found()
    assert catalog.asked == []


async def test_settled_markets_of_an_event_count_if_asked_for(autojump_clock, catalog):
    found = await look_up(catalog, ["event-700"], limit=9, include_closed=True)
    assert assets_of(found) == tokens_of(1, 2, 3)
    assert [asset.closed for asset in found.assets] == [False] * 4 + [True] * 2


async def test_questions_are_batched_by_kind_and_bounded(autojump_clock, catalog):
    numbers = range(1, 9)
    slugs = [f"market/market-{number}" for number in (1, 2, 3, 4, 5, 8, 10)]
    passed = [*map(condition, numbers), *map(token, (11, 12, 21)), *slugs, "rain", "700"]
    await look_up(catalog, passed, limit=99)
    kinds = [kind for kind, _ in catalog.asked]
    assert kinds.count("assets") == kinds.count("conditions") == 1
    assert kinds.count("market slug") == len(slugs) + 1
    assert catalog.busiest == 8


@pytest.mark.parametrize(
    ("identifier", "candidates"),
    [
        ("snow", ("event/snow", "market/snow")),
        ("1", ("event/event-1", "market/market-1")),
    ],
)
async def test_what_may_mean_two_things_is_refused_with_both(
    autojump_clock, identifier, candidates
):
    catalog = FakeCatalog(TWINS, RACE, attrs.evolve(NUMBERED, slug="event-1"))
    with pytest.raises(AmbiguousIdentifier) as caught:
        await look_up(catalog, [identifier], limit=9)
    assert (caught.value.value, caught.value.candidates) == (identifier, candidates)
    for candidate in candidates:
        assert (await look_up(catalog, [candidate], limit=9)).assets


@pytest.mark.parametrize(
    ("identifier", "tried"),
    [
        (token(99), "token id"),
        (condition(99), "condition id"),
        ("market/nothing", "market slug"),
        ("event/nothing", "event slug"),
        ("nothing", "market slug and as event slug"),
        ("99", "market id and as event id"),
        ("no-book", "market slug and as event slug"),
        ("9", "market id and as event id"),
    ],
)
async def test_what_is_not_found_says_what_it_was_taken_for(
    autojump_clock, catalog, identifier, tried
):
    with pytest.raises(MarketNotFound, match=f"tried as {tried}") as caught:
        await look_up(catalog, ["market-1", identifier], limit=9)
    assert caught.value.value == identifier


@pytest.mark.parametrize(
    ("identifier", "candidates"),
    [
        ("event-70", ("event/event-702", "event/event-701", "event/event-700")),
        ("event/event-70", ("event/event-702", "event/event-701", "event/event-700")),
        ("market/marked-2", ("market/market-2",)),
        ("zzzzzz", ()),
        (token(99), ()),
    ],
)
async def test_what_is_not_found_may_have_meant_something_like_it(
    autojump_clock, identifier, candidates
):
    catalog = FakeCatalog(RACE, OVER, group(702, market(6)))
    with pytest.raises(MarketNotFound) as caught:
        await look_up(catalog, [identifier], limit=9)
    assert len(caught.value.candidates) <= 3
    assert caught.value.candidates[: len(candidates)] == candidates
    for candidate in caught.value.candidates:
        assert (await look_up(catalog, [candidate], limit=9)).assets


async def test_one_mistyped_word_does_not_spoil_the_search_for_candidates(autojump_clock, catalog):
    catalog.found = []
    with pytest.raises(MarketNotFound) as caught:
        await look_up(catalog, ["event/will-it-reign-tomorrow"], limit=9)
    assert caught.value.candidates == ()
    searches = [what for kind, what in catalog.asked if kind == "search"]
    assert searches == ["will it reign tomorrow", "tomorrow", "reign"]


async def test_a_failing_search_gives_no_candidates(autojump_clock):
    catalog = make_catalog(down={"search"})
    with pytest.raises(MarketNotFound) as caught:
        await look_up(catalog, ["event-70"], limit=9)
    assert caught.value.candidates == ()


async def test_an_invalid_identifier_is_refused_before_anybody_is_asked(autojump_clock, catalog):
    with pytest.raises(InvalidIdentifier, match="words to search for"):
        await look_up(catalog, ["market-1", "will it rain"], limit=9)
    assert catalog.asked == []


@pytest.mark.parametrize("limit", [4, 5])
async def test_different_tokens_are_limited(autojump_clock, catalog, limit):
    passed = ["market-1", token(11), "event-700"]
    assert len(set(assets_of(await look_up(catalog, passed, limit=limit)))) == 4
    with pytest.raises(TooManyTokens) as caught:
        await look_up(catalog, passed, limit=3)
    error = caught.value
    assert (error.value, error.count, error.limit) == ("event-700", 4, 3)


async def test_more_identifiers_than_tokens_allowed_are_not_even_asked_about(
    autojump_clock, catalog
):
    with pytest.raises(TooManyTokens):
        await look_up(catalog, [f"market/market-{number}" for number in range(4)], limit=3)
    assert catalog.asked == []


async def test_without_the_catalogue_token_ids_stand_for_themselves(autojump_clock, caplog):
    catalog = make_catalog(down={"all"})
    found = await look_up(catalog, [token(11), token(12)], limit=2)
    assert assets_of(found) == [token(11), token(12)]
    assert (found.assets[0].condition_id, found.assets[0].closed) == (None, None)
    assert (found.markets, found.conditions) == ((), ())
    assert "going on without names" in caplog.text
    require_open(found)


async def test_token_ids_need_the_catalogue_if_they_have_to_be_known(autojump_clock):
    with pytest.raises(LookupFailed):
        await look_up(make_catalog(down={"all"}), [token(11)], limit=2, known_only=True)


@pytest.mark.parametrize(
    "identifier", [condition(1), "market-1", "event/event-700", "market/market-1", "700"]
)
async def test_without_the_catalogue_all_else_fails_by_name(autojump_clock, identifier):
    catalog = make_catalog(down={"all"})
    with pytest.raises(LookupFailed) as caught:
        await look_up(catalog, [token(11), identifier, "market-2"], limit=9)
    error = caught.value
    assert error.problem == f"HTTP 503 (asked about '{identifier}' and 1 more)"
    assert (error.url, error.status, error.retry_after) == (FAILURE.url, 503, 7.0)


@pytest.mark.parametrize("down", ["market slug", "event slug"])
async def test_half_an_answer_is_none(autojump_clock, down):
    with pytest.raises(LookupFailed):
        await look_up(make_catalog(down={down}), ["market-1"], limit=9)


async def test_markets_need_no_catalogue_if_they_are_named_by_condition_id(autojump_clock, caplog):
    catalog = make_catalog(down={"all"})
    found = await look_up_markets(catalog, [condition(2), condition(1)], limit=9)
    assert found == Found(conditions=(condition(2), condition(1)))
    assert "going on without names" in caplog.text
    for identifier in (token(11), "market-1"):
        with pytest.raises(LookupFailed, match=identifier):
            await look_up_markets(catalog, [condition(1), identifier], limit=9)


async def test_an_event_stands_for_all_its_markets_settled_or_not(autojump_clock, catalog):
    found = await look_up_markets(catalog, ["event-700", token(41)], limit=9)
    assert found.conditions == tuple(map(condition, (1, 2, 3, 4)))


async def test_open_markets_may_be_waited_for(autojump_clock, catalog):
    found = await look_up(catalog, ["event-700", "rain", token(12)], limit=9)
    require_open(found)


@pytest.mark.parametrize(
    ("identifier", "question", "winner", "candidates"),
    [
        ("market-3", "Question 3?", "Yes", ("market/market-1", "market/market-2")),
        (token(32), "Question 3?", "Yes", ("market/market-1", "market/market-2")),
        (condition(4), "Question 4?", "Yes", ()),
        ("event/event-701", "Title 701", None, ()),
    ],
)
async def test_settled_markets_are_not_waited_for(
    autojump_clock, catalog, identifier, question, winner, candidates
):
    found = await look_up(catalog, ["event-700", identifier], limit=9)
    with pytest.raises(MarketClosed) as caught:
        require_open(found)
    error = caught.value
    assert (error.value, error.question, error.winner) == (identifier, question, winner)
    assert error.candidates == candidates


async def test_what_could_be_had_instead_is_only_advice(autojump_clock):
    found = await look_up(make_catalog(down={"event slug"}), [token(31)], limit=9)
    with pytest.raises(MarketClosed) as caught:
        require_open(found)
    assert caught.value.candidates == ()


async def test_nothing_is_asked_about_a_settled_event_but_the_event(autojump_clock, catalog):
    await look_up(catalog, ["event/event-701"], limit=9)
    assert catalog.asked == [("event slug", "event-701")]


async def test_an_event_with_an_open_market_may_be_waited_for(autojump_clock, catalog):
    require_open(await look_up(catalog, ["event-700"], limit=9, include_closed=True))


def search_results(*markets):
    return FakeCatalog(*(group(800 + place, each) for place, each in enumerate(markets)))


async def found_numbers(catalog, query, *, limit=9, include_closed=True):
    markets = await find_markets(catalog, query, limit=limit, include_closed=include_closed)
    return [each.id for each in markets]


async def test_searches_put_the_best_match_first(autojump_clock):
    catalog = search_results(
        market(1, question="Fed rate cut in May?", closed=True),
        market(2, question="Fed chair?", volume=Decimal(900)),
        market(3, question="Will the Fed cut its rates?", volume=Decimal(5)),
        market(4, question="Fed: rate cut in June?", volume=Decimal(7)),
        market(5, question="Which bank?", label="Fed rate cut", volume=Decimal(8)),
        market(6, question="A Fed with a rate to cut?"),
    )
    assert await found_numbers(catalog, "FED rate-cut") == ["5", "4", "3", "6", "2", "1"]
    assert await found_numbers(catalog, "fed rate cut", limit=2) == ["5", "4"]
    assert "1" not in await found_numbers(catalog, "fed rate cut", include_closed=False)


async def test_words_may_be_those_of_the_event(autojump_clock):
    title = EventRef("1", "e", "Who wins the cup?")
    catalog = FakeCatalog()
    catalog.found = [
        MarketGroup(id="1", slug="e", title="", markets=(market(1), market(2, event=title)))
    ]
    assert await found_numbers(catalog, "cup") == ["2", "1"]


async def test_a_market_is_found_once_and_with_its_outcomes_only(autojump_clock):
    catalog = FakeCatalog()
    catalog.found = [group(1, market(1), BARE), group(2, market(1))]
    assert await found_numbers(catalog, "question") == ["1"]


@pytest.mark.parametrize("query", ["", "  ", "?!", "__"])
async def test_a_search_needs_words(autojump_clock, catalog, query):
    with pytest.raises(InvalidIdentifier, match="pass words"):
        await find_markets(catalog, query, limit=5, include_closed=False)
    assert catalog.asked == []


async def test_a_search_fails_with_the_catalogue(autojump_clock):
    with pytest.raises(LookupFailed):
        await find_markets(make_catalog(down={"all"}), "rain", limit=5, include_closed=False)
