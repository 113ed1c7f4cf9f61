"""Text that strangers wrote: market questions, names, comments, the venue's own words.

It reaches terminals and language models, so nothing in it may steer either of them, or hide in it.
"""

from __future__ import annotations

from typing import Final
from unicodedata import category

__all__ = ["plain_text"]

_MOST_MARKS: Final = 4
"""Combining marks on one character: no living script needs more, and a heap of them writes over
the lines above and below."""

_INVISIBLE: Final = frozenset(
    map(
        chr,
        (
            0x034F,
            *(0x115F, 0x1160, 0x3164, 0xFFA0),
            *(0x17B4, 0x17B5),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Characters that `str.isprintable` takes for letters and marks and nobody sees: joiners, fillers,
vowels without a sound, variation selectors. A run of them can carry a whole hidden text. Source:
Unicode, DerivedCoreProperties, Default_Ignorable_Code_Point."""


def plain_text(text: str, longest: int = 300) -> str:
    """The text on one line, with nothing in it that cannot be seen, and not endless.

    Line breaks, control and format characters (bidi overrides, zero-width ones, tags), private
    and unassigned ones and lone surrogates become spaces; other invisible ones, and marks beyond
    the fourth of a character, are left out. What is plain already stays as it is.

    Args:
        text: Whatever somebody wrote.
        longest: Most characters of the result; a text that was cut ends in `…`.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    # Nearly all texts are ASCII: two looks in C, and none at single characters.
    if cut.isascii() and cut.isprintable():
        return cut.strip()
    return _visible(cut).strip()


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = _MOST_MARKS  # at the beginning there is nothing that a mark could be on
    for character in text:
        if character in _INVISIBLE:
            continue
        seen = character if character.isprintable() else " "
        if seen == " " and not kept:
            continue
        if category(seen)[0] == "M":
            marks += 1
            if marks > _MOST_MARKS:
                continue
        else:
            marks = 0
        kept.append(seen)
    return "".join(kept)
