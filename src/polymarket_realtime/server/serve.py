"""Serving MCP: over this process's stdin and stdout, or over an embedder's streams."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

import trio

from polymarket_realtime.service import Service, open_service
from polymarket_realtime.settings import Settings

from .app import App, make_app
from .stdio import open_stdio

if TYPE_CHECKING:  # the SDK has no public name for these two
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage

__all__ = ["run_mcp", "serve_stdio"]

_GRACE: Final = 0.1
"""Seconds between a signal and the end of everything: enough to say goodbye to who listens."""


async def serve_stdio(settings: Settings | None = None, *, channel: bool = False) -> None:
    """Be an MCP server on stdin and stdout, until the client leaves or a signal comes.

    The handshake does not wait for the venue: nothing is dialled before the first subscription,
    and a venue out of reach is dialled again, with a backoff, for as long as somebody subscribes.

    Args:
        settings: The knobs; the defaults point at the venue.
        channel: Whether conditions that are met go into the conversation of Claude Code.

    Returns when stdin ends, or after SIGTERM or SIGINT. A client that does not read delays this
    by a second, and by one more while requests of it are open.

    Raises:
        OSError: stdin or stdout is not open.
        ExceptionGroup: A bug.
    """
    async with open_service(settings) as service, trio.open_nursery() as nursery:
        app = make_app(service, channel=channel)
        await nursery.start(_stop_on_signal, app, nursery.cancel_scope)
        async with open_stdio() as (read, write):
            await app.run(read, write)
        nursery.cancel_scope.cancel()


async def run_mcp(
    service: Service,
    read: ReadStream[SessionMessage | Exception],
    write: WriteStream[SessionMessage],
) -> None:
    """Serve one MCP client of a service that runs already, until it has closed its end.

    Several clients may share a service, each with its own call. The status shows the
    subscriptions of all; a client can end only its own, and they end with it.

    Args:
        service: The feed.
        read: What the client says, for example the reader of `server.lines.serve_streams`.
        write: Where answers and events go, for example its writer. Both are closed in the end.
    """
    await make_app(service).run(read, write)


async def _stop_on_signal(
    app: App,
    scope: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            app.close()
            scope.deadline = min(scope.deadline, trio.current_time() + _GRACE)
