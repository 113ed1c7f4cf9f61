"""Asks for what the user channel did not say.

The venue replays nothing: whatever happened to the account while no connection listened is known
to its REST only. Source: docs.polymarket.com, "User Channel".
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import attrs
import trio

from polymarket_realtime._model.account_feed import Incomplete, Reconciled
from polymarket_realtime._model.events import Event, EventType
from polymarket_realtime._model.user import UpdateSource, UserEvent
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication
from polymarket_realtime._protocol.backoff import Backoff, Uniform
from polymarket_realtime._protocol.translate import Receipt
from polymarket_realtime._venue.account import AccountApi
from polymarket_realtime._venue.publish import publish
from polymarket_realtime.errors import CredentialsRejected, RestFailed, Unauthorized

__all__ = ["Reconciler"]

log = logging.getLogger("polymarket_realtime.feed.user")

_NO_ADDRESS: Final = (
    "the venue's REST does not accept the credentials without an address, so what happens while "
    "the channel is down stays unknown: set POLYGON_ADDRESS to the address of their wallet"
)


@attrs.frozen
class Reconciler:
    """Completes the ledger after each gap, the one before the first connection included.

    The questions are asked once the venue has shown that it has read the subscription: from then
    on the channel tells what changes, so nothing falls between its news and REST's.
    """

    api: AccountApi
    ledger: AccountLedger
    authentication: Authentication
    backoff: Backoff
    uniform: Uniform

    async def run(self, connection: str, events_in: trio.MemorySendChannel[list[Event]]) -> None:
        """Ask until everything is known, tell the differences, and say that it is complete.

        Raises:
            CredentialsRejected: The venue refuses the signature, though it knows the address.
        """
        told: Counter[EventType] = Counter()
        failures = 0
        while True:
            interruptions = self.ledger.interruptions
            try:
                await self._tell_differences(events_in, told)
            except Unauthorized as error:
                if self.api.address is not None:
                    raise CredentialsRejected(error.problem) from error
                await self._admit(_NO_ADDRESS, events_in)
                await trio.sleep_forever()
            except RestFailed as error:
                if not failures:
                    await self._admit(str(error), events_in)
                delay = max(self.backoff.delay(failures, self.uniform), error.retry_after or 0.0)
                failures += 1
                self.ledger.problem = f"{error}; asked again in {delay:.0f} s"
                await trio.sleep(delay)
            else:
                if self.ledger.interruptions == interruptions:
                    await publish(events_in, [self._conclude(connection, told)])
                    return

    async def _admit(self, problem: str, events_in: trio.MemorySendChannel[list[Event]]) -> None:
        """Say why the account is not complete, and will not be at once."""
        self.ledger.problem = problem
        log.warning("orders and trades may be missing: %s", problem)
        await publish(events_in, [Incomplete(received=time.time(), reason=problem)])

    async def _tell_differences(
        self, events_in: trio.MemorySendChannel[list[Event]], told: Counter[EventType]
    ) -> None:
        ledger = self.ledger
        if ledger.clock_offset is None:
            ledger.clock_offset = await self.api.measure_clock()
        asked_at = trio.current_time()
        orders = await self.api.open_orders()
        # Asked after the orders, so that their fills are known when the fate of those that are
        # not listed any more has to be told.
        trades = await self.api.trades(ledger.trades_after())
        self.authentication.confirmed()
        updates, unlisted = ledger.take_open_orders(orders, _receipt(), asked_at)
        fills = [
            fill
            for trade in trades
            for fill in ledger.take_trade(trade, _receipt(), UpdateSource.RECONCILED)
        ]
        await _tell(events_in, [*updates, *fills], told)
        for order_id in (*unlisted, *ledger.unknown_orders()):
            row = await self.api.order(order_id)
            await _tell(events_in, ledger.take_closed_order(order_id, row, _receipt()), told)

    def _conclude(self, connection: str, told: Counter[EventType]) -> Reconciled:
        received = time.time()
        since = self.ledger.incomplete_since
        reconciled = Reconciled(
            received=received,
            connection=connection,
            open_orders=len(self.ledger.open_orders()),
            found_orders=told[EventType.ORDER],
            found_trades=told[EventType.TRADE],
            incomplete_since=received if since is None else since,
        )
        self.ledger.conclude(reconciled)
        return reconciled


async def _tell(
    events_in: trio.MemorySendChannel[list[Event]],
    updates: Sequence[UserEvent],
    told: Counter[EventType],
) -> None:
    """Hand updates over before anything else can go wrong: the ledger has them as told."""
    if updates:
        told.update(update.type for update in updates)
        await publish(events_in, list(updates))


def _receipt() -> Receipt:
    return Receipt(b"", trio.current_time(), time.time())
