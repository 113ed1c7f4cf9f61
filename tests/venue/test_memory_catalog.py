"""The catalogue of the memory venue answers as Gamma does, and carries a whole settlement."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
import trio

from polymarket_realtime._model.ids import AssetId, parse_asset_id, parse_condition_id
from polymarket_realtime._model.lifecycle import MarketCreated, MarketResolved, ResolutionStatus
from polymarket_realtime._model.values import utc_from_seconds
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.market_watch import MarketWatch
from polymarket_realtime._venue.rest import open_rest
from polymarket_realtime.errors import LookupFailed
from polymarket_realtime.settings import Settings
from polymarket_realtime.testing import MemoryVenue

YES, NO, ALICE, BOB = (AssetId(digit * 60) for digit in "1234")
ENDS = utc_from_seconds(1_800_000_000)


@asynccontextmanager
async def open_catalog(venue, names=None):
    settings = Settings()
    async with open_rest(
        settings, uniform=lambda low, high: high, transport=venue.transport
    ) as rest:
        yield Catalog(settings, rest, Names() if names is None else names)


def make_venue():
    venue = MemoryVenue()
    venue.list_market("Rain?", {"Yes": YES, "No": NO}, slug="rain", ends_at=ENDS)
    for name, token in (("Alice", ALICE), ("Bob", BOB)):
        venue.list_market(
            f"{name}?",
            {"Yes": token},
            slug=name.lower(),
            label=name,
            event_slug="vote",
            event_title="The vote",
        )
    return venue


async def test_a_market_is_found_by_token_and_named(autojump_clock):
    names = Names()
    async with open_catalog(make_venue(), names) as catalog:
        (market,) = await catalog.markets_of_assets([NO])
        assert (market.question, market.slug, market.ends_at) == ("Rain?", "rain", ENDS)
        assert market.asset_ids == (YES, NO)
        assert parse_asset_id(YES) == YES
        assert parse_condition_id(market.condition_id) == market.condition_id
        assert names.get(YES).outcome == "Yes"
        assert await catalog.markets_of_conditions([market.condition_id]) == [market]


@pytest.mark.parametrize(
    ("winner", "payouts"), [("No", ("0", "1")), ("Yes", ("1", "0")), (None, ("0.5", "0.5"))]
)
async def test_a_settled_market_is_found_among_the_closed_ones(autojump_clock, winner, payouts):
    venue = make_venue()
    venue.catalog.markets[0].settle(winner, ENDS + timedelta(minutes=2))
    async with open_catalog(venue) as catalog:
        (market,) = await catalog.markets_of_assets([YES])
        assert market.payouts == tuple(map(Decimal, payouts))
        assert market.closed_at == ENDS + timedelta(minutes=2)


async def test_an_event_has_its_markets(autojump_clock):
    venue = make_venue()
    async with open_catalog(venue) as catalog:
        group = await catalog.group_by_slug("vote")
        assert (group.title, [market.label for market in group.markets]) == (
            "The vote",
            ["Alice", "Bob"],
        )
        assert await catalog.group_by_id(group.id) == group
        (alice,) = await catalog.markets_of_assets([ALICE], fresh=True)
        assert alice.event == group.ref
        assert await catalog.group_by_slug("nothing") is None
        assert await catalog.market_by_slug("nothing") is None


async def test_searching_finds_words_and_leaves_closed_markets_out(autojump_clock):
    venue = make_venue()
    venue.catalog.markets[1].settle("Yes")
    async with open_catalog(venue) as catalog:
        (vote,) = await catalog.search("vote alice", limit=5, include_closed=True)
        assert len(vote.markets) == 2
        (vote,) = await catalog.search("VOTE", limit=5, include_closed=False)
        assert [market.label for market in vote.markets] == ["Bob"]
        assert await catalog.search("snow", limit=5, include_closed=True) == []


async def test_a_catalogue_that_is_down_says_so(autojump_clock):
    venue = make_venue()
    venue.catalog.down = True
    async with open_catalog(venue) as catalog:
        with pytest.raises(LookupFailed, match="503"):
            await catalog.markets_of_assets([YES])
    assert venue.catalog.requests == ["/markets"] * 3


async def test_a_market_goes_all_its_way_without_the_channel(autojump_clock):
    venue = make_venue()
    vote = venue.catalog.markets[1]
    events_in, events_out = trio.open_memory_channel(16)
    async with open_catalog(venue) as catalog, trio.open_nursery() as nursery:
        interest = Interest()
        watch = MarketWatch(catalog, Resolutions(), interest)
        nursery.start_soon(watch.run, events_in)
        interest.acquire([ALICE, BOB])
        watch.follow("vote")
        await trio.sleep(5)
        vote.uma_status = "proposed"
        with trio.fail_after(700):
            (proposed,) = await events_out.receive()
        assert isinstance(proposed, ResolutionStatus)
        assert (proposed.stage, proposed.question) == ("proposed", "Alice?")
        vote.settle("Yes")
        with trio.fail_after(60):
            (resolved,) = await events_out.receive()
        assert isinstance(resolved, MarketResolved)
        assert (resolved.winning_asset_id, resolved.market) == (ALICE, vote.condition_id)
        venue.list_market("Carol?", {"Yes": "5" * 60}, event_slug="vote", event_title="The vote")
        with trio.fail_after(1_300):
            (created,) = await events_out.receive()
        assert isinstance(created, MarketCreated)
        assert (created.question, created.event_slug) == ("Carol?", "vote")
        nursery.cancel_scope.cancel()
