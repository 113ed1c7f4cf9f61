"""What prices were a minute and an hour ago."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId

__all__ = ["Change", "PriceHistory"]

_FINE: Final = 60.0
_COARSE: Final = 3600.0
_STEP: Final = 60.0

Sample = tuple[float, Decimal]


@attrs.frozen
class Change:
    """How far a price has come.

    Attributes:
        amount: The price now minus the price then.
        seconds: How long ago then was: less than asked for if nobody looked that long.
    """

    amount: Decimal
    seconds: float


@attrs.define(eq=False)
class _Samples:
    """All samples of the last minute, and one a minute of the last hour; oldest first."""

    fine: deque[Sample] = attrs.field(factory=deque)
    coarse: deque[Sample] = attrs.field(factory=deque)

    def add(self, now: float, price: Decimal) -> None:
        self.fine.append((now, price))
        if not self.coarse or now - self.coarse[-1][0] >= _STEP:
            self.coarse.append((now, price))
        _expire(self.fine, now - _FINE)
        _expire(self.coarse, now - _COARSE)

    def at(self, moment: float) -> Sample:
        """What stood at a moment, or the oldest there is."""
        samples = self.fine if self.fine[0][0] <= moment else self.coarse
        found = samples[0]
        for sample in samples:
            if sample[0] > moment:
                break
            found = sample
        return found


def _expire(samples: deque[Sample], moment: float) -> None:
    """Keep one sample from before the moment: that is what stood then."""
    while len(samples) > 1 and samples[1][0] <= moment:
        samples.popleft()


@attrs.define(eq=False)
class PriceHistory:
    """Prices of some tokens, sampled by whoever follows them, at most a few times a minute.

    Times are seconds on any one clock that only goes forward.
    """

    _samples: dict[AssetId, _Samples] = attrs.field(factory=dict, init=False)

    def begin(self, asset_id: AssetId, price: Decimal, now: float) -> None:
        """Note what a token costs if nothing is known of it yet."""
        if asset_id not in self._samples:
            self.add(asset_id, price, now)

    def add(self, asset_id: AssetId, price: Decimal, now: float) -> None:
        """Note what a token costs."""
        self._samples.setdefault(asset_id, _Samples()).add(now, price)

    def retain(self, asset_ids: frozenset[AssetId]) -> None:
        """Forget all others."""
        for asset_id in self._samples.keys() - asset_ids:
            del self._samples[asset_id]

    def change(
        self, asset_id: AssetId, price: Decimal, now: float, seconds: float
    ) -> Change | None:
        """How far `price` is from what stood so many seconds ago, at most 3600; None if unknown."""
        samples = self._samples.get(asset_id)
        if samples is None:
            return None
        then, before = samples.at(now - seconds)
        return Change(price - before, min(now - then, seconds))
