"""The names of markets, looked up while their orders are shown already."""

import pytest
import trio
from account_samples import MARKET, YES, order

from polymarket_realtime import ConditionId, ResolvedAsset
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.cli.market_names import MarketNames
from polymarket_realtime.errors import LookupFailed, MarketNotFound

OTHER, UNKNOWN = ConditionId("0x" + "cd" * 32), ConditionId("0x" + "ef" * 32)


class Catalogue:
    """Knows the questions of two markets, and what it was asked."""

    def __init__(self, *, fails=False):
        self.asked, self.fails = [], fails

    async def resolve(self, markets):
        await trio.lowlevel.checkpoint()
        self.asked.append(list(markets))
        if self.fails:
            raise LookupFailed("https://venue.example", "HTTP 500")
        if UNKNOWN in markets:
            raise MarketNotFound(UNKNOWN)
        return tuple(markets), tuple(
            ResolvedAsset(
                input=market,
                asset_id=YES,
                condition_id=market,
                question=f"Question {market[2:4]}?",
                outcome="Yes",
            )
            for market in markets
        )


async def looked_up(catalogue, *markets):
    """The names after these markets have been asked about."""
    names, changed = MarketNames(), Wakeup()
    for market in markets:
        names.want(market)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(names.run, catalogue.resolve, changed)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    return names


async def test_markets_are_asked_about_together_and_once():
    catalogue = Catalogue()
    names = await looked_up(catalogue, MARKET, OTHER, MARKET)
    assert catalogue.asked == [[MARKET, OTHER]]
    assert names.question(OTHER) == "Question cd?"
    assert names.outcome(order(outcome=None)) == "Yes"


async def test_a_market_that_is_not_known_does_not_cost_the_others_their_names():
    catalogue = Catalogue()
    names = await looked_up(catalogue, MARKET, UNKNOWN, OTHER)
    assert catalogue.asked == [[MARKET, UNKNOWN, OTHER], [MARKET, OTHER]]
    assert names.question(MARKET) == "Question ab?"
    assert names.question(UNKNOWN) == "0xefef…efef"


async def test_a_catalogue_that_does_not_answer_leaves_the_ids():
    catalogue = Catalogue(fails=True)
    names = await looked_up(catalogue, MARKET)
    assert len(catalogue.asked) == 1
    assert names.question(MARKET) == "0xabab…abab"
    assert names.outcome(order(outcome=None)) == "-"


async def test_many_markets_are_asked_about_in_parts():
    catalogue = Catalogue()
    markets = [ConditionId(f"0x{n:064x}") for n in range(45)]
    names = await looked_up(catalogue, *markets)
    assert max(map(len, catalogue.asked)) <= 20
    assert [market for part in catalogue.asked for market in part] == markets
    assert names.question(markets[-1]) == "Question 00?"


async def test_there_is_an_end_to_the_markets_that_are_asked_about():
    catalogue = Catalogue()
    await looked_up(catalogue, *(ConditionId(f"0x{n:064x}") for n in range(3000)))
    assert sum(map(len, catalogue.asked)) == 1000


@pytest.mark.parametrize("market", ["", "nonsense", "0x12"])
async def test_what_is_no_condition_id_is_not_asked_about(market):
    catalogue = Catalogue()
    await looked_up(catalogue, ConditionId(market))
    assert catalogue.asked == []
