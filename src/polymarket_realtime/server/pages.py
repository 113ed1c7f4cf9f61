"""What has happened since a cursor, as a model reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from polymarket_realtime._hub.journals import Page, Record
from polymarket_realtime._model.events import Event, NamedEvent
from polymarket_realtime._model.feed import Gap
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime.diagnosis import Finding

from .desk import Desk
from .refs import Refs
from .render import Detail, Renderer, is_news

__all__ = ["Named", "PageRenderer", "is_told", "state_words"]

_LONGEST_NAME: Final = 120
_NAMED: Final = 3
_MOST_NAMES: Final = 20


@attrs.frozen(kw_only=True)
class Named:
    """What a token is called; None until the catalogue has said it."""

    outcome: str | None
    question: str | None


def is_told(record: Record, detail: Detail) -> bool:
    """Whether a record is worth a model's while."""
    return detail is Detail.RAW or is_news(record.entry.event)


def state_words(finding: Finding, refs: Refs) -> str:
    """`live`; or another state, whose it is, and why: `frozen (t3, t4): REST has moved on`."""
    if finding.state is AssetState.LIVE:
        return str(finding.state)
    named = [refs.of(token) for token in finding.tokens[:_NAMED]]
    if len(finding.tokens) > _NAMED:
        named.append(f"{len(finding.tokens) - _NAMED} more")
    whose = f" ({', '.join(named)})" if named else ""
    return f"{finding.state}{whose}: {finding.why}"


@attrs.frozen
class PageRenderer:
    """Makes events and gaps of records.

    Attributes:
        desk: Whose.
        detail: How much to tell.
        whose: Whether to say of each event to which subscription it belongs.
    """

    desk: Desk
    detail: Detail
    whose: bool = False

    def events(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """All but the gaps, in order."""
        return [
            self._render(record)
            for record in records
            if is_told(record, self.detail) and not isinstance(record.entry.event, Gap)
        ]

    def gaps(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """Where something may be missing."""
        return [self._render(each) for each in records if isinstance(each.entry.event, Gap)]

    def _render(self, record: Record) -> dict[str, Any]:
        entry = record.entry
        told = Renderer(self.desk.refs, self.detail).render(entry.event, entry.stands_for)
        return {"subscription_id": record.subscription_id, **told} if self.whose else told

    def names(self, page: Page) -> dict[str, Named]:
        """What the tokens of a page are called, by their short names."""
        tokens = dict.fromkeys(asset_id for event in page.events for asset_id in _tokens_of(event))
        return self.names_of(list(tokens))

    def names_of(self, asset_ids: Sequence[AssetId]) -> dict[str, Named]:
        """What these are called, by their short names."""
        return {self.desk.refs.of(asset_id): self._name(asset_id) for asset_id in asset_ids}

    def _name(self, asset_id: AssetId) -> Named:
        name = self.desk.service.name_of(asset_id)
        if name is None:
            return Named(outcome=None, question=None)
        return Named(
            outcome=plain_text(name.outcome, _LONGEST_NAME),
            question=plain_text(name.question, _LONGEST_NAME),
        )

    def states(self, names: Sequence[str]) -> dict[str, str]:
        """How each subscription is doing now."""
        held = [(name, self.desk.get(name)) for name in names]
        open_ = [(name, each) for name, each in held if each is not None]
        findings = self.desk.service.diagnose([each for _, each in open_])
        states = dict.fromkeys(names, "ended: nothing more will come")
        for (name, _), finding in zip(open_, findings, strict=True):
            states[name] = state_words(finding, self.desk.refs)
        return states


def _tokens_of(event: Event) -> Sequence[AssetId]:
    """The tokens that are named where the event is told."""
    if isinstance(event, Gap):
        return event.asset_ids[:_MOST_NAMES]
    asset_id: AssetId | None = getattr(event, "asset_id", None)
    return (asset_id,) if asset_id is not None and isinstance(event, NamedEvent) else ()
