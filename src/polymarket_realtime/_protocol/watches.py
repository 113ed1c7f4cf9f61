"""The tokens that are followed, and when each is to be looked at."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._protocol.ladder import Ladder
from polymarket_realtime._protocol.silence import Pace

__all__ = ["Watch", "Watches"]


@attrs.define(eq=False)
class Watch:
    """One token. Times are seconds on the caller's clock.

    Attributes:
        due: When it is to be looked at.
        pace: How often it changes.
        ladder: What is done for it.
        confirmed_at: When the witness last said something about it that leaves nothing to do.
        asked: What its book was like when the witness was asked: the venue's time, and ours.
        unclear: Why the witness's latest answer proves nothing; "" if that is not so.
        ahead: The witness has shown this time of the venue; the socket has until then to follow.
    """

    asset_id: AssetId
    due: float
    pace: Pace = attrs.field(factory=Pace)
    ladder: Ladder = attrs.field(factory=Ladder)
    confirmed_at: float = -math.inf
    asked: tuple[int, float] = (0, -math.inf)
    unclear: str = ""
    ahead: tuple[int, float] | None = None


class Watches:
    """All of them, by token."""

    def __init__(self) -> None:
        self._watches: dict[AssetId, Watch] = {}
        self._schedule: list[tuple[float, AssetId]] = []
        self._markets: defaultdict[ConditionId, set[AssetId]] = defaultdict(set)

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._watches.values())

    def get(self, asset_id: AssetId) -> Watch | None:
        """That of a token that is followed."""
        return self._watches.get(asset_id)

    def retain(self, wanted: Iterable[AssetId], due: float) -> list[AssetId]:
        """Follow these and no others; new ones are looked at first when *due*.

        Returns:
            Those that are followed no longer.
        """
        kept = frozenset(wanted)
        gone = [asset_id for asset_id in self._watches if asset_id not in kept]
        for asset_id in gone:
            del self._watches[asset_id]
        if gone:
            self._markets.clear()  # each look enters its token again
        for asset_id in kept - self._watches.keys():
            self._watches[asset_id] = watch = Watch(asset_id, due)
            self.look(watch, due)
        return gone

    def look(self, watch: Watch, due: float) -> None:
        """Look at a token then, in place of any time that was set before."""
        watch.due = due
        heapq.heappush(self._schedule, (due, watch.asset_id))

    def next_deadline(self) -> float:
        """When the next one is to be looked at, or earlier."""
        return self._schedule[0][0] if self._schedule else math.inf

    def take_due(self, now: float) -> Iterator[Watch]:
        """Those whose time has come; give each a new one with `look`."""
        while self._schedule and self._schedule[0][0] <= now:
            due, asset_id = heapq.heappop(self._schedule)
            watch = self._watches.get(asset_id)
            if watch is not None and watch.due == due:
                yield watch

    def siblings(self, market: ConditionId, asset_id: AssetId) -> Iterable[AssetId]:
        """The other tokens of its market that are followed."""
        known = self._markets[market]
        known.add(asset_id)
        return known - {asset_id}
