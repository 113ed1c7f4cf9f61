"""The catalogue is asked when something is due, and what it says reaches the readers."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trio

from polymarket_realtime._model.catalog import Market, MarketGroup, Outcome
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.market_watch import MarketWatch
from polymarket_realtime.errors import LookupFailed

YES, NO, OTHER = AssetId("71"), AssetId("72"), AssetId("81")


def make_market(*, assets=(YES, NO), prices=("0.4", "0.6"), closed=False):
    return Market(
        condition_id=ConditionId(f"0x{assets[0]}"),
        question="Will it?",
        slug="will-it",
        outcomes=tuple(
            Outcome(asset, name, Decimal(price))
            for asset, name, price in zip(assets, ("Yes", "No"), prices, strict=True)
        ),
        closed=closed,
    )


SETTLED = make_market(prices=("1", "0"), closed=True)
ADDED = make_market(assets=(OTHER, AssetId("82")))


class FakeCatalog:
    """Knows what the test says; remembers when it was asked what."""

    def __init__(self):
        self.markets: list[Market] = [make_market()]
        self.groups: dict[str, MarketGroup] = {}
        self.down: LookupFailed | None = None
        self.asked: list[tuple[float, tuple[str, ...], bool]] = []

    async def markets_of_assets(self, assets, *, fresh=False):
        wanted = tuple(assets)
        await self._answer(wanted, fresh)
        return [market for market in self.markets if set(wanted) & set(market.asset_ids)]

    async def group_by_slug(self, slug, *, fresh=False):
        await self._answer((slug,), fresh)
        return self.groups.get(slug)

    async def _answer(self, what, fresh):
        self.asked.append((trio.current_time(), what, fresh))
        await trio.sleep(0.25)
        if self.down is not None:
            raise self.down

    def times(self, what):
        return [at for at, asked, _ in self.asked if what in asked]


class Desk:
    """A watch at work, and what it tells."""

    def __init__(self, events_out):
        self.catalog, self.interest = FakeCatalog(), Interest()
        self.watch = MarketWatch(self.catalog, Resolutions(), self.interest)
        self._events_out = events_out

    async def hears(self):
        with trio.fail_after(5_000):
            return await self._events_out.receive()

    def silent(self):
        return self._events_out.statistics().current_buffer_used == 0


@asynccontextmanager
async def open_desk():
    events_in, events_out = trio.open_memory_channel(16)
    desk = Desk(events_out)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watch.run, events_in)
        yield desk
        nursery.cancel_scope.cancel()
    with events_out, pytest.raises(trio.EndOfChannel):
        events_out.receive_nowait()


async def test_nobody_is_asked_before_somebody_wants_something(autojump_clock):
    async with open_desk() as desk:
        await trio.sleep(3_600)
        assert desk.catalog.asked == []


async def test_a_new_token_is_asked_about_at_once_and_later_questions_are_fresh(autojump_clock):
    async with open_desk() as desk:
        await trio.sleep(10)
        start = trio.current_time()
        desk.interest.acquire([YES, NO])
        await trio.sleep(1)
        assert desk.catalog.asked == [(start, (YES, NO), False)]
        await trio.sleep(605)
        assert [fresh for _, _, fresh in desk.catalog.asked] == [False, True]


async def test_a_settlement_that_nobody_announces_is_told_once(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(100)
        desk.catalog.markets = [SETTLED]
        (told,) = await desk.hears()
        assert isinstance(told, MarketResolved)
        assert told.winning_asset_id == YES
        questions = len(desk.catalog.asked)
        desk.interest.acquire([NO])
        await trio.sleep(3_600)
        assert desk.silent()
        assert len(desk.catalog.asked) == questions, "the answer was final"


async def test_a_token_that_nobody_wants_any_more_is_not_asked_about(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(1)
        desk.interest.release([YES])
        await trio.sleep(3_600)
        assert len(desk.catalog.asked) == 1


async def test_a_catalogue_that_is_down_is_asked_again_and_costs_nothing(autojump_clock, caplog):
    caplog.set_level(logging.INFO, "polymarket_realtime.catalog")
    async with open_desk() as desk:
        desk.catalog.markets = [SETTLED]
        desk.catalog.down = LookupFailed("https://gamma", "HTTP 503", retry_after=40.0)
        desk.interest.acquire([YES])
        desk.watch.follow("event")
        desk.watch.name_wanted(OTHER)
        await trio.sleep(1)
        assert {each for _, what, _ in desk.catalog.asked for each in what} == {YES, "event", OTHER}
        desk.catalog.down = None
        (told,) = await desk.hears()
        assert told.winning_asset_id == YES
        assert 40.0 <= desk.catalog.times(YES)[1] < 42.0, "the venue's wish is respected"
        await trio.sleep(50)
        assert len(desk.catalog.times(OTHER)) == len(desk.catalog.times("event")) == 2
    assert sum("HTTP 503" in each.message for each in caplog.records) == 3
    assert {each.levelname for each in caplog.records} == {"INFO"}


async def test_a_hint_is_followed_soon(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(100)
        desk.catalog.markets = [SETTLED]
        with trio.fail_after(2.5):
            desk.watch.hint([YES])
            assert len(await desk.hears()) == 1


async def test_a_hint_that_a_protocol_notes_wakes_within_seconds(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(100)
        desk.watch.resolutions.hint([YES], trio.current_time())
        desk.catalog.markets = [SETTLED]
        with trio.fail_after(7.5):
            assert len(await desk.hears()) == 1


async def test_while_suspended_nobody_is_asked_and_afterwards_what_was_due(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(1)
        desk.interest.suspend(suspended=True)
        desk.catalog.markets = [SETTLED]
        await trio.sleep(3_600)
        assert len(desk.catalog.asked) == 1
        desk.interest.suspend(suspended=False)
        with trio.fail_after(1):
            assert len(await desk.hears()) == 1


async def test_markets_added_to_a_followed_event_are_told_though_the_channel_was_silent(
    autojump_clock,
):
    async with open_desk() as desk:
        group = MarketGroup(id="1", slug="event", title="An event", markets=(make_market(),))
        desk.catalog.groups["event"] = group
        desk.watch.follow("event", group.markets)
        await trio.sleep(1)
        desk.catalog.groups["event"] = MarketGroup(
            id="1", slug="event", title="An event", markets=(make_market(), ADDED)
        )
        (created,) = await desk.hears()
        assert (created.market, created.event_slug) == (ADDED.condition_id, "event")
        assert all(fresh for _, _, fresh in desk.catalog.asked)
        desk.watch.unfollow("event")
        questions = len(desk.catalog.asked)
        await trio.sleep(3_600)
        assert len(desk.catalog.asked) == questions


async def test_an_answer_about_an_event_settles_its_watched_markets(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        await trio.sleep(1)
        group = MarketGroup(id="1", slug="event", title="An event", markets=(SETTLED,))
        desk.catalog.groups["event"] = group
        desk.watch.follow("event")
        with trio.fail_after(1):
            (told,) = await desk.hears()
        assert isinstance(told, MarketResolved)


async def test_after_a_reconnect_everything_is_asked_about_soon(autojump_clock):
    async with open_desk() as desk:
        desk.interest.acquire([YES])
        desk.watch.follow("event")
        await trio.sleep(100)
        before = len(desk.catalog.asked)
        desk.watch.hint_all()
        await trio.sleep(3)
        assert {what for _, what, _ in desk.catalog.asked[before:]} == {(YES,), ("event",)}


async def test_names_are_looked_up_together_without_watching_the_markets(autojump_clock):
    async with open_desk() as desk:
        desk.catalog.markets = [SETTLED, ADDED]
        for asset_id in (YES, OTHER, YES):
            desk.watch.name_wanted(asset_id)
        await trio.sleep(3_600)
        assert [(what, fresh) for _, what, fresh in desk.catalog.asked] == [((YES, OTHER), False)]
        assert desk.silent()
        assert desk.watch.resolutions.market_of(YES) is None


async def test_what_was_found_is_told_even_if_the_watch_ends_at_that_moment(autojump_clock):
    events_in, events_out = trio.open_memory_channel(0)
    desk = Desk(events_out)
    desk.catalog.markets = [SETTLED]
    desk.interest.acquire([YES])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watch.run, events_in)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True), trio.fail_after(5):
            (told,) = await events_out.receive()
    assert isinstance(told, MarketResolved)
