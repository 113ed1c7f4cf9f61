"""The tools that are about the others."""

from __future__ import annotations

from typing import Final

import attrs

from polymarket_realtime._model.ids import AssetId
from polymarket_realtime.server.results import (
    NoArguments,
    UnsubscribeArguments,
    Unsubscribed,
)
from polymarket_realtime.server.subscribing import Subscriber
from polymarket_realtime.server.toolbox import Context
from polymarket_realtime.service import Service
from polymarket_realtime.status import AssetStatus, Status

__all__ = ["ControlTools"]

_SHOWN: Final = 20
"""Tokens of each subscription: a hundred would take 40 kB of what a model can read."""


@attrs.frozen
class ControlTools:
    """The functions behind the tools. Their docstrings are what a model reads."""

    service: Service
    subscriber: Subscriber

    async def get_realtime_status(self, ctx: Context, _arguments: NoArguments) -> Status:
        """Show connections, subscriptions and counts at this moment; works whatever is down.

        Use it to find out why no events come, or whether the data is to be trusted: a quiet
        market, a frozen feed, a lost connection, a wrong id. `subscriptions.active` has of each
        subscription a `diagnosis`, one sentence, and of its first 20 tokens `state` and `reason`;
        `connections` what is up, and when the next dial is due.
        """
        self.subscriber.pusher.meet(ctx.session)
        status = self.service.status()
        deaf = self.subscriber.why_deaf(ctx.session)
        active = [
            attrs.evolve(
                each,
                diagnosis=f"{each.diagnosis}; {deaf}" if deaf else each.diagnosis,
                token_ids=each.token_ids[:_SHOWN],
                assets=[self._named(asset) for asset in each.assets[:_SHOWN]],
            )
            for each in status.subscriptions.active
        ]
        return attrs.evolve(status, subscriptions=attrs.evolve(status.subscriptions, active=active))

    def _named(self, asset: AssetStatus) -> AssetStatus:
        return attrs.evolve(asset, token=self.subscriber.desk.refs.of(AssetId(asset.asset_id)))

    async def unsubscribe_realtime(
        self, ctx: Context, arguments: UnsubscribeArguments
    ) -> Unsubscribed:
        """End one subscription; no events of it come after the answer.

        Other subscriptions to the same tokens go on. An id that is unknown, or has ended before,
        is an error that changes nothing.
        """
        self.subscriber.pusher.meet(ctx.session)
        self.subscriber.end(arguments.subscription_id)
        message = f"Subscription {arguments.subscription_id} has ended."
        return Unsubscribed(success=True, message=message)
