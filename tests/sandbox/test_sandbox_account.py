import json
from collections import Counter
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime.sandbox import Account, Exchange
from polymarket_realtime.sandbox.account import ROUTES
from polymarket_realtime.sandbox.books import Change, show_size

OWNER = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"


@attrs.define
class Stage:
    """An exchange with an account, a clock that a step moves, and all that was said."""

    seed: int = 7
    options: dict = attrs.field(factory=dict)
    now: float = 1_791_000_000.5
    market_frames: list = attrs.field(factory=list)
    user_frames: list = attrs.field(factory=list)
    exchange: Exchange = None

    def __attrs_post_init__(self):
        account = Account(self.seed, self.user_frames.append, self.clock, OWNER)
        self.exchange = Exchange(
            self.seed, self.market_frames.append, self.clock, account=account, **self.options
        )

    def clock(self):
        return self.now

    def step(self):
        self.now += 0.125
        self.exchange.step()

    @property
    def account(self):
        return self.exchange.account

    @property
    def broker(self):
        return self.exchange.broker

    def said(self):
        return [json.loads(frame.text) for frame in self.user_frames]

    def heard(self):
        """The (type, status, filled) of all user frames and forget them."""
        told = [
            (f["type"], f["status"], f["size_matched"] if f["type"] != "TRADE" else f["size"])
            for f in self.said()
        ]
        self.user_frames.clear()
        return told

    def level(self, token, side, price):
        book = self.exchange.book(token)
        levels = book["bids" if side == "BUY" else "asks"]
        return next((each["size"] for each in levels if each["price"] == price), "0")


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def token(stage):
    """The first token of a market with bids of 100 at 0.49, asks of 40 at 0.52, 60 at 0.53."""
    market = stage.exchange.create_market("Will it rain tomorrow?")
    for token in market.token_ids:
        for level in stage.exchange.book(token)["bids"]:
            stage.exchange.cancel(token, "BUY", level["price"])
    token = market.token_ids[0]
    for side, price, size in (
        ("BUY", "0.49", "100"),
        ("SELL", "0.52", "40"),
        ("SELL", "0.53", "60"),
    ):
        stage.exchange.place(token, side, price, size)
    return token


@pytest.fixture
def other(stage, token):
    """The complementary token."""
    market = next(m for m in stage.exchange.markets if token in m.token_ids)
    return market.token_ids[1]


def own_sizes(account):
    """What the account has open by token, side and price, seen from both tokens."""
    sizes = Counter()
    for order in account.open_orders:
        first = order.token_id, order.side, Decimal(order.price) / 10_000
        opposite = "SELL" if order.side == "BUY" else "BUY"
        second = order.market.token_ids[1 - order.outcome], opposite, 1 - first[2]
        for key in (first, second):
            sizes[key] += order.left
    return sizes


def assert_books_hold(exchange, sizes):
    """Every own order is in its level, as a client would read the book."""
    for (token, side, price), size in sizes.items():
        book = exchange.book(token)
        levels = book["bids" if side == "BUY" else "asks"]
        held = next((level["size"] for level in levels if Decimal(level["price"]) == price), "0")
        assert Decimal(held) >= Decimal(size) / 1_000_000
        if book["bids"] and book["asks"]:
            assert Decimal(book["bids"][-1]["price"]) < Decimal(book["asks"][-1]["price"])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 300), eager=st.booleans())
def test_own_orders_stand_in_the_book_whatever_happens(seed, steps, eager):
    stage = Stage(seed, {"account_acts": True})
    for _ in range(steps):
        stage.step()
        if eager:
            stage.exchange.account_step()
        assert_books_hold(stage.exchange, own_sizes(stage.account))
    assert_frames_tell_the_ledger(stage)


def assert_frames_tell_the_ledger(stage):
    """Who hears every frame knows every order and trade; nothing is said twice or taken back."""
    orders, trades, told = {}, {}, []
    for frame in stage.said():
        if frame["event_type"] == "order":
            before = orders.get(frame["id"])
            assert (before is None) == (frame["type"] == "PLACEMENT")
            if before is not None:
                assert before["status"] == "LIVE"
                assert Decimal(before["size_matched"]) <= Decimal(frame["size_matched"])
            assert Decimal(frame["size_matched"]) <= Decimal(frame["original_size"])
            assert (frame["status"] == "MATCHED") == (
                frame["size_matched"] == frame["original_size"]
            )
            orders[frame["id"]] = frame
            told.append(("order", frame["id"], frame["status"], frame["size_matched"]))
        else:
            trades[frame["id"]] = frame
            told.append(("trade", frame["id"], frame["status"], share_of(frame, orders)))
            makers = sum(Decimal(maker["matched_amount"]) for maker in frame["maker_orders"])
            assert makers == Decimal(frame["size"])
    assert told == [(*t[:3], show_size(t.filled)) for t in stage.account.history]
    assert len(told) == len(set(told))
    assert {i: f["status"] for i, f in orders.items()} == {
        order.id: order.status for order in stage.account.orders
    }
    assert {i: f["status"] for i, f in trades.items()} == {
        trade.id: trade.status for trade in stage.account.trades
    }
    for order in orders.values():
        filled = sum(fill for trade in trades.values() for fill in fills_of(trade, order["id"]))
        assert filled == Decimal(order["size_matched"])


def fills_of(trade, order_id):
    if trade["taker_order_id"] == order_id:
        yield Decimal(trade["size"])
    for maker in trade["maker_orders"]:
        if maker["order_id"] == order_id:
            yield Decimal(maker["matched_amount"])


def share_of(trade, orders):
    fills = [fill for order_id in orders for fill in fills_of(trade, order_id)]
    return format(sum(fills).normalize(), "f")


def test_one_seed_gives_one_account_and_one_flow():
    first, second = (Stage(5, {"account_acts": True}) for _ in range(2))
    for stage in (first, second):
        for _ in range(400):
            stage.step()
    assert first.said() == second.said()
    assert [f.text for f in first.market_frames] == [f.text for f in second.market_frames]


def test_an_account_that_does_not_act_leaves_the_flow_as_it_was():
    alone, watched = Stage(5), Stage(5)
    # The script has its own chance: what it decides must not shift the flow's.
    watched.exchange._script.wants_to_act()
    for stage in (alone, watched):
        for _ in range(200):
            stage.step()
    assert [f.text for f in alone.market_frames] == [f.text for f in watched.market_frames]
    assert alone.user_frames == []


def test_the_script_does_everything_that_an_account_can_do():
    stage = Stage(7, {"account_acts": True})
    for _ in range(3000):
        stage.step()
    frames = stage.said()
    assert 500 < stage.account.steps < 1000
    assert {(f["type"], f["status"]) for f in frames} == {
        ("PLACEMENT", "LIVE"),
        ("PLACEMENT", "MATCHED"),
        ("UPDATE", "LIVE"),
        ("UPDATE", "MATCHED"),
        ("CANCELLATION", "CANCELED"),
        ("CANCELLATION", "CANCELED_MARKET_RESOLVED"),
        ("TRADE", "MATCHED"),
        ("TRADE", "MINED"),
        ("TRADE", "CONFIRMED"),
        ("TRADE", "RETRYING"),
        ("TRADE", "FAILED"),
    }
    trades = [frame for frame in frames if frame["type"] == "TRADE"]
    assert {trade["trader_side"] for trade in trades} == {"TAKER", "MAKER"}
    assert max(len(trade["maker_orders"]) for trade in trades) > 3
    assert any(m["asset_id"] != t["asset_id"] for t in trades for m in t["maker_orders"])
    assert all(0 < trade.share <= trade.size for trade in stage.account.trades)


@pytest.mark.parametrize("rest", [0, 8])
def test_the_script_leaves_an_order_alone_for_some_steps(rest):
    stage = Stage(7, {"account_rest": rest, "lifecycle": False})
    ages = []
    for _ in range(1500):
        before = {order.id: order for order in stage.account.open_orders}
        stage.exchange.account_step()
        gone = [o for o in before.values() if o.status == "CANCELED"]
        ages += [stage.account.steps - order.born for order in gone]
    assert min(ages) == rest + 1


def test_a_resting_order_is_placed_in_the_book_and_told(stage, token, other):
    order = stage.broker.place(token, "BUY", "0.49", "5.5")
    assert stage.level(token, "BUY", "0.49") == "105.5"
    assert stage.level(other, "SELL", "0.51") == "105.5"
    (frame,) = stage.said()
    assert frame == {
        "id": order.id,
        "owner": OWNER,
        "order_owner": OWNER,
        "maker_address": stage.account.funder,
        "market": order.market.condition_id,
        "asset_id": token,
        "outcome": "Yes",
        "side": "BUY",
        "price": "0.49",
        "original_size": "5.5",
        "size_matched": "0",
        "associate_trades": None,
        "expiration": "0",
        "order_type": "GTC",
        "created_at": "1791000000",
        "event_type": "order",
        "status": "LIVE",
        "timestamp": "1791000000500",
        "type": "PLACEMENT",
    }
    assert len(order.id) == 66


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_cancelled_order_leaves_the_rest_of_its_level(stage, token, side):
    price = {"BUY": "0.49", "SELL": "0.52"}[side]
    held = stage.level(token, side, price)
    order = stage.broker.place(token, side, price, "5")
    stage.broker.cancel(order.id)
    assert stage.level(token, side, price) == held
    assert stage.heard() == [("PLACEMENT", "LIVE", "0"), ("CANCELLATION", "CANCELED", "0")]
    with pytest.raises(ValueError, match="is CANCELED"):
        stage.broker.cancel(order.id)


def test_a_stranger_who_takes_part_of_an_order_fills_it_partly_and_then_wholly(stage, token):
    order = stage.broker.place(token, "SELL", "0.51", "30")
    stage.exchange.place(token, "SELL", "0.51", "10")
    stage.exchange.trade(token, "BUY", "12")
    assert stage.level(token, "SELL", "0.51") == "28"
    assert stage.heard() == [
        ("PLACEMENT", "LIVE", "0"),
        ("UPDATE", "LIVE", "12"),
        ("TRADE", "MATCHED", "12"),
    ]
    stage.exchange.trade(token, "BUY", "25")
    assert stage.level(token, "SELL", "0.51") == "3"
    (update, trade) = stage.said()
    assert (update["status"], update["size_matched"]) == ("MATCHED", "30")
    assert update["associate_trades"] == [t.id for t in stage.account.trades]
    assert trade["trader_side"] == "MAKER"
    assert trade["owner"] == trade["trade_owner"] != OWNER
    (own,) = [maker for maker in trade["maker_orders"] if maker["order_id"] == order.id]
    assert own == {
        "order_id": order.id,
        "owner": OWNER,
        "maker_address": stage.account.funder,
        "matched_amount": "18",
        "price": "0.51",
        "fee_rate_bps": "0",
        "asset_id": token,
        "outcome": "Yes",
        "side": "SELL",
    }
    others = [maker for maker in trade["maker_orders"] if maker is not own]
    assert sum(Decimal(maker["matched_amount"]) for maker in others) == 7
    assert OWNER not in {maker["owner"] for maker in others}


def test_an_order_on_the_complementary_token_is_filled_in_its_own_terms(stage, token, other):
    order = stage.broker.place(other, "BUY", "0.49", "10")
    assert stage.level(token, "SELL", "0.51") == "10"
    stage.exchange.trade(token, "BUY", "4")
    trade = stage.said()[-1]
    assert (trade["asset_id"], trade["side"], trade["price"]) == (token, "BUY", "0.51")
    (maker,) = trade["maker_orders"]
    assert (maker["order_id"], maker["asset_id"], maker["outcome"]) == (order.id, other, "No")
    assert (maker["side"], maker["price"], maker["matched_amount"]) == ("BUY", "0.49", "4")


def test_a_sweep_fills_all_orders_that_it_reaches_in_one_trade(stage, token):
    first = stage.broker.place(token, "SELL", "0.52", "5")
    second = stage.broker.place(token, "SELL", "0.53", "7")
    untouched = stage.broker.place(token, "SELL", "0.55", "7")
    stage.user_frames.clear()
    stage.exchange.trade(token, "BUY", "50")
    assert stage.heard() == [
        ("UPDATE", "MATCHED", "5"),
        ("UPDATE", "LIVE", "5"),
        ("TRADE", "MATCHED", "50"),
    ]
    (trade,) = stage.account.trades
    assert trade.share == 10_000_000
    assert first.trade_ids == second.trade_ids == [trade.id]
    assert untouched.matched == 0


def test_a_trade_between_strangers_is_not_told(stage, token):
    stage.broker.place(token, "SELL", "0.53", "5")
    stage.user_frames.clear()
    stage.exchange.trade(token, "BUY", "40")
    assert stage.said() == []


def test_taking_is_told_as_a_placement_that_is_matched_at_once(stage, token):
    order = stage.broker.take(token, "BUY", "45")
    assert stage.level(token, "SELL", "0.53") == "55"
    placement, trade = stage.said()
    assert (placement["type"], placement["status"]) == ("PLACEMENT", "MATCHED")
    assert placement["size_matched"] == placement["original_size"] == "45"
    assert placement["associate_trades"] == [trade["id"]]
    assert set(trade) == {
        "asset_id",
        "bucket_index",
        "event_type",
        "fee_rate_bps",
        "id",
        "last_update",
        "maker_address",
        "maker_orders",
        "market",
        "match_time",
        "outcome",
        "owner",
        "price",
        "side",
        "size",
        "status",
        "taker_order_id",
        "timestamp",
        "trade_owner",
        "trader_side",
        "transaction_hash",
        "type",
    }
    assert (trade["taker_order_id"], trade["trader_side"]) == (order.id, "TAKER")
    assert (trade["owner"], trade["maker_address"]) == (OWNER, stage.account.funder)
    assert (trade["price"], trade["size"], trade["side"]) == ("0.53", "45", "BUY")
    assert trade["transaction_hash"] == ""
    assert order not in stage.account.open_orders


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (lambda broker, token: broker.take(token, "BUY", "1"), "with itself"),
        (lambda broker, token: broker.take(token, "SELL", "101"), "lacks 1 of 101"),
        (lambda broker, token: broker.place(token, "BUY", "0.52", "5"), "would cross"),
        (lambda broker, token: broker.place(token, "BUY", "0.485", "5"), "multiple of 0.01"),
        (lambda broker, token: broker.cancel("0x12"), "has no order 0x12"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_happens(stage, token, act, problem):
    stage.broker.place(token, "SELL", "0.51", "5")
    stage.market_frames.clear()
    stage.user_frames.clear()
    with pytest.raises(ValueError, match=problem):
        act(stage.broker, token)
    assert stage.market_frames == stage.user_frames == []


def test_a_stranger_cannot_cancel_what_is_not_his(stage, token):
    stage.broker.place(token, "BUY", "0.49", "30")
    with pytest.raises(ValueError, match="holds 100"):
        stage.exchange.cancel(token, "BUY", "0.49", "101")
    stage.exchange.cancel(token, "BUY", "0.49")
    assert stage.level(token, "BUY", "0.49") == "30"
    with pytest.raises(ValueError, match="holds 0"):
        stage.exchange.cancel(token, "BUY", "0.49")


def test_a_price_that_would_pass_own_orders_trades_with_them(stage, token):
    order = stage.broker.place(token, "SELL", "0.53", "5")
    stage.user_frames.clear()
    # Strangers withdraw before a rising price; the account's order cannot.
    changes = [Change(0, "SELL", price, 0) for price in (5200, 5300)]
    changes.append(Change(0, "BUY", 5300, 9_000_000))
    stage.exchange._trading.move(order.market, changes)
    assert stage.heard() == [("UPDATE", "MATCHED", "5"), ("TRADE", "MATCHED", "105")]
    assert stage.level(token, "BUY", "0.53") == "9"
    assert stage.exchange.book(token)["asks"] == []


def test_strangers_who_withdraw_leave_own_orders_alone(stage, token):
    order = stage.broker.place(token, "SELL", "0.53", "5")
    stage.user_frames.clear()
    stage.exchange._trading.move(order.market, [Change(0, "SELL", 5300, 0)])
    assert stage.level(token, "SELL", "0.53") == "5"
    assert stage.said() == []


def test_a_trade_settles_step_by_step_and_then_rests(stage, token):
    for _ in range(40):
        stage.exchange.place(token, "SELL", "0.51", "5")
        stage.broker.take(token, "BUY", "5")
    stage.user_frames.clear()
    for _ in range(4):
        stage.now += 2
        stage.account.settle_trades()
    ways = {}
    for frame in stage.said():
        ways.setdefault(frame["id"], []).append(frame["status"])
        mined = frame["status"] in {"MINED", "CONFIRMED"}
        assert len(frame["transaction_hash"]) == (66 if mined else 0)
        assert int(frame["last_update"]) > int(frame["match_time"]) == 1_791_000_000
    assert {tuple(way) for way in ways.values()} == set(ROUTES)
    stage.user_frames.clear()
    stage.account.settle_trades()
    assert stage.said() == []


def test_a_market_that_ends_cancels_own_orders_in_it_first(stage, token):
    here = stage.broker.place(token, "BUY", "0.48", "5")
    elsewhere_token = stage.exchange.markets[0].token_ids[0]
    best = stage.exchange.book(elsewhere_token)["bids"][-1]["price"]
    elsewhere = stage.broker.place(elsewhere_token, "BUY", best, "5")
    stage.user_frames.clear()
    stage.exchange.resolve(here.market.condition_id, 0)
    assert stage.heard() == [("CANCELLATION", "CANCELED_MARKET_RESOLVED", "0")]
    assert stage.account.open_orders == (elsewhere,)


def test_own_orders_survive_a_change_of_the_tick_size(stage, token):
    order = stage.broker.place(token, "BUY", "0.48", "5")
    stage.exchange.change_tick(order.market.condition_id, "0.001")
    assert stage.account.open_orders == (order,)
    assert_books_hold(stage.exchange, own_sizes(stage.account))
