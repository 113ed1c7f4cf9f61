"""The markets that a recording is about, as far as its frames tell."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs

__all__ = ["RecordedMarket", "find_markets", "render_recorded_market"]


@attrs.frozen
class RecordedMarket:
    """A market of which a recording names tokens; it never told the question."""

    condition_id: str
    token_ids: tuple[str, ...]
    live: bool = True

    @property
    def id(self) -> str:
        """Not known; an id that no market of the venue has."""
        return "0"

    @property
    def slug(self) -> str:
        """Made up, from the condition id."""
        return f"recorded-{self.condition_id[2:10]}"

    @property
    def question(self) -> str:
        """Made up, from the condition id."""
        return f"Recorded market {self.condition_id[:10]}"

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Made up; the frames do not name them."""
        return tuple(f"Token {number}" for number in range(1, len(self.token_ids) + 1))


def find_markets(texts: Iterable[str]) -> tuple[RecordedMarket, ...]:
    """The markets that frames speak of, and their tokens, in the order of their first mention."""
    tokens: dict[str, dict[str, None]] = {}
    for text in texts:
        for frame in _objects(text):
            market = frame.get("market")
            if isinstance(market, str):
                tokens.setdefault(market, {}).update(dict.fromkeys(_tokens(frame)))
    return tuple(RecordedMarket(market, tuple(named)) for market, named in tokens.items() if named)


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        body = json.loads(text)
    except ValueError:
        return []
    return [item for item in (body if isinstance(body, list) else [body]) if isinstance(item, dict)]


def _tokens(frame: dict[str, Any]) -> list[str]:
    changes = frame.get("price_changes")
    holders = [frame, *(c for c in changes if isinstance(c, dict))] if changes else [frame]
    named = [holder.get("asset_id") for holder in holders]
    return [token for token in named if isinstance(token, str)]


def render_recorded_market(market: RecordedMarket) -> dict[str, Any]:
    """As `GET /markets` answers it, without what is not known."""
    return {
        "id": market.id,
        "question": market.question,
        "conditionId": market.condition_id,
        "slug": market.slug,
        "outcomes": json.dumps(market.outcomes),
        "clobTokenIds": json.dumps(market.token_ids),
        "active": True,
        "closed": False,
        "enableOrderBook": True,
    }
