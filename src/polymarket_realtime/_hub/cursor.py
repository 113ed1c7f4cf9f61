"""A reader's position in journals, as a short text that it hands back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import attrs

from polymarket_realtime._hub.journal import Position
from polymarket_realtime.errors import InvalidCursor

__all__ = ["ALL", "Cursor", "scope_of"]

_FORM: Final = re.compile(
    r"([0-9a-z]{1,16})\.([0-9a-f]{1,16})\.([0-9a-f]{1,16})(?:\.([0-9a-f]{6}))?"
)

ALL: Final = ""
"""The scope of a cursor over whatever there is."""


def scope_of(names: Iterable[str] | None) -> str:
    """A short text that differs for different sets of names; `ALL` without any."""
    if names is None:
        return ALL
    joined = "\n".join(sorted(set(names)))
    return hashlib.blake2b(joined.encode(), digest_size=3).hexdigest()


@attrs.frozen
class Cursor:
    """A position, and what it is a position in.

    Attributes:
        run: Of which journals: they do not outlive their process.
        position: How far.
        scope: Of what is read together: a cursor moved to other subscriptions would skip what
            came to them meanwhile.
    """

    run: str
    position: Position
    scope: str = ALL

    def __str__(self) -> str:
        text = f"{self.run}.{self.position.seq:x}.{self.position.singles:x}"
        return f"{text}.{self.scope}" if self.scope else text

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `str` has written.

        Raises:
            InvalidCursor: It has not.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidCursor(text, "is none that was given out")
        run, seq, singles, scope = match.groups()
        return cls(run, Position(int(seq, 16), int(singles, 16)), scope or ALL)
