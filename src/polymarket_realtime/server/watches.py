"""Keeps resources going whose changes somebody wants to hear of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Final

import attrs

from polymarket_realtime._hub.journals import Journals
from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.events import EventType
from polymarket_realtime._model.ids import AssetId, parse_asset_id
from polymarket_realtime._model.topics import BookTopic
from polymarket_realtime.errors import InvalidIdentifier, MarketNotFound

from .desk import Desk
from .lookup import Lookup
from .push import Pusher
from .uris import STATUS_URI, Address, Kind

__all__ = ["Watches"]

_DEPTH: Final = 100


@attrs.define
class _Watch:
    """One resource, how many want to hear of it, and the subscription that feeds it, if any."""

    holders: int
    subscription_id: str | None


@attrs.define(eq=False)
class Watches:
    """The resources of one client that are watched.

    A book or a market that is watched is subscribed to, whether or not a tool did so.
    """

    desk: Desk
    lookup: Lookup
    pusher: Pusher
    _journals: Journals = attrs.field(factory=Journals, init=False)
    _watches: dict[str, _Watch] = attrs.field(factory=dict, init=False)

    async def add(self, uri: str) -> bool:
        """Tell the client when this changes; False if there is no such resource.

        Raises:
            LookupFailed: The venue has to be asked, and does not answer usefully.
            TooManySubscriptions: The client has as many as it may have.
        """
        if (watch := self._watches.get(uri)) is not None:
            watch.holders += 1
            return True
        tokens: Sequence[AssetId] = ()
        address = Address.parse(uri)
        if address is not None and address.kind is not Kind.SUBSCRIPTION:
            tokens = await self._tokens(address)
            if not tokens:
                return False
        version = self._version(uri, address, tokens)
        if version is None:
            return False
        # While the name was looked up somebody else may have come.
        if (watch := self._watches.get(uri)) is not None:
            watch.holders += 1
            return True
        fed = self._feed(uri, tokens) if tokens else None
        self._watches[uri] = _Watch(1, fed)
        self.pusher.watch(uri, version)
        return True

    def drop(self, uri: str) -> None:
        """One holder less; without any it is told no more."""
        watch = self._watches.get(uri)
        if watch is None:
            return
        watch.holders -= 1
        if watch.holders > 0:
            return
        del self._watches[uri]
        self.pusher.unwatch(uri)
        if watch.subscription_id is not None and self.desk.get(watch.subscription_id) is not None:
            self.desk.unsubscribe(watch.subscription_id)

    def _feed(self, uri: str, tokens: Sequence[AssetId]) -> str:
        note = SubscriptionNote(
            type=EventType.AGG_ORDERBOOK, market_ids=(uri,), callback_type="resource"
        )
        topics = [BookTopic(asset_id, _DEPTH) for asset_id in tokens]
        return self.desk.subscribe(*topics, note=note, journals=self._journals).id

    async def _tokens(self, address: Address) -> Sequence[AssetId]:
        """What there is to hear of; nothing of what does not exist, or is settled."""
        try:
            if address.kind is Kind.BOOK:
                parse_asset_id(self.desk.refs.meant(address.name))
            found = await self.lookup.all_markets([address.name])
        except (InvalidIdentifier, MarketNotFound):
            return ()
        settled = {token for each in found.markets if each.closed for token in each.asset_ids}
        tokens = dict.fromkeys(asset.asset_id for asset in found.assets)
        return [token for token in tokens if token not in settled]

    def _version(
        self, uri: str, address: Address | None, tokens: Sequence[AssetId]
    ) -> Callable[[], Hashable] | None:
        """Gives something that differs whenever the resource does; None if there is none."""
        if uri == STATUS_URI:
            return lambda: self.desk.version
        if address is None:
            return None
        if address.kind is Kind.SUBSCRIPTION:
            known = address.name in self.desk.journals
            return partial(self.desk.journals.version, address.name) if known else None
        return partial(self._books, tokens)

    def _books(self, tokens: Sequence[AssetId]) -> Hashable:
        books = [self.desk.service.book(asset_id, 1) for asset_id in tokens]
        return tuple(
            None if book is None else (book.epoch, book.revision, book.state) for book in books
        )
