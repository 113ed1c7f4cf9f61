"""What readers get: fast ones, slow ones and late ones."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio

from polymarket_realtime import (
    AssetId,
    AssetState,
    AssetTopic,
    BookTopic,
    DeltaTopic,
    Overflow,
    PriceTopic,
    ResolutionTopic,
    TradeTopic,
    open_service,
)
from polymarket_realtime._model.trust import Doubt
from polymarket_realtime.errors import SubscriptionLagged
from polymarket_realtime.testing import MemoryVenue, make_book, make_price_change, make_trade

ASSET = AssetId("7" * 77)
OTHER = AssetId("8" * 77)
BOOK = make_book(ASSET, bids=[("0.40", "10"), ("0.39", "7")], asks=[("0.60", "5"), ("0.61", "2")])


def change(side: str, price: str, size: str, at: int = 1) -> dict:
    return make_price_change((ASSET, side, price, size), timestamp=1_700_000_000_000 + at)


@pytest.fixture
async def venue():
    return MemoryVenue()


@pytest.fixture
async def service(venue):
    async with open_service(open_stream=venue.open_stream) as service:
        yield service


async def connected(venue, *subscriptions):
    """A connection whose book has come and has been read by `subscriptions`."""
    connection = await venue.accept()
    connection.say([BOOK])
    await trio.testing.wait_all_tasks_blocked()
    for subscription in subscriptions:
        subscription.receive_nowait()
    return connection


async def settle():
    await trio.testing.wait_all_tasks_blocked()


def kinds(events):
    return [str(event.type) for event in events]


async def test_a_book_reader_gets_views_best_first_at_its_depth(venue, service):
    with service.subscribe(BookTopic(ASSET, depth=1)) as events:
        await connected(venue)
        _, view, live = events.receive_nowait()
    assert view.bids == ((Decimal("0.40"), Decimal(10)),)
    assert view.asks == ((Decimal("0.60"), Decimal(5)),)
    assert (view.best_bid, view.best_ask, view.spread) == (
        Decimal("0.40"),
        Decimal("0.60"),
        Decimal("0.20"),
    )
    assert (view.state, live.state) == (AssetState.LIVE, AssetState.LIVE)


async def test_a_slow_book_reader_gets_one_book_and_it_is_the_newest(venue, service):
    with service.subscribe(BookTopic(ASSET)) as events:
        connection = await connected(venue, events)
        for at in range(1, 51):
            connection.say(change("BUY", "0.45", str(at), at))
        await settle()
        (view,) = events.receive_nowait()
        assert view.bids[0] == (Decimal("0.45"), Decimal(50))
        assert events.statistics().conflated >= 49


async def test_changes_below_its_depth_are_no_news_to_a_book_reader(venue, service):
    with service.subscribe(BookTopic(ASSET, depth=1)) as events:
        connection = await connected(venue, events)
        connection.say(change("BUY", "0.10", "99"))
        await settle()
        assert events.receive_nowait() == []


async def test_a_price_reader_hears_of_the_top_of_the_book_and_not_of_deeper_changes(
    venue, service
):
    with service.subscribe(PriceTopic(ASSET)) as events:
        connection = await connected(venue, events)
        connection.say(change("BUY", "0.10", "99"))
        await settle()
        assert events.receive_nowait() == []
        connection.say(change("BUY", "0.58", "1", at=2))
        await settle()
        (price,) = events.receive_nowait()
    assert (price.price, price.best_bid, price.change) == (
        Decimal("0.59"),
        Decimal("0.58"),
        Decimal("0.09"),
    )


async def test_trades_are_never_conflated(venue, service):
    with service.subscribe(TradeTopic(ASSET)) as events:
        connection = await connected(venue, events)
        connection.say(*(make_trade(ASSET, "0.5", size=str(n)) for n in range(1, 21)))
        await settle()
        assert [trade.size for trade in events.receive_nowait()] == list(range(1, 21))


async def test_a_fast_reader_of_changes_gets_each_of_them(venue, service):
    with service.subscribe(DeltaTopic(ASSET)) as events:
        connection = await connected(venue, events)
        for at in (1, 2, 3):
            connection.say(change("BUY", "0.45", str(at), at))
            await settle()
            (delta,) = events.receive_nowait()
            assert delta.changes == (("BUY", Decimal("0.45"), Decimal(at)),)


async def test_a_slow_reader_of_changes_gets_one_snapshot_for_all_it_missed(venue, service):
    with service.subscribe(DeltaTopic(ASSET)) as events:
        connection = await connected(venue, events)
        for at in range(1, 10):
            connection.say(change("BUY", "0.45", str(at), at))
        await settle()
        (snapshot,) = events.receive_nowait()
        assert snapshot.type == "book_snapshot"
        assert snapshot.bids[0] == (Decimal("0.45"), Decimal(9))
        connection.say(change("BUY", "0.45", "0", at=10))
        await settle()
        (delta,) = events.receive_nowait()
        assert delta.revision == snapshot.revision + 1


async def test_a_reader_that_misses_few_changes_gets_each(venue, service):
    with service.subscribe(DeltaTopic(ASSET)) as events:
        connection = await connected(venue, events)
        for at in range(1, 9):
            connection.say(change("BUY", "0.45", str(at), at))
        await settle()
        deltas = events.receive_nowait()
    assert kinds(deltas) == ["book_delta"] * 8
    revisions = [delta.revision for delta in deltas]
    assert revisions == list(range(revisions[0], revisions[0] + 8))


async def test_a_late_joiner_begins_with_what_is_known(venue, service):
    with service.subscribe(BookTopic(ASSET)):
        await connected(venue)
        with service.subscribe(BookTopic(ASSET), PriceTopic(ASSET), DeltaTopic(ASSET)) as late:
            events = late.receive_nowait()
    assert kinds(events) == ["agg_orderbook", "price_change", "book_snapshot"]


async def test_changes_that_a_late_joiners_snapshot_holds_are_not_told_again(venue, service):
    with service.subscribe(DeltaTopic(ASSET)) as early:
        connection = await connected(venue, early)
        connection.say(change("BUY", "0.45", "1"))
        # The book is ahead of the events that still wait for the hub.
        while service.book(ASSET).revision == 1:
            await trio.lowlevel.checkpoint()
        with service.subscribe(DeltaTopic(ASSET), overflow=Overflow.DROP_OLDEST) as late:
            await settle()
            (snapshot,) = late.receive_nowait()
    assert snapshot.revision == 2


async def test_a_late_joiner_of_a_book_out_of_sync_is_told_so(venue, service):
    with service.subscribe(BookTopic(ASSET)):
        connection = await connected(venue)
        connection.drop(1006, "gone")
        await settle()
        with service.subscribe(BookTopic(ASSET), PriceTopic(ASSET)) as late:
            (told,) = late.receive_nowait()
    assert (told.type, told.state, told.before) == ("state_changed", "out_of_sync", None)
    assert told.reason.startswith("no connection: ")
    assert "gone" in told.reason
    assert told.since <= told.received


@pytest.mark.parametrize("overflow", list(Overflow))
async def test_a_late_joiner_of_a_book_in_doubt_is_told_so_once_and_shown_the_book(
    venue, service, overflow
):
    with service.subscribe(BookTopic(ASSET)):
        await connected(venue)
        service._known.books.get(ASSET).enter(
            AssetState.SUSPECT, "silent for 60 s", 1.0, Doubt.SILENCE
        )
        with service.subscribe(BookTopic(ASSET), TradeTopic(ASSET), overflow=overflow) as late:
            told = {event.type: event for event in late.receive_nowait()}
    assert set(told) == {"agg_orderbook", "state_changed"}
    state, view = told["state_changed"], told["agg_orderbook"]
    assert (state.state, state.before, state.since) == ("suspect", None, 1.0)
    assert (view.state, view.reason, view.in_sync) == ("suspect", "silent for 60 s", True)


async def test_nothing_is_told_of_a_state_to_who_only_waits_for_the_end(venue, service):
    with service.subscribe(ResolutionTopic(ASSET)) as events:
        connection = await connected(venue, events)
        connection.say(change("BUY", "0.45", "?"))
        await settle()
        assert events.receive_nowait() == []
        with service.subscribe(ResolutionTopic(ASSET)) as late:
            assert late.receive_nowait() == []


async def test_a_price_that_waits_is_read_with_the_state_of_then(venue, service):
    with service.subscribe(PriceTopic(ASSET)) as events:
        await connected(venue)
        service._known.books.get(ASSET).enter(AssetState.QUIET, "silent; REST agrees", 1.0)
        (price,) = [e for e in events.receive_nowait() if e.type == "price_change"]
    assert price.state is AssetState.QUIET


async def test_each_reader_is_told_the_gap_of_its_own_tokens(venue, service):
    other = make_book(OTHER, bids=[("0.1", "1")], asks=[("0.2", "1")])
    with (
        service.subscribe(PriceTopic(ASSET), PriceTopic(OTHER)) as both,
        service.subscribe(PriceTopic(OTHER)) as one,
    ):
        connection = await venue.accept()
        connection.say([BOOK, other])
        await settle()
        service.redial()
        again = await venue.accept()
        again.say([BOOK, other])
        await settle()
        gaps = [
            [event for event in reader.receive_nowait() if event.type == "gap"]
            for reader in (both, one)
        ]
    (of_both,), (of_one,) = gaps
    assert (of_both.asset_ids, of_one.asset_ids) == ((ASSET, OTHER), (OTHER,))
    assert of_both.reason == of_one.reason == "the connection was lost"


async def test_trades_never_crowd_out_the_newest_book_and_price(venue, service):
    topics = (BookTopic(ASSET), PriceTopic(ASSET), DeltaTopic(ASSET), TradeTopic(ASSET))
    with service.subscribe(*topics, capacity=2) as events:
        connection = await connected(venue, events)
        connection.say(change("BUY", "0.58", "1"))
        connection.say(*(make_trade(ASSET, "0.59", size=str(n)) for n in range(1, 9)))
        await settle()
        got = kinds(events.receive_nowait())
    assert sorted(got) == sorted(
        ["dropped", "agg_orderbook", "price_change", "book_snapshot", *["last_trade_price"] * 2]
    )


async def test_a_slow_subscriber_never_stalls_the_others(venue, service):
    with (
        service.subscribe(TradeTopic(ASSET), capacity=3) as slow,
        service.subscribe(TradeTopic(ASSET)) as fast,
    ):
        connection = await connected(venue, slow, fast)
        for number in range(1, 11):
            connection.say(make_trade(ASSET, "0.5", size=str(number)))
            await settle()
            assert [trade.size for trade in fast.receive_nowait()] == [number]
        dropped, *rest = slow.receive_nowait()
        assert (dropped.type, dropped.count) == ("dropped", 7)
        assert [trade.size for trade in rest] == [8, 9, 10]
        counts = slow.statistics()
        assert (counts.dropped, fast.statistics().dropped) == (7, 0)


async def test_a_reader_that_asked_for_everything_is_told_when_it_lags(venue, service):
    with service.subscribe(TradeTopic(ASSET), capacity=3, overflow=Overflow.RAISE) as events:
        connection = await connected(venue, events)
        connection.say(*(make_trade(ASSET, "0.5") for _ in range(5)))
        await settle()
        with pytest.raises(SubscriptionLagged) as caught:
            await events.receive_batch()
        assert caught.value.dropped == 2
        with pytest.raises(trio.EndOfChannel):
            await events.receive_batch()


async def test_one_subscription_of_several_topics_gets_each_event_once(venue, service):
    topics = (PriceTopic(ASSET), TradeTopic(ASSET), BookTopic(ASSET), AssetTopic(ASSET))
    with service.subscribe(*topics) as events:
        connection = await connected(venue, events)
        connection.say(make_trade(ASSET, "0.5"))
        connection.drop()
        await settle()
        got = kinds(events.receive_nowait())
    assert got.count("last_trade_price") == 1
    assert got.count("interrupted") == 1


@pytest.mark.parametrize("overflow", list(Overflow))
async def test_what_is_known_is_told_once_to_topics_that_share_it(venue, service, overflow):
    topics = (PriceTopic(ASSET), DeltaTopic(ASSET), AssetTopic(ASSET))
    with service.subscribe(PriceTopic(ASSET)):
        await connected(venue)
        with service.subscribe(*topics, overflow=overflow) as late:
            assert sorted(kinds(late.receive_nowait())) == ["book_snapshot", "price_change"]


async def test_events_of_other_assets_do_not_arrive(venue, service):
    with service.subscribe(AssetTopic(ASSET)) as events, service.subscribe(AssetTopic(OTHER)):
        connection = await connected(venue, events)
        connection.say(make_book(OTHER, bids=[("0.1", "1")], asks=[("0.2", "1")]))
        connection.say(make_trade(OTHER, "0.5"))
        await settle()
        assert all(getattr(e, "asset_id", ASSET) == ASSET for e in events.receive_nowait())


async def test_a_resolution_reaches_a_reader_of_both_tokens_once(venue, service):
    with service.subscribe(ResolutionTopic(ASSET), ResolutionTopic(OTHER)) as events:
        connection = await connected(venue, events)
        resolved = {
            "event_type": "market_resolved",
            "market": "0x" + "ab" * 32,
            "assets_ids": [ASSET, OTHER],
            "winning_asset_id": OTHER,
            "winning_outcome": "No",
            "timestamp": "1700000000000",
        }
        connection.say(resolved, resolved)
        await settle()
        (event,) = events.receive_nowait()
    assert (event.winning_asset_id, event.winning_outcome) == (OTHER, "No")


async def test_unknown_events_are_kept_whole(venue, service):
    with service.subscribe(AssetTopic(ASSET)) as events:
        connection = await connected(venue, events)
        connection.say({"event_type": "moon_phase", "asset_id": ASSET, "phase": "waning"})
        await settle()
        (event,) = events.receive_nowait()
    assert (event.event_type, event.fields["phase"]) == ("moon_phase", "waning")


async def test_leaving_the_service_ends_every_subscription(venue):
    ended = []

    async def read(subscription):
        async for _ in subscription:
            pass
        ended.append(subscription)

    async with (
        trio.open_nursery() as nursery,
        open_service(open_stream=venue.open_stream) as service,
    ):
        readers = [service.subscribe(PriceTopic(ASSET)) for _ in range(3)]
        for reader in readers:
            nursery.start_soon(read, reader)
        await connected(venue)
    assert set(ended) == set(readers)


async def test_what_is_pending_at_the_end_is_still_delivered(venue):
    async with open_service(open_stream=venue.open_stream) as service:
        events = service.subscribe(TradeTopic(ASSET))
        connection = await connected(venue, events)
        connection.say(make_trade(ASSET, "0.5"))
        await settle()
    (trade,) = await events.receive_batch()
    assert trade.type == "last_trade_price"
    with pytest.raises(trio.EndOfChannel):
        await events.receive_batch()


async def test_a_subscription_to_a_service_that_has_ended_ends_at_once(venue):
    async with open_service(open_stream=venue.open_stream) as service:
        pass
    with service.subscribe(PriceTopic(ASSET)) as events, pytest.raises(trio.EndOfChannel):
        await events.receive_batch()


async def test_closing_twice_is_fine_and_releases_once(venue, service):
    with service.subscribe(PriceTopic(ASSET)):
        twice = service.subscribe(PriceTopic(ASSET))
        twice.close()
        twice.close()
        connection = await connected(venue)
        assert not connection.closed


async def test_an_async_for_hands_out_batches_in_order(venue, service):
    with service.subscribe(TradeTopic(ASSET)) as events:
        connection = await connected(venue, events)
        connection.say(*(make_trade(ASSET, "0.5", size=str(n)) for n in range(1, 4)))
        sizes = []
        async for trade in events:
            sizes.append(trade.size)
            if len(sizes) == 3:
                break
    assert sizes == [1, 2, 3]


async def test_subscribing_to_nothing_is_refused(service):
    with pytest.raises(ValueError, match="at least one topic"):
        service.subscribe()
