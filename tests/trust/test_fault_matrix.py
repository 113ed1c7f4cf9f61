"""Every fault against every promise: the exchange's own books are the judge.

Each row is run on the virtual clock with the settings of production, and held against all
promises. The bounds in seconds are those of docs/trust.md.
"""

from __future__ import annotations

import re

import attrs
import pytest
import trio
import trio.testing
from rows import INJECTED_AT, ROWS, Row
from trust_world import STEP, TRUSTED, Judge, Reader, gaps_of, open_world, seconds

from polymarket_realtime import AssetId, Standing
from virtual.virtual_sandbox import virtual_wall


@attrs.frozen
class Record:
    """What one run has shown.

    Attributes:
        affected: The tokens that have the fault; `trading`, those of them that trade.
        healthy: All others.
        injected: When, on Trio's clock.
        recovered: Seconds from the end of the fault until everything was right.
        standings: Of all tokens in the end.
        epochs: By how much those of healthy tokens have grown.
    """

    reader: Reader
    judge: Judge
    affected: tuple[AssetId, ...]
    trading: tuple[AssetId, ...]
    healthy: tuple[AssetId, ...]
    injected: float
    recovered: float
    standings: list[Standing]
    epochs: dict[AssetId, int]


def run(row: Row) -> Record:
    with pytest.MonkeyPatch.context() as patch:
        virtual_wall(patch)
        return trio.run(_run, row, clock=trio.testing.MockClock(autojump_threshold=0.0))


async def _run(row: Row) -> Record:
    async with open_world(before=row.before) as world:
        if row.before is None:
            await world.until_right(5)
            await trio.sleep(INJECTED_AT - trio.current_time())
        injected = trio.current_time()
        affected = row.affected(world)
        healthy = tuple(a for a in (*world.busy, *world.silent) if a not in affected)
        epochs = {a: world.service.book(a).epoch for a in healthy if world.service.book(a)}
        if row.inject is not None:
            await row.inject(world)
        if row.lasts:
            await trio.sleep(row.lasts)
            world.heal()
        elif row.must is not None:
            await _until_told(world, row, [a for a in affected if a in world.busy])
        healed = trio.current_time()
        await world.until_right(row.recovered_within + 120)
        recovered = trio.current_time() - healed
        await trio.sleep(60)
        return Record(
            reader=world.reader,
            judge=world.judge,
            affected=affected,
            trading=tuple(a for a in affected if a in world.busy) or affected,
            healthy=healthy,
            injected=injected,
            recovered=recovered,
            standings=[world.service.standing(a) for a in (*world.busy, *world.silent)],
            epochs={a: world.service.book(a).epoch - before for a, before in epochs.items()},
        )


async def _until_told(world, row, tokens) -> None:
    with trio.move_on_after(row.told_within + 60):
        for token in tokens:
            # In the rhythm of the judge, who reads the events.
            while row.must not in {s for _, s, _ in world.reader.told(token)}:  # noqa: ASYNC110
                await trio.sleep(STEP)


def since(record: Record, asset_id: AssetId):
    """What was told of a token from the fault on."""
    return [each for each in record.reader.told(asset_id) if each[0] >= record.injected - 0.01]


def a_wrong_book_is_not_trusted_beyond_the_bound(row: Row, record: Record) -> None:
    assert record.judge.longest(*TRUSTED) <= row.bound + STEP


def it_is_detected_in_time_with_the_right_state_and_reason(row: Row, record: Record) -> None:
    for asset_id in record.affected:
        told = {state for _, state, _ in since(record, asset_id)} - TRUSTED
        assert told <= row.states, f"{asset_id[:6]} was {told - row.states}"
    for asset_id in record.trading if row.must is not None else ():
        hits = [
            at
            for at, state, reason in since(record, asset_id)
            if state is row.must and re.search(row.reason, reason)
        ]
        assert hits, f"never {row.must}: {since(record, asset_id)}"
        assert hits[0] - record.injected <= row.told_within + STEP


def healthy_tokens_are_not_disturbed(row: Row, record: Record) -> None:
    for asset_id in record.healthy:
        assert {state for _, state, _ in since(record, asset_id)} <= TRUSTED
        assert gaps_of(record.reader, asset_id) == []
    assert set(record.epochs.values()) <= {0}


def the_books_are_the_exchanges_own_after_recovery(row: Row, record: Record) -> None:
    assert record.recovered <= row.recovered_within
    assert record.judge.is_right()
    assert {each.state for each in record.standings} <= TRUSTED


def the_gap_is_told_with_the_right_interval(row: Row, record: Record) -> None:
    for asset_id in record.trading:
        gaps = gaps_of(record.reader, asset_id)
        if not row.gap:
            assert gaps == []
            continue
        assert gaps, "no gap was told"
        if asset_id in record.judge.wrong:
            first, last = record.judge.wrong[asset_id]
            assert seconds(gaps[0].gap_since) <= first, "something was wrong before it"
            assert seconds(gaps[-1].received) >= last - STEP, "something was wrong after it"
        assert seconds(gaps[0].gap_since) >= record.injected - 15, "it began later than that"


PROMISES = (
    a_wrong_book_is_not_trusted_beyond_the_bound,
    it_is_detected_in_time_with_the_right_state_and_reason,
    healthy_tokens_are_not_disturbed,
    the_books_are_the_exchanges_own_after_recovery,
    the_gap_is_told_with_the_right_interval,
)
"""The sixth one, that a quiet market raises no alarm, takes a day: test_quiet_day.py."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_promise_is_kept_under_the_fault(row):
    record = run(row)
    broken = []
    for promise in PROMISES:
        try:
            promise(row, record)
        except AssertionError as error:
            error.add_note(f"promise: {promise.__name__.replace('_', ' ')}")
            broken.append(error)
    if broken:
        raise ExceptionGroup(f"{row.name}: {len(broken)} promises are broken", broken)
