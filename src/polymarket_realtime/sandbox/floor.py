"""Where trading takes place: markets are listed, books change, and everybody hears of it.

What happens is decided elsewhere; here it is carried out, in the order and with the stamps that
were recorded at the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from polymarket_realtime.errors import MarketNotFound

from . import frames
from .books import SHARE, Change, MarketBook, Side, parse_price, show_size
from .flow import Taker
from .frames import Frame
from .markets import (
    Event,
    Listing,
    Market,
    condition_id,
    open_book,
    token_id,
    transaction_hash,
)

Announce = Literal["once", "never", "twice"]
"""How often a settlement is announced. At the venue, one in five was not, as measured in 2026-10.

What is never announced does not end connections either: the tokens just fall silent.
"""

FINE_TICK = parse_price("0.001")
COARSE_TICK = parse_price("0.01")
UPPER_EDGE = parse_price("0.96")
LOWER_EDGE = parse_price("0.04")
"""Beyond these a market with the coarse tick gets the fine one."""

FIRST_MARKET_ID = 1_557_500


@attrs.frozen
class Match:
    """A trade that has taken place.

    Attributes:
        levels: What each level lost, best first, in the terms of the taker's token.
        transaction: Hash of the transaction that settles it.
    """

    market: Market
    taker: Taker
    levels: tuple[Change, ...]
    transaction: str

    @property
    def price(self) -> int:
        """Of the print: the last level reached."""
        return self.levels[-1].price


@attrs.define(eq=False)
class Floor:
    """All markets, by condition id and by token id, and the one writer of their books.

    Attributes:
        publish: Called with each frame, in order, at once; must not wait or raise.
        clock: Seconds since the epoch.
        matched: Called with each trade, in the same way.
        markets: By condition id, oldest first, resolved ones too.
    """

    seed: int
    publish: Callable[[Frame], None]
    clock: Callable[[], float]
    matched: Callable[[Match], None]
    markets: dict[str, Market] = attrs.field(factory=dict, init=False)
    _tokens: dict[str, tuple[Market, int]] = attrs.field(factory=dict, init=False)
    _trades: int = attrs.field(default=0, init=False)

    def list_market(self, listing: Listing, event: Event, opening: Sequence[Change]) -> Market:
        """Open a market with these levels; ValueError if there is one of that slug."""
        condition = condition_id(self.seed, listing.slug)
        if condition in self.markets:
            raise ValueError(f"there is a market {listing.slug!r} already")
        now = self._now()
        market = Market(
            id=str(FIRST_MARKET_ID + len(self.markets)),
            condition_id=condition,
            token_ids=(token_id(self.seed, listing.slug, 0), token_id(self.seed, listing.slug, 1)),
            question=listing.question,
            slug=listing.slug,
            outcomes=listing.outcomes,
            event=event,
            group_item_title=listing.group_item_title,
            book=open_book(listing, now),
            anchor=parse_price(listing.price),
            weight=listing.weight,
            opened=now,
            lasts=listing.lasts,
        )
        for change in opening:
            market.book.apply(change)
        self.markets[condition] = market
        self._tokens |= {token: (market, outcome) for outcome, token in enumerate(market.token_ids)}
        return market

    def live_token(self, token: str) -> tuple[Market, int]:
        """The market of a token and which outcome it is; MarketNotFound unless it trades."""
        market, outcome = self._tokens.get(token, (None, 0))
        if market is None or not market.live:
            raise MarketNotFound(token)
        return market, outcome

    def live_market(self, condition: str) -> Market:
        """The market of a condition id; MarketNotFound unless it trades."""
        market = self.markets.get(condition)
        if market is None or not market.live:
            raise MarketNotFound(condition)
        return market

    def apply(self, market: Market, burst: Sequence[Sequence[Change]]) -> None:
        """Carry out one frame of changes after the other, all with one timestamp and one hash."""
        if not burst:
            return
        book = market.book
        self._stamp(market)
        tops = [(book.view(0).top, book.view(1).top)]
        for group in burst:
            for change in group:
                book.apply(change)
            tops.append((book.view(0).top, book.view(1).top))
        hashes = frames.book_hash(market, 0), frames.book_hash(market, 1)
        for outcome in (0, 1):
            if tops[0][outcome] != tops[-1][outcome]:
                # Recorded before the change that caused it, though stamped after.
                self.publish(frames.best_bid_ask_frame(market, outcome))
        for group, after in zip(burst, tops[1:], strict=True):
            self.publish(frames.price_change_frame(market, group, hashes=hashes, tops=after))

    def take(self, market: Market, taker: Taker) -> Match:
        """Trade against the best levels: the changes, one print, and then both books anew.

        Raises:
            ValueError: The book does not hold as much.
        """
        levels = reach(market.book, taker)
        self._trades += 1
        match = Match(market, taker, tuple(levels), transaction_hash(self.seed, self._trades))
        market.volume += taker.size
        # Known to the hash before it is announced, as observed at the venue.
        market.book.last_trade = match.price
        held = market.book.view(taker.outcome).facing(taker.side)
        self.apply(
            market,
            [[attrs.evolve(lost, size=held[lost.price] - lost.size)] for lost in levels],
        )
        self.publish(
            frames.last_trade_price_frame(
                market,
                taker.outcome,
                taker.side,
                price=match.price,
                size=taker.size,
                transaction=match.transaction,
            )
        )
        self._publish_books(market)
        self.matched(match)
        return match

    def refine(self, market: Market) -> None:
        """Give a market near the edge the fine tick."""
        middle = market.book.middle
        if market.book.tick != COARSE_TICK or middle is None:
            return
        if not LOWER_EDGE <= middle <= UPPER_EDGE:
            self.change_tick(market, FINE_TICK)

    def change_tick(self, market: Market, tick: int) -> None:
        """Announce a new tick size, quote some levels that use it, and show both books."""
        old, market.book.tick = market.book.tick, tick
        self._stamp(market)
        for outcome in (0, 1):
            self.publish(frames.tick_size_change_frame(market, outcome, old))
        # A quarter of the old tick behind the best bid of either token: cannot cross.
        step = max(tick, old // 4 // tick * tick)
        bests = (market.book.view(outcome).best_bid for outcome in (0, 1))
        finer = [
            Change(outcome, "BUY", best - step, 25 * SHARE)
            for outcome, best in enumerate(bests)
            if best is not None and best > step
        ]
        self.apply(market, [[change] for change in finer])
        self._publish_books(market)

    def settle(self, market: Market, winner: int | None, announce: Announce) -> None:
        """Empty the books in one frame, announce the winner, and fall silent."""
        view = market.book.view(0)
        levels = [Change(0, "BUY", price, 0) for price in sorted(view.bids)]
        levels += [Change(0, "SELL", price, 0) for price in sorted(view.asks, reverse=True)]
        if levels:
            self.apply(market, [levels])
        market.winner, market.closed = winner, self._now()
        frame = frames.market_resolved_frame(market)
        if announce == "twice":
            self.publish(attrs.evolve(frame, settles=False))
        if announce != "never":
            self.publish(frame)

    def _publish_books(self, market: Market) -> None:
        for outcome in (0, 1):
            self.publish(frames.book_frame(market, outcome))

    def _stamp(self, market: Market) -> None:
        """Advance the book's time; no two bursts share a millisecond, for they differ in hash."""
        market.book.timestamp = max(self._now(), market.book.timestamp + 1)

    def _now(self) -> int:
        return int(self.clock() * 1000)


def reach(book: MarketBook, taker: Taker) -> list[Change]:
    """What a taker would get from each level, best first; ValueError if the book lacks some."""
    maker: Side = "SELL" if taker.side == "BUY" else "BUY"
    levels = book.view(taker.outcome).facing(taker.side)
    reached: list[Change] = []
    left = taker.size
    for price in sorted(levels, reverse=maker == "BUY"):
        taken = min(left, levels[price])
        reached.append(Change(taker.outcome, maker, price, taken))
        left -= taken
        if not left:
            return reached
    raise ValueError(f"the book lacks {show_size(left)} of {show_size(taker.size)} shares")
