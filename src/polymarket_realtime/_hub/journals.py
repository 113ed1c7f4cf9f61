"""The journals of all subscriptions of one client, numbered together, to be read with a cursor."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Final

import attrs
import trio

from polymarket_realtime._hub.cursor import ALL, Cursor, scope_of
from polymarket_realtime._hub.journal import BEGINNING, Entry, Journal, Position
from polymarket_realtime._model.events import Event
from polymarket_realtime.errors import InvalidCursor, UnknownSubscription

__all__ = ["MOST_ENDED", "RETENTION", "Journals", "Page", "Record"]

RETENTION: Final = 600.0
"""Seconds for which the journal of a subscription can be read after its end."""

MOST_ENDED: Final = 64
"""Ended journals that are kept; beyond them the one that ended first goes before its time."""


@attrs.frozen
class Record:
    """One event of a page, and whose it is."""

    subscription_id: str
    entry: Entry


@attrs.frozen(kw_only=True)
class Page:
    """What there is after a position.

    Attributes:
        records: In order.
        cursor: Where the next page begins.
        missed: Events after the position that were not conflated and are lost.
        more: Whether there is more already.
    """

    records: tuple[Record, ...]
    cursor: str
    missed: int
    more: bool

    @property
    def events(self) -> list[Event]:
        """The events alone."""
        return [record.entry.event for record in self.records]


@attrs.define
class _Log:
    journal: Journal
    begun: int
    """No position before this one is a position in it."""
    ended_at: float | None = None


class Journals:
    """Journals by subscription.

    One numbering goes over all of them, so that one position is enough for any number of them.
    Writing never waits, and any number of readers may.

    Args:
        retention: Seconds for which an ended journal is kept.
    """

    def __init__(self, *, retention: float = RETENTION) -> None:
        self._retention = retention
        self._run = secrets.token_hex(2)
        self._logs: dict[str, _Log] = {}
        self._head = 0
        self._forgotten_singles = 0
        self._written = trio.Event()

    def __contains__(self, subscription_id: str) -> bool:
        return subscription_id in self._logs

    @property
    def names(self) -> tuple[str, ...]:
        """The subscriptions whose journals can be read, the oldest first."""
        return tuple(self._logs)

    # Writing

    def open(self, subscription_id: str, *, capacity: int) -> None:
        """Begin a journal, or go on with one that has ended and is still kept.

        Args:
            subscription_id: Whose.
            capacity: Most events that are kept one by one.
        """
        log = self._logs.get(subscription_id)
        if log is not None:
            log.ended_at = None
            return
        # A number of its own tells later positions from those in a forgotten journal of this name.
        self._head += 1
        self._logs[subscription_id] = _Log(Journal(capacity), self._head)

    def write(self, subscription_id: str, events: Iterable[tuple[Event, int]]) -> None:
        """Add events, each with how many it stands for, and wake those who wait."""
        journal = self._logs[subscription_id].journal
        for event, count in events:
            self._head += 1
            journal.write(self._head, event, count)
        self._wake()

    def end(self, subscription_id: str, now: float) -> None:
        """Nothing more will be written to this journal; it is kept for a while.

        Args:
            subscription_id: Whose.
            now: On Trio's clock, as in `forget`.
        """
        self._logs[subscription_id].ended_at = now
        ended = [name for name, log in self._logs.items() if log.ended_at is not None]
        if len(ended) > MOST_ENDED:
            self._forget(min(ended, key=lambda name: self._logs[name].ended_at or 0.0))
        self._wake()

    def forget(self, now: float) -> bool:
        """Drop the journals that ended too long ago; whether there was one."""
        before = len(self._logs)
        for subscription_id, log in list(self._logs.items()):
            if log.ended_at is not None and now - log.ended_at >= self._retention:
                self._forget(subscription_id)
        return len(self._logs) < before

    def _forget(self, subscription_id: str) -> None:
        journal = self._logs.pop(subscription_id).journal
        # Who has not read it by now has missed it.
        self._forgotten_singles += journal.singles_until(self._head)

    def _wake(self) -> None:
        self._written.set()
        self._written = trio.Event()

    # Reading

    def version(self, subscription_id: str) -> Hashable:
        """Something that differs whenever there is more to read of it, or it has ended."""
        log = self._logs.get(subscription_id)
        return None if log is None else (log.journal.head, log.ended_at)

    def has_ended(self, subscription_id: str) -> bool:
        """Whether nothing more will be written to this journal."""
        return self.ended_at(subscription_id) is not None

    def ended_at(self, subscription_id: str) -> float | None:
        """When this journal ended, on Trio's clock; None if it has not, or is not kept."""
        log = self._logs.get(subscription_id)
        return None if log is None else log.ended_at

    def cursor(self, names: Sequence[str] | None = None, *, after: int | None = None) -> str:
        """The position after everything that there is now, or after one event.

        Args:
            names: Of what: subscriptions, or None for all, those to come included.
            after: The number of the event, as a page had it.

        Raises:
            UnknownSubscription: There is none, or it ended too long ago.
        """
        seq = self._head if after is None else after
        return self._cursor(names, seq, self._journals(names))

    def read(
        self, names: Sequence[str] | None, cursor: str | None, limit: int, *, counting: bool = True
    ) -> Page:
        """What came after a cursor, the oldest first.

        Args:
            names: Which subscriptions; None for all.
            cursor: As it was given out for the same subscriptions; None for all that is kept.
            limit: Most events, at least 1.
            counting: Whether the reader wants to know what events stand for. One that does not
                leaves to others the few positions that are told apart.

        Raises:
            UnknownSubscription: There is none, or it ended too long ago.
            InvalidCursor: It was not given out for these.
        """
        journals = self._journals(names)
        position = BEGINNING if cursor is None else self._position(cursor, names)
        each = [_records(name, journal, position.seq) for name, journal in journals.items()]
        # One more than is shown tells whether there is more.
        records = list(islice(merge(*each, key=_number), limit + 1))
        shown, more = records[:limit], len(records) > limit
        until = shown[-1].entry.seq if more else max(self._head, position.seq)
        missed = self._singles(names, position.seq, journals) - position.singles
        if cursor is None:
            # Such a reader begins with what is kept, and has lost only what that has lost.
            missed -= self._forgotten(names)
        elif names is not None and any(position.seq < self._logs[each].begun for each in names):
            # Of a journal of this name that is forgotten: how many, nobody knows any more.
            missed = max(missed, 1)
        missed += sum(each.dropped_between(position.seq, until) for each in journals.values())
        return Page(
            records=tuple(shown),
            cursor=self._cursor(names, until, journals, counting=counting),
            missed=missed,
            more=more,
        )

    def pending(self, subscription_id: str, cursor: str) -> int:
        """How many events there are after a cursor, about: what is lost counts as one or none.

        Raises:
            UnknownSubscription, InvalidCursor: As `read`.
        """
        names = [subscription_id]
        position = self._position(cursor, names)
        return self._journals(names)[subscription_id].pending(position.seq)

    def latest(self, subscription_id: str, limit: int) -> list[Entry]:
        """The newest events of one subscription, the oldest of them first."""
        entries = self._journals([subscription_id])[subscription_id].after(0)
        return list(deque(entries, limit))

    async def wait_written(self) -> None:
        """Wait until something is written, or a journal ends."""
        await self._written.wait()

    def _journals(self, names: Sequence[str] | None) -> dict[str, Journal]:
        if names is None:
            return {name: log.journal for name, log in self._logs.items()}
        for name in names:
            if name not in self._logs:
                raise UnknownSubscription(name)
        return {name: self._logs[name].journal for name in names}

    def _position(self, text: str, names: Sequence[str] | None) -> Position:
        cursor = Cursor.parse(text)
        if cursor.run != self._run or cursor.position.seq > self._head:
            raise InvalidCursor(text, "is of another run of the server, whose events are gone")
        if cursor.scope != scope_of(names):
            whose = "all subscriptions" if cursor.scope == ALL else "other subscriptions"
            raise InvalidCursor(text, f"was given out for {whose}, and would skip events of these")
        return cursor.position

    def _cursor(
        self,
        names: Sequence[str] | None,
        seq: int,
        journals: dict[str, Journal],
        *,
        counting: bool = True,
    ) -> str:
        if counting:
            for journal in journals.values():
                journal.mark(seq)
        position = Position(seq, self._singles(names, seq, journals))
        return str(Cursor(self._run, position, scope_of(names)))

    def _singles(self, names: Sequence[str] | None, seq: int, journals: dict[str, Journal]) -> int:
        count = sum(journal.singles_until(seq) for journal in journals.values())
        return count + self._forgotten(names)

    def _forgotten(self, names: Sequence[str] | None) -> int:
        return self._forgotten_singles if names is None else 0


def _records(name: str, journal: Journal, seq: int) -> Iterator[Record]:
    return (Record(name, entry) for entry in journal.after(seq))


def _number(record: Record) -> int:
    return record.entry.seq
