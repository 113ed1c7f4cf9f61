"""Asks the venue's REST about books that the socket is silent about, and acts on the answer."""

from __future__ import annotations

import logging
import math
import time
from typing import Final, Never, Protocol, cast

import attrs
import trio

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._protocol.budget import Budget
from polymarket_realtime._protocol.freshness import Freshness
from polymarket_realtime._protocol.ladder import Remedy
from polymarket_realtime._venue.books import MOST_BOOKS, BookReader
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime._venue.publish import publish
from polymarket_realtime._venue.wakeup import Wakeup
from polymarket_realtime.errors import CodecError, RestFailed

__all__ = ["Connections", "Witness"]

log = logging.getLogger("polymarket_realtime.feed.market")

Events = trio.MemorySendChannel[list[Event]]

_LONGEST_SLEEP: Final = 5.0
"""Seconds. Protocols raise doubts, and cannot ring a bell."""

_LONGEST_ANSWER: Final = 5.0
"""Seconds. What takes longer than this to compare is out of date."""


class Connections(Protocol):
    """What can be done about the connections of the market channel."""

    def ask_again(self, keys: list[str]) -> None:
        """Have the connections of these look for what they are to ask again."""

    def move(self, key: str) -> None:
        """Have a key carried by a new connection."""

    def replace(self, key: str) -> None:
        """Replace the connections of a key."""


@attrs.define(eq=False)
class Witness:
    """The task that keeps `freshness` going.

    Attributes:
        freshness: Decides what to ask, what the answers mean and what to do.
        books: Whom to ask.
        connections: On whom to act.
        interest: What is wanted on the market channel.
        budget: How often one may ask; None for not at all.
    """

    freshness: Freshness
    books: BookReader
    connections: Connections
    interest: Interest
    budget: Budget | None
    _asking: Wakeup = attrs.field(factory=Wakeup, init=False)
    _followed: frozenset[str] = attrs.field(default=frozenset(), init=False)

    async def run(self, events_in: Events) -> Never:
        """Look at the tokens, ask about some, act, and tell what has changed; for ever.

        Resource handling:
            `events_in` is this task's own clone and is closed when it ends.

        Error handling:
            A REST that cannot be asked makes silent tokens suspect, and is asked again.
        """
        with events_in:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._ask, events_in, name="ask the witness")
                while True:
                    await self._look(events_in)
                    deadline = self.freshness.next_deadline()
                    if self.interest.wanted:
                        deadline = min(deadline, trio.current_time() + _LONGEST_SLEEP)
                    with trio.move_on_at(deadline):
                        await self.interest.witnessed.wait()

    async def _look(self, events_in: Events) -> None:
        now = trio.current_time()
        if (wanted := self.interest.wanted) is not self._followed:
            self._followed = wanted
            self.freshness.retain(cast("frozenset[AssetId]", wanted), now)
        events = self.freshness.advance(now, time.time())
        for remedy, asset_id in self.freshness.take_remedies():
            log.info("%s %s", remedy, asset_id)
            match remedy:
                case Remedy.RESUBSCRIBE:
                    self.connections.ask_again([asset_id])
                case Remedy.MOVE:
                    self.connections.move(asset_id)
                case Remedy.REPLACE:
                    self.connections.replace(asset_id)
        self._asking.ring()
        if events:
            await publish(events_in, events)

    async def _ask(self, events_in: Events) -> Never:
        """One question after the other, as the budget allows."""
        if self.budget is None:
            self.freshness.excuse("REST is not to be asked: POLYMARKET_WITNESS_BUDGET is 0")
            await trio.sleep_forever()
        while True:
            # What became due while it was suspended is asked afterwards.
            suspended = self.interest.suspended
            with trio.move_on_at(math.inf if suspended else self.freshness.next_question()):
                await self._asking.wait()
            await self._wait_for_budget(self.budget)
            batch = self._take_questions()
            if batch:
                self.budget.take(trio.current_time())
                events = await self._question(batch)
                self.interest.witnessed.ring()
                if events:
                    await publish(events_in, events)

    def _take_questions(self) -> list[AssetId]:
        if self.interest.suspended:
            return []
        return self.freshness.take_questions(trio.current_time(), MOST_BOOKS)

    async def _wait_for_budget(self, budget: Budget) -> None:
        while (ready := budget.ready_at(now := trio.current_time())) > now:
            wait = ready - now
            self.freshness.excuse(f"the budget for asking REST is used up for {wait:.0f} s")
            await trio.sleep_until(ready)

    async def _question(self, batch: list[AssetId]) -> list[Event]:
        """Put one question; what follows from the answer."""
        try:
            with trio.fail_after(_LONGEST_ANSWER):
                shown = await self.books.read(batch)
        except trio.TooSlowError:
            problem, retry_after = f"no answer within {_LONGEST_ANSWER:g} s", 0.0
        except RestFailed as error:
            problem, retry_after = error.problem, error.retry_after or 0.0
        except CodecError as error:
            problem, retry_after = str(error), 0.0
        else:
            return self.freshness.learn(batch, shown, trio.current_time(), time.time())
        log.info("%d books cannot be asked about: %s", len(batch), problem)
        return self.freshness.failed(batch, problem, trio.current_time(), time.time(), retry_after)
