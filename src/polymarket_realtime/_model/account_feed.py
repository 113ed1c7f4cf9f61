"""Events about what is known of one's own account: complete, or not.

From `Interrupted` or `Incomplete` until `Reconciled` something may be missing of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from polymarket_realtime._model.events import USER_FEED, EventType
from polymarket_realtime._model.feed import FeedEvent
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.values import utc_from_seconds

__all__ = ["Incomplete", "Reconciled"]


@attrs.frozen(kw_only=True)
class Incomplete(FeedEvent):
    """Something of the account may be unknown until `Reconciled`, while its connection lives on.

    Attributes:
        reason: Why, one sentence.
    """

    type: ClassVar = EventType.INCOMPLETE
    shown: ClassVar = ("type", "reason", "received_at")

    reason: str = attrs.field(converter=plain_text)

    @property
    def routes(self) -> tuple[str, ...]:
        return (USER_FEED,)


@attrs.frozen(kw_only=True)
class Reconciled(FeedEvent):
    """What is known of the account's orders and trades is complete again, and stays it.

    Whatever the user channel did not say while it was down has been asked for by REST and came
    just before, as updates with `source` "reconciled".

    Attributes:
        connection: The connection that keeps it complete from now on.
        open_orders: How many orders are open.
        found_orders: Updates of orders that only REST told.
        found_trades: The same of trades.
        incomplete_since: When the account's state stopped being complete, in seconds since the
            epoch.
    """

    type: ClassVar = EventType.RECONCILED
    shown: ClassVar = (
        *("type", "connection", "open_orders", "found_orders", "found_trades"),
        *("incomplete_at", "gap_seconds", "received_at"),
    )

    connection: str
    open_orders: int
    found_orders: int
    found_trades: int
    incomplete_since: float

    @property
    def routes(self) -> tuple[str, ...]:
        return (USER_FEED,)

    @property
    def incomplete_at(self) -> datetime:
        """When the account's state stopped being complete, aware UTC."""
        return utc_from_seconds(self.incomplete_since)

    @property
    def gap_seconds(self) -> float:
        """How long it was not complete, in seconds."""
        return round(max(0.0, self.received - self.incomplete_since), 3)
