"""The methods of MCP Events, and their errors."""

from __future__ import annotations

from typing import Any, Final, Never

import attrs
import mcp_types as types
from mcp import MCPError
from mcp.server.lowlevel import Server
from pydantic import Field

from polymarket_realtime.errors import (
    AuthenticationRequired,
    CredentialsError,
    PolymarketRealtimeError,
    RestFailed,
    TooManySubscriptions,
    UnknownSubscription,
)
from polymarket_realtime.server.arguments import ArgumentsError
from polymarket_realtime.server.desk import Desk
from polymarket_realtime.server.lookup import Lookup
from polymarket_realtime.server.toolbox import Context, code_of

from .codes import FORBIDDEN, LIMIT_REACHED, NOT_FOUND, UNSUPPORTED
from .leases import Lease, Leases
from .streams import EventReader, EventStream, ended
from .types import EVENT_KINDS, EventKind, EventRequest

__all__ = ["EVENTS_CAPABILITY", "Events"]

EVENTS_CAPABILITY: Final = "io.modelcontextprotocol/events"

_DEFAULT_EVENTS: Final = 50
_MOST_EVENTS: Final = 200


class SubscriptionParams(types.RequestParams):
    """What a subscription is to, and from where on it is told."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    cursor: str | None = None
    max_age_ms: int | None = Field(default=None, ge=0, le=10**12)


class PollParams(SubscriptionParams):
    """Of `events/poll`."""

    max_events: int | None = Field(default=None, ge=1)


@attrs.frozen(eq=False)
class Events:
    """The extension, for one client.

    Attributes:
        leases: The subscriptions that it keeps.
    """

    leases: Leases
    _kinds: dict[str, EventKind] = attrs.field(init=False)

    @_kinds.default
    def _by_name(self) -> dict[str, EventKind]:
        return {kind.name: kind for kind in EVENT_KINDS}

    @classmethod
    def of(cls, desk: Desk, lookup: Lookup) -> Events:
        """The extension on the subscriptions of a client."""
        return cls(Leases(desk, lookup))

    def register(self, server: Server[Any]) -> dict[str, dict[str, Any]]:
        """Let a server serve it.

        Returns:
            The capability for the handshake era, whose sessions know no extensions: to be told
            among the experimental ones.
        """
        server.extensions[EVENTS_CAPABILITY] = {}
        server.add_request_handler("events/list", types.PaginatedRequestParams, self.on_list)
        server.add_request_handler("events/poll", PollParams, self.on_poll)
        server.add_request_handler("events/stream", SubscriptionParams, self.on_stream)
        for method in ("events/subscribe", "events/unsubscribe"):
            server.add_request_handler(method, types.RequestParams, self.on_webhook)
        return {EVENTS_CAPABILITY: {}}

    async def run(self) -> Never:
        """End what nobody asks for any more, until cancelled."""
        await self.leases.run()

    async def on_list(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> dict[str, Any]:
        """Answer `events/list`: all types on one page."""
        return {"events": [kind.listing for kind in EVENT_KINDS]}

    async def on_poll(self, _ctx: Context, params: PollParams) -> dict[str, Any]:
        """Answer `events/poll`.

        Raises:
            MCPError: As in the design; `truncated` is no error.
        """
        lease = await self._lease(params)
        reader = self._begin(lease, params)
        self.leases.poll(lease)
        most = min(params.max_events or _DEFAULT_EVENTS, _MOST_EVENTS)
        events, truncated, more = _collect(reader, most)
        if not events and not truncated and not more and reader.is_over:
            raise ended(lease)
        return {
            "events": events,
            "cursor": reader.cursor,
            "truncated": truncated,
            "hasMore": more,
            "nextPollMs": lease.request.kind.poll_ms,
        }

    async def on_stream(self, ctx: Context, params: SubscriptionParams) -> dict[str, Any]:
        """Answer `events/stream`, in the end: when the subscription has ended.

        Raises:
            MCPError: As in the design, before anything is sent.
        """
        lease = await self._lease(params)
        with self.leases.stream(lease):
            await EventStream(ctx, self._begin(lease, params)).run()
        return {"_meta": {}}

    async def on_webhook(self, _ctx: Context, _params: types.RequestParams) -> Never:
        """Refuse `events/subscribe` and `events/unsubscribe`.

        Raises:
            MCPError: Always.
        """
        message = "Unsupported: events are delivered by events/poll and events/stream only"
        raise MCPError(UNSUPPORTED, message, {"feature": "deliveryMode", "value": "webhook"})

    async def _lease(self, params: SubscriptionParams) -> Lease:
        request = self._read(params)
        try:
            return await self.leases.lease(request, anew=params.cursor is None)
        except PolymarketRealtimeError as error:
            raise _refusal(error) from error

    def _read(self, params: SubscriptionParams) -> EventRequest:
        kind = self._kinds.get(params.name)
        if kind is None:
            known = ", ".join(self._kinds)
            message = f"NotFound: there is no event {params.name[:80]!r}; known are {known}"
            raise MCPError(NOT_FOUND, message, {"kind": "event"})
        try:
            return kind.read(params.arguments)
        except ArgumentsError as error:
            message = f"invalid arguments for {kind.name}: {'; '.join(error.problems)}"
            raise MCPError(types.INVALID_PARAMS, message) from error
        except PolymarketRealtimeError as error:
            raise _refusal(error) from error

    def _begin(self, lease: Lease, params: SubscriptionParams) -> EventReader:
        try:
            return EventReader.begin(self.leases.journals, lease, params.cursor, params.max_age_ms)
        except UnknownSubscription:
            # It ended so long ago that nothing is kept of it.
            raise ended(lease) from None
        except PolymarketRealtimeError as error:
            raise _refusal(error) from error


def _collect(reader: EventReader, most: int) -> tuple[list[dict[str, Any]], bool, bool]:
    """Read at most so many events; whether something is missing, and whether there is more."""
    events: list[dict[str, Any]] = []
    truncated = reader.truncated
    last = None
    while True:
        page = reader.read(most)
        truncated |= page.missed > 0
        for record in page.records:
            if last is not None and len(events) == most:
                reader.cursor = reader.after(last)
                return events, truncated, True
            truncated |= reader.breaks(record)
            if reader.is_told(record):
                events.append(reader.occurrence(record))
            last = record
        reader.cursor = page.cursor
        if not page.more or len(events) == most:
            return events, truncated, page.more


def _refusal(error: PolymarketRealtimeError) -> MCPError:
    """An error of ours as one of the protocol."""
    data: dict[str, Any] = {"code": code_of(error)}
    if hint := " ".join(getattr(error, "__notes__", ())):
        data["hint"] = hint
    if isinstance(error, AuthenticationRequired | CredentialsError):
        return MCPError(FORBIDDEN, f"Forbidden: {error}", data)
    if isinstance(error, TooManySubscriptions):
        limits = {"limit": "subscriptions", "max": error.limit}
        return MCPError(LIMIT_REACHED, f"ResourceExhausted: {error}", data | limits)
    if isinstance(error, RestFailed):
        data["retryable"] = True
        return MCPError(types.INTERNAL_ERROR, f"UpstreamError: {error}", data)
    return MCPError(types.INVALID_PARAMS, str(error), data)
