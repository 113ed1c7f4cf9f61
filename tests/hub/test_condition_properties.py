"""What holds of conditions whatever happens."""

from __future__ import annotations

import math
from collections import defaultdict
from decimal import Decimal

import attrs
import pytest
from condition_samples import (
    BITCOIN,
    NO,
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
)
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime import AssetState, Condition, ConditionMet, StateChanged
from polymarket_realtime._hub.condition import ConditionWatch

TRUSTED = (AssetState.LIVE, AssetState.QUIET)
THRESHOLD = Decimal("0.05")
CENTS = st.integers(1, 9).map(lambda cents: Decimal(cents) / 100)
STATES = st.sampled_from(list(AssetState))


def drive(machine, steps):
    """Feed events at times, keeping every deadline on the way; what is told, and when."""
    told: list[tuple[float, ConditionMet]] = []
    for now, event in steps:
        while (due := machine.next_deadline()) <= now:
            told += [(due, met) for met in machine.advance(due)]
            assert machine.next_deadline() > due, "a deadline that stays is a busy loop"
        told += [(now, met) for met in machine.take(event, now)]
    end = steps[-1][0] + 1_000 if steps else 0.0
    while (due := machine.next_deadline()) <= end:
        told += [(due, met) for met in machine.advance(due)]
    return told


# 1. No trigger that stands is lost by conflation

LEVELS = {
    "price_crosses above": (
        condition("price_crosses", threshold=THRESHOLD, once=False),
        price,
        lambda value: value >= THRESHOLD,
    ),
    "price_crosses below": (
        condition("price_crosses", threshold=THRESHOLD, direction="below", once=False),
        price,
        lambda value: value <= THRESHOLD,
    ),
    "spread_above": (
        condition("spread_above", threshold=THRESHOLD, once=False),
        spread,
        lambda value: value >= THRESHOLD,
    ),
    "spread_below": (
        condition("spread_below", threshold=THRESHOLD, once=False),
        spread,
        lambda value: value <= THRESHOLD,
    ),
    "size_at_least": (
        condition("size_at_least", threshold=THRESHOLD, once=False),
        lambda size: book([("0.4", size)]),
        lambda value: value >= THRESHOLD,
    ),
}
WINDOWS = st.lists(st.lists(CENTS, min_size=1, max_size=5), min_size=1, max_size=12)


@pytest.mark.parametrize("name", LEVELS)
@given(windows=WINDOWS)
def test_a_reader_of_the_newest_only_loses_nothing_that_stands(name, windows):
    wanted, make, holds = LEVELS[name]
    every, newest = ConditionWatch(wanted), ConditionWatch(wanted)
    held = False
    for now, window in enumerate(windows):
        told = [met for value in window for met in every.take(make(value), float(now))]
        seen = newest.take(make(window[-1]), float(now))
        if holds(window[-1]) and not held:
            assert [met.value for met in seen] == [window[-1]]
            assert told
        else:
            assert seen == []
        held = holds(window[-1])


@given(windows=WINDOWS)
def test_a_reader_of_the_newest_only_loses_no_crossing_either_way(windows):
    wanted = condition("price_crosses", threshold=THRESHOLD, direction="either", once=False)
    newest = ConditionWatch(wanted)
    side = None
    for now, window in enumerate(windows):
        value = window[-1]
        seen = [str(met.direction) for met in newest.take(price(value), float(now))]
        if side == "below" and value >= THRESHOLD:
            assert seen == ["above"]
        elif side == "above" and value <= THRESHOLD:
            assert seen == ["below"]
        else:
            assert seen == []
        side = "below" if value < THRESHOLD else "above" if value > THRESHOLD else None


# 2 to 5, for everything that can happen

EVENTS = st.one_of(
    st.builds(price, CENTS, st.sampled_from([YES, NO]), state=STATES),
    st.builds(reference, CENTS),
    st.builds(spread, CENTS | st.none(), state=STATES),
    st.builds(lambda size, state: book([("0.4", size)], state=state), CENTS, STATES),
    st.builds(own_order, CENTS, st.sampled_from(["0xa", "0xb"])),
    st.builds(trade, CENTS, asset_id=st.sampled_from([YES, NO])),
    st.builds(activity, CENTS),
    st.builds(own_trade, CENTS, trade_id=st.sampled_from(["t1", "t2", "t3"])),
    st.builds(state, STATES, STATES | st.none(), st.sampled_from([YES, NO]), age=st.floats(0, 9)),
    st.sampled_from([cut(YES), cut(BITCOIN.key), flows_again(), resolved()]),
)
STEPS = st.lists(st.tuples(st.floats(0, 20), EVENTS), max_size=60).map(
    lambda steps: [
        (sum(pause for pause, _ in steps[: at + 1]), event) for at, (_, event) in enumerate(steps)
    ]
)
COOLDOWNS = st.sampled_from([0.0, 1.0, 30.0])
HYSTERESES = st.sampled_from([Decimal(0), Decimal("0.01")])
CONDITIONS = st.one_of(
    st.builds(
        lambda when, **fields: condition(when, threshold=THRESHOLD, **fields),
        st.sampled_from(["price_crosses", "spread_above", "spread_below", "size_at_least"]),
        hysteresis=HYSTERESES,
        cooldown_seconds=COOLDOWNS,
        once=st.booleans(),
    ),
    st.builds(
        lambda way, **fields: condition(
            "price_crosses", threshold=THRESHOLD, direction=way, **fields
        ),
        st.sampled_from(["below", "either"]),
        hysteresis=HYSTERESES,
        cooldown_seconds=COOLDOWNS,
        once=st.booleans(),
    ),
    st.builds(
        lambda **fields: condition("price_moves", threshold="0.03", window_seconds=30, **fields),
        direction=st.sampled_from(["up", "down", "either"]),
        cooldown_seconds=COOLDOWNS,
        once=st.booleans(),
    ),
    st.builds(
        lambda **fields: condition("trade_at_least", threshold=THRESHOLD, **fields),
        cooldown_seconds=COOLDOWNS,
    ),
    st.builds(
        lambda **fields: condition("stale_for", window_seconds=5, **fields),
        cooldown_seconds=COOLDOWNS,
        once=st.booleans(),
    ),
    st.builds(lambda **fields: condition("resolved", **fields), cooldown_seconds=COOLDOWNS),
)


def rests(met: ConditionMet) -> str | None:
    """Whose cooldown begins: that of a trade is its token's."""
    return met.asset_id if met.when == "trade_at_least" else met.subject


@settings(max_examples=400)
@given(wanted=CONDITIONS, steps=STEPS)
def test_nothing_is_told_twice_within_its_cooldown(wanted: Condition, steps):
    last: dict[str | None, float] = defaultdict(lambda: -math.inf)
    for now, met in drive(ConditionWatch(wanted), steps):
        if wanted.cooldown_seconds:
            assert now >= last[rests(met)] + wanted.cooldown_seconds
        last[rests(met)] = now


@settings(max_examples=400)
@given(wanted=CONDITIONS.filter(lambda each: each.when != "trade_at_least"), steps=STEPS)
def test_once_is_at_most_once_a_subject(wanted: Condition, steps):
    machine = ConditionWatch(attrs.evolve(wanted, once=True))
    subjects = [met.subject for _, met in drive(machine, steps)]
    assert len(subjects) == len(set(subjects))
    if wanted.when != "resolved":
        assert machine.is_over(subjects) == bool(subjects)


OF_BOOKS = ("price_crosses", "price_moves", "spread_above", "spread_below", "size_at_least")


@settings(max_examples=400)
@given(wanted=CONDITIONS.filter(lambda each: each.when in OF_BOOKS), steps=STEPS)
def test_what_is_not_to_be_trusted_is_never_told(wanted: Condition, steps):
    machine = ConditionWatch(wanted)
    states: dict[str, AssetState] = {}
    for now, event in steps:
        for due, met in drive_until(machine, now):
            assert states.get(met.subject, AssetState.LIVE) in TRUSTED, due
        new = getattr(event, "state", None)
        told = machine.take(event, now)
        if isinstance(event, StateChanged) or new in TRUSTED:
            states[event.asset_id] = new
        for met in told:
            assert met.state in (*TRUSTED, None)
            assert states.get(met.subject, AssetState.LIVE) in TRUSTED


def drive_until(machine, now):
    while (due := machine.next_deadline()) <= now:
        for met in machine.advance(due):
            yield due, met


@settings(max_examples=300)
@given(
    way=st.sampled_from(["above", "below"]),
    steps=st.lists(st.tuples(st.floats(0.1, 9), CENTS), min_size=1, max_size=40),
)
def test_a_crossing_that_stands_at_the_end_of_a_cooldown_is_told_then(way, steps):
    wanted = condition(
        "price_crosses", threshold=THRESHOLD, direction=way, once=False, cooldown_seconds=10
    )
    machine, now = ConditionWatch(wanted), 0.0
    rests_until, owed = -math.inf, True
    for pause, value in steps:
        now += pause
        for due, _ in drive_until(machine, now):
            assert owed
            assert due == rests_until
            rests_until, owed = due + 10, False
        holds = value >= THRESHOLD if way == "above" else value <= THRESHOLD
        told = machine.take(price(value), now)
        owed = owed or not holds
        assert bool(told) == (holds and owed and now >= rests_until)
        if told:
            rests_until, owed = now + 10, False
        waits = holds and owed
        assert machine.next_deadline() == (rests_until if waits else math.inf)
