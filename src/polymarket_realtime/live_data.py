"""From a live feed and a filter, as people and models write them, to what is subscribed to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import trio

from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._lookup.resolving import Found
from polymarket_realtime._model.catalog import EventRef, ResolvedAsset
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.feed import Interrupted, StreamGone
from polymarket_realtime._model.live import PriceKind
from polymarket_realtime._model.live_topics import (
    ActivityTopic,
    CommentTopic,
    ReferencePriceTopic,
    SportsTopic,
)
from polymarket_realtime._model.topics import NewMarketTopic, Topic
from polymarket_realtime._protocol.price_symbols import parse_symbol
from polymarket_realtime.errors import InvalidFilter
from polymarket_realtime.live_filters import LiveFeed, LiveFilter, read_filter
from polymarket_realtime.service import Service

__all__ = ["LiveFeed", "LivePlan", "find_refused", "plan_live_topics"]

_MOST_SYMBOLS: Final = 64
_WINDOWS: Final = ("30", "60")
_PARENTS: Final = ("Event", "Series", "Market")
_REFUSED_WITHIN: Final = 3.0


@attrs.frozen(kw_only=True)
class LivePlan:
    """What to subscribe to.

    Attributes:
        feed: What was asked for.
        type: The kind of event that comes.
        topics: At least one, all of one endpoint.
        description: What they are, in a few words.
        assets: The tokens of the market that the filter names, if it names one.
    """

    feed: LiveFeed
    type: EventType
    topics: tuple[Topic, ...]
    description: str
    assets: tuple[ResolvedAsset, ...] = ()

    @property
    def endpoint(self) -> str:
        """Whose connections carry it, as in `Status.connections`."""
        return self.topics[0].endpoint


async def plan_live_topics(
    service: Service,
    feed: LiveFeed,
    *,
    symbols: Sequence[str] = (),
    filters: Mapping[str, Any] | str | None = None,
) -> LivePlan:
    """Plan a subscription to a live feed; nothing is subscribed to yet.

    Args:
        service: Is asked about the events and markets that the filter names.
        feed: Which one.
        symbols: Of reference prices, 1 to 64, such as `btcusd` or `AAPL`; of no other feed.
        filters: An object, or the JSON of one. The keys are, each optional,

            - activity: event, market, wallet, min_size (shares), min_value (dollars);
            - comments: event, or parent_type and parent_id; wallet;
            - sports: league, team, game_id;
            - prices: window_seconds (30 or 60), kind (crypto or equity);
            - new_markets: tag, words, event.

    Raises:
        InvalidFilter: The filter, or whether there are symbols, does not fit the feed.
        UnknownSymbol: A symbol that cannot be one.
        InvalidIdentifier, MarketNotFound, LookupFailed: Of an event or a market, as `look_up`.
    """
    await trio.lowlevel.checkpoint()
    read = read_filter(feed, filters)
    if feed is LiveFeed.PRICES:
        return _plan_prices(read, symbols)
    if symbols:
        raise InvalidFilter(feed, f"cannot have symbols beside it: only {LiveFeed.PRICES} has them")
    return await _PLANNERS[feed](service, read)


async def find_refused(subscription: Subscription) -> tuple[StreamGone, ...]:
    """Wait until each stream of a new subscription has brought something, 3 seconds at most.

    A connection that waits for its next dial ends this wait: it says nothing about the streams.

    Args:
        subscription: Of a plan's topics, read by nobody else.

    Returns:
        Those that the venue does not serve, as far as it has said so.
    """
    undecided = {topic.route for topic in subscription.topics}
    gone: list[StreamGone] = []
    with trio.move_on_after(_REFUSED_WITHIN):
        while undecided:
            events = await subscription.receive_batch()
            gone += [event for event in events if isinstance(event, StreamGone)]
            if any(isinstance(event, Interrupted) and event.retry_in for event in events):
                break
            undecided.difference_update(*(event.routes for event in events))
    return tuple(gone)


def _plan_prices(read: LiveFilter, symbols: Sequence[str]) -> LivePlan:
    if not 1 <= len(symbols) <= _MOST_SYMBOLS:
        wanted = f"comes with 1 to {_MOST_SYMBOLS} symbols beside it, such as btcusd or AAPL"
        raise InvalidFilter(read.feed, f"{wanted}, and {len(symbols)} were passed")
    window = read.choice("window_seconds", _WINDOWS)
    kind = read.choice("kind", tuple(PriceKind))
    streams = dict.fromkeys(
        parse_symbol(
            symbol if kind is None or ":" in symbol else f"{kind}:{symbol.strip()}",
            window_seconds=None if window is None else int(window),
        )
        for symbol in symbols
    )
    averaged = "" if window is None else f", averaged over {window} s"
    return LivePlan(
        feed=read.feed,
        type=EventType.REFERENCE_PRICE,
        topics=tuple(map(ReferencePriceTopic, streams)),
        description=f"the prices of {', '.join(stream.symbol for stream in streams)}{averaged}",
    )


async def _plan_activity(service: Service, read: LiveFilter) -> LivePlan:
    event = await _event(service, read)
    text = read.text("market")
    found = Found() if text is None else await service.look_up_markets([text])
    if len(found.conditions) > 1:
        read.refuse("market", f"one market (for all {len(found.conditions)} pass it as event)")
    topic = ActivityTopic(
        event_slug=None if event is None else event.slug,
        market=next(iter(found.conditions), None),
        wallet=read.wallet("wallet"),
        minimum_size=read.number("min_size"),
        minimum_value=read.number("min_value"),
    )
    return LivePlan(
        feed=read.feed,
        type=EventType.ACTIVITY_TRADE,
        topics=(topic,),
        assets=found.assets,
        description="everybody's trades"
        + _part(" in the event {}", topic.event_slug)
        + _part(" in the market {}", text)
        + _part(" by {}", topic.wallet)
        + _part(" of at least {:f} shares", topic.minimum_size)
        + _part(" worth at least {:f} dollars", topic.minimum_value),
    )


async def _plan_comments(service: Service, read: LiveFilter) -> LivePlan:
    event = await _event(service, read)
    parent_type = read.choice("parent_type", _PARENTS)
    parent_id = read.digits("parent_id")
    if (parent_type is None) != (parent_id is None):
        raise InvalidFilter(read.feed, "takes parent_type and parent_id together, or neither")
    if event is not None:
        if parent_type is not None:
            raise InvalidFilter(read.feed, "takes event, or parent_type and parent_id, not both")
        parent_type, parent_id = "Event", event.id
    topic = CommentTopic(parent_type=parent_type, parent_id=parent_id, wallet=read.wallet("wallet"))
    about = f"{parent_type} {parent_id}" if event is None else f"the event {event.slug}"
    return LivePlan(
        feed=read.feed,
        type=EventType.COMMENT,
        topics=(topic,),
        description=("comments and reactions" if parent_id is None else f"comments on {about}")
        + _part(" by {}", topic.wallet),
    )


async def _plan_sports(_service: Service, read: LiveFilter) -> LivePlan:
    topic = SportsTopic(
        league=read.text("league"), team=read.text("team"), game_id=read.text("game_id")
    )
    return LivePlan(
        feed=read.feed,
        type=EventType.SPORT_RESULT,
        topics=(topic,),
        description="the scores of games"
        + _part(" of the league {!r}", topic.league)
        + _part(" with a team like {!r}", topic.team)
        + _part(" with the id {!r}", topic.game_id),
    )


async def _plan_new_markets(service: Service, read: LiveFilter) -> LivePlan:
    event = await _event(service, read)
    topic = NewMarketTopic(
        tag=read.text("tag"),
        words=read.text("words"),
        event_slug=None if event is None else event.slug,
    )
    return LivePlan(
        feed=read.feed,
        type=EventType.MARKET_CREATED,
        topics=(topic,),
        description="new markets"
        + _part(" tagged {!r}", topic.tag)
        + _part(" with the words {!r}", topic.words)
        + _part(" in the event {}", topic.event_slug),
    )


_PLANNERS: Final[Mapping[LiveFeed, Callable[[Service, LiveFilter], Awaitable[LivePlan]]]] = {
    LiveFeed.ACTIVITY: _plan_activity,
    LiveFeed.COMMENTS: _plan_comments,
    LiveFeed.SPORTS: _plan_sports,
    LiveFeed.NEW_MARKETS: _plan_new_markets,
}


async def _event(service: Service, read: LiveFilter) -> EventRef | None:
    """The event that a filter names; a market names the one that it belongs to."""
    text = read.text("event")
    if text is None:
        return None
    found = await service.look_up_markets([text])
    named = [group.ref for group in found.groups]
    event = next(iter([*named, *(market.event for market in found.markets)]), None)
    if event is None or not event.id:
        read.refuse("event", "an event, or a market of one that is known")
    return event


def _part(form: str, value: object) -> str:
    return "" if value is None else form.format(value)
