"""What the ledger tells of a single order or trade; and, at the end, of any history at all."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._codec.user import decode_user_frames, structure_order, structure_trade
from polymarket_realtime._model.account_feed import Reconciled
from polymarket_realtime._model.credentials import OWN_KEY_MASK
from polymarket_realtime._model.user import TradeRole, UpdateSource
from polymarket_realtime._model.values import Side
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.translate import Receipt

STREAM, REST = UpdateSource.STREAM, UpdateSource.RECONCILED
YES, NO = "1" * 77, "2" * 77
MARKET, OTHER_MARKET = "0x" + "c0" * 32, "0x" + "d0" * 32
WALL = 1_700_000_000
"""When the ledger begins, in seconds since the epoch; the protocol's clock shows 0 then."""

CAPTURED_KEY = b"3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"


def receipt(at=0.0):
    return Receipt(b"raw", at, WALL + at)


def order(order_id="A", status="LIVE", filled="0", size="10", **fields):
    return structure_order(
        {
            "id": order_id,
            "market": MARKET,
            "asset_id": YES,
            "side": "BUY",
            "price": "0.4",
            "original_size": size,
            "size_matched": filled,
            "status": status,
            "owner": OWN_KEY_MASK,
            **fields,
        }
    )


def trade(status="MATCHED", trade_id="T", size="4", at=0, **fields):
    """As the taker, unless the fields say otherwise; matched `at` seconds after the beginning."""
    return structure_trade(
        {
            "id": trade_id,
            "taker_order_id": "A",
            "market": MARKET,
            "asset_id": YES,
            "side": "BUY",
            "size": size,
            "price": "0.4",
            "status": status,
            "owner": OWN_KEY_MASK,
            "match_time": str(WALL + at),
            **fields,
        }
    )


def maker(order_id="M", owner="he", amount="3", price="0.6", asset_id=YES, **fields):
    return {
        "order_id": order_id,
        "owner": owner,
        "matched_amount": amount,
        "price": price,
        "asset_id": asset_id,
        **fields,
    }


def open_ledger(**knobs):
    ledger = AccountLedger(**knobs)
    ledger.begin(WALL)
    return ledger


def told_orders(ledger, *frames, source=STREAM):
    updates = [u for frame in frames for u in ledger.take_order(frame, receipt(), source)]
    return [(update.status, int(update.filled_size)) for update in updates]


def told_trades(ledger, *frames, source=STREAM):
    updates = [u for frame in frames for u in ledger.take_trade(frame, receipt(), source)]
    return [(update.order_id, update.status) for update in updates]


# Orders


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([("LIVE", "0"), ("LIVE", "3"), ("MATCHED", "10")], None),
        ([("DELAYED", "0"), ("LIVE", "0"), ("CANCELED", "0")], None),
        ([("LIVE", "0"), ("INVALID", "0")], None),
        ([("MATCHED", "10")], None),
        ([("MATCHED", "4"), ("LIVE", "4"), ("LIVE", "5")], None),
        ([("LIVE", "10"), ("MATCHED", "10"), ("CANCELED", "10")], None),
        ([("CANCELED_order couldn't be filled.", "")], [("CANCELED_order couldn't be filled.", 0)]),
        ([("LIVE", "3"), ("CANCELED", "")], [("LIVE", 3), ("CANCELED", 3)]),
        ([("LIVE", "0"), ("LIVE", "0.0"), ("LIVE", "")], [("LIVE", 0)]),
        ([("LIVE", "3"), ("LIVE", "1")], [("LIVE", 3)]),
        ([("LIVE", "3"), ("CANCELED", "1")], [("LIVE", 3), ("CANCELED", 3)]),
        ([("CANCELED", "3"), ("LIVE", "3")], [("CANCELED", 3)]),
        ([("INVALID", "0"), ("LIVE", "0")], [("INVALID", 0)]),
        ([("MATCHED", "10"), ("LIVE", "5"), ("LIVE", "10")], [("MATCHED", 10)]),
        ([("CANCELED", "3"), ("MATCHED", "10")], [("CANCELED", 3)]),
        ([("CANCELED", "3"), ("CANCELED_EXPIRED_ORDER", "3")], [("CANCELED", 3)]),
        ([("CANCELED", "3"), ("CANCELED", "4")], [("CANCELED", 3), ("CANCELED", 4)]),
        ([("LIVE", "0"), ("DELAYED", "0")], [("LIVE", 0)]),
        ([("LIVE", "0"), ("NEW WORD", "0"), ("LIVE", "0")], [("LIVE", 0), ("NEW WORD", 0)]),
    ],
)
def test_an_order_is_told_once_in_each_state_and_never_goes_back(said, told):
    expected = [(status, int(filled)) for status, filled in said] if told is None else told
    ledger = open_ledger()
    assert told_orders(ledger, *(order("A", *state) for state in said)) == expected
    counters = ledger.counters
    assert counters.duplicate_updates + counters.late_updates == len(said) - len(expected)
    assert ledger.revision == len(expected)


def test_repetitions_and_old_news_are_counted_apart():
    ledger = open_ledger()
    told_orders(ledger, order(), order(), order("A", "LIVE", "2"), order(), order("A", "LIVE", "1"))
    told_trades(ledger, trade("MINED"), trade("MINED"), trade("MATCHED"))
    assert (ledger.counters.duplicate_updates, ledger.counters.late_updates) == (2, 3)


def test_an_order_without_a_status_is_open_unless_it_is_cancelled():
    ledger = open_ledger()
    frames = [order(status="", type="PLACEMENT"), order(status="", type="CANCELLATION")]
    assert told_orders(ledger, *frames) == [("LIVE", 0), ("CANCELED", 0)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1725842520", 1725842520), ("1725842520000", 1725842520), ("0", None), ("", None)],
)
def test_times_are_seconds_or_milliseconds_or_none(written, expected):
    [update] = open_ledger().take_order(
        order(created_at=written, expiration=written, timestamp=written), receipt(), STREAM
    )
    times = {update.created_at, update.expires_at, update.timestamp}
    assert {time and time.timestamp() for time in times} == {expected}


@pytest.mark.parametrize("written", ["2026-03-24T18:36:24Z", "-5", "9" * 15, "1725842520.5"])
def test_a_time_that_is_none_costs_nothing_but_itself(written):
    [update] = open_ledger().take_order(order(created_at=written), receipt(), STREAM)
    assert update.created_at is None


def test_an_update_says_how_it_became_known_and_in_which_order():
    ledger = open_ledger()
    [first] = ledger.take_order(order(type="PLACEMENT"), receipt(5.0), STREAM)
    [second] = ledger.take_trade(trade(), receipt(6.0), REST)
    assert (first.source, first.revision, first.received, first.raw) == (
        STREAM,
        1,
        WALL + 5,
        b"raw",
    )
    assert (second.source, second.revision) == (REST, 2)
    assert (first.action, first.outcome, first.order_type) == ("PLACEMENT", None, None)


def test_open_orders_are_given_oldest_first_and_by_market():
    ledger = open_ledger()
    young, old = order("Y", created_at="1700000009"), order("O", created_at="1700000001")
    other = order("X", created_at="1700000005", market=OTHER_MARKET)
    told_orders(ledger, young, old, other, order("C"), order("C", "CANCELED"))
    assert [update.order_id for update in ledger.open_orders()] == ["O", "X", "Y"]
    assert [update.order_id for update in ledger.open_orders(OTHER_MARKET)] == ["X"]


# Trades


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("MATCHED MINED CONFIRMED", None),
        ("MATCHED RETRYING FAILED", None),
        ("MATCHED_NOT_BROADCASTED MATCHED MINED", None),
        ("MATCHED NEW_WORD CONFIRMED", None),
        ("MATCHED MATCHED", "MATCHED"),
        ("MINED MATCHED", "MINED"),
        ("MATCHED MINED RETRYING MINED CONFIRMED", "MATCHED MINED RETRYING CONFIRMED"),
        ("CONFIRMED FAILED", "CONFIRMED"),
        ("FAILED MINED CONFIRMED", "FAILED"),
    ],
)
def test_a_trade_is_told_once_in_each_status_and_final_ones_end_it(said, told):
    updates = told_trades(open_ledger(), *(trade(status) for status in said.split()))
    assert [status for _, status in updates] == (told or said).split()


def test_each_part_of_a_trade_that_settles_in_several_is_told():
    frames = [trade(bucket_index=number) for number in (None, 0, 1, 1)]
    assert len(told_trades(open_ledger(), *frames)) == 2


def test_each_of_ones_own_maker_orders_is_told_with_its_own_numbers():
    frame = trade(
        owner="he",
        trader_side="MAKER",
        maker_orders=[
            maker("M1", OWN_KEY_MASK, "3", "0.6", NO, outcome="No", fee_rate_bps="7"),
            maker("X", "another"),
            maker("M2", OWN_KEY_MASK, "1", "0.4", YES),
        ],
    )
    first, second = open_ledger().take_trade(frame, receipt(), STREAM)
    assert (first.order_id, first.size, first.price) == ("M1", Decimal(3), Decimal("0.6"))
    assert (first.asset_id, first.outcome, first.fee_rate_bps) == (NO, "No", Decimal(7))
    assert (second.order_id, second.size, second.asset_id) == ("M2", Decimal(1), YES)
    assert {first.role, second.role} == {TradeRole.MAKER}
    assert first.taker_order_id == "A"


@pytest.mark.parametrize(
    ("taker", "asset_id", "said", "side"),
    [
        ("BUY", YES, None, Side.SELL),
        ("SELL", YES, None, Side.BUY),
        ("BUY", NO, None, Side.BUY),
        ("SELL", NO, None, Side.SELL),
        ("BUY", YES, "BUY", Side.BUY),
    ],
)
def test_the_side_of_a_maker_follows_from_the_takers_unless_it_is_said(taker, asset_id, said, side):
    own = maker("M", OWN_KEY_MASK, asset_id=asset_id, side=said)
    frame = trade(owner="he", side=taker, trader_side="MAKER", maker_orders=[own])
    [update] = open_ledger().take_trade(frame, receipt(), STREAM)
    assert update.side is side


@pytest.mark.parametrize(
    ("fields", "order_id", "role"),
    [
        ({}, "A", TradeRole.TAKER),
        ({"owner": "he", "trader_side": "TAKER"}, "A", TradeRole.TAKER),
        ({"owner": "he", "maker_orders": [maker("M", OWN_KEY_MASK)]}, "M", TradeRole.MAKER),
        (
            {"owner": "he", "trader_side": "MAKER", "maker_orders": [maker("M")]},
            "M",
            TradeRole.MAKER,
        ),
        (
            {"owner": "he", "trader_side": "MAKER", "maker_orders": [maker("M"), maker("N")]},
            None,
            TradeRole.MAKER,
        ),
        ({"owner": "he", "maker_orders": [maker("M")]}, None, None),
        ({"owner": "he"}, None, None),
        ({"owner": "he", "maker_address": "0xAB"}, "A", TradeRole.TAKER),
        (
            {"owner": "he", "maker_orders": [maker("M"), maker("N", maker_address="0xaB")]},
            "N",
            TradeRole.MAKER,
        ),
    ],
)
def test_ones_own_order_is_found_by_key_by_address_or_by_the_role_and_else_unknown(
    fields, order_id, role
):
    [update] = open_ledger(address="0xAb").take_trade(trade(**fields), receipt(), STREAM)
    assert (update.order_id, update.role) == (order_id, role)


def test_the_address_of_ones_own_orders_shows_those_of_other_keys():
    ledger = open_ledger()
    told_orders(ledger, order("A", maker_address="0xAB"))
    told_orders(ledger, order("B", owner="he", maker_address="0xCD"))
    own, foreign = maker("M", maker_address="0xab"), maker("N", maker_address="0xcd")
    frame = trade(owner="he", maker_orders=[foreign, own])
    assert told_trades(ledger, frame) == [("M", "MATCHED")]


def test_a_trade_whose_order_becomes_known_later_is_not_told_anew():
    ledger = open_ledger()
    frames = [maker("M", maker_address="0xab"), maker("N")]
    before = trade(owner="he", trader_side="MAKER", maker_orders=frames)
    assert told_trades(ledger, before) == [(None, "MATCHED")]
    told_orders(ledger, order("A", maker_address="0xAB"))
    assert told_trades(ledger, before) == []
    after = trade("MINED", owner="he", trader_side="MAKER", maker_orders=frames)
    assert told_trades(ledger, after) == [("M", "MINED")]


@pytest.mark.parametrize(
    ("name", "order_id", "role", "size", "price", "side"),
    [
        ("user_trade1", "0xab679e56", TradeRole.MAKER, "5", "0.518", Side.SELL),
        ("user_trade2", "0x5b605a0e", TradeRole.TAKER, "5", "0.52", Side.BUY),
        ("trades", "0x4505aada", TradeRole.TAKER, "5", "0.489", Side.BUY),
    ],
)
def test_recorded_trades_are_told_as_ones_own(captures, name, order_id, role, size, price, side):
    payload = (captures / f"nautilus-python/{name}.json").read_bytes()
    scrubbed = payload.replace(CAPTURED_KEY, OWN_KEY_MASK.encode())
    frame = structure_trade(json.loads(scrubbed))
    [update] = open_ledger().take_trade(frame, receipt(), STREAM)
    assert update.order_id.startswith(order_id)
    assert (update.role, update.side) == (role, side)
    assert (update.size, update.price) == (Decimal(size), Decimal(price))


@pytest.mark.parametrize(
    ("path", "status", "filled"),
    [
        ("nautilus-python/order_placement.json", "LIVE", 0),
        ("nautilus-python/order_cancel.json", "CANCELED", 5),
        ("nautilus-rust/ws_user_order_venue_cancel.json", "INVALID", 0),
    ],
)
def test_recorded_orders_are_told(captures, path, status, filled):
    [(frame, _)] = decode_user_frames((captures / path).read_bytes())
    ledger = open_ledger()
    assert told_orders(ledger, frame) == [(status, filled)]
    assert bool(ledger.open_orders()) == (status == "LIVE")


# Gaps


def reconciled(ledger, at=0.0):
    return Reconciled(
        received=WALL + at,
        connection="user#0",
        open_orders=0,
        found_orders=0,
        found_trades=0,
        incomplete_since=ledger.incomplete_since,
    )


def test_the_account_is_complete_between_a_reconciliation_and_the_next_interruption():
    ledger = AccountLedger()
    assert (ledger.complete, ledger.incomplete_since) == (False, None)
    ledger.begin(WALL + 5)
    ledger.interrupt(WALL + 9)
    assert (ledger.complete, ledger.incomplete_since) == (False, WALL + 5)
    ledger.problem = "REST is down"
    done = reconciled(ledger)
    ledger.conclude(done)
    assert (ledger.complete, ledger.incomplete_since, ledger.problem) == (True, None, None)
    assert ledger.last_reconciled is done
    ledger.interrupt(WALL + 90)
    assert (ledger.complete, ledger.incomplete_since) == (False, WALL + 90)
    assert ledger.last_reconciled is None


def test_what_happens_while_nobody_cares_is_no_gap_and_no_news():
    ledger = open_ledger()
    told_trades(ledger, trade("MATCHED", "old", at=100))
    ledger.rest()
    ledger.interrupt(WALL + 500)
    assert (ledger.complete, ledger.incomplete_since) == (False, None)
    ledger.begin(WALL + 1000)
    assert ledger.incomplete_since == WALL + 1000
    assert told_trades(ledger, trade("CONFIRMED", "new", at=700), source=REST) == []
    assert told_trades(ledger, trade("CONFIRMED", "old", at=100), source=REST) == [
        ("A", "CONFIRMED")
    ]


def test_trades_are_asked_for_from_the_gap_or_the_oldest_unsettled_one_on():
    ledger = open_ledger()
    assert ledger.trades_after() == WALL - 60
    told_trades(ledger, trade("MATCHED", "old", at=100), trade("CONFIRMED", "done", at=90))
    ledger.conclude(reconciled(ledger))
    ledger.interrupt(WALL + 1000.9)
    assert ledger.trades_after() == WALL + 40
    told_trades(ledger, trade("FAILED", "old", at=100))
    assert ledger.trades_after() == WALL + 940


def test_rest_tells_no_history_but_what_becomes_of_it():
    ledger = open_ledger()
    before = trade("MINED", "H", at=-1)
    assert told_trades(ledger, before, source=REST) == []
    assert told_trades(ledger, before) == []
    assert told_trades(ledger, trade("CONFIRMED", "H", at=-1), source=REST) == [("A", "CONFIRMED")]


def test_a_ledger_that_has_not_begun_takes_everything_of_rest_for_history():
    ledger = AccountLedger()
    assert told_trades(ledger, trade(at=100), source=REST) == []
    assert ledger.trades_after() == WALL + 40


def test_a_trade_in_the_second_of_the_beginning_is_news():
    ledger = AccountLedger()
    ledger.begin(WALL + 0.9)
    assert told_trades(ledger, trade(at=0), source=REST) == [("A", "MATCHED")]


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_whether_a_trade_is_news_is_judged_by_the_clock_of_the_venue(ahead):
    ledger = AccountLedger()
    ledger.begin(WALL - ahead)
    ledger.clock_offset = ahead
    assert ledger.trades_after() == WALL - 60
    assert told_trades(ledger, trade("MATCHED", "old", at=-5), source=REST) == []
    assert told_trades(ledger, trade("MATCHED", "new", at=0), source=REST) == [("A", "MATCHED")]


def test_the_channel_tells_a_trade_however_old_it_is():
    assert told_trades(open_ledger(), trade(at=-5000)) == [("A", "MATCHED")]


def test_the_list_of_open_orders_tells_differences_and_shows_whose_fate_is_unknown():
    ledger = open_ledger()
    for name in "ABC":
        ledger.take_order(order(name), receipt(1.0), STREAM)
    ledger.take_order(order("NEW"), receipt(6.0), STREAM)
    ledger.take_order(order("C", "CANCELED"), receipt(6.0), STREAM)
    rows = [order("A", "LIVE", "2"), order("C"), order("D")]
    events, unlisted = ledger.take_open_orders(rows, receipt(7.0), asked_at=5.0)
    assert [(e.order_id, e.status, int(e.filled_size)) for e in events] == [
        ("A", "LIVE", 2),
        ("D", "LIVE", 0),
    ]
    assert unlisted == ["B"]


@pytest.mark.parametrize(
    ("row", "trades", "told"),
    [
        (order("A", "CANCELED", "3"), [], [("CANCELED", 3)]),
        (order("A", "MATCHED", "10"), [], [("MATCHED", 10)]),
        (order("A", "LIVE", "0"), [], []),
        (order("A", "LIVE", "3"), [], [("LIVE", 3)]),
        (None, [], [("CANCELED", 0)]),
        (None, [trade(size="4")], [("CANCELED", 4)]),
        (None, [trade(size="4"), trade(trade_id="U", size="6")], [("MATCHED", 10)]),
        (None, [trade(size="10"), trade(trade_id="U", size="6")], [("MATCHED", 10)]),
        (None, [trade(size="10", taker_order_id="B")], [("CANCELED", 0)]),
    ],
)
def test_the_fate_of_an_order_is_what_rest_says_or_what_its_trades_show(row, trades, told):
    ledger = open_ledger()
    told_orders(ledger, order("A"))
    told_trades(ledger, *trades)
    updates = ledger.take_closed_order("A", row, receipt(9.0))
    assert [(update.status, int(update.filled_size)) for update in updates] == told
    assert all(update.source is REST for update in updates)


def test_the_fate_of_an_order_that_is_closed_or_unknown_is_no_news():
    ledger = open_ledger()
    told_orders(ledger, order("A", "CANCELED"))
    assert ledger.take_closed_order("A", None, receipt()) == []
    assert ledger.take_closed_order("never", None, receipt()) == []


def test_a_concluded_fate_gives_way_to_what_the_venue_says_and_repeats_nothing():
    ledger = open_ledger()
    told_orders(ledger, order("A"), order("B"))
    for name in "AB":
        ledger.take_closed_order(name, None, receipt())
    assert told_orders(ledger, order("A", "CANCELED"), order("B", "MATCHED", "10")) == [
        ("MATCHED", 10)
    ]
    assert told_orders(ledger, order("B", "CANCELED", "0"), order("B", "LIVE", "0")) == [
        ("CANCELED", 10)
    ]


def test_a_concluded_fill_is_not_taken_back_by_an_old_state():
    ledger = open_ledger()
    told_orders(ledger, order("A"))
    told_trades(ledger, trade(size="10"))
    [update] = ledger.take_closed_order("A", None, receipt())
    assert update.status == "MATCHED"
    assert told_orders(ledger, order("A", "LIVE", "4"), order("A", "MATCHED", "4")) == []


# Bounds


def test_what_is_over_is_forgotten_oldest_first_and_what_is_open_never():
    ledger = open_ledger(keep=3)
    told_orders(ledger, *(order(f"open{n}") for n in range(5)))
    told_orders(ledger, *(order(f"gone{n}", "CANCELED") for n in range(5)))
    assert len(ledger.open_orders()) == 5
    repeated = [order(f"gone{n}", "CANCELED") for n in (2, 3, 4)]
    assert told_orders(ledger, *repeated) == []
    assert told_orders(ledger, order("gone0", "CANCELED")) == [("CANCELED", 0)]


def test_a_forgotten_trade_is_not_told_anew_by_rest():
    ledger = open_ledger(keep=2)
    final = [trade("CONFIRMED", f"T{n}", at=n) for n in range(5)]
    assert len(told_trades(ledger, trade("MATCHED", "stuck", at=0), *final)) == 6
    assert told_trades(ledger, *final, trade("MATCHED", "stuck", at=0), source=REST) == []
    assert told_trades(ledger, trade("MATCHED", "new", at=9), source=REST) == [("A", "MATCHED")]


# Any history


class World:
    """A venue that knows the truth, a channel that is cut now and then, and a ledger."""

    def __init__(self):
        self.now = -1000.0
        self.orders, self.trades = {}, {}
        self.connected = False
        self.delivered = []
        self.question = None
        self.ledger = AccountLedger()
        self.states, self.statuses = {}, {}
        self.known_at_least = set()

    def say(self, frame):
        if self.connected:
            self.delivered.append(frame)
            self.deliver(frame, STREAM)

    def deliver(self, frame, source):
        if frame.__class__.__name__ == "OrderFrame":
            self.note(self.ledger.take_order(frame, receipt(self.now), source))
        else:
            self.note(self.ledger.take_trade(frame, receipt(self.now), source))

    def note(self, updates):
        for update in updates:
            if hasattr(update, "filled_size"):
                states = self.states.setdefault(update.order_id, [])
                state = (update.status, int(update.filled_size))
                assert state not in states
                assert not states or state[1] >= states[-1][1]
                states.append(state)
            else:
                statuses = self.statuses.setdefault(update.trade_id, [])
                assert update.status not in statuses
                statuses.append(update.status)

    def frame_of(self, name):
        status, filled = self.orders[name]
        return order(name, status, str(filled))

    def row_of(self, name):
        status, number, at = self.trades[name]
        return trade(status, name, size="5", at=int(at), taker_order_id=f"O{number}")

    def has_old_trades(self, name):
        """Whether some were made before the ledger began, which knows nothing of them."""
        return any(f"O{number}" == name and at < 0 for _, number, at in self.trades.values())

    def pick(self, names, choice):
        names = sorted(names)
        return names[choice % len(names)] if names else None

    # What may happen

    def place(self, _):
        name = f"O{len(self.orders)}"
        self.orders[name] = ("LIVE", 0)
        self.say(self.frame_of(name))

    def resting(self):
        return [name for name, (status, _) in self.orders.items() if status == "LIVE"]

    def fill(self, choice):
        name = self.pick(self.resting(), choice)
        if name is not None:
            filled = self.orders[name][1] + 5
            self.orders[name] = ("MATCHED" if filled == 10 else "LIVE", filled)
            deal = f"T{len(self.trades)}"
            self.trades[deal] = ("MATCHED", int(name[1:]), self.now)
            frames = [self.frame_of(name), self.row_of(deal)]
            for frame in frames if choice % 2 else reversed(frames):
                self.say(frame)

    def cancel(self, choice):
        name = self.pick(self.resting(), choice)
        if name is not None:
            self.orders[name] = ("CANCELED", self.orders[name][1])
            self.say(self.frame_of(name))

    def settle(self, choice):
        following = {"MATCHED": ["MINED", "RETRYING"], "MINED": ["CONFIRMED"]}
        following["RETRYING"] = ["CONFIRMED", "FAILED"]
        name = self.pick([n for n, deal in self.trades.items() if deal[0] in following], choice)
        if name is not None:
            status, number, at = self.trades[name]
            self.trades[name] = (following[status][choice % len(following[status])], number, at)
            self.say(self.row_of(name))

    def repeat(self, choice):
        if self.connected and self.delivered:
            self.say(self.delivered[choice % len(self.delivered)])

    def cut(self, _):
        self.connected, self.question = False, None
        self.ledger.interrupt(WALL + self.now)

    def dial(self, _):
        self.connected = True
        self.ask(0)

    def ask(self, _):
        """REST reads its tables now, and its answer comes later."""
        if self.connected and self.ledger.incomplete_since is not None:
            after = self.ledger.trades_after() - WALL
            rows = [self.frame_of(name) for name in self.resting()]
            deals = [self.row_of(n) for n, deal in self.trades.items() if int(deal[2]) >= after]
            self.question = (self.now, rows, deals)

    def answer(self, choice):
        if self.question is None:
            return
        (asked_at, rows, deals), self.question = self.question, None
        updates, unlisted = self.ledger.take_open_orders(rows, receipt(self.now), asked_at)
        self.note(updates)
        for deal in deals:
            self.deliver(deal, REST)
        for number, name in enumerate([*unlisted, *self.ledger.unknown_orders()]):
            is_forgotten = (choice + number) % 2 == 0 and not self.has_old_trades(name)
            row = None if is_forgotten else self.frame_of(name)
            self.note(self.ledger.take_closed_order(name, row, receipt(self.now)))
        self.known_at_least |= {row.id for row in rows}
        self.ledger.conclude(reconciled(self.ledger, self.now))


STEPS = ["place", "fill", "fill", "cancel", "settle", "settle", "repeat", "cut", "dial", "answer"]


@settings(max_examples=300, deadline=None)
@given(
    before=st.lists(st.tuples(st.sampled_from(STEPS[:6]), st.integers(0, 99)), max_size=8),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99)), min_size=30, max_size=60),
)
def test_whatever_happens_and_however_it_becomes_known_it_is_told_once_and_ends_true(before, steps):
    world = World()
    for step, choice in before:
        world.now += 7.0
        getattr(world, step)(choice)
    history = set(world.trades)
    world.now = 0.0
    world.ledger.begin(WALL)
    closing = [("dial", 0), ("answer", 0)]
    for step, choice in steps + closing:
        world.now += 97.5
        getattr(world, step)(choice)
    ledger = world.ledger
    assert ledger.complete
    assert {u.order_id for u in ledger.open_orders()} == set(world.resting())
    assert world.known_at_least <= set(world.states)
    assert {name: states[-1] for name, states in world.states.items()} == {
        name: world.orders[name] for name in world.states
    }
    assert set(world.trades) - history <= set(world.statuses)
    assert {name: statuses[-1] for name, statuses in world.statuses.items()} == {
        name: world.trades[name][0] for name in world.statuses
    }
