"""An event in one line of text, for logs and for people."""

from __future__ import annotations

from decimal import Decimal
from functools import singledispatch
from typing import Final

from polymarket_realtime._model import feed, market, user
from polymarket_realtime._model.events import Event

__all__ = ["describe", "short_id"]

_HEAD: Final = 6
_TAIL: Final = 4


def short_id(identifier: str) -> str:
    """The ends of a long id: enough to tell one from another."""
    if len(identifier) <= _HEAD + _TAIL + 1:
        return identifier
    return f"{identifier[:_HEAD]}…{identifier[-_TAIL:]}"


def _price(value: Decimal | None) -> str:
    return "-" if value is None else format(value, "f")


@singledispatch
def describe(event: Event) -> str:
    """One line that says what happened."""
    return f"{event.type}"


@describe.register
def _(event: market.PriceChangeEvent) -> str:
    change = "" if not event.change else f" ({event.change:+f})"
    return (
        f"price {short_id(event.asset_id)} {_price(event.price)}{change} "
        f"bid {_price(event.best_bid)} ask {_price(event.best_ask)} "
        f"last {_price(event.last_trade_price)} [{event.price_source}]"
    )


@describe.register
def _(event: market.OrderbookUpdate) -> str:
    return (
        f"book {short_id(event.asset_id)} bid {_price(event.best_bid)} "
        f"ask {_price(event.best_ask)} spread {_price(event.spread)}, "
        f"{len(event.bids)} bid and {len(event.asks)} ask levels"
    )


@describe.register
def _(event: market.BookSnapshot) -> str:
    return (
        f"snapshot {short_id(event.asset_id)} "
        f"{len(event.wire_bids)} bid and {len(event.wire_asks)} ask levels"
    )


@describe.register
def _(event: market.BookDelta) -> str:
    changes = ", ".join(f"{side} {price} to {size}" for side, price, size in event.wire_changes)
    return f"delta {short_id(event.asset_id)} {changes}"


@describe.register
def _(event: market.LastTradePrice) -> str:
    return (
        f"trade {short_id(event.asset_id)} {event.side} "
        f"{_price(event.size)} at {_price(event.price)}"
    )


@describe.register
def _(event: market.TickSizeChange) -> str:
    return (
        f"tick size {short_id(event.asset_id)} "
        f"from {_price(event.old_tick_size)} to {_price(event.new_tick_size)}"
    )


@describe.register
def _(event: market.BestBidAsk) -> str:
    return (
        f"hint {short_id(event.asset_id)} bid {_price(event.best_bid)} ask {_price(event.best_ask)}"
    )


@describe.register
def _(event: market.MarketCreated) -> str:
    return f"new market {event.question!r} ({', '.join(event.outcomes)})"


@describe.register
def _(event: market.MarketResolved) -> str:
    return f"market {short_id(event.market)} resolved: {event.winning_outcome!r}"


@describe.register
def _(event: user.OrderUpdate) -> str:
    return (
        f"order {short_id(event.order_id)} {event.status} {event.side} "
        f"{_price(event.original_size)} at {_price(event.price)}, "
        f"{_price(event.filled_size)} filled"
    )


@describe.register
def _(event: user.TradeUpdate) -> str:
    order = "-" if event.order_id is None else short_id(event.order_id)
    return (
        f"own trade {short_id(event.trade_id)} {event.status} {event.side} "
        f"{_price(event.size)} at {_price(event.price)}, order {order} [{event.role or '-'}]"
    )


@describe.register
def _(event: market.UnknownEvent) -> str:
    return f"unknown event {event.event_type!r}"


@describe.register
def _(event: feed.Connected) -> str:
    return f"connected {event.connection}, {len(event.asset_ids)} assets"


@describe.register
def _(event: feed.Interrupted) -> str:
    retry = "no redial" if event.retry_in is None else f"redial in {event.retry_in:.1f} s"
    return f"INTERRUPTED {event.connection}: {event.reason}; {retry}"


@describe.register
def _(event: feed.OutOfSync) -> str:
    return f"OUT OF SYNC {short_id(event.asset_id)}: {event.reason}"


@describe.register
def _(event: feed.Resynced) -> str:
    return (
        f"resynced {short_id(event.asset_id)} after {event.gap_seconds:.2f} s, epoch {event.epoch}"
    )


@describe.register
def _(event: feed.Incomplete) -> str:
    return f"INCOMPLETE: {event.reason}"


@describe.register
def _(event: feed.Reconciled) -> str:
    return (
        f"reconciled {event.connection} after {event.gap_seconds:.2f} s, "
        f"{event.open_orders} open orders, {event.found_orders} orders and "
        f"{event.found_trades} trades found"
    )


@describe.register
def _(event: feed.Dropped) -> str:
    return f"DROPPED {event.count} events: the reader was too slow"
