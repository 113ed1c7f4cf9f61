"""Subscriptions that wait for something: what they hand out, when they wake, and how they end."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
import trio
from condition_samples import BITCOIN, condition, cut, flows_again, own_order, reference

from polymarket_realtime import (
    ActivityTopic,
    AssetId,
    AssetTopic,
    BookTopic,
    ConditionId,
    ConditionMet,
    DeltaTopic,
    EventTopic,
    Gap,
    Market,
    MarketGroup,
    MarketResolved,
    NewMarketTopic,
    Outcome,
    Overflow,
    PriceTopic,
    ReferencePriceTopic,
    ResolutionTopic,
    SportsTopic,
    StreamGone,
    TradeTopic,
    UserOrderTopic,
    UserTradeTopic,
    open_service,
)
from polymarket_realtime._hub.condition_topics import check_topics, topic_for
from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.trust import AssetState, Doubt
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime.errors import InvalidCondition
from polymarket_realtime.testing import (
    MARKET,
    MemoryVenue,
    make_book,
    make_price_change,
    make_trade,
)

ASSET, OTHER = AssetId("7" * 77), AssetId("8" * 77)
BOOK = make_book(ASSET, bids=[("0.40", "10")], asks=[("0.60", "5")])
ABOVE = condition("price_crosses", threshold="0.55")
AGAIN = condition("price_crosses", threshold="0.55", once=False, cooldown_seconds=10)


def change(side: str, price: str, size: str, at: int = 1) -> dict:
    return make_price_change((ASSET, side, price, size), timestamp=1_700_000_000_000 + at)


def settled(winner: AssetId = ASSET) -> dict:
    return {
        "event_type": "market_resolved",
        "id": "1",
        "market": MARKET,
        "assets_ids": [ASSET, OTHER],
        "winning_asset_id": winner,
        "winning_outcome": "Yes",
        "timestamp": "1700000000002",
    }


@pytest.fixture
async def venue():
    return MemoryVenue()


@pytest.fixture
async def service(venue):
    async with open_service(open_stream=venue.open_stream) as service:
        yield service


async def connected(venue):
    connection = await venue.accept()
    connection.say([BOOK])
    await trio.testing.wait_all_tasks_blocked()
    return connection


async def say(connection, *frames):
    connection.say(*frames)
    await trio.testing.wait_all_tasks_blocked()


def kinds(events):
    return [str(event.type) for event in events]


async def test_nothing_is_handed_out_but_the_moment(venue, service):
    with service.subscribe(AssetTopic(ASSET), condition=ABOVE) as events:
        connection = await connected(venue)
        assert events.receive_nowait() == []
        await say(connection, change("BUY", "0.54", "1"))
        (met,) = events.receive_nowait()
        assert (met.value, met.before, met.best_bid) == (
            Decimal("0.57"),
            Decimal("0.5"),
            Decimal("0.54"),
        )
        assert (met.market, met.state) == (MARKET, "live")
        assert events.statistics().delivered == 1


@pytest.mark.parametrize("overflow", list(Overflow))
async def test_every_way_of_reading_finds_the_moment(venue, service, overflow):
    with service.subscribe(PriceTopic(ASSET), condition=ABOVE, overflow=overflow) as events:
        connection = await connected(venue)
        await say(connection, change("BUY", "0.54", "1"), change("BUY", "0.54", "0"))
        await say(connection, change("BUY", "0.56", "1"))
        (met,) = events.receive_nowait()
    assert met.value == (Decimal("0.58") if overflow is Overflow.CONFLATE else Decimal("0.57"))


async def test_a_late_joiner_is_told_at_once_what_is_so_already(venue, service):
    with service.subscribe(PriceTopic(ASSET)):
        await connected(venue)
        low = condition("price_crosses", threshold="0.55", direction="below")
        with service.subscribe(PriceTopic(ASSET), condition=low) as late:
            (met,) = late.receive_nowait()
    assert (met.already, met.value) == (True, Decimal("0.50"))


async def test_it_ends_with_the_moment_of_its_last_token_and_carries_nothing_then(venue, service):
    with service.subscribe(PriceTopic(ASSET), condition=ABOVE) as events:
        connection = await connected(venue)
        connection.say(change("BUY", "0.54", "1"))
        with trio.fail_after(5):
            assert [event.type async for event in events] == ["condition_met"]
        assert events.finished
        assert events.topics == ()
        assert service.status().subscriptions.total == 0
        assert events.next_deadline() == math.inf


GROUP = MarketGroup(id="1", slug="the-event", title="The event", markets=())


@pytest.mark.parametrize("beside", [PriceTopic(OTHER), EventTopic(GROUP)])
async def test_it_goes_on_while_a_token_or_a_market_to_come_has_not_met_it(venue, service, beside):
    market = Market(
        condition_id=ConditionId("0x1"),
        question="Will it?",
        slug="will-it",
        outcomes=(Outcome(OTHER, "Yes"),),
    )
    if isinstance(beside, EventTopic):
        beside = beside.with_markets([market])
    with service.subscribe(PriceTopic(ASSET), beside, condition=ABOVE) as events:
        connection = await connected(venue)
        await say(connection, change("BUY", "0.54", "1"))
        assert kinds(events.receive_nowait()) == ["condition_met"]
        assert not events.finished
        if isinstance(beside, EventTopic):
            await say(
                connection,
                make_book(OTHER, bids=[("0.58", "1")], asks=[("0.60", "1")]),
            )
            assert kinds(events.receive_nowait()) == ["condition_met"]
            assert not events.finished


async def test_what_may_be_met_again_does_not_end(venue, service):
    with service.subscribe(PriceTopic(ASSET), condition=AGAIN) as events:
        connection = await connected(venue)
        await say(connection, change("BUY", "0.54", "1"))
        assert kinds(events.receive_nowait()) == ["condition_met"]
        assert not events.finished


async def test_a_reader_wakes_by_itself_when_a_cooldown_ends(venue, service, autojump_clock):
    with service.subscribe(PriceTopic(ASSET), condition=AGAIN) as events:
        connection = await connected(venue)
        await say(connection, change("BUY", "0.54", "1"))
        assert kinds(await events.receive_batch()) == ["condition_met"]
        began = trio.current_time()
        for at, size in ((2, "0"), (3, "1")):
            await say(connection, change("BUY", "0.54", size, at))
            assert events.receive_nowait() == []
        assert events.next_deadline() == began + 10
        (met,) = await events.receive_batch()
        assert isinstance(met, ConditionMet)
        assert trio.current_time() == began + 10


async def test_a_reader_wakes_by_itself_when_something_is_stale(venue, service, autojump_clock):
    stale = condition("stale_for", window_seconds=30)
    with service.subscribe(PriceTopic(ASSET), condition=stale) as events:
        began = trio.current_time()
        (met,) = await events.receive_batch()
        assert trio.current_time() == began + 30
    assert (met.value, met.state, met.asset_id) == (30, "connecting", ASSET)


async def test_a_token_that_lives_is_not_stale(venue, service, autojump_clock):
    stale = condition("stale_for", window_seconds=30)
    with service.subscribe(PriceTopic(ASSET), condition=stale) as events:
        connection = await connected(venue)
        assert events.receive_nowait() == []
        assert events.next_deadline() == math.inf
        with service.subscribe(PriceTopic(ASSET), condition=stale) as late:
            assert late.receive_nowait() == []
            assert late.next_deadline() == math.inf
        connection.drop(1006)
        await trio.testing.wait_all_tasks_blocked()
        assert events.receive_nowait() == []
        assert events.next_deadline() == pytest.approx(trio.current_time() + 30, abs=1)


async def test_a_gap_and_a_settlement_are_handed_out_and_then_it_ends(venue, service):
    never = condition("price_crosses", threshold="0.99")
    with service.subscribe(PriceTopic(ASSET), condition=never) as events:
        await connected(venue)
        service.redial()
        again = await venue.accept()
        again.say([BOOK])
        await trio.testing.wait_all_tasks_blocked()
        again.say(settled())
        with trio.fail_after(5):
            told = [event async for event in events]
    assert [type(event) for event in told] == [Gap, MarketResolved]


async def test_the_moment_of_a_settlement_comes_before_it(venue, service):
    over = condition("resolved")
    topics = ResolutionTopic(ASSET), ResolutionTopic(OTHER)
    with service.subscribe(*topics, condition=over) as events:
        connection = await connected(venue)
        connection.say(settled())
        with trio.fail_after(5):
            told = [event async for event in events]
    assert kinds(told) == ["condition_met", "market_resolved"]
    assert told[0].subject == MARKET


async def test_what_is_in_doubt_is_told_when_it_is_found_to_be_true(venue, service):
    with service.subscribe(PriceTopic(ASSET), condition=ABOVE) as events:
        connection = await connected(venue)
        book = service._known.books.get(ASSET)
        book.enter(AssetState.SUSPECT, "all of it comes late", 1.0, Doubt.LAG)
        await say(connection, change("BUY", "0.54", "1"))
        assert events.receive_nowait() == []
        service._hub.publish(book.enter(AssetState.LIVE, "", 2.0))
        (met,) = events.receive_nowait()
    assert (met.value, met.state) == (Decimal("0.57"), "live")


async def test_each_trade_that_is_big_enough_is_handed_out(venue, service):
    big = condition("trade_at_least", threshold=10)
    with service.subscribe(TradeTopic(ASSET), condition=big) as events:
        connection = await connected(venue)
        await say(connection, *(make_trade(ASSET, "0.5", size=size) for size in ("9", "10", "11")))
        assert [met.value for met in events.receive_nowait()] == [10, 11]
        assert not events.finished


async def test_a_size_deep_in_the_book_is_found_by_the_topic_made_for_it(venue, service):
    deep = condition("size_at_least", threshold=25, side="bid", price="0.30")
    with service.subscribe(topic_for(deep, ASSET), condition=deep) as events:
        connection = await connected(venue)
        assert events.receive_nowait() == []
        await say(connection, change("BUY", "0.31", "15"))
        (met,) = events.receive_nowait()
    assert (met.value, met.best_bid) == (25, Decimal("0.40"))


# Live feeds and the account, by the hub alone


class Desk:
    """A hub with the streams of one endpoint."""

    def __init__(self):
        self.streams = Streams("prices")
        names = ("prices", "market", "user", "rtds")
        interests = {name: Interest() for name in names}
        self.hub = Hub(Known(streams={"prices": self.streams}), interests)

    def lose(self):
        self.streams.interrupt([BITCOIN.key], 1000.0)
        self.hub.publish(lost_connection())


def lost_connection():
    """What is told of a lost connection of live feeds: not which streams were on it."""
    interrupted = cut()
    return type(interrupted)(
        received=1000.0, connection="prices#0", asset_ids=(), reason="cut", retry_in=1.0
    )


@pytest.fixture
async def desk():
    return Desk()


async def test_a_reference_price_that_crosses_ends_its_subscription(desk):
    high = condition("price_crosses", threshold=70_000)
    with desk.hub.subscribe(ReferencePriceTopic(BITCOIN), condition=high) as events:
        desk.hub.publish(reference("69999"))
        assert events.receive_nowait() == []
        desk.hub.publish(reference("70000"))
        (met,) = events.receive_nowait()
        assert (met.subject, met.value) == ("crypto:btcusd", 70_000)
        assert events.finished


async def test_a_stream_that_is_interrupted_for_long_is_told(desk, autojump_clock):
    stale = condition("stale_for", window_seconds=30)
    with desk.hub.subscribe(ReferencePriceTopic(BITCOIN), condition=stale) as events:
        desk.lose()
        assert events.receive_nowait() == []
        assert events.next_deadline() == trio.current_time() + 30
        with desk.hub.subscribe(ReferencePriceTopic(BITCOIN), condition=stale) as late:
            assert late.receive_nowait() == []
            assert late.next_deadline() == trio.current_time() + 30
        (met,) = await events.receive_batch()
    assert (met.subject, met.asset_id, met.value) == ("crypto:btcusd", None, 30)


async def test_the_loss_of_a_connection_that_did_not_carry_a_stream_is_not_its_own(desk):
    stale = condition("stale_for", window_seconds=30)
    with desk.hub.subscribe(ReferencePriceTopic(BITCOIN), condition=stale) as events:
        desk.hub.publish(lost_connection())
        assert events.receive_nowait() == []
        assert events.next_deadline() == math.inf


async def test_of_gaps_those_that_were_filled_are_not_told(desk):
    high = condition("price_crosses", threshold=70_000)
    with desk.hub.subscribe(ReferencePriceTopic(BITCOIN), condition=high) as events:
        desk.hub.publish(flows_again(filled=True))
        desk.hub.publish(flows_again())
        gone = StreamGone(received=1.0, feed="prices", stream=BITCOIN.key, reason="r", instead=None)
        desk.hub.publish(gone)
        assert kinds(events.receive_nowait()) == ["gap", "stream_gone"]


async def test_own_orders_are_open_ended(desk):
    filled = condition("size_at_least", threshold=10)
    with desk.hub.subscribe(UserOrderTopic(), condition=filled) as events:
        desk.hub.publish(own_order(10))
        (met,) = events.receive_nowait()
        assert (met.subject, met.value) == ("0xa", 10)
        assert not events.finished


# What cannot be met

SIZE = condition("size_at_least", threshold=5)
BID = condition("size_at_least", threshold=5, side="bid")
TRADE = condition("trade_at_least", threshold=5)
SPREAD = condition("spread_above", threshold="0.05")
STALE = condition("stale_for", window_seconds=5)
RESOLVED = condition("resolved")
BITCOIN_HIGH = condition("price_crosses", threshold=70_000)


@pytest.mark.parametrize(
    ("wanted", "topics", "told"),
    [
        (TRADE, [PriceTopic(ASSET)], "PriceTopic cannot meet it; subscribe to one of TradeTopic"),
        (TRADE, [EventTopic(GROUP)], "PriceTopic cannot meet it"),
        (ABOVE, [TradeTopic(ASSET)], "subscribe to one of PriceTopic, AssetTopic"),
        (ABOVE, [PriceTopic(ASSET), TradeTopic(OTHER)], "TradeTopic cannot meet it"),
        (SPREAD, [ReferencePriceTopic(BITCOIN)], "PriceTopic, AssetTopic, BookTopic"),
        (SIZE, [DeltaTopic(ASSET)], "BookTopic, UserOrderTopic"),
        (SIZE, [AssetTopic(ASSET)], "BookTopic, UserOrderTopic"),
        (BID, [UserOrderTopic()], "an order has one already"),
        (STALE, [ResolutionTopic(ASSET)], "subscribe to one of PriceTopic, BookTopic"),
        (STALE, [UserOrderTopic()], "subscribe to one of PriceTopic, BookTopic"),
        (
            RESOLVED,
            [SportsTopic()],
            "SportsTopic cannot meet it; subscribe to one of ResolutionTopic",
        ),
        (RESOLVED, [NewMarketTopic()], "NewMarketTopic cannot meet it"),
        (BITCOIN_HIGH, [PriceTopic(ASSET)], "between 0 and 1; pass 0.60 for 60 cents"),
    ],
)
async def test_what_the_topics_cannot_meet_is_refused_before_anything_is_wanted(
    service, wanted, topics, told
):
    if any(topic.endpoint == "user" for topic in topics):
        with pytest.raises(InvalidCondition, match=told):
            check_topics(wanted, topics)
        return
    with pytest.raises(InvalidCondition, match=told):
        service.subscribe(*topics, condition=wanted)
    assert service.status().subscriptions.total == 0


@pytest.mark.parametrize(
    ("wanted", "topics"),
    [
        (TRADE, [TradeTopic(ASSET)]),
        (TRADE, [ActivityTopic(), UserTradeTopic()]),
        (ABOVE, [PriceTopic(ASSET), TradeTopic(ASSET)]),
        (ABOVE, [EventTopic(GROUP)]),
        (SPREAD, [BookTopic(ASSET)]),
        (SIZE, [BookTopic(ASSET), UserOrderTopic()]),
        (STALE, [TradeTopic(ASSET), SportsTopic()]),
        (RESOLVED, [ResolutionTopic(ASSET), PriceTopic(OTHER)]),
        (BITCOIN_HIGH, [ReferencePriceTopic(BITCOIN)]),
    ],
)
def test_what_the_topics_can_meet_is_not_refused(wanted, topics):
    check_topics(wanted, topics)
