"""Events, as the venue groups markets, that somebody follows: which markets were added to them.

The market channel tells of each new market once and replays nothing, so the catalogue is asked
now and then whether one was missed. Source: docs.polymarket.com, "Market Channel".
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs

from polymarket_realtime._model.catalog import Market, MarketGroup
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.lifecycle import MarketCreated
from polymarket_realtime._protocol.inquiry import Inquiry, Rhythm

__all__ = ["FollowedEvents"]


@attrs.define(eq=False)
class _Followed:
    """One event.

    Attributes:
        inquiry: When to ask about it.
        holders: How many follow it.
        known: Tokens of the markets that are no news; None until the catalogue has said it.
    """

    inquiry: Inquiry
    holders: int = 0
    known: set[AssetId] | None = None

    def note(self, assets: Iterable[AssetId]) -> bool:
        """Know these tokens; whether any of them was news."""
        new = set(assets) - (self.known or set())
        if self.known is not None:
            self.known |= new
        return bool(new)


class FollowedEvents:
    """Followed events, by slug. Times called `now` are seconds on the caller's clock.

    Ask `due` at `next_deadline`, and give `learn` or `failed` what came of it.

    Args:
        first: Seconds to the question after the one that could not be asked, and to the first
            one about an event whose markets are known.
        longest: Seconds between two questions.
    """

    def __init__(self, first: float = 15.0, longest: float = 600.0) -> None:
        self._rhythm = Rhythm(first, longest)
        self._followed: dict[str, _Followed] = {}

    def follow(self, slug: str, now: float, markets: Iterable[Market] | None = None) -> None:
        """Follow an event, once more.

        Args:
            slug: The event's.
            now: The time.
            markets: Those that the first follower knows. If that is not said, all that the next
                answer holds are no news.
        """
        followed = self._followed.get(slug)
        if followed is None:
            # The channel may not carry the announcements yet: what it misses is asked for soon.
            at = now if markets is None else now + self._rhythm.first
            known = None if markets is None else _tokens(markets)
            followed = self._followed[slug] = _Followed(Inquiry(self._rhythm, at), known=known)
        followed.holders += 1

    def unfollow(self, slug: str) -> None:
        """Take one `follow` back."""
        followed = self._followed[slug]
        followed.holders -= 1
        if not followed.holders:
            del self._followed[slug]

    def due(self, now: float) -> tuple[str, ...]:
        """The events to ask about now, the most urgent first."""
        ready = sorted((each.inquiry.at, slug) for slug, each in self._followed.items())
        return tuple(slug for at, slug in ready if at <= now)

    def next_deadline(self) -> float:
        """When `due` will give something; infinity if never, as things stand."""
        return min((each.inquiry.at for each in self._followed.values()), default=math.inf)

    def hint(self, now: float) -> None:
        """Announcements may have been missed: ask about all events soon."""
        for followed in self._followed.values():
            followed.inquiry.hint(now)

    def failed(self, slug: str, now: float, *, retry_after: float = 0.0) -> None:
        """The catalogue could not be asked about an event of `due`."""
        if slug in self._followed:
            self._followed[slug].inquiry.fail(now, wait_at_least=retry_after)

    def learn(
        self, slug: str, group: MarketGroup | None, now: float, wall: float
    ) -> list[MarketCreated]:
        """Take the catalogue's answer about an event; what was missed, in its order.

        Args:
            slug: What was asked about.
            group: The answer; None if it knows no such event.
            now: The time of the answer.
            wall: The same, in seconds since the epoch.
        """
        followed = self._followed.get(slug)
        if followed is None:
            return []
        followed.inquiry.wait_for_end(now, math.inf)
        if group is None:
            return []
        if followed.known is None:
            followed.known = _tokens(group.markets)
        return [
            _created(market, group, wall)
            for market in group.markets
            if followed.note(market.asset_ids)
        ]


def _tokens(markets: Iterable[Market]) -> set[AssetId]:
    return {asset_id for market in markets for asset_id in market.asset_ids}


def _created(market: Market, group: MarketGroup, wall: float) -> MarketCreated:
    """What the channel would have said, at the time at which it became known."""
    return MarketCreated(
        received=wall,
        market=market.condition_id,
        asset_ids=market.asset_ids,
        timestamp_ms=int(wall * 1000),
        outcomes=tuple(outcome.name for outcome in market.outcomes),
        question=market.question,
        slug=market.slug,
        label=market.label,
        event_slug=group.slug,
        event_title=group.title,
    )
