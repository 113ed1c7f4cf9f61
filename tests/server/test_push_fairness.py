"""Many subscriptions share what one client may be told in a second."""

from collections import defaultdict
from contextlib import asynccontextmanager

import trio
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp_harness import NO, YES, announcement, best_bid, book, call, open_desk

from polymarket_realtime import Interrupted, PriceTopic
from polymarket_realtime._hub.journals import RETENTION
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime.server.desk import Desk
from polymarket_realtime.server.push import Pusher


async def test_prices_that_always_move_leave_room_for_what_was_subscribed_to_later(autojump_clock):
    async with open_desk(notify_budget=4) as desk, desk.connect() as (client, inbox):
        for token in (YES, NO):
            await call(client, "subscribe_market_prices", market_ids=[token])
        connection = await desk.venue.accept()
        connection.say(book(asset_id=YES), book(asset_id=NO))

        async def move():
            # Both in nearly each round, whose budget is one message.
            for thousandths in range(1, 1000):
                price = f"0.40{thousandths:03}"
                connection.say(best_bid(price, YES), best_bid(price, NO))
                await trio.sleep(0.1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(move)
            await trio.sleep(3)
            await call(client, "subscribe_live_data", feed="new_markets")
            connection.say(announcement(1))
            with trio.fail_after(3):
                created = await inbox.data("market_created")
            nursery.cancel_scope.cancel()
        assert created["slug"] == "market-1"


async def test_after_a_flood_all_subscriptions_together_are_told_what_fits_into_a_second(
    autojump_clock,
):
    async with open_desk(notify_budget=8) as desk, desk.connect() as (client, inbox):
        ids = [
            (await call(client, "subscribe_live_data", feed="new_markets"))["subscription_id"]
            for _ in range(3)
        ]
        connection = await desk.venue.accept()
        await trio.sleep(2)
        while inbox.pending()[0]:
            await inbox.message()
        connection.say(*[announcement(number) for number in range(30)])
        await trio.sleep(2)
        told = defaultdict(list)
        while inbox.pending()[0]:
            data = (await inbox.message()).data
            told[data["subscription_id"]].append(data.get("count") or data["slug"])
        for each in ids:
            dropped, *slugs = told[each]
            assert slugs == [f"market-{number}" for number in range(dropped, 30)] != []
        await trio.sleep(10)
        assert inbox.pending()[0] == 0


class Session:
    """A client's session that notes whom it is told of, and does something at each message."""

    protocol_version = "2025-11-25"

    def __init__(self, at_each):
        self.at_each, self.told = at_each, []

    async def send_notification(self, notification):
        await trio.lowlevel.checkpoint()
        self.told.append(notification.params.data["subscription_id"])
        self.at_each()

    async def send_resource_list_changed(self):
        await trio.lowlevel.checkpoint()


@asynccontextmanager
async def open_pusher(*names):
    """A pusher of journals with these names, which hold one event each; it is told to look."""
    async with open_desk() as desk, trio.open_nursery() as nursery:
        own = Desk(desk.service)
        pusher = Pusher(own, InMemorySubscriptionBus())
        down = Interrupted(
            received=1.0, connection="market#0", asset_ids=(), reason="gone", retry_in=1.0
        )
        for name in names:
            own.journals.open(name, capacity=8)
            pusher.add(name, as_log=False, cursor=own.journals.cursor([name]))
            own.journals.write(name, [(down, 1)])
        own.subscribe(PriceTopic(YES), note=SubscriptionNote(type=EventType.PRICE_CHANGE))
        yield own.journals, pusher, nursery
        nursery.cancel_scope.cancel()


async def test_what_the_client_ends_while_another_is_told_is_told_no_more(autojump_clock):
    async with open_pusher("a", "b", "c") as (_, pusher, nursery):
        session = Session(at_each=lambda: pusher.remove("b"))
        pusher.meet(session)
        nursery.start_soon(pusher.run)
        await trio.sleep(1)
        assert session.told == ["a", "c"]


async def test_what_was_forgotten_before_a_slow_client_was_told_of_it_ends_nothing(autojump_clock):
    async with open_pusher("gone", "here") as (journals, pusher, nursery):
        session = Session(at_each=lambda: None)
        pusher.meet(session)
        journals.end("gone", now=0.0)
        journals.forget(RETENTION)
        nursery.start_soon(pusher.run)
        await trio.sleep(1)
        assert session.told == ["here"]
