"""When a connection asks for a book again.

A snapshot is had by unsubscribing and subscribing: the venue answers with a fresh `book`. What is
lost is asked for at once; what is lost again and again, or does not come, less and less often, so
that a lasting disagreement with the venue cannot become a storm of frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId

__all__ = ["Recovery"]

_SNAPSHOT_WAIT: Final = 5.0
"""Seconds until a snapshot that does not come is asked for again; doubled each time."""

_MOST_DOUBLINGS: Final = 4

_FORGIVEN: Final = 60.0
"""Seconds in sync after which an earlier loss no longer slows the next recovery."""


@attrs.define
class _History:
    """How often a book was asked for, and when it last came, if it ever did."""

    attempt: int = 0
    regained_at: float = math.inf


class Recovery:
    """The snapshots that one connection waits for. Times are seconds on the caller's clock."""

    def __init__(self) -> None:
        self._awaiting: dict[AssetId, float] = {}
        self._histories: dict[AssetId, _History] = {}
        self._asked_again: list[AssetId] = []

    def expect(self, asset_id: AssetId, now: float) -> None:
        """It was subscribed to: its snapshot should come."""
        self._awaiting[asset_id] = now + _SNAPSHOT_WAIT

    def is_expected(self, asset_id: AssetId) -> bool:
        """Whether its snapshot is awaited."""
        return asset_id in self._awaiting

    def expected(self) -> Iterable[AssetId]:
        """Whose snapshots are awaited."""
        return self._awaiting.keys()

    def ask(self, asset_id: AssetId, now: float) -> None:
        """It is lost: ask, at once or, if that was done a short while ago, a little later."""
        history = self._histories.setdefault(asset_id, _History())
        if now - history.regained_at > _FORGIVEN:
            history.attempt = 0
        if history.attempt == 0:
            self._asked_again.append(asset_id)
        self._wait_longer(asset_id, history, now)

    def insist(self, asset_id: AssetId, now: float) -> None:
        """Ask at once, however often that was done."""
        self._asked_again.append(asset_id)
        self._wait_longer(asset_id, self._histories.setdefault(asset_id, _History()), now)

    def arrived(self, asset_id: AssetId, now: float) -> None:
        """Its snapshot has come."""
        self._awaiting.pop(asset_id, None)
        if asset_id in self._histories:
            self._histories[asset_id].regained_at = now

    def forget(self, assets: Iterable[AssetId]) -> None:
        """Nobody wants these any more."""
        gone = frozenset(assets)
        self._asked_again = [each for each in self._asked_again if each not in gone]
        for asset_id in gone:
            self._awaiting.pop(asset_id, None)
            self._histories.pop(asset_id, None)

    def has_requests(self) -> bool:
        """Whether `take_requests` would give any."""
        return bool(self._asked_again)

    def take_requests(self) -> list[AssetId]:
        """Those that are to be asked for, since the last call, in order."""
        assets, self._asked_again = sorted(set(self._asked_again)), []
        return assets

    def next_deadline(self) -> float:
        """When `advance` has something to do."""
        return min(self._awaiting.values(), default=math.inf)

    def advance(self, now: float) -> None:
        """Ask again for snapshots that are late."""
        for asset_id in [a for a, due in self._awaiting.items() if due <= now]:
            self.insist(asset_id, now)

    def _wait_longer(self, asset_id: AssetId, history: _History, now: float) -> None:
        wait = _SNAPSHOT_WAIT * 2 ** min(history.attempt, _MOST_DOUBLINGS)
        self._awaiting[asset_id] = now + wait
        history.attempt += 1
