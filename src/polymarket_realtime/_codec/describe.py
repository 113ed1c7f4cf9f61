"""An event in one line of text, for logs and for people."""

from __future__ import annotations

from decimal import Decimal
from functools import singledispatch
from typing import Final

from polymarket_realtime._model import (
    account_feed,
    condition,
    events,
    feed,
    lifecycle,
    live,
    market,
    user,
)
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.trust import AssetState

__all__ = ["describe", "short_id"]

_HEAD: Final = 6
_TAIL: Final = 4


def short_id(identifier: str) -> str:
    """The ends of a long id: enough to tell one from another."""
    if len(identifier) <= _HEAD + _TAIL + 1:
        return identifier
    return f"{identifier[:_HEAD]}…{identifier[-_TAIL:]}"


def _market(identifier: str, question: str | None) -> str:
    return short_id(identifier) if question is None else repr(question)


def _price(value: Decimal | None) -> str:
    return "-" if value is None else format(value, "f")


def _token(event: market.MarketEvent | feed.StateChanged | feed.Resynced) -> str:
    """The token's id and, once it is known, what it pays for."""
    name = "" if event.about is None else f" {event.about.outcome!r} in {event.about.question!r}"
    return f"{short_id(event.asset_id)}{name}"


def _of_own(event: user.OrderUpdate | user.TradeUpdate) -> str:
    """What an order of one's own is about; the channel itself says the outcome."""
    outcome = f" {event.outcome!r}" if event.outcome else ""
    where = "" if event.question is None else f" in {event.question!r}"
    return f"{short_id(event.asset_id)}{outcome}{where}"


@singledispatch
def describe(event: Event) -> str:
    """One line that says what happened."""
    return f"{event.type}"


@describe.register
def _(event: market.PriceChangeEvent) -> str:
    change = "" if not event.change else f" ({event.change:+f})"
    return (
        f"price {_token(event)} {_price(event.price)}{change} "
        f"bid {_price(event.best_bid)} ask {_price(event.best_ask)} "
        f"last {_price(event.last_trade_price)} [{event.price_source}]"
    )


@describe.register
def _(event: market.OrderbookUpdate) -> str:
    return (
        f"book {_token(event)} bid {_price(event.best_bid)} "
        f"ask {_price(event.best_ask)} spread {_price(event.spread)}, "
        f"{len(event.bids)} bid and {len(event.asks)} ask levels"
    )


@describe.register
def _(event: market.BookSnapshot) -> str:
    return (
        f"snapshot {_token(event)} {len(event.wire_bids)} bid and {len(event.wire_asks)} ask levels"
    )


@describe.register
def _(event: market.BookDelta) -> str:
    changes = ", ".join(f"{side} {price} to {size}" for side, price, size in event.wire_changes)
    return f"delta {_token(event)} {changes}"


@describe.register
def _(event: market.LastTradePrice) -> str:
    return f"trade {_token(event)} {event.side} {_price(event.size)} at {_price(event.price)}"


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
def _(event: lifecycle.MarketCreated) -> str:
    return f"new market {event.question!r} ({', '.join(event.outcomes)})"


@describe.register
def _(event: lifecycle.MarketResolved) -> str:
    winner = "a split" if event.winning_outcome is None else repr(event.winning_outcome)
    return f"market {_market(event.market, event.question)} resolved: {winner} [{event.source}]"


@describe.register
def _(event: lifecycle.ResolutionStatus) -> str:
    return f"market {_market(event.market, event.question)} is {event.stage}"


@describe.register
def _(event: lifecycle.EventPrices) -> str:
    prices = ", ".join(f"{line.label} {_price(line.price)}" for line in event.outcomes)
    return f"event {event.title!r}: {prices}; sum {_price(event.total)}"


@describe.register
def _(event: live.ActivityTrade) -> str:
    return (
        f"{event.trader or short_id(event.wallet)} {event.side} {_price(event.size)} "
        f"{event.outcome!r} at {_price(event.price)} in {event.question!r}"
    )


@describe.register
def _(event: live.Comment) -> str:
    who = event.author or short_id(event.wallet)
    return f"comment {event.action} by {who} on {event.parent_type} {event.parent_id}: {event.body}"


@describe.register
def _(event: live.Reaction) -> str:
    return f"reaction {event.kind} {event.action} on comment {event.comment_id}"


@describe.register
def _(event: live.SportResult) -> str:
    teams = " v ".join(team for team in (event.home_team, event.away_team) if team)
    state = "ended" if event.ended else event.elapsed or ("live" if event.live else "not live")
    return f"{event.league} {teams or event.game_id}: {event.score} {event.period} [{state}]"


@describe.register
def _(event: live.ReferencePrice) -> str:
    window = "" if event.window_seconds is None else f" {event.window_seconds} s average"
    late = " [backfilled]" if event.backfilled else ""
    return f"{event.symbol}{window} {_price(event.price)}{late}"


@describe.register
def _(event: user.OrderUpdate) -> str:
    return (
        f"order {short_id(event.order_id)} {event.status} {event.side} "
        f"{_price(event.original_size)} of {_of_own(event)} at {_price(event.price)}, "
        f"{_price(event.filled_size)} filled"
    )


@describe.register
def _(event: user.TradeUpdate) -> str:
    order = "-" if event.order_id is None else short_id(event.order_id)
    return (
        f"own trade {short_id(event.trade_id)} {event.status} {event.side} "
        f"{_price(event.size)} of {_of_own(event)} at {_price(event.price)}, "
        f"order {order} [{event.role or '-'}]"
    )


@describe.register
def _(event: events.UnknownEvent) -> str:
    return f"unknown event {event.event_type!r}"


@describe.register
def _(event: feed.Connected) -> str:
    assets = f", {len(event.asset_ids)} assets" if event.asset_ids else ""
    return f"connected {event.connection}{assets}"


@describe.register
def _(event: feed.Interrupted) -> str:
    retry = "no redial" if event.retry_in is None else f"redial in {event.retry_in:.1f} s"
    return f"INTERRUPTED {event.connection}: {event.reason}; {retry}"


@describe.register
def _(event: feed.StateChanged) -> str:
    trusted = event.state in (AssetState.LIVE, AssetState.QUIET, AssetState.RESOLVED)
    word = event.state.replace("_", " ")
    why = f": {event.reason}" if event.reason else ""
    return f"{word if trusted else word.upper()} {_token(event)}{why}"


@describe.register
def _(event: feed.Resynced) -> str:
    return (
        f"resynced {_token(event)} after {event.gap_seconds:.2f} s, epoch {event.epoch}, "
        f"by {event.verified_by}"
    )


@describe.register
def _(event: account_feed.Incomplete) -> str:
    return f"INCOMPLETE: {event.reason}"


@describe.register
def _(event: account_feed.Reconciled) -> str:
    return (
        f"reconciled {event.connection} after {event.gap_seconds:.2f} s, "
        f"{event.open_orders} open orders, {event.found_orders} orders and "
        f"{event.found_trades} trades found"
    )


@describe.register
def _(event: feed.Gap) -> str:
    if event.stream is None:
        return _gap_of_books(event)
    if event.filled:
        lost = "nothing is missing"
    else:
        lost = "an unknown number" if event.missed is None else f"{event.missed}"
        lost = f"{lost} of its events missing"
    return f"GAP {event.stream} of {event.gap_seconds:.2f} s, {lost}: {event.reason}"


def _gap_of_books(event: feed.Gap) -> str:
    whose = short_id(event.asset_ids[0]) if event.assets == 1 else f"{event.assets} books"
    return (
        f"GAP {whose} of {event.gap_seconds:.2f} s, its result is in the books that follow: "
        f"{event.reason}"
    )


@describe.register
def _(event: feed.StreamGone) -> str:
    instead = "" if event.instead is None else f"; {event.instead}"
    return f"GONE {event.stream}: {event.reason}{instead}"


@describe.register
def _(event: feed.Dropped) -> str:
    return f"DROPPED {event.count} events: the reader was too slow"


@describe.register
def _(event: condition.ConditionMet) -> str:
    of = f"{event.outcome!r} in {event.question!r}" if event.about else short_id(event.subject)
    now = "" if event.value is None else f", now {_price(event.value)}"
    before = "" if event.before is None else f", before {_price(event.before)}"
    already = " [already]" if event.already else ""
    return f"ALERT {of}: {event.condition}{now}{before}{already}"
