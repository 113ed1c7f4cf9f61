"""Whether a measurement of the cost curves is one: everything arrived, and nothing was doubted."""

from __future__ import annotations

from typing import Any

__all__ = ["what_is_wrong"]


def what_is_wrong(result: dict[str, Any], sent: dict[str, Any]) -> str:
    """What the service did not receive, or doubted; empty if all is well.

    Args:
        result: What the service counted.
        sent: What the venue counted, a `Sent`.
    """
    if result["frames"] != sent["frames"]:
        return f"{sent['frames']:,} messages were sent, {result['frames']:,} received"
    if result["delivered"] != (events := sum(sent["events"].values())):
        return f"{events:,} events were to be told, {result['delivered']:,} were"
    doubts = ("reconnects", "dropped", "late", "hashes_unequal")
    told = [f"{name} {result[name]}" for name in doubts if result[name]]
    return f"not a clean run: {', '.join(told)}" if told else ""
