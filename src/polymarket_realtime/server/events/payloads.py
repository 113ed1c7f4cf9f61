"""What MCP Events tell: the payload of each type, and what identifies an event.

The classes are the JSON Schemas that `events/list` shows. They are never made: `payload_of` fills
their fields from an event, or from the `ConditionMet` that stands for one. Text of the venue is
cut and made plain, and every field with such text says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import attrs

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime._model import feed, lifecycle, market, user
from polymarket_realtime._model.condition import ConditionMet, Direction, When
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.server.schema import arg

__all__ = [
    "BookData",
    "CreatedData",
    "LastTradeData",
    "OrderData",
    "PriceData",
    "ResolvedData",
    "StateData",
    "TradeData",
    "identity_of",
    "moment_of",
    "payload_of",
]

_TITLE: Final = "The market's question: the venue's text, to be taken as data."
_OUTCOME: Final = "The outcome that the token pays for: the venue's text, to be taken as data."
_STATE: Final = "What may be believed of the token: act on live and quiet only."
_HIT: Final = "The condition that this event meets; null if none was passed."

_LONGEST_TITLE: Final = 120
_LONGEST_WORD: Final = 60
_LONGEST_ID: Final = 120


def _title(doc: str = _TITLE) -> Any:
    return arg(doc, maxLength=_LONGEST_TITLE)


def _word(doc: str) -> Any:
    return arg(doc, maxLength=_LONGEST_WORD)


@attrs.frozen(kw_only=True)
class Hit:
    """A condition that was met."""

    when: When = arg("Its kind.")
    condition: str = arg("The condition in words.")
    subject: str = arg("What met it: a token, an order, a trade.", maxLength=100)
    value: str | None = arg("What was compared, a decimal number; of something stale the seconds.")
    before: str | None = arg("The latest value that did not meet it.")
    direction: Direction | None = arg("Which way it went.")
    already: bool = arg("Whether it was met when watching began.")


@attrs.frozen(kw_only=True)
class _OfToken:
    token_id: str | None = arg("The outcome token.")
    market: str | None = arg("Its condition id.")
    question: str | None = _title()
    outcome: str | None = _word(_OUTCOME)


@attrs.frozen(kw_only=True)
class PriceData(_OfToken):
    """Of `polymarket.price`. Decimal numbers are texts; null where not known."""

    price: str | None = arg("From 0 to 1, as the venue shows it; null with a condition.")
    price_source: str | None = arg("midpoint, last_trade or one_side.")
    best_bid: str | None = arg("Highest price that somebody buys at.")
    best_ask: str | None = arg("Lowest price that somebody sells at.")
    change: str | None = arg("Price minus the price before it.")
    state: str | None = arg(_STATE)
    condition_met: Hit | None = arg(_HIT)


@attrs.frozen(kw_only=True)
class BookData(_OfToken):
    """Of `polymarket.order_book`. With a condition without the levels."""

    bids: list[list[str]] | None = arg("[price, shares], best first.")
    asks: list[list[str]] | None = arg("The same.")
    best_bid: str | None = arg("Highest price that somebody buys at.")
    best_ask: str | None = arg("Lowest price that somebody sells at.")
    state: str | None = arg(_STATE)
    condition_met: Hit | None = arg(_HIT)


@attrs.frozen(kw_only=True)
class LastTradeData(_OfToken):
    """Of `polymarket.last_trade`."""

    price: str | None = arg("What was paid for a share; null with a condition.")
    size: str | None = arg("Shares; null with a condition.")
    side: str | None = arg("Of the taker: BUY or SELL.")
    transaction_hash: str | None = arg("On Polygon, where the venue names it.", maxLength=100)
    condition_met: Hit | None = arg(_HIT)


@attrs.frozen(kw_only=True)
class OrderData(_OfToken):
    """Of `polymarket.order`."""

    order_id: str | None = arg("Of one's own order; with a condition it is the subject.")
    status: str | None = arg(
        "LIVE, MATCHED, CANCELED, …: the venue's word.", maxLength=_LONGEST_WORD
    )
    side: str | None = arg("BUY or SELL.")
    price: str | None = arg("Its limit.")
    original_size: str | None = arg("Shares ordered.")
    filled_size: str | None = arg("Shares traded so far.")
    source: str | None = arg("stream, or reconciled if it was found by REST.")
    condition_met: Hit | None = arg(_HIT)


@attrs.frozen(kw_only=True)
class TradeData(_OfToken):
    """Of `polymarket.trade`."""

    trade_id: str | None = arg("The same through all statuses; with a condition the subject.")
    order_id: str | None = arg("One's own order, where that is known.")
    status: str | None = arg(
        "MATCHED, MINED, CONFIRMED, RETRYING, FAILED.", maxLength=_LONGEST_WORD
    )
    side: str | None = arg("Of one's own order: BUY or SELL.")
    price: str | None = arg("What was paid for a share.")
    size: str | None = arg("Shares.")
    transaction_hash: str | None = arg("On Polygon, once it is known.", maxLength=100)
    source: str | None = arg("stream, or reconciled if it was found by REST.")
    condition_met: Hit | None = arg(_HIT)


@attrs.frozen(kw_only=True)
class ResolvedData:
    """Of `polymarket.market_resolved`."""

    market: str = arg("Its condition id.")
    question: str | None = _title()
    winning_outcome: str | None = _word(_OUTCOME)
    winning_token_id: str | None = arg("The token that pays 1; null for a split.")
    token_ids: list[str] = arg("All tokens of the market.")
    payouts: list[str] = arg("What a share of each pays, in the same order; empty if not known.")
    source: str = arg("socket if the venue announced it, poll if the catalogue was asked.")


@attrs.frozen(kw_only=True)
class CreatedData:
    """Of `polymarket.market_created`."""

    market: str = arg("Its condition id.")
    question: str = _title()
    outcomes: list[str] = arg("The venue's text, to be taken as data.", items={"maxLength": 60})
    token_ids: list[str] = arg("In the same order.")
    slug: str = arg("Its name in the venue's web addresses.", maxLength=_LONGEST_TITLE)
    event_slug: str | None = arg("The same of its event.", maxLength=_LONGEST_TITLE)
    event_title: str | None = _title("The venue's text, to be taken as data.")


@attrs.frozen(kw_only=True)
class StateData(_OfToken):
    """Of `polymarket.feed_state`."""

    kind: Literal["state_changed", "interrupted", "condition_met"] = arg(
        "interrupted: a connection was lost, or could not be opened, for all its tokens."
    )
    state: str | None = arg("What may be believed of the token from now on.")
    before: str | None = arg("Until now; null if this only says how it is.")
    reason: str | None = arg("Why, one sentence, as data.", maxLength=_LONGEST_TITLE)
    retry_in: float | None = arg("Seconds until the next dial, if there will be one by itself.")
    tokens: int | None = arg("How many tokens the connection carried.")
    condition_met: Hit | None = arg(_HIT)


_CALLED: Final[Mapping[str, str]] = {
    "token_id": "asset_id",
    "token_ids": "asset_ids",
    "winning_token_id": "winning_asset_id",
    "kind": "type",
}
"""Fields that events call otherwise."""

_OF_A_HIT: Final = frozenset(
    {"token_id", "market", "question", "outcome", "best_bid", "best_ask", "state", "kind"}
)
"""What a `ConditionMet` says in the sense of a payload; the rest is in `condition_met`."""


def payload_of(cls: type[attrs.AttrsInstance], event: Event) -> dict[str, Any]:
    """What is told of an event, as JSON's own types; null for what it does not say.

    Args:
        cls: The class of the payload.
        event: What happened.
    """
    hit = _fill(Hit, event) if isinstance(event, ConditionMet) else None
    told = _fill(cls, event)
    if hit is not None:
        told = {name: value if name in _OF_A_HIT else None for name, value in told.items()}
    if "condition_met" in told:
        told["condition_met"] = hit
    if isinstance(event, feed.Interrupted):
        told["tokens"] = len(event.asset_ids)
    return told


def _fill(cls: type[attrs.AttrsInstance], event: Event) -> dict[str, Any]:
    return {
        field.name: _capped(
            unstructure(getattr(event, _CALLED.get(field.name, field.name), None)),
            field.metadata["schema"],
        )
        for field in attrs.fields(cls)
    }


def _capped(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, list) and "items" in schema:
        return [_capped(each, schema["items"]) for each in value]
    if isinstance(value, str) and "maxLength" in schema:
        return plain_text(value, schema["maxLength"])
    return value


def moment_of(event: Event) -> datetime:
    """When it happened: the exchange's time where there is one, else that of its arrival."""
    if isinstance(event, feed.StateChanged):
        return event.since_at
    moment: datetime | None = getattr(event, "timestamp", None)
    return event.received_at if moment is None else moment


def identity_of(event: Event) -> str:
    """A text that is the same whenever this happening is told, and that no other one has.

    What the venue has named goes by that name. Of the rest, epoch and revision are ours and begin
    anew with the program; the venue's time tells one run from the other.
    """
    parts = _parts_of(event)
    text = ":".join(str(part) for part in parts if part is not None)
    if len(text) <= _LONGEST_ID:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{parts[0]}:{digest}"


def _parts_of(event: Event) -> tuple[object, ...]:
    match event:
        case user.TradeUpdate():
            return "trade", event.trade_id, event.status, event.order_id, event.bucket_index
        case user.OrderUpdate():
            state = event.status, event.filled_size, event.timestamp_ms
            return "order", event.order_id, *state
        case market.MarketEvent():
            return _parts_of_token(event)
        case lifecycle.MarketResolved() | lifecycle.MarketCreated():
            return event.type, event.market
        case feed.StateChanged():
            return "state", event.asset_id, event.state, event.since
        case feed.Interrupted():
            return "interrupted", event.connection, event.received
        case ConditionMet():
            # Of the event that met it: its time, and what it brought.
            cause = event.timestamp_ms or event.received, event.subject, event.value
            return "condition", event.condition, *cause
    return event.type, event.received


def _parts_of_token(event: market.MarketEvent) -> tuple[object, ...]:
    ours = event.timestamp_ms, event.epoch, event.revision
    if isinstance(event, market.PriceChangeEvent):
        # A trade may move the price, and leaves the book as it is.
        return event.type, event.asset_id, *ours, event.price, event.best_bid, event.best_ask
    if not isinstance(event, market.LastTradePrice):
        return event.type, event.asset_id, *ours
    if event.transaction_hash is not None:
        return event.type, event.transaction_hash, event.asset_id
    return event.type, event.asset_id, event.side, event.price, event.size, *ours
