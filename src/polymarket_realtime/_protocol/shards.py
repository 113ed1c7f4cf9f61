"""Which connection carries which asset."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import count, islice

__all__ = ["plan_shards"]


def plan_shards(
    current: Mapping[int, frozenset[str]],
    wanted: Collection[str],
    *,
    capacity: int,
    broadcasts: bool = False,
) -> dict[int, frozenset[str]]:
    """Spread `wanted` over numbered connections of at most `capacity` assets.

    An asset stays where it is, because moving it would cost it a gap. New ones fill the lowest
    connection with room, in the order of `wanted`: both tokens of a market are asked for one after
    the other as a rule, and the venue tells a change of one to whoever carries either, so on two
    connections each change would come twice.

    A connection that carries nothing any more is left out of the plan, except that `broadcasts`
    (new markets) need one connection, even one of no assets.

    Above some 500 assets the venue sends no opening book and loses changes, without an error:
    `capacity` stays well below. Source: nautilus_trader #2915.
    """
    kept = frozenset(wanted)
    plan = {number: assets & kept for number, assets in sorted(current.items())}
    placed = frozenset[str]().union(*plan.values())
    newcomers = (asset for asset in wanted if asset not in placed)
    for number in _numbers(plan):
        room = capacity - len(plan.get(number, ()))
        batch = frozenset(islice(newcomers, max(room, 0)))
        if not batch and number not in plan:
            break
        plan[number] = plan.get(number, frozenset()) | batch
    needed = {number: assets for number, assets in sorted(plan.items()) if assets}
    if not needed and broadcasts:
        return {min(current, default=0): frozenset()}
    return needed


def _numbers(plan: Mapping[int, frozenset[str]]) -> Iterator[int]:
    """The numbers in use, then free ones."""
    yield from sorted(plan)
    yield from (number for number in count() if number not in plan)
