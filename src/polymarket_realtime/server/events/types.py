"""What MCP Events can be asked for: the types, what each takes, and what it is made of.

The classes of the arguments are the JSON Schemas that `events/list` shows. Whatever cannot be
passed to a type is refused here, before anything is looked up or subscribed to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import attrs

from polymarket_realtime._model import feed, lifecycle, market, user
from polymarket_realtime._model.condition import Condition, ConditionMet, When
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime.errors import InvalidCondition
from polymarket_realtime.server.arguments import ArgumentParser
from polymarket_realtime.server.conditions import read_condition
from polymarket_realtime.server.results import ConditionArgument
from polymarket_realtime.server.schema import arg, output_schema

from . import payloads

__all__ = [
    "EVENT_KINDS",
    "AccountArguments",
    "BookArguments",
    "CreatedArguments",
    "EventKind",
    "EventRequest",
    "ResolvedArguments",
]

_MARKETS: Final = (
    "Token ids (one outcome each), condition ids, slugs, Gamma ids or polymarket.com URLs of "
    "markets (all outcomes) and of events (all markets, those to come included)."
)


_CONDITION: Final = (
    "Tell only the moments that meet it: an object as the tools take it, such as "
    '{"when": "price_crosses", "threshold": "0.60"}. The description says which fit.'
)

_NAME: Final = {"minLength": 1}
_MOST_NAMES: Final = 200
_MOST_TEXT: Final = 300

_OF_PRICES: Final = (When.PRICE_CROSSES, When.PRICE_MOVES, When.SPREAD_ABOVE, When.SPREAD_BELOW)
_OF_BOOKS: Final = (When.SIZE_AT_LEAST, When.SPREAD_ABOVE, When.SPREAD_BELOW)


@attrs.frozen
class MarketArguments:
    """Of what is told of single tokens."""

    markets: list[str] = arg(_MARKETS, minItems=1, maxItems=_MOST_NAMES, items=_NAME)
    condition: ConditionArgument = arg(_CONDITION, None)


@attrs.frozen
class BookArguments:
    """Of `polymarket.order_book`."""

    markets: list[str] = arg(_MARKETS, minItems=1, maxItems=_MOST_NAMES, items=_NAME)
    depth: int = arg("Price levels a side, best first.", 5, minimum=1, maximum=20)
    condition: ConditionArgument = arg(_CONDITION, None)


@attrs.frozen
class AccountArguments:
    """Of what is told of one's own account."""

    markets: list[str] | None = arg(
        f"{_MARKETS} Leave it out for all.", None, maxItems=_MOST_NAMES, items=_NAME
    )
    condition: ConditionArgument = arg(_CONDITION, None)


@attrs.frozen
class ResolvedArguments:
    """Of `polymarket.market_resolved`."""

    markets: list[str] = arg(_MARKETS, minItems=1, maxItems=_MOST_NAMES, items=_NAME)


@attrs.frozen
class CreatedArguments:
    """Of `polymarket.market_created`."""

    tag: str | None = arg("Only with this tag, such as Crypto.", None, maxLength=_MOST_TEXT)
    words: str | None = arg(
        "Only if the question or the event's title has all of these.", None, maxLength=_MOST_TEXT
    )
    event: str | None = arg(
        "Only in this event: a slug, an id or a URL.", None, maxLength=_MOST_TEXT
    )


@attrs.frozen(kw_only=True)
class EventKind:
    """One type of events.

    Attributes:
        name: What clients ask for.
        description: What it is about, for whoever chooses.
        about: The kind of event that a status calls it by.
        arguments: The class of its arguments.
        payload: The class of its payload.
        tells: The events that it consists of.
        fitting: The conditions that it can have.
        broken_by: The events after which something may be missing, unless they say otherwise.
        poll_ms: How long to wait between two polls, in milliseconds.
    """

    name: str
    description: str
    about: EventType
    arguments: type[attrs.AttrsInstance]
    payload: type[attrs.AttrsInstance]
    tells: tuple[type[Event], ...]
    fitting: tuple[When, ...] = ()
    broken_by: tuple[type[Event], ...] = (feed.Gap,)
    poll_ms: int = 1000

    def is_told(self, event: Event) -> bool:
        """Whether an event of its subscription is one of this type."""
        return isinstance(event, (*self.tells, ConditionMet))

    def breaks(self, event: Event) -> bool:
        """Whether something of this type may be missing where this event stands."""
        return isinstance(event, self.broken_by) and not getattr(event, "filled", False)

    @property
    def listing(self) -> dict[str, Any]:
        """What `events/list` says of it."""
        fitting = f" Conditions: {', '.join(self.fitting)}." if self.fitting else ""
        return {
            "name": self.name,
            "description": self.description + fitting,
            "delivery": ["poll", "push"],
            "inputSchema": _parser_of(self.arguments).schema,
            "payloadSchema": output_schema(self.payload),
        }

    def read(self, arguments: Mapping[str, Any]) -> EventRequest:
        """Check what is asked for.

        Raises:
            ArgumentsError: The arguments break the schema.
            InvalidCondition: The condition is none, or none for this type.
        """
        parsed = _parser_of(self.arguments).parse(arguments)
        condition = read_condition(getattr(parsed, "condition", None))
        if condition is not None and condition.when not in self.fitting:
            fitting = ", ".join(self.fitting)
            problem = f"{self.name} is not told by it; fitting are {fitting}"
            raise InvalidCondition("when", condition.when, problem)
        return EventRequest(self, parsed, condition)


@cache
def _parser_of(arguments: type[attrs.AttrsInstance]) -> ArgumentParser[Any]:
    """Made when it is first needed: most hosts never ask for events."""
    return ArgumentParser(arguments)


@attrs.frozen
class EventRequest:
    """What somebody subscribes to: a type, and what was passed.

    Attributes:
        kind: The type.
        arguments: An instance of its class of arguments.
        condition: The condition in them.
    """

    kind: EventKind
    arguments: Any
    condition: Condition | None

    @property
    def markets(self) -> tuple[str, ...]:
        """The names that were passed, each once, sorted: their order means nothing."""
        return tuple(sorted(set(getattr(self.arguments, "markets", None) or ())))

    @property
    def key(self) -> str:
        """The same for all who ask for the same: the name, and canonical JSON of the rest."""
        passed = attrs.asdict(self.arguments) | {"markets": self.markets}
        passed["condition"] = None if self.condition is None else attrs.asdict(self.condition)
        return f"{self.kind.name} {json.dumps(passed, sort_keys=True, default=str)}"


EVENT_KINDS: Final[tuple[EventKind, ...]] = (
    EventKind(
        name="polymarket.price",
        description=(
            "The price of an outcome has moved: best bid, best ask or last trade. Whoever is "
            "first to ask hears the present price first. Of each token only the newest waits."
        ),
        about=EventType.PRICE_CHANGE,
        arguments=MarketArguments,
        payload=payloads.PriceData,
        tells=(market.PriceChangeEvent,),
        fitting=_OF_PRICES,
    ),
    EventKind(
        name="polymarket.order_book",
        description=(
            "The best levels of an order book have changed. Of each token only the newest "
            "waits; get_realtime_snapshot has more levels."
        ),
        about=EventType.AGG_ORDERBOOK,
        arguments=BookArguments,
        payload=payloads.BookData,
        tells=(market.OrderbookUpdate,),
        fitting=_OF_BOOKS,
    ),
    EventKind(
        name="polymarket.last_trade",
        description="Somebody has traded: each trade that the venue announces.",
        about=EventType.LAST_TRADE_PRICE,
        arguments=MarketArguments,
        payload=payloads.LastTradeData,
        tells=(market.LastTradePrice,),
        fitting=(When.TRADE_AT_LEAST,),
    ),
    EventKind(
        name="polymarket.order",
        description=(
            "One of the user's own orders was placed, filled or cancelled; the open ones come "
            "first. Needs API credentials in the server's environment."
        ),
        about=EventType.ORDER,
        arguments=AccountArguments,
        payload=payloads.OrderData,
        tells=(user.OrderUpdate,),
        fitting=(When.SIZE_AT_LEAST,),
    ),
    EventKind(
        name="polymarket.trade",
        description=(
            "One of the user's own orders has traded, or its trade has come a step closer to "
            "settlement. Needs API credentials in the server's environment."
        ),
        about=EventType.TRADE,
        arguments=AccountArguments,
        payload=payloads.TradeData,
        tells=(user.TradeUpdate,),
        fitting=(When.TRADE_AT_LEAST,),
    ),
    EventKind(
        name="polymarket.market_resolved",
        description=(
            "A market was settled: once for each, those that are settled already at once. "
            "The subscription ends with the last."
        ),
        about=EventType.MARKET_RESOLVED,
        arguments=ResolvedArguments,
        payload=payloads.ResolvedData,
        tells=(lifecycle.MarketResolved,),
        poll_ms=5000,
    ),
    EventKind(
        name="polymarket.market_created",
        description="A market was announced. Unfiltered they come in bursts of hundreds.",
        about=EventType.MARKET_CREATED,
        arguments=CreatedArguments,
        payload=payloads.CreatedData,
        tells=(lifecycle.MarketCreated,),
        # The venue repeats no announcement, and no gap is told of them.
        broken_by=(feed.Gap, feed.Interrupted),
        poll_ms=5000,
    ),
    EventKind(
        name="polymarket.feed_state",
        description=(
            "What may be believed of an outcome's prices and books has changed, or a "
            "connection to the venue was lost."
        ),
        about=EventType.STATE_CHANGED,
        arguments=MarketArguments,
        payload=payloads.StateData,
        tells=(feed.StateChanged, feed.Interrupted),
        fitting=(When.STALE_FOR,),
    ),
)
