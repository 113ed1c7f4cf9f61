"""The venue's fingerprint of a book.

Undocumented but exact: the SHA-1 of the book's compact JSON with an empty `hash`, prices and
sizes as the venue wrote them. `min_order_size` and `neg_risk` are only told by REST `/book`;
`last_trade_price` is the market's, with three decimals. A match proves a book; a mismatch is
evidence only, because the last trade enters the hash before it is announced and the formula
has changed before. Source: py-clob-client `utilities.py`; recomputed on captures of 2026-10-04
and 2024-08.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import WireLevel

__all__ = ["book_hash", "book_hash_2024"]


def book_hash(
    market: ConditionId,
    asset_id: AssetId,
    timestamp_ms: int,
    bids: Iterable[WireLevel],
    asks: Iterable[WireLevel],
    *,
    min_order_size: str,
    tick_size: str,
    neg_risk: bool,
    last_trade_price: str,
) -> str:
    """The hash of today's formula, 40 hexadecimal digits.

    Args:
        market: The condition id.
        asset_id: The token.
        timestamp_ms: The book's last change.
        bids: In the order of the wire: prices ascend.
        asks: In the order of the wire: prices descend.
        min_order_size: From REST, for example `"5"`.
        tick_size: For example `"0.001"`.
        neg_risk: From REST.
        last_trade_price: Of the market, three decimals; `""` if it never traded.
    """
    return _sha1(
        {
            "market": market,
            "asset_id": asset_id,
            "timestamp": str(timestamp_ms),
            "hash": "",
            "bids": list(bids),
            "asks": list(asks),
            "min_order_size": min_order_size,
            "tick_size": tick_size,
            "neg_risk": neg_risk,
            "last_trade_price": last_trade_price,
        }
    )


def book_hash_2024(
    market: ConditionId, asset_id: AssetId, bids: Iterable[WireLevel], asks: Iterable[WireLevel]
) -> str:
    """The hash of the formula of 2024, for old recordings."""
    return _sha1(
        {
            "market": market,
            "asset_id": asset_id,
            "hash": "",
            "bids": list(bids),
            "asks": list(asks),
        }
    )


def _sha1(fields: dict[str, Any]) -> str:
    return hashlib.sha1(msgspec.json.encode(fields), usedforsecurity=False).hexdigest()
