r"""Gamma, the venue's catalogue: JSON to markets.

Gamma writes lists as JSON inside strings (`"outcomes": "[\"Yes\", \"No\"]"`); newer answers
may have them as lists, and a market without an order book has none. Source: the answers of
gamma-api.polymarket.com, 2026-03.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any, Final

import msgspec

from polymarket_realtime._model.catalog import Market, Outcome
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime.errors import CodecError

__all__ = ["decode_markets"]

_LONGEST_TEXT = 300
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_markets(payload: bytes) -> list[Market]:
    """Read the answer to `GET /markets`.

    Raises:
        CodecError: It is not a list of objects with a `conditionId`.
    """
    try:
        rows = msgspec.json.decode(payload)
    except _UNREADABLE as error:
        raise CodecError("markets", str(error)) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CodecError("markets", "not a list of markets")
    return [_market(row) for row in rows]


def _market(row: dict[str, Any]) -> Market:
    condition_id = row.get("conditionId")
    if not isinstance(condition_id, str):
        raise CodecError("markets", "a market has no conditionId")
    assets = _list(row.get("clobTokenIds"))
    # Index by index: a name that is missing must not move the others to the wrong tokens.
    names = chain(_list(row.get("outcomes")), repeat(None))
    return Market(
        condition_id=ConditionId(condition_id.lower()),
        question=_text(row.get("question")),
        slug=_text(row.get("slug")),
        outcomes=tuple(
            Outcome(AssetId(asset), _text(name))
            for asset, name in zip(assets, names, strict=False)
            if isinstance(asset, str)
        ),
        closed=row.get("closed") is True,
    )


def _list(value: object) -> list[Any]:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value) if value else []
        except _UNREADABLE:
            return []
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text of the venue's users: printable, and not endless."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST_TEXT]).strip()
