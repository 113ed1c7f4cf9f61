"""Puts together the status from what each floor counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import trio

from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._hub.subscription import Subscription
from polymarket_realtime._model.events import USER_FEED
from polymarket_realtime._model.values import utc_from_ms, utc_from_seconds
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.latency import Histogram
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._venue.pool import Pool
from polymarket_realtime._venue.shard import (
    ConnectionState,
    ConnectionStatistics,
    ConnectionTotals,
)
from polymarket_realtime.account import Account
from polymarket_realtime.diagnosis import Finding, diagnose
from polymarket_realtime.status import (
    AssetStatus,
    AuthenticationStatus,
    BackgroundTask,
    ConnectionStatus,
    EndpointStatus,
    LatencyStatus,
    Statistics,
    Status,
    StreamStatus,
    Subscriptions,
    SubscriptionStatus,
    TrustStatus,
)

__all__ = ["report_findings", "report_status"]

_WORST_FIRST = (
    ConnectionState.WAITING,
    ConnectionState.CONNECTING,
    ConnectionState.CONNECTED,
    ConnectionState.PARKED,
)


def report_status(
    pools: Mapping[str, Pool], account: Account, hub: Hub, known: Known, *, started: float
) -> Status:
    """Everything at this moment."""
    connections = _connections(pools, account)
    subscriptions = [_subscription(each, known, connections) for each in hub.subscriptions]
    return Status(
        connections=connections,
        subscriptions=Subscriptions(
            total=len(subscriptions),
            by_type=dict(Counter(each.type for each in subscriptions)),
            active=subscriptions,
        ),
        statistics=_statistics(list(pools.values()), hub, known),
        background_task=BackgroundTask(
            running=not any(pool.interest.suspended for pool in pools.values()),
            started_at=utc_from_seconds(started),
        ),
    )


def report_findings(
    pools: Mapping[str, Pool],
    account: Account,
    known: Known,
    subscriptions: Sequence[Subscription],
) -> list[Finding]:
    """How these subscriptions are doing."""
    connections = _connections(pools, account)
    return [_find(each, known, connections)[0] for each in subscriptions]


def _connections(pools: Mapping[str, Pool], account: Account) -> dict[str, EndpointStatus]:
    authentications = {USER_FEED: account.status()}
    return {name: _endpoint(pool, authentications.get(name)) for name, pool in pools.items()}


def _find(
    subscription: Subscription, known: Known, endpoints: Mapping[str, EndpointStatus]
) -> tuple[Finding, list[Book]]:
    held = [known.books.get(asset_id) for asset_id in subscription.asset_ids]
    books = [book for book in held if book is not None]
    return diagnose(subscription.topics, books, endpoints), books


def _endpoint(pool: Pool, authentication: AuthenticationStatus | None) -> EndpointStatus:
    connections = pool.statistics()
    states = {connection.state for connection in connections}
    worst = next((state for state in _WORST_FIRST if state in states), None)
    idle = "suspended" if pool.interest.suspended else "idle"
    return EndpointStatus(
        connected=worst is ConnectionState.CONNECTED,
        state=idle if worst is None else worst,
        url=pool.endpoint.url,
        connections=[_connection(each) for each in connections],
        authentication=authentication,
        streams=[] if pool.endpoint.streams is None else _streams(pool.endpoint.streams),
    )


def _streams(streams: Streams) -> list[StreamStatus]:
    return [
        StreamStatus(
            name=name,
            state=state,
            last_event_at=None if heard is None else utc_from_seconds(heard),
            problem=problem,
        )
        for name, (state, heard, problem) in streams.states().items()
    ]


def _connection(connection: ConnectionStatistics) -> ConnectionStatus:
    redial_at = connection.redial_at
    since = _wall(connection.state_since)
    assert since is not None
    return ConnectionStatus(
        name=connection.name,
        state=connection.state,
        since=since,
        assets=connection.keys,
        dials=connection.dials,
        reconnects=max(connection.connects - 1, 0),
        failures=connection.failures,
        last_error=connection.last_error,
        last_message_at=_wall(connection.last_heard),
        retry_in=None if redial_at is None else round(max(redial_at - trio.current_time(), 0.0), 3),
    )


def _wall(moment: float | None) -> datetime | None:
    """A moment of Trio's clock as a time of day."""
    if moment is None:
        return None
    return utc_from_seconds(time.time() - trio.current_time() + moment)


def _subscription(
    subscription: Subscription, known: Known, endpoints: Mapping[str, EndpointStatus]
) -> SubscriptionStatus:
    counts, note = subscription.statistics(), subscription.note
    finding, books = _find(subscription, known, endpoints)
    return SubscriptionStatus(
        id=subscription.id,
        type=note.type,
        channel=note.channel,
        state=finding.state,
        since=_moment(finding.since),
        diagnosis=finding.words,
        market_ids=list(note.market_ids),
        tokens=len(subscription.asset_ids),
        token_ids=list(subscription.asset_ids),
        callback_type=note.callback_type,
        created_at=utc_from_seconds(subscription.created),
        events_received=counts.received,
        events_delivered=counts.delivered,
        events_conflated=counts.conflated,
        events_dropped=counts.dropped,
        last_event_at=_moment(counts.last_event),
        assets=[_asset(book, known) for book in books],
    )


def _moment(seconds: float | None) -> datetime | None:
    """A time since the epoch; 0 stands for one that is not known."""
    return utc_from_seconds(seconds) if seconds else None


def _asset(book: Book, known: Known) -> AssetStatus:
    name, evidence = known.names.get(book.asset_id), book.evidence
    return AssetStatus(
        asset_id=book.asset_id,
        question=None if name is None else name.question,
        outcome=None if name is None else name.outcome,
        resolution=known.resolutions.stage_of(book.market),
        state=book.state,
        since=_moment(book.since),
        reason=book.standing.reason or None,
        verified_at=_moment(evidence.verified_at),
        verified_by=evidence.verified_by,
        epoch=book.epoch,
        revision=book.revision,
        best_bid=None if book.best_bid is None else book.best_bid.price,
        best_ask=None if book.best_ask is None else book.best_ask.price,
        last_change_at=utc_from_ms(book.timestamp_ms) if book.epoch else None,
    )


def _trust(known: Known) -> TrustStatus:
    counters, timing, freshness = known.counters, known.timing, known.freshness
    offset = timing.skew.offset
    return TrustStatus(
        gaps=counters.gaps,
        out_of_sync_seconds=round(counters.out_of_sync_seconds, 3),
        hashes={
            "equal": counters.hashes_equal,
            "unequal": counters.hashes_unequal,
            "unknown": counters.hashes_unknown,
        },
        witness=dict(freshness.verdicts),
        remedies=dict(freshness.remedies),
        clock_offset=None if offset is None else round(offset, 3),
        arrival=_latency(timing.arrival),
        delivery=_latency(timing.delivery),
    )


def _latency(histogram: Histogram) -> LatencyStatus:
    summary = histogram.summary()
    return LatencyStatus(
        count=summary.count,
        p50_ms=_milliseconds(summary.p50),
        p99_ms=_milliseconds(summary.p99),
        max_ms=_milliseconds(summary.maximum),
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _statistics(pools: Sequence[Pool], hub: Hub, known: Known) -> Statistics:
    heard, dialled, told = FeedCounters(), ConnectionTotals(), hub.statistics()
    for pool in pools:
        heard, dialled = heard.plus(pool.endpoint.counters), dialled.plus(pool.totals)
    return Statistics(
        total_messages=heard.messages,
        total_events=heard.events.total(),
        events_by_type={str(name): count for name, count in heard.events.items()},
        malformed_frames=heard.malformed,
        unwanted_changes=heard.unwanted_changes,
        late_changes=heard.late_changes,
        duplicate_changes=heard.duplicates,
        duplicate_updates=heard.duplicate_updates,
        late_updates=heard.late_updates,
        resyncs=heard.resyncs,
        connection_errors=dialled.failures,
        reconnect_count=dialled.reconnects,
        events_delivered=told.delivered,
        events_conflated=told.conflated,
        events_dropped=told.dropped,
        last_event_at=_moment(heard.last_event),
        trust=_trust(known),
    )
