"""The status as an MCP resource."""

from __future__ import annotations

from typing import Any, Final

import attrs
import mcp_types as types
from mcp import MCPError
from mcp.server import ServerRequestContext

from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime.service import Service

from .push import Pusher, unknown_resource_code

__all__ = ["STATUS_URI", "StatusResource"]

STATUS_URI: Final = "polymarket://websocket-status"

_JSON: Final = "application/json"

_LISTING: Final = types.Resource(
    uri=STATUS_URI,
    name="WebSocket Status",
    title="Polymarket real-time status",
    description=(
        "Connections, subscriptions with the state of each book, and statistics: the same as "
        "get_realtime_status. Can be read at any time, also while the venue is out of reach."
    ),
    mime_type=_JSON,
)

Context = ServerRequestContext[Any, Any]


@attrs.frozen
class StatusResource:
    """Answers everything that MCP asks about resources. There is one."""

    service: Service
    pusher: Pusher

    async def on_list(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Answer `resources/list`."""
        return types.ListResourcesResult(resources=[_LISTING])

    async def on_list_templates(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Answer `resources/templates/list`: clients ask whoever has resources."""
        return types.ListResourceTemplatesResult(resource_templates=[])

    async def on_read(
        self, ctx: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Answer `resources/read`.

        Raises:
            MCPError: There is no such resource.
        """
        _check(ctx, params.uri)
        text = encode_json(self.service.status())
        contents = types.TextResourceContents(uri=STATUS_URI, text=text, mime_type=_JSON)
        return types.ReadResourceResult(contents=[contents])

    async def on_subscribe(
        self, ctx: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/subscribe`.

        Raises:
            MCPError: There is no such resource.
        """
        _check(ctx, params.uri)
        self.pusher.meet(ctx.session)
        self.pusher.watch_status(watched=True)
        return types.EmptyResult()

    async def on_unsubscribe(
        self, ctx: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/unsubscribe`.

        Raises:
            MCPError: There is no such resource.
        """
        _check(ctx, params.uri)
        self.pusher.watch_status(watched=False)
        return types.EmptyResult()


def _check(ctx: Context, uri: str) -> None:
    if uri != STATUS_URI:
        message = f"Unknown resource: {uri}; there is {STATUS_URI}"
        raise MCPError(unknown_resource_code(ctx.protocol_version), message, {"uri": uri})
