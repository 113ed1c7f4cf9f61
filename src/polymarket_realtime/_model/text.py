"""Text that strangers wrote: market questions, names, comments.

It reaches terminals and language models, so nothing in it may steer either of them.
"""

from __future__ import annotations

__all__ = ["plain_text"]


def plain_text(text: str, longest: int = 300) -> str:
    """The text on one line, without control and format characters, and not endless."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut.strip()
    return "".join(c if c.isprintable() else " " for c in cut).strip()
