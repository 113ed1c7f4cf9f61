"""Who is told of an event."""

from __future__ import annotations

from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.market import MarketEvent

__all__ = ["Index"]


class Index:
    """Subscriptions by the class of an event and by its route: asset id, condition id, endpoint.

    Finding the readers of an event costs the same however many others are subscribed.
    """

    __slots__ = ("_readers",)

    def __init__(self) -> None:
        self._readers: dict[type[Event], dict[str, tuple[Subscription, ...]]] = {}

    def add(self, subscription: Subscription, cls: type[Event], route: str) -> None:
        """Tell it of these from now on."""
        by_route = self._readers.setdefault(cls, {})
        by_route[route] = (*by_route.get(route, ()), subscription)

    def remove(self, subscription: Subscription, cls: type[Event], route: str) -> None:
        """Tell it of these no longer."""
        by_route = self._readers[cls]
        rest = tuple(s for s in by_route[route] if s is not subscription)
        if rest:
            by_route[route] = rest
        else:
            del by_route[route]

    def has(self, cls: type[Event], route: str) -> bool:
        """Whether anybody is told of these."""
        return route in self._readers.get(cls, ())

    def readers_of(self, event: Event) -> tuple[Subscription, ...]:
        """Those to be told of an event, each once."""
        by_route = self._readers.get(event.__class__)
        if by_route is None:
            return ()
        # Nearly all events are about one asset, and need not say in a tuple which that is.
        if isinstance(event, MarketEvent):
            return by_route.get(event.asset_id, ())
        routes = event.routes
        if len(routes) == 1:
            return by_route.get(routes[0], ())
        return tuple(dict.fromkeys(s for route in routes for s in by_route.get(route, ())))
