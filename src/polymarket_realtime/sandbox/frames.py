"""What the exchange says on the market channel, as text, with whom each frame is for.

Source for all shapes: docs.polymarket.com, Market Channel; checked against frames recorded on
2026-10-04.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec

from .books import MIN_ORDER_SIZE, Change, Side, digest, show_price, show_size
from .markets import Market


@attrs.frozen
class Frame:
    """One text frame and its audience.

    Attributes:
        tokens: Connections that subscribe any of these get it.
        custom: Only with `custom_feature_enabled`.
        broadcast: To every connection with the flag, whatever it subscribes.
        settles: After this frame, nothing more will be said of `tokens`.
    """

    text: str
    tokens: tuple[str, ...]
    custom: bool = False
    broadcast: bool = False
    settles: bool = False


def encode(value: Any) -> str:
    """Compact JSON."""
    return msgspec.json.encode(value).decode()


def book_hash(market: Market, outcome: int) -> str:
    """The hash of one token's book as it stands, at the time of its last change."""
    book = market.book
    return digest(
        market=market.condition_id,
        asset_id=market.token_ids[outcome],
        timestamp=book.timestamp,
        view=book.view(outcome),
        tick=book.tick,
        neg_risk=market.event.neg_risk,
        last_trade_price=book.last_trade_price,
    )


def opening_book(market: Market, outcome: int) -> dict[str, Any]:
    """A book as in the opening dump: the only form with tick size and last trade price."""
    view = market.book.view(outcome)
    return {
        "market": market.condition_id,
        "asset_id": market.token_ids[outcome],
        "timestamp": str(market.book.timestamp),
        "hash": book_hash(market, outcome),
        "bids": view.wire_bids(),
        "asks": view.wire_asks(),
        "tick_size": show_price(market.book.tick),
        "event_type": "book",
        "last_trade_price": market.book.last_trade_price,
    }


def rest_book(market: Market, outcome: int) -> dict[str, Any]:
    """A book as `GET /book` answers it."""
    book = opening_book(market, outcome)
    del book["event_type"]
    return book | {"min_order_size": MIN_ORDER_SIZE, "neg_risk": market.event.neg_risk}


def book_frame(market: Market, outcome: int) -> Frame:
    """A book in the middle of the stream: without tick size and last trade price."""
    view, token = market.book.view(outcome), market.token_ids[outcome]
    body = {
        "market": market.condition_id,
        "asset_id": token,
        "bids": view.wire_bids(),
        "asks": view.wire_asks(),
        "hash": book_hash(market, outcome),
        "timestamp": str(market.book.timestamp),
        "event_type": "book",
    }
    return Frame(encode(body), (token,))


def price_change_frame(
    market: Market,
    changes: Sequence[Change],
    *,
    hashes: tuple[str, str],
    tops: tuple[tuple[str, str], tuple[str, str]],
) -> Frame:
    """Each change together with its mirror image on the other token.

    `hashes` are of either token's whole book after the *burst*, for changes that share a timestamp
    share the hash; `tops` are best bid and ask of either token after this frame.
    """
    entries = [
        {
            "asset_id": market.token_ids[entry.outcome],
            "price": show_price(entry.price),
            "size": show_size(entry.size),
            "side": entry.side,
            "hash": hashes[entry.outcome],
            "best_bid": tops[entry.outcome][0],
            "best_ask": tops[entry.outcome][1],
        }
        for change in changes
        for entry in (change, change.mirrored())
    ]
    body = {
        "market": market.condition_id,
        "price_changes": entries,
        "timestamp": str(market.book.timestamp),
        "event_type": "price_change",
    }
    return Frame(encode(body), market.token_ids)


def best_bid_ask_frame(market: Market, outcome: int) -> Frame:
    """The top of one token's book; an empty side is `""`, and so is the spread then."""
    view, token = market.book.view(outcome), market.token_ids[outcome]
    bid, ask = view.best_bid, view.best_ask
    body = {
        "market": market.condition_id,
        "asset_id": token,
        "best_bid": "" if bid is None else show_price(bid),
        "best_ask": "" if ask is None else show_price(ask),
        "spread": "" if bid is None or ask is None else show_price(ask - bid),
        # Recorded frames are stamped one millisecond after the change that they announce.
        "timestamp": str(market.book.timestamp + 1),
        "event_type": "best_bid_ask",
    }
    return Frame(encode(body), (token,), custom=True)


def last_trade_price_frame(
    market: Market, outcome: int, side: Side, *, price: int, size: int, transaction: str
) -> Frame:
    """One print; stamped later than the changes that it caused, as recorded."""
    token = market.token_ids[outcome]
    body = {
        "market": market.condition_id,
        "asset_id": token,
        "price": show_price(price),
        "size": show_size(size),
        "fee_rate_bps": "0",
        "side": side,
        "timestamp": str(market.book.timestamp + 2),
        "event_type": "last_trade_price",
        "transaction_hash": transaction,
    }
    return Frame(encode(body), (token,))


def tick_size_change_frame(market: Market, outcome: int, old_tick: int) -> Frame:
    """The market's present tick size replaces `old_tick`."""
    token = market.token_ids[outcome]
    body = {
        "asset_id": token,
        "event_type": "tick_size_change",
        "market": market.condition_id,
        "new_tick_size": show_price(market.book.tick),
        "old_tick_size": show_price(old_tick),
        "timestamp": str(market.book.timestamp),
    }
    return Frame(encode(body), (token,))


def new_market_frame(market: Market) -> Frame:
    """Broadcast of a market that has just been listed."""
    body = {
        "id": market.id,
        "question": market.question,
        "market": market.condition_id,
        "slug": market.slug,
        "description": describe(market),
        "assets_ids": market.token_ids,
        "outcomes": market.outcomes,
        "event_message": market.event.message(),
        "timestamp": str(market.opened),
        "event_type": "new_market",
        "tags": market.event.tags,
        "condition_id": market.condition_id,
        "active": True,
        "clob_token_ids": market.token_ids,
        "sports_market_type": "",
        "line": "",
        "game_start_time": "",
        "order_price_min_tick_size": show_price(market.book.tick),
        "group_item_title": market.group_item_title,
        "taker_base_fee": "1000",
        "fees_enabled": False,
    }
    return Frame(encode(body), market.token_ids, custom=True, broadcast=True)


def market_resolved_frame(market: Market) -> Frame:
    """The last word on a market; only connections that subscribe one of its tokens get it.

    Who won a split is told by empty texts, which is how this channel says "none"; no frame of a
    split was ever recorded.
    """
    winner = market.winner
    body = {
        "id": market.id,
        "market": market.condition_id,
        "assets_ids": market.token_ids,
        "winning_asset_id": "" if winner is None else market.token_ids[winner],
        "winning_outcome": "" if winner is None else market.outcomes[winner],
        "event_message": None,
        "timestamp": str(market.book.timestamp + 1),
        "event_type": "market_resolved",
        "tags": market.event.tags,
    }
    return Frame(encode(body), market.token_ids, custom=True, settles=True)


def describe(market: Market) -> str:
    """The rules of a market, in a sentence."""
    first, second = market.outcomes
    return (
        f'This sandbox market resolves to "{first}" or "{second}". '
        "Its prices come from a random number generator."
    )
