"""When the garbage collector runs: the program decides that, a library must not.

Importing makes a hundred thousand objects, nearly all of which stay. The collector would look
through them again and again, which takes a sixth of the time that `serve` needs to answer, and
once everything runs a full collection of that would stop it for some 60 ms.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["few_collections", "freeze_what_is_imported"]

_USUAL: Final = gc.get_threshold()
_WHILE_IMPORTING: Final = 20_000
"""New objects after which the youngest are looked through; Python's own choice is 700."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect seldom in here, up to where `freeze_what_is_imported` is called."""
    gc.set_threshold(_WHILE_IMPORTING, *_USUAL[1:])
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)


def freeze_what_is_imported() -> None:
    """Leave all that there is out of every collection to come, and collect as usual again."""
    gc.freeze()
    gc.set_threshold(*_USUAL)
