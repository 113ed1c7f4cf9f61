"""The frames of RTDS: everybody's trades, comments, reference prices, and errors.

What the venue leaves out, or writes as null, is `""` here. Numbers are exact, as the wire wrote
them. Times are milliseconds since the epoch. Texts are strangers': they come as they are.
Source: docs.polymarket.com, "Real-Time Data"; measured 2026-08-19 to 2026-09-05.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from polymarket_realtime._codec.frames import MalformedFrame, TextFrame, UnknownFrame
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.live import ChangeAction, PriceStream
from polymarket_realtime._model.values import Side

__all__ = [
    "ActivityFrame",
    "CommentFrame",
    "ErrorFrame",
    "PriceFrame",
    "PricePoint",
    "ReactionFrame",
    "RtdsFrame",
    "UntoldFrame",
]


@attrs.frozen(kw_only=True)
class ActivityFrame:
    """`activity` / `trades`: one row for the taker, and one for each maker.

    Attributes:
        timestamp_ms: Of the trade; the wire's is in whole seconds.
        name: What the trader is called; `pseudonym` is made up by the venue.
    """

    asset_id: AssetId
    market: ConditionId
    side: Side
    price: Decimal
    size: Decimal
    timestamp_ms: int
    transaction_hash: str
    wallet: str
    title: str = ""
    outcome: str = ""
    slug: str = ""
    event_slug: str = ""
    name: str = ""
    pseudonym: str = ""


@attrs.frozen(kw_only=True)
class CommentFrame:
    """`comments` / `comment_created` or `comment_removed`.

    Attributes:
        name: What the author is called; `""` if that is not to be shown.
        created_at: ISO 8601.
        sent_ms: When the venue sent it.
    """

    action: ChangeAction
    id: str
    sent_ms: int
    body: str = ""
    parent_type: str = ""
    parent_id: str = ""
    reply_to: str = ""
    wallet: str = ""
    name: str = ""
    pseudonym: str = ""
    created_at: str = ""


@attrs.frozen(kw_only=True)
class ReactionFrame:
    """`comments` / `reaction_created` or `reaction_removed`. `kind` is for example `HEART`."""

    action: ChangeAction
    id: str
    sent_ms: int
    comment_id: str = ""
    kind: str = ""
    wallet: str = ""
    created_at: str = ""


@attrs.frozen
class PricePoint:
    """A price and its time."""

    timestamp_ms: int
    price: Decimal
    carried_forward: bool | None = None


@attrs.frozen(kw_only=True)
class PriceFrame:
    """A new price of one stream, or what the venue keeps of it.

    Attributes:
        points: One; of a backfill any number, in the wire's order.
        backfill: Whether they answer a subscription: the last one or two minutes.
    """

    topic: str
    stream: PriceStream
    points: tuple[PricePoint, ...]
    backfill: bool = False


@attrs.frozen
class UntoldFrame:
    """A frame of a known kind that tells nothing which another one does not tell better."""

    name: str


@attrs.frozen
class ErrorFrame:
    """The venue does not do what it was asked to. The connection stays open.

    Attributes:
        status: As in HTTP, but 401 is said of a topic that does not exist; None if not said.
        missing_topic: The topic that does not exist, or does so no more; None if it is not that.
    """

    message: str
    status: int | None = None
    missing_topic: str | None = None


RtdsFrame = (
    ActivityFrame
    | CommentFrame
    | ReactionFrame
    | PriceFrame
    | UntoldFrame
    | ErrorFrame
    | TextFrame
    | UnknownFrame
    | MalformedFrame
)
