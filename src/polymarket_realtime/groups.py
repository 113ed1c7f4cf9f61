"""What is in an exception group."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["leaves"]

E = TypeVar("E", bound=BaseException)


def leaves(group: BaseExceptionGroup[E]) -> list[E]:
    """The exceptions in a group and in the groups within it, in order."""
    found: list[E] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
