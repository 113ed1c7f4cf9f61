"""What a condition reads off events: whose value it is, the value, and what to tell with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from polymarket_realtime._hub.gauges import Hit
from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.condition import (
    Condition,
    ConditionMet,
    ConditionSide,
    Unit,
    When,
)
from polymarket_realtime._model.events import Event, NamedEvent
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.live import ActivityTrade, ReferencePrice
from polymarket_realtime._model.market import (
    LastTradePrice,
    MarketEvent,
    OrderbookUpdate,
    PriceChangeEvent,
)
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate
from polymarket_realtime._model.values import Level

__all__ = ["READ_BY", "Trade", "make_met", "subject_of", "trade_size", "value_of"]

Trade = LastTradePrice | ActivityTrade | TradeUpdate

_PRICES: Final = (PriceChangeEvent, ReferencePrice)
_SPREADS: Final = (PriceChangeEvent, OrderbookUpdate)

READ_BY: Final[Mapping[When, tuple[type[Event], ...]]] = {
    When.PRICE_CROSSES: _PRICES,
    When.PRICE_MOVES: _PRICES,
    When.SPREAD_ABOVE: _SPREADS,
    When.SPREAD_BELOW: _SPREADS,
    When.SIZE_AT_LEAST: (OrderbookUpdate, OrderUpdate),
}
"""The events that bring the values of each kind of condition whose value stands until the next."""


def subject_of(event: Event) -> str:
    """What a value, a trade or a settlement is of: a token, a stream, an order and so on."""
    match event:
        case OrderUpdate():
            return event.order_id
        case TradeUpdate():
            return event.trade_id
        case LastTradePrice():
            return event.transaction_hash or event.asset_id
        case ActivityTrade():
            return event.transaction_hash
        case MarketResolved():
            return event.market
        case ReferencePrice():
            return event.stream.key
    assert isinstance(event, MarketEvent | StateChanged)
    return event.asset_id


def value_of(condition: Condition, event: Event) -> Decimal | None:
    """The value that an event of `READ_BY` brings; None if there is none, as of half a spread."""
    match event:
        case OrderUpdate():
            return event.filled_size
        case OrderbookUpdate() if condition.when is When.SIZE_AT_LEAST:
            return _size(condition, event)
        case OrderbookUpdate():
            return event.spread
        case PriceChangeEvent() if condition.when in (When.SPREAD_ABOVE, When.SPREAD_BELOW):
            return event.spread
    assert isinstance(event, PriceChangeEvent | ReferencePrice)
    return event.price


def _size(condition: Condition, book: OrderbookUpdate) -> Decimal:
    limit, sizes = condition.price, [Decimal(0)]
    if condition.side is not ConditionSide.ASK:
        sizes.append(_resting(book.bids, None if limit is None else lambda price: price >= limit))
    if condition.side is not ConditionSide.BID:
        sizes.append(_resting(book.asks, None if limit is None else lambda price: price <= limit))
    return max(sizes)


def _resting(levels: tuple[Level, ...], counts: Callable[[Decimal], bool] | None) -> Decimal:
    """The size at the best level, or of all levels whose price counts."""
    if counts is None:
        return levels[0].size if levels else Decimal(0)
    return sum((level.size for level in levels if counts(level.price)), Decimal(0))


def trade_size(condition: Condition, trade: Trade) -> Decimal | None:
    """Its size in the condition's unit; None if it is of the wrong side."""
    if condition.side not in (ConditionSide.EITHER, trade.side.lower()):
        return None
    return trade.size if condition.unit is Unit.SHARES else trade.price * trade.size


def make_met(condition: Condition, subject: str, hit: Hit, event: Event) -> ConditionMet:
    """What to tell of a hit.

    Args:
        condition: The one that is met.
        subject: What has met it.
        hit: What stands.
        event: The latest that brought it.
    """
    told: dict[str, Any] = {
        name: getattr(event, name, None)
        for name in ("asset_id", "market", "best_bid", "best_ask", "state", "timestamp_ms")
    }
    if isinstance(event, MarketResolved):
        told["asset_id"] = event.winning_asset_id
    return ConditionMet(
        received=event.received,
        about=_about(event),
        when=condition.when,
        condition=condition.describe(),
        subject=subject,
        value=hit.value,
        before=hit.before,
        threshold=condition.threshold,
        direction=hit.direction,
        already=hit.already,
        **told,
    )


def _about(event: Event) -> AssetName | None:
    if isinstance(event, ActivityTrade):
        return AssetName(
            question=event.question,
            outcome=event.outcome,
            slug=event.slug,
            event_slug=event.event_slug,
        )
    return event.about if isinstance(event, NamedEvent) else None
