"""Dialling, losing and dialling again, on the virtual clock."""

from __future__ import annotations

import pytest
import trio

from polymarket_realtime import (
    AssetId,
    AssetState,
    BookSnapshot,
    DeltaTopic,
    Gap,
    Interrupted,
    NewMarketTopic,
    Overflow,
    PriceTopic,
    Resynced,
    Settings,
    StateChanged,
    open_service,
)
from polymarket_realtime.testing import MemoryVenue, make_book, make_price_change

ASSET = AssetId("7" * 77)
OTHER = AssetId("8" * 77)
BOOK = make_book(ASSET, bids=[("0.40", "10")], asks=[("0.60", "5")])


def longest(_low: float, high: float) -> float:
    return high


def told(events) -> list[str]:
    """The kinds of events, and the states that are told."""
    return [str(e.state if isinstance(e, StateChanged) else e.type) for e in events]


def open_feed(venue: MemoryVenue, **settings: object):
    return open_service(
        Settings(**settings),  # type: ignore[arg-type]
        open_stream=venue.open_stream,
        uniform=longest,
    )


async def test_nothing_is_dialled_before_somebody_subscribes(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        await trio.sleep(3600)
        assert venue.dials == []
        assert service.status().connections["market"].state == "idle"


async def test_the_first_frame_subscribes_with_custom_features(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            connection = await venue.accept()
            assert await connection.next_frame() == {
                "type": "market",
                "assets_ids": [ASSET],
                "custom_feature_enabled": True,
            }


async def test_a_connection_ends_with_its_last_reader(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)), service.subscribe(DeltaTopic(ASSET)):
            connection = await venue.accept()
        await trio.testing.wait_all_tasks_blocked()
        assert connection.closed
        assert len(venue.connections) == 1


async def test_a_venue_that_is_down_is_dialled_with_growing_waits(autojump_clock):
    venue = MemoryVenue()
    venue.down = "connection refused"
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)) as events:
            await trio.sleep(300)
            lost = [e for e in events.receive_nowait() if isinstance(e, Interrupted)]
    waits = [after - before for before, after in zip(venue.dials, venue.dials[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert [e.retry_in for e in lost[:8]] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert "connection refused" in lost[0].reason


async def test_an_interruption_before_the_first_book_has_its_end_told_too(autojump_clock):
    venue = MemoryVenue()
    venue.down = "connection refused"
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)) as events:
            await trio.sleep(2)
            venue.down = None
            connection = await venue.accept()
            connection.say([BOOK])
            await trio.sleep(1)
            kinds = told(events.receive_nowait())
    assert kinds == ["interrupted", "interrupted", "connected", "price_change", "resynced", "live"]


async def test_a_server_that_greets_and_hangs_up_is_not_hammered(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            for _ in range(5):
                connection = await venue.accept()
                connection.say([BOOK])
                connection.drop()
    waits = [after - before for before, after in zip(venue.dials, venue.dials[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8])


async def test_a_connection_that_proved_itself_is_redialled_after_one_second(autojump_clock):
    venue = MemoryVenue()
    venue.down = "down"
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            await trio.sleep(40)  # several failures first
            venue.down = None
            connection = await venue.accept()
            connection.say([BOOK])
            await trio.sleep(60)
            dropped_at = trio.current_time()
            connection.drop()
            connection = await venue.accept()
    assert connection.dialled_at - dropped_at == pytest.approx(1)


async def test_ping_is_sent_every_ten_seconds_after_the_first_frame(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            connection = await venue.accept()
            connection.say([BOOK])
            await trio.sleep(35)
    assert connection.received[1:] == ["PING", "PING", "PING"]


async def test_a_silent_connection_is_replaced_after_thirty_seconds(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)) as events:
            connection = await venue.accept()
            connection.answers_ping = False
            again = await venue.accept()
            assert again.dialled_at == pytest.approx(31)
            reasons = [e.reason for e in events.receive_nowait() if isinstance(e, Interrupted)]
    assert reasons == ["no frame for 30 s, not even PONG"]
    assert connection.closed


async def test_any_frame_counts_as_life_of_the_socket(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            connection = await venue.accept()
            connection.answers_ping = False
            for _ in range(10):
                await trio.sleep(25)
                connection.say("NO NEW ASSETS")
    assert len(venue.connections) == 1


async def test_reconnect_tells_the_gap_in_order_and_restores_the_interest(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with (
            service.subscribe(DeltaTopic(ASSET), overflow=Overflow.RAISE) as events,
            service.subscribe(DeltaTopic(ASSET)) as slow,
        ):
            connection = await venue.accept()
            first_frame = await connection.next_frame()
            connection.say([BOOK])
            await trio.sleep(1)
            connection.drop(1013, "slow consumer: send buffer full")
            await trio.sleep(0.5)
            assert not service.book(ASSET).in_sync
            again = await venue.accept()
            assert await again.next_frame() == first_frame
            again.say([BOOK])
            await trio.sleep(1)
            assert service.book(ASSET).in_sync
            events, of_slow = events.receive_nowait(), slow.receive_nowait()
    assert told(events) == [
        *("connected", "book_snapshot", "live"),
        *("interrupted", "out_of_sync"),
        *("connected", "resyncing", "gap", "book_snapshot", "resynced", "live"),
    ]
    interrupted, lost = events[3:5]
    assert "slow consumer" in interrupted.reason
    assert lost.reason == "the connection was lost"
    # A reader that was asleep is told how it is, and what it has missed.
    kept = ("connected", "interrupted", "connected", "gap", "book_snapshot", "resynced", "live")
    assert told(of_slow) == [*kept]


async def test_new_interest_joins_the_open_connection(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            connection = await venue.accept()
            await connection.next_frame()
            with service.subscribe(PriceTopic(OTHER)):
                assert await connection.next_frame() == {
                    "operation": "subscribe",
                    "assets_ids": [OTHER],
                    "custom_feature_enabled": True,
                }
            assert await connection.next_frame() == {
                "operation": "unsubscribe",
                "assets_ids": [OTHER],
            }
    assert len(venue.connections) == 1


async def test_the_wire_subscription_lasts_as_long_as_its_last_holder(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET), PriceTopic(OTHER)):
            connection = await venue.accept()
            await connection.next_frame()
            with service.subscribe(PriceTopic(OTHER)):
                await trio.sleep(1)
            await trio.sleep(1)
            assert len(connection.received) == 1


async def test_more_assets_than_a_connection_carries_are_sharded(autojump_clock):
    venue = MemoryVenue()
    assets = [AssetId(f"{n:077d}") for n in range(1, 251)]
    async with open_feed(venue) as service:
        with service.subscribe(*map(PriceTopic, assets)):
            await trio.sleep(1)
            named = []
            for connection in venue.connections:
                frames = [await connection.next_frame() for _ in connection.received]
                assert all(len(frame["assets_ids"]) <= 100 for frame in frames)
                assert [frame.get("type") for frame in frames[1:]] == [None] * len(frames[1:])
                named.append([asset for frame in frames for asset in frame["assets_ids"]])
            status = service.status().connections["market"]
    assert sorted(map(len, named)) == [50, 200]
    assert sorted(asset for assets in named for asset in assets) == assets
    assert [c.name for c in status.connections] == ["market#0", "market#1"]


async def test_resolved_assets_are_not_redialled_until_others_are_wanted(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)) as events:
            connection = await venue.accept()
            connection.drop(1000, "all subscribed assets resolved")
            await trio.sleep(3600)
            assert len(venue.connections) == 1
            assert service.status().connections["market"].state == "parked"
            (lost,) = (e for e in events.receive_nowait() if isinstance(e, Interrupted))
            assert lost.retry_in is None
            with service.subscribe(PriceTopic(OTHER)):
                again = await venue.accept()
                assert set((await again.next_frame())["assets_ids"]) == {ASSET, OTHER}


@pytest.mark.parametrize(
    ("code", "reason", "wait"),
    [
        (None, "", 1),
        (1013, "slow consumer: send buffer full", 1),
        (1008, "invalid subscription payload", 30),
        (1000, "going away", 1),
    ],
)
async def test_each_close_has_its_own_reaction(autojump_clock, code, reason, wait):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            connection = await venue.accept()
            connection.drop(code, reason)
            again = await venue.accept()
    assert again.dialled_at == pytest.approx(wait)


async def test_redial_replaces_every_connection_at_once_and_says_so(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET), overflow=Overflow.RAISE) as events:
            first = await venue.accept()
            first.say([BOOK])
            await trio.sleep(5)
            events.receive_nowait()
            service.redial()
            second = await venue.accept()
            assert (first.closed, second.dialled_at) == (True, 5)
            second.say([BOOK])
            await trio.sleep(1)
            kinds = told(events.receive_nowait())
    assert kinds == [
        *("interrupted", "out_of_sync"),
        *("connected", "resyncing", "gap", "resynced", "live"),
    ]


async def test_suspend_closes_every_connection_and_resume_restores_them(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)) as events:
            connection = await venue.accept()
            connection.say([BOOK])
            await trio.sleep(1)
            events.receive_nowait()
            await service.suspend()
            assert connection.closed
            await trio.sleep(3600)
            assert len(venue.connections) == 1
            assert service.price(ASSET) is None
            interrupted, lost = events.receive_nowait()
            assert (interrupted.type, interrupted.retry_in) == ("interrupted", None)
            assert lost.state is AssetState.OUT_OF_SYNC
            service.resume()
            await service.wait_connected()
            assert len(venue.connections) == 2


async def test_suspend_during_the_wait_for_a_redial_ends_the_wait(autojump_clock):
    venue = MemoryVenue()
    venue.down = "down"
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            await trio.sleep(100)
            dials = len(venue.dials)
            await service.suspend()
            await trio.sleep(600)
            assert len(venue.dials) == dials


async def test_broadcasts_alone_hold_one_connection_without_assets(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(NewMarketTopic()) as events:
            connection = await venue.accept()
            assert (await connection.next_frame())["assets_ids"] == []
            connection.say(
                {
                    "event_type": "new_market",
                    "market": "0x" + "ab" * 32,
                    "assets_ids": [ASSET, OTHER],
                    "outcomes": ["Yes", "No"],
                    "question": "Will it rain?",
                    "slug": "will-it-rain",
                    "timestamp": "1700000000000",
                }
            )
            await trio.sleep(1)
            created = events.receive_nowait()[-1]
            assert (created.question, created.outcomes) == ("Will it rain?", ("Yes", "No"))


async def test_a_disagreeing_book_is_sent_again_over_the_same_connection(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(DeltaTopic(ASSET), overflow=Overflow.RAISE) as events:
            connection = await venue.accept()
            connection.say([BOOK])
            change = make_price_change(
                (ASSET, "BUY", "0.41", "3"), best_bid="0.45", best_ask="0.60"
            )
            connection.say(change)
            await trio.sleep(2)
            frames = [await connection.next_frame() for _ in range(3)]
            assert [f.get("operation") for f in frames] == [None, "unsubscribe", "subscribe"]
            connection.say(BOOK)
            await trio.sleep(1)
            events = events.receive_nowait()
    assert told(events)[-6:] == [
        *("out_of_sync", "resyncing", "gap", "book_snapshot", "resynced", "live")
    ]
    lost, asked, gap, snapshot, resynced, _ = events[-6:]
    assert lost.reason == gap.reason == "its top is not the venue's"
    assert lost.reason in asked.reason
    assert [type(each) for each in (gap, snapshot, resynced)] == [Gap, BookSnapshot, Resynced]
    assert gap.asset_ids == (ASSET,)
    assert len(venue.connections) == 1


async def test_an_unexpected_error_brings_the_tree_down(autojump_clock):
    def broken(_url: str):
        raise ZeroDivisionError

    with pytest.RaisesGroup(pytest.RaisesGroup(pytest.RaisesGroup(ZeroDivisionError))):
        async with open_service(open_stream=broken) as service:
            with service.subscribe(PriceTopic(ASSET)) as events:
                async for _ in events:
                    pass


async def test_an_open_connection_that_takes_more_ends_the_wait_for_it(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            await service.wait_connected()
            await trio.sleep(100)
            with service.subscribe(PriceTopic(OTHER)), trio.fail_after(5):
                await service.wait_connected()


async def test_what_needs_no_asset_needs_a_connection_all_the_same(autojump_clock):
    venue = MemoryVenue()
    venue.down = "connection refused"
    async with open_feed(venue) as service:
        with service.subscribe(NewMarketTopic()), trio.move_on_after(30) as waiting:
            await service.wait_connected()
    assert waiting.cancelled_caught


async def test_a_connection_whose_assets_are_all_resolved_goes_on_for_new_markets(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(NewMarketTopic()):
            with service.subscribe(PriceTopic(ASSET)):
                connection = await venue.accept()
            connection.drop(1000, "all subscribed assets resolved")
            with trio.fail_after(60):
                again = await venue.accept()
                assert (await again.next_frame())["assets_ids"] == []


async def test_the_counts_of_connections_that_are_gone_stay(autojump_clock):
    venue = MemoryVenue()
    async with open_feed(venue) as service:
        with service.subscribe(PriceTopic(ASSET)):
            (await venue.accept()).drop()
            await venue.accept()
            await trio.testing.wait_all_tasks_blocked()
        await trio.testing.wait_all_tasks_blocked()
        assert service.status().statistics.reconnect_count == 1
