"""The words of RTDS as events, and what each event is known by if it comes twice.

Names, titles and comments are written by strangers: they become short, plain, single lines.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Final

from polymarket_realtime._codec.rtds_frames import (
    ActivityFrame,
    CommentFrame,
    PriceFrame,
    ReactionFrame,
)
from polymarket_realtime._codec.rtds_topics import BINANCE_TOPIC, CHAINLINK_TOPIC
from polymarket_realtime._model.live import (
    ActivityTrade,
    ChangeAction,
    Comment,
    Reaction,
    ReferencePrice,
)
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._protocol.translate import Receipt

__all__ = [
    "activity_trade",
    "comment",
    "identity_of",
    "reaction",
    "reference_prices",
]

_LONGEST_NAME: Final = 100
_LONGEST_BODY: Final = 2_000

_PROVIDERS: Final = {BINANCE_TOPIC: "binance", CHAINLINK_TOPIC: "chainlink"}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def activity_trade(frame: ActivityFrame, receipt: Receipt) -> ActivityTrade:
    """Somebody has traded."""
    return ActivityTrade(
        received=receipt.received,
        raw=receipt.raw,
        timestamp_ms=frame.timestamp_ms,
        asset_id=frame.asset_id,
        market=frame.market,
        question=plain_text(frame.title),
        outcome=_name(frame.outcome),
        slug=plain_text(frame.slug),
        event_slug=plain_text(frame.event_slug),
        side=frame.side,
        price=frame.price,
        size=frame.size,
        wallet=_name(frame.wallet),
        trader=_name(frame.name) or _name(frame.pseudonym) or None,
        transaction_hash=_name(frame.transaction_hash),
    )


def comment(frame: CommentFrame, receipt: Receipt) -> Comment:
    """Somebody has written, or removed, a comment."""
    return Comment(
        received=receipt.received,
        raw=receipt.raw,
        timestamp_ms=_time_of(frame),
        action=frame.action,
        comment_id=_name(frame.id),
        body=plain_text(frame.body, _LONGEST_BODY),
        parent_type=_name(frame.parent_type),
        parent_id=_name(frame.parent_id),
        reply_to=_name(frame.reply_to) or None,
        wallet=_name(frame.wallet),
        author=_name(frame.name) or _name(frame.pseudonym) or None,
    )


def reaction(frame: ReactionFrame, receipt: Receipt) -> Reaction:
    """Somebody has reacted to a comment, or taken it back."""
    return Reaction(
        received=receipt.received,
        raw=receipt.raw,
        timestamp_ms=_time_of(frame),
        action=frame.action,
        reaction_id=_name(frame.id),
        comment_id=_name(frame.comment_id),
        kind=_name(frame.kind),
        wallet=_name(frame.wallet),
    )


def reference_prices(frame: PriceFrame, receipt: Receipt) -> list[ReferencePrice]:
    """Each of the prices, in the wire's order."""
    return [
        ReferencePrice(
            received=receipt.received,
            raw=receipt.raw,
            timestamp_ms=point.timestamp_ms,
            stream=frame.stream,
            price=point.price,
            provider=_PROVIDERS.get(frame.topic),
            backfilled=frame.backfill,
            carried_forward=point.carried_forward,
        )
        for point in frame.points
    ]


def identity_of(event: ActivityTrade | Comment | Reaction) -> Hashable:
    """What an event is known by if it comes twice, over two connections for example."""
    match event:
        case ActivityTrade():
            # The hash alone is shared by all rows of one settlement.
            row = (event.asset_id, event.wallet, event.side, event.price, event.size)
            return (event.transaction_hash, *row)
        case Comment():
            return (event.type, event.action, event.comment_id)
        case Reaction():
            return (event.type, event.action, event.reaction_id)


def _name(text: str) -> str:
    return plain_text(text, _LONGEST_NAME)


def _time_of(frame: CommentFrame | ReactionFrame) -> int:
    """When it was created; a removal has no time of its own but that of being told."""
    if frame.action is ChangeAction.REMOVED:
        return frame.sent_ms
    try:
        created = datetime.fromisoformat(frame.created_at)
    except ValueError:
        return frame.sent_ms
    aware = created if created.tzinfo is not None else created.replace(tzinfo=UTC)
    return max(0, (aware - _EPOCH) // _MILLISECOND)
