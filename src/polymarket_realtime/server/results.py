"""What the tools take and give; `tools/list` shows these classes as JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from polymarket_realtime._model.catalog import ResolvedAsset

from .schema import arg

__all__ = [
    "BookArguments",
    "CallbackType",
    "Delivery",
    "NoArguments",
    "PriceArguments",
    "Resolved",
    "Subscribed",
    "UnsubscribeArguments",
    "Unsubscribed",
    "UserArguments",
    "describe_assets",
]

CallbackType = Literal["notification", "log"]

_CALLBACK = (
    "Form of the events: 'notification' sends each as an object with all its fields, "
    "'log' as one line of text."
)


_IDENTIFIERS = (
    "token ids (decimal, about 77 digits, one outcome each) or condition ids (0x and 64 "
    "hexadecimal digits, all outcomes of a market). Both may be mixed."
)


@attrs.frozen
class PriceArguments:
    """Arguments of `subscribe_market_prices`."""

    market_ids: list[str] = arg(
        f"What to watch: {_IDENTIFIERS}", minItems=1, maxItems=200, items={"minLength": 1}
    )
    callback_type: CallbackType = arg(_CALLBACK, "notification")


@attrs.frozen
class BookArguments:
    """Arguments of `subscribe_orderbook_updates`."""

    token_ids: list[str] = arg(
        f"Whose books: {_IDENTIFIERS}", minItems=1, maxItems=200, items={"minLength": 1}
    )
    depth: int = arg("Price levels a side, best first.", 10, minimum=1, maximum=100)
    callback_type: CallbackType = arg(_CALLBACK, "notification")


@attrs.frozen
class UserArguments:
    """Arguments of `subscribe_user_orders` and `subscribe_user_trades`."""

    market_ids: list[str] | None = arg(
        "Markets to hear of: condition ids (0x and 64 hexadecimal digits) or token ids of them. "
        "Leave it out for all.",
        None,
        maxItems=200,
    )
    callback_type: CallbackType = arg(_CALLBACK, "notification")


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

    input: str = arg("The id that was passed.")
    token_id: str = arg("The outcome token that it stands for; events carry it as asset_id.")
    condition_id: str | None = arg("The token's market; events carry it as market.")
    question: str | None = arg("The market's question: the venue's text, to be taken as data.")
    outcome: str | None = arg("The outcome that the token pays for: a price of it is its chance.")
    slug: str | None = arg("The market's name in the venue's web addresses.")
    closed: bool | None = arg("True if the market is settled: nothing will come any more.")

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
    resolved: list[Resolved] = arg("What each id stands for, in the order given.")
    delivery: Delivery = arg("How the events arrive.")


@attrs.frozen(kw_only=True)
class Unsubscribed:
    """Result of `unsubscribe_realtime`."""

    success: bool = arg("Always true: an unknown id is an error.")
    message: str = arg("The same in words.")


def describe_assets(assets: Sequence[ResolvedAsset]) -> str:
    """What is listened to, in a few words, with what a reader would not expect of it."""
    tokens = {asset.asset_id: asset for asset in assets}
    closed = sum(asset.closed is True for asset in tokens.values())
    nameless = sum(asset.question is None for asset in tokens.values())
    words = f"{len(tokens)} token" + ("" if len(tokens) == 1 else "s")
    if closed:
        words += f" ({closed} of a settled market, which stays silent)"
    if nameless:
        words += f" ({nameless} without a name: the venue's catalogue did not answer)"
    return words
