"""trio-websocket's reader, run by whoever waits for what it reads.

trio-websocket reads in a task of its own, and passes what it has read through a channel: that is
more turns of the scheduler for each read, which is much of what a lone message costs. Its reader is
a coroutine, though, that waits for nothing but the bytes of its stream. So it gets a stream that
asks whoever runs it for them, and is run by the task that wants a batch: up to where it asks, when
everything of the last read was acted on. Pings, closing and errors are its work as before.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, final

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

__all__ = ["Inlet", "Reader"]

_BYTES_WANTED: Final = object()
"""What an `Inlet` hands to the `Reader` above it, where others hand something to Trio."""


@types.coroutine
def _ask_for_bytes() -> Generator[object, bytes, bytes]:
    return (yield _BYTES_WANTED)


@final
class Inlet(trio.abc.ReceiveStream):
    """Where a WebSocket receives from if its reader is run by a `Reader`."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:  # noqa: ARG002
        """Bytes from whoever runs this, who has the stream and decides how many."""
        return await _ask_for_bytes()

    async def aclose(self) -> None:
        """Nothing to close: the stream is somebody else's."""
        await trio.lowlevel.checkpoint()


class Reader:
    """Runs the reader of a WebSocket that receives from an `Inlet`. One task at a time may call it.

    Args:
        websocket: A connection that nobody reads yet.
        transport: What its `Inlet` stands for.

    Attributes:
        ended: Whether it will never ask for bytes again.
    """

    def __init__(self, websocket: WebSocketConnection, transport: trio.abc.Stream) -> None:
        self._coroutine: Coroutine[object, Any, None] = websocket._reader_task()  # noqa: SLF001  # pinned by a contract test
        self._transport = transport
        self.ended = False

    @staticmethod
    def is_possible() -> bool:
        """Whether this trio-websocket has the one private coroutine that is needed."""
        reader = getattr(WebSocketConnection, "_reader_task", None)
        return inspect.iscoroutinefunction(reader)

    async def begin(self) -> None:
        """Send the opening handshake."""
        await self._run(partial(self._coroutine.send, None))

    async def read(self) -> None:
        """Wait for one read of the transport, and act on it. If cancelled, no byte is lost.

        Only an answer to the peer that was cut short may be: whoever is cancelled then finds this
        ended.
        """
        try:
            data = await self._transport.receive_some()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            await self._run(partial(self._coroutine.throw, error))
        else:
            await self._run(partial(self._coroutine.send, data))

    async def read_on(self) -> None:
        """Act on whatever comes until nothing can."""
        while not self.ended:
            await self.read()

    async def end(self) -> None:
        """Let it see that the transport is closed, if it has not ended by itself."""
        if not self.ended:
            self.ended = True
            await self._run(partial(self._coroutine.throw, trio.ClosedResourceError()))

    async def _run(self, resume: Callable[[], object]) -> None:
        try:
            self.ended = not await _until_bytes_are_wanted(self._coroutine, resume)
        except ConnectionClosed:
            # A frame that cannot be sent any more: the websocket itself tells that it is closed.
            self.ended = True
        except BaseException:
            self.ended = True
            raise


@types.coroutine
def _until_bytes_are_wanted(
    coroutine: Coroutine[object, Any, None], resume: Callable[[], object]
) -> Generator[object, Any, bool]:
    """Run on as `await` would, up to the next time that an `Inlet` asks; False if it has ended."""
    while True:
        try:
            wanted = resume()
        except StopIteration:
            return False
        if wanted is _BYTES_WANTED:
            return True
        # It is Trio's: a frame is being sent.
        try:
            answer = yield wanted
        except BaseException as error:  # noqa: BLE001, ASYNC103  # the coroutine raises it again
            resume = partial(coroutine.throw, error)
        else:
            resume = partial(coroutine.send, answer)
