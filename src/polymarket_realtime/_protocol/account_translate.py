"""The words of the user channel as events: which part of a trade is one's own, and when.

Everything here is pure. The frames come from the codec, so their numbers are numbers.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from polymarket_realtime._codec.user_frames import MakerOrder, OrderFrame, TradeFrame
from polymarket_realtime._model.credentials import OWN_KEY_MASK
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.user import OrderUpdate, TradeRole, TradeUpdate, UpdateSource
from polymarket_realtime._model.values import Side, decimal, optional_decimal, utc_from_ms
from polymarket_realtime._protocol.translate import Receipt, is_unix_time

__all__ = ["OwnPart", "milliseconds_of", "order_update", "own_parts", "trade_update"]

_LATEST_IN_SECONDS: Final = 100_000_000_000
"""A Unix time above this, the year 5138, counts milliseconds."""

_STATUS_OF_ACTION: Final = {"CANCELLATION": "CANCELED"}
"""The status of an order whose frame names none. All others are open as far as is known."""


@attrs.frozen
class OwnPart:
    """What one's own order had in a trade; `order_id` and `role` as in `TradeUpdate`."""

    order_id: str | None
    role: TradeRole | None
    asset_id: AssetId
    outcome: str
    side: Side
    price: str
    size: str
    fee_rate_bps: str


def _is_own(frame: MakerOrder | TradeFrame, addresses: Container[str]) -> bool:
    """Whether a maker's order, or the taker's of a trade, is one's own.

    Args:
        frame: Scrubbed of one's secrets before it was read: the API key is a mask.
        addresses: One's own, in lower case. They tell orders of other keys of the account.
    """
    return frame.owner == OWN_KEY_MASK or frame.maker_address.lower() in addresses


def own_parts(frame: TradeFrame, addresses: Container[str]) -> list[OwnPart]:
    """One's own orders in a trade, at least one: unknown where the venue's words show none."""
    side = frame.trader_side.upper()
    if side == "MAKER" or not _is_own(frame, addresses):
        own = [maker for maker in frame.maker_orders if _is_own(maker, addresses)]
        if not own and side == "MAKER" and len(frame.maker_orders) == 1:
            own = list(frame.maker_orders)
        if own:
            return [_maker_part(frame, maker) for maker in own]
        if side == "MAKER":
            return [_taker_part(frame, None, TradeRole.MAKER)]
        if side != "TAKER":
            return [_taker_part(frame, None, None)]
    return [_taker_part(frame, frame.taker_order_id, TradeRole.TAKER)]


def _taker_part(frame: TradeFrame, order_id: str | None, role: TradeRole | None) -> OwnPart:
    """The trade's own numbers."""
    return OwnPart(
        order_id,
        role,
        frame.asset_id,
        frame.outcome,
        frame.side,
        frame.price,
        frame.size,
        frame.fee_rate_bps,
    )


def _maker_part(frame: TradeFrame, maker: MakerOrder) -> OwnPart:
    return OwnPart(
        maker.order_id,
        TradeRole.MAKER,
        maker.asset_id,
        maker.outcome,
        maker.side or _side_against(frame, maker.asset_id),
        maker.price,
        maker.matched_amount,
        maker.fee_rate_bps,
    )


def _side_against(frame: TradeFrame, asset_id: AssetId) -> Side:
    """The side of an order that the taker's met.

    On the same token a buyer meets a seller. On complementary tokens two buyers have a pair
    made for them, and two sellers have one merged.
    """
    if asset_id != frame.asset_id:
        return frame.side
    return Side.SELL if frame.side is Side.BUY else Side.BUY


def order_update(
    frame: OrderFrame, receipt: Receipt, source: UpdateSource, *, filled: Decimal, revision: int
) -> OrderUpdate:
    """An order as an event; `filled` is what is known of its fills."""
    return OrderUpdate(
        received=receipt.received,
        raw=receipt.raw,
        market=frame.market,
        asset_id=frame.asset_id,
        outcome=plain_text(frame.outcome) or None,
        timestamp_ms=milliseconds_of(frame.timestamp),
        source=source,
        revision=revision,
        order_id=frame.id,
        status=plain_text(frame.status) or _STATUS_OF_ACTION.get(frame.type, "LIVE"),
        side=frame.side,
        price=decimal(frame.price),
        original_size=decimal(frame.original_size),
        filled_size=filled,
        action=frame.type or None,
        order_type=frame.order_type or None,
        created_at=_time(frame.created_at),
        expires_at=_time(frame.expiration),
    )


def trade_update(
    frame: TradeFrame, part: OwnPart, receipt: Receipt, source: UpdateSource, *, revision: int
) -> TradeUpdate:
    """One's own part of a trade as an event."""
    return TradeUpdate(
        received=receipt.received,
        raw=receipt.raw,
        market=frame.market,
        asset_id=part.asset_id,
        outcome=plain_text(part.outcome) or None,
        timestamp_ms=milliseconds_of(frame.timestamp or frame.last_update),
        source=source,
        revision=revision,
        trade_id=frame.id,
        order_id=part.order_id,
        role=part.role,
        status=plain_text(frame.status),
        side=part.side,
        price=decimal(part.price),
        size=decimal(part.size),
        fee_rate_bps=optional_decimal(part.fee_rate_bps),
        taker_order_id=frame.taker_order_id,
        transaction_hash=frame.transaction_hash or None,
        bucket_index=frame.bucket_index,
        matched_at=_time(frame.match_time),
    )


def milliseconds_of(text: str) -> int | None:
    """A time of the venue, which counts seconds here and milliseconds there.

    None if there is none: `""`, `"0"`, or something that is no Unix time.
    """
    if not is_unix_time(text):
        return None
    number = int(text)
    return (number if number > _LATEST_IN_SECONDS else number * 1000) or None


def _time(text: str) -> datetime | None:
    milliseconds = milliseconds_of(text)
    return None if milliseconds is None else utc_from_ms(milliseconds)
