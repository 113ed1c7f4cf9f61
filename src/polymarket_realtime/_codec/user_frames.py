"""The words of the user channel, as the venue spells them; its REST uses the same.

Every number is a string. What the venue leaves out, or writes as null, is `""` here. Source:
docs.polymarket.com, "User Channel"; frames captured 2024-09 to 2026-03.
"""

from __future__ import annotations

import attrs

from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.values import Side

__all__ = ["MakerOrder", "OrderFrame", "TradeFrame"]


@attrs.frozen(kw_only=True)
class OrderFrame:
    """One's own order: placed, partly filled, or gone.

    Attributes:
        type: `PLACEMENT`, `UPDATE` or `CANCELLATION`; `""` from REST.
        status: Without the prefix `ORDER_STATUS_` that REST may put before it.
        owner: API key of whoever placed it.
        created_at: Seconds, or milliseconds in some captures; likewise `timestamp`.
        expiration: Seconds; `"0"` for none.
    """

    id: str
    market: ConditionId
    asset_id: AssetId
    side: Side
    price: str
    original_size: str
    size_matched: str = ""
    status: str = ""
    type: str = ""
    owner: str = ""
    outcome: str = ""
    order_type: str = ""
    created_at: str = ""
    expiration: str = ""
    maker_address: str = ""
    timestamp: str = ""


@attrs.frozen(kw_only=True)
class MakerOrder:
    """One of the resting orders that a trade filled.

    Attributes:
        side: Named since about November 2025 only.
        asset_id: May be the complementary token of the trade's.
    """

    order_id: str
    matched_amount: str
    price: str
    asset_id: AssetId
    owner: str = ""
    maker_address: str = ""
    outcome: str = ""
    fee_rate_bps: str = ""
    side: Side | None = None


@attrs.frozen(kw_only=True)
class TradeFrame:
    """A trade from the taker's point of view: `asset_id`, `side`, `size` and `price` are his.

    Attributes:
        id: The same through all statuses.
        status: Without the prefix `TRADE_STATUS_` of REST.
        trader_side: `TAKER` or `MAKER`: one's own part; `""` if not said.
        match_time: Seconds; some documents spell it `matchtime`.
        bucket_index: Number of the part, if one match takes several transactions.
    """

    id: str
    taker_order_id: str
    market: ConditionId
    asset_id: AssetId
    side: Side
    size: str
    price: str
    status: str
    outcome: str = ""
    maker_orders: tuple[MakerOrder, ...] = ()
    owner: str = ""
    trade_owner: str = ""
    trader_side: str = ""
    fee_rate_bps: str = ""
    match_time: str = ""
    last_update: str = ""
    maker_address: str = ""
    transaction_hash: str = ""
    bucket_index: int | None = None
    timestamp: str = ""
