"""What is at each address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from polymarket_realtime._hub.journals import Record
from polymarket_realtime._model.ids import parse_asset_id
from polymarket_realtime.errors import InvalidIdentifier, MarketNotFound

from .desk import Desk
from .lookup import Lookup
from .pages import PageRenderer
from .render import Detail
from .snapshots import Snapshots
from .uris import STATUS_URI, Address, Kind

__all__ = ["Readings"]

_LATEST: Final = 20
"""Events of a subscription that are shown."""

_ALL_LEVELS: Final = 1000
_TOP: Final = 1


@attrs.frozen
class Readings:
    """Reads resources."""

    desk: Desk
    lookup: Lookup
    snapshots: Snapshots

    async def read(self, uri: str) -> object | None:
        """What is at an address; None if nothing can be.

        Raises:
            LookupFailed: The venue has to be asked, and does not answer usefully.
        """
        if uri == STATUS_URI:
            return self.desk.service.status()
        address = Address.parse(uri)
        match address:
            case Address(Kind.SUBSCRIPTION, name):
                return self._subscription(name)
            case Address(Kind.BOOK, name):
                return await self._book(name)
            case Address(Kind.MARKET, name):
                return await self._market(name)
        return None

    def _subscription(self, name: str) -> Mapping[str, Any] | None:
        journals = self.desk.journals
        if name not in journals:
            return None
        subscription = self.desk.get(name)
        page = PageRenderer(self.desk, Detail.SUMMARY)
        records = [Record(name, entry) for entry in journals.latest(name, _LATEST)]
        return {
            "subscription_id": name,
            "about": self.desk.title_of(name),
            "state": page.states([name])[name],
            "tokens": page.names_of(subscription.asset_ids if subscription else ()),
            "events": page.events(records),
            "gaps": page.gaps(records),
            "next_cursor": journals.cursor([name]),
        }

    async def _book(self, name: str) -> object | None:
        try:
            asset_id = parse_asset_id(self.desk.refs.meant(name))
        except InvalidIdentifier:
            return None
        return await self._take([asset_id], _ALL_LEVELS)

    async def _market(self, name: str) -> object | None:
        return await self._take([name], _TOP)

    async def _take(self, identifiers: list[str], depth: int) -> object | None:
        try:
            found = await self.lookup.all_markets(identifiers)
            return {"tokens": await self.snapshots.take(found, depth)}
        except (InvalidIdentifier, MarketNotFound):
            return None
