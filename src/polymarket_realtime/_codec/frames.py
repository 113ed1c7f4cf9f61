"""The words of the market channel, as the venue spells them.

The attribute names are the keys of the JSON: msgspec fills these classes directly and ignores
aliases. Every number is a string on this wire. Source: docs.polymarket.com, "Market Channel";
shapes measured 2026-10-04.

What could be a text in place of an id or a number is refused here. Lengths are annotations, which
msgspec checks by itself; a call is made in no class that comes as often as a price change, and an
`asset_id` that goes with levels or trades needs none: it counts only if it was asked for.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import attrs
import msgspec

from polymarket_realtime._codec.unknown import harmless_fields
from polymarket_realtime._model.ids import AssetId, ConditionId, is_id
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.values import Number, Side, WireLevel
from polymarket_realtime.errors import CodecError

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
    "as_malformed",
]


_LONGEST_KIND: Final = 60
_LONGEST_PROBLEM: Final = 200

Hash = Annotated[str, msgspec.Meta(max_length=128)]

Assets = Annotated[tuple[AssetId, ...], msgspec.Meta(max_length=256)]
Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=256)]
"""Of outcomes and tags: texts of strangers, as they came."""


def _plain_kind(text: str) -> str:
    return plain_text(text, _LONGEST_KIND)


def _plain_words(text: str) -> str:
    return plain_text(text)


def _plain_problem(text: str) -> str:
    return plain_text(text, _LONGEST_PROBLEM)


def _no_id(text: str) -> CodecError:
    return CodecError("known", f"{text[:40]!r} is no id")


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
    bids: tuple[WireLevel, ...]
    asks: tuple[WireLevel, ...]
    hash: Hash | None = None
    tick_size: Number | None = None
    last_trade_price: Number | None = None

    def __attrs_post_init__(self) -> None:
        if not is_id(self.market):
            raise _no_id(self.market)


class PriceChange(msgspec.Struct, frozen=True, gc=False):
    """One changed level; `size` is the new total, `hash` that of the token's whole book.

    Not of attrs, for the same reason as a `WireLevel`: it is what comes most often of all.
    """

    asset_id: AssetId
    price: Number
    size: Number
    side: Side
    hash: Hash | None = None
    best_bid: Number | None = None
    best_ask: Number | None = None


class PriceChangeFrame(msgspec.Struct, frozen=True, gc=False):
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
    price: Number
    size: Number
    side: Side
    timestamp: str
    fee_rate_bps: Number | None = None
    transaction_hash: str | None = None

    def __attrs_post_init__(self) -> None:
        if not is_id(self.market):
            raise _no_id(self.market)
        if self.transaction_hash and not is_id(self.transaction_hash):
            raise _no_id(self.transaction_hash)


@attrs.frozen
class TickSizeChangeFrame:
    """Sent when a price passes above 0.96 or below 0.04."""

    event_type: Literal["tick_size_change"]
    market: ConditionId
    asset_id: AssetId
    old_tick_size: Number
    new_tick_size: Number
    timestamp: str

    def __attrs_post_init__(self) -> None:
        if not is_id(self.market):
            raise _no_id(self.market)


@attrs.frozen
class BestBidAskFrame:
    """A hint, not guaranteed to be delivered; `""` where a side is empty."""

    event_type: Literal["best_bid_ask"]
    market: ConditionId
    asset_id: AssetId
    timestamp: str
    best_bid: Number | None = None
    best_ask: Number | None = None
    spread: Number | None = None

    def __attrs_post_init__(self) -> None:
        if not is_id(self.market):
            raise _no_id(self.market)


@attrs.frozen
class NewMarketFrame:
    """A new market; `assets_ids` and `outcomes` have the same order."""

    event_type: Literal["new_market"]
    market: ConditionId
    assets_ids: Assets
    timestamp: str
    outcomes: Names = ()
    question: str = ""
    slug: str = ""
    group_item_title: str = ""
    event_message: dict[str, Any] | None = None
    order_price_min_tick_size: Number | None = None
    tags: Names | None = None
    active: bool | None = None

    def __attrs_post_init__(self) -> None:
        for each in (self.market, *self.assets_ids):
            if not is_id(each):
                raise _no_id(each)


@attrs.frozen
class MarketResolvedFrame:
    """A settlement."""

    event_type: Literal["market_resolved"]
    market: ConditionId
    assets_ids: Assets
    winning_asset_id: AssetId
    timestamp: str
    winning_outcome: str = ""
    tags: Names | None = None

    def __attrs_post_init__(self) -> None:
        for each in (self.market, *self.assets_ids, self.winning_asset_id or "0"):
            if not is_id(each):
                raise _no_id(each)


@attrs.frozen
class TextFrame:
    """Text that is not JSON: `PONG`, `INVALID OPERATION`, `NO NEW ASSETS`, or rubbish."""

    text: str = attrs.field(converter=_plain_words)


@attrs.frozen
class UnknownFrame:
    """JSON of a kind that is not known here, made harmless; `event_type` is `""` without one."""

    event_type: str = attrs.field(converter=_plain_kind)
    fields: dict[str, Any] = attrs.field(converter=harmless_fields)


@attrs.frozen
class MalformedFrame:
    """A frame of a known kind that breaks its format.

    It is a value and not an exception, so that it costs its neighbours in an array nothing.

    Attributes:
        event_type: The kind; `array` or `object` if it could not be read at all, `element` for
            something in an array that is no object.
        problem: A few plain words, which may repeat a piece of the frame.
        asset_ids: The assets that it may have been about, as far as they could be read.
    """

    event_type: str
    problem: str = attrs.field(converter=_plain_problem)
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
