"""What one upstream address is to the connections that are kept to it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Iterable

import attrs

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.backoff import Backoff
from polymarket_realtime._protocol.base import FeedProtocol
from polymarket_realtime._protocol.closes import Redial, plan_redial
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._venue.publish import Companion
from polymarket_realtime._venue.stream import OpenStream
from polymarket_realtime.errors import TransportError

__all__ = ["Endpoint"]

MakeProtocol = Callable[[frozenset[str], float, float], FeedProtocol]
"""From the interest, the time on Trio's clock and the offset to wall time."""


async def _nothing_to_prepare() -> None:
    """What a public endpoint does before it dials."""


def _unguarded(open_stream: OpenStream) -> OpenStream:
    """Nothing secret is sent to a public endpoint."""
    return open_stream


@attrs.frozen(kw_only=True)
class Endpoint:
    """One upstream address.

    Attributes:
        capacity: Most keys (assets, streams) of one connection.
        counters: Where all its connections count.
        interrupt: Note that a connection with these keys was lost or could not be had, why, and
            at which wall time; gives those that no other connection carries.
        untold: Gives what has to be told besides.
        retain: Forget what is known of all but these keys; and of what needs no key, unless
            somebody still wants it.
        prepare: What has to be done before each dial. May raise `TransportError`.
        companion: What runs beside a connection whose protocol finds itself incomplete, until it
            returns. May raise `TransportError`, which ends the connection.
        guard: What its dialler has to be wrapped in.
        plan_redial: How to go on after the end of a connection, or of an attempt at one.
        lifetime: Seconds after which a connection is replaced, without a gap; None for never.
        churn_limit: How often keys may have been added to a connection, or taken from it, before
            it is replaced in the same way.
        copies: How many connections carry each key.
        private: Whether the account's credentials are sent on it.
        of_assets: Whether its keys are asset ids.
        streams: What is known of its streams; None for a channel of assets or of the account.
    """

    name: str
    url: str
    capacity: int
    backoff: Backoff
    counters: FeedCounters
    make_protocol: MakeProtocol
    interrupt: Callable[[Iterable[str], str, float], Collection[str]]
    retain: Callable[[frozenset[str], bool], None]
    prepare: Callable[[], Awaitable[None]] = _nothing_to_prepare
    companion: Companion | None = None
    guard: Callable[[OpenStream], OpenStream] = _unguarded
    plan_redial: Callable[[TransportError], Redial] = plan_redial
    untold: Callable[[], list[Event]] = list
    lifetime: float | None = None
    churn_limit: float = math.inf
    copies: int = 1
    private: bool = False
    of_assets: bool = False
    streams: Streams | None = None

    def assets_among(self, keys: Iterable[str]) -> tuple[AssetId, ...]:
        """What of these keys is told as asset ids, in order."""
        return tuple(map(AssetId, sorted(keys))) if self.of_assets else ()
