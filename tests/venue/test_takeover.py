"""Replacing connections of the market channel so that nobody notices, on the virtual clock."""

from __future__ import annotations

from collections import defaultdict
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio

from polymarket_realtime import (
    AssetId,
    AssetState,
    AssetTopic,
    BestBidAsk,
    BookDelta,
    BookSnapshot,
    Connected,
    Gap,
    Interrupted,
    LastTradePrice,
    NewMarketTopic,
    Overflow,
    Resynced,
    Settings,
    StateChanged,
    TickSizeChange,
    Verification,
    open_service,
)
from polymarket_realtime.testing import (
    MemoryConnection,
    MemoryVenue,
    make_book,
    make_price_change,
    make_trade,
)
from virtual.virtual_sandbox import T0, virtual_wall

YES, OTHER, THIRD = (AssetId(str(digit) * 77) for digit in (7, 8, 9))
S = AssetState
LIFETIME = 40.0
CONTINUITY = (Connected, Interrupted, Gap, Resynced, StateChanged)


@pytest.fixture(autouse=True)
def _wall(monkeypatch) -> None:
    virtual_wall(monkeypatch)


def stamp() -> int:
    return round((T0 + trio.current_time()) * 1000)


def market_of(asset: AssetId) -> str:
    return f"0x{asset[-64:]}"


class Desk:
    """A venue that sends whole books to who subscribes, and changes to all who have.

    Attributes:
        frozen: The tokens of which a connection hears nothing.
        sends_books: Whether new connections get theirs.
        changed: How many changes there were, by token: the size of the best bid.
    """

    def __init__(self) -> None:
        self.venue = MemoryVenue()
        self.frozen: defaultdict[MemoryConnection, set[AssetId]] = defaultdict(set)
        self.carried: defaultdict[MemoryConnection, set[AssetId]] = defaultdict(set)
        self.sends_books = True
        self.changed: defaultdict[AssetId, int] = defaultdict(int)
        self.last: dict[AssetId, int] = {}

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                nursery.start_soon(self._serve, await self.venue.accept())

    async def _serve(self, connection: MemoryConnection) -> None:
        while True:
            frame = await connection.next_frame()
            if frame == "PING":
                continue
            if frame.get("operation") == "unsubscribe":
                self.carried[connection] -= set(frame["assets_ids"])
            else:
                self.carried[connection] |= set(frame["assets_ids"])
                if self.sends_books:
                    self.dump(connection, *frame["assets_ids"])

    def dump(self, connection: MemoryConnection, *assets: AssetId) -> None:
        connection.say([self.book(a) for a in assets if a not in self.frozen[connection]])

    def book(self, asset: AssetId) -> dict[str, Any]:
        return make_book(
            asset,
            bids=[("0.40", str(100 + self.changed[asset]))],
            asks=[("0.60", "5")],
            timestamp=self.last.setdefault(asset, stamp()),
            market=market_of(asset),
            tick_size="0.01",
            hash=f"hash {self.changed[asset]}",
        )

    def drop(self, connection: MemoryConnection) -> None:
        """A connection ends without a close frame."""
        self.carried[connection].clear()
        connection.drop()

    def tell(self, asset: AssetId, frame: dict[str, Any]) -> None:
        """Say something about a token to everybody who has subscribed to it."""
        for connection in self.open:
            if asset in self.carried[connection] and asset not in self.frozen[connection]:
                connection.say(frame)

    def change(self, asset: AssetId) -> None:
        self.changed[asset] += 1
        self.last[asset] = max(stamp(), self.last.get(asset, 0) + 1)
        size = str(100 + self.changed[asset])
        rules = {"min_order_size": "5", "tick_size": "0.01", "neg_risk": False}
        self.venue.catalog.books[asset] = self.book(asset) | rules
        change = (asset, "BUY", "0.40", size)
        about = {"timestamp": self.last[asset], "market": market_of(asset)}
        about |= {"hash": f"hash {self.changed[asset]}", "best_bid": "0.40", "best_ask": "0.60"}
        self.tell(asset, make_price_change(change, **about))

    async def keep_changing(self, *assets: AssetId, every: float = 1.0) -> None:
        while True:
            await trio.sleep(every)
            for asset in assets:
                self.change(asset)

    @property
    def all(self) -> list[MemoryConnection]:
        return self.venue.connections

    @property
    def open(self) -> list[MemoryConnection]:
        return [each for each in self.all if not each.closed]

    @property
    def carriers(self) -> list[set[AssetId]]:
        """What each open connection carries."""
        return [self.carried[each] for each in self.open]


@asynccontextmanager
async def open_desk(*assets: AssetId, busy: tuple[AssetId, ...] | None = None, **settings: Any):
    """A desk, what is heard of its tokens, and the service; the busy ones change each second."""
    desk = Desk()
    async with (
        open_service(
            Settings(**{"market_lifetime": 1e6, "verification": Verification.TOP} | settings),
            open_stream=desk.venue.open_stream,
            transport=desk.venue.transport,
            uniform=lambda low, _high: low,
        ) as service,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(desk.run)
        nursery.start_soon(desk.keep_changing, *(assets if busy is None else busy))
        topics = map(AssetTopic, assets)
        with service.subscribe(*topics, overflow=Overflow.RAISE, capacity=100_000) as events:
            await trio.sleep(0.5)
            yield desk, events, service
        nursery.cancel_scope.cancel()


def sizes(events, asset: AssetId = YES) -> list[int]:
    """The sizes of the best bid that were told, in order."""
    return [
        int(event.wire_changes[0][2])
        for event in events
        if isinstance(event, BookDelta) and event.asset_id == asset
    ]


def continuity(events) -> list[type]:
    return [type(event) for event in events if isinstance(event, CONTINUITY)]


def is_whole(events, desk: Desk, asset: AssetId = YES, since: int = 1) -> bool:
    """Whether each change was told, once and in order."""
    return sizes(events, asset) == list(range(100 + since, 101 + desk.changed[asset]))


def names(service) -> list[str]:
    return [each.name for each in service.status().connections["market"].connections]


# Rotation


async def test_a_connection_is_replaced_after_its_lifetime_and_nobody_notices(autojump_clock):
    async with open_desk(YES, OTHER, market_lifetime=LIFETIME) as (desk, events, service):
        await trio.sleep(LIFETIME - 1)
        assert len(desk.all) == 1
        await trio.sleep(4 * LIFETIME)
        heard = events.receive_nowait()
        assert len(desk.all) == 5
        assert [connection.closed for connection in desk.all] == [*([True] * 4), False]
        assert desk.carriers == [{YES, OTHER}]
        assert names(service) == ["market#0"]
    assert is_whole(heard, desk)
    assert is_whole(heard, desk, OTHER)
    assert continuity(heard) == [Connected, StateChanged, StateChanged]
    assert len([event for event in heard if isinstance(event, BookSnapshot)]) == 2
    dials = [b - a for a, b in pairwise(desk.venue.dials)]
    assert dials == pytest.approx([LIFETIME] * 4, abs=0.1)


async def test_the_old_connection_stays_until_the_new_one_has_every_book(autojump_clock):
    async with open_desk(YES, OTHER, market_lifetime=LIFETIME) as (desk, events, _):
        desk.sends_books = False
        await trio.sleep(LIFETIME + 10)
        old, new = desk.all
        assert not old.closed
        desk.dump(new, YES)
        await trio.sleep(5)
        assert not old.closed, "one of the books is missing"
        desk.dump(new, OTHER)
        await trio.sleep(1)
        assert old.closed
        assert not new.closed
        heard = events.receive_nowait()
    assert is_whole(heard, desk)
    assert continuity(heard) == [Connected, StateChanged, StateChanged]


async def test_a_connection_that_is_not_replaced_in_a_minute_is_kept_for_another(autojump_clock):
    async with open_desk(YES, market_lifetime=LIFETIME) as (desk, events, service):
        desk.sends_books = False
        await trio.sleep(LIFETIME + 59)
        old, new = desk.all
        assert (old.closed, new.closed) == (False, False)
        await trio.sleep(2)
        assert (old.closed, new.closed) == (False, True)
        await trio.sleep(57)
        assert len(desk.all) == 2
        desk.sends_books = True
        await trio.sleep(4)
        assert [each.closed for each in desk.all] == [True, True, False]
        heard = events.receive_nowait()
        assert service.book(YES).epoch == 1
    assert is_whole(heard, desk)
    assert continuity(heard) == [Connected, StateChanged]


async def test_a_successor_that_never_comes_up_leaves_the_old_one(autojump_clock):
    async with open_desk(YES, market_lifetime=LIFETIME) as (desk, events, service):
        desk.venue.down = "connection refused"
        await trio.sleep(150)
        assert [each.closed for each in desk.all] == [False]
        assert service.status().connections["market"].connected
        heard = events.receive_nowait()
    assert is_whole(heard, desk)
    assert continuity(heard) == [Connected, StateChanged]


async def test_losing_the_old_connection_while_the_new_one_carries_costs_nothing(autojump_clock):
    async with open_desk(YES, OTHER, market_lifetime=LIFETIME) as (desk, events, _):
        desk.sends_books = False
        await trio.sleep(LIFETIME + 5.2)  # not just when something changes
        old, new = desk.all
        desk.dump(new, YES)
        await trio.sleep(0.5)
        desk.drop(old)
        await trio.sleep(0.1)
        desk.dump(new, OTHER)
        await trio.sleep(60)
        heard = events.receive_nowait()
    assert is_whole(heard, desk)
    lost = {each.asset_id for each in heard if isinstance(each, Resynced)}
    assert lost == {OTHER}, "only that whose book had not come"
    assert YES not in {a for each in heard if isinstance(each, Gap) for a in each.asset_ids}


async def test_a_takeover_from_a_lost_connection_is_told(autojump_clock):
    settings = {"market_lifetime": LIFETIME, "backoff_initial": 50.0}
    async with open_desk(YES, OTHER, **settings) as (desk, events, service):
        desk.sends_books = False
        await trio.sleep(LIFETIME + 5.2)  # not just when something changes
        old, new = desk.all
        desk.dump(new, YES)
        await trio.sleep(0.5)
        events.receive_nowait()
        desk.drop(old)
        desk.sends_books = True
        await trio.sleep(1)
        desk.dump(new, OTHER)
        await trio.sleep(1)
        assert names(service) == ["market#0"]
        heard = events.receive_nowait()
        assert len(desk.open) == 1
    connected = [event for event in heard if isinstance(event, Connected)]
    assert [event.asset_ids for event in connected] == [(YES, OTHER)]
    assert {event.asset_id for event in heard if isinstance(event, Resynced)} == {OTHER}


async def test_a_connection_whose_tokens_have_changed_too_often_is_replaced(autojump_clock):
    async with open_desk(YES, churn_limit=4) as (desk, events, service):
        for _ in range(2):
            assert len(desk.all) == 1, "each time adds two: one that comes and one that goes"
            with service.subscribe(AssetTopic(OTHER)):
                await trio.sleep(5)
            await trio.sleep(5)
        assert [each.closed for each in desk.all] == [True, False]
        await trio.sleep(60)
        assert len(desk.all) == 2, "the new one begins to count anew"
        heard = events.receive_nowait()
    assert is_whole(heard, desk)
    assert continuity(heard) == [Connected, StateChanged]


async def test_one_change_less_than_the_limit_replaces_nothing(autojump_clock):
    async with open_desk(YES, churn_limit=3) as (desk, _, service):
        with service.subscribe(AssetTopic(OTHER)):
            await trio.sleep(5)
        await trio.sleep(60)
        assert len(desk.all) == 1


async def test_what_is_wanted_during_a_rotation_goes_to_both_connections(autojump_clock):
    async with open_desk(YES, market_lifetime=LIFETIME) as (desk, events, service):
        desk.sends_books = False
        await trio.sleep(LIFETIME + 1)
        assert len(desk.open) == 2
        with service.subscribe(AssetTopic(OTHER)):
            await trio.sleep(1)
            assert desk.carriers == [{YES, OTHER}] * 2
        await trio.sleep(1)
        assert desk.carriers == [{YES}] * 2
        events.close()
        await trio.testing.wait_all_tasks_blocked()
        assert desk.open == []


async def test_a_connection_without_tokens_is_replaced_as_well(autojump_clock):
    desk = Desk()
    async with open_service(
        Settings(market_lifetime=LIFETIME), open_stream=desk.venue.open_stream
    ) as service:
        with service.subscribe(NewMarketTopic()) as events:
            await trio.sleep(LIFETIME + 40)
            assert [each.closed for each in desk.all] == [True, False]
            assert continuity(events.receive_nowait()) == [Connected]


# Tokens in trouble


async def test_a_token_that_is_frozen_alone_moves_and_its_neighbours_do_not_notice(
    autojump_clock,
):
    async with open_desk(YES, OTHER, THIRD) as (desk, events, service):
        (first,) = desk.all
        await trio.sleep(50)
        events.receive_nowait()
        before = desk.changed[OTHER]
        desk.frozen[first].add(YES)
        await trio.sleep(25)
        assert [each.closed for each in desk.all] == [False, False]
        assert desk.carriers == [{OTHER, THIRD}, {YES}]
        assert names(service) == ["market#0", "market#1"]
        await trio.sleep(60)
        assert len(desk.all) == 2
        heard = events.receive_nowait()
        trust = service.status().statistics.trust
        assert dict(trust.remedies) == {"resubscribe": 1, "move": 1}
    for asset in (OTHER, THIRD):
        assert is_whole(heard, desk, asset, since=before + 1)
        told = [e for e in heard if isinstance(e, CONTINUITY) and asset in e.routes]
        assert told == []
    states = [event.state for event in heard if isinstance(event, StateChanged)]
    assert states == [S.FROZEN, S.LIVE]
    (gap,) = [event for event in heard if isinstance(event, Gap)]
    assert gap.asset_ids == (YES,)
    assert [event.asset_ids for event in heard if isinstance(event, Connected)] == [(YES,)]
    assert [event for event in heard if isinstance(event, Interrupted)] == []


async def test_a_frozen_token_stays_where_it_is_if_no_other_connection_comes_up(autojump_clock):
    async with open_desk(YES, OTHER) as (desk, events, service):
        (first,) = desk.all
        await trio.sleep(50)
        desk.frozen[first].add(YES)
        desk.venue.down = "connection refused"
        await trio.sleep(140)
        assert [each.closed for each in desk.all] == [False]
        assert desk.carriers == [{YES, OTHER}]
        assert names(service) == ["market#0"], "the other one was given up"
        assert service.standing(YES).state is S.FROZEN
        assert service.standing(OTHER).state is S.LIVE
        desk.frozen.clear()
        desk.venue.down = None
        await trio.sleep(140)
        assert service.standing(YES).state is S.LIVE
        heard = events.receive_nowait()
    assert is_whole(heard, desk, OTHER)


async def test_a_connection_on_which_nothing_comes_is_replaced_by_one_that_is_up_first(
    autojump_clock,
):
    async with open_desk(YES, OTHER) as (desk, events, service):
        (first,) = desk.all
        await trio.sleep(50)
        events.receive_nowait()
        desk.frozen[first] |= {YES, OTHER}
        await trio.sleep(25)
        assert [each.closed for each in desk.all] == [True, False]
        assert desk.carriers == [{YES, OTHER}]
        assert names(service) == ["market#0"]
        assert {service.standing(asset).state for asset in (YES, OTHER)} == {S.LIVE}
        await trio.sleep(100)
        assert len(desk.all) == 2
        heard = events.receive_nowait()
    gone = [event for event in heard if isinstance(event, Interrupted)]
    assert gone == [], "the socket was never lost"
    assert {a for event in heard if isinstance(event, Gap) for a in event.asset_ids} == {YES, OTHER}


async def test_a_token_that_is_alone_on_its_connection_is_replaced_with_it(autojump_clock):
    async with open_desk(YES, OTHER, assets_per_connection=1) as (desk, _, service):
        await trio.sleep(50)
        stuck, sound = sorted(desk.all, key=lambda each: min(desk.carried[each]))
        desk.frozen[stuck].add(YES)
        await trio.sleep(25)
        assert (stuck.closed, sound.closed, len(desk.all)) == (True, False, 3)
        assert sorted(desk.carriers, key=min) == [{YES}, {OTHER}]
        assert names(service) == ["market#0", "market#1"]


# Two connections for everything


async def test_two_connections_carry_each_token_and_everything_is_told_once(autojump_clock):
    async with open_desk(YES, OTHER, dual_connection=True) as (desk, events, service):
        assert names(service) == ["market#0", "market#0b"]
        assert desk.carriers == [{YES, OTHER}] * 2
        await trio.sleep(20)
        hint = {
            "event_type": "best_bid_ask",
            "market": market_of(YES),
            "asset_id": YES,
            "best_bid": "0.40",
            "best_ask": "0.60",
            "spread": "0.2",
            "timestamp": str(stamp()),
        }
        trade = make_trade(YES, "0.5", timestamp=stamp(), market=market_of(YES))
        tick = {
            "event_type": "tick_size_change",
            "market": market_of(YES),
            "asset_id": YES,
            "old_tick_size": "0.01",
            "new_tick_size": "0.001",
            "timestamp": str(stamp()),
        }
        for frame in (hint, trade, tick):
            desk.tell(YES, frame)
        await trio.sleep(20)
        heard = events.receive_nowait()
        assert service.standing(YES).state is S.LIVE
    assert is_whole(heard, desk, OTHER)
    assert sizes(heard) == sorted(set(sizes(heard)))
    for kind in (BestBidAsk, LastTradePrice, TickSizeChange):
        assert len([event for event in heard if type(event) is kind]) == 1
    assert len([event for event in heard if isinstance(event, Connected)]) == 2


@pytest.mark.parametrize("which", [0, 1])
async def test_losing_either_of_two_connections_costs_nothing_and_tells_nothing(
    autojump_clock, which
):
    async with open_desk(YES, OTHER, dual_connection=True) as (desk, events, service):
        await trio.sleep(20)
        with service.subscribe(NewMarketTopic(), capacity=10_000) as of_all:
            for _ in range(3):
                desk.drop(desk.open[which])
                await trio.sleep(30)
            assert set(continuity(of_all.receive_nowait())) <= {Connected}
        assert len(desk.open) == 2
        assert desk.carriers == [{YES, OTHER}] * 2
        heard = events.receive_nowait()
        assert {service.book(asset).epoch for asset in (YES, OTHER)} == {1}
    assert is_whole(heard, desk)
    assert is_whole(heard, desk, OTHER)
    assert set(continuity(heard)) == {Connected, StateChanged}
    assert [e.state for e in heard if isinstance(e, StateChanged)] == [S.LIVE] * 2


@pytest.mark.parametrize("first", [0, 1])
async def test_losing_both_is_told_and_both_come_back(autojump_clock, first):
    async with open_desk(YES, dual_connection=True) as (desk, events, service):
        await trio.sleep(20)
        events.receive_nowait()
        one, other = desk.open[first], desk.open[1 - first]
        desk.drop(one)
        await trio.sleep(0.5)
        assert continuity(events.receive_nowait()) == []
        desk.drop(other)
        await trio.sleep(0.1)
        heard = events.receive_nowait()
        assert set(continuity(heard)) == {Interrupted, StateChanged}
        assert [e.state for e in heard if isinstance(e, StateChanged)] == [S.OUT_OF_SYNC]
        await trio.sleep(30)
        heard = events.receive_nowait()
        assert service.standing(YES).state is S.LIVE
        assert names(service) == ["market#0", "market#0b"]
        assert desk.carriers == [{YES}] * 2
    assert len([event for event in heard if isinstance(event, Gap)]) == 1
    assert len([event for event in heard if isinstance(event, Resynced)]) == 1


async def test_both_of_two_connections_are_rotated(autojump_clock):
    async with open_desk(YES, dual_connection=True, market_lifetime=LIFETIME) as (desk, events, _):
        await trio.sleep(3 * LIFETIME + 10)
        assert len(desk.all) == 8
        assert len(desk.open) == 2
        heard = events.receive_nowait()
    assert is_whole(heard, desk)
    assert set(continuity(heard)) == {Connected, StateChanged}


async def test_what_only_one_of_two_connections_says_is_told(autojump_clock):
    async with open_desk(YES, dual_connection=True) as (desk, events, service):
        await trio.sleep(20)
        desk.frozen[desk.open[0]].add(YES)
        await trio.sleep(150)
        heard = events.receive_nowait()
        assert service.standing(YES).state is S.LIVE
    assert is_whole(heard, desk)
    assert set(continuity(heard)) == {Connected, StateChanged}


async def test_a_token_frozen_on_both_connections_is_moved_on_both(autojump_clock):
    async with open_desk(YES, OTHER, dual_connection=True) as (desk, _, service):
        await trio.sleep(50)
        for connection in desk.open:
            desk.frozen[connection].add(YES)
        await trio.sleep(60)
        assert service.standing(YES).state is S.LIVE
        assert sorted(map(sorted, desk.carriers)) == [[YES], [YES], [OTHER], [OTHER]]
        assert sorted(names(service)) == ["market#0", "market#0b", "market#1", "market#1b"]


async def test_a_token_that_moves_while_its_connection_is_replaced_is_carried_once(autojump_clock):
    async with open_desk(YES, OTHER, market_lifetime=100.0) as (desk, _, service):
        (first,) = desk.all
        await trio.sleep(85)
        desk.frozen[first].add(YES)
        desk.sends_books = False
        await trio.sleep(16)
        assert len(desk.open) == 2, "the new connection is up, but its books have not come"
        desk.venue.down = "connection refused"
        await trio.sleep(6)
        desk.sends_books = True
        desk.dump(desk.all[1], YES, OTHER)
        await trio.sleep(1)
        assert first.closed
        desk.venue.down = None
        await trio.sleep(50)
        assert sum(YES in carried for carried in desk.carriers) == 1, names(service)
