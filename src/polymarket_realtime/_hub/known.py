"""What is known already when a reader joins."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

import attrs

from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.feed import StateChanged
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.lifecycle import MarketResolved
from polymarket_realtime._model.live_topics import LiveTopic
from polymarket_realtime._model.topics import (
    AssetTopicBase,
    Topic,
    UserOrderTopic,
    UserTopicBase,
)
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.freshness import Freshness
from polymarket_realtime._protocol.names import Names
from polymarket_realtime._protocol.resolution import Resolutions
from polymarket_realtime._protocol.silence import SilenceLimits
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime._protocol.timing import Timing

__all__ = ["Known"]


@attrs.frozen(kw_only=True)
class Known:
    """The state below the hub. Protocols write it; the hub only reads.

    Attributes:
        streams: Of the live feeds, by endpoint.
        timing: How long events take.
        counters: What the market channel has heard.
        freshness: What silence is taken for.
    """

    books: BookStore = attrs.field(factory=BookStore)
    ledger: AccountLedger = attrs.field(factory=AccountLedger)
    resolutions: Resolutions = attrs.field(factory=Resolutions)
    streams: dict[str, Streams] = attrs.field(factory=dict)
    timing: Timing = attrs.field(factory=Timing)
    counters: FeedCounters = attrs.field(factory=FeedCounters)
    freshness: Freshness = attrs.field()

    @freshness.default
    def _make_freshness(self) -> Freshness:
        return Freshness(self.books, self.resolutions, SilenceLimits(), self.counters)

    @property
    def names(self) -> Names:
        """What tokens are called."""
        return self.books.names

    def settlement(self, topic: Topic) -> MarketResolved | None:
        """How the market of a topic was settled, if it was: nothing else will come of it."""
        if not isinstance(topic, AssetTopicBase):
            return None
        return self.resolutions.resolution_of(topic.asset_id)

    def standing(self, asset_id: AssetId) -> StateChanged | None:
        """What may be believed of a token, to tell a reader who joins.

        None if nothing is known yet, and of a live one: its data says so.
        """
        book = self.books.get(asset_id)
        if book is None or book.state in (AssetState.CONNECTING, AssetState.LIVE):
            return None
        return StateChanged(
            received=time.time(),
            asset_id=asset_id,
            about=book.about,
            state=book.state,
            before=None,
            reason=book.reason,
            since=book.since,
        )

    def of_assets(self, topics: Iterable[Topic]) -> Iterator[StateChanged]:
        """What may be believed of the tokens of some topics, for readers whom it concerns."""
        for topic in topics:
            if isinstance(topic, AssetTopicBase) and StateChanged in topic.accepts:
                standing = self.standing(topic.asset_id)
                if standing is not None:
                    yield standing

    def of_feeds(self, topics: Sequence[Topic]) -> Iterator[Event]:
        """What is known of the account and of live feeds that some topics are about."""
        yield from self.of_account(topics)
        yield from self.of_streams(topics)

    def of_streams(self, topics: Iterable[Topic]) -> Iterator[Event]:
        """The latest of live feeds that some topics are about, and which of them are gone."""
        live = [topic for topic in topics if isinstance(topic, LiveTopic)]
        for endpoint in dict.fromkeys(topic.endpoint for topic in live):
            streams = self.streams.get(endpoint)
            for event in () if streams is None else streams.known():
                if any(topic.endpoint == endpoint and topic.hears(event) for topic in live):
                    yield event

    def of_account(self, topics: Iterable[Topic]) -> Iterator[Event]:
        """The open orders, each once, and whether they are all there are."""
        own = [topic for topic in topics if isinstance(topic, UserTopicBase)]
        updates = {
            update.order_id: attrs.evolve(update, about=self.names.get(update.asset_id))
            for topic in own
            if isinstance(topic, UserOrderTopic)
            for update in self.ledger.open_orders(topic.market)
        }
        yield from updates.values()
        if own and self.ledger.last_reconciled is not None:
            yield self.ledger.last_reconciled
        elif updates or (own and self.ledger.incomplete_since is not None):
            reason = self.ledger.problem or "the user channel was not connected all the time"
            yield Incomplete(received=time.time(), reason=reason)
