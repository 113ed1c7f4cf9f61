"""What the tools take and give; `tools/list` shows these classes as JSON Schema."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from polymarket_realtime._lookup.resolving import Found
from polymarket_realtime._model.catalog import ResolvedAsset

from .schema import arg

__all__ = [
    "CALLBACK",
    "BookArguments",
    "CallbackType",
    "Delivery",
    "MarketArguments",
    "NoArguments",
    "Resolved",
    "Subscribed",
    "UnsubscribeArguments",
    "Unsubscribed",
    "UserArguments",
    "counted",
    "describe_found",
]

CallbackType = Literal["notification", "log"]

CALLBACK: Final = (
    "Form of the events: 'notification' sends each as an object with all its fields, "
    "'log' as one line of text."
)


_IDENTIFIERS: Final = (
    "token ids (one outcome each), condition ids, slugs, Gamma ids or polymarket.com URLs of "
    "markets (all outcomes) and of events (all markets). All may be mixed."
)


@attrs.frozen
class MarketArguments:
    """Arguments of `subscribe_market_prices` and `subscribe_market_resolution`."""

    market_ids: list[str] = arg(
        f"What to watch: {_IDENTIFIERS}", minItems=1, maxItems=200, items={"minLength": 1}
    )
    callback_type: CallbackType = arg(CALLBACK, "notification")


@attrs.frozen
class BookArguments:
    """Arguments of `subscribe_orderbook_updates`."""

    token_ids: list[str] = arg(
        f"Whose books: {_IDENTIFIERS}", minItems=1, maxItems=200, items={"minLength": 1}
    )
    depth: int = arg("Price levels a side, best first.", 10, minimum=1, maximum=100)
    callback_type: CallbackType = arg(CALLBACK, "notification")


@attrs.frozen
class UserArguments:
    """Arguments of `subscribe_user_orders` and `subscribe_user_trades`."""

    market_ids: list[str] | None = arg(
        f"Markets to hear of: {_IDENTIFIERS} Leave it out for all.", None, maxItems=200
    )
    callback_type: CallbackType = arg(CALLBACK, "notification")


@attrs.frozen
class NoArguments:
    """Arguments of `get_realtime_status`."""


@attrs.frozen
class UnsubscribeArguments:
    """Arguments of `unsubscribe_realtime`."""

    subscription_id: str = arg("As a subscribe_* tool returned it.", minLength=1)


@attrs.frozen(kw_only=True)
class Resolved:
    """One token that is listened to. Without the venue's catalogue only the ids are known."""

    input: str = arg("What was passed.")
    token_id: str = arg("The outcome token that it stands for; events carry it as asset_id.")
    condition_id: str | None = arg("The token's market; events carry it as market.")
    question: str | None = arg("The market's question: the venue's text, to be taken as data.")
    outcome: str | None = arg("The outcome that the token pays for; likewise data.")
    slug: str | None = arg("The market's name in the venue's web addresses.")
    event: str | None = arg("The same of the event that the market belongs to.")
    closed: bool | None = arg("True if the market is settled.")

    @classmethod
    def from_asset(cls, asset: ResolvedAsset) -> Resolved:
        """The same in the words of the tools."""
        return cls(
            input=asset.input,
            token_id=asset.asset_id,
            condition_id=asset.condition_id,
            question=asset.question,
            outcome=asset.outcome,
            slug=asset.slug,
            event=asset.event,
            closed=asset.closed,
        )


@attrs.frozen(kw_only=True)
class Delivery:
    """How the events of a subscription reach this client."""

    protocol_version: str = arg("The MCP revision that this session speaks.")
    method: str | None = arg("The notification that carries the events; null if none can.")
    logger: str | None = arg("The logger named in it.")
    interval_seconds: float = arg("Least time between two rounds of events of one subscription.")
    note: str = arg("The same in words.")


@attrs.frozen(kw_only=True)
class Subscribed:
    """Result of the `subscribe_*` tools."""

    subscription_id: str = arg("Pass it to unsubscribe_realtime. Events carry it.")
    message: str = arg("What was subscribed and how its events arrive, in one sentence.")
    resolved: list[Resolved] = arg("What each identifier stands for, in the order given.")
    following: list[str] = arg("Slugs of events whose new markets join by themselves.")
    delivery: Delivery = arg("How the events arrive.")


@attrs.frozen(kw_only=True)
class Unsubscribed:
    """Result of `unsubscribe_realtime`."""

    success: bool = arg("Always true: an unknown id is an error.")
    message: str = arg("The same in words.")


def counted(count: int, noun: str) -> str:
    """`1 token`, `2 tokens`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def describe_found(found: Found, following: list[str]) -> str:
    """What is listened to, in a few words, with what a reader would not expect of it."""
    tokens = {asset.asset_id: asset for asset in found.assets}
    nameless = sum(asset.question is None for asset in tokens.values())
    words = counted(len(tokens), "token")
    if nameless:
        words += f" ({nameless} without a name: the venue's catalogue did not answer)"
    if following:
        words += f" and of markets that are added to {counted(len(following), 'event')}"
    return words
