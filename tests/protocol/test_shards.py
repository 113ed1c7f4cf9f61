from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._protocol.shards import plan_shards

ASSETS = st.frozensets(st.sampled_from([f"asset-{number:02}" for number in range(40)]))


def some(*numbers):
    return frozenset(f"asset-{number:02}" for number in numbers)


def test_nothing_wanted_needs_no_connection():
    assert plan_shards({}, some(), capacity=2) == {}
    assert plan_shards({0: some(1)}, some(), capacity=2) == {}


def test_assets_fill_one_connection_after_the_other():
    plan = plan_shards({}, sorted(some(1, 2, 3, 4, 5)), capacity=2)
    assert plan == {0: some(1, 2), 1: some(3, 4), 2: some(5)}


def test_what_is_wanted_together_is_carried_together():
    pairs = ["asset-7", "asset-1", "asset-9", "asset-2", "asset-8", "asset-3"]
    plan = plan_shards({}, pairs, capacity=2)
    assert [plan[number] for number in range(3)] == [
        frozenset(pairs[:2]),
        frozenset(pairs[2:4]),
        frozenset(pairs[4:]),
    ]


def test_new_assets_fill_the_lowest_connection_with_room():
    plan = plan_shards(
        {0: some(1, 2), 1: some(3), 4: some(4)}, sorted(some(1, 3, 4, 8, 9)), capacity=2
    )
    assert plan == {0: some(1, 8), 1: some(3, 9), 4: some(4)}


def test_an_empty_connection_is_dropped_and_its_number_used_again():
    assert plan_shards({0: some(1), 1: some(2)}, some(2), capacity=1) == {1: some(2)}
    assert plan_shards({1: some(2)}, some(2, 3), capacity=1) == {0: some(3), 1: some(2)}


def test_broadcasts_keep_one_connection_even_of_no_assets():
    assert plan_shards({}, some(), capacity=2, broadcasts=True) == {0: some()}
    kept = plan_shards({3: some(1), 5: some(2)}, some(), capacity=2, broadcasts=True)
    assert kept == {3: some()}
    assert plan_shards({3: some()}, some(1), capacity=2, broadcasts=True) == {3: some(1)}


def test_broadcasts_need_no_connection_of_their_own():
    assert plan_shards({}, some(1), capacity=2, broadcasts=True) == {0: some(1)}


@settings(deadline=None)
@given(st.lists(ASSETS, max_size=8), st.integers(1, 7), st.booleans())
def test_any_history_of_wishes_is_planned_well(wishes, capacity, broadcasts):
    current = {}
    for wanted in wishes:
        plan = plan_shards(current, wanted, capacity=capacity, broadcasts=broadcasts)
        placed = [asset for assets in plan.values() for asset in assets]
        assert sorted(placed) == sorted(wanted), "all that is wanted, each once"
        assert all(len(assets) <= capacity for assets in plan.values())
        assert all(plan.values()) or (plan and not wanted and broadcasts and len(plan) == 1)
        assert bool(plan) == bool(wanted or broadcasts)
        for number, assets in current.items():
            for asset in assets & wanted:
                assert asset in plan[number], "moving an asset would cost it a gap"
        assert plan_shards(plan, wanted, capacity=capacity, broadcasts=broadcasts) == plan
        current = plan


@settings(deadline=None)
@given(ASSETS, st.integers(1, 7))
def test_a_fresh_plan_uses_no_more_connections_than_it_must(wanted, capacity):
    plan = plan_shards({}, wanted, capacity=capacity)
    assert len(plan) == -(-len(wanted) // capacity)
    assert sorted(plan) == list(range(len(plan)))


def test_a_connection_over_a_lowered_capacity_is_left_as_it_is():
    assert plan_shards({0: some(1, 2, 3)}, some(1, 2, 3, 4), capacity=2) == {
        0: some(1, 2, 3),
        1: some(4),
    }
