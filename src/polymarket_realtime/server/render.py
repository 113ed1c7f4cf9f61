"""Events as a model reads them: short, without ids of 77 digits, in three levels of detail.

In a summary each token has a short name, `t1`, that holds as long as the server runs. Numbers
are decimal strings, `at` is the time of day in UTC, and what is unknown or as usual is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import singledispatchmethod
from typing import Any, Final

import attrs

from polymarket_realtime._codec.converter import event_to_dict, unstructure
from polymarket_realtime._model import feed, lifecycle, market, user
from polymarket_realtime._model.condition import ConditionMet
from polymarket_realtime._model.events import Event, EventType, NamedEvent
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._model.values import Level

from .refs import Refs

__all__ = ["Detail", "Renderer", "is_news"]

_LONGEST_RAW: Final = 4000
"""Characters of the venue's own text that are repeated."""

_QUIET: Final = frozenset({EventType.CONNECTED, EventType.RESYNCED})
"""What says no more than a `state_changed` beside it."""

_LEFT_OUT: Final = frozenset({"received_at", "raw"})


_WITHOUT_GAP: Final = (AssetState.SUSPECT, AssetState.FROZEN)
"""What a token may come back from although nothing was missed."""


class Detail(StrEnum):
    """How much is told of each event."""

    SUMMARY = "summary"
    LEVELS = "levels"
    RAW = "raw"


def is_news(event: Event) -> bool:
    """Whether it says more to a model than what comes with it."""
    if isinstance(event, feed.StateChanged) and event.state is AssetState.LIVE:
        # That data begins is told by the data, and that it begins again by the gap.
        return event.before in _WITHOUT_GAP
    return event.type not in _QUIET


def _clock(moment: datetime) -> str:
    """The time of day, `15:24:43`."""
    return f"{moment:%H:%M:%S}"


def _total(levels: Sequence[Level]) -> str:
    """All shares in these levels."""
    return f"{sum((level.size for level in levels), Decimal(0)):f}"


@attrs.frozen
class Renderer:
    """Makes JSON's own types of events.

    Attributes:
        refs: The short names of tokens.
        detail: How much to tell.
    """

    refs: Refs
    detail: Detail = Detail.SUMMARY

    def render(self, event: Event, stands_for: int = 1) -> dict[str, Any]:
        """One event."""
        if self.detail is Detail.RAW:
            told = event_to_dict(event)
            if raw := getattr(event, "raw", b""):
                text = raw.decode("utf-8", "replace")
                told["raw"] = plain_text(text, _LONGEST_RAW)
        else:
            told = {"type": str(event.type), **self._of_token(event), **self._summary(event)}
            if isinstance(event, market.MarketEvent) and event.state is not AssetState.LIVE:
                told["state"] = str(event.state)
            told = {name: value for name, value in told.items() if value is not None}
        if stands_for > 1:
            told["stands_for"] = stands_for
        if self.detail is not Detail.RAW:
            if stands_for > 1:
                # That of the last step, which is not what a reader of several would take it for.
                told.pop("change", None)
            told["at"] = _clock(getattr(event, "timestamp", None) or event.received_at)
        return told

    def _of_token(self, event: Event) -> dict[str, Any]:
        asset_id: AssetId | None = getattr(event, "asset_id", None)
        if asset_id is None or not isinstance(event, NamedEvent):
            return {}
        return {"token": self.refs.of(asset_id)}

    @singledispatchmethod
    def _summary(self, event: Event) -> dict[str, Any]:
        """All public fields but the ids of tokens, names that the page tells once, and times."""
        told = event_to_dict(event)
        hidden = _LEFT_OUT | {"type", "asset_id", "asset_ids", "timestamp", "market_id"}
        if isinstance(event, NamedEvent):
            hidden |= {"market", "question", "outcome"}
        return {name: value for name, value in told.items() if name not in hidden}

    @_summary.register
    def _(self, event: market.PriceChangeEvent) -> dict[str, Any]:
        by_trade = event.price_source is market.PriceSource.LAST_TRADE
        return {
            "price": unstructure(event.price),
            "bid": unstructure(event.best_bid),
            "ask": unstructure(event.best_ask),
            "change": unstructure(event.change or None),
            "price_source": "last_trade" if by_trade else None,
        }

    @_summary.register
    def _(self, event: market.OrderbookUpdate) -> dict[str, Any]:
        told: dict[str, Any] = {
            "bid": unstructure(event.best_bid),
            "ask": unstructure(event.best_ask),
            "spread": unstructure(event.spread),
        }
        if self.detail is Detail.LEVELS:
            return {**told, "bids": unstructure(event.bids), "asks": unstructure(event.asks)}
        return {
            **told,
            "bid_size": f"{event.bids[0].size:f}" if event.bids else None,
            "ask_size": f"{event.asks[0].size:f}" if event.asks else None,
            "bid_total": _total(event.bids),
            "ask_total": _total(event.asks),
            "depth": max(len(event.bids), len(event.asks)),
        }

    @_summary.register
    def _(self, event: market.LastTradePrice) -> dict[str, Any]:
        return {
            "price": unstructure(event.price),
            "size": unstructure(event.size),
            "side": str(event.side),
        }

    @_summary.register
    def _(self, event: feed.StateChanged) -> dict[str, Any]:
        return {"state": str(event.state), "reason": event.reason or None}

    @_summary.register
    def _(self, event: feed.Interrupted) -> dict[str, Any]:
        return {
            "reason": event.reason,
            "retry_in": event.retry_in,
            "tokens": len(event.asset_ids) or None,
        }

    @_summary.register
    def _(self, event: feed.Gap) -> dict[str, Any]:
        tokens = [self.refs.of(asset_id) for asset_id in event.asset_ids]
        return {
            "from": unstructure(event.gap_from),
            "to": unstructure(event.gap_to),
            "reason": event.reason,
            "stream": event.stream,
            "tokens": tokens or None,
            "missed": event.missed,
            "filled": event.filled or None,
        }

    @_summary.register
    def _(self, event: lifecycle.MarketResolved) -> dict[str, Any]:
        winner = event.winning_asset_id
        return {
            "question": event.question,
            "winning_outcome": event.winning_outcome,
            "winning_token": None if winner is None else self.refs.of(winner),
            "pays": {
                self.refs.of(token): f"{payout:f}"
                for token, payout in zip(event.asset_ids, event.payouts, strict=False)
            },
            "source": str(event.source),
        }

    @_summary.register
    def _(self, event: lifecycle.EventPrices) -> dict[str, Any]:
        return {
            "title": event.title,
            "prices": {line.label: unstructure(line.price) for line in event.outcomes},
            "total": unstructure(event.total),
            "decided": event.decided or None,
        }

    @_summary.register
    def _(self, event: user.OrderUpdate) -> dict[str, Any]:
        return {
            "order_id": event.order_id,
            "status": event.status,
            "side": str(event.side),
            "price": unstructure(event.price),
            "filled": unstructure(event.filled_size),
            "of": unstructure(event.original_size),
            "source": str(event.source),
        }

    @_summary.register
    def _(self, event: ConditionMet) -> dict[str, Any]:
        told = event_to_dict(event)
        hidden = _LEFT_OUT | {"type", "asset_id", "market", "question", "outcome", "timestamp"}
        hidden |= {"best_bid", "best_ask", "already", "threshold"}
        if event.subject == event.asset_id:
            hidden |= {"subject"}
        return {
            **{name: value for name, value in told.items() if name not in hidden},
            "bid": unstructure(event.best_bid),
            "ask": unstructure(event.best_ask),
            "already": event.already or None,
        }
