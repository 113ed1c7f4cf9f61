"""One's own orders and trades over a connection: proof, rejection, gaps, on the virtual clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from account_desk import (
    CREDENTIALS,
    KEY,
    OTHER_MARKET,
    open_account_desk,
    order_frame,
    order_row,
    trade_frame,
    trade_row,
)

from polymarket_realtime._model.account_feed import Incomplete, Reconciled
from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._model.feed import Connected, Interrupted
from polymarket_realtime._model.topics import UserOrderTopic, UserTradeTopic
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate
from polymarket_realtime.errors import CredentialsRejected, RestFailed, Unauthorized
from polymarket_realtime.testing import MARKET

REFUSED = Unauthorized("https://clob/auth/api-keys", "Unauthorized/Invalid api key", status=401)
BUSY = RestFailed("https://clob/data/orders", "HTTP 429", status=429, retry_after=7.0)


async def until(subscription, kind):
    """Everything up to the first event of `kind`, that one included."""
    events = []
    with trio.fail_after(10_000):
        async for event in subscription:
            events.append(event)
            if isinstance(event, kind):
                return events
    raise AssertionError(f"ended after {events}")


def states(events):
    """What events say of orders and trades."""
    orders = [(e.order_id, e.status, str(e.filled_size)) for e in events if type(e) is OrderUpdate]
    return orders + [(e.trade_id, e.status) for e in events if type(e) is TradeUpdate]


# Connections


async def test_without_a_subscription_there_is_no_connection(autojump_clock):
    async with open_account_desk() as desk:
        await trio.sleep(3600)
        assert desk.venue.dials == []
        assert desk.authentication.state == "configured"


async def test_all_subscriptions_share_one_connection_that_tells_all_markets(autojump_clock):
    async with open_account_desk() as desk:
        with (
            desk.subscribe(UserOrderTopic()),
            desk.subscribe(UserTradeTopic(MARKET), UserTradeTopic(OTHER_MARKET)),
            desk.subscribe(UserOrderTopic(OTHER_MARKET)) as other,
        ):
            connection = await desk.accept()
            first = connection.received[0]
            assert '"markets"' not in first
            assert KEY in first
            await until(other, Reconciled)
            connection.say(order_frame("0x1"), order_frame("0x2", market=OTHER_MARKET))
            assert states(await until(other, OrderUpdate)) == [("0x2", "LIVE", "0")]
            assert len(desk.venue.dials) == 1
        await trio.sleep(1)
        assert connection.closed


async def test_an_idle_account_is_never_called_rejected_and_never_redialled(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()):
            await desk.accept()
            await trio.sleep(24 * 3600)
            assert desk.authentication.state == "subscribed (unproven)"
            assert "silence is normal" in desk.authentication.why
            assert len(desk.venue.dials) == 1
            assert "check" not in dict(desk.api.asked)


async def test_the_first_order_or_trade_is_the_proof(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserTradeTopic()) as trades:
            connection = await desk.accept()
            connection.say(trade_frame("t1", "0x1"))
            await until(trades, TradeUpdate)
            assert desk.authentication.state == "proven"


# Rejection


@pytest.mark.parametrize("answers_ping", [True, False])
async def test_two_hang_ups_and_a_401_are_a_rejection_that_is_retried_in_five_minutes(
    autojump_clock, answers_ping
):
    async with open_account_desk() as desk:
        desk.api.refused = REFUSED
        with desk.subscribe(UserOrderTopic()) as orders:
            for _ in range(2):
                with trio.fail_after(100):
                    connection = await desk.venue.accept()
                connection.answers_ping = answers_ping
                assert (await connection.next_frame())["type"] == "user"
                connection.drop()
            await trio.sleep(200)
            rejected = [e for e in orders.receive_nowait() if isinstance(e, Interrupted)][-1]
            assert rejected.retry_in == 300.0
            assert "credentials rejected: Unauthorized/Invalid api key" in rejected.reason
            assert desk.authentication.state == "rejected"
            assert "Invalid api key" in desk.authentication.why
            assert len(desk.venue.dials) == 2
            # Five minutes later REST is asked first: the socket is not hammered.
            checks = [at for what, at in desk.api.asked if what == "check"]
            await trio.sleep(3600)
            checks = [at for what, at in desk.api.asked if what == "check"]
            assert {round(b - a) for a, b in pairwise(checks)} == {300}
            assert len(desk.venue.dials) == 2


async def test_credentials_that_are_accepted_again_end_the_rejection(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.refused = REFUSED
        with desk.subscribe(UserOrderTopic()) as orders:
            for _ in range(2):
                connection = await desk.venue.accept()
                await connection.next_frame()
                connection.drop()
            await trio.sleep(60)
            assert desk.authentication.state == "rejected"
            desk.api.refused = None
            await desk.accept()
            await until(orders, Reconciled)
            assert desk.authentication.state == "subscribed (unproven)"


async def test_hang_ups_are_no_rejection_while_rest_accepts_the_credentials(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()):
            for _ in range(6):
                with trio.fail_after(100):
                    connection = await desk.venue.accept()
                await connection.next_frame()
                connection.drop()
            await trio.sleep(0.1)
            assert desk.authentication.state == "subscribed (unproven)"
            assert "although its REST accepts" in desk.authentication.why
            waits = [b - a for a, b in pairwise(desk.venue.dials)]
            assert waits == sorted(waits)


async def test_a_venue_that_is_down_is_no_rejection(autojump_clock):
    async with open_account_desk() as desk:
        desk.venue.down = "refused"
        with desk.subscribe(UserOrderTopic()):
            await trio.sleep(3600)
            assert desk.authentication.state == "configured"
            assert desk.api.asked == []


async def test_a_key_revoked_in_mid_stream_is_found_out_and_not_hammered(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            await until(orders, Reconciled)
            connection.say(order_frame("0x1"))
            await until(orders, OrderUpdate)
            assert desk.authentication.state == "proven"
            desk.api.refused = REFUSED
            connection.drop()
            for _ in range(2):
                with trio.fail_after(100):
                    connection = await desk.venue.accept()
                await connection.next_frame()
                connection.drop()
            await trio.sleep(30)
            assert desk.authentication.state == "rejected"
            assert len(desk.venue.dials) == 3
            assert not desk.ledger.complete


async def test_a_401_while_the_socket_lives_is_a_rejection_as_well(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.refused = REFUSED
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            interrupted = (await until(orders, Interrupted))[-1]
            assert interrupted.retry_in == 300.0
            assert connection.closed
            assert desk.authentication.state == "rejected"


async def test_without_an_address_a_401_of_rest_only_means_that_gaps_stay(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.refused, desk.api.address = REFUSED, None
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            connection.say(order_frame("0x1"))
            await until(orders, OrderUpdate)
            await trio.sleep(3600)
            assert desk.authentication.state == "proven"
            (told,) = [e for e in orders.receive_nowait() if isinstance(e, Incomplete)]
            assert "set POLYGON_ADDRESS" in told.reason
            assert not connection.closed
            assert not desk.ledger.complete
            assert "set POLYGON_ADDRESS" in desk.ledger.problem


# Derivation


async def test_credentials_of_a_wallet_are_derived_on_first_need_and_only_then(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.derives, desk.api.credentials = CREDENTIALS, None
        await trio.sleep(100)
        assert desk.api.asked == []
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            assert KEY in connection.received[0]
            await until(orders, Reconciled)
            connection.drop()
            await desk.accept()
            await until(orders, Reconciled)
            assert [what for what, _ in desk.api.asked].count("prepare") == 1


async def test_a_derivation_that_fails_is_tried_again_with_a_backoff(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.derives, desk.api.credentials = CREDENTIALS, None
        desk.api.failures = [RestFailed("https://clob/auth/derive-api-key", "no answer")] * 3
        with desk.subscribe(UserOrderTopic()) as orders:
            interrupted = (await until(orders, Interrupted))[-1]
            assert "derive-api-key" in interrupted.reason
            assert desk.authentication.state == "deriving"
            await desk.accept()
            assert len(desk.venue.dials) == 1
            assert 7 <= desk.venue.dials[0] < 8


async def test_a_wallet_that_the_venue_refuses_is_rejected_without_a_dial(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.derives, desk.api.credentials = CREDENTIALS, None
        desk.api.failures = [CredentialsRejected("Invalid L1 Request headers")]
        with desk.subscribe(UserOrderTopic()) as orders:
            assert (await until(orders, Interrupted))[-1].retry_in == 300.0
            assert desk.venue.dials == []


async def test_derived_credentials_that_were_revoked_are_derived_anew(autojump_clock):
    newer = Credentials(
        api_key=Secret(KEY[::-1]), secret=CREDENTIALS.secret, passphrase=CREDENTIALS.passphrase
    )
    async with open_account_desk() as desk:
        desk.api.derives = CREDENTIALS
        with desk.subscribe(UserOrderTopic()):
            for _ in range(2):
                connection = await desk.venue.accept()
                await connection.next_frame()
                connection.drop()
            desk.api.refused, desk.api.derives = REFUSED, newer
            await trio.sleep(60)
            assert desk.authentication.state == "rejected"
            desk.api.refused = None
            connection = await desk.accept()
            assert KEY[::-1] in connection.received[0]


# Gaps


async def test_open_orders_come_first_and_then_the_word_that_they_are_all(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.orders = {"0x1": order_row("0x1"), "0x2": order_row("0x2", filled="3")}
        with desk.subscribe(UserOrderTopic()) as orders:
            await desk.accept()
            events = await until(orders, Reconciled)
            assert [type(event) for event in events] == [
                Connected,
                OrderUpdate,
                OrderUpdate,
                Reconciled,
            ]
            assert {event.source for event in events[1:3]} == {"reconciled"}
            assert (events[-1].open_orders, events[-1].found_orders) == (2, 2)
            assert desk.ledger.complete


async def test_what_happened_while_cut_off_is_told_once_before_the_account_is_complete(
    autojump_clock,
):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic(), UserTradeTopic()) as account:
            connection = await desk.accept()
            await until(account, Reconciled)
            live = [order_frame(f"0x{n}") for n in range(1, 6)]
            connection.say(*live, trade_frame("t0", "0x9"))
            await until(account, TradeUpdate)
            connection.drop()
            desk.api.orders = {
                "0x1": order_row("0x1"),
                "0x2": order_row("0x2", filled="4"),
                "0x3": order_row("0x3", status="CANCELED"),
                "0x4": order_row("0x4", filled="10", status="MATCHED"),
                "0x6": order_row("0x6"),
            }
            desk.api.rows = [
                trade_row("t0", "0x9", "CONFIRMED"),
                trade_row("t1", "0x5"),
                trade_row("t2", "0x4", "MINED"),
            ]
            assert isinstance((await until(account, Interrupted))[-1], Interrupted)
            connection = await desk.accept()
            events = await until(account, Reconciled)
            updates = [event for event in events if isinstance(event, OrderUpdate | TradeUpdate)]
            assert sorted(states(updates)) == [
                ("0x2", "LIVE", "4"),
                ("0x3", "CANCELED", "0"),
                ("0x4", "MATCHED", "10"),
                ("0x5", "MATCHED", "10"),
                ("0x6", "LIVE", "0"),
                ("t0", "CONFIRMED"),
                ("t1", "MATCHED"),
                ("t2", "MINED"),
            ]
            assert {event.source for event in updates} == {"reconciled"}
            assert (events[-1].found_orders, events[-1].found_trades) == (5, 3)
            # The channel's late echo of what REST has told already is not told again.
            connection.say(order_frame("0x3", "CANCELLATION", status="CANCELED"))
            connection.say(trade_frame("t1", "0x5"), trade_frame("t1", "0x5", "MINED"))
            assert states(await until(account, TradeUpdate)) == [("t1", "MINED")]
            assert desk.ledger.counters.duplicate_updates == 2


async def test_live_events_are_not_held_up_while_rest_does_not_answer(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.failures = [BUSY, RestFailed("https://clob/data/orders", "HTTP 500", status=500)]
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            await trio.sleep(1)
            connection.say(order_frame("0x1"))
            events = await until(orders, OrderUpdate)
            (told,) = [event for event in events if isinstance(event, Incomplete)]
            assert "HTTP 429" in told.reason
            assert not any(isinstance(event, Reconciled) for event in events)
            assert "HTTP 429" in desk.ledger.problem
            await until(orders, Reconciled)
            times = [at for what, at in desk.api.asked if what == "orders"]
            assert times[1] - times[0] >= 7.0
            assert desk.ledger.problem is None


async def test_what_stood_in_an_unreadable_frame_is_asked_for_at_once(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            await until(orders, Reconciled)
            desk.api.orders = {"0x1": order_row("0x1")}
            connection.say({**order_frame("0x1"), "price": "not a number"})
            events = await until(orders, Reconciled)
            assert [type(event) for event in events] == [Incomplete, OrderUpdate, Reconciled]
            assert "not a number" in events[0].reason
            assert not connection.closed


async def test_a_gap_that_opens_while_another_is_being_filled_is_filled_too(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()) as orders:
            connection = await desk.accept()
            await trio.sleep(0.015)
            assert [what for what, _ in desk.api.asked] == ["orders"]
            desk.api.orders = {"0x1": order_row("0x1")}
            connection.say({**order_frame("0x1"), "price": "not a number"})
            events = await until(orders, Reconciled)
            assert states(events) == [("0x1", "LIVE", "0")]
            assert [what for what, _ in desk.api.asked].count("orders") == 2


async def test_a_late_subscriber_begins_with_the_open_orders(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()) as first:
            connection = await desk.accept()
            await until(first, Reconciled)
            connection.say(order_frame("0x1"), order_frame("0x2", market=OTHER_MARKET))
            connection.say(order_frame("0x1", "CANCELLATION", status="CANCELED"))
            await until(first, OrderUpdate)
            await trio.testing.wait_all_tasks_blocked()
            with (
                desk.subscribe(UserOrderTopic()) as late,
                desk.subscribe(UserOrderTopic(MARKET)) as elsewhere,
            ):
                events = late.receive_nowait()
                assert states(events) == [("0x2", "LIVE", "0")]
                assert isinstance(events[-1], Reconciled)
                assert states(elsewhere.receive_nowait()) == []
                connection.say(order_frame("0x2", "UPDATE", market=OTHER_MARKET, filled="5"))
                assert states(await until(late, OrderUpdate)) == [("0x2", "LIVE", "5")]


async def test_what_happened_while_nobody_subscribed_is_no_news_but_its_result_is(autojump_clock):
    async with open_account_desk() as desk:
        desk.api.orders = {"0x1": order_row("0x1"), "0x2": order_row("0x2")}
        with desk.subscribe(UserOrderTopic(), UserTradeTopic()) as first:
            connection = await desk.accept()
            await until(first, Reconciled)
            connection.say(trade_frame("t1", "0x1"))
            await until(first, TradeUpdate)
        await trio.sleep(3600)
        assert connection.closed
        desk.api.orders["0x2"] = order_row("0x2", status="CANCELED")
        long_ago = "1700000000"
        desk.api.rows = [
            trade_row("t1", "0x1", "CONFIRMED", match_time=long_ago),
            trade_row("t2", "0x3", "CONFIRMED", match_time=long_ago),
        ]
        with desk.subscribe(UserOrderTopic(), UserTradeTopic()) as second:
            await desk.accept()
            events = await until(second, Reconciled)
            assert states(events) == [
                ("0x1", "LIVE", "0"),
                ("0x2", "LIVE", "0"),
                ("0x2", "CANCELED", "0"),
                ("t1", "CONFIRMED"),
            ]
            assert isinstance(events[2], Incomplete)


async def test_a_reader_learns_of_a_suspension_and_what_it_missed(autojump_clock):
    async with open_account_desk() as desk:
        with desk.subscribe(UserOrderTopic()) as orders:
            await desk.accept()
            await until(orders, Reconciled)
            desk.pool.interest.suspend(suspended=True)
            assert (await until(orders, Interrupted))[-1].reason == "disconnected on request"
            assert not desk.ledger.complete
            desk.api.orders = {"0x1": order_row("0x1")}
            desk.pool.interest.suspend(suspended=False)
            await desk.accept()
            assert states(await until(orders, Reconciled)) == [("0x1", "LIVE", "0")]
