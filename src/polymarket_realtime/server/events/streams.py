"""Reading what has happened from a client's cursor on, and pushing it through `events/stream`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import mcp_types as types
import trio
from mcp import MCPError
from pydantic import BaseModel

from polymarket_realtime._hub.cursor import Cursor, scope_of
from polymarket_realtime._hub.journals import Journals, Page, Record
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.feed import Interrupted
from polymarket_realtime._model.text import plain_text
from polymarket_realtime.errors import InvalidCursor
from polymarket_realtime.server.toolbox import Context

from .codes import NOT_FOUND
from .leases import Lease
from .payloads import identity_of, moment_of, payload_of

__all__ = ["EventReader", "EventStream", "ended"]

HEARTBEAT: Final = 25.0
"""Seconds without a frame after which one is sent; the design allows 30."""

_PAGE: Final = 32
"""Events that are read at once: few, so that a client that reads slowly gets fresh ones."""

_EVERYTHING: Final = 1_000_000
_LONGEST_REASON: Final = 120


_SUBSCRIPTION_ID: Final = "io.modelcontextprotocol/subscriptionId"
_STANDS_FOR: Final = "polymarket-realtime/standsFor"


def ended(lease: Lease) -> MCPError:
    """What ends a subscription of which nothing more can come."""
    reason = "nothing more can come of it: all that it listened to is settled, or was met"
    message = f"NotFound: the subscription to {lease.request.kind.name} has ended"
    return MCPError(NOT_FOUND, message, {"kind": "subscription", "reason": reason})


@attrs.define
class EventReader:
    """One client's way through a journal.

    Attributes:
        cursor: How far it has come.
        truncated: Whether it begins later than the client asked for.
    """

    journals: Journals
    lease: Lease
    cursor: str
    truncated: bool = False
    _floor: datetime | None = None
    _floor_until: int = 0

    @classmethod
    def begin(
        cls, journals: Journals, lease: Lease, cursor: str | None, max_age_ms: int | None
    ) -> EventReader:
        """Begin where a client left off, or now.

        Args:
            journals: Where the lease's journal is.
            lease: What is read.
            cursor: What the client passed; None for what comes from now on.
            max_age_ms: Skip what has happened longer ago; means nothing without a cursor.

        Raises:
            InvalidCursor: It is none, or one of another subscription.
        """
        now = journals.cursor(lease.names)
        if cursor is None:
            return cls(journals, lease, now)
        if Cursor.parse(cursor).scope != scope_of(lease.names):
            raise InvalidCursor(cursor, "was given out for another name or other arguments")
        reader = cls(journals, lease, cursor)
        try:
            # Only to leave out what is too old all of it has to be looked at.
            backlog = reader.read(1 if max_age_ms is None else _EVERYTHING)
        except InvalidCursor:
            # Of an earlier run of the server: there is no way back to where it stands.
            return cls(journals, lease, now, truncated=True)
        if backlog.missed:
            reader.cursor, reader.truncated = reader.start_of(backlog), True
        if max_age_ms is not None:
            reader._floor = datetime.now(UTC) - timedelta(milliseconds=max_age_ms)
            reader._floor_until = Cursor.parse(now).position.seq
            reader.truncated |= any(map(reader.is_too_old, backlog.records))
        return reader

    def read(self, limit: int) -> Page:
        """What comes next; `cursor` stays where it is."""
        return self.journals.read(self.lease.names, self.cursor, limit)

    def after(self, record: Record) -> str:
        """The position after an event."""
        return self.journals.cursor(self.lease.names, after=record.entry.seq)

    def start_of(self, page: Page) -> str:
        """The position before a page, after all that was lost before it."""
        if not page.records:
            return page.cursor
        before = page.records[0].entry.seq - 1
        return self.journals.cursor(self.lease.names, after=before)

    def breaks(self, record: Record) -> bool:
        """Whether something may be missing here."""
        return self.lease.request.kind.breaks(record.entry.event)

    def is_told(self, record: Record) -> bool:
        """Whether the client is to have it."""
        told = self.lease.request.kind.is_told(record.entry.event)
        return told and not self.is_too_old(record)

    def is_too_old(self, record: Record) -> bool:
        """Whether it was there when reading began, and had happened too long ago."""
        if self._floor is None or record.entry.seq > self._floor_until:
            return False
        event = record.entry.event
        return self.lease.request.kind.is_told(event) and moment_of(event) < self._floor

    def occurrence(self, record: Record) -> dict[str, Any]:
        """An event as the client gets it."""
        kind, event = self.lease.request.kind, record.entry.event
        told: dict[str, Any] = {
            "eventId": identity_of(event),
            "name": kind.name,
            "timestamp": moment_of(event).isoformat().replace("+00:00", "Z"),
            "data": payload_of(kind.payload, event),
        }
        if record.entry.stands_for > 1:
            told["_meta"] = {_STANDS_FOR: record.entry.stands_for}
        return told

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be written."""
        return self.is_gone or self.journals.has_ended(self.lease.request.key)

    @property
    def is_gone(self) -> bool:
        """Whether it ended so long ago that nothing is kept of it."""
        return self.lease.request.key not in self.journals

    async def wait(self, deadline: float) -> None:
        """Wait for more, or for the end, or for the deadline on Trio's clock."""
        key = self.lease.request.key
        version = self.journals.version(key)
        with trio.move_on_at(deadline):
            while self.journals.version(key) == version:
                await self.journals.wait_written()


class Notification(BaseModel):
    """`notifications/events/*`, which the SDK has no classes for."""

    method: str
    params: dict[str, Any]


@attrs.define
class EventStream:
    """One `events/stream`: the frames of a subscription, in order, from one task.

    A client that does not read makes this task wait and nobody else: what happens meanwhile is
    conflated in the journal, or counted as missed.
    """

    context: Context
    reader: EventReader
    _beat_at: float = attrs.field(default=0.0, init=False)

    async def run(self) -> None:
        """Send frames until the subscription has ended."""
        reader = self.reader
        await self._send_active(reader.cursor, truncated=reader.truncated)
        while not reader.is_gone:
            page = reader.read(_PAGE)
            # Now, because the journal may be forgotten while the client does not read.
            positions = list(map(reader.after, page.records))
            if page.missed:
                await self._send_active(reader.start_of(page), truncated=True)
            for record, position in zip(page.records, positions, strict=True):
                await self._tell(record, position)
            reader.cursor = page.cursor
            if page.records:
                continue
            if reader.is_over:
                break
            await reader.wait(self._beat_at)
            if trio.current_time() >= self._beat_at:
                await self._send("heartbeat", cursor=reader.cursor)
        await self._send("terminated", error=_error(ended(reader.lease)))

    async def _tell(self, record: Record, position: str) -> None:
        event = record.entry.event
        if self.reader.is_told(record):
            occurrence = self.reader.occurrence(record)
            await self._send("event", **occurrence, cursor=position)
        elif isinstance(event, Interrupted | Incomplete):
            reason = plain_text(event.reason, _LONGEST_REASON)
            data = {"reason": reason, "retry_in": getattr(event, "retry_in", None)}
            await self._send(
                "error", error=_error(MCPError(types.INTERNAL_ERROR, "UpstreamError", data))
            )
        if self.reader.breaks(record):
            await self._send_active(position, truncated=True)

    async def _send_active(self, cursor: str, *, truncated: bool) -> None:
        await self._send("active", cursor=cursor, truncated=truncated)

    async def _send(self, method: str, **params: Any) -> None:
        request_id = self.context.request_id
        meta = {**params.pop("_meta", {}), _SUBSCRIPTION_ID: request_id}
        notification = Notification(
            method=f"notifications/events/{method}", params={**params, "_meta": meta}
        )
        await self.context.session.send_notification(
            notification,  # type: ignore[arg-type]  # an extension's
            related_request_id=request_id,
        )
        self._beat_at = trio.current_time() + HEARTBEAT


def _error(error: MCPError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "data": error.data}
