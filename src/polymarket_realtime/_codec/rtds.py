"""RTDS, the venue's real-time data service: text to frames.

Each message is one object with `topic`, `type` and `payload`; without `topic` it is an error.
Numbers are bare JSON numbers and are read exactly. At most some hundred messages a second come
here, so plain Python reads them. Source: docs.polymarket.com, "Real-Time Data"; measured
2026-08-19 to 2026-09-05.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from polymarket_realtime._codec.exact import (
    decode_exactly,
    exact_price,
    identifier,
    milliseconds,
    optional_text,
    positive_number,
    text,
)
from polymarket_realtime._codec.frames import MalformedFrame, UnknownFrame
from polymarket_realtime._codec.rtds_frames import (
    ActivityFrame,
    CommentFrame,
    ErrorFrame,
    PriceFrame,
    PricePoint,
    ReactionFrame,
    RtdsFrame,
    UntoldFrame,
)
from polymarket_realtime._codec.rtds_topics import (
    ACTIVITY_TOPIC,
    BINANCE_TOPIC,
    CHAINLINK_TOPIC,
    COMMENTS_TOPIC,
    PRICE_TOPICS,
    SCALED_TOPICS,
    price_stream,
)
from polymarket_realtime._codec.tolerant import UNREADABLE, decode_shapes
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._model.live import ChangeAction
from polymarket_realtime._model.values import Side
from polymarket_realtime.errors import CodecError

__all__ = ["decode_rtds_frames"]

Fields = Mapping[str, Any]

_NOT_FOUND: Final = re.compile(r"topic: (\S{1,60}) and type: \S{1,60} not found")
_LONGEST_PROBLEM: Final = 200


def decode_rtds_frames(payload: bytes) -> list[tuple[RtdsFrame, bytes]]:
    """Read one message of RTDS. Never raises.

    Args:
        payload: One whole message, text or binary.

    Returns:
        Its frames in order, each with its own text. Text that is not JSON, the empty greeting
        among it, gives a `TextFrame`.
    """
    return decode_shapes(payload, _decode_object, lambda raw: [(_decode_object(raw), raw)])


def _decode_object(body: bytes) -> RtdsFrame:
    try:
        fields = decode_exactly(body)
    except UNREADABLE as error:
        return MalformedFrame("object", str(error))
    topic, kind = fields.get("topic"), fields.get("type")
    if topic is None:
        return _read_error(fields)
    if not isinstance(topic, str) or not isinstance(kind, str):
        return MalformedFrame("object", "topic and type are not both texts")
    read = _READERS.get((topic, kind))
    if read is None:
        return UnknownFrame(f"{topic[:40]}/{kind[:40]}", fields)
    try:
        return read(fields, _payload(fields))
    except CodecError as error:
        return MalformedFrame(topic, error.problem[:_LONGEST_PROBLEM])


def _payload(fields: Fields) -> Fields:
    payload = fields.get("payload")
    if not isinstance(payload, dict):
        raise CodecError("known", "its payload is not an object")
    return payload


def _read_error(fields: Fields) -> ErrorFrame | UnknownFrame:
    """Measured are `{"body": {"message"}, "statusCode"}` and `{"message", "requestId", ...}`."""
    body = fields.get("body")
    message = (body if isinstance(body, dict) else fields).get("message")
    if not isinstance(message, str):
        return UnknownFrame("", dict(fields))
    status = fields.get("statusCode")
    missing = _NOT_FOUND.search(message)
    return ErrorFrame(
        message=message,
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        missing_topic=None if missing is None else missing[1],
    )


def _read_trade(_: Fields, payload: Fields) -> ActivityFrame:
    return ActivityFrame(
        asset_id=AssetId(identifier(payload, "asset")),
        market=ConditionId(identifier(payload, "conditionId")),
        side=_side(text(payload, "side")),
        price=positive_number(payload, "price"),
        size=positive_number(payload, "size"),
        timestamp_ms=milliseconds(payload, "timestamp"),
        transaction_hash=identifier(payload, "transactionHash"),
        wallet=identifier(payload, "proxyWallet"),
        title=optional_text(payload, "title"),
        outcome=optional_text(payload, "outcome"),
        slug=optional_text(payload, "slug"),
        event_slug=optional_text(payload, "eventSlug"),
        name=optional_text(payload, "name"),
        pseudonym=optional_text(payload, "pseudonym"),
    )


def _side(spelled: str) -> Side:
    try:
        return Side(spelled.upper())
    except ValueError:
        raise CodecError("known", f"{spelled[:40]!r} is no side") from None


def _comment_reader(action: ChangeAction) -> Callable[[Fields, Fields], CommentFrame]:
    def read(envelope: Fields, payload: Fields) -> CommentFrame:
        profile = _profile(payload)
        shown = profile.get("displayUsernamePublic") is not False
        return CommentFrame(
            action=action,
            id=identifier(payload, "id"),
            sent_ms=milliseconds(envelope, "timestamp"),
            body=optional_text(payload, "body"),
            parent_type=optional_text(payload, "parentEntityType"),
            parent_id=optional_text(payload, "parentEntityID"),
            reply_to=optional_text(payload, "parentCommentID"),
            wallet=_wallet(payload, profile),
            name=optional_text(profile, "name") if shown else "",
            pseudonym=optional_text(profile, "pseudonym"),
            created_at=optional_text(payload, "createdAt"),
        )

    return read


def _reaction_reader(action: ChangeAction) -> Callable[[Fields, Fields], ReactionFrame]:
    def read(envelope: Fields, payload: Fields) -> ReactionFrame:
        return ReactionFrame(
            action=action,
            id=identifier(payload, "id"),
            sent_ms=milliseconds(envelope, "timestamp"),
            comment_id=optional_text(payload, "commentID"),
            kind=optional_text(payload, "reactionType"),
            wallet=_wallet(payload, _profile(payload)),
            created_at=optional_text(payload, "createdAt"),
        )

    return read


def _profile(payload: Fields) -> Fields:
    profile = payload.get("profile")
    return profile if isinstance(profile, dict) else {}


def _wallet(payload: Fields, profile: Fields) -> str:
    """The wallet that trades, if it is said; it is what `activity` calls the trader."""
    return (
        optional_text(profile, "proxyWallet")
        or optional_text(profile, "wallet")
        or optional_text(payload, "userAddress")
        or optional_text(profile, "baseAddress")
    )


def _price_reader(topic: str, *, backfill: bool) -> Callable[[Fields, Fields], PriceFrame]:
    def read(_: Fields, payload: Fields) -> PriceFrame:
        symbol = text(payload, "symbol")
        # The backfill of Chainlink's prices comes under the name of Binance's.
        mislabelled = topic == BINANCE_TOPIC and "/" in symbol
        true_topic = CHAINLINK_TOPIC if mislabelled else topic
        stream = price_stream(true_topic, symbol)
        if stream is None:
            raise CodecError("known", f"{symbol[:40]!r} is no symbol")
        rows = payload.get("data") if backfill else [payload]
        if not isinstance(rows, list):
            raise CodecError("known", "its data is not a list")
        points = tuple(_point(row, scaled=true_topic in SCALED_TOPICS) for row in rows)
        return PriceFrame(topic=true_topic, stream=stream, points=points, backfill=backfill)

    return read


def _point(row: object, *, scaled: bool) -> PricePoint:
    if not isinstance(row, dict):
        raise CodecError("known", "a price is not an object")
    carried = row.get("is_carried_forward")
    return PricePoint(
        timestamp_ms=milliseconds(row, "timestamp"),
        price=exact_price(row, scaled=scaled),
        carried_forward=carried if isinstance(carried, bool) else None,
    )


_READERS: Final[Mapping[tuple[str, str], Callable[[Fields, Fields], RtdsFrame]]] = {
    (ACTIVITY_TOPIC, "trades"): _read_trade,
    # The taker's row of each trade once more, without the makers'.
    (ACTIVITY_TOPIC, "orders_matched"): lambda _envelope, _payload: UntoldFrame("orders_matched"),
    **{
        (COMMENTS_TOPIC, f"{what}_{action}"): make(action)
        for what, make in (("comment", _comment_reader), ("reaction", _reaction_reader))
        for action in ChangeAction
    },
    **{
        (topic, kind): _price_reader(topic, backfill=kind == "subscribe")
        for topic in sorted(PRICE_TOPICS)
        for kind in ("update", "subscribe")
    },
}
"""Who reads the payload, by topic and type."""
