"""Which markets are settled, told exactly once each, and whom to ask about the others.

The venue announces most settlements on the market channel, not all: one in five was not. Its
catalogue follows, 51 s to 3 minutes later, or after days if the oracle has to decide. So every
market that somebody watches is asked about until either says how it ended. Source: measured
2026-10-04; docs.polymarket.com, "Market Channel".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.lifecycle import MarketResolved, ResolutionStage
from polymarket_realtime._protocol.inquiry import Inquiry, Rhythm
from polymarket_realtime._protocol.market_cases import MarketCase, MarketCases
from polymarket_realtime._protocol.settlement import complete, settle, stage_after, stage_status

__all__ = ["Resolutions"]

_AT_ONCE: Final = 40
"""Tokens that the catalogue asks about in one request, and in a second one if some are closed."""

_PAUSE: Final = 2.0
"""Seconds between such a question and the next at most: two requests each, so one a second."""


class Resolutions:
    """Every watched market on its way to settlement. Outlives all connections.

    Ask `due` at `next_deadline`, and give `learn` or `failed` what came of it. A market is asked
    about at once, then every `longest` seconds and shortly after its announced end; from then on
    at growing distances, which begin anew with each new thing that the catalogue says about it.

    However many markets are watched, that costs one request a second on average: `due` gives one
    request's worth of tokens, followed by a pause of two seconds. 1,000 markets that end
    together are asked about in 50 s. Tokens that were never asked about do not wait.

    Times called `now` are seconds on the caller's clock, those called `wall` since the epoch.

    Args:
        first: Seconds between the first two questions about a market that has ended.
        longest: Seconds between two questions at most, failures included.
        keep: How many markets that nobody watches are remembered, so as not to tell their end
            again.
    """

    def __init__(self, first: float = 15.0, longest: float = 600.0, *, keep: int = 5_000) -> None:
        self._rhythm = Rhythm(first, longest)
        self._wanted: frozenset[AssetId] = frozenset()
        self._cases = MarketCases(keep)
        self._nameless: dict[AssetId, Inquiry] = {}
        self._rest, self._rest_until = min(first, _PAUSE), -math.inf

    # What is known

    def resolution_of(self, asset_id: AssetId) -> MarketResolved | None:
        """What was told of the end of the token's market; None before, or if long forgotten."""
        case = self._cases.of_asset(asset_id)
        return None if case is None else case.resolution

    def market_of(self, asset_id: AssetId) -> Market | None:
        """The catalogue's latest answer about the token."""
        case = self._cases.of_asset(asset_id)
        return None if case is None else case.market

    def stage_of(self, condition_id: ConditionId) -> ResolutionStage | None:
        """How far a market is; None if it is not known."""
        case = self._cases.of_condition(condition_id)
        return None if case is None else case.stage

    # What is wanted

    def watch(self, assets: Iterable[AssetId], now: float) -> None:
        """Follow the markets of these tokens too."""
        before = self._wanted
        self._wanted = before.union(assets)
        for asset_id in self._wanted - before:
            case = self._cases.of_asset(asset_id)
            if case is None or case.market is None:
                self._nameless[asset_id] = Inquiry(self._rhythm, now)
            if case is not None and before.isdisjoint(case.assets):
                self._keep(case)
                case.inquiry.resume(now)

    def retain(self, wanted: frozenset[AssetId], now: float) -> None:
        """Follow the markets of these tokens and of no others."""
        self._wanted &= wanted
        for asset_id in self._nameless.keys() - wanted:
            del self._nameless[asset_id]
        for case in list(self._cases.watched()):
            self._keep(case)
        self.watch(wanted, now)

    # What to ask

    def due(self, now: float) -> tuple[AssetId, ...]:
        """One token of each market to ask about now, and each token of which none is known.

        What would be due a little later comes along; at most one request's worth.
        """
        open_ = list(self._inquiries())
        may_repeat = now >= self._rest_until and any(each.at <= now for _, each in open_)
        ready = sorted(
            (inquiry.at, asset_id)
            for asset_id, inquiry in open_
            if (inquiry.joins(now) if may_repeat else not inquiry.answered and inquiry.at <= now)
        )
        return tuple(asset_id for _, asset_id in ready[:_AT_ONCE])

    def next_deadline(self) -> float:
        """When `due` will give something; infinity if never, as things stand."""
        return min(
            (
                max(each.at, self._rest_until) if each.answered else each.at
                for _, each in self._inquiries()
            ),
            default=math.inf,
        )

    def is_new(self, asset_id: AssetId) -> bool:
        """Whether the catalogue has never been heard about this token: any answer will do."""
        inquiry = self._nameless.get(asset_id)
        known = self._cases.of_asset(asset_id) is not None
        return not known and (inquiry is None or not inquiry.answered)

    def hint(self, assets: Iterable[AssetId], now: float) -> None:
        """The markets of these tokens may be at their end: ask after 2 s, and again a few times.

        Frequent hints count as one.
        """
        for asset_id in assets:
            inquiry = self._inquiry_of(asset_id)
            if inquiry is not None:
                inquiry.hint(now)

    # What comes

    def learn(
        self,
        markets: Iterable[Market],
        now: float,
        wall: float,
        asked: Iterable[AssetId] = (),
    ) -> list[Event]:
        """Take an answer of the catalogue; the events that it amounts to.

        Args:
            markets: What it knows. Those that nobody watches are left alone.
            now: The time of the answer.
            wall: The same, since the epoch.
            asked: The tokens of `due` that this answers. Those that it does not know are asked
                about again, at growing distances.
        """
        events: list[Event] = []
        answered: set[AssetId] = set()
        for market in {each.condition_id: each for each in markets}.values():
            if not self._wanted.isdisjoint(market.asset_ids):
                answered.update(market.asset_ids)
                events += self._take(market, now, wall)
        asked = tuple(asked)
        self._pause(asked, now)
        for asset_id in asked:
            inquiry = self._inquiry_of(asset_id)
            if inquiry is not None and asset_id not in answered:
                inquiry.wait_for_news(now)
        return events

    def failed(self, asked: Iterable[AssetId], now: float, *, retry_after: float = 0.0) -> None:
        """The catalogue could not be asked about these tokens of `due`.

        Args:
            asked: The tokens.
            now: The time.
            retry_after: Seconds that the venue asked to wait.
        """
        asked = tuple(asked)
        self._pause(asked, now)
        for asset_id in asked:
            inquiry = self._inquiry_of(asset_id)
            if inquiry is not None:
                inquiry.fail(now, wait_at_least=retry_after)

    def announce(self, event: MarketResolved, now: float) -> MarketResolved | None:
        """Take a settlement that the market channel told; None if it was told before.

        Args:
            event: As heard.
            now: The time.

        Returns:
            The same with what is known of the market besides.
        """
        case = self._case_of(event.market, event.asset_ids, now)
        if case.resolution is not None:
            return None
        news = complete(event, case.market)
        if not news.asset_ids:
            return None  # nobody could be told; the catalogue will say it with its tokens
        case.resolution, case.stage = news, ResolutionStage.RESOLVED
        return news

    def _take(self, market: Market, now: float, wall: float) -> list[Event]:
        case = self._case_of(market.condition_id, market.asset_ids, now)
        stage, evidence = case.stage, case.evidence
        case.market = market
        for asset_id in market.asset_ids:
            self._nameless.pop(asset_id, None)
        if case.resolution is not None:
            case.resolution = complete(case.resolution, market)
            return []
        case.stage = stage_after(stage, market, wall)
        if case.stage is ResolutionStage.RESOLVED:
            case.resolution = settle(market, wall)
            return [case.resolution]
        if case.stage is ResolutionStage.OPEN:
            ends_at = market.ends_at
            until_end = math.inf if ends_at is None else ends_at.timestamp() - wall
            case.inquiry.wait_for_end(now, now + until_end)
        else:
            case.inquiry.wait_for_news(now, anew=case.evidence != evidence)
        return [] if case.stage is stage else [stage_status(market, case.stage, wall)]

    def _pause(self, asked: tuple[AssetId, ...], now: float) -> None:
        requests = math.ceil(len(asked) / _AT_ONCE)
        self._rest_until = max(self._rest_until, now) + requests * self._rest

    def _case_of(
        self, condition_id: ConditionId, assets: tuple[AssetId, ...], now: float
    ) -> MarketCase:
        case = self._cases.ensure(condition_id, assets, Inquiry(self._rhythm, now))
        self._keep(case)
        return case

    def _keep(self, case: MarketCase) -> None:
        self._cases.keep(case, watched=not self._wanted.isdisjoint(case.assets))

    def _inquiries(self) -> Iterator[tuple[AssetId, Inquiry]]:
        """All that is to be asked, each with a token to ask about."""
        yield from self._nameless.items()
        for case in self._cases.watched():
            if case.resolution is None and case.market is not None:
                yield next(each for each in case.assets if each in self._wanted), case.inquiry

    def _inquiry_of(self, asset_id: AssetId) -> Inquiry | None:
        """What a wanted token is asked about with; None if nothing is to be asked."""
        if asset_id in self._nameless:
            return self._nameless[asset_id]
        case = self._cases.of_asset(asset_id) if asset_id in self._wanted else None
        return None if case is None or case.resolution is not None else case.inquiry
