"""The server's half of `/live-v2/ws`: one client of PolyBolt, from the key that it shows.

Source: docs.polymarket.com, PolyBolt WebSocket and Live Data Channel; errors recorded on
2026-09-08.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
import trio
from starlette.websockets import WebSocket

from .connection import Close
from .connections import Connections
from .credentials import ApiCredentials, KeyDesk
from .frames import encode
from .masking import masked
from .polybolt_feed import CHANNELS, PolyboltConnection, PolyboltFeed, decode_filter
from .session import receive_text, run_session

__all__ = ["AUTH_FAILED", "PolyboltSocket"]

MOST_SUBSCRIPTIONS = 64
MOST_AUTHS = 8
MOST_A_SECOND = 20
LONGEST_FRAME = 65_536
"""Bytes."""

AUTH_FAILED = Close(4001, "auth failed")
AGAINST_THE_RULES = Close(4008, "policy violation")

OPS = frozenset({"auth", "subscribe", "unsubscribe", "ping"})


@attrs.frozen
class PolyboltSocket:
    """Serves many clients at once. No client is idle here: the venue probes with pings instead.

    Attributes:
        desk: Knows which credentials are valid.
        connections: Where clients are entered and what they say is recorded, secrets masked.
        drop: Ends the TCP connection with this client port, without a close frame.
    """

    feed: PolyboltFeed
    desk: KeyDesk
    connections: Connections
    drop: Callable[[int], None]

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until either side ends it."""
        connection = self.connections.add(PolyboltConnection, math.inf)
        await run_session(websocket, self.connections, connection, self.drop, self._receive)

    async def _receive(
        self, websocket: WebSocket, connection: PolyboltConnection, _: trio.Nursery
    ) -> None:
        """Answer what the client sends until it is gone."""
        session = _Session(connection, self.feed, self.desk)
        while (text := await receive_text(websocket)) is not None:
            body = _decode(text)
            op = body.get("op")
            known = op if isinstance(op, str) and op in OPS else "invalid"
            self.connections.record(connection, masked(text), known)
            if len(text.encode()) > LONGEST_FRAME:
                connection.close(AGAINST_THE_RULES)
            elif not connection.closing.is_set():
                session.answer(known, body)


@attrs.define(eq=False)
class _Session:
    """What one client may still do."""

    connection: PolyboltConnection
    feed: PolyboltFeed
    desk: KeyDesk
    _auths: int = 0
    _asked: deque[float] = attrs.field(factory=lambda: deque(maxlen=MOST_A_SECOND))

    def answer(self, op: str, body: dict[str, Any]) -> None:
        """Carry out one operation."""
        if op == "ping":
            self._say("pong", body)
        elif op == "auth":
            self._authenticate(body)
        elif op == "invalid":
            self._refuse("bad_op", body)
        elif self.connection.api_key is None:
            self._refuse("auth_required", body)
        elif self._is_hasty():
            self._refuse("rate_limited", body)
        else:
            self._change(op, body)

    def _authenticate(self, body: dict[str, Any]) -> None:
        self._auths += 1
        claimed = _decode_credentials(body.get("auth"))
        if self._auths > MOST_AUTHS:
            self._refuse("auth_attempts", body)
            self.connection.close(AUTH_FAILED)
        elif claimed is None or self.desk.find(claimed.api_key) != claimed:
            self._refuse("auth_invalid", body)
            self.connection.close(AUTH_FAILED)
        else:
            self.connection.api_key = claimed.api_key
            self._say("authed", body)

    def _change(self, op: str, body: dict[str, Any]) -> None:
        """Subscribe or unsubscribe: one answer an item, in order."""
        items = body.get("subscriptions")
        if not isinstance(items, list) or not items:
            self._refuse("bad_op", body)
            return
        for item in items:
            if self.connection.closing.is_set():
                return
            self._change_one(op, item if isinstance(item, dict) else {}, body)

    def _change_one(self, op: str, item: dict[str, Any], body: dict[str, Any]) -> None:
        channel, wishes = item.get("channel"), self.connection.wishes
        if not isinstance(channel, str) or channel not in CHANNELS:
            self._refuse("bad_channel", body, channel)
            return
        wanted = decode_filter(channel, item.get("filter"))
        if wanted is None or self.feed.find(channel, wanted) is None:
            self._refuse("bad_filter", body, channel)
        elif op == "unsubscribe":
            wishes.pop((channel, wanted), None)
            self._say("unsubscribed", body, channel)
        elif len(wishes) == MOST_SUBSCRIPTIONS and (channel, wanted) not in wishes:
            self._refuse("sub_limit", body, channel)
            self.connection.close(AGAINST_THE_RULES)
        else:
            wishes[channel, wanted] = None
            self._say("subscribed", body, channel)
            self.feed.tell_history(self.connection, channel, wanted)

    def _is_hasty(self) -> bool:
        """Whether this is one frame too many within a second."""
        now = trio.current_time()
        full = len(self._asked) == MOST_A_SECOND and self._asked[0] > now - 1
        if not full:
            self._asked.append(now)
        return full

    def _refuse(self, code: str, body: dict[str, Any], channel: object = None) -> None:
        self._say("error", body, channel, code=code)

    def _say(self, op: str, body: dict[str, Any], channel: object = None, **more: str) -> None:
        """An operation of the server's, with what names the client's."""
        named = {"channel": channel, "rid": body.get("rid")}
        texts = {name: value for name, value in named.items() if isinstance(value, str)}
        self.connection.offer(encode({"op": op, **texts, **more}))


def _decode(text: str) -> dict[str, Any]:
    """The JSON object in a text; an empty one if there is none."""
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _decode_credentials(auth: object) -> ApiCredentials | None:
    if not isinstance(auth, dict):
        return None
    values = [auth.get(name) for name in ("apiKey", "secret", "passphrase")]
    texts = [value for value in values if isinstance(value, str)]
    return ApiCredentials(*texts) if len(texts) == len(values) else None
