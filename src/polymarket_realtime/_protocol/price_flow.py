"""Telling prices: each once, what the venue keeps of the past before what is new.

The order is what a reader can act on. After an interruption come the prices that were missed,
oldest first, then the `Gap`, which says whether they are all of them, then the new ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.live import ReferencePrice
from polymarket_realtime._protocol.streams import Streams

__all__ = ["tell_history", "tell_price"]


def tell_price(streams: Streams, price: ReferencePrice) -> list[Event]:
    """A new price, as events: after the gap that it ends, if there is one."""
    gap = streams.flow(price.stream.key, price.received)
    events: list[Event] = [] if gap is None else [gap]
    if streams.is_news(_identity(price)):
        last = streams.latest(price.stream.key)
        if not isinstance(last, ReferencePrice) or price.timestamp_ms > last.timestamp_ms:
            streams.keep(price.stream.key, price)
        events.append(price)
    return events


def tell_history(streams: Streams, history: Sequence[ReferencePrice]) -> list[Event]:
    """What the venue keeps of one stream, as events: whatever of it is newer than the last told.

    Of a stream that was never heard only the latest price is told: who begins to listen asks for
    the present. If there is no history, the stream may or may not flow: nothing is said.

    Args:
        streams: Where the stream is known.
        history: Prices of one stream, in any order.
    """
    if not history:
        return []
    key = history[0].stream.key
    by_time = {price.timestamp_ms: price for price in history}
    ordered = [by_time[time] for time in sorted(by_time)]
    last = streams.latest(key)
    if isinstance(last, ReferencePrice):
        missed = [price for price in ordered if price.timestamp_ms > last.timestamp_ms]
        filled = ordered[0].timestamp_ms <= last.timestamp_ms
    else:
        missed, filled = ordered[-1:], False
    for price in missed:
        streams.is_news(_identity(price))  # so that it is none when it comes again
        streams.keep(key, price)
    gap = streams.flow(key, history[0].received, filled=filled)
    return [*missed] if gap is None else [*missed, gap]


def _identity(price: ReferencePrice) -> Hashable:
    return (price.stream.key, price.timestamp_ms)
