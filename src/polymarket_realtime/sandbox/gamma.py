"""Markets and events in the shapes of the Gamma API, lists inside strings included.

Source: docs.polymarket.com, Gamma; compared with answers recorded in March 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .books import MIN_ORDER_SIZE, ONE, SHARE, show_price
from .frames import describe
from .markets import Event, Market


def render_market(market: Market) -> dict[str, Any]:
    """A market as `GET /markets` answers it, with its event but not the event's markets."""
    return _market(market) | {"events": [_event(market.event, [market])]}


def render_event(event: Event, markets: Iterable[Market]) -> dict[str, Any]:
    """An event as `GET /events` answers it, with its markets."""
    own = [market for market in markets if market.event == event]
    return _event(event, own) | {"markets": [_market(market) for market in own]}


def _market(market: Market) -> dict[str, Any]:
    view, volume = market.book.view(0), market.volume / SHARE
    prices = outcome_prices(market)
    ends = _when(market.opened + market.lasts * 1000)
    body: dict[str, Any] = {
        "id": market.id,
        "question": market.question,
        "conditionId": market.condition_id,
        "slug": market.slug,
        "resolutionSource": "",
        "startDate": _when(market.opened),
        "endDate": ends,
        "endDateIso": ends[:10],
        "description": describe(market),
        "outcomes": json.dumps(market.outcomes),
        "outcomePrices": json.dumps(prices),
        "clobTokenIds": json.dumps(market.token_ids),
        "umaResolutionStatuses": "[]",
        "volume": str(volume),
        "volumeNum": volume,
        "liquidity": str(_liquidity(market)),
        "liquidityNum": _liquidity(market),
        "active": True,
        "closed": not market.live,
        "archived": False,
        "new": False,
        "restricted": True,
        "createdAt": _when(market.opened),
        "updatedAt": _when(market.book.timestamp),
        "groupItemTitle": market.group_item_title,
        "enableOrderBook": True,
        "acceptingOrders": market.live,
        "negRisk": market.event.neg_risk,
        "orderPriceMinTickSize": market.book.tick / ONE,
        "orderMinSize": int(MIN_ORDER_SIZE),
        "feesEnabled": False,
        "bestBid": (view.best_bid or 0) / ONE,
        "bestAsk": (ONE if view.best_ask is None else view.best_ask) / ONE,
    }
    if market.book.last_trade is not None:
        body["lastTradePrice"] = market.book.last_trade / ONE
    if market.closed is not None:
        body |= {"closedTime": _when(market.closed), "umaResolutionStatus": "resolved"}
    return body


def outcome_prices(market: Market) -> tuple[str, str]:
    """1 and 0 once resolved; before, the middle of the book."""
    if market.winner is not None:
        return ("1", "0") if market.winner == 0 else ("0", "1")
    middle = market.anchor if market.book.middle is None else market.book.middle
    return show_price(middle), show_price(ONE - middle)


def _event(event: Event, markets: list[Market]) -> dict[str, Any]:
    opened = min(market.opened for market in markets)
    ends = max(market.opened + market.lasts * 1000 for market in markets)
    return {
        "id": event.id,
        "ticker": event.slug,
        "slug": event.slug,
        "title": event.title,
        "description": event.message()["description"],
        "startDate": _when(opened),
        "endDate": _when(ends),
        "active": True,
        "closed": not any(market.live for market in markets),
        "archived": False,
        "new": False,
        "restricted": True,
        "volume": sum(market.volume for market in markets) / SHARE,
        "liquidity": sum(_liquidity(market) for market in markets),
        "enableOrderBook": True,
        "negRisk": event.neg_risk,
        "tags": [
            {"id": str(number), "label": tag, "slug": tag.lower().replace(" ", "-")}
            for number, tag in enumerate(event.tags, 1)
        ],
    }


def _liquidity(market: Market) -> float:
    """Dollars resting on both sides."""
    view = market.book.view(0)
    bids = sum(price * size for price, size in view.bids.items())
    asks = sum((ONE - price) * size for price, size in view.asks.items())
    return round((bids + asks) / ONE / SHARE, 2)


def _when(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
