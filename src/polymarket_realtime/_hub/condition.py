"""When a condition is met: a pure state machine, fed with events and with the time.

What stands of each subject is kept by its gauge, and is told once it may be: while what is known
of the subject is to be trusted, and when its cooldown is over. So nothing that still stands is
lost by waiting, and nothing is told that stands no more.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection
from decimal import Decimal
from typing import Final, TypeVar

import attrs

from polymarket_realtime._hub.gauges import Gauge, Hit, Staleness, gauge_for
from polymarket_realtime._hub.readings import (
    READ_BY,
    Trade,
    make_met,
    subject_of,
    trade_size,
    value_of,
)
from polymarket_realtime._model.condition import Condition, ConditionMet, When
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import Gap, Interrupted, StateChanged, StreamGone
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.market import MarketEvent
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._model.user import TradeUpdate

__all__ = ["ConditionWatch"]

T = TypeVar("T")

_TRUSTED: Final = (AssetState.LIVE, AssetState.QUIET)
_HEALTHY: Final = (*_TRUSTED, AssetState.RESOLVED)

_MOST_REMEMBERED: Final = 20_000
"""Subjects of each sort. There are fewer tokens and streams, but orders and trades go on coming."""


def _remember(memory: OrderedDict[str, T], subject: str, value: T) -> str | None:
    """Note something of a subject; the one that is forgotten for it, if any."""
    memory[subject] = value
    memory.move_to_end(subject)
    return memory.popitem(last=False)[0] if len(memory) > _MOST_REMEMBERED else None


@attrs.define
class _Subject:
    """What is known of one subject.

    Attributes:
        gauge: What stands.
        event: The latest that brought a value.
    """

    gauge: Gauge
    event: Event


@attrs.define(eq=False)
class ConditionWatch:
    """Watches for one condition on all the subjects of one subscription.

    The times that it is told must not go back. It reads no clock: whoever drives it calls
    `advance` when `next_deadline` has come.
    """

    condition: Condition
    _subjects: OrderedDict[str, _Subject] = attrs.field(factory=OrderedDict, init=False)
    _standing: dict[str, _Subject] = attrs.field(factory=dict, init=False)
    _rests_until: OrderedDict[str, float] = attrs.field(factory=OrderedDict, init=False)
    _fired: OrderedDict[str, None] = attrs.field(factory=OrderedDict, init=False)
    _trades: OrderedDict[str, None] = attrs.field(factory=OrderedDict, init=False)
    _doubted: set[str] = attrs.field(factory=set, init=False)
    _held: dict[str, MarketEvent] = attrs.field(factory=dict, init=False)

    def take(self, event: Event, now: float) -> list[ConditionMet]:
        """Note an event; gives what is met by it, or has become due meanwhile."""
        when = self.condition.when
        if isinstance(event, MarketResolved):
            return self._settle(event, now)
        if when is When.TRADE_AT_LEAST:
            return self._take_trade(event, now) if isinstance(event, Trade) else []
        if when is When.STALE_FOR:
            self._take_trust(event, now)
        elif isinstance(event, READ_BY.get(when, ())):
            self._take_value(event, now)
        else:
            self._follow_trust(event, now)
        return self.advance(now)

    def advance(self, now: float) -> list[ConditionMet]:
        """Let time pass; gives what has become due by it."""
        due = [subject for subject in self._standing if self._due(subject) <= now]
        return [met for subject in due if (met := self._tell(subject, now))]

    def next_deadline(self) -> float:
        """When to call `advance`, on the caller's clock; `inf` if there is nothing to wait for."""
        return min(map(self._due, self._standing), default=math.inf)

    def is_over(self, subjects: Collection[str]) -> bool:
        """Whether none of these tokens or streams can meet it any more."""
        fired = bool(subjects) and all(subject in self._fired for subject in subjects)
        return fired and self.condition.once

    # Values that stand until the next

    def _take_value(self, event: Event, now: float) -> None:
        subject = subject_of(event)
        if isinstance(event, MarketEvent) and event.state not in _TRUSTED:
            # It may turn out to be true, and would not be told again then.
            self._held[subject] = event
            return
        self._held.pop(subject, None)
        self._doubted.discard(subject)
        self._note(subject, value_of(self.condition, event), event, now)

    def _note(self, subject: str, value: Decimal | None, event: Event, now: float) -> None:
        if self.condition.once and subject in self._fired:
            return
        known = self._subjects.get(subject)
        gauge = gauge_for(self.condition) if known is None else known.gauge
        known = _Subject(gauge, event)
        if (forgotten := _remember(self._subjects, subject, known)) is not None:
            self._standing.pop(forgotten, None)
        gauge.take(value, now)
        if now < gauge.due < math.inf or gauge.check(now) is not None:
            self._standing[subject] = known
        else:
            self._standing.pop(subject, None)

    def _due(self, subject: str) -> float:
        if subject in self._doubted:
            return math.inf
        rests_until = self._rests_until.get(subject, -math.inf)
        return max(self._standing[subject].gauge.due, rests_until)

    def _tell(self, subject: str, now: float) -> ConditionMet | None:
        known = self._standing.pop(subject)
        hit = known.gauge.check(now)
        if hit is None:  # a move that has become old
            return None
        known.gauge.told(now)
        self._fire(subject, now)
        met = make_met(self.condition, subject, hit, known.event)
        if self.condition.once:
            self._subjects.pop(subject, None)
        if self.condition.when is When.STALE_FOR:
            # What began then has lasted until now.
            return attrs.evolve(met, received=met.received + float(hit.value or 0))
        return met

    def _fire(self, subject: str, now: float) -> None:
        _remember(self._fired, subject, None)
        self._rest(subject, now)

    def _rest(self, subject: str, now: float) -> None:
        if self.condition.cooldown_seconds:
            _remember(self._rests_until, subject, now + self.condition.cooldown_seconds)

    # What to trust

    def _follow_trust(self, event: Event, now: float) -> None:
        match event:
            case StateChanged(asset_id=subject, state=state):
                if state not in _TRUSTED:
                    self._doubted.add(subject)
                    return
                self._doubted.discard(subject)
                if (held := self._held.pop(subject, None)) is not None:
                    self._take_value(attrs.evolve(held, state=state), now)
            case Interrupted(asset_ids=subjects):
                self._doubted.update(subjects)
            case Gap(stream=str(subject)):
                self._doubted.discard(subject)
            case StreamGone(stream=subject):
                self._forget(subject)

    def _take_trust(self, event: Event, now: float) -> None:
        match event:
            case StateChanged(asset_id=subject, state=state, before=before):
                stale = self._stale(subject)
                if state in _HEALTHY:
                    self._note(subject, None, event, now)
                elif stale is None or before in _HEALTHY:
                    age = max(0.0, event.received - event.since)
                    begun = attrs.evolve(event, received=event.received - age)
                    self._note(subject, Decimal(str(age)), begun, now)
                else:
                    stale.event = attrs.evolve(event, received=stale.event.received)
            case Interrupted(asset_ids=subjects):
                for subject in subjects:
                    if self._stale(subject) is None:
                        self._note(subject, Decimal(0), event, now)
            case Gap(stream=str(subject)):
                self._note(subject, None, event, now)
            case StreamGone(stream=subject):
                self._forget(subject)

    def _stale(self, subject: str) -> _Subject | None:
        """What is known of a subject that is stale now, for however long."""
        known = self._subjects.get(subject)
        if known is None or not isinstance(known.gauge, Staleness):
            return None
        return known if known.gauge.is_stale else None

    # Trades and settlements, which do not last

    def _take_trade(self, trade: Trade, now: float) -> list[ConditionMet]:
        if isinstance(trade, TradeUpdate):
            # Each step of its settlement tells it again.
            key = f"{trade.trade_id} {trade.order_id} {trade.bucket_index}"
            if key in self._trades:
                return []
            _remember(self._trades, key, None)
        size = trade_size(self.condition, trade)
        threshold = self.condition.threshold
        if size is None or threshold is None or size < threshold:
            return []
        if now < self._rests_until.get(trade.asset_id, -math.inf):
            return []
        self._rest(trade.asset_id, now)
        return [make_met(self.condition, subject_of(trade), Hit(value=size), trade)]

    def _settle(self, event: MarketResolved, now: float) -> list[ConditionMet]:
        for asset_id in event.asset_ids:
            self._forget(asset_id)
        if self.condition.when is not When.RESOLVED:
            return self.advance(now)
        subject = subject_of(event)
        if subject in self._fired:
            return []
        for each in (subject, *event.asset_ids):
            self._fire(each, now)
        return [make_met(self.condition, subject, Hit(), event)]

    def _forget(self, subject: str) -> None:
        """Nothing of this can be met any more."""
        self._subjects.pop(subject, None)
        self._standing.pop(subject, None)
        self._held.pop(subject, None)
        self._doubted.discard(subject)
