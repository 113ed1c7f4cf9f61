"""How the demo shows what it received: plain lines of at most 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["event_line", "status_lines"]

Json = Mapping[str, Any]

_WIDTH: Final = 77
"""Columns of a line, without its indentation."""


def event_line(event: Json, letters: str) -> str:
    """One event: when it was received, its type, the letters of its tokens, what it says."""
    time = event["received_at"][11:23]
    line = f"{time}  {event['type']:<14} {letters:<4} {_gist(event)}".rstrip()
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _gist(event: Json) -> str:
    match event["type"]:
        case "price_change":
            return f"{_top(event)} price {_price(event['price'])} {event['price_source']}"
        case "agg_orderbook":
            sizes = [f"{float(side[0][1]):.0f}" for side in (event["bids"], event["asks"]) if side]
            return f"{_top(event)} {' and '.join(sizes)} shares"
        case "connected":
            return f"{event['connection']}, dial number {event['attempt']}"
        case "interrupted":
            return str(event["reason"])
        case "state_changed":
            return f"{event['state']}: {event['reason']}".removesuffix(": ")
        case "gap":
            return f"{event['gap_seconds']:.2f} s: {event['reason']}"
        case "resynced":
            return f"epoch {event['epoch']}, by {event['verified_by']}"
        case _:
            return ""


def _top(event: Json) -> str:
    return f"bid {_price(event['best_bid'])} ask {_price(event['best_ask'])}"


def _price(text: str | None) -> str:
    """Two decimals at least, so that prices stand in columns."""
    if text is None:
        return f"{'-':<6}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}".ljust(6)


def status_lines(status: Json) -> Iterator[tuple[str, str]]:
    """What `get_realtime_status` said, as pairs of a name and a text."""
    for name, endpoint in status["connections"].items():
        yield name, f"{endpoint['state']}, {endpoint['url']}"
        for each in endpoint["connections"]:
            yield each["name"], _connection(each)
    counts = status["statistics"]
    yield "messages", f"{counts['total_messages']}, with {counts['total_events']} events"
    for name, count in sorted(counts["events_by_type"].items(), key=lambda item: -item[1]):
        yield "", f"{count:>5}  {name}"
    yield "reconnects", f"{counts['reconnect_count']}"
    for each in status["subscriptions"]["active"]:
        yield each["type"], _subscription(each)


def _connection(connection: Json) -> str:
    return (
        f"{connection['state']}, assets {connection['assets']}, dials {connection['dials']}, "
        f"reconnects {connection['reconnects']}"
    )


def _subscription(subscription: Json) -> str:
    live = sum(asset["state"] == "live" for asset in subscription["assets"])
    return (
        f"live {live} of {len(subscription['assets'])}, "
        f"delivered {subscription['events_delivered']}, "
        f"conflated {subscription['events_conflated']}, dropped {subscription['events_dropped']}"
    )
