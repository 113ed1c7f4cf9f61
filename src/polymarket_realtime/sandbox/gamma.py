"""Markets and events in the shapes of the Gamma API, lists inside strings included.

Source: docs.polymarket.com, Gamma; compared with answers recorded in March 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import attrs

from .books import MIN_ORDER_SIZE, ONE, SHARE, show_price
from .frames import describe
from .markets import Event, Market


@attrs.frozen
class Catalogue:
    """Renders what Gamma knows, which may be less than what has happened.

    Attributes:
        clock: Seconds since the epoch.
        lag: Seconds for which Gamma still shows a settled market as open.
    """

    clock: Callable[[], float]
    lag: float = 0.0

    def closed(self, market: Market) -> bool:
        """Whether Gamma has heard of the settlement."""
        return market.closed is not None and self.clock() * 1000 >= market.closed + self.lag * 1000

    def render_market(self, market: Market) -> dict[str, Any]:
        """A market as `GET /markets` answers it, with its event but not the event's markets."""
        return self._market(market) | {"events": [self._event(market.event, [market])]}

    def render_event(self, event: Event, markets: Iterable[Market]) -> dict[str, Any]:
        """An event as `GET /events` answers it, with those of the markets that belong to it."""
        own = [market for market in markets if market.event == event]
        return self._event(event, own) | {"markets": [self._market(market) for market in own]}

    def _market(self, market: Market) -> dict[str, Any]:
        closed = self.closed(market)
        ends = _when(market.opened + market.lasts * 1000)
        uma = [*market.uma, "resolved"] if closed else market.uma
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
            "outcomePrices": json.dumps(outcome_prices(market, closed=closed)),
            "clobTokenIds": json.dumps(market.token_ids),
            "umaResolutionStatuses": json.dumps(uma),
            "active": True,
            "closed": closed,
            "archived": False,
            "new": False,
            "restricted": True,
            "createdAt": _when(market.opened),
            "updatedAt": _when(market.book.timestamp),
            "groupItemTitle": market.group_item_title,
            "enableOrderBook": True,
            "acceptingOrders": market.live,
            "negRisk": market.event.neg_risk,
            "orderMinSize": int(MIN_ORDER_SIZE),
            "feesEnabled": False,
            **_trading(market),
        }
        if uma:
            body["umaResolutionStatus"] = uma[-1]
        if closed and market.closed is not None:
            body["closedTime"] = _when(market.closed)
        return body

    def _event(self, event: Event, markets: list[Market]) -> dict[str, Any]:
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
            "closed": all(self.closed(market) for market in markets),
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


def outcome_prices(market: Market, *, closed: bool) -> tuple[str, str]:
    """What shares pay once closed; before, the middle of the book."""
    if closed and market.winner is None:
        return ("0.5", "0.5")
    if closed:
        return ("1", "0") if market.winner == 0 else ("0", "1")
    middle = market.anchor if market.book.middle is None else market.book.middle
    return show_price(middle), show_price(ONE - middle)


def _trading(market: Market) -> dict[str, Any]:
    """What follows from orders and trades."""
    view, volume = market.book.view(0), market.volume / SHARE
    last = market.book.last_trade
    return {
        "volume": str(volume),
        "volumeNum": volume,
        "liquidity": str(_liquidity(market)),
        "liquidityNum": _liquidity(market),
        "orderPriceMinTickSize": market.book.tick / ONE,
        "bestBid": (view.best_bid or 0) / ONE,
        "bestAsk": (ONE if view.best_ask is None else view.best_ask) / ONE,
        **({} if last is None else {"lastTradePrice": last / ONE}),
    }


def _liquidity(market: Market) -> float:
    """Dollars resting on both sides."""
    view = market.book.view(0)
    bids = sum(price * size for price, size in view.bids.items())
    asks = sum((ONE - price) * size for price, size in view.asks.items())
    return round((bids + asks) / ONE / SHARE, 2)


def _when(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
