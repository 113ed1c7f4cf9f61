"""What all `subscribe_*` tools do in the end: begin, and say how the events will arrive."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from mcp.server.session import ServerSession

from polymarket_realtime._hub.note import SubscriptionNote
from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.condition import Condition
from polymarket_realtime._model.topics import Topic

from .conditions import check_fits
from .desk import Desk
from .hosts import Host, Seen, host_named
from .push import LOGGER, Pusher, is_modern
from .results import Delivery, Recipe, Resolved
from .toolbox import Context
from .uris import subscription_uri

__all__ = ["WAIT_TOOL", "Subscriber", "client_name"]

WAIT_TOOL = "wait_for_realtime_events"

_METHOD = "notifications/message"
_UPDATED = "notifications/resources/updated"

_BECOMES = {
    Seen.SHOWN: "which it shows",
    Seen.HIDDEN: "which it receives and shows to nobody",
    Seen.REFUSED: "which it ignores",
    Seen.UNKNOWN: "and whether it shows them to its model is not known",
}


def client_name(session: ServerSession) -> str | None:
    """How the client has introduced itself, without its version."""
    return None if session.client_params is None else session.client_params.client_info.name


@attrs.frozen
class Subscriber:
    """Begins and ends the subscriptions of one client.

    Attributes:
        desk: Where they are kept.
        pusher: Who tells the client of them by itself.
    """

    desk: Desk
    pusher: Pusher

    def begin(
        self, ctx: Context, *topics: Topic, note: SubscriptionNote, condition: Condition | None
    ) -> tuple[str, Delivery]:
        """Begin to listen to `topics`; the subscription's id, and what to expect of it.

        Raises:
            InvalidCondition: The topics bring nothing that meets the condition.
        """
        check_fits(condition, topics)
        self.pusher.meet(ctx.session)
        begun = self.desk.subscribe(*topics, note=note, condition=condition).id
        cursor = self.desk.journals.cursor([begun])
        if not is_modern(ctx.session.protocol_version):
            self.pusher.add(begun, as_log=note.callback_type == "log", cursor=cursor)
        return begun, self._describe(
            ctx.session, note, Recipe(tool=WAIT_TOOL, subscription_ids=[begun], cursor=cursor)
        )

    def resolved(self, assets: Iterable[ResolvedAsset]) -> list[Resolved]:
        """What was found, in the words of the tools."""
        return [Resolved.from_asset(asset, self.desk.refs) for asset in assets]

    def end(self, subscription_id: str) -> None:
        """Tell nothing more of this subscription.

        Raises:
            UnknownSubscription: This client has none with that id.
        """
        self.desk.unsubscribe(subscription_id)
        self.pusher.remove(subscription_id)

    def why_deaf(self, session: ServerSession) -> str | None:
        """Why the client of this session is told nothing by itself; None if it is."""
        if is_modern(session.protocol_version):
            return f"your client is sent no events by its protocol: call {WAIT_TOOL}"
        if not self.pusher.is_wanted("info"):
            return f"your client hides events by its log level {self.pusher.level!r}"
        return None

    def _describe(self, session: ServerSession, note: SubscriptionNote, recipe: Recipe) -> Delivery:
        name, version = client_name(session), session.protocol_version
        host = host_named(name)
        modern = is_modern(version)
        seen = _seen(host, modern=modern)
        uri = subscription_uri(recipe.subscription_ids[0])
        if modern:
            words = (
                f"MCP {version} has no messages that nobody asked for, so instead of callback_type "
                f"{note.callback_type!r} updates of the resource {uri} tell that there is "
                f"something, to those who listen"
            )
        else:
            form = "an object" if note.callback_type == "notification" else "a line of text"
            words = f"each event is sent to your client as {form}, {_BECOMES[seen]}"
            if not self.pusher.is_wanted("info"):
                words += f"; the log level {self.pusher.level!r} that it has set hides most"
        return Delivery(
            protocol_version=version,
            client=name,
            method=_UPDATED if modern else _METHOD,
            logger=None if modern else LOGGER,
            seen=seen,
            interval_seconds=self.desk.service.settings.notify_interval,
            recipe=recipe,
            note=f"{words}; to get them for sure, call {WAIT_TOOL} as in `recipe`",
        )


def _seen(host: Host | None, *, modern: bool) -> Seen:
    if host is None:
        return Seen.UNKNOWN
    return host.updates if modern else host.messages
