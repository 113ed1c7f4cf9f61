"""What the streams of RTDS are called on its wire, in both directions.

Source: docs.polymarket.com, "Real-Time Data"; measured 2026-09-05.
"""

from __future__ import annotations

import re
from typing import Final

import attrs
import msgspec

from polymarket_realtime._model.live import ACTIVITY, COMMENTS, PriceKind, PriceStream

__all__ = [
    "ACTIVITY_TOPIC",
    "BINANCE_TOPIC",
    "CHAINLINK_TOPIC",
    "COMMENTS_TOPIC",
    "EQUITY_TOPIC",
    "PRICE_TOPICS",
    "SCALED_TOPICS",
    "Subscription",
    "encode_subscription",
    "plan_subscription",
    "price_stream",
]

ACTIVITY_TOPIC: Final = "activity"
COMMENTS_TOPIC: Final = "comments"
BINANCE_TOPIC: Final = "crypto_prices"
CHAINLINK_TOPIC: Final = "crypto_prices_chainlink"
EQUITY_TOPIC: Final = "equity_prices"

_TOPIC_OF_WINDOW: Final = {30: "crypto_prices_twap_thirty", 60: "crypto_prices_twap_sixty"}
_WINDOW_OF_TOPIC: Final = {topic: window for window, topic in _TOPIC_OF_WINDOW.items()}

SCALED_TOPICS: Final = frozenset({CHAINLINK_TOPIC, *_WINDOW_OF_TOPIC})
"""Their exact values are integers: the price times 10^18."""

PRICE_TOPICS: Final = SCALED_TOPICS | {BINANCE_TOPIC, EQUITY_TOPIC}

_AT_BINANCE: Final = re.compile(r"[a-z]{2,}usdt")
_PAIR: Final = re.compile(r"([a-z]{2,})([a-z]{3})")
_SYMBOL: Final = re.compile(r"[a-z0-9./-]{1,32}")

_encode_json: Final = msgspec.json.Encoder().encode


@attrs.frozen
class Subscription:
    """What the venue has to be asked for one stream; to leave it, the same has to be said.

    Attributes:
        filters: Of prices: exactly one symbol. Without, everything of the topic comes. A filter
            of `activity` has been seen to deliver nothing (real-time-data-client #34).
    """

    topic: str
    type: str
    filters: dict[str, str] | None = None


def plan_subscription(key: str) -> Subscription | None:
    """What to ask for a stream; None if RTDS has nothing like it.

    Args:
        key: `activity`, `comments`, or the key of a `PriceStream`.
    """
    if key == ACTIVITY:
        return Subscription(ACTIVITY_TOPIC, "trades")
    if key == COMMENTS:
        return Subscription(COMMENTS_TOPIC, "*")
    return _plan_price(PriceStream.from_key(key))


def _plan_price(stream: PriceStream) -> Subscription | None:
    window = stream.window_seconds
    if stream.kind is PriceKind.EQUITY:
        if window is not None:
            return None
        return Subscription(EQUITY_TOPIC, "update", {"symbol": stream.symbol.upper()})
    if _AT_BINANCE.fullmatch(stream.symbol):
        if window is not None:
            return None
        return Subscription(BINANCE_TOPIC, "update", {"symbol": stream.symbol})
    topic = CHAINLINK_TOPIC if window is None else _TOPIC_OF_WINDOW.get(window)
    pair = _PAIR.fullmatch(stream.symbol)
    if topic is None or pair is None:
        return None
    return Subscription(topic, "update", {"symbol": "/".join(pair.groups())})


def price_stream(topic: str, symbol: str) -> PriceStream | None:
    """The stream of a price topic and a symbol in any spelling; None if that is no symbol."""
    plain = symbol.lower()
    if not _SYMBOL.fullmatch(plain):
        return None
    if topic == EQUITY_TOPIC:
        return PriceStream(PriceKind.EQUITY, plain)
    joined = plain.replace("/", "").replace("-", "")
    return PriceStream(PriceKind.CRYPTO, joined, _WINDOW_OF_TOPIC.get(topic))


def encode_subscription(action: str, subscription: Subscription) -> str:
    """A frame that begins or ends one subscription.

    One a frame, because one topic that the venue does not know costs the whole frame. `filters`
    is JSON within a string, without spaces: with one, the venue sends history and then nothing.

    Args:
        action: `subscribe` or `unsubscribe`.
        subscription: What it is about.
    """
    item = {"topic": subscription.topic, "type": subscription.type}
    if subscription.filters is not None:
        item["filters"] = _encode_json(subscription.filters).decode()
    return _encode_json({"action": action, "subscriptions": [item]}).decode()
