"""The words of the market channel, as the venue spells them.

The attribute names are the keys of the JSON: msgspec fills these classes directly and ignores
aliases. Every number is a string on this wire. Source: docs.polymarket.com, "Market Channel";
shapes measured 2026-10-04.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs
import msgspec

from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side

__all__ = [
    "BestBidAskFrame",
    "BookFrame",
    "LastTradePriceFrame",
    "MalformedFrame",
    "MarketFrame",
    "MarketResolvedFrame",
    "NewMarketFrame",
    "OfOneAsset",
    "PriceChange",
    "PriceChangeFrame",
    "TextFrame",
    "TickSizeChangeFrame",
    "UnknownFrame",
    "WireLevelObject",
    "as_malformed",
]


class WireLevelObject(msgspec.Struct, frozen=True, gc=False):
    """`{"price", "size"}` of a book.

    Not of attrs like the rest: a book has about a hundred of them, and without a header for the
    garbage collector the whole frame is decoded in half the time (13 instead of 25 µs).
    """

    price: str
    size: str


@attrs.frozen
class BookFrame:
    """A whole book: bids ascend, asks descend, so the best level of each side comes last.

    `timestamp` is the book's last change. `tick_size` and `last_trade_price` come in the
    opening dump only, and the latter is the market's, whichever of its tokens was traded.
    """

    event_type: Literal["book"]
    market: ConditionId
    asset_id: AssetId
    timestamp: str
    bids: tuple[WireLevelObject, ...]
    asks: tuple[WireLevelObject, ...]
    hash: str | None = None
    tick_size: str | None = None
    last_trade_price: str | None = None


@attrs.frozen
class PriceChange:
    """One changed level; `size` is the new total, `hash` that of the token's whole book."""

    asset_id: AssetId
    price: str
    size: str
    side: Side
    hash: str | None = None
    best_bid: str | None = None
    best_ask: str | None = None


@attrs.frozen
class PriceChangeFrame:
    """Changed levels, of both tokens of a market as a rule."""

    event_type: Literal["price_change"]
    market: ConditionId
    price_changes: tuple[PriceChange, ...]
    timestamp: str


@attrs.frozen
class LastTradePriceFrame:
    """A trade; `side` is the taker's."""

    event_type: Literal["last_trade_price"]
    market: ConditionId
    asset_id: AssetId
    price: str
    size: str
    side: Side
    timestamp: str
    fee_rate_bps: str | None = None
    transaction_hash: str | None = None


@attrs.frozen
class TickSizeChangeFrame:
    """Sent when a price passes above 0.96 or below 0.04."""

    event_type: Literal["tick_size_change"]
    market: ConditionId
    asset_id: AssetId
    old_tick_size: str
    new_tick_size: str
    timestamp: str


@attrs.frozen
class BestBidAskFrame:
    """A hint, not guaranteed to be delivered; `""` where a side is empty."""

    event_type: Literal["best_bid_ask"]
    market: ConditionId
    asset_id: AssetId
    timestamp: str
    best_bid: str | None = None
    best_ask: str | None = None
    spread: str | None = None


@attrs.frozen
class NewMarketFrame:
    """A new market; `assets_ids` and `outcomes` have the same order."""

    event_type: Literal["new_market"]
    market: ConditionId
    assets_ids: tuple[AssetId, ...]
    timestamp: str
    outcomes: tuple[str, ...] = ()
    question: str = ""
    slug: str = ""
    group_item_title: str = ""
    event_message: dict[str, Any] | None = None
    order_price_min_tick_size: str | None = None
    tags: tuple[str, ...] | None = None
    active: bool | None = None


@attrs.frozen
class MarketResolvedFrame:
    """A settlement."""

    event_type: Literal["market_resolved"]
    market: ConditionId
    assets_ids: tuple[AssetId, ...]
    winning_asset_id: AssetId
    timestamp: str
    winning_outcome: str = ""
    tags: tuple[str, ...] | None = None


@attrs.frozen
class TextFrame:
    """Text that is not JSON: `PONG`, `INVALID OPERATION`, `NO NEW ASSETS`, or rubbish."""

    text: str


@attrs.frozen
class UnknownFrame:
    """JSON of a kind that is not known here, kept whole; `event_type` is `""` if it has none."""

    event_type: str
    fields: dict[str, Any]


@attrs.frozen
class MalformedFrame:
    """A frame of a known kind that breaks its format.

    It is a value and not an exception, so that it costs its neighbours in an array nothing.

    Attributes:
        event_type: The kind; `array` or `object` if it could not be read at all, `element` for
            something in an array that is no object.
        asset_ids: The assets that it may have been about, as far as they could be read.
    """

    event_type: str
    problem: str
    asset_ids: tuple[AssetId, ...] = ()


def as_malformed(frame: Any, problem: str) -> MalformedFrame:
    """A frame that could be read, but not be understood."""
    changes = getattr(frame, "price_changes", ())
    assets = [holder.asset_id for holder in (frame, *changes) if hasattr(holder, "asset_id")]
    return MalformedFrame(frame.event_type, problem, tuple(dict.fromkeys(assets)))


OfOneAsset = LastTradePriceFrame | TickSizeChangeFrame | BestBidAskFrame
"""Frames about one asset that are no part of its book."""

MarketFrame = (
    BookFrame
    | PriceChangeFrame
    | LastTradePriceFrame
    | TickSizeChangeFrame
    | BestBidAskFrame
    | NewMarketFrame
    | MarketResolvedFrame
    | TextFrame
    | UnknownFrame
    | MalformedFrame
)
