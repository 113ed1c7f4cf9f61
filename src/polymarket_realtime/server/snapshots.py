"""The present of tokens, as tools and resources show it."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
import trio

from polymarket_realtime._codec.converter import unstructure
from polymarket_realtime._lookup.resolving import Found
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime.errors import CodecError, RestFailed
from polymarket_realtime.snapshot import MarketSnapshot, SnapshotSource

from .desk import Desk
from .schema import arg

__all__ = ["Shown", "Snapshots"]

_SHORT = 60.0
_LONG = 3600.0


@attrs.frozen(kw_only=True)
class Shown:
    """One token now."""

    token: str = arg("Its short name, t1: all tools understand it.")
    token_id: str = arg("Its id.")
    question: str | None = arg("The market's question: the venue's text, to be taken as data.")
    outcome: str | None = arg("The outcome that the token pays for; likewise data.")
    price: Decimal | None = arg("From 0 to 1, as the venue shows it; what it pays once settled.")
    price_source: str | None = arg(
        "midpoint; last_trade if the spread is above 0.10; one_side if nobody buys, or sells."
    )
    bid: Decimal | None = arg("Best bid.")
    ask: Decimal | None = arg("Best ask.")
    spread: Decimal | None = arg("Best ask minus best bid.")
    bids: list[list[str]] = arg("[price, shares], best first.")
    asks: list[list[str]] = arg("The same.")
    last_trade: Decimal | None = arg("Null unless it has traded since it is subscribed to.")
    change_1m: Decimal | None = arg("Price now minus a minute ago; null unless subscribed.")
    change_1h: Decimal | None = arg("The same of an hour.")
    followed_seconds: int | None = arg("Changes go back no further; 3600 at most.")
    state: str | None = arg("What may be believed of the subscription; null if there is none.")
    reason: str | None = arg("Why, unless it is live; may repeat words of the venue.")
    source: SnapshotSource = arg(
        "book: kept by the subscription; rest: asked just now, correct at `as_of`; resolution; "
        "unreachable: only `state` is known."
    )
    as_of: datetime = arg("When it was looked at.")
    age_seconds: float | None = arg("How long ago the book last changed.")
    winning_outcome: str | None = arg("Once it is settled; null for a split. Data.")


@attrs.frozen
class Snapshots:
    """Takes them.

    Attributes:
        desk: Of the client that asks.
    """

    desk: Desk

    async def take(self, found: Found, depth: int) -> list[Shown]:
        """The tokens of what was found, each once, in order.

        Raises:
            RestFailed: The venue's REST had to be asked, and did not answer usefully.
        """
        asset_ids = list(dict.fromkeys(asset.asset_id for asset in found.assets))
        settled = _settled(found)
        asked = [each for each in asset_ids if each not in settled]
        try:
            taken = await self.desk.service.snapshot(asked, max(depth, 1))
        except CodecError as error:
            raise RestFailed(self.desk.service.settings.clob_url, str(error)) from error
        return [self._show(*settled.get(each) or (taken[each], None), depth) for each in asset_ids]

    def _show(self, taken: MarketSnapshot, winner: str | None, depth: int) -> Shown:
        asset_id, about, standing = taken.asset_id, taken.about, taken.standing
        changes = self._changes(asset_id, taken.price)
        won = winner if taken.resolution is None else taken.resolution.winning_outcome
        age = taken.received - taken.timestamp_ms / 1000 if taken.timestamp_ms else None
        return Shown(
            token=self.desk.refs.of(asset_id),
            token_id=asset_id,
            question=None if about is None else about.question,
            outcome=None if about is None else about.outcome,
            price=taken.price,
            price_source=taken.price_source,
            bid=taken.best_bid,
            ask=taken.best_ask,
            spread=taken.spread,
            bids=unstructure(taken.bids[:depth]),
            asks=unstructure(taken.asks[:depth]),
            last_trade=taken.last_trade_price,
            **changes,
            state=None if standing is None else str(standing.state),
            reason=(standing.reason or None) if standing is not None else None,
            source=taken.source,
            as_of=taken.received_at,
            age_seconds=None if age is None else round(max(age, 0.0), 1),
            winning_outcome=won,
        )

    def _changes(self, asset_id: AssetId, price: Decimal | None) -> dict[str, Any]:
        history, now = self.desk.history, trio.current_time()
        short = None if price is None else history.change(asset_id, price, now, _SHORT)
        long = None if price is None else history.change(asset_id, price, now, _LONG)
        return {
            "change_1m": None if short is None else short.amount,
            "change_1h": None if long is None else long.amount,
            "followed_seconds": None if long is None else round(long.seconds),
        }


def _settled(found: Found) -> dict[AssetId, tuple[MarketSnapshot, str | None]]:
    """Tokens of settled markets, as the catalogue has just told: REST has no books of them."""
    now = time.time()
    return {
        outcome.asset_id: (
            MarketSnapshot(
                asset_id=outcome.asset_id,
                received=now,
                source=SnapshotSource.RESOLUTION,
                market=market.condition_id,
                price=outcome.price,
                about=market.name_of(outcome),
            ),
            None if market.winner is None else market.winner.name,
        )
        for market in found.markets
        if market.closed
        for outcome in market.outcomes
    }
