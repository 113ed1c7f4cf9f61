"""What must be remembered as long as it lives, and a while after."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

__all__ = ["Retention"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Retention(Generic[K, V]):
    """A table of living things, and of the latest `keep` that are over.

    Args:
        keep: How many of those that are over are remembered; the one that ended first is
            forgotten first.
    """

    __slots__ = ("_keep", "_living", "_over")

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._living: dict[K, V] = {}
        self._over: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._living) + len(self._over)

    def __iter__(self) -> Iterator[V]:
        yield from self._living.values()
        yield from self._over.values()

    def get(self, key: K) -> V | None:
        """What is remembered of it, living or over."""
        value = self._living.get(key)
        return self._over.get(key) if value is None else value

    def living(self) -> Iterator[tuple[K, V]]:
        """The living, in the order in which they came."""
        return iter(self._living.items())

    def put(self, key: K, value: V, *, over: bool) -> V | None:
        """Remember something; what had to be forgotten for it, if anything."""
        if not over:
            self._over.pop(key, None)
            self._living[key] = value
            return None
        self._living.pop(key, None)
        self._over[key] = value
        if len(self._over) <= self._keep:
            return None
        return self._over.pop(next(iter(self._over)))
