"""The venue's catalogue in memory: markets, and the answers of Gamma about them.

Source of its rules: docs.polymarket.com, Gamma. Lists hold closed things only if asked with
`closed=true`, and then alone, as measured in 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zlib import crc32

import attrs

from polymarket_realtime._venue.memory_http import Query

__all__ = ["MemoryCatalog", "MemoryMarket"]

Row = dict[str, Any]

_COLUMNS: Final = {"id": "id", "slug": "slug", "condition_ids": "conditionId"}
"""Columns by the parameter that filters them; tokens are in a list of their own."""


@attrs.define(eq=False, kw_only=True)
class MemoryMarket:
    """A market of the catalogue. Change it as the test goes on.

    Attributes:
        id: Gamma's number, as digits.
        outcomes: Token ids by the outcomes' names.
        prices: Decimal numbers by the outcomes' names; a half each unless given.
        event_slug: Markets with the same one are of one event.
        label: What tells it from the other markets of its event.
        uma_status: What the oracle says, for example `proposed`.
    """

    id: str
    condition_id: str
    question: str
    slug: str
    outcomes: Mapping[str, str]
    prices: Mapping[str, str] = attrs.field(factory=dict)
    event_slug: str
    event_title: str
    label: str = ""
    ends_at: datetime | None = None
    closed: bool = False
    closed_at: datetime | None = None
    uma_status: str | None = None

    def settle(self, winner: str | None, at: datetime | None = None) -> None:
        """Close it, with the outcome that pays 1; None for a split."""
        assert winner is None or winner in self.outcomes, "no such outcome"
        payouts = {name: "1" if name == winner else "0" for name in self.outcomes}
        self.prices = {} if winner is None else payouts
        self.closed, self.closed_at, self.uma_status = True, at, "resolved"

    @property
    def row(self) -> Row:
        """As Gamma writes it: lists inside strings."""
        return {
            "id": self.id,
            "conditionId": self.condition_id,
            "question": self.question,
            "slug": self.slug,
            "groupItemTitle": self.label,
            "outcomes": json.dumps(list(self.outcomes)),
            "clobTokenIds": json.dumps(list(self.outcomes.values())),
            "outcomePrices": json.dumps([self.prices.get(name, "0.5") for name in self.outcomes]),
            "closed": self.closed,
            "endDate": None if self.ends_at is None else self.ends_at.isoformat(),
            "closedTime": None if self.closed_at is None else self.closed_at.isoformat(),
            "umaResolutionStatus": self.uma_status,
        }

    @property
    def event_row(self) -> Row:
        """Its event, without the markets of that."""
        number = str(crc32(self.event_slug.encode()))
        return {"id": number, "slug": self.event_slug, "title": self.event_title}


@attrs.define(eq=False)
class MemoryCatalog:
    """Answers about its markets as Gamma does.

    Attributes:
        markets: In the order of the answers.
        books: What REST shows of tokens, as frames of `make_book`.
        down: Whether every answer is 503.
        requests: The paths that were asked for, oldest first.
    """

    markets: list[MemoryMarket] = attrs.field(factory=list, init=False)
    books: dict[str, Row] = attrs.field(factory=dict, init=False)
    down: bool = attrs.field(default=False, init=False)
    requests: list[str] = attrs.field(factory=list, init=False)

    def list_market(
        self, question: str, outcomes: Mapping[str, str], *, slug: str | None = None, **fields: Any
    ) -> MemoryMarket:
        """Add a market.

        Args:
            question: What it is about.
            outcomes: Token ids by the outcomes' names.
            slug: Made up unless given.
            **fields: Other attributes of `MemoryMarket`; without `event_slug` it is alone in an
                event of its own slug.
        """
        number = len(self.markets) + 1
        slug = slug or f"market-{number}"
        defaults = {
            "id": str(number),
            "condition_id": f"0x{number:064x}",
            "event_slug": slug,
            "event_title": question,
        }
        market = MemoryMarket(
            question=question, outcomes=outcomes, slug=slug, **(defaults | fields)
        )
        self.markets.append(market)
        return market

    def answer(self, method: str, path: str, query: Query, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of an answer; 404 to a path that names nothing."""
        self.requests.append(path)
        if self.down:
            return 503, b"{}"
        if (method, path) == ("POST", "/books"):
            wanted = [each["token_id"] for each in json.loads(body)]
            shown = [self.books[token] for token in wanted if token in self.books]
            return 200, json.dumps(shown).encode()
        if method != "GET":
            return 405, b"{}"
        answer = self._find(path, query)
        if answer is None:
            return 404, b'{"error": "not found"}'
        return 200, json.dumps(answer).encode()

    def _find(self, path: str, query: Query) -> object:
        match path.strip("/").split("/"):
            case ["markets" | "events" as kind]:
                rows = self._market_rows() if kind == "markets" else self._event_rows()
                return [row for row in rows if _matches(row, query)]
            case ["markets" | "events" as kind, *place, name] if place in ([], ["slug"]):
                rows = self._market_rows() if kind == "markets" else self._event_rows()
                key = "slug" if place else "id"
                return next((row for row in rows if row[key] == name), None)
            case ["public-search"]:
                found = _search(self._event_rows(), dict(query))
                return {"events": found, "pagination": {"hasMore": False}}
        return None

    def _market_rows(self) -> list[Row]:
        return [market.row | {"events": [market.event_row]} for market in self.markets]

    def _event_rows(self) -> list[Row]:
        events: dict[str, Row] = {}
        for market in self.markets:
            new = {**market.event_row, "closed": True, "markets": []}
            event = events.setdefault(market.event_slug, new)
            event["closed"] &= market.closed
            event["markets"].append(market.row)
        return list(events.values())


def _matches(row: Row, query: Query) -> bool:
    wanted: dict[str, set[str]] = {}
    for name, value in query:
        wanted.setdefault(name, set()).add(value)
    if row["closed"] != (wanted.get("closed") == {"true"}):
        return False
    if "clob_token_ids" in wanted:
        tokens = json.loads(row["clobTokenIds"])
        if wanted["clob_token_ids"].isdisjoint(tokens):
            return False
    return all(
        row[column] in wanted[parameter]
        for parameter, column in _COLUMNS.items()
        if parameter in wanted
    )


def _search(events: Iterable[Row], query: Mapping[str, str]) -> list[Row]:
    """Events with every word in their title or in one of their questions."""
    words = query.get("q", "").lower().split()
    keeps_closed = query.get("keep_closed_markets", "1") != "0"
    found = []
    for event in events:
        text = " ".join((event["title"], *(row["question"] for row in event["markets"]))).lower()
        if all(word in text for word in words) and (keeps_closed or not event["closed"]):
            kept = [row for row in event["markets"] if keeps_closed or not row["closed"]]
            found.append({**event, "markets": kept})
    return found[: int(query.get("limit_per_type", "20"))]
