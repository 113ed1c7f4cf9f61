"""What clients of RTDS ask for, and how they are refused.

A frame is taken whole or not at all. Source: refusals recorded in 2026-09; filters of prices as
measured then: a text of JSON, with one symbol.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Literal

import attrs

__all__ = ["TYPES", "Request", "Wish", "decode_request", "refusal"]

_COMMENTS = ("comment_created", "comment_removed", "reaction_created", "reaction_removed")
_PRICES = frozenset({"update", "*"})

TYPES: Mapping[str, frozenset[str]] = {
    "activity": frozenset({"trades", "orders_matched", "*"}),
    "comments": frozenset({*_COMMENTS, "*"}),
    "crypto_prices": _PRICES,
    "crypto_prices_chainlink": _PRICES,
    "crypto_prices_twap_thirty": _PRICES,
    "crypto_prices_twap_sixty": _PRICES,
    "equity_prices": _PRICES,
}
"""The topics that are left, with their types."""


@attrs.frozen
class Wish:
    """One subscription; a client names the same three to end it."""

    topic: str
    type: str
    filters: str = ""

    def filter(self) -> Any:
        """The filter as JSON; None without one."""
        return json.loads(self.filters) if self.filters else None


@attrs.frozen
class Request:
    """A frame of a client. A wish is None where it was none."""

    action: Literal["subscribe", "unsubscribe"]
    wishes: tuple[Wish | None, ...]


def decode_request(text: str) -> Request | None:
    """What a client asks for, or None if the gateway does not even pass it on."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict) or body.get("action") not in ("subscribe", "unsubscribe"):
        return None
    wishes = body.get("subscriptions")
    if not isinstance(wishes, list) or not wishes:
        return None
    return Request(body["action"], tuple(_decode_wish(wish) for wish in wishes))


def refusal(request: Request, retired: Collection[str]) -> dict[str, Any] | None:
    """What the venue says instead of taking a request; None if it takes it."""
    for number, wish in enumerate(request.wishes):
        if wish is None:
            return _refused(
                400,
                f"invalid Subscriptions.Subscriptions[{number}]: embedded message failed "
                "validation | caused by: invalid Subscription.Filters: value does not match regex "
                "pattern",
            )
    for wish in request.wishes:
        assert wish is not None
        if wish.topic in retired or wish.type not in TYPES.get(wish.topic, ()):
            missing = f"topic: {wish.topic} and type: {wish.type} not found"
            status = f"rpc error: code = NotFound desc = {missing}"
            return _refused(
                401, f"leger GetTopics error: {status}, status: {status}, message: {missing}"
            )
    return None


def _refused(status: int, message: str) -> dict[str, Any]:
    return {"body": {"message": message}, "statusCode": status}


def _decode_wish(body: Any) -> Wish | None:
    if not isinstance(body, dict):
        return None
    values = [body.get("topic"), body.get("type"), body.get("filters", "")]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values) or not all(texts[:2]):
        return None
    wish = Wish(*texts)
    try:
        wanted = wish.filter()
    except ValueError:
        return None
    if wish.topic.endswith("_prices") or wish.topic.startswith("crypto_prices"):
        symbol = wanted.get("symbol", "") if isinstance(wanted, dict) else ""
        if not isinstance(symbol, str) or "," in symbol:
            return None
    return wish
