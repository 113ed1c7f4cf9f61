"""What clients said, without what might be secret."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["MASK", "masked"]

MASK = "<masked>"

SHOWN = frozenset(
    {
        *("type", "operation", "markets", "assets_ids"),
        *("action", "subscriptions", "topic", "filters"),
        *("op", "rid", "channel", "filter", "symbol", "provider", "window_seconds"),
    }
)
"""Fields of clients' frames that hold no secret, on any channel."""

PLAIN = frozenset({"PING", "pong"})
"""Texts that are no JSON and no secret."""


def masked(text: str) -> str:
    """A client's frame without anything that might be secret."""
    if text in PLAIN:
        return text
    try:
        body = json.loads(text)
    except ValueError:
        return MASK
    return json.dumps(_show(body)) if isinstance(body, dict) and body else MASK


def _show(value: Any) -> Any:
    """A field's value, once the field is known to be harmless."""
    if isinstance(value, dict):
        return {k: _show(v) if k in SHOWN else _hide(v) for k, v in value.items()}
    return [_show(item) for item in value] if isinstance(value, list) else value


def _hide(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK
