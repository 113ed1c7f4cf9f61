"""How a subscription is doing and why, in one sentence for a person or a model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from polymarket_realtime._codec.describe import short_id
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.topics import AssetTopicBase, Topic, UserTopicBase
from polymarket_realtime._model.trust import NOT_YET, AssetState, worst
from polymarket_realtime._model.values import utc_from_ms
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.silence import in_words
from polymarket_realtime.status import ConnectionStatus, EndpointStatus, StreamStatus

__all__ = ["Finding", "diagnose"]


@attrs.frozen
class Finding:
    """What there is to say.

    Attributes:
        state: One of `AssetState`, whatever is subscribed to.
        since: When it began, in seconds since the epoch; None if that is not known.
        words: One sentence.
        tokens: The tokens that are in this state, where it is one of tokens.
        why: The sentence without the state and without how many tokens it is about.
    """

    state: AssetState
    since: float | None
    words: str
    tokens: tuple[AssetId, ...] = ()
    why: str = attrs.field()

    @why.default
    def _same(self) -> str:
        return self.words


_STREAM_STATES: Final = {
    "flowing": AssetState.LIVE,
    "waiting": AssetState.CONNECTING,
    "interrupted": AssetState.OUT_OF_SYNC,
    "gone": AssetState.UNKNOWN_ASSET,
}
_WORST_STREAM: Final = ("gone", "interrupted", "waiting", "flowing")


def diagnose(
    topics: Sequence[Topic], books: Sequence[Book], endpoints: Mapping[str, EndpointStatus]
) -> Finding:
    """Judge what is listened to by its worst part.

    Args:
        topics: What is listened to.
        books: Those of its tokens, as far as there are any.
        endpoints: Where it comes from.
    """
    tokens = {topic.asset_id for topic in topics if isinstance(topic, AssetTopicBase)}
    if tokens:
        return _of_books(len(tokens), books, endpoints["market"])
    if any(isinstance(topic, UserTopicBase) for topic in topics):
        return _of_account(endpoints["user"])
    live = [topic for topic in topics if isinstance(topic, LiveTopic)]
    if live:
        endpoint = endpoints[live[0].endpoint]
        wanted = {topic.route for topic in live}
        return _of_streams([each for each in endpoint.streams if each.name in wanted], endpoint)
    return _of_connection(endpoints["market"])


def _of_books(count: int, books: Sequence[Book], endpoint: EndpointStatus) -> Finding:
    missing = count - len(books)
    standings = [*(book.standing for book in books), *[NOT_YET] * missing]
    standing = worst(standings)
    if standing is None or not books:
        return _of_connection(endpoint)
    state = standing.state
    concerned = [book for book in books if book.state is state]
    same = sum(each.state is state for each in standings)
    whose = "" if count == 1 else f"{same} of {count} tokens: "
    age = in_words(max(0.0, time.time() - standing.since)) if standing.since else "some time"
    why = standing.reason
    match state:
        case AssetState.LIVE:
            newest = max(concerned, key=lambda book: book.timestamp_ms)
            whose, words = "", f"live, last change {_clock(newest.timestamp_ms)}"
        case AssetState.QUIET:
            words = f"market is quiet: {standing.reason}, {_last_trade(concerned)}"
        case AssetState.CONNECTING | AssetState.OUT_OF_SYNC if (
            down := _down(endpoint)
        ) is not None:
            words = why = f"not connected: {down}"
        case AssetState.UNKNOWN_ASSET:
            words = f"{standing.reason} ({short_id(concerned[0].asset_id)})"
        case _:
            words = f"{state.replace('_', ' ')} for {age}: {standing.reason}"
    tokens = tuple(book.asset_id for book in concerned)
    return Finding(state, standing.since or None, f"{whose}{words}", tokens, why)


def _last_trade(books: Sequence[Book]) -> str:
    traded = max(book.last_trade_ms for book in books)
    if traded:
        return f"last trade {_clock(traded)}"
    return f"last change {_clock(max(book.timestamp_ms for book in books))}"


def _clock(milliseconds: int) -> str:
    """A time of day, with the day unless that is today."""
    moment, today = utc_from_ms(milliseconds), utc_from_ms(int(time.time() * 1000)).date()
    return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M}"


def _down(endpoint: EndpointStatus) -> str | None:
    """Why there is no connection, if there is none."""
    if endpoint.connected or not endpoint.connections:
        return None
    return _trouble(next(each for each in endpoint.connections if each.state != "connected"))


def _trouble(connection: ConnectionStatus) -> str:
    problem = connection.last_error or "dialling"
    if connection.state == "parked":
        return f"{problem}, so it is not dialled again"
    if connection.retry_in is not None:
        when = "at once" if connection.retry_in < 1 else f"in {connection.retry_in:.0f} s"
        return f"{problem}; dialling again {when}"
    attempt = f"dialling, attempt {connection.dials}"
    return attempt if connection.last_error is None else f"{problem}; {attempt}"


def _of_connection(endpoint: EndpointStatus) -> Finding:
    since = max((each.since.timestamp() for each in endpoint.connections), default=None)
    if (down := _down(endpoint)) is not None:
        return Finding(AssetState.CONNECTING, since, f"not connected: {down}")
    if endpoint.connected:
        return Finding(AssetState.LIVE, since, "live: connected, and nothing was missed since")
    return Finding(AssetState.CONNECTING, since, f"no connection: {endpoint.state}")


def _of_streams(streams: Sequence[StreamStatus], endpoint: EndpointStatus) -> Finding:
    if not streams:
        return _of_connection(endpoint)
    stream = min(streams, key=lambda each: _WORST_STREAM.index(each.state))
    heard = stream.last_event_at
    since = None if heard is None else heard.timestamp()
    match stream.state:
        case "flowing":
            words = f"live, last event {'-' if heard is None else f'{heard:%H:%M:%S}'}"
        case "waiting":
            words = f"{stream.name} was asked for, and nothing has come yet"
        case "interrupted":
            down = _down(endpoint)
            words = f"{stream.name} is interrupted: {down or stream.problem}"
        case _:
            words = f"the venue does not serve {stream.name}: {stream.problem}"
    return Finding(_STREAM_STATES[stream.state], since, words)


def _of_account(endpoint: EndpointStatus) -> Finding:
    account = endpoint.authentication
    if account is None:
        return _of_connection(endpoint)
    if (down := _down(endpoint)) is not None:
        return Finding(AssetState.OUT_OF_SYNC, None, f"not connected: {down}")
    if not account.complete:
        why = account.problem or account.why
        since = None if account.incomplete_at is None else account.incomplete_at.timestamp()
        return Finding(AssetState.RESYNCING, since, f"not complete: {why}")
    since = None if account.since is None else account.since.timestamp()
    count = account.open_orders
    orders = f"{count} open order" if count == 1 else f"{count} open orders"
    return Finding(AssetState.LIVE, since, f"live: complete, {orders}")
