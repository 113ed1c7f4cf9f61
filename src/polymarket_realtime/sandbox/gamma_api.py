"""Gamma's HTTP: lookups of markets and events.

Source for paths and parameters: docs.polymarket.com, Gamma. Closed markets appear only if asked for
with `closed=true`, and then alone, as measured in 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .exchange import Exchange
from .games import Games
from .gamma import Catalogue, outcome_prices
from .markets import Event, Market
from .recorded import RecordedMarket, render_recorded_market
from .replay import ReplayVenue

T = TypeVar("T")

DEFAULT_LIMIT = 20
MOST = 500
"""Items on one page, however many are asked for."""


@attrs.frozen
class GammaApi:
    """Markets and events; of a replay, the markets that it names.

    Attributes:
        catalogue: How markets look from here.
        games: Found as events by `game_id`, and by nothing else: no market is about them.
    """

    venue: Exchange | ReplayVenue
    catalogue: Catalogue
    games: Games

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
        closed = _asks_for_closed(request)
        found = [
            market
            for market in self.venue.markets
            if self._is_closed(market) == closed and _matches(market, wanted)
        ]
        return _page(request, found, self._render)

    async def market(self, request: Request) -> Response:
        """One market by Gamma id or slug; by condition id in the form of the CLOB."""
        key, value = next(iter(request.path_params.items()))
        for market in self._markets:
            if value == market.condition_id:
                return JSONResponse(_clob_market(market))
            if value == getattr(market, key):
                return JSONResponse(self.catalogue.render_market(market))
        return _not_found(key)

    async def events(self, request: Request) -> Response:
        """Events by the same rules as markets."""
        query = request.query_params
        closed = _asks_for_closed(request)
        if "game_id" in query:
            games = self.games.find(query.getlist("game_id"))
            return _page(request, [] if closed else games, Games.render_event)
        found = [
            event
            for event in map(self._render_event, self._events)
            if event["closed"] == closed
            and all(event[name] in query.getlist(name) for name in ("id", "slug") if name in query)
        ]
        return _page(request, found, dict)

    async def event(self, request: Request) -> Response:
        """One event by id or slug."""
        key, value = next(iter(request.path_params.items()))
        for event in self._events:
            if value == getattr(event, key):
                return JSONResponse(self._render_event(event))
        return _not_found(key)

    async def search(self, request: Request) -> Response:
        """Events with every word of `q` in their title or in one of their questions.

        Looks at `q`, `limit_per_type`, `page`, `events_status` and `keep_closed_markets`, and
        ignores the other parameters of the venue's.
        """
        query = request.query_params
        words = query.get("q", "").lower().split()
        if not words:
            return _invalid("q is required")
        try:
            limit = min(int(query.get("limit_per_type", DEFAULT_LIMIT)), MOST)
            start = (int(query.get("page", 1)) - 1) * limit
        except ValueError:
            return _invalid("limit_per_type and page are numbers")
        if limit < 0 or start < 0:
            return _invalid("limit_per_type and page are not negative")
        found = [
            event for event in self._searched(request) if all(w in _text(event) for w in words)
        ]
        return JSONResponse(
            {
                "events": found[start : start + limit],
                "tags": [],
                # With nobody found, the venue's answers hold null, or nothing.
                "profiles": [None] if query.get("search_profiles") == "true" else [],
                "pagination": {
                    "hasMore": len(found) > start + limit,
                    "totalResults": len(found),
                },
            }
        )

    def _searched(self, request: Request) -> Iterable[dict[str, Any]]:
        """The events, with their markets, that a search may find at all."""
        query = request.query_params
        keep_closed = query.get("keep_closed_markets", "1") not in {"0", "false"}
        states = {"active": (False,), "closed": (True,)}.get(
            query.get("events_status", ""), (False, True)
        )
        kept = [m for m in self._markets if keep_closed or not self.catalogue.closed(m)]
        for event in dict.fromkeys(market.event for market in kept):
            rendered = self.catalogue.render_event(event, kept)
            if rendered["closed"] in states:
                yield rendered

    @property
    def _markets(self) -> tuple[Market, ...]:
        return self.venue.markets if isinstance(self.venue, Exchange) else ()

    @property
    def _events(self) -> Iterable[Event]:
        return dict.fromkeys(market.event for market in self._markets)

    def _is_closed(self, market: Market | RecordedMarket) -> bool:
        return isinstance(market, Market) and self.catalogue.closed(market)

    def _render(self, market: Market | RecordedMarket) -> dict[str, Any]:
        if isinstance(market, Market):
            return self.catalogue.render_market(market)
        return render_recorded_market(market)

    def _render_event(self, event: Event) -> dict[str, Any]:
        return self.catalogue.render_event(event, self._markets)


def _asks_for_closed(request: Request) -> bool:
    return request.query_params.get("closed", "false") == "true"


def _text(event: dict[str, Any]) -> str:
    """What a search looks at."""
    return " ".join((event["title"], *(m["question"] for m in event["markets"]))).lower()


def _matches(market: Market | RecordedMarket, wanted: dict[str, frozenset[str]]) -> bool:
    facts = {
        "id": {market.id},
        "slug": {market.slug},
        "condition_ids": {market.condition_id},
        "clob_token_ids": set(market.token_ids),
    }
    return all(facts[name] & values for name, values in wanted.items())


def _page(request: Request, items: Sequence[T], render: Callable[[T], dict[str, Any]]) -> Response:
    query = request.query_params
    try:
        limit, offset = int(query.get("limit", DEFAULT_LIMIT)), int(query.get("offset", 0))
    except ValueError:
        return _invalid("limit and offset are numbers")
    if limit < 0 or offset < 0:
        return _invalid("limit and offset are not negative")
    page = items[offset : offset + min(limit, MOST)]
    return JSONResponse([render(item) for item in page])


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
                "price": float(outcome_prices(market, closed=not market.live)[outcome]),
                "winner": market.winner == outcome,
            }
            for outcome, token in enumerate(market.token_ids)
        ],
    }
