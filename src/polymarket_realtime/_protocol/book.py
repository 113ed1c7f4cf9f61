"""An order book: its levels, what it is called, and whether it is the truth."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.fresh import maker_of
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.market import BookSnapshot, OrderbookUpdate, PriceChangeEvent
from polymarket_realtime._model.trust import AssetState, Doubt, Standing
from polymarket_realtime._model.values import optional_decimal
from polymarket_realtime._protocol.backlog import Backlog
from polymarket_realtime._protocol.evidence import Evidence
from polymarket_realtime._protocol.levels import Levels
from polymarket_realtime._protocol.names import Names

__all__ = ["Book"]

_NO_MARKET: Final = ConditionId("")

_HARMLESS: Final = frozenset({None, Doubt.LAG})

_make_snapshot: Final = maker_of(BookSnapshot)

_BURSTS: Final = 16
"""Bursts of changes by which a late frame is recognised as one that has come before."""


@attrs.define(eq=False)
class Book(Levels):
    """What is known of one asset.

    The protocols whose connections carry it write it, and `Freshness`; anybody in the same
    thread may read it between two checkpoints.

    Attributes:
        epoch: Number of the current gapless run, from 1; 0 before the first snapshot.
        revision: Grows by one with each change, over all epochs.
        timestamp_ms: The last change, by the venue's clock.
        snapshot_ms: The `timestamp` of the snapshot that the levels are built on.
        received: When it last changed here, in seconds since the epoch.
        agreed: When its top was last what the venue says it is, in seconds since the epoch.
        heard_at: When a frame was last about it, on the protocol's clock.
        in_sync: Whether the levels are shown as the truth: `state.in_sync`, kept beside it
            because every change asks.
        state, since, reason: What may be believed of it, since when (in seconds since the epoch)
            and why.
        doubt: What a state of `SUSPECT` comes from.
        intact_until: Since when something may be missing, if the doubt turns out to be right.
        lost_since: When readers were told that it is not the truth, in seconds since the epoch;
            None while it is, and as long as they were told nothing else.
        gap_since: The last moment at which nothing was missing, if something may be missing.
        gap_reason: Why it may.
        backlog: What has come since and will count once there is a snapshot.
        carriers: The connections that have sent it whole and go on from there. While there is one
            of them, losing another costs nothing.
        listeners: All open connections that have subscribed to it.
        awaited_since: When its snapshot was first asked for, on the protocol's clock; None if
            none is awaited.
        recent: The venue's times of the latest bursts of changes, oldest first.
        burst: What the frames of the latest of them said: a fingerprint of each.
        last_trade_price, last_trade_ms: Of this token, since we listen: the price, and when by
            the venue's clock.
        price: The latest displayed price, once there is one.
        quoted: Best bid key, best ask key and last trade that `price` was made of.
        names: Where its token's name will be, once the catalogue has said it.
        evidence: What its hash is made of besides, and when it was proven last.
    """

    asset_id: AssetId = attrs.field(kw_only=True)
    market: ConditionId = _NO_MARKET
    hash: str | None = None
    epoch: int = 0
    revision: int = 0
    timestamp_ms: int = 0
    snapshot_ms: int = 0
    received: float = 0.0
    agreed: float = 0.0
    heard_at: float = -math.inf
    in_sync: bool = False
    state: AssetState = AssetState.CONNECTING
    since: float = 0.0
    reason: str = "its first book has not come yet"
    doubt: Doubt | None = None
    intact_until: float | None = None
    lost_since: float | None = None
    gap_since: float | None = None
    gap_reason: str = ""
    backlog: Backlog = attrs.field(factory=Backlog, repr=False)
    carriers: set[object] = attrs.field(factory=set, repr=False)
    listeners: set[object] = attrs.field(factory=set, repr=False)
    awaited_since: float | None = None
    recent: deque[int] = attrs.field(factory=lambda: deque(maxlen=_BURSTS), repr=False)
    burst: tuple[int, ...] = attrs.field(default=(), repr=False)
    last_trade_price: str | None = None
    last_trade_ms: int = 0
    price: PriceChangeEvent | None = attrs.field(default=None, repr=False)
    quoted: tuple[int | None, int | None, str | None] | None = None
    names: Names = attrs.field(factory=Names, repr=False)
    evidence: Evidence = attrs.field(factory=Evidence, repr=False)
    _about: AssetName | None = attrs.field(default=None, init=False, repr=False)

    @property
    def about(self) -> AssetName | None:
        """What its token is called; None until that is known."""
        if self._about is None:
            self._about = self.names.get(self.asset_id)
        return self._about

    @property
    def standing(self) -> Standing:
        """What may be believed of it."""
        return Standing(self.state, self.since, self.reason)

    @property
    def wants_proof(self) -> bool:
        """Whether it is in doubt in a way that a fresh book ends, for good or ill."""
        return self.doubt is Doubt.SILENCE or self.doubt is Doubt.HASH

    @property
    def proven_until(self) -> float:
        """The last moment at which it was known to be the truth, in seconds since the epoch."""
        if self.doubt is Doubt.HASH or self.evidence.verified_at is None:
            return self.evidence.verified_at or self.since
        return max(self.received, self.evidence.verified_at)

    def enter(
        self, state: AssetState, reason: str, wall: float, doubt: Doubt | None = None
    ) -> StateChanged | None:
        """Change the state, at *wall* seconds since the epoch; what to tell of it, if it is news.

        The same state for another reason is no news, but the reason is kept.
        """
        before, self.reason = self.state, reason
        if doubt is not self.doubt:
            # A book is late as a whole, and nothing of it is missing.
            self.intact_until = None if doubt in _HARMLESS else self.proven_until
            self.doubt = doubt
        if state is before:
            self.since = self.since or wall
            return None
        self.state, self.since, self.in_sync = state, wall, state.in_sync
        return StateChanged(
            received=wall,
            asset_id=self.asset_id,
            about=self.about,
            state=state,
            before=before,
            reason=reason,
        )

    def lose(
        self, state: AssetState, reason: str, wall: float, intact_until: float
    ) -> StateChanged | None:
        """Its levels are not the truth from now on; what to tell of it, if it is news.

        Args:
            state: One that is not in sync.
            reason: Why, one sentence.
            wall: Now, in seconds since the epoch.
            intact_until: The last moment at which it was known that nothing was missing.
        """
        if self.in_sync or self.lost_since is None:
            self.lost_since = wall
        if self.in_sync:
            self.gap_since, self.gap_reason = min(intact_until, wall), reason
            self.backlog.clear()
        return self.enter(state, reason, wall)

    def begin(self, market: ConditionId, timestamp_ms: int, hash_: str | None) -> None:
        """Its levels are those of a snapshot of this time."""
        self.market, self.hash = market, hash_
        self.timestamp_ms = self.snapshot_ms = timestamp_ms
        self.off_tick = None
        self.recent.clear()
        self.burst = ()

    def snapshot(self, raw: bytes = b"") -> BookSnapshot:
        """The whole book as an event."""
        return _make_snapshot(
            self.received,
            self.about,
            self.asset_id,
            self.market,
            self.timestamp_ms,
            self.epoch,
            self.revision,
            self.state,
            raw,
            self.hash,
            self.wire_bids(),
            self.wire_asks(),
            self._tick_size,
        )

    def view(self, depth: int | None = None) -> OrderbookUpdate:
        """The `depth` best levels of each side, best first; all of them if None."""
        return OrderbookUpdate(
            received=self.received,
            asset_id=self.asset_id,
            market=self.market,
            timestamp_ms=self.timestamp_ms,
            epoch=self.epoch,
            revision=self.revision,
            about=self.about,
            bids=self.best_bids(depth),
            asks=self.best_asks(depth),
            tick_size=optional_decimal(self._tick_size),
            state=self.state,
            standing=self.standing,
        )
