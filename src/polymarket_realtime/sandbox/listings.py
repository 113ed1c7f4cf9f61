"""How markets come to be: their events, their first books, and the word that goes round."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import attrs

from . import frames
from .books import ONE, SHARE, Change, parse_price, show_price
from .floor import FINE_TICK, Floor
from .flow import plan_opening
from .frames import Frame
from .markets import Event, Group, Listing, Market

__all__ = ["Registrar", "slug_of"]

FIRST_EVENT_ID = 260_600
"""Far from the ids of markets: no event has the id of a market unless it is asked for."""

THIN_SIZE = 100 * SHARE


@attrs.define(eq=False)
class Registrar:
    """Opens events and lists markets in them; `ValueError` for what there is already.

    Attributes:
        events: By slug, oldest first.
    """

    floor: Floor
    publish: Callable[[Frame], None]
    chance: random.Random
    events: dict[str, Event] = attrs.field(factory=dict, init=False)
    _opened: int = attrs.field(default=0, init=False)

    def open_group(self, group: Group) -> None:
        """List a whole event of the programme, of which everybody knows already."""
        event = self.open_event(group.slug, group.title, neg_risk=group.neg_risk, tags=group.tags)
        for listing in group.listings:
            self.list_market(listing, event)

    def open_event(
        self,
        slug: str,
        title: str,
        *,
        neg_risk: bool = False,
        tags: tuple[str, ...] = (),
        event_id: str | None = None,
    ) -> Event:
        """An event without markets yet; `event_id` is the next free number unless given."""
        self._opened += 1
        number = event_id or str(FIRST_EVENT_ID + self._opened)
        if slug in self.events or number in {event.id for event in self.events.values()}:
            raise ValueError(f"there is an event {slug!r}, or one with the id {number}, already")
        event = self.events[slug] = Event(number, slug, title, neg_risk, tags)
        return event

    def event(self, slug: str) -> Event:
        """The event with this slug; ValueError if there is none."""
        if slug not in self.events:
            raise ValueError(f"there is no event {slug!r}")
        return self.events[slug]

    def list_market(self, listing: Listing, event: Event) -> Market:
        """Open a market with a book around its price; nobody is told."""
        opening = plan_opening(
            parse_price(listing.price), parse_price(listing.tick_size), self.chance
        )
        return self.floor.list_market(listing, event, opening)

    def list_thinly(self, event: Event, labels: Sequence[str]) -> tuple[Market, ...]:
        """A market for each label: one level on either side, and no part in the order flow."""
        # Together they cost a dollar, as far as the tick goes: exactly one of them comes true.
        price = max(FINE_TICK, ONE // max(2, len(labels)) // FINE_TICK * FINE_TICK)
        opening = [
            Change(0, "BUY", price, THIN_SIZE),
            Change(0, "SELL", price + FINE_TICK, THIN_SIZE),
        ]
        return tuple(
            self.floor.list_market(
                Listing(
                    f"{event.slug}-{slug_of(label)}",
                    f"{event.title}: {label}",
                    show_price(price),
                    tick_size=show_price(FINE_TICK),
                    group_item_title=label,
                    weight=0,
                ),
                event,
                opening,
            )
            for label in labels
        )

    def announce(self, markets: Iterable[Market]) -> None:
        """Tell everybody who wants to hear of new markets."""
        for market in markets:
            self.publish(frames.new_market_frame(market))


def slug_of(text: str) -> str:
    """Its words in lower case, joined by hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
