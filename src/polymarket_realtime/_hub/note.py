"""What is said of subscriptions: their counts, and what they were made for."""

from __future__ import annotations

import attrs

__all__ = ["HubStatistics", "SubscriptionNote", "SubscriptionStatistics"]


@attrs.frozen(kw_only=True)
class SubscriptionStatistics:
    """Counts of one subscription.

    Attributes:
        received: Events that the feed had for it.
        delivered: Events that its reader got.
        conflated: Events replaced by newer ones before they were read.
        dropped: Events thrown away because the reader was too slow.
        pending: Events waiting now.
        last_event: When the latest came, in seconds since the epoch; None before the first.
    """

    received: int
    delivered: int
    conflated: int
    dropped: int
    pending: int
    last_event: float | None


@attrs.frozen(kw_only=True)
class SubscriptionNote:
    """What a status says of a subscription beside its counts.

    Attributes:
        type: Public name of the events that it is about.
        channel: The venue's channel.
        market_ids: As somebody passed them.
        callback_type: How its events are delivered.
    """

    type: str = ""
    channel: str = "market"
    market_ids: tuple[str, ...] = ()
    callback_type: str = "iterator"


@attrs.frozen(kw_only=True)
class HubStatistics:
    """Counts over all subscriptions, those that have ended included.

    Attributes:
        published: Events that came from the feed.
        unmatched: Events that nobody had asked for.
        repeated: Announcements that had come before, on another connection.
        subscriptions: Open subscriptions.
    """

    published: int
    unmatched: int
    repeated: int
    subscriptions: int
    delivered: int
    conflated: int
    dropped: int
