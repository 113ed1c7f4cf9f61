r"""Gamma, the venue's catalogue: JSON to markets, and to the events that group them.

Gamma writes lists as JSON inside strings (`"outcomes": "[\"Yes\", \"No\"]"`); newer answers
may have them as lists, and a market without an order book has none. Source: the answers of
gamma-api.polymarket.com, 2026-03.

What is missing or unreadable in a market is left out of it; only a market without its condition
id, and an event without its slug, cannot be told of. In a list such a one costs only itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain, islice, repeat
from typing import Any, Final, TypeVar

from polymarket_realtime._codec.tolerant import UNREADABLE, decode_fields
from polymarket_realtime._model.catalog import EventRef, Market, MarketGroup, Outcome
from polymarket_realtime._model.ids import ConditionId, parse_asset_id, parse_condition_id
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import CodecError, InvalidIdentifier

__all__ = ["decode_group", "decode_groups", "decode_market", "decode_markets", "decode_search"]

log = logging.getLogger("polymarket_realtime.catalog")

_LONGEST_NUMBER: Final = 64
_LARGEST_EXPONENT: Final = 30
"""Numbers beyond these are jokes, and dear to write out."""

_LONGEST_ID: Final = 32
_LONGEST_WORD: Final = 40
_MOST_OUTCOMES: Final = 256

T = TypeVar("T")


def decode_markets(payload: bytes) -> list[Market]:
    """Read the answer to `GET /markets`.

    Raises:
        CodecError: It is not a list, or holds markets and none of them can be read.
    """
    return _each("markets", _decode("markets", payload), _market)


def decode_market(payload: bytes) -> Market:
    """Read one market, the answer to `GET /markets/…`.

    Raises:
        CodecError: It is not an object with a `conditionId`.
    """
    return _market(_decode("market", payload))


def decode_groups(payload: bytes) -> list[MarketGroup]:
    """Read the answer to `GET /events`.

    Raises:
        CodecError: It is not a list, or holds events and none of them can be read.
    """
    return _each("events", _decode("events", payload), _group)


def decode_group(payload: bytes) -> MarketGroup:
    """Read one event, the answer to `GET /events/…`.

    Raises:
        CodecError: It is not an object with a `slug`.
    """
    return _group(_decode("event", payload))


def decode_search(payload: bytes) -> list[MarketGroup]:
    """Read the events in the answer to `GET /public-search`, the best match first.

    Raises:
        CodecError: It is not an object, or holds events and none of them can be read.
    """
    answer = _decode("search", payload)
    if not isinstance(answer, dict) or "error" in answer:
        raise CodecError("search", "not an object with events")
    return _each("search", answer.get("events") or [], _group)


def _decode(kind: str, payload: bytes) -> Any:
    try:
        return decode_fields(payload)
    except UNREADABLE as error:
        raise CodecError(kind, str(error)) from error


def _each(kind: str, rows: object, read: Callable[[Any], T]) -> list[T]:
    if not isinstance(rows, list):
        raise CodecError(kind, "not a list")
    found, problem = [], None
    for row in rows:
        try:
            found.append(read(row))
        except CodecError as error:
            problem = error.problem
    if problem is not None and not found:
        raise CodecError(kind, problem)
    if problem is not None:
        left_out = len(rows) - len(found)
        log.warning("%d of %d %s cannot be read: %s", left_out, len(rows), kind, problem)
    return found


def _market(row: Any, event: EventRef | None = None) -> Market:
    """A market; within an event it does not repeat its `event`."""
    if not isinstance(row, dict):
        raise CodecError("market", "a market is not an object")
    volume = _decimal(row.get("volume"))
    return Market(
        id=_number(row.get("id")),
        condition_id=_condition_id(row),
        question=_text(row.get("question")),
        slug=_text(row.get("slug")),
        outcomes=_outcomes(row),
        closed=row.get("closed") is True,
        event=_event(row) if event is None else event,
        label=_text(row.get("groupItemTitle")),
        ends_at=_time(row.get("endDate")),
        closed_at=_time(row.get("closedTime")),
        uma_status=_uma_status(row),
        volume=_decimal(row.get("volumeNum")) if volume is None else volume,
    )


def _group(row: Any) -> MarketGroup:
    if not isinstance(row, dict) or not (slug := _text(row.get("slug"))):
        raise CodecError("event", "an event has no slug")
    ref = EventRef(_number(row.get("id")), slug, _text(row.get("title")))
    markets = _each("markets", _list(row.get("markets")), lambda each: _market(each, ref))
    return MarketGroup(
        id=ref.id,
        slug=ref.slug,
        title=ref.title,
        markets=tuple(market for market in markets if market.outcomes),
        closed=row.get("closed") is True,
        neg_risk=row.get("negRisk") is True,
    )


def _condition_id(row: dict[str, Any]) -> ConditionId:
    try:
        return parse_condition_id(str(row.get("conditionId")))
    except InvalidIdentifier as error:
        raise CodecError("market", "a market has no conditionId") from error


def _outcomes(row: dict[str, Any]) -> tuple[Outcome, ...]:
    # Index by index: a name that is missing must not move the others to the wrong tokens.
    assets = islice(_list(row.get("clobTokenIds")), _MOST_OUTCOMES)
    names = chain(_list(row.get("outcomes")), repeat(None))
    prices = chain(_list(row.get("outcomePrices")), repeat(None))
    return tuple(
        outcome
        for asset, name, price in zip(assets, names, prices, strict=False)
        if (outcome := _outcome(asset, name, price)) is not None
    )


def _outcome(asset: object, name: object, price: object) -> Outcome | None:
    try:
        asset_id = parse_asset_id(str(asset))
    except InvalidIdentifier:
        return None
    share = _decimal(price)
    within = share is not None and 0 <= share <= 1
    return Outcome(asset_id, _text(name), share if within else None)


def _event(row: dict[str, Any]) -> EventRef | None:
    """The first event that a market says it belongs to: there is no market in two."""
    for event in _list(row.get("events")):
        if isinstance(event, dict) and (slug := _text(event.get("slug"))):
            return EventRef(_number(event.get("id")), slug, _text(event.get("title")))
    return None


def _uma_status(row: dict[str, Any]) -> str | None:
    """The oracle's last word: by itself once the venue has taken it, else the end of a list."""
    *_, last = (None, *_list(row.get("umaResolutionStatuses")))
    status = _text(row.get("umaResolutionStatus")) or _text(last)
    return plain_text(status.lower(), _LONGEST_WORD) or None


def _list(value: object) -> list[Any]:
    if isinstance(value, str):
        try:
            value = decode_fields(value) if value else []
        except UNREADABLE:
            return []
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return plain_text(value) if isinstance(value, str) else ""


def _number(value: object) -> str:
    """Gamma's own number of something, as digits; empty if it is none."""
    text = str(value)
    return text if len(text) <= _LONGEST_ID and text.isascii() and text.isdigit() else ""


def _decimal(value: object) -> Decimal | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    text = str(value)
    try:
        number = Decimal(text if len(text) <= _LONGEST_NUMBER else "NaN")
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _LARGEST_EXPONENT else None


def _time(value: object) -> datetime | None:
    """RFC 3339, or the database's `2026-10-04 14:25:00+00`; without an offset it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
