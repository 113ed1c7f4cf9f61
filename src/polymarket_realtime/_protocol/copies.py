"""Tells what another connection has said already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

__all__ = ["Copies"]

_MOST: Final = 4_096


class Copies:
    """What was said last, by whom it was said first.

    Two connections carry the same while one takes over from the other, or always, if that was
    asked for. What the same connection says twice is its own business.
    """

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: OrderedDict[Hashable, object] = OrderedDict()

    def is_copy(self, said: Hashable, teller: object) -> bool:
        """Whether somebody else has said this before; it is remembered if not."""
        first = self._first.setdefault(said, teller)
        if len(self._first) > _MOST:
            self._first.popitem(last=False)
        return first is not teller
