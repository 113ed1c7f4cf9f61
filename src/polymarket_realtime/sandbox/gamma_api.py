"""Gamma's HTTP: lookups of markets and events.

Source for paths and parameters: docs.polymarket.com, Gamma. Closed markets appear only if asked for
with `closed=true`, and then alone, as measured in 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .exchange import Exchange
from .gamma import outcome_prices, render_event, render_market
from .markets import Event, Market
from .recorded import RecordedMarket, render_recorded_market
from .replay import ReplayVenue

DEFAULT_LIMIT = 20


@attrs.frozen
class GammaApi:
    """Markets and events; of a replay, the markets that it names."""

    venue: Exchange | ReplayVenue

    def routes(self) -> list[Route]:
        """All paths of this API."""
        return [
            Route("/markets", self.markets),
            Route("/markets/slug/{slug}", self.market),
            Route("/markets/{id}", self.market),
            Route("/events", self.events),
            Route("/events/slug/{slug}", self.event),
            Route("/events/{id}", self.event),
            Route("/public-search", self.search),
        ]

    async def markets(self, request: Request) -> Response:
        """Markets that match every given parameter; closed ones only if asked for."""
        query = request.query_params
        wanted = {
            name: frozenset(query.getlist(name))
            for name in ("id", "slug", "condition_ids", "clob_token_ids")
            if name in query
        }
        closed = query.get("closed", "false") == "true"
        found = [m for m in self.venue.markets if m.live != closed and _matches(m, wanted)]
        return _page(request, [_render(market) for market in found])

    async def market(self, request: Request) -> Response:
        """One market by Gamma id or slug; by condition id in the form of the CLOB."""
        key, value = next(iter(request.path_params.items()))
        for market in self._markets:
            if value == market.condition_id:
                return JSONResponse(_clob_market(market))
            if value == getattr(market, key):
                return JSONResponse(render_market(market))
        return _not_found(key)

    async def events(self, request: Request) -> Response:
        """Events by the same rules as markets."""
        query = request.query_params
        closed = query.get("closed", "false") == "true"
        events = [render_event(event, self._markets) for event in self._events]
        found = [
            event
            for event in events
            if event["closed"] == closed
            and all(event[name] in query.getlist(name) for name in ("id", "slug") if name in query)
        ]
        return _page(request, found)

    async def event(self, request: Request) -> Response:
        """One event by id or slug."""
        key, value = next(iter(request.path_params.items()))
        for event in self._events:
            if value == getattr(event, key):
                return JSONResponse(render_event(event, self._markets))
        return _not_found(key)

    async def search(self, request: Request) -> Response:
        """Events with every word of `q` in their title or in one of their questions."""
        query = request.query_params
        words = query.get("q", "").lower().split()
        if not words:
            return _invalid("q is required")
        try:
            limit = int(query.get("limit_per_type", DEFAULT_LIMIT))
        except ValueError:
            return _invalid("limit_per_type is not a number")
        keep_closed = query.get("keep_closed_markets", "1") != "0"
        kept = [market for market in self._markets if keep_closed or market.live]
        events = [render_event(event, kept) for event in dict.fromkeys(m.event for m in kept)]
        states = {"active": (False,), "closed": (True,)}.get(
            query.get("events_status", ""), (False, True)
        )
        found = [
            event
            for event in events
            if event["closed"] in states and all(word in _text(event) for word in words)
        ]
        return JSONResponse(
            {
                "events": found[:limit],
                "tags": [],
                "profiles": [],
                "pagination": {"hasMore": len(found) > limit, "totalResults": len(found)},
            }
        )

    @property
    def _markets(self) -> tuple[Market, ...]:
        return self.venue.markets if isinstance(self.venue, Exchange) else ()

    @property
    def _events(self) -> Iterable[Event]:
        return dict.fromkeys(market.event for market in self._markets)


def _text(event: dict[str, Any]) -> str:
    """What a search looks at."""
    return " ".join((event["title"], *(m["question"] for m in event["markets"]))).lower()


def _render(market: Market | RecordedMarket) -> dict[str, Any]:
    return render_market(market) if isinstance(market, Market) else render_recorded_market(market)


def _matches(market: Market | RecordedMarket, wanted: dict[str, frozenset[str]]) -> bool:
    facts = {
        "id": {market.id},
        "slug": {market.slug},
        "condition_ids": {market.condition_id},
        "clob_token_ids": set(market.token_ids),
    }
    return all(facts[name] & values for name, values in wanted.items())


def _page(request: Request, items: list[dict[str, Any]]) -> Response:
    query = request.query_params
    try:
        limit, offset = int(query.get("limit", DEFAULT_LIMIT)), int(query.get("offset", 0))
    except ValueError:
        return _invalid("limit and offset are numbers")
    if limit < 0 or offset < 0:
        return _invalid("limit and offset are not negative")
    return JSONResponse(items[offset : offset + limit])


def _invalid(message: str) -> Response:
    return JSONResponse({"type": "validation error", "error": message}, 422)


def _not_found(key: str) -> Response:
    return JSONResponse({"type": "not found error", "error": f"{key} not found"}, 404)


def _clob_market(market: Market) -> dict[str, Any]:
    """The CLOB's own, smaller view of a market; it names the winning token."""
    return {
        "condition_id": market.condition_id,
        "question": market.question,
        "market_slug": market.slug,
        "active": True,
        "closed": not market.live,
        "accepting_orders": market.live,
        "neg_risk": market.event.neg_risk,
        "tokens": [
            {
                "token_id": token,
                "outcome": market.outcomes[outcome],
                "price": float(outcome_prices(market)[outcome]),
                "winner": market.winner == outcome,
            }
            for outcome, token in enumerate(market.token_ids)
        ],
    }
