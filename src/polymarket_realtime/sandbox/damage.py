"""What can happen to the text of a frame on its way. Pure functions of text and tokens."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Literal

from .frames import encode

__all__ = ["Damage", "damage", "without"]

Damage = Literal["cut", "field", "digit"]
"""Half a frame; a price that is none in valid JSON; one wrong digit of a size."""

_PRICES = ("price", "best_bid", "new_tick_size")
"""Keys of what can become unreadable, outside of books."""


def without(text: str, hidden: Collection[str], lost: Collection[int] = ()) -> str | None:
    """A frame without what it says of some tokens; None if it says nothing else.

    Args:
        text: One frame.
        hidden: Tokens of which nothing may be said.
        lost: Positions of entries of a `price_change` that vanish besides.
    """
    body = json.loads(text)
    entries = body.get("price_changes")
    if entries is None:
        return None if body.get("asset_id") in hidden else text
    kept = [
        entry
        for position, entry in enumerate(entries)
        if position not in lost and entry["asset_id"] not in hidden
    ]
    return encode(body | {"price_changes": kept}) if kept else None


def damage(text: str, token: str, how: Damage) -> str | None:
    """A frame, or a dump of books, with something wrong about a token; None if nothing can be."""
    if token not in text:
        return None
    if how == "cut":
        return text[: len(text) // 2]
    body = json.loads(text)
    for part in _parts(body, token):
        if _damage_part(part, how):
            # A dump ends with a line feed.
            return encode(body) + text[len(text.rstrip()) :]
    return None


def _parts(body: Any, token: str) -> Iterator[dict[str, Any]]:
    """The objects in a frame that are about one token."""
    for item in body if isinstance(body, list) else [body]:
        candidates = (item, *item.get("price_changes", ()))
        yield from (each for each in candidates if each.get("asset_id") == token)


def _damage_part(part: dict[str, Any], how: Damage) -> bool:
    """Alter one price or size, of a book that of its best level; False if there is none."""
    levels = part.get("bids") or part.get("asks")
    target = levels[-1] if levels else part
    if how == "digit":
        if "size" not in target:
            return False
        first, rest = target["size"][0], target["size"][1:]
        target["size"] = f"{int(first) % 9 + 1}{rest}"
        return True
    for key in _PRICES:
        if key in target:
            target[key] = "?"
            return True
    return False
