"""When a condition is met, and when it is not. Times are whatever the tests say."""

import math
from decimal import Decimal

import pytest
from condition_samples import (
    BITCOIN,
    FROZEN,
    LIVE,
    LOST,
    NO,
    QUIET,
    SUSPECT,
    YES,
    activity,
    book,
    condition,
    cut,
    flows_again,
    own_order,
    own_trade,
    price,
    reference,
    resolved,
    spread,
    state,
    trade,
    watch,
)

from polymarket_realtime import AssetState, Connected, Side, StreamGone
from polymarket_realtime._hub.gauges import gauge_for
from polymarket_realtime.testing import MARKET


def values(machine, *events, now=0.0):
    """What is told, event by event: the value, or None if nothing is."""
    told = []
    for event in events:
        met = machine.take(event, now)
        assert len(met) <= 1
        told.append(met[0].value if met else None)
    return [None if value is None else str(value) for value in told]


def prices(machine, *texts, now=0.0):
    return values(machine, *map(price, texts), now=now)


# A price that crosses


def test_a_crossing_is_told_at_the_threshold_and_not_while_the_price_stays_there():
    machine = watch("price_crosses", threshold="0.60", once=False)
    assert prices(machine, "0.59", "0.60", "0.61", "0.60") == [None, "0.60", None, None]
    assert prices(machine, "0.599", "0.7") == [None, "0.7"]


def test_a_crossing_says_what_it_was_before_and_that_it_is_new():
    machine = watch("price_crosses", threshold="0.60")
    machine.take(price("0.5"), 0.0)
    (met,) = machine.take(price("0.65", bid="0.64", ask="0.66"), 1.0)
    assert (met.value, met.before, met.threshold) == (
        Decimal("0.65"),
        Decimal("0.5"),
        Decimal("0.60"),
    )
    assert (met.best_bid, met.best_ask) == (Decimal("0.64"), Decimal("0.66"))
    assert (met.direction, met.already, met.state) == ("above", False, "live")
    assert (met.subject, met.asset_id, met.market) == (YES, YES, MARKET)
    assert (met.condition, met.when) == ("price crosses above 0.60", "price_crosses")
    assert (met.received, met.timestamp_ms) == (1000.0, 7)


def test_a_price_that_was_there_already_is_told_at_once_as_such():
    (met,) = watch("price_crosses", threshold="0.60").take(price("0.7"), 0.0)
    assert (met.already, met.before) == (True, None)
    (met,) = watch("price_crosses", threshold="0.60", direction="below").take(price("0.6"), 0.0)
    assert (met.already, met.direction) == (True, "below")


def test_a_crossing_downwards_is_told_at_the_threshold_and_below():
    machine = watch("price_crosses", threshold="0.60", direction="below", once=False)
    assert prices(machine, "0.61", "0.60", "0.5", "0.61", "0.5") == [
        None,
        "0.60",
        None,
        None,
        "0.5",
    ]


@pytest.mark.parametrize(
    ("direction", "path", "told"),
    [
        ("above", ("0.5", "0.6", "0.58", "0.6", "0.579", "0.6"), (1, 5)),
        ("above", ("0.5", "0.6", "0.57", "0.59", "0.6"), (1, 4)),
        ("below", ("0.7", "0.6", "0.62", "0.6", "0.621", "0.6"), (1, 5)),
        ("either", ("0.5", "0.6", "0.61", "0.59", "0.63", "0.6", "0.59", "0.63"), (1, 5)),
    ],
)
def test_with_hysteresis_it_is_told_again_only_after_the_price_was_further_back(
    direction, path, told
):
    machine = watch(
        "price_crosses", threshold="0.6", direction=direction, hysteresis="0.02", once=False
    )
    given = prices(machine, *path)
    assert [at for at, value in enumerate(given) if value] == list(told)


def test_either_way_the_first_price_only_says_which_side_it_is():
    for first, second, direction in (("0.5", "0.6", "above"), ("0.7", "0.6", "below")):
        machine = watch("price_crosses", threshold="0.6", direction="either")
        assert machine.take(price(first), 0.0) == []
        (met,) = machine.take(price(second), 1.0)
        assert (met.direction, met.already) == (direction, False)


def test_either_way_a_price_at_the_threshold_has_no_side_yet():
    machine = watch("price_crosses", threshold="0.6", direction="either", once=False)
    assert prices(machine, "0.6", "0.7", "0.5", "0.6", "0.6", "0.5", "0.7") == [
        *(None, None, "0.5", "0.6", None, None, "0.7")
    ]


@pytest.mark.parametrize(
    ("path", "direction"),
    [(("0.5", "0.7", "0.5", "0.6"), "above"), (("0.7", "0.5", "0.7", "0.6"), "below")],
)
def test_either_way_a_touch_is_a_crossing_from_where_the_price_came(path, direction):
    machine = watch(
        "price_crosses", threshold="0.6", direction="either", once=False, cooldown_seconds=10
    )
    assert prices(machine, *path) == [None, path[1], None, None]
    (met,) = machine.advance(10.0)
    assert (met.direction, met.value) == (direction, Decimal("0.6"))


def test_each_token_and_stream_is_a_subject_of_its_own():
    machine = watch("price_crosses", threshold="0.6")
    machine.take(price("0.5"), 0.0)
    (other,) = machine.take(price("0.7", NO), 0.0)
    (stream,) = machine.take(reference("1.5"), 0.0)
    (own,) = machine.take(price("0.7"), 0.0)
    assert [met.subject for met in (other, stream, own)] == [NO, "crypto:btcusd", YES]
    assert (stream.asset_id, stream.state, stream.best_bid) == (None, None, None)


def test_a_crossing_inside_a_gap_is_found_with_the_first_price_after_it():
    machine = watch("price_crosses", threshold="0.6")
    events = price("0.5"), state(LOST, LIVE), price("0.7"), state(LIVE, LOST)
    assert values(machine, *events) == [None, None, "0.7", None]


# Once, cooldown


def test_once_is_once_for_each_subject_and_then_all_is_over():
    machine = watch("price_crosses", threshold="0.6")
    assert prices(machine, "0.7", "0.5", "0.7") == ["0.7", None, None]
    assert machine.is_over([YES])
    assert not machine.is_over([YES, NO])
    machine.take(price("0.7", NO), 0.0)
    assert machine.is_over([YES, NO])
    assert not machine.is_over([])


def test_what_may_be_met_again_is_never_over():
    machine = watch("price_crosses", threshold="0.6", once=False)
    machine.take(price("0.7"), 0.0)
    assert not machine.is_over([YES])


def test_what_became_true_during_the_cooldown_and_stands_at_its_end_is_told_then():
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    assert prices(machine, "0.5", "0.7", now=100.0) == [None, "0.7"]
    assert machine.next_deadline() == math.inf
    assert prices(machine, "0.5", "0.61", "0.8", now=105.0) == [None, None, None]
    assert machine.next_deadline() == 110.0
    assert machine.advance(109.9) == []
    (met,) = machine.advance(110.0)
    assert (met.value, met.before) == (Decimal("0.8"), Decimal("0.5"))
    assert machine.next_deadline() == math.inf


def test_what_stands_no_more_at_the_end_of_the_cooldown_is_not_told():
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    prices(machine, "0.7", "0.5", "0.7", "0.5", now=100.0)
    assert machine.next_deadline() == math.inf
    assert machine.advance(110.0) == []
    assert prices(machine, "0.7", now=111.0) == ["0.7"]


def test_a_late_event_does_not_hide_what_became_due_before_it():
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    prices(machine, "0.7", "0.5", "0.7", now=100.0)
    (met,) = machine.take(price("0.1", NO), 120.0)
    assert met.subject == YES


# Trust


@pytest.mark.parametrize("doubtful", sorted(set(AssetState) - {LIVE, QUIET}))
def test_what_is_not_to_be_trusted_meets_nothing(doubtful):
    for machine, event in (
        (watch("price_crosses", threshold="0.6"), price("0.7", state=doubtful)),
        (watch("spread_above", threshold="0.1"), spread("0.2", state=doubtful)),
        (watch("size_at_least", threshold=1), book([("0.1", 5)], state=doubtful)),
    ):
        assert machine.take(event, 0.0) == []


@pytest.mark.parametrize("good", [LIVE, QUIET])
def test_what_was_in_doubt_counts_once_it_is_found_to_be_true(good):
    machine = watch("price_crosses", threshold="0.6")
    events = price("0.5"), price("0.7", state=SUSPECT), state(FROZEN, SUSPECT)
    assert values(machine, *events) == [None, None, None]
    (met,) = machine.take(state(good, FROZEN), 1.0)
    assert (met.value, met.before, met.state) == (Decimal("0.7"), Decimal("0.5"), good)


def test_what_was_in_doubt_counts_no_more_after_a_newer_price():
    machine = watch("price_crosses", threshold="0.6")
    events = price("0.7", state=SUSPECT), price("0.5"), state(LIVE, SUSPECT)
    assert values(machine, *events) == [None, None, None]


@pytest.mark.parametrize(
    ("lost", "back", "at"),
    [
        (state(LOST, LIVE), state(LIVE, LOST), price),
        (cut(YES), price("0.8"), price),
        (cut(BITCOIN.key), flows_again(), reference),
        (cut(BITCOIN.key), reference("0.8"), reference),
    ],
)
def test_the_end_of_a_cooldown_waits_for_what_is_not_to_be_trusted(lost, back, at):
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    values(machine, at("0.7"), at("0.5"), at("0.7"), lost, now=100.0)
    assert machine.next_deadline() == math.inf
    assert machine.advance(200.0) == []
    assert len(machine.take(back, 300.0)) == 1


def test_a_settled_token_meets_nothing_any_more():
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    prices(machine, "0.7", "0.5", "0.7", now=100.0)
    assert machine.take(resolved(), 101.0) == []
    assert machine.next_deadline() == math.inf


def test_a_stream_that_is_gone_meets_nothing_any_more():
    machine = watch("price_crosses", threshold="0.6", once=False, cooldown_seconds=10)
    values(machine, reference("0.7"), reference("0.5"), reference("0.7"), now=100.0)
    gone = StreamGone(
        received=0.0, feed="prices", stream=BITCOIN.key, reason="retired", instead=None
    )
    assert machine.take(gone, 101.0) == []
    assert machine.next_deadline() == math.inf


# A price that moves


def moves(machine, *path):
    """The price, direction and beginning of each move that is told, after when it was."""
    return [
        (now, str(met.value), str(met.direction), str(met.before))
        for now, text in path
        for met in machine.take(price(text), now)
    ]


def test_a_move_is_measured_from_the_lowest_and_the_highest_within_the_window():
    machine = watch("price_moves", threshold="0.1", window_seconds=60, once=False)
    path = (0, "0.50"), (10, "0.45"), (20, "0.54"), (30, "0.55"), (40, "0.46"), (41, "0.45")
    assert moves(machine, *path) == [
        (30, "0.55", "up", "0.45"),
        (41, "0.45", "down", "0.55"),
    ]


@pytest.mark.parametrize(("direction", "told"), [("up", "0.6"), ("down", "0.5")])
def test_a_move_the_other_way_is_not_told(direction, told):
    machine = watch("price_moves", threshold="0.1", direction=direction, once=False)
    (met,) = moves(machine, (0, "0.5"), (1, "0.6"), (2, "0.5"))
    assert met[1:3] == (told, direction)


@pytest.mark.parametrize(("at", "told"), [(60, 0), (59.9, 1)])
def test_a_price_that_stood_before_the_window_only_is_no_beginning(at, told):
    machine = watch("price_moves", threshold="0.1", window_seconds=60)
    # 0.40 stood until 0, when 0.45 replaced it.
    assert len(moves(machine, (-9, "0.40"), (0, "0.45"), (at, "0.50"))) == told


def test_the_price_that_stood_when_the_window_began_counts_however_old_it_is():
    machine = watch("price_moves", threshold="0.1", window_seconds=60)
    assert len(moves(machine, (0, "0.4"), (5000, "0.5"))) == 1


def test_after_a_move_the_window_starts_anew_from_its_price():
    machine = watch("price_moves", threshold="0.1", window_seconds=60, once=False)
    path = (0, "0.4"), (1, "0.5"), (2, "0.55"), (3, "0.6")
    assert [each[0] for each in moves(machine, *path)] == [1, 3]


def test_a_move_during_the_cooldown_is_told_at_its_end_if_it_is_still_within_the_window():
    for window, told in ((60, 1), (5, 0)):
        machine = watch(
            "price_moves", threshold="0.1", window_seconds=window, once=False, cooldown_seconds=10
        )
        assert len(moves(machine, (0, "0.4"), (1, "0.5"), (2, "0.6"))) == 1
        assert machine.next_deadline() == 11
        assert len(machine.advance(11)) == told
        assert machine.next_deadline() == math.inf


def test_the_window_remembers_no_more_than_matters():
    machine = watch("price_moves", threshold="0.9", window_seconds=3600)
    for at in range(5000):
        machine.take(price(f"0.{at % 50 + 10}"), at / 10)
    gauge = machine._subjects[YES].gauge
    assert len(gauge._lowest._kept) + len(gauge._highest._kept) < 110


# Spreads


def test_a_wide_spread_is_told_and_a_missing_side_is_no_spread():
    machine = watch("spread_above", threshold="0.05", once=False)
    events = [spread(each) for each in ("0.01", "0.05", None, "0.06", "0.04", None, "0.05")]
    assert values(machine, *events) == [None, "0.05", None, None, None, None, "0.05"]


def test_a_narrow_spread_is_told_with_its_hysteresis():
    machine = watch("spread_below", threshold="0.02", hysteresis="0.03", once=False)
    events = [spread(each) for each in (None, "0.02", "0.05", "0.01", "0.06", "0.01")]
    assert values(machine, *events) == [None, "0.02", None, None, None, "0.01"]


def test_a_spread_that_is_gone_at_the_end_of_the_cooldown_is_not_told():
    machine = watch("spread_above", threshold="0.05", once=False, cooldown_seconds=10)
    values(machine, *map(spread, ("0.06", "0.01", "0.06", None)))
    assert machine.next_deadline() == math.inf


def test_the_spread_of_a_book_counts_as_well():
    machine = watch("spread_above", threshold="0.05")
    assert values(machine, book([("0.40", 1)], [("0.41", 1)])) == [None]
    assert values(machine, book([("0.40", 1)], [("0.45", 1)])) == ["0.05"]


# Sizes

BIDS = [("0.40", 10), ("0.39", 20), ("0.38", 40)]
ASKS = [("0.42", 5), ("0.43", 6)]


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, 10),
        ({"side": "bid"}, 10),
        ({"side": "ask"}, 5),
        ({"side": "bid", "price": "0.39"}, 30),
        ({"side": "bid", "price": "0.41"}, 0),
        ({"side": "ask", "price": "0.43"}, 11),
        ({"side": "ask", "price": "0.42"}, 5),
        ({"price": "0.41"}, 0),
        ({"price": "0.38"}, 70),
    ],
)
def test_a_size_is_that_of_the_best_level_or_of_all_at_a_price_or_better(fields, size):
    least = watch("size_at_least", threshold=max(size, 1), **fields)
    more = watch("size_at_least", threshold=size + 1, **fields)
    assert values(least, book(BIDS, ASKS)) == [str(size) if size else None]
    assert values(more, book(BIDS, ASKS)) == [None]


@pytest.mark.parametrize(("side", "told"), [("bid", "1"), ("ask", "9"), ("either", "9")])
def test_the_size_of_the_other_side_does_not_count(side, told):
    machine = watch("size_at_least", threshold=1, side=side)
    assert values(machine, book([("0.4", 1)], [("0.5", 9)])) == [told]


def test_a_size_is_told_again_after_it_was_gone():
    machine = watch("size_at_least", threshold=10, side="bid", once=False)
    events = [book(BIDS), book(BIDS), book(asks=ASKS), book(BIDS)]
    assert values(machine, *events) == ["10", None, None, "10"]


def test_how_much_of_an_own_order_has_filled_is_told_once_for_each_order():
    machine = watch("size_at_least", threshold=10)
    events = own_order(4), own_order(10), own_order(11), own_order(12, "0xb")
    assert values(machine, *events) == [None, "10", None, "12"]


# Trades


def test_every_trade_that_is_big_enough_is_told_even_if_each_token_counts_once():
    machine = watch("trade_at_least", threshold=10)
    assert values(machine, trade(9), trade(10), trade(10), trade(11)) == [None, "10", "10", "11"]
    assert not machine.is_over([YES])


@pytest.mark.parametrize("make", [trade, activity, lambda *args: own_trade(args[0])])
def test_the_trades_of_all_feeds_count(make):
    machine = watch("trade_at_least", threshold=10)
    (met,) = machine.take(make(10), 0.0)
    assert (met.value, met.asset_id) == (10, YES)


def test_a_trade_of_everybody_says_what_it_was_about():
    (met,) = watch("trade_at_least", threshold=10).take(activity(10, hash_="0x9"), 0.0)
    assert (met.question, met.outcome, met.subject) == ("Will it?", "Yes", "0x9")


def test_dollars_are_price_times_shares_and_the_side_is_the_traders():
    machine = watch("trade_at_least", threshold=5, unit="dollars", side="sell")
    events = [
        trade(10, "0.5", Side.BUY),
        trade(10, "0.49", Side.SELL),
        trade(10, "0.5", Side.SELL),
    ]
    assert values(machine, *events) == [None, None, "5.0"]


def test_a_trade_of_ones_own_is_told_on_its_first_step_only():
    machine = watch("trade_at_least", threshold=10)
    events = [
        own_trade(10, "MATCHED"),
        own_trade(10, "MINED"),
        own_trade(10, "CONFIRMED"),
        own_trade(10, "MATCHED", order_id="0xb"),
        own_trade(10, "MINED", trade_id="t2"),
    ]
    assert values(machine, *events) == ["10", None, None, "10", "10"]


def test_the_cooldown_of_trades_is_that_of_their_token():
    machine = watch("trade_at_least", threshold=10, cooldown_seconds=5)
    assert values(machine, trade(10), trade(20), trade(20, asset_id=NO), now=0) == [
        *("10", None, "20")
    ]
    assert machine.next_deadline() == math.inf
    assert values(machine, trade(30), now=5) == ["30"]


# Staleness


def test_what_is_stale_for_long_enough_is_told_with_how_long():
    machine = watch("stale_for", window_seconds=30)
    assert machine.take(state(LOST, LIVE), 100.0) == []
    assert machine.next_deadline() == 130.0
    assert machine.take(state(FROZEN, LOST), 110.0) == []
    assert machine.advance(129.9) == []
    (met,) = machine.advance(130.0)
    assert (met.value, met.already, met.state) == (30, False, "frozen")
    assert (met.received, met.subject) == (1030.0, YES)
    assert machine.next_deadline() == math.inf
    assert machine.is_over([YES])


@pytest.mark.parametrize("healthy", [LIVE, QUIET, AssetState.RESOLVED])
def test_what_is_well_again_in_time_is_not_told(healthy):
    machine = watch("stale_for", window_seconds=30)
    machine.take(state(LOST, LIVE), 100.0)
    assert machine.take(state(healthy, LOST), 129.0) == []
    assert machine.next_deadline() == math.inf


def test_a_stale_period_is_told_once_and_the_next_one_again():
    machine = watch("stale_for", window_seconds=30, once=False)
    machine.take(state(LOST, LIVE), 0.0)
    assert len(machine.advance(30.0)) == 1
    assert machine.take(state(SUSPECT, LOST), 90.0) == []
    assert machine.next_deadline() == math.inf
    machine.take(state(LIVE, SUSPECT), 91.0)
    machine.take(state(LOST, LIVE), 100.0)
    assert machine.next_deadline() == 130.0


def test_a_recovery_that_nobody_saw_begins_a_new_period():
    machine = watch("stale_for", window_seconds=30)
    machine.take(state(LOST, LIVE), 0.0)
    # Only the newest state of those since the last look is told.
    machine.take(state(SUSPECT, LIVE), 20.0)
    assert machine.next_deadline() == 50.0


def test_what_had_been_stale_before_anybody_looked_is_told_at_once_as_such():
    machine = watch("stale_for", window_seconds=30)
    (met,) = machine.take(state(LOST, age=40.0), 100.0)
    assert (met.value, met.already, met.received) == (40, True, 1000.0)
    machine = watch("stale_for", window_seconds=30)
    machine.take(state(LOST, age=20.0), 100.0)
    assert machine.next_deadline() == 110.0


def test_connecting_is_stale_too():
    machine = watch("stale_for", window_seconds=30)
    machine.take(state(AssetState.CONNECTING), 0.0)
    assert len(machine.advance(30.0)) == 1


def test_a_stream_is_stale_from_its_interruption_to_its_gap():
    machine = watch("stale_for", window_seconds=30)
    machine.take(cut(BITCOIN.key), 0.0)
    machine.take(cut(BITCOIN.key), 20.0)
    assert machine.next_deadline() == 30.0
    machine.take(flows_again(filled=True), 25.0)
    assert machine.next_deadline() == math.inf
    machine.take(cut(BITCOIN.key), 40.0)
    (met,) = machine.advance(70.0)
    assert (met.subject, met.asset_id) == ("crypto:btcusd", None)


# Settlement


def test_a_settlement_is_told_once_a_market():
    machine = watch("resolved", once=False)
    (met,) = machine.take(resolved(), 0.0)
    assert (met.subject, met.asset_id, met.value) == (MARKET, YES, None)
    assert machine.take(resolved(), 1.0) == []


def test_all_tokens_of_a_settled_market_have_met_it():
    machine = watch("resolved")
    machine.take(resolved(YES, NO), 0.0)
    assert machine.is_over([YES, NO])


# What does not matter


@pytest.mark.parametrize(
    "when",
    [
        {"when": "price_crosses", "threshold": "0.1"},
        {"when": "price_moves", "threshold": "0.1"},
        {"when": "spread_above", "threshold": "0.1"},
        {"when": "size_at_least", "threshold": "0.1"},
        {"when": "trade_at_least", "threshold": "0.1"},
        {"when": "resolved"},
    ],
)
def test_news_of_the_feed_meet_nothing(when):
    machine = watch(**when)
    connected = Connected(received=0.0, connection="market#0", asset_ids=(YES,), attempt=1)
    for event in (connected, cut(YES), state(LOST, LIVE), flows_again(), state(LIVE, LOST)):
        assert machine.take(event, 0.0) == []
    assert machine.next_deadline() == math.inf


# The gauges by themselves


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"when": "price_crosses", "threshold": "0.6"}, ("0.5", "0.7")),
        ({"when": "price_crosses", "threshold": "0.6", "direction": "either"}, ("0.5", "0.7")),
        ({"when": "price_moves", "threshold": "0.1"}, ("0.5", "0.7")),
        ({"when": "stale_for", "window_seconds": 30}, (None, "31")),
    ],
)
def test_a_gauge_tells_what_stands_until_it_was_told(wanted, path):
    gauge = gauge_for(condition(**wanted))
    assert gauge.check(0.0) is None
    for value in path:
        gauge.take(None if value is None else Decimal(value), 0.0)
    assert gauge.check(0.0) == gauge.check(0.0) is not None
    gauge.told(0.0)
    assert gauge.check(0.0) is None
