"""The streams that one RTDS connection carries: which of them flow, and which should."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs

from polymarket_realtime._codec.rtds_topics import Subscription
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.live import ACTIVITY, COMMENTS, PriceStream, ReferencePrice
from polymarket_realtime._protocol.price_flow import tell_price
from polymarket_realtime._protocol.price_symbols import never_closes
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime.errors import StreamStalled

__all__ = ["CarriedStream", "CarriedStreams"]


@attrs.define(eq=False, kw_only=True)
class CarriedStream:
    """A stream that a connection has asked for. Times are on the protocol's clock.

    Attributes:
        never_quiet: Whether silence means that something is wrong. Everybody's trades and
            crypto never pause; exchanges close, and nobody has to comment.
        asked: When it was asked for.
        data_at: When its latest data came, readable or not; `asked` before.
        settle_at: When it counts as served if it may be quiet and was not refused, and when the
            wait for its history ends. Infinite afterwards.
        history_due: Whether its history may still come.
        held: New prices that wait for the history, so that all are told in order.
        given_up: Whether the venue seems not to serve it, though it did not say so.
    """

    key: str
    subscription: Subscription
    never_quiet: bool
    asked: float
    data_at: float
    settle_at: float
    history_due: bool
    held: list[ReferencePrice] = attrs.field(factory=list)
    given_up: bool = False

    @property
    def watched(self) -> bool:
        """Whether its data must not cease."""
        return self.never_quiet and not self.given_up


class CarriedStreams:
    """All of them, by key.

    Args:
        streams: Where what happens to them is noted; it outlives the connection.
        now: When the connection was opened.
        wall_offset: Add it to `now` for seconds since the epoch.
        settle_within: Seconds after its subscription in which a stream is refused, and its
            history comes, if at all.
        data_timeout: Seconds without data after which a stream that is never quiet has stalled.

    Attributes:
        data_at: When the latest data of any of them came.
    """

    def __init__(
        self,
        streams: Streams,
        now: float,
        *,
        wall_offset: float,
        settle_within: float,
        data_timeout: float,
    ) -> None:
        self.data_at = now
        self._streams, self._wall_offset = streams, wall_offset
        self._settle_within, self._data_timeout = settle_within, data_timeout
        self._by_key: dict[str, CarriedStream] = {}

    def keys(self) -> frozenset[str]:
        """What is carried."""
        return frozenset(self._by_key)

    def get(self, key: str) -> CarriedStream | None:
        """A stream, if it is carried."""
        return self._by_key.get(key)

    def of_topic(self, topic: str) -> list[CarriedStream]:
        """Those that were asked for by this topic of the wire."""
        return [each for each in self._by_key.values() if each.subscription.topic == topic]

    def any_watched(self) -> bool:
        """Whether data must come by itself."""
        return any(each.watched for each in self._by_key.values())

    def add(self, key: str, subscription: Subscription, now: float) -> None:
        """Carry a stream that is asked for now."""
        is_price = key not in (ACTIVITY, COMMENTS)
        self._by_key[key] = CarriedStream(
            key=key,
            subscription=subscription,
            never_quiet=never_closes(PriceStream.from_key(key)) if is_price else key == ACTIVITY,
            asked=now,
            data_at=now,
            settle_at=now + self._settle_within,
            history_due=is_price,
        )
        self._streams.carry(key)

    def remove(self, key: str) -> CarriedStream | None:
        """Carry it no more; it is no gap."""
        carried = self._by_key.pop(key, None)
        if carried is not None:
            self._streams.leave(key)
        return carried

    def brought(self, streams: Iterable[CarriedStream], now: float) -> None:
        """Data of these has come."""
        for each in streams:
            each.data_at = self.data_at = now
            each.given_up = False

    def next_deadline(self) -> float:
        """When `check` or `advance` has something to do."""
        return min(
            (min(each.settle_at, self._overdue_at(each)) for each in self._by_key.values()),
            default=math.inf,
        )

    def check(self, now: float) -> None:
        """Look for what has ceased.

        Raises:
            StreamStalled: A stream that is never quiet has brought nothing for `data_timeout`.
        """
        for each in self._by_key.values():
            if now >= self._overdue_at(each) and not self._seems_unknown(each):
                raise StreamStalled(each.key, now - each.data_at)

    def advance(self, now: float) -> list[Event]:
        """Give what only time tells: who is quiet but served, and who seems not to be served."""
        events: list[Event] = []
        for each in self._by_key.values():
            if now >= each.settle_at:
                events += self._settle(each, now)
            if now >= self._overdue_at(each):
                events += self._give_up(each, now)
        return events

    def lose(self, heard_at: float, stalled: StreamStalled | None) -> None:
        """Note that the connection has ended, and since when something may be missing.

        Of streams that are never quiet that is their latest data; of the others, when the
        connection was heard last. If it had stalled, what was heard after the data was no sign
        of them.

        Args:
            heard_at: When anything at all was heard last.
            stalled: Which stream ended it, if one did.
        """
        alive_at = heard_at if stalled is None else self.data_at
        for key, each in self._by_key.items():
            since = each.data_at if each.watched else max(each.asked, alive_at)
            if stalled is not None and stalled.stream == key:
                self._streams.lose(key, since + self._wall_offset, str(stalled))
            else:
                self._streams.lose(key, since + self._wall_offset)
        self._by_key.clear()

    def _overdue_at(self, carried: CarriedStream) -> float:
        return carried.data_at + self._data_timeout if carried.watched else math.inf

    def _settle(self, carried: CarriedStream, now: float) -> list[Event]:
        carried.settle_at, carried.history_due = math.inf, False
        held, carried.held = carried.held, []
        events = [event for price in held for event in tell_price(self._streams, price)]
        if not carried.never_quiet:
            gap = self._streams.flow(carried.key, now + self._wall_offset, brought=False)
            events += [] if gap is None else [gap]
        return events

    def _seems_unknown(self, carried: CarriedStream) -> bool:
        """Whether nothing was ever heard of this price, while others on this connection flow.

        A new connection would not help: the venue has no such symbol, and does not say so.
        """
        return (
            carried.key != ACTIVITY
            and carried.data_at == carried.asked
            and self._streams.latest(carried.key) is None
            and self.data_at > carried.asked
        )

    def _give_up(self, carried: CarriedStream, now: float) -> list[Event]:
        carried.given_up = True
        reason = f"nothing came of it for {now - carried.asked:.0f} s, while other prices did"
        gone = self._streams.end(carried.key, reason, None, now + self._wall_offset)
        return [] if gone is None else [gone]
