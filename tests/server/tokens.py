"""How much of a model's context a text takes: a stand-in for the tokenizer of a real model."""

from __future__ import annotations

import math
import re

__all__ = ["count_tokens"]

_PIECES = re.compile(
    r"""(?x)
    (?P<hex> [^\r\n\w]?[a-f]+(?=\d) | (?<=[\d-])[a-f]+(?![^\W\d_]) )
    | (?P<word> (?:[^\r\n\w]|_)?[^\W\d_]+ )
    | (?P<number> \d{1,3} )
    | (?P<marks> [ ]?(?:[^\s\w]|_)+[\r\n/]* )
    | (?P<space> \s+ )
    """
)
"""As tokenizers of the GPT-4o family cut a text: a word with the one mark before it, three digits,
a run of marks. No token crosses these cuts."""

_ONE_TOKEN = frozenset({'":{"', '":["', '"},{"'})
"""Longer runs of marks of which compact JSON is so full that they are tokens of their own."""

_LETTERS, _MARKS = 6, 3
"""How much of a word and of a run of marks is one token."""


def count_tokens(text: str) -> int:
    """How many tokens a text takes, rather too many than too few.

    Calibrated with the o200k tokenizer of gpt-tokenizer 4.0 (its model gpt-4o) on 20 results of
    all kinds of tools and on the listings of eleven tools: 1.01 to 1.18 times what that counts.
    """
    return 1 + sum(map(_cost, _PIECES.finditer(text)))


def _cost(piece: re.Match[str]) -> int:
    shown = piece[0]
    match piece.lastgroup:
        case "hex":
            return len(shown)
        case "word":
            return math.ceil(len(shown) / _LETTERS)
        case "marks" if shown not in _ONE_TOKEN:
            return math.ceil(len(shown) / _MARKS)
    return 1
