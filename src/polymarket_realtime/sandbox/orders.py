"""An account's orders and trades, and their spelling on the user channel and in REST.

Source for the shapes: docs.polymarket.com, User Channel; compared with frames recorded in 2024 and
2025. Prices are in ten-thousandths, sizes in millionths.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs

from .books import Change, Side, show_price, show_size
from .frames import encode
from .markets import Market

__all__ = [
    "MakerOrder",
    "Order",
    "Trade",
    "UserFrame",
    "order_frame",
    "order_row",
    "trade_frame",
    "trade_row",
]

OrderNews = Literal["PLACEMENT", "UPDATE", "CANCELLATION"]
Role = Literal["TAKER", "MAKER"]

FINAL = frozenset({"CONFIRMED", "FAILED"})
"""Statuses after which nothing more is said of a trade."""


@attrs.frozen
class UserFrame:
    """One text frame of the user channel, about one market."""

    text: str
    market: str


@attrs.define(eq=False)
class Order:
    """An order of the account.

    Attributes:
        owner: The API key that placed it.
        created: Seconds since the epoch.
        born: How many steps the account had made.
        matched: How much of `size` is filled.
        status: LIVE, MATCHED, CANCELED or CANCELED_MARKET_RESOLVED.
        trade_ids: The trades that filled it.
    """

    id: str
    owner: str = attrs.field(repr=False)
    maker_address: str
    market: Market
    outcome: int
    side: Side
    price: int
    size: int
    order_type: str
    created: int
    born: int
    matched: int = 0
    status: str = "LIVE"
    trade_ids: list[str] = attrs.field(factory=list)

    @property
    def left(self) -> int:
        """How much is not filled."""
        return self.size - self.matched

    @property
    def open(self) -> bool:
        """Whether it rests in the book."""
        return self.status == "LIVE"

    @property
    def token_id(self) -> str:
        """The token that is bought or sold."""
        return self.market.token_ids[self.outcome]

    def rests_at(self, level: Change) -> bool:
        """Whether this is a price level, seen from either token, that it would stand in."""
        own = Change(self.outcome, self.side, self.price, level.size)
        return level in (own, own.mirrored())


@attrs.frozen
class MakerOrder:
    """What one maker gave in a trade, in the terms of the maker's own token."""

    order_id: str
    owner: str = attrs.field(repr=False)
    maker_address: str
    outcome: int
    side: Side
    price: int
    amount: int


@attrs.define(eq=False)
class Trade:
    """A trade that the account takes part in; `outcome`, `side` and `price` are the taker's.

    Attributes:
        role: What the account is in it.
        owner: The taker's API key.
        share: How much of `size` is the account's.
        makers: All of them, strangers too.
        matched_at: Seconds since the epoch.
        updated_at: When the status changed, likewise.
        status: MATCHED at first; see `to_come`.
        to_come: The statuses that follow.
        transaction: On-chain, and so told only from MINED on.
    """

    id: str
    role: Role
    taker_order_id: str
    owner: str = attrs.field(repr=False)
    maker_address: str
    market: Market
    outcome: int
    side: Side
    price: int
    size: int
    share: int
    makers: tuple[MakerOrder, ...]
    matched_at: int
    updated_at: int
    transaction: str
    to_come: list[str]
    status: str = "MATCHED"

    @property
    def final(self) -> bool:
        """Whether the status cannot change any more."""
        return self.status in FINAL


def order_frame(order: Order, news: OrderNews, now_ms: int) -> UserFrame:
    """What is said of an order when something happened to it."""
    body = _order(order) | {
        "created_at": str(order.created),
        "event_type": "order",
        "order_owner": order.owner,
        "status": order.status,
        "timestamp": str(now_ms),
        "type": news,
    }
    return UserFrame(encode(body), order.market.condition_id)


def order_row(order: Order) -> dict[str, Any]:
    """An order as REST answers it: a prefix before the status, and a bare number for a time."""
    return _order(order) | {
        "status": f"ORDER_STATUS_{order.status}",
        "created_at": order.created,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "owner": order.owner,
        "maker_address": order.maker_address,
        "market": order.market.condition_id,
        "asset_id": order.token_id,
        "outcome": order.market.outcomes[order.outcome],
        "side": order.side,
        "price": show_price(order.price),
        "original_size": show_size(order.size),
        "size_matched": show_size(order.matched),
        "associate_trades": list(order.trade_ids) or None,
        "expiration": "0",
        "order_type": order.order_type,
    }


def trade_frame(trade: Trade, now_ms: int) -> UserFrame:
    """What is said of a trade when its status is new."""
    body = _trade(trade) | {
        "event_type": "trade",
        "status": trade.status,
        "timestamp": str(now_ms),
        "trade_owner": trade.owner,
        "type": "TRADE",
    }
    return UserFrame(encode(body), trade.market.condition_id)


def trade_row(trade: Trade) -> dict[str, Any]:
    """A trade as REST answers it."""
    return _trade(trade) | {"status": f"TRADE_STATUS_{trade.status}"}


def _trade(trade: Trade) -> dict[str, Any]:
    mined = trade.status in {"MINED", "CONFIRMED"}
    return {
        "id": trade.id,
        "taker_order_id": trade.taker_order_id,
        "market": trade.market.condition_id,
        "asset_id": trade.market.token_ids[trade.outcome],
        "side": trade.side,
        "size": show_size(trade.size),
        "fee_rate_bps": "0",
        "price": show_price(trade.price),
        "match_time": str(trade.matched_at),
        "last_update": str(trade.updated_at),
        "outcome": trade.market.outcomes[trade.outcome],
        "bucket_index": 0,
        "owner": trade.owner,
        "maker_address": trade.maker_address,
        "transaction_hash": trade.transaction if mined else "",
        "trader_side": trade.role,
        "maker_orders": [_maker(trade.market, maker) for maker in trade.makers],
    }


def _maker(market: Market, maker: MakerOrder) -> dict[str, Any]:
    return {
        "order_id": maker.order_id,
        "owner": maker.owner,
        "maker_address": maker.maker_address,
        "matched_amount": show_size(maker.amount),
        "price": show_price(maker.price),
        "fee_rate_bps": "0",
        "asset_id": market.token_ids[maker.outcome],
        "outcome": market.outcomes[maker.outcome],
        "side": maker.side,
    }
