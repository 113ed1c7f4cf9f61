"""Events of the user channel: one's own orders and trades.

Prices and sizes are exact `Decimal`, times aware UTC. `raw` is the venue's own text with the
account's secrets replaced.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import USER_FEED, EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side, utc_from_ms

__all__ = ["OrderUpdate", "TradeRole", "TradeUpdate", "UpdateSource", "UserEvent"]


class UpdateSource(StrEnum):
    """How an update became known."""

    STREAM = "stream"
    """The user channel said it."""
    RECONCILED = "reconciled"
    """It was found by REST: the channel had been cut, or had not begun, when it happened."""


class TradeRole(StrEnum):
    """Which part one had in a trade."""

    TAKER = "taker"
    MAKER = "maker"


@attrs.frozen(kw_only=True)
class UserEvent(NamedEvent):
    """An event about the account.

    Attributes:
        market: The condition id.
        asset_id: The outcome token of one's own order.
        outcome: Its name, as far as the venue says it.
        timestamp_ms: The venue's time, in milliseconds since the epoch; None if it named none.
        source: How it became known.
        revision: Grows by one with each update of the account, in the order in which they are
            told; this package counts it, for the venue sends none.
        raw: The venue's text, without secrets.
    """

    market: ConditionId
    asset_id: AssetId
    outcome: str | None
    timestamp_ms: int | None
    source: UpdateSource
    revision: int
    raw: bytes = attrs.field(default=b"", repr=False, eq=False)

    @property
    def market_id(self) -> ConditionId:
        """The condition id, by the name of the predecessor's fields."""
        return self.market

    @property
    def timestamp(self) -> datetime | None:
        """The venue's time, aware UTC."""
        return None if self.timestamp_ms is None else utc_from_ms(self.timestamp_ms)

    @property
    def routes(self) -> tuple[str, ...]:
        return (self.market, USER_FEED)


@attrs.frozen(kw_only=True)
class OrderUpdate(UserEvent):
    """The state of one of one's orders after it has changed.

    Attributes:
        order_id: The order's hash.
        status: `LIVE`, `MATCHED`, `DELAYED`, `UNMATCHED`, `CANCELED…`, `INVALID`, or whatever
            else the venue says; some of its statuses are sentences.
        price: The limit.
        original_size: Shares ordered.
        filled_size: Shares traded so far.
        action: `PLACEMENT`, `UPDATE` or `CANCELLATION`; None if it was found by REST.
        order_type: `GTC`, `GTD`, `FOK`, `FAK`, or None if not said.
        created_at: When it was placed, aware UTC; None if not said.
        expires_at: When it expires; None if it does not.
    """

    type: ClassVar = EventType.ORDER
    shown: ClassVar = (
        *("type", "order_id", "status", "side", "price", "original_size", "filled_size"),
        *("remaining_size", "market", "asset_id", "question", "outcome", "action", "order_type"),
        *("created_at", "expires_at", "timestamp", "received_at", "source"),
    )

    order_id: str
    status: str
    side: Side
    price: Decimal
    original_size: Decimal
    filled_size: Decimal
    action: str | None
    order_type: str | None
    created_at: datetime | None
    expires_at: datetime | None

    @property
    def remaining_size(self) -> Decimal:
        """Shares not traded so far; those of an order that is gone never will be."""
        return max(self.original_size - self.filled_size, Decimal(0))

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in _OPEN and self.remaining_size > 0


_OPEN = frozenset({"LIVE", "DELAYED", "UNMATCHED"})


@attrs.frozen(kw_only=True)
class TradeUpdate(UserEvent):
    """A trade of one of one's orders, or the next step of its settlement.

    A trade that filled several of one's resting orders is told once for each.

    Attributes:
        trade_id: The same through all statuses.
        order_id: One's own order; None if the venue's words do not show which it was.
        role: Whether that order took or made; None likewise.
        status: `MATCHED`, `MINED`, `CONFIRMED`, `RETRYING`, `FAILED`, or whatever else the venue
            says. `CONFIRMED` and `FAILED` are final.
        side: Of one's own order, like `price`, `size`, `asset_id` and `outcome`.
        price: What was paid for a share.
        size: Shares.
        fee_rate_bps: In hundredths of a percent; None if not said.
        taker_order_id: The order that took.
        transaction_hash: None before it is known.
        bucket_index: Number of the part, if settling one match takes several transactions.
        matched_at: When the orders met, aware UTC; None if not said.
    """

    type: ClassVar = EventType.TRADE
    shown: ClassVar = (
        *("type", "trade_id", "order_id", "role", "status", "side", "price", "size"),
        *(
            "market",
            "market_id",
            "asset_id",
            "question",
            "outcome",
            "fee_rate_bps",
            "transaction_hash",
        ),
        *("matched_at", "timestamp", "received_at", "source"),
    )

    trade_id: str
    order_id: str | None
    role: TradeRole | None
    status: str
    side: Side
    price: Decimal
    size: Decimal
    fee_rate_bps: Decimal | None
    taker_order_id: str
    transaction_hash: str | None
    bucket_index: int | None
    matched_at: datetime | None
