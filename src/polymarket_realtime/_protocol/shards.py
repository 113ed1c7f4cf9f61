"""Which connection carries which asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, islice

__all__ = ["plan_shards"]


def plan_shards(
    current: Mapping[int, frozenset[str]],
    wanted: frozenset[str],
    *,
    capacity: int,
    broadcasts: bool = False,
) -> dict[int, frozenset[str]]:
    """Spread `wanted` over numbered connections of at most `capacity` assets.

    An asset stays where it is, because moving it would cost it a gap. New ones fill the lowest
    connection with room. A connection that carries nothing any more is left out of the plan,
    except that `broadcasts` (new markets) need one connection, even one of no assets.

    Above some 500 assets the venue sends no opening book and loses changes, without an error:
    `capacity` stays well below. Source: nautilus_trader #2915.
    """
    plan = {number: assets & wanted for number, assets in sorted(current.items())}
    placed = frozenset[str]().union(*plan.values())
    newcomers = iter(sorted(wanted - placed))
    for number in _numbers(plan):
        room = capacity - len(plan.get(number, ()))
        batch = frozenset(islice(newcomers, max(room, 0)))
        if not batch and number not in plan:
            break
        plan[number] = plan.get(number, frozenset()) | batch
    kept = {number: assets for number, assets in sorted(plan.items()) if assets}
    if not kept and broadcasts:
        return {min(current, default=0): frozenset()}
    return kept


def _numbers(plan: Mapping[int, frozenset[str]]) -> Iterator[int]:
    """The numbers in use, then free ones."""
    yield from sorted(plan)
    yield from (number for number in count() if number not in plan)
