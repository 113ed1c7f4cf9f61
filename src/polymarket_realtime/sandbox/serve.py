"""Opens a sandbox on loopback: the tree of its tasks is on this screen."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from .composition import compose, make_urls, replay_of
from .config import SandboxConfig
from .facade import Sandbox
from .gatekeeper import recover_in_thread
from .proxy import run_proxy

__all__ = ["open_sandbox"]


@asynccontextmanager
async def open_sandbox(config: SandboxConfig = SandboxConfig()) -> AsyncIterator[Sandbox]:  # noqa: B008 - frozen
    """Serve a Polymarket on loopback for as long as the block lasts.

    Raises:
        SettingsError: The replay cannot be used; before the block is entered.
        OSError: The address is in use; before the block is entered.
    """
    replay = await trio.to_thread.run_sync(replay_of, config) if config.replay else None
    (listener,) = await trio.open_tcp_listeners(config.port, host=config.address)
    async with listener:
        urls = make_urls(config.address, listener.socket.getsockname()[1])
        composition = compose(config, urls, replay, recover_in_thread)
        server_socket = _bind_privately()
        server_port = server_socket.getsockname()[1]
        async with trio.open_nursery() as server:
            # Hypercorn shields its writes, so it can only stop after the proxy has hung up.
            await server.start(serve, composition.app, _server_config(server_socket))
            async with trio.open_nursery() as front:
                front.start_soon(run_proxy, listener, server_port, composition.sandbox.faults)
                front.start_soon(composition.run)
                yield composition.sandbox
                front.cancel_scope.cancel()
            server.cancel_scope.cancel()


def _bind_privately() -> socket.socket:
    """A listening address for the server behind the proxy."""
    private = socket.socket()
    private.bind(("127.0.0.1", 0))
    return private


def _server_config(private: socket.socket) -> Config:
    """Hypercorn's configuration; it takes the socket over."""
    config = Config()
    config.bind = [f"fd://{private.detach()}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("polymarket_realtime.sandbox")
    config.graceful_timeout = 0.1
    return config
